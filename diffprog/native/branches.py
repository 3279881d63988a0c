"""Branches in C: a known test is an `if`; else the mixture of the cases by their weights.

In: a Select node and its inputs as terms. Out: a term for each result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.ir.known import known, known_test
from diffprog.native.conditions import conditioned, read_params, tested
from diffprog.native.slopes import ADDED, LERP, PRODUCT
from diffprog.native.values import Number, Slot, finite, room

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Select
    from diffprog.native.conditions import Region
    from diffprog.native.values import Term
    from diffprog.native.writer import Writer


def select(w: Writer, region: Region, node: Select, args: Sequence[Term | None]) -> list[Term]:
    """Return the results of a branch."""
    flags = [isinstance(a, Number) for a in args]
    if known_test(node, flags):
        return _decided(w, region, node, args)
    sources = range(node.sources)
    wanted = set().union(*(read_params(g) for g in node.cases)) & set(sources)
    test = tested(w, region, node.test, args, wanted)
    weights, results = [], []
    for k, graph in enumerate(node.cases):
        values = [v for v, case in enumerate(node.unions) if case == k]
        weights.append(test.weight(values))
        inputs = conditioned(test, values, sources, graph)
        with w.reached(weights[-1].code):
            results.append(region(graph, inputs))
    types = node.cases[0].types
    return [_mixed(w, weights, [r[p] for r in results], room(t)) for p, t in enumerate(types)]


def _mixed(w: Writer, weights: Sequence[Slot], terms: Sequence[Term], n: int) -> Term:
    """Return sum_k w_k r_k; a result that is the same in all cases stays as it is."""
    if all(t == terms[0] for t in terms):
        return terms[0]
    slots = [w.tensor(t) for t in terms]
    t = slots[0].type
    if len(slots) == 2:
        slot = w.slot(t)
        args = [f"{slots[0].code} + j", f"{slots[1].code} + j", weights[1].code]
        w.map(LERP, slot.code, args, n)
        return slot
    total = w.slot(t)
    w.map(PRODUCT, total.code, [f"{slots[0].code} + j", weights[0].code], n)
    for weight, x in zip(weights[1:], slots[1:], strict=True):
        slot = w.slot(t)
        w.map(ADDED, slot.code, [f"{total.code} + j", weight.code, f"{x.code} + j"], n)
        total = slot
    return total


def _decided(w: Writer, region: Region, node: Select, args: Sequence[Term | None]) -> list[Term]:
    """Write a branch whose test is known: one case is run."""
    test = region(node.test, args)[0]
    assert isinstance(test, Number)
    lo = finite(test.type).lo
    if test.value is not None:
        assert isinstance(test.value, int | float)
        return region(node.cases[node.unions[int(test.value) - lo]], args)
    flags = [isinstance(a, Number) for a in args]
    numbers = [known(g, flags) for g in node.cases]
    types = node.cases[0].types
    stays = [all(f[g.results[p]] for g, f in zip(node.cases, numbers, strict=True))
             for p in range(len(types))]  # fmt: skip
    slots = [Slot(w.take(1 if s else room(t)), t) for s, t in zip(stays, types, strict=True)]
    forward, reverse = [], []
    for k, graph in enumerate(node.cases):
        values = [v + lo for v, case in enumerate(node.unions) if case == k]
        ask = " || ".join(f"{test.code} == {v}" for v in values) or "0"
        with w.block() as texts:
            keep(w, slots, region(graph, args), stays)
        word = "else if" if k else "if"
        forward.append(f"{word} ({ask}) {{\n{texts[0]}\n}}")
        reverse.append(f"{word} ({ask}) {{\n{texts[1]}\n}}")
    w.both("\n".join(forward), "\n".join(reverse))
    return [kept(s, stay) for s, stay in zip(slots, stays, strict=True)]


def keep(w: Writer, slots: Sequence[Slot], terms: Sequence[Term], stays: Sequence[bool]) -> None:
    """Put terms where they are kept: soft values, or known numbers that stay known."""
    for slot, term, stay in zip(slots, terms, stays, strict=True):
        if stay:
            assert isinstance(term, Number)
            w.store(slot.code, term.code)
        else:
            w.copy(slot.code, w.tensor(term).code, room(slot.type))


def kept(slot: Slot, stay: bool) -> Term:
    """Return what `keep` has put away."""
    return Number(f"((long)v[{slot.code} * L])", slot.type) if stay else slot
