"""Branches in C: a known test is an `if`; else the mixture of the cases by their weights.

In: a Select node and its inputs as terms. Out: a term for each result.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from diffprog.ir.known import known_test
from diffprog.native.conditions import conditioned, read_params, tested
from diffprog.native.facts import Sum
from diffprog.native.rows import cell_of
from diffprog.native.slopes import ADDED, LERP, NUMBERS
from diffprog.native.values import Number, Slot, finite, room, values
from diffprog.types import Array, Bool, Real

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Select
    from diffprog.native.blocks import Block, Piece
    from diffprog.native.conditions import Region
    from diffprog.native.places import Free
    from diffprog.native.values import Term
    from diffprog.native.writer import Writer


def select(
    w: Writer, region: Region, node: Select, args: Sequence[Term | None], *, free: Free
) -> list[Term]:
    """Return the results of a branch."""
    flags = [isinstance(a, Number) for a in args]
    if known_test(node, flags):
        return _decided(w, region, node, args, free)
    sources = range(node.sources)
    wanted = set().union(*(read_params(g) for g in node.cases)) & set(sources)
    test = tested(w, region, node.test, args, wanted)
    weights, results = [], []
    for k, graph in enumerate(node.cases):
        outcomes = [v for v, case in enumerate(node.unions) if case == k]
        weights.append(test.weight(outcomes))
        inputs = conditioned(test, outcomes, sources, graph)
        with w.reached(weights[-1].code):
            results.append(region(graph, inputs))
    types = node.cases[0].types
    return [_mixed(w, weights, [r[p] for r in results], room(t)) for p, t in enumerate(types)]


def _mixed(w: Writer, weights: Sequence[Slot], terms: Sequence[Term], n: int) -> Term:
    """Return sum_k w_k r_k; a result that is the same in all cases stays as it is."""
    shared: dict[str, tuple[Term, list[Slot]]] = {}
    for weight, term in zip(weights, terms, strict=True):
        shared.setdefault(repr(term), (term, []))[1].append(weight)
    if len(shared) == 1:
        return terms[0]
    slots = [w.tensor(t) for t, _ in shared.values()]
    several = [found for _, found in shared.values()]
    slot = w.slot(slots[0].type)
    if len(slots) == 2:
        if len(several[0]) < len(several[1]):
            slots, several = slots[::-1], several[::-1]
        for (one, _), (other, own) in permutations(zip(slots, several, strict=True), 2):
            made = w.facts.get("sum", other.code, Sum)
            more = made.beyond(one.code) if made else None
            if more is not None:  # in one case more than in the other: x + w * more
                w.map(
                    ADDED,
                    slot.code,
                    [f"({one.code} + j)", _sum(w, own).code, cell_of(more, slot.type)],
                    n,
                )
                return slot
        args = [f"({slots[0].code} + j)", f"({slots[1].code} + j)", _sum(w, several[1]).code]
        w.map(LERP, slot.code, args, n)
    else:
        w.mix(slot.code, [_sum(w, s).code for s in several], [s.code for s in slots], n)
    return slot


def _sum(w: Writer, weights: Sequence[Slot]) -> Slot:
    """Return the weight of several cases together."""
    total = weights[0]
    for weight in weights[1:]:
        slot = w.slot(Bool())
        w.map(NUMBERS["add"], slot.code, [total, weight])
        total = slot
    return total


def _decided(
    w: Writer, region: Region, node: Select, args: Sequence[Term | None], free: Free
) -> list[Term]:
    """Write a branch whose test is known: one case is run."""
    test = region(node.test, args)[0]
    assert isinstance(test, Number)
    lo = finite(test.type).lo
    granted = [a.base for a in args if isinstance(a, Slot) and free(a.base)]
    if test.value is not None:
        assert isinstance(test.value, int | float)
        return region(node.cases[node.unions[int(test.value) - lo]], args, granted)
    asks, blocks, results = [], [], []
    for k, graph in enumerate(node.cases):
        outcomes = [v + lo for v, case in enumerate(node.unions) if case == k]
        asks.append(" || ".join(f"{test.code} == {v}" for v in outcomes) or "0")
        with w.block() as block:
            results.append(region(graph, args, granted))
        blocks.append(block)
    found = [_one_of(w, blocks, [r[p] for r in results]) for p in range(len(results[0]))]
    text: list[Piece] = []
    for k, (ask, block) in enumerate(zip(asks, blocks, strict=True)):
        text += [f"{'} else ' if k else ''}if ({ask}) {{", block]
    w.both([*text, "}"], [*text, "}"])
    return found


def _one_of(w: Writer, blocks: Sequence[Block], terms: Sequence[Term]) -> Term:
    """Return where a result is after one of the blocks has run."""
    if all(t == terms[0] for t in terms):
        return terms[0]
    known = all(isinstance(t, Number) and not isinstance(t.type, Array | Real) for t in terms)
    slot = Slot(w.take(1 if known else room(terms[0].type)), terms[0].type)
    for block, term in zip(blocks, terms, strict=True):
        with w.within(block):
            put(w, slot, term, known=known)
    return kept(slot) if known else slot


def put(w: Writer, slot: Slot, term: Term, *, known: bool) -> None:
    """Put a term into a new place: a soft value, or a known number that stays known."""
    if known:
        w.store(slot.code, term.code)
    else:
        w.copy(slot.code, w.tensor(term).code, room(slot.type))


def kept(slot: Slot) -> Number:
    """Return the known number at a place."""
    return Number(f"((long){values(slot.code)}->v[0][0])", slot.type)
