"""C as it is written: blocks of statements in pairs, forward and reverse, and their numbers.

In: statements, and requests for stretches of numbers. Out: the text of both directions. What
the reverse reads is kept on the tape, in the frame of its block (one frame for each round of a
loop); all else is local. Text is made at the end, when it is known what the reverse reads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from diffprog.native.values import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_LOCAL = 16
"""The most numbers of a stretch that is an array of a C function; larger ones lie in the room
that the caller gives."""

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
    """A statement and its reverse; `undo` is a stretch that they keep and put back.

    Nothing is kept of a stretch that the reverse never reads.
    """

    forward: tuple[Piece, ...]
    reverse: tuple[Piece, ...]
    undo: int | None = None


def blocks_of(block: Block) -> Iterator[Block]:
    """Yield a block and those inside it."""
    yield block
    for s in block.statements:
        for piece in s.forward:
            if isinstance(piece, Block):
                yield from blocks_of(piece)


VALUE = re.compile(r"\bx(\d+)\b")
ADJOINT = re.compile(r"\bd(\d+)\b")


class Renderer:
    """Makes text of blocks: all of forward before the reverse, which needs its offsets."""

    def __init__(self, whole: Block) -> None:
        self.read: set[int] = set()
        self.moved: set[int] = set()
        self.offsets: dict[int, int] = {}
        self.macros: list[str] = []
        self.local = [0, 0]
        self.work = 0
        statements = [s for b in blocks_of(whole) for s in b.statements]
        for s in statements:
            if s.undo is None:
                self._scan(s)
        before = -1
        while len(self.read) > before:  # what is put back may lie at a place that is read as well
            before = len(self.read)
            for s in statements:
                if s.undo in self.read:
                    self._scan(s)

    def _scan(self, s: Statement) -> None:
        for piece in s.reverse:
            if isinstance(piece, str):
                self.read |= set(map(int, VALUE.findall(piece)))
                self.moved |= set(map(int, ADJOINT.findall(piece)))

    def forward(self, block: Block) -> str:
        """Return the text of forward."""
        lines = []
        for name, n in block.stretches:
            self.work += n
            if name in self.read:
                self.offsets[name] = block.frame.take(n)
                lines.append(f"num *const x{name} = {block.frame.name} + {self.offsets[name]};")
            else:
                lines.append(self._room(f"x{name}", n, 0))
        for s in block.statements:
            if s.undo is None or s.undo in self.read:
                lines += [self._forward(piece, block) for piece in s.forward]
        return "\n".join(filter(None, lines))

    def _forward(self, piece: Piece, parent: Block) -> str:
        if isinstance(piece, str):
            return piece
        before = self.work
        text = self.forward(piece)
        if piece.rounds:
            self.work = before + (self.work - before) * piece.rounds
            name, size = piece.frame.name, piece.frame.size
            at = parent.frame.take(size * piece.rounds)
            self.macros += [f"#define BASE_{name} {at}", f"#define STRIDE_{name} {size}"]
        return text

    def reverse(self, block: Block) -> str:
        """Return the text of the reverse."""
        lines = []
        for name, n in block.stretches:
            if name in self.read:
                lines.append(f"num *const x{name} = {block.frame.name} + {self.offsets[name]};")
            if name in self.moved:
                lines.append(self._room(f"d{name}", n, 1))
        for s in reversed(block.statements):
            if s.undo is None or s.undo in self.read:
                lines += [p if isinstance(p, str) else self.reverse(p) for p in s.reverse]
        return "\n".join(filter(None, lines))

    def _room(self, name: str, n: int, direction: int) -> str:
        zero = " = {0}" if direction else ""
        if n <= MOST_LOCAL:
            return f"num {name}[{max(n, 1)}]{zero};"
        at = self.local[direction]
        self.local[direction] += n
        clear = f" fill({name}, {n}, 0);" if direction else ""
        return f"num *const {name} = room + {at};{clear}"
