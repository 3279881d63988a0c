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
    from collections.abc import Iterator, Mapping, Sequence

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

    Nothing is kept of what the reverse does not read from there on.
    """

    forward: tuple[Piece, ...]
    reverse: tuple[Piece, ...]
    undo: int | None = None


def statements_of(
    block: Block, loops: tuple[int, ...] = ()
) -> Iterator[tuple[Statement, tuple[int, ...]]]:
    """Yield the statements of a block and of those inside it, each with the loops around it."""
    for s in block.statements:
        yield s, loops
        for piece in s.forward:
            if isinstance(piece, Block):
                yield from statements_of(piece, (*loops, id(piece)) if piece.rounds else loops)


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
        self.written: set[int] = set()
        self._choose([(n, s, loops) for n, (s, loops) in enumerate(statements_of(whole))])

    def _choose(self, found: Sequence[tuple[int, Statement, tuple[int, ...]]]) -> None:
        """Find the statements that are written: what is put back, the reverse has to read later.

        That is, a statement before it reads it, or one in a loop around both.
        """
        reads: dict[int, list[tuple[int, tuple[int, ...]]]] = {}
        left = list(found)
        while left:
            written = [
                (n, s, o) for n, s, o in left if s.undo is None or _read(reads, n, s.undo, o)
            ]
            if not written:
                break
            for n, s, loops in written:
                self.written.add(id(s))
                for stretch in self._scan(s) - {s.undo}:
                    reads.setdefault(stretch, []).append((n, loops))
            left = [one for one in left if id(one[1]) not in self.written]

    def _scan(self, s: Statement) -> set[int]:
        """Note what the reverse of a statement reads and moves; return what it reads."""
        text = " ".join(piece for piece in s.reverse if isinstance(piece, str))
        found = set(map(int, VALUE.findall(text)))
        self.read |= found
        self.moved |= set(map(int, ADJOINT.findall(text)))
        return found

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
            if id(s) in self.written:
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
            if id(s) in self.written:
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


def _read(
    reads: Mapping[int, Sequence[tuple[int, tuple[int, ...]]]],
    place: int,
    stretch: int,
    loops: tuple[int, ...],
) -> bool:
    """Say whether a stretch is read before a place, or in a loop around it."""
    around = set(loops)
    return any(n < place or around & set(other) for n, other in reads.get(stretch, ()))
