"""Source for loops that halt by weight, each row when its test says so.

In: a Loop node, its inputs as terms, the results wanted. Out: a term for each of those. Loops `by
act` and `by ponder` stand in `weighed`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.soft.conditions import Test, conditioned, tested
from diffprog.soft.emitter import placed
from diffprog.soft.live import loop_live
from diffprog.soft.round import Round, add, go_on, moment, region, sources_of, tame, written
from diffprog.soft.watching import halts
from diffprog.soft.weighed import act, ponder
from diffprog.soft.writer import Term, weighed
from diffprog.types import Bool, trail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Graph, Loop
    from diffprog.soft.emitter import Emitter


def loop_halting(
    em: Emitter, node: Loop, args: Sequence[Term | None], places: frozenset[int]
) -> dict[int, Term]:
    """Write a loop that halts by weight and return its wanted results."""
    needed = loop_live(node, places)
    state = needed.state
    fresh = em.writer.fresh
    params = node.stop.params[1 + node.sources :]
    names = {p: fresh(params[p].name) for p in state}
    outs = {p: fresh(f"{params[p].name}_out") for p in sorted(places)}
    loop = Round(node, args, state, needed.middle, names, outs, fresh(node.probe.params[0].name))
    starts = {p: em.tensor(placed(args[p])) for p in state}
    write = {"plain": _plain, "act": act, "ponder": ponder}[node.halting.kind]
    return write(em, loop, starts)


def _plain(em: Emitter, loop: Round, starts: dict[int, str]) -> dict[int, Term]:
    """Write result = sum_k alive_k stop_k (state given stop) + the rest."""
    node, writer = loop.node, em.writer
    alive, leaving = writer.fresh("alive"), writer.fresh("leaving")
    harmless = tame(em, loop, starts)

    def body() -> None:
        with writer.reached(alive):
            state, probed, wanted = moment(em, loop)
            test = tested(em, node.test, probed, node.sources + 1, wanted)
        stop, go = test.value.code, writer.complement(test.value.code)
        if go.isidentifier():
            on = writer.assign("on", f"going({alive}, {go}, epsilon)", Bool()).code
            writer.line(f"{leaving} = {alive} - {on}")
        else:
            on = f"{alive} - {leaving}"
            writer.line(f"{leaving} = halting({alive}, {stop}, epsilon)")
        halts(em, node, leaving)
        given = _given(em, loop, test, probed, 1, sources_of(loop, node.stop))
        with writer.reached(leaving):
            values = region(em, node.stop, loop.inputs(state, given), list(loop.outs))
        add(em, loop, dict.fromkeys(loop.outs, leaving), values)
        writer.line(f"{alive} = {on}")

        def sources(graph: Graph) -> list[Term | None]:
            return _given(em, loop, test, probed, 0, sources_of(loop, graph))

        with writer.reached(alive):
            go_on(em, loop, state, sources, (alive, "epsilon"), harmless)

    written(em, loop, {alive: em.writer.one()}, starts, "is_over(state[0], epsilon)", body)
    writer.note("unfinished", node.span.line, alive)
    halts(em, node, alive, rest=True)
    return _result(em, loop, alive)


def _given(
    em: Emitter,
    loop: Round,
    test: Test,
    probed: Sequence[Term | None],
    outcome: int,
    used: set[int],
) -> list[Term | None]:
    """Return the sources given the test's outcome, where they are read after it."""
    found = conditioned(em, test, probed, [outcome], used, loop.node.sources + 1)
    return found[1:]


def _result(em: Emitter, loop: Round, rest: str) -> dict[int, Term]:
    """Write the results with what is alive at the bound, at the last state."""
    found = {}
    params = loop.node.stop.params[1 + loop.node.sources :]
    for p, code in loop.outs.items():
        t = loop.node.stop.types[p]
        whole = f"{code} + {weighed(rest, trail(t))} * {loop.names[p]}"
        found[p] = em.typed(loop.node, whole, t, hint=params[p].name)
    return found
