"""What the body of a nest of loops becomes: one without counters, whose parameters are slices.

Data alone: the lifting makes it from the graph, the grid writes its source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from diffprog.ir.graph import Graph, Hole, NodeId

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
