"""Source for loops that halt by weight, each row when its test says so.

In: a Loop node, its inputs as terms, the results wanted. Out: a term for each of those. Loops `by
act` and `by ponder` stand in `weighed`.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from diffprog.ir.compute import on_scalars, scalars
from diffprog.ir.graph import Const
from diffprog.soft.apart import stays_apart
from diffprog.soft.conditions import Test, conditioned, tested
from diffprog.soft.emitter import placed
from diffprog.soft.growth import is_tame
from diffprog.soft.live import live, loop_live
from diffprog.soft.round import Round, add, go_on, moment, region, sources_of, tame, written
from diffprog.soft.strides import Stride, strides
from diffprog.soft.watching import halts
from diffprog.soft.weighed import act, ponder
from diffprog.soft.writer import Term, const, weighed
from diffprog.types import Bool, trail

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from diffprog.ir.graph import Graph, Loop
    from diffprog.soft.emitter import Emitter


def loop_halting(
    em: Emitter, node: Loop, args: Sequence[Term | None], places: frozenset[int]
) -> dict[int, Term]:
    """Write a loop that halts by weight and return its wanted results."""
    short = _ends_alike(em, node, places)
    steady = strides(node, places) if short else {}
    needed = loop_live(node, places - steady.keys())
    state = needed.state
    fresh = em.writer.fresh
    params = node.stop.params[1 + node.sources :]
    names = {p: fresh(params[p].name) for p in state}
    outs = {p: fresh(f"{params[p].name}_out") for p in sorted(places - steady.keys())}
    rounds = node.rounds - short
    counter = fresh(node.probe.params[0].name)
    apart = _apart(em, node, args, state)
    loop = Round(node, args, state, needed.middle, names, outs, counter, rounds, apart)
    starts = {p: em.tensor(placed(args[p])) for p in {*state, *steady}}
    if node.halting.kind == "plain":
        return _plain(em, loop, starts, steady)
    return {"act": act, "ponder": ponder}[node.halting.kind](em, loop, starts)


def _apart(
    em: Emitter, node: Loop, args: Sequence[Term | None], state: Sequence[int]
) -> frozenset[int]:
    """Return the arrays of which rounds hand on the cells.

    What is compiled takes them whole, and so does what may have to keep rows as they were.
    """
    if em.tracing is not None or em.pieces is not None or em.writer.inspect:
        return frozenset()
    numbers = [a is not None and (a.number or a.value is not None) for a in args]
    found = stays_apart(node, state, numbers)
    return found if found and is_tame(node) else frozenset()


def _plain(
    em: Emitter, loop: Round, starts: dict[int, str], steady: dict[int, Stride]
) -> dict[int, Term]:
    """Write result = sum_k alive_k stop_k (state given stop) + the rest.

    Of what grows by a stride it is the start, and the stride times the expected number of rounds.
    """
    node, writer = loop.node, em.writer
    alive, trips = writer.fresh("alive"), writer.fresh("trips")
    harmless = tame(em, loop, starts)
    firsts = {alive: writer.one()} | ({trips: writer.zero()} if steady else {})

    opens = _opens(em, loop)

    def body() -> None:
        state, probed, test = _asked(em, loop, alive)
        with writer.block(f"if {loop.counter} > 0:") if opens else nullcontext():
            on, leaving = _parted(em, test, alive)
            halts(em, node, leaving)
            given = _given(em, loop, test, probed, 1, sources_of(loop, node.stop))
            with writer.reached(leaving):
                values = region(em, node.stop, loop.inputs(state, given), list(loop.outs))
            add(em, loop, dict.fromkeys(loop.outs, leaving), values)
            writer.line(f"{alive} = {on}")
        if steady:
            writer.line(f"{trips} = {trips} + going_on({alive}, epsilon)")

        def sources(graph: Graph) -> list[Term | None]:
            return _given(em, loop, test, probed, 0, sources_of(loop, graph))

        with writer.reached(alive):
            go_on(em, loop, state, sources, (alive, "epsilon"), harmless)

    written(em, loop, firsts, starts, "is_over(state[0], epsilon)", body)
    left = alive
    if loop.rounds < node.rounds:
        *_, test = _asked(em, replace(loop, counter=str(loop.rounds)), alive)
        left, _ = _parted(em, test, alive)
    writer.note("unfinished", node.span.line, left)
    halts(em, node, alive, rest=True)
    found = _result(em, loop, alive)
    for p, stride in steady.items():
        found[p] = _grown(em, loop, p, starts[p], stride, trips, harmless)
    return found


def _opens(em: Emitter, loop: Round) -> bool:
    """Say whether the first round is known to go on: then no weight leaves there.

    Rounds that are compiled some at a time are alike.
    """
    node = loop.node
    if em.tracing is not None or em.pieces is not None or em.writer.inspect:
        return False
    if node.before is not None:
        return False
    read = live(node.test).params(node.test)
    given = {1 + i: a.value for i, a in enumerate(loop.args) if a is not None}
    found = _known(node.probe, {0: 0, **given}, [i - 1 for i in read if i > 0])
    if found is None:
        return False
    asked = dict(zip((i for i in read if i > 0), found, strict=True))
    return _known(node.test, {0: 0, **asked}, [0]) == [False]


def _known(graph: Graph, given: Mapping[int, Any], wanted: Sequence[int]) -> list[Any] | None:
    """Return results of a region, where what they are made of are known finite scalars."""
    found = live(graph, wanted)
    nodes = [graph[n] for n in sorted(found.nodes)]
    if not on_scalars(nodes) or any(given.get(p) is None for p in found.params(graph)):
        return None
    values = scalars(graph, nodes, given)
    return [values[graph.results[place]] for place in wanted]


def _ends_alike(em: Emitter, node: Loop, places: Iterable[int]) -> bool:
    """Say whether what a loop's last test lets go and what it cuts off leave with the same state.

    Then both are one share of the result, and the test says no more than what is unfinished.
    """
    if em.tracing is not None or em.writer.inspect or node.halting.kind != "plain":
        return False
    if node.before is not None or node.rounds == 1:
        return False
    first = 1 + node.sources
    return all(g.results[p] == first + p for g in (node.stop, node.last) for p in places)


def _asked(em: Emitter, loop: Round, alive: str) -> tuple[dict[int, Term], list[Term | None], Test]:
    """Write a round up to its test; return the state there, what the test is given, and it."""
    with em.writer.reached(alive):
        state, probed, wanted = moment(em, loop)
        return state, probed, tested(em, loop.node.test, probed, loop.node.sources + 1, wanted)


def _parted(em: Emitter, test: Test, alive: str) -> tuple[str, str]:
    """Write how a test parts the weight; return the codes of what goes on and of what leaves."""
    writer, stop = em.writer, test.value.code
    go = writer.complement(stop)
    if not go.isidentifier():
        code = f"halting({alive}, {stop}, epsilon)"
        leaving = writer.assign("leaving", code, Bool(), pure=True).code
        return f"{alive} - {leaving}", leaving
    on = writer.assign("on", f"going({alive}, {go}, epsilon)", Bool()).code
    return on, writer.assign("leaving", f"{alive} - {on}", Bool(), pure=True).code


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


def _grown(
    em: Emitter, loop: Round, p: int, start: str, stride: Stride, trips: str, harmless: str
) -> Term:
    """Write the result of a value to which each round adds the same."""
    t, by = loop.node.stop.types[p], stride.node
    name = loop.node.stop.params[1 + loop.node.sources + p].name
    if isinstance(by, Const):
        step, harmless = em.tensor(const(by.value, by.type)), "True"
    else:
        step = em.tensor(placed(loop.args[by.id - 1 - loop.node.sources]))
    code = f"grown({start}, {weighed(trips, trail(t))}, {step}, {stride.sign}, {harmless})"
    return em.typed(loop.node, code, t, hint=name)


def _result(em: Emitter, loop: Round, rest: str) -> dict[int, Term]:
    """Write the results with what is alive at the bound, at the last state."""
    found = {}
    params = loop.node.stop.params[1 + loop.node.sources :]
    last = loop.terms(loop.names)
    for p, code in loop.outs.items():
        t = loop.node.stop.types[p]
        whole = f"{code} + {weighed(rest, trail(t))} * {em.tensor(last[p])}"
        found[p] = em.typed(loop.node, whole, t, hint=params[p].name)
    return found
