"""Which values of a region are read again: what may be written over, and what must be copied.

In: a region. Out: for each node, the last node that reads it, and the first that may write over
it. A value that lies in an array is copied where the array is written over before its last use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffprog.ir.graph import For, Project, Select, Write
from diffprog.ir.known import known_test
from diffprog.native.values import Slot

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from diffprog.ir.graph import Graph, Node
    from diffprog.native.values import Term

ALWAYS = 1 << 62
"""The last use of a result."""


def used(graph: Graph, results: Collection[int] | None = None) -> frozenset[int]:
    """Return the nodes that the results of a region read."""
    needed = set(graph.results if results is None else results)
    for node in reversed(graph.nodes):
        if node.id in needed:
            needed |= set(node.inputs)
    return frozenset(needed)


@dataclass(frozen=True)
class Lives:
    """When the values of a region are read.

    Attributes:
        last: of each node, the last one that reads it.
        spoilt: of each node, the first one that may write over it.
    """

    last: Mapping[int, int]
    spoilt: Mapping[int, int]

    def outlives(self, node: int, source: int) -> bool:
        """Say whether a part of a value is read when the value may be written over."""
        return self.last.get(node, -1) >= self.spoilt.get(source, ALWAYS)

    def free(self, terms: Mapping[int, Term], place: int, now: int) -> bool:
        """Say whether no value in a stretch is read after a node."""
        return all(
            self.last.get(i, -1) <= now
            for i, t in terms.items()
            if isinstance(t, Slot) and t.base == place
        )


def lives(graph: Graph, needed: Collection[int], flags: Sequence[bool]) -> Lives:
    """Return when the values of a region are read.

    Args:
        graph: the region.
        needed: the nodes that its results read.
        flags: which of its values are known.
    """
    last: dict[int, int] = {}
    spoilt: dict[int, int] = {}
    for node in graph.nodes:
        if node.id in needed and not isinstance(node, Project):
            for i in node.inputs:
                last[i] = node.id
            for i in _spoils(node, flags):
                spoilt.setdefault(i, node.id)
    last |= dict.fromkeys(graph.results, ALWAYS)
    return Lives(last, spoilt)


def _spoils(node: Node, flags: Sequence[bool]) -> Sequence[int]:
    """Return the inputs that a node may write over."""
    match node:
        case Write():
            return node.inputs[:1]
        case For(carried=n):
            return node.inputs[2 : 2 + n]
        case Select() if known_test(node, [flags[i] for i in node.inputs]):
            return node.inputs
        case _:
            return ()
