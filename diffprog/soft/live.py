"""Which nodes of a region are read, counting of branches and loops only the results that are.

In: a region and which of its results are wanted. Out: the nodes to compute, and of nodes with
several results the places that are read. What is not listed is never computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from diffprog.ir.graph import For, Loop, Project, Select

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diffprog.ir.graph import Graph, Node, NodeId


@dataclass(frozen=True)
class Live:
    """The nodes of a region that are read, and the places read of those with several results."""

    nodes: frozenset[NodeId]
    places: dict[NodeId, frozenset[int]]

    def params(self, graph: Graph) -> list[int]:
        """Return the parameters that are read."""
        return [p.id for p in graph.params if p.id in self.nodes]


def live(graph: Graph, wanted: Iterable[int] | None = None) -> Live:
    """Return what the wanted results of a region read (all of them by default)."""
    chosen = range(len(graph.results)) if wanted is None else wanted
    return _live(graph, frozenset(chosen))


@lru_cache(maxsize=4096)
def _live(graph: Graph, wanted: frozenset[int]) -> Live:
    needed = {graph.results[place] for place in wanted}
    places: dict[NodeId, set[int]] = {}
    for node in reversed(graph.nodes):
        if node.id not in needed:
            continue
        if isinstance(node, Project):
            places.setdefault(node.inputs[0], set()).add(node.place)
        needed |= {node.inputs[i] for i in inputs(node, frozenset(places.get(node.id, ())))}
    return Live(frozenset(needed), {n: frozenset(p) for n, p in places.items()})


def inputs(node: Node, places: frozenset[int]) -> set[int]:
    """Return which inputs a node reads, by position, when just these of its results are wanted."""
    match node:
        case Select():
            read = set(live(node.test).params(node.test))
            return read.union(*(live(g, places).params(g) for g in node.cases))
        case For():
            state = carried(node, places)
            used = live(node.body, state).params(node.body)
            return (
                {0, 1} | {2 + place for place in state} | {1 + i for i in used if i > node.carried}
            )
        case Loop():
            return loop_inputs(node, places)
        case _:
            return set(range(len(node.inputs)))


def carried(node: For, places: Iterable[int]) -> frozenset[int]:
    """Return the carried values of a loop that its wanted results depend on."""
    state = frozenset(places)
    while True:
        used = live(node.body, state).params(node.body)
        grown = state | {i - 1 for i in used if 0 < i <= node.carried}
        if grown == state:
            return state
        state = grown


def loop_inputs(node: Loop, places: Iterable[int]) -> set[int]:
    """Return the inputs of a halting loop that its wanted results and its test depend on, by position."""
    state = set(places)
    while True:
        grown = state | _round_inputs(node, frozenset(state))
        if grown == state:
            return state
        state = grown


def _round_inputs(node: Loop, state: frozenset[int]) -> set[int]:
    """Return what one round reads.

    Carried values and, after them, invariants, counted together.
    """
    kept = frozenset(i for i in state if i < node.carried)
    read: set[int] = set()
    bodies = [(g, live(g, kept).params(g)) for g in (node.stop, node.go, node.last)]
    asked = set(live(node.test).params(node.test))
    for _, used in bodies:
        read |= {i - 1 - node.sources for i in used if i > node.sources}
        asked |= {i - 1 for i in used if 0 < i <= node.sources}
    read |= {i - 1 for i in live(node.probe, asked).params(node.probe) if i > 0}
    if node.before is not None:
        read |= {i - 1 for i in live(node.before, kept).params(node.before) if i > 0}
    return read
