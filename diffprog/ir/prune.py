"""The pass that drops what nobody uses: results of branches and loops, parameters of regions.

In: a graph. Out: the graph without them. A parameter that is given a constant becomes that
constant inside, one that is given twice becomes one. What a branch or a loop computes for its other
results does not change, so both meanings are kept. Never imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from diffprog.ir.graph import (
    Builder,
    Const,
    For,
    Graph,
    Loop,
    Node,
    NodeId,
    Project,
    Select,
    with_regions,
)
from diffprog.ir.rewrite import Trace, live
from diffprog.ir.transplant import params_used, transplant
from diffprog.types import Tuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Several: TypeAlias = Select | For | Loop


def prune(graph: Graph, trace: Trace) -> Graph:
    """Return the graph without dead results and unused parameters, outer regions first."""
    nodes = live(graph)
    used = _used(nodes)
    builder = Builder()
    names: dict[NodeId, NodeId] = {}
    places: dict[NodeId, dict[int, int]] = {}
    for node in nodes:
        made: Node = node
        if isinstance(node, Select | For | Loop):
            made, places[node.id] = _reduced(node, graph, sorted(used[node.id]), trace)
            made = with_regions(made, lambda region: prune(region, trace))
        elif isinstance(node, Project) and node.inputs[0] in places:
            made = replace(node, place=places[node.inputs[0]][node.place])
        inputs = tuple(names[i] for i in made.inputs)
        names[node.id] = builder.add(replace(made, inputs=inputs))
    return builder.done([names[r] for r in graph.results])


def _used(nodes: Sequence[Node]) -> dict[NodeId, set[int]]:
    """Return, for each node of several results, those that are taken."""
    out: dict[NodeId, set[int]] = {}
    for node in nodes:
        if isinstance(node, Select | For | Loop):
            out[node.id] = set()
        elif isinstance(node, Project) and node.inputs[0] in out:
            out[node.inputs[0]].add(node.place)
    return out


@dataclass
class Fates:
    """What becomes of the inputs of a node: by their places among the inputs.

    `keep` stay, `constants` are known inside, `same` are equal to one that stays.
    """

    keep: list[int] = field(default_factory=list)
    constants: dict[int, Const] = field(default_factory=dict)
    same: dict[int, int] = field(default_factory=dict)

    def shifted(self, by: int) -> tuple[list[int], dict[int, Const], dict[int, int]]:
        """Return the fates of parameters that stand `by` places after the inputs."""
        constants = {place + by: c for place, c in self.constants.items()}
        same = {place + by: other + by for place, other in self.same.items()}
        return [place + by for place in self.keep], constants, same


def _fates(
    node: Several, outer: Graph, fixed: Sequence[int], free: range, needed: set[int], trace: Trace
) -> Fates:
    """Decide what becomes of the free inputs; the fixed ones stay."""
    out = Fates(list(fixed))
    first: dict[NodeId, int] = {}
    for place in free:
        given = outer[node.inputs[place]]
        if place not in needed:
            trace("unused parameter", node.span)
        elif isinstance(given, Const):
            trace("constant parameter", node.span)
            out.constants[place] = given
        elif given.id in first:
            trace("repeated parameter", node.span)
            out.same[place] = first[given.id]
        else:
            first[given.id] = place
            out.keep.append(place)
    return out


def _reduced(
    node: Several, outer: Graph, used: list[int], trace: Trace
) -> tuple[Several, dict[int, int]]:
    """Return the node without what is not used, and where its results went."""
    match node:
        case Select():
            return _select(node, outer, used, trace)
        case For():
            return _for(node, outer, used, trace)
        case Loop():
            return _loop(node, outer, used, trace)


def _results(node: Several, kept: list[int], trace: Trace) -> tuple[Tuple, dict[int, int]]:
    assert isinstance(node.type, Tuple)
    if len(kept) < len(node.type.items):
        trace("dead result", node.span)
    return Tuple(tuple(node.type.items[k] for k in kept)), {old: i for i, old in enumerate(kept)}


def _select(
    node: Select, outer: Graph, used: list[int], trace: Trace
) -> tuple[Select, dict[int, int]]:
    wanted = [[case.results[u] for u in used] for case in node.cases]
    needed = params_used(node.test).union(*map(params_used, node.cases, wanted))
    sources = [place for place in range(node.sources) if place in needed]
    if len(sources) < node.sources:
        trace("unused parameter", node.span)
    others = range(node.sources, len(node.inputs))
    fates = _fates(node, outer, sources, others, needed, trace)
    t, places = _results(node, used, trace)

    def moved(region: Graph, results: Sequence[NodeId]) -> Graph:
        keep, constants, same = fates.shifted(0)
        return transplant(region, keep, results, constants=constants, same=same)

    made = replace(
        node,
        sources=len(sources),
        test=moved(node.test, node.test.results),
        cases=tuple(map(moved, node.cases, wanted)),
        inputs=tuple(node.inputs[place] for place in fates.keep),
        type=t,
    )
    return made, places


def _for(node: For, outer: Graph, used: list[int], trace: Trace) -> tuple[For, dict[int, int]]:
    def needs(carried: set[int]) -> set[int]:
        return params_used(node.body, [node.body.results[c] for c in carried])

    # Parameters of the body are (counter, carried…, invariants…), inputs (lo, hi, carried…, …).
    kept = _closed(set(used), node.carried, lambda c: {p - 1 for p in needs(c)})
    needed = {p + 1 for p in needs(set(kept))}
    fixed = [0, 1, *(2 + c for c in kept)]
    fates = _fates(node, outer, fixed, range(2 + node.carried, len(node.inputs)), needed, trace)
    t, places = _results(node, kept, trace)
    order, constants, same = fates.shifted(-1)
    results = [node.body.results[c] for c in kept]
    body = transplant(node.body, [0, *order[2:]], results, constants=constants, same=same)
    inputs = tuple(node.inputs[place] for place in fates.keep)
    return replace(node, carried=len(kept), body=body, inputs=inputs, type=t), places


def _closed(used: set[int], carried: int, needs: Callable[[set[int]], set[int]]) -> list[int]:
    """Return the carried values that used ones depend on, over any number of rounds."""
    while True:
        more = used | {c for c in needs(used) if 0 <= c < carried}
        if more == used:
            return sorted(used)
        used = more


def _loop(node: Loop, outer: Graph, used: list[int], trace: Trace) -> tuple[Loop, dict[int, int]]:
    ends = [node.stop, node.go, node.last, *([node.before] if node.before else [])]

    def needs(carried: set[int]) -> set[int]:
        """Return the inputs that the test and these carried values depend on."""
        out = {p - 1 for p in params_used(node.probe)}
        for region in ends:
            shift = 1 + (0 if region is node.before else node.sources)
            found = params_used(region, [region.results[c] for c in carried])
            out |= {p - shift for p in found if p >= shift}
        return out

    kept = _closed(set(used), node.carried, needs)
    free = range(node.carried, len(node.inputs))
    fates = _fates(node, outer, kept, free, needs(set(kept)), trace)
    t, places = _results(node, kept, trace)

    def moved(region: Graph, *, sources: int, results: Sequence[NodeId]) -> Graph:
        order, constants, same = fates.shifted(1 + sources)
        first = range(1 + sources)
        return transplant(region, [*first, *order], results, constants=constants, same=same)

    def end(region: Graph, sources: int) -> Graph:
        return moved(region, sources=sources, results=[region.results[c] for c in kept])

    made = replace(
        node,
        carried=len(kept),
        before=None if node.before is None else end(node.before, 0),
        probe=moved(node.probe, sources=0, results=node.probe.results),
        stop=end(node.stop, node.sources),
        go=end(node.go, node.sources),
        last=end(node.last, node.sources),
        inputs=tuple(node.inputs[place] for place in fates.keep),
        type=t,
    )
    return made, places
