"""C as it is written: blocks of statements in pairs, forward and reverse, and their numbers.

In: statements, and requests for stretches of numbers. Out: blocks, of which text is made at the
end (`render`), when it is known what the reverse reads (`kept`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from diffprog.native.values import UnsupportedError

MOST_NUMBERS = 1 << 24
"""The most numbers of a row's tape."""


@dataclass
class Frame:
    """A stretch of the tape that grows while blocks are rendered; `name` is its C pointer."""

    name: str
    size: int = 0

    def take(self, n: int) -> int:
        """Return the offset of `n` numbers."""
        at, self.size = self.size, self.size + n
        if self.size > MOST_NUMBERS:
            message = f"a tape of {self.size:,} numbers (the limit is {MOST_NUMBERS:,})"
            raise UnsupportedError(message)
        return at


@dataclass
class Block:
    """Statements with the stretches that live as long as they run.

    `rounds`: how many frames of this block's own stand in its parent's frame; 0 for a block that
    shares it.
    """

    frame: Frame
    rounds: int = 0
    statements: list[Statement] = field(default_factory=list)
    stretches: list[tuple[int, int]] = field(default_factory=list)


Piece: TypeAlias = str | Block


@dataclass
class Statement:
    """A statement and its reverse.

    Attributes:
        undo: a stretch of which they keep what is written over, and put it back.
        makes: a stretch that it may make again in the reverse: it only copies.
    """

    forward: tuple[Piece, ...]
    reverse: tuple[Piece, ...]
    undo: int | None = None
    makes: int | None = None
