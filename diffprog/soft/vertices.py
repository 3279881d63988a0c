"""Source for tests in general: evaluated again with a source replaced by all its values.

In: a test's region and its inputs as terms. Out: the test's value, and how its sources are
conditioned. The values stand on a new leading axis, so that one evaluation serves them all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from diffprog.soft.emitter import placed
from diffprog.soft.writer import Term, finite_item, rank, shape
from diffprog.types import Bool, trail

if TYPE_CHECKING:
    from diffprog.ir.graph import Graph
    from diffprog.soft.emitter import Emitter

Posterior: TypeAlias = Callable[[int, Sequence[int]], Term]
"""From a source's number and the values of the test to the source given that it is one of them."""


def by_vertices(
    em: Emitter, graph: Graph, args: Sequence[Term | None], asked: Sequence[int]
) -> tuple[Term, Posterior]:
    """Write a test as a function of its sources, to evaluate it at all values of each."""
    writer = em.writer
    names = [writer.fresh(getattr(graph[i], "name", "x")) for i in asked]
    function = writer.fresh("test")
    inner = list(args)
    for i, name in zip(asked, names, strict=True):
        inner[i] = Term(name, placed(args[i]).type)
    with writer.block(f"def {function}(report, {', '.join(names)}):"):
        writer.line(f"return {em.tensor(placed(em.region(graph, inner, [0])[0]))}")
    codes = [em.tensor(placed(args[i])) for i in asked]
    t = graph.types[0]
    value = writer.assign(
        "yes" if isinstance(t, Bool) else "outcome",
        f"{function}(report, {', '.join(codes)})",
        t,
    )

    def likelihood(source: int) -> str:
        lead = f"{value.code}.dim() - {trail(t)}" if trail(t) else f"{value.code}.dim()"
        term = placed(args[source])
        every = [
            _every(em, term, lead) if i == source else c for i, c in zip(asked, codes, strict=True)
        ]
        at = f"{function}(None, {', '.join(every)})"
        code = (
            f"by_value({at}, {shape(term.type)!r})" if rank(term.type) else f"{at}.movedim(0, -1)"
        )
        return writer.shared("likelihood", code, t).code

    def posterior(source: int, values: Sequence[int]) -> Term:
        term = placed(args[source])
        code = _likely(likelihood(source), values, t, rank(term.type), writer.one())
        if isinstance(finite_item(term.type), Bool):
            x = em.tensor(term)
            final = f"likely({x} * {code}[..., 1], ({writer.one()} - {x}) * {code}[..., 0])"
        else:
            final = f"normalised({em.tensor(term)} * {code})"
        return writer.shared(f"{getattr(graph[source], 'name', 'x')}_given", final, term.type)

    return value, posterior


def _every(em: Emitter, term: Term, lead: str) -> str:
    """Return the code of all values of a source on a new leading axis."""
    code, t = em.tensor(term), finite_item(term.type)
    if rank(term.type):
        size = 0 if isinstance(t, Bool) else t.size
        return f"substituted({code}, {shape(term.type)!r}, {size}, {lead})"
    return (
        f"sides({code}, {lead})" if isinstance(t, Bool) else f"vertices({t.size}, {code}, {lead})"
    )


def _likely(code: str, values: Sequence[int], t: object, cells: int, one: str) -> str:
    """Return the code of P(test is one of `values` | source = v), with v on the last axis."""
    if isinstance(t, Bool):
        return code if list(values) == [1] else f"({one} - {code})"
    after = [":"] * (cells + 1)
    parts = [f"{code}[..., {', '.join([str(v), *after])}]" for v in values]
    return parts[0] if len(parts) == 1 else f"({' + '.join(parts)})"
