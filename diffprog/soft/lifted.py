"""What the body of a nest of loops becomes: one without counters, whose parameters are slices.

The lifting makes it from the graph, the grid and the diagonals write its source. Besides: what is
left of a type, and of a read or write, without the axes that move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from diffprog.ir.graph import Read
from diffprog.types import Array, Tuple

if TYPE_CHECKING:
    from diffprog.ir.graph import Cut, Graph, Hole, NodeId, Write
    from diffprog.types import Scalar, Type

Places: TypeAlias = "tuple[tuple[int, int, int], ...]"
"""How an array is indexed by counters: (axis, counter, offset), in the order of the axes."""


@dataclass(frozen=True)
class Slice:
    """A parameter of the new body: an array's cells where the iterations read it."""

    source: NodeId
    places: Places


@dataclass(frozen=True)
class Count:
    """A parameter of the new body: a counter, and a number added to it, as a real."""

    counter: int
    offset: int


@dataclass(frozen=True)
class Whole:
    """A parameter of the new body that is the same in all iterations."""

    source: NodeId


@dataclass(frozen=True)
class Lifted:
    """A body without counters.

    Attributes:
        body: its results are those of the nest's `results`, in that order.
        params: what each of its parameters is.
        places: how each carried array that is written moves with the counters, by its place.
    """

    body: Graph
    params: tuple[Slice | Count | Whole | Hole, ...]
    places: dict[int, Places]


def left(node: Read | Write, taken: set[int]) -> tuple[tuple[Cut | None, ...], list[NodeId]]:
    """Return the axes that are left, and their indices."""
    indices = iter(node.inputs[1 if isinstance(node, Read) else 2 :])
    axes: list[Cut | None] = []
    found = []
    for axis, cut in enumerate(node.axes):
        index = None if cut is not None else next(indices)
        if axis in taken:
            continue
        axes.append(cut)
        if index is not None:
            found.append(index)
    return tuple(axes), found


def rest(t: Type, places: Places) -> Type:
    """Return an array's type without the axes that move."""
    assert isinstance(t, Array)
    item: Scalar = t.item
    assert not isinstance(item, Tuple)
    taken = {axis for axis, _, _ in places}
    shape = tuple(n for axis, n in enumerate(t.shape) if axis not in taken)
    return Array(shape, item) if shape else item
