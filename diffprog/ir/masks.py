"""Sets of uncertain sources as bits of Python ints, one for each cell of an array.

`Cells` is what an analysis knows of a value: for a scalar one mask; for an array a list of masks in
row-major order, or one mask that stands for every cell (large arrays, and those that depend on
nothing). Lists are never changed in place. Never imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import product
from math import prod
from typing import TYPE_CHECKING, TypeAlias

from diffprog.ir.graph import Cut
from diffprog.types import Array

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from diffprog.ir.graph import Axes
    from diffprog.types import Type

Cells: TypeAlias = int | list[int]

Origins: TypeAlias = "Sequence[Origin | None]"
"""Where each cell of a value came from; one for all of a value of one mask."""

MOST = 1 << 14
"""An array of more cells than these has one mask for all of them."""


@dataclass(frozen=True, eq=False, slots=True)
class Origin:
    """A value of a cell as it came into the cases of a branch or the rounds of a loop.

    Two are one only if they are the same object: equal masks may stand for different values.

    Attributes:
        mask: what the cell's mask was before.
        owner: the branch or loop.
    """

    mask: int
    owner: object


class Kept(int):
    """The mask of a cell that still holds what came in; operations make an int of it."""

    origin: Origin

    @classmethod
    def of(cls, mask: int, origin: Origin) -> Kept:
        """Return a mask that knows where it came from."""
        kept = cls(mask)
        kept.origin = origin
        return kept


def union(cells: Cells) -> int:
    """Return every bit of a value."""
    if isinstance(cells, int):
        return cells
    bits = 0
    for mask in cells:
        bits |= mask
    return bits


def twice(masks: Iterable[int]) -> int:
    """Return the bits that stand in two of the masks."""
    seen = both = 0
    for mask in masks:
        both |= seen & mask
        seen |= mask
    return both


def spread(cells: Cells, t: Type) -> Cells:
    """Return one mask a cell for an array, where there are not too many; a scalar has one."""
    if isinstance(cells, int) and cells and isinstance(t, Array) and t.count <= MOST:
        return [cells] * t.count
    return cells


def change(cells: Cells, rule: Callable[[int], int]) -> Cells:
    """Return the value with every mask changed."""
    return rule(cells) if isinstance(cells, int) else [rule(mask) for mask in cells]


def join(a: Cells, b: Cells) -> Cells:
    """Return the union cell by cell."""
    if isinstance(a, int):
        return a | b if isinstance(b, int) else (b if a == 0 else [a | y for y in b])
    if isinstance(b, int):
        return a if b == 0 else [x | b for x in a]
    return [x | y for x, y in zip(a, b, strict=True)]


def kept(
    cells: Cells, owner: object, *, tested: int = 0, bit: int = 0, since: Origins = ()
) -> Cells:
    """Let each cell be known again, and mark those that a test depends on.

    `since` are the origins of cells that an earlier round has left alone.
    """
    masks = [cells] if isinstance(cells, int) else cells
    known = since if len(since) == len(masks) else [None] * len(masks)
    out = [
        Kept.of(m | bit if m & tested else m, o or Origin(m, owner))
        for m, o in zip(masks, known, strict=True)
    ]
    return out[0] if isinstance(cells, int) else [*out]


def origins(cells: Cells, owner: object) -> Origins:
    """Return where each cell came from, None for what is new."""
    masks = [cells] if isinstance(cells, int) else cells
    found = (m.origin if isinstance(m, Kept) else None for m in masks)
    return [o if o is not None and o.owner is owner else None for o in found]


def unchanged(results: list[Cells], owner: object) -> tuple[Cells, dict[int, int]]:
    """Join the results of cases; take out what is one incoming cell in all: select(s, a, a) = a.

    Returns:
        The join, with nothing where a cell is unchanged, and the masks of the unchanged cells as
        they were before; for a value of one mask, that of cell -1.
    """
    joined = reduce(join, results)
    if isinstance(joined, int):
        origin = _origin(results, owner)
        return (joined, {}) if origin is None else (0, {-1: origin.mask})
    columns = [[r] * len(joined) if isinstance(r, int) else r for r in results]
    out, same_as = list(joined), {}
    for at, cells in enumerate(zip(*columns, strict=True)):
        origin = _origin(cells, owner)
        if origin is not None:
            out[at], same_as[at] = 0, origin.mask
    return out, same_as


def _origin(cells: Sequence[Cells], owner: object) -> Origin | None:
    found = {o for cell in cells for o in origins(cell, owner)}
    return found.pop() if len(found) == 1 else None


def restored(cells: Cells, same_as: dict[int, int]) -> Cells:
    """Put unchanged cells back."""
    if isinstance(cells, int):
        return same_as.get(-1, cells)
    return [same_as.get(at, mask) for at, mask in enumerate(cells)]


def same(cells: Cells) -> Cells:
    """Return a list of equal masks of no bits as one mask."""
    return cells if isinstance(cells, int) or any(cells) else 0


def places(
    shape: tuple[int, ...], axes: Axes, indices: Sequence[int | None]
) -> list[tuple[int, ...]]:
    """Return, for each cell that axes and indices name, the places it may be in.

    Places are numbers of cells in row-major order. An index of None may have any value: then a cell
    has as many places as the axis is long.

    >>> places((2, 3), (None,), [1])
    [(3,), (4,), (5,)]
    >>> places((2, 3), (None, None), [None, 2])
    [(2, 5)]
    """
    given = iter(indices)
    shown: list[range] = []
    hidden: list[range] = []
    for axis, size in enumerate(shape):
        stride = prod(shape[axis + 1 :])
        whole = range(0, size * stride, stride)
        part = axes[axis] if axis < len(axes) else Cut(0, size)
        if isinstance(part, Cut):
            shown.append(whole[part.lo : part.hi])
            continue
        index = next(given)
        hidden.append(whole if index is None else whole[index : index + 1])
    starts = [sum(p) for p in product(*hidden)]
    return [tuple(base + s for s in starts) for base in map(sum, product(*shown))]
