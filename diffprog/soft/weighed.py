"""Source for loops `by act` and `by ponder`: the weights are those of a halting unit.

In: a Loop that is being written, its first state. Out: a term for each wanted result. Nothing is
conditioned.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diffprog.soft.conditions import tested
from diffprog.soft.round import add, go_on, moment, region, tame, written
from diffprog.soft.watching import halts
from diffprog.soft.writer import Term, const, item
from diffprog.types import Bool, Real, trail

if TYPE_CHECKING:
    from diffprog.soft.emitter import Emitter
    from diffprog.soft.round import Round


def unconditioned(loop: Round, state: dict[int, Term]) -> list[Term | None]:
    """Return the inputs of a region after the test where nothing is conditioned."""
    return loop.inputs(state, [None] * loop.node.sources)


def act(em: Emitter, loop: Round, starts: dict[int, str]) -> dict[int, Term]:
    """Write Graves' rule (2016, eqs. 6 to 9): weights up to 1 - epsilon, then the remainder.

    What is finite cannot be a weighted sum of steps: it is as in the last one, like the
    interpreter's.
    """
    node, writer = loop.node, em.writer
    names = ("rest", "taken", "remainder", "weight", "on", "left")
    rest, taken, remainder, weight, on, left = map(writer.fresh, names)
    harmless = tame(em, loop, starts)
    epsilon = writer.tensor(const(node.halting.number, Real()))
    types, last = node.stop.types, f"{loop.counter} == {node.rounds - 1}"
    ends = {p: not isinstance(item(types[p]), Real) for p in loop.outs}

    def body() -> None:
        with writer.reached(f"({rest} > 0)"):
            state, probed, wanted = moment(em, loop)
            unit = tested(em, node.test, probed, 0, wanted).value.code
            values = region(em, node.stop, unconditioned(loop, state), list(loop.outs))
        given = f"{rest}, {unit}, {epsilon}, {last}"
        writer.line(f"{weight}, {on}, {left} = act_weights({given})")
        halts(em, node, f"{weight} * {on}", f"{weight} * ~{on}")
        if any(ends.values()):
            here = writer.assign("ends", f"(({rest} > 0) & ~{on}).to({weight}.dtype)", Bool()).code
        weights = {p: here if ends[p] else weight for p in loop.outs}
        add(em, loop, weights, values)
        writer.line(f"{taken} = {taken} + {on}")
        writer.line(f"{remainder} = torch.where({on}, {left}, {remainder})")
        writer.line(f"{rest} = {left}")
        with writer.reached(f"({rest} > 0)"):
            go_on(em, loop, state, lambda _: [None] * node.sources, (rest, "None"), harmless)

    # N + R; a `while` has a test more than steps.
    zero, one = writer.zero(), writer.one()
    steps = one if node.before is not None else zero
    scalars = {rest: one, taken: steps, remainder: one}
    written(em, loop, scalars, starts, "is_over(state[0], None)", body)
    writer.note("unfinished", node.span.line, rest)
    writer.note("costs", node.span.line, f"({taken} + {remainder})")
    return {p: Term(code, types[p]) for p, code in loop.outs.items()}


def ponder(em: Emitter, loop: Round, starts: dict[int, str]) -> dict[int, Term]:
    """Write PonderNet (Banino 2021): stop probabilities, and how far they are from the prior.

    Where outcomes are asked for, a loop at the program's top level gives the state of each step on
    a new leading axis, and what comes after it is computed for each; elsewhere it gives their
    mixture.
    """
    node, writer = loop.node, em.writer
    apart = em.alternatives is not None and em.regions == 1
    shares = writer.fresh("shares") if apart else ""
    names = ("alive", "leaving", "share", "cost", "unhalted")
    alive, leaving, share, cost, unhalted = map(writer.fresh, names)
    harmless = tame(em, loop, starts)
    prior = node.halting.number
    slope = math.log1p(-prior)
    base = math.log(prior) - math.log(-math.expm1(node.rounds * slope))

    def body() -> None:
        with writer.reached(alive):
            state, probed, wanted = moment(em, loop)
            unit = tested(em, node.test, probed, 0, wanted).value.code
            values = region(em, node.stop, unconditioned(loop, state), list(loop.outs))
        last = node.rounds - 1
        writer.line(f"{leaving} = {alive} * {unit} if {loop.counter} < {last} else {alive}")
        writer.line(f"{share} = stopping({alive}, {leaving}, T)")
        if apart:
            for name, value in {shares: share, **_codes(loop, values)}.items():
                writer.line(f"{name} = (*{name}, {value})")
        else:
            add(em, loop, dict.fromkeys(loop.outs, share), values)
        writer.line(
            f"{cost} = {cost} + divergence({leaving}, {base!r} + {loop.counter} * {slope!r})"
        )
        with writer.block(f"if {loop.counter} == {last}:"):
            writer.line(f"{unhalted} = unstopped({alive} * (1 - {unit}), T)")
        halts(em, node, f"{leaving} - {unhalted}", unhalted)
        writer.line(f"{alive} = {alive} * (1 - {unit}) if {loop.counter} < {last} else 0 * {alive}")
        with writer.reached(alive):
            go_on(em, loop, state, lambda _: [None] * node.sources, (alive, "None"), harmless)

    zero = writer.zero()
    scalars = {alive: writer.one(), cost: zero, unhalted: zero}
    scalars |= {shares: "()"} if apart else {}
    written(em, loop, scalars, starts, "is_over(state[0], None)", body, "()" if apart else "0.0")
    writer.note("unfinished", node.span.line, unhalted)
    writer.note("costs", node.span.line, cost)
    if apart:
        _spread(em, loop, shares)
    return {p: Term(code, node.stop.types[p]) for p, code in loop.outs.items()}


def _codes(loop: Round, values: dict[int, Term]) -> dict[str, str]:
    return {loop.outs[p]: term.code for p, term in values.items()}


def _spread(em: Emitter, loop: Round, shares: str) -> None:
    """Write that the steps are alternatives, on an axis left of all others, with their weights."""
    assert em.alternatives is not None
    lead = f"lead + {len(em.alternatives)}" if em.alternatives else "lead"
    depths = {code: trail(loop.node.stop.types[p]) for p, code in loop.outs.items()}
    for name, depth in {shares: 0, **depths}.items():
        em.writer.line(f"{name} = alternatives({name}, {lead}, {depth})")
    em.alternatives.append(shares)
