"""Which numbers are kept for the reverse, which it makes again, and what it puts back.

In: the block of a whole program. Out: a choice. What is put back has to be read later in the
reverse: by a statement before, or by one in a loop around both. What only copies numbers that are
there in the reverse too may copy them again there; it does where less is kept then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diffprog.native.blocks import Block, Statement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

VALUE = re.compile(r"\bx(\d+)\b")
ADJOINT = re.compile(r"\bd(\d+)\b")


@dataclass
class Chosen:
    """A choice.

    Attributes:
        again: the stretches that the reverse makes again.
        read: those that stand on the tape.
        moved: those that have adjoints.
        written: the statements that are written, by identity.
    """

    again: Collection[int] = ()
    read: set[int] = field(default_factory=set)
    moved: set[int] = field(default_factory=set)
    written: set[int] = field(default_factory=set)

    def size(self, block: Block) -> int:
        """Return how many numbers a row keeps."""
        own = sum(n for name, n in block.stretches if name in self.read)
        return own + sum(self.size(b) * (b.rounds or 1) for b in _inside(block))


def chosen(whole: Block) -> Chosen:
    """Return what is kept, made again and put back: the least numbers on the tape."""
    tried = [_choose(whole, ())]
    again = frozenset(_again(whole)) & tried[0].read
    if again:
        tried.append(_choose(whole, again))
    return min(tried, key=lambda choice: choice.size(whole))


def _inside(block: Block) -> Iterator[Block]:
    for s in block.statements:
        yield from (piece for piece in s.forward if isinstance(piece, Block))


def _statements(
    block: Block, loops: tuple[int, ...] = ()
) -> Iterator[tuple[Statement, tuple[int, ...]]]:
    """Yield the statements of a block and of those inside it, each with the loops around it."""
    for s in block.statements:
        yield s, loops
        for piece in s.forward:
            if isinstance(piece, Block):
                yield from _statements(piece, (*loops, id(piece)) if piece.rounds else loops)


def _named(pattern: re.Pattern[str], pieces: Sequence[str | Block]) -> set[int]:
    text = " ".join(piece for piece in pieces if isinstance(piece, str))
    return set(map(int, pattern.findall(text)))


def _choose(whole: Block, again: Collection[int]) -> Chosen:
    """Return what is kept if some stretches are made again."""
    found = Chosen(again)
    reads: dict[int, list[tuple[int, tuple[int, ...]]]] = {}
    left = [(n, s, loops) for n, (s, loops) in enumerate(_statements(whole))]
    while left:
        written = [one for one in left if one[1].undo is None or _is_read(reads, *one)]
        if not written:
            break
        for n, s, loops in written:
            found.written.add(id(s))
            found.moved |= _named(ADJOINT, s.reverse)
            needed = _named(VALUE, s.reverse) - {s.undo}
            if s.makes in again:
                needed |= _named(VALUE, s.forward)
            found.read |= needed
            for stretch in needed:
                reads.setdefault(stretch, []).append((n, loops))
        left = [one for one in left if id(one[1]) not in found.written]
    found.read -= set(again)
    return found


def _is_read(
    reads: Mapping[int, Sequence[tuple[int, tuple[int, ...]]]],
    place: int,
    s: Statement,
    loops: tuple[int, ...],
) -> bool:
    """Say whether what a statement puts back is read before it, or in a loop around it."""
    assert s.undo is not None
    around = set(loops)
    return any(n < place or around & set(other) for n, other in reads.get(s.undo, ()))


def _again(whole: Block) -> Iterator[int]:
    """Yield the stretches that can be made again at the start of their round's reverse.

    What they are copied from is made before the round, and not written over in it.
    """
    changed = {s.undo for s, _ in _statements(whole)}
    for block in _loops(whole):
        own = {name for name, _ in block.stretches}
        fixed = own | {s.undo for s, _ in _statements(block)}
        makers: dict[int, set[int]] = {}
        for s in block.statements:
            if s.makes is not None:
                sources = _named(VALUE, s.forward) - {s.makes}
                makers[s.makes] = makers.get(s.makes, set()) | sources
        yield from (
            name
            for name, sources in makers.items()
            if name in own and name not in changed and not sources & fixed
        )


def _loops(block: Block) -> Iterator[Block]:
    for inner in _inside(block):
        if inner.rounds:
            yield inner
        yield from _loops(inner)
