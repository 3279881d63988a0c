"""Source for loops over known bounds.

In: a For node, its inputs as terms, the results wanted. Out: a term for each of those. Such a loop
is a Python loop and is never unrolled; a long one is a local function, so that its states can be
computed again for the backward pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.ir.known import carried as known_carried
from diffprog.soft.emitter import placed
from diffprog.soft.grid import grid
from diffprog.soft.halting import LONG
from diffprog.soft.limits import rounds_fit
from diffprog.soft.live import carried
from diffprog.soft.watching import rounds
from diffprog.soft.writer import Term, assign_all, row_of
from diffprog.types import Int

DEEP = 12
"""Beyond this depth a loop is a local function: Python nests 20 blocks in one, and no more."""

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import For
    from diffprog.soft.emitter import Emitter


def loop_for(
    em: Emitter, node: For, args: Sequence[Term | None], places: frozenset[int]
) -> dict[int, Term]:
    """Write a `for` and return its wanted results."""
    at_once = grid(em, node, args, places)
    if at_once is not None:
        return at_once
    state = sorted(carried(node, places))
    flags = [a is not None and (a.number or a.value is not None) for a in args]
    numbers = known_carried(node, flags)
    if trips(node, args) == 0:
        return {p: placed(args[2 + p]) for p in places}
    params = node.body.params
    names = {p: em.writer.fresh(params[1 + p].name) for p in state}
    types = node.body.types
    inner: dict[int, Term] = {p: Term(names[p], types[p], numbers[p]) for p in state}
    for p in state:
        em.writer.line(f"{names[p]} = {_code(em, placed(args[2 + p]), inner[p])}")
    counter = em.writer.fresh(params[0].name)
    inputs = [
        Term(counter, params[0].type, number=True),
        *(inner.get(p) for p in range(node.carried)),
        *args[2 + node.carried :],
    ]
    _iterate(em, node, args, counter, inputs, inner)
    return {p: inner[p] for p in places}


def trips(node: For, args: Sequence[Term | None]) -> int:
    """Return the number of iterations, or the largest that the bounds' ranges allow."""
    lo, hi = placed(args[0]), placed(args[1])
    if isinstance(lo.value, int) and isinstance(hi.value, int):
        return len(range(lo.value, hi.value, node.step))
    assert isinstance(lo.type, Int)
    assert isinstance(hi.type, Int)
    ends = (lo.type.lo, hi.type.hi - 1) if node.step > 0 else (lo.type.hi - 1, hi.type.lo)
    return len(range(*ends, node.step))


def _code(em: Emitter, term: Term, like: Term) -> str:
    return term.code if like.number else em.tensor(term)


def _iterate(
    em: Emitter,
    node: For,
    args: Sequence[Term | None],
    counter: str,
    inputs: Sequence[Term | None],
    inner: dict[int, Term],
) -> None:
    lo, hi = placed(args[0]).code, placed(args[1]).code
    bounds = ", ".join([lo, hi] if node.step == 1 else [lo, hi, str(node.step)])
    names = [t.code for t in inner.values()]
    rounds_fit(trips(node, args), node.span)
    if em.pieces is None and trips(node, args) <= LONG and em.writer.depth < DEEP:
        with (
            em.writer.block(f"for {counter} in range({bounds}):"),
            rounds(em, inner.values(), node.span),
        ):
            results = em.region(node.body, inputs, list(inner))
            codes = [_code(em, placed(results[p]), t) for p, t in inner.items()]
            changed = [(n, c) for n, c in zip(names, codes, strict=True) if n != c]
            if changed:
                assign_all(em.writer, *zip(*changed, strict=True))
        return
    function = em.writer.fresh("step")
    head = f"def {function}(report, {', '.join([counter, *names])}):"
    with (
        em.body(trips(node, args)) as more,
        em.writer.block(head),
        rounds(em, inner.values(), node.span),
    ):
        results = em.region(node.body, inputs, list(inner))
        codes = [_code(em, placed(results[p]), t) for p, t in inner.items()]
        em.writer.line(f"return {row_of(codes)}")
    state = row_of(names)
    arguments = [function, f"range({bounds})", state, "report", *more]
    em.writer.line(f"{state} = rolled({', '.join(arguments)})")
