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
            return set(loop_live(node, places).inputs)
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


@dataclass(frozen=True)
class LoopLive:
    """What a halting loop reads.

    Attributes:
        state: the carried values that go from round to round.
        middle: those that are read within a round, after `before`.
        inputs: the inputs of the node, by position.
    """

    state: tuple[int, ...]
    middle: tuple[int, ...]
    inputs: frozenset[int]


def loop_live(node: Loop, places: Iterable[int]) -> LoopLive:
    """Return what a halting loop reads when just these of its results are wanted."""
    wanted = frozenset(places)
    state = wanted
    while True:
        middle, invariants = _after_before(node, state, wanted)
        start = set(middle)
        if node.before is not None:
            used = live(node.before, middle).params(node.before)
            start = {i - 1 for i in used if 0 < i <= node.carried}
            invariants |= {i - 1 for i in used if i > node.carried}
        if start <= state:
            every = state | invariants
            return LoopLive(tuple(sorted(state)), tuple(sorted(middle)), frozenset(every))
        state |= start


def _after_before(
    node: Loop, state: frozenset[int], wanted: frozenset[int]
) -> tuple[set[int], set[int]]:
    """Return the carried values and the invariants that a round reads from its test on."""
    bodies = [live(g, state).params(g) for g in (node.go, node.last)]
    bodies.append(live(node.stop, wanted).params(node.stop))
    asked = {i - 1 for i in live(node.test).params(node.test) if i > 0}
    read: set[int] = set()
    for used in bodies:
        read |= {i - 1 - node.sources for i in used if i > node.sources}
        asked |= {i - 1 for i in used if 0 < i <= node.sources}
    read |= {i - 1 for i in live(node.probe, asked).params(node.probe) if i > 0}
    return {i for i in read if i < node.carried}, {i for i in read if i >= node.carried}
