"""Source for tests: the weights of what they may give, and their sources given each of that.

In: a test's region and its inputs as terms. Out: codes of weights, and terms of conditioned
sources.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from diffprog.ir.graph import Hole, Param
from diffprog.ir.known import is_scalar
from diffprog.soft.emitter import placed
from diffprog.soft.live import live
from diffprog.soft.tables import region_entries
from diffprog.soft.vertices import Posterior, by_vertices
from diffprog.soft.writer import Term, finite_item
from diffprog.types import Bool

if TYPE_CHECKING:
    from collections.abc import Collection

    from diffprog.ir.graph import Graph
    from diffprog.soft.emitter import Emitter

JOINT_LIMIT = 1 << 12
"""The largest joint domain of a test's inputs that is conditioned through one table."""


@dataclass(frozen=True)
class Test:
    """A test that is written: its value as a term, and how its sources are conditioned."""

    value: Term
    posterior: Posterior
    sources: frozenset[int]

    def weights(self, em: Emitter, unions: Sequence[int], cases: int) -> list[str]:
        """Return the weight of each case, one number a row."""
        code = self.value.code
        if isinstance(self.value.type, Bool):
            one = [f"({em.writer.one()} - {code})", code]
        else:
            one = [f"{code}[..., {v}]" for v in range(len(unions))]
        groups = [[one[v] for v, k in enumerate(unions) if k == case] for case in range(cases)]
        return [g[0] if len(g) == 1 else f"({' + '.join(g)})" if g else "0.0" for g in groups]


def tested(
    em: Emitter,
    graph: Graph,
    args: Sequence[Term | None],
    sources: int,
    wanted: Collection[int],
) -> Test:
    """Write a test; `wanted` are the sources that are read given its outcome."""
    used = live(graph).params(graph)
    uncertain = [i for i in used if not _is_plain(args[i])]
    asked = [i for i in uncertain if i < sources and i in wanted]
    if not asked:
        return Test(_inline(em, graph, args), _nothing, frozenset())
    masses = _joint_table(em, graph, args, uncertain)
    if masses is not None:
        value = _inline(em, graph, args)
        return Test(value, _by_table(em, graph, args, uncertain, masses), frozenset(asked))
    value, posterior = by_vertices(em, graph, args, asked)
    return Test(value, posterior, frozenset(asked))


def conditioned(
    em: Emitter,
    test: Test,
    args: Sequence[Term | None],
    values: Sequence[int],
    used: Collection[int],
    count: int | None = None,
) -> list[Term | None]:
    """Return the inputs of a case.

    The sources that it reads given that the test is one of `values`.
    """
    return [
        test.posterior(i, values) if i in test.sources and i in used else a
        for i, a in enumerate(args[:count] if count is not None else args)
    ]


def _is_plain(term: Term | None) -> bool:
    return term is None or term.number or term.value is not None


def _inline(em: Emitter, graph: Graph, args: Sequence[Term | None]) -> Term:
    term = placed(em.region(graph, args, [0])[0])
    code = em.tensor(term)
    if code.isidentifier():
        return Term(code, term.type)
    return em.writer.assign("test", code, term.type)


def _nothing(source: int, values: Sequence[int]) -> Term:
    message = f"source {source} does not decide the test {values}"
    raise AssertionError(message)


# --- tests that are one table of their inputs ---------------------------------------------------

Masses: TypeAlias = Callable[[Sequence[int]], str]
"""From values of the test to the code of P(one of them | inputs), an axis an uncertain input."""


def _joint_table(
    em: Emitter, graph: Graph, args: Sequence[Term | None], uncertain: Sequence[int]
) -> Masses | None:
    """Return the table of a test that is a finite expression of scalars, or one hole given them."""
    used = live(graph).params(graph)
    if not all(is_scalar(graph[i].type) for i in used):
        return None
    size = 1
    for i in uncertain:
        size *= finite_item(graph[i].type).size
    if size > JOINT_LIMIT:
        return None
    return _hole_table(em, graph, args) or _crisp_table(em, graph, args, used)


def _hole_table(em: Emitter, graph: Graph, args: Sequence[Term | None]) -> Masses | None:
    node = graph[graph.results[0]]
    if not isinstance(node, Hole) or node.masked or len(set(node.inputs)) < len(node.inputs):
        return None
    if not all(isinstance(graph[i], Param) for i in node.inputs):
        return None
    if list(node.inputs) != sorted(node.inputs):
        return None
    axes = [":"] * (0 if isinstance(node.type, Bool) else 1)
    given = [_index(args[i]) for i in node.inputs]
    weights = em.hole_weights(node)
    if any(g != ":" for g in given):
        weights = f"{weights}[..., {', '.join(given + axes)}]"

    def masses(values: Sequence[int]) -> str:
        if isinstance(node.type, Bool):
            return weights if list(values) == [1] else f"({em.writer.one()} - {weights})"
        parts = [f"{weights}[..., {v}]" for v in values]
        return parts[0] if len(parts) == 1 else f"({' + '.join(parts)})"

    return masses


def _index(term: Term | None) -> str:
    if term is None or not term.number:
        return ":"
    lo = finite_item(term.type).lo
    return (
        f"int({term.code})"
        if isinstance(term.type, Bool)
        else f"{term.code} - {lo}"
        if lo
        else term.code
    )


def _crisp_table(
    em: Emitter, graph: Graph, args: Sequence[Term | None], used: Sequence[int]
) -> Masses | None:
    entries = region_entries(graph, used, JOINT_LIMIT)
    if entries is None:
        return None
    sizes = [finite_item(graph[i].type).size for i in used]
    slices = [_index(args[i]) for i in used]

    def masses(values: Sequence[int]) -> str:
        cells = [int(e in values) for e in entries]
        name = em.writer.constant("test_table", f"entries({cells!r}, {sizes!r}, None, like)")
        return name if all(s == ":" for s in slices) else f"{name}[{', '.join(slices)}]"

    return masses


def _by_table(
    em: Emitter,
    graph: Graph,
    args: Sequence[Term | None],
    uncertain: Sequence[int],
    masses: Masses,
) -> Posterior:
    """Return how a source is conditioned.

    The joint weights where the test holds, summed over the others.
    """

    def posterior(source: int, values: Sequence[int]) -> Term:
        name, t = f"{graph[source].name}_given", placed(args[source]).type  # type: ignore[union-attr]
        known = _decided(graph, uncertain, values)
        if known is not None:
            code = f"certain({em.tensor(placed(args[source]))}, {bool(known)})"
            return em.writer.shared(name, code, Bool())
        code = f"{_outer(em, args, uncertain)} * {masses(values)}"
        mass = em.writer.shared("mass", code, t).code
        place = list(uncertain).index(source)
        others = tuple(a - len(uncertain) for a in range(len(uncertain)) if a != place)
        code = mass + (f".sum({others})" if others else "")
        if isinstance(t, Bool):
            two = em.writer.shared("mass", code, t).code if others else mass
            return em.writer.shared(name, f"likely({two}[..., 1], {two}[..., 0])", t)
        return em.writer.shared(name, f"normalised({code})", t)

    return posterior


def _decided(graph: Graph, uncertain: Sequence[int], values: Sequence[int]) -> int | None:
    """Return what a test's values make of the one bool that it reads, None if that is open."""
    if live(graph).params(graph) != uncertain or len(uncertain) > 1:
        return None
    if not isinstance(graph[uncertain[0]].type, Bool):
        return None
    entries = region_entries(graph, uncertain, 2)
    places = [] if entries is None else [v for v, e in enumerate(entries) if int(e) in values]
    return places[0] if len(places) == 1 else None


def _outer(em: Emitter, args: Sequence[Term | None], uncertain: Sequence[int]) -> str:
    parts = []
    for place, i in enumerate(uncertain):
        term = placed(args[i])
        code = f"both({em.tensor(term)})" if isinstance(term.type, Bool) else em.tensor(term)
        before, after = place, len(uncertain) - place - 1
        axes = ["None"] * before + [":"] + ["None"] * after
        parts.append(f"{code}[..., {', '.join(axes)}]" if len(axes) > 1 else code)
    if len(parts) == 1:
        return parts[0]
    return em.writer.shared("together", " * ".join(parts), Bool()).code
