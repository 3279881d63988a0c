"""The text of blocks, forward and reverse.

In: the block of a whole program. Out: C. What the reverse reads is kept on the tape, in the frame
of its block (one frame for each round of a loop); all else is local.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.native.kept import chosen

if TYPE_CHECKING:
    from diffprog.native.blocks import Block, Piece

MOST_LOCAL = 16
"""The most numbers of a stretch that is an array of a C function; larger ones lie in the room
that the caller gives."""


class Renderer:
    """Makes text of blocks: all of forward before the reverse, which needs its offsets."""

    def __init__(self, whole: Block) -> None:
        self.chosen = chosen(whole)
        self.offsets: dict[int, int] = {}
        self.macros: list[str] = []
        self.local = [0, 0]
        self.work = 0

    def forward(self, block: Block) -> str:
        """Return the text of forward."""
        lines = []
        for name, n in block.stretches:
            self.work += n
            if name in self.chosen.read:
                self.offsets[name] = block.frame.take(n)
                lines.append(f"num *const x{name} = {block.frame.name} + {self.offsets[name]};")
            else:
                lines.append(self._room(f"x{name}", n, 0))
        for s in block.statements:
            if id(s) in self.chosen.written:
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
            if name in self.chosen.read:
                lines.append(f"num *const x{name} = {block.frame.name} + {self.offsets[name]};")
            if name in self.chosen.again:
                lines.append(self._room(f"x{name}", n, 1, clear=False))
            if name in self.chosen.moved:
                lines.append(self._room(f"d{name}", n, 1))
        for s in block.statements:
            if s.makes in self.chosen.again:
                lines += [p for p in s.forward if isinstance(p, str)]
        for s in reversed(block.statements):
            if id(s) in self.chosen.written:
                lines += [p if isinstance(p, str) else self.reverse(p) for p in s.reverse]
        return "\n".join(filter(None, lines))

    def _room(self, name: str, n: int, direction: int, *, clear: bool = True) -> str:
        clear = clear and bool(direction)
        zero = " = {0}" if clear else ""
        if n <= MOST_LOCAL:
            return f"num {name}[{max(n, 1)}]{zero};"
        at = self.local[direction]
        self.local[direction] += n
        return f"num *const {name} = room + {at};" + (f" fill({name}, {n}, 0);" if clear else "")
