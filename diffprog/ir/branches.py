"""Rules on branches and loops: cases that are one, results that are no mixture, known trips.

The algebra stands beside each rule; w_k are the weights of the cases, which sum to 1, and x|k is a
source given case k, with sum_k w_k x|k = x. Never imports torch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diffprog.ir.graph import Const, For, Graph, Network, Node, Param, Select, regions, walk
from diffprog.ir.merge import merge_cells
from diffprog.ir.rewrite import Rule, live
from diffprog.ir.same import same
from diffprog.ir.transplant import transplant
from diffprog.types import Bool, Enum, Int, Tuple

if TYPE_CHECKING:
    from diffprog.ir.graph import NodeId
    from diffprog.ir.rewrite import Scene


def known_test(scene: Scene, node: Node) -> list[NodeId] | None:
    """Select of a constant is the case that it names: nothing is conditioned."""
    assert isinstance(node, Select)
    test = node.test[node.test.results[0]]
    if not isinstance(test, Const):
        return None
    assert isinstance(test.type, Bool | Int | Enum)
    assert isinstance(test.value, int)
    case = node.cases[node.unions[test.value - test.type.lo]]
    return scene.inline(case, node.inputs)


def equal_results(scene: Scene, node: Node) -> list[NodeId] | None:
    """select(s, a, a) = a: sum_k w_k a = a, and sum_k w_k x|k = x for a source x.

    The second needs w_k = sum_v x[v] P(k | x = v): that the test is linear in x.
    """
    assert isinstance(node, Select)
    assert isinstance(node.type, Tuple)
    found = [_common(scene, node, place) for place in range(len(node.type.items))]
    rest = [place for place, number in enumerate(found) if number is None]
    if len(rest) == len(found):
        return None
    parts = iter(scene.parts(_only(node, rest)) if rest else ())
    return [next(parts) if number is None else number for number in found]


def _common(scene: Scene, node: Select, place: int) -> NodeId | None:
    results = [case[case.results[place]] for case in node.cases]
    first = results[0]
    if isinstance(first, Param):
        same_param = all(isinstance(r, Param) and r.id == first.id for r in results)
        linear = first.id >= node.sources or _paths(node.test, first.id) <= 1
        return node.inputs[first.id] if same_param and linear else None
    if isinstance(first, Const):
        values = {(type(r), repr(r.value)) for r in results if isinstance(r, Const)}
        equal = len(values) == 1 and all(isinstance(r, Const) for r in results)
        return scene.const(first, first.value) if equal else None
    return None


def _paths(region: Graph, param: NodeId) -> int:
    """Return by how many paths a parameter reaches the result; through a branch it is several."""
    found = [0] * len(region.nodes)
    found[param] = 1
    for node in region.nodes[len(region.params) :]:
        found[node.id] = sum(found[i] for i in node.inputs) * (2 if regions(node) else 1)
    return found[region.results[0]]


def _only(node: Select, places: list[int]) -> Select:
    """Return a select of some of the results."""
    assert isinstance(node.type, Tuple)
    cases = tuple(Graph(case.nodes, tuple(case.results[p] for p in places)) for case in node.cases)
    return replace(node, cases=cases, type=Tuple(tuple(node.type.items[p] for p in places)))


def equal_cases(scene: Scene, node: Node) -> list[NodeId] | None:
    """Cases that are one region become one case: w_1 f(x|1) + w_2 f(x|2) = (w_1 + w_2) f(x|1 or 2).

    That holds where f takes sources as they are, or not at all; a case that computes with a source
    is linear in it only if it uses it once, so it is left alone.
    """
    assert isinstance(node, Select)
    kept: list[Graph] = []
    places: list[int] = []
    for case in node.cases:
        twin = next((i for i, k in enumerate(kept) if same(k, case)), None)
        if twin is None or not _passes_sources(node, case):
            twin = len(kept)
            kept.append(case)
        places.append(twin)
    if len(kept) == len(node.cases):
        return None
    if len(kept) == 1:
        return scene.inline(kept[0], node.inputs)
    unions = tuple(places[u] for u in node.unions)
    return scene.parts(replace(node, cases=tuple(kept), unions=unions))


def _passes_sources(node: Select, case: Graph) -> bool:
    """Say whether a case at most hands sources on, and the test is linear in those."""
    computes = any(i < node.sources for n in live(case) for i in n.inputs)
    handed = [r for r in case.results if r < node.sources]
    return not computes and all(_paths(node.test, r) <= 1 for r in handed)


def no_trip(_: Scene, node: Node) -> list[NodeId] | None:
    """A loop over an empty range gives what it carries."""
    assert isinstance(node, For)
    trips = _trips(_, node)
    return None if trips is None or trips else list(node.inputs[2 : 2 + node.carried])


def one_trip(scene: Scene, node: Node) -> list[NodeId] | None:
    """A loop over one number is its body; with networks it stays, as it is at other sizes.

    Who compiles its rounds has them already.
    """
    assert isinstance(node, For)
    trips = _trips(scene, node)
    if trips is None or len(trips) != 1 or any(isinstance(n, Network) for n in walk(node.body)):
        return None
    counter = scene.const(node.body.params[0], trips[0])
    return scene.inline(node.body, [counter, *node.inputs[2:]])


def _trips(scene: Scene, node: For) -> range | None:
    lo, hi = scene.node(node.inputs[0]), scene.node(node.inputs[1])
    if not (isinstance(lo, Const) and isinstance(hi, Const)):
        return None
    assert isinstance(lo.value, int)
    assert isinstance(hi.value, int)
    return range(lo.value, hi.value, node.step)


def unchanged(scene: Scene, node: Node) -> list[NodeId] | None:
    """What every round leaves alone is an invariant: n rounds of the identity."""
    assert isinstance(node, For)
    assert isinstance(node.type, Tuple)
    kept = [c for c in range(node.carried) if node.body.results[c] != 1 + c]
    if len(kept) == node.carried:
        return None
    left = [c for c in range(node.carried) if c not in kept]
    invariants = range(node.carried, len(node.inputs) - 2)
    order = [*kept, *invariants, *left]
    body = transplant(node.body, [0, *(1 + i for i in order)], [node.body.results[c] for c in kept])
    made = replace(
        node,
        carried=len(kept),
        body=body,
        inputs=(*node.inputs[:2], *(node.inputs[2 + i] for i in order)),
        type=Tuple(tuple(node.type.items[c] for c in kept)),
    )
    parts = iter(scene.parts(made) if kept else ())
    return [node.inputs[2 + c] if c in left else next(parts) for c in range(node.carried)]


BRANCHES = (
    Rule("known test", Select, known_test),
    Rule("equal results", Select, equal_results),
    Rule("equal cases", Select, equal_cases),
    Rule("merge cells", Select, merge_cells),
    Rule("no trip", For, no_trip),
    Rule("one trip", For, one_trip),
    Rule("unchanged", For, unchanged),
)
