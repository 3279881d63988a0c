"""Loops that stand in each other and do nothing else, found in the graph.

In: a For node and the results wanted of it. Out: the nest of loops that it begins. Makes no text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from diffprog.ir.graph import Const, For, Param, Project
from diffprog.soft.live import carried, live

if TYPE_CHECKING:
    from diffprog.ir.graph import Graph, NodeId

Source: TypeAlias = "int | Const"
"""Where a parameter of the innermost body comes from: an outermost input, or a constant."""


@dataclass(frozen=True)
class Nest:
    """Loops that stand in each other and do nothing else, with the innermost body.

    Attributes:
        loops: the outermost first.
        bounds: of each loop, where its bounds come from.
        counters: the parameters of the body that are the loops' counters.
        sources: where its other parameters come from.
        results: the place in the body of each result wanted of the outermost loop.
    """

    loops: tuple[For, ...]
    bounds: tuple[tuple[Source, Source], ...]
    counters: tuple[NodeId, ...]
    sources: dict[NodeId, Source]
    results: dict[int, int]

    @property
    def body(self) -> Graph:
        """The innermost body."""
        return self.loops[-1].body


def nest(node: For, places: frozenset[int]) -> Nest:
    """Return the nest of loops that a loop begins: at least itself."""
    body = node.body
    sources: dict[NodeId, Source] = {p.id: p.id + 1 for p in body.params if p.id}
    state = carried(node, places)
    found = Nest((node,), ((0, 1),), (0,), sources, {p: p for p in state})
    while (deeper := _deeper(found)) is not None:
        found = deeper
    return found


def _deeper(outer: Nest) -> Nest | None:
    """Return the nest with the one loop that its body holds, if that is all that it holds."""
    body = outer.body
    nodes = [body[n] for n in sorted(live(body, outer.results.values()).nodes)]
    inner = [n for n in nodes if isinstance(n, For)]
    if len(inner) != 1 or not all(isinstance(n, Param | Const | Project | For) for n in nodes):
        return None
    loop, counters = inner[0], {c: k for k, c in enumerate(outer.counters)}
    results = {}
    for outside, place in outer.results.items():
        end = body[body.results[place]]
        if not isinstance(end, Project) or loop.inputs[2 + end.place] != 1 + place:
            return None
        results[outside] = end.place
    given: list[Source | None] = []
    for i in loop.inputs:
        source = body[i]
        given.append(source if isinstance(source, Const) else outer.sources.get(i))
    lo, hi = given[0], given[1]
    if lo is None or hi is None:
        return None
    known = {counters[i]: 1 + p for p, i in enumerate(loop.inputs[2:]) if i in counters}
    if len(known) < len(counters):  # an outer counter that the body never reads: no array moves
        return None
    return Nest(
        (*outer.loops, loop),
        (*outer.bounds, (lo, hi)),
        (*(known[k] for k in range(len(outer.loops))), 0),
        {1 + p: s for p, s in enumerate(given[2:]) if s is not None},
        results,
    )
