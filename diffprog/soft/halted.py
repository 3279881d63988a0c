"""Source for loops that halt by weight.

In: a Loop node, its inputs as terms, the results wanted. Out: a term for each of those. A round is
a local function of the weight that is still alive, of the results so far and of the state.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffprog.soft.conditions import Test, conditioned, tested
from diffprog.soft.emitter import placed
from diffprog.soft.live import live, loop_live
from diffprog.soft.watching import halts, rounds
from diffprog.soft.writer import Term, assign_all, item, row_of, weighed
from diffprog.types import Real, trail

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diffprog.ir.graph import Graph, Loop
    from diffprog.soft.emitter import Emitter


@dataclass(frozen=True)
class _Round:
    """One loop being written.

    Its live carried values, their names in a round, the counter's, the inputs.
    """

    node: Loop
    args: Sequence[Term | None]
    state: tuple[int, ...]
    middle: tuple[int, ...]
    names: dict[int, str]
    outs: dict[int, str]
    counter: str

    @property
    def number(self) -> Term:
        """The counter, as what each region is given first."""
        return Term(self.counter, self.node.probe.params[0].type, number=True)

    def inputs(
        self, state: dict[int, Term], sources: Sequence[Term | None] = ()
    ) -> list[Term | None]:
        """Return a region's inputs: counter, sources, carried values, invariants."""
        values = [state.get(p) for p in range(self.node.carried)]
        return [self.number, *sources, *values, *self.args[self.node.carried :]]

    def terms(self, names: dict[int, str]) -> dict[int, Term]:
        """Return carried values under the given names."""
        types = self.node.stop.types
        return {p: Term(names[p], types[p]) for p in self.state}


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
    loop = _Round(node, args, state, needed.middle, names, outs, fresh(node.probe.params[0].name))
    starts = {p: em.tensor(placed(args[p])) for p in state}
    write = {"plain": _plain, "act": _act, "ponder": _ponder}[node.halting.kind]
    return write(em, loop, starts)


def _region(
    em: Emitter, graph: Graph, inputs: Sequence[Term | None], wanted: Sequence[int]
) -> dict[int, Term]:
    found = em.region(graph, inputs, wanted)
    return {p: Term(em.tensor(placed(found[p])), graph.types[p]) for p in wanted}


def _moment(em: Emitter, loop: _Round) -> tuple[dict[int, Term], list[Term | None], set[int]]:
    """Write a round up to its test.

    Returns:
        The state there, what the test is given, and which of that is read after the test.
    """
    node, state = loop.node, loop.terms(loop.names)
    if node.before is not None:
        state = _region(em, node.before, loop.inputs(state), loop.middle)
    wanted = _sources(loop, node.stop) | _sources(loop, node.go) | _sources(loop, node.last)
    asked = {i - 1 for i in wanted | set(live(node.test).params(node.test)) if i > 0}
    probed = em.region(node.probe, loop.inputs(state), sorted(asked))
    return state, [loop.number, *probed], wanted


def _go(
    em: Emitter,
    loop: _Round,
    state: dict[int, Term],
    sources: Sequence[Term | None],
    alive: tuple[str, str],
) -> None:
    """Write the way into the next round; rows that have halted keep the state they came with."""
    node, last = loop.node, loop.node.rounds - 1
    old = loop.terms(loop.names)

    def part(graph: Graph) -> None:
        new = _region(em, graph, loop.inputs(state, sources), loop.state)
        moved = []
        for p, term in new.items():
            keep = "kept" if isinstance(item(term.type), Real) else "kept_finite"
            arguments = f"{term.code}, {old[p].code}, {trail(term.type)}"
            if term.code != old[p].code:
                moved.append((old[p].code, f"{keep}({', '.join(alive)}, {arguments})"))
        if moved:
            assign_all(em.writer, *zip(*moved, strict=True))

    if last == 0 or _same(node.go, node.last):
        part(node.last)
        return
    with em.writer.block(f"if {loop.counter} < {last}:"):
        part(node.go)
    with em.writer.block("else:"):
        part(node.last)


def _same(a: Graph, b: Graph) -> bool:
    return a.nodes == b.nodes and a.results == b.results


def _write(
    em: Emitter,
    loop: _Round,
    scalars: dict[str, str],
    starts: dict[int, str],
    over: str,
    body: Callable[[], None],
) -> None:
    """Write the loop around a round: its function, the first state, and the call of the driver."""
    writer = em.writer
    names = [*scalars, *loop.outs.values(), *loop.names.values()]
    function = writer.fresh("round_of")
    head = f"def {function}(report, {', '.join([loop.counter, *names])}):"
    with writer.block(head), rounds(em, loop.terms(loop.names).values(), loop.node.span):
        body()
        writer.line(f"return {row_of(names)}")
    first = [*scalars.values(), *("0.0" for _ in loop.outs), *(starts[p] for p in loop.state)]
    counters = f"range({loop.node.rounds})"
    writer.line(f"{row_of(names)} = rolled(")
    for argument in (function, counters, row_of(first), "report", f"lambda state: {over}"):
        writer.line(f"    {argument},")
    writer.line(")")


def _add(em: Emitter, loop: _Round, weights: dict[int, str], values: dict[int, Term]) -> None:
    for p, term in values.items():
        weight = weighed(weights[p], trail(term.type))
        em.writer.line(f"{loop.outs[p]} = {loop.outs[p]} + {weight} * {term.code}")


def _result(em: Emitter, loop: _Round, rest: str | None) -> dict[int, Term]:
    found = {}
    params = loop.node.stop.params[1 + loop.node.sources :]
    for p, code in loop.outs.items():
        t = loop.node.stop.types[p]
        if rest is None:
            found[p] = Term(code, t)
        else:
            whole = f"{code} + {weighed(rest, trail(t))} * {loop.names[p]}"
            found[p] = em.typed(loop.node, whole, t, hint=params[p].name)
    return found


def _plain(em: Emitter, loop: _Round, starts: dict[int, str]) -> dict[int, Term]:
    """Write result = sum_k alive_k stop_k (state given stop) + the rest."""
    node, writer = loop.node, em.writer
    alive, leaving = writer.fresh("alive"), writer.fresh("leaving")

    def body() -> None:
        with writer.reached(alive):
            state, probed, wanted = _moment(em, loop)
            test = tested(em, node.test, probed, node.sources + 1, wanted)
        stop = test.value.code
        writer.line(f"{leaving} = halting({alive}, {stop}, epsilon)")
        halts(em, node, leaving)
        given = _given(em, loop, test, probed, 1, _sources(loop, node.stop))
        with writer.reached(leaving):
            values = _region(em, node.stop, loop.inputs(state, given), list(loop.outs))
        _add(em, loop, dict.fromkeys(loop.outs, leaving), values)
        writer.line(f"{alive} = going({alive}, {stop}, epsilon)")
        asked = _sources(loop, node.go) | _sources(loop, node.last)
        given = _given(em, loop, test, probed, 0, asked)
        with writer.reached(alive):
            _go(em, loop, state, given, (alive, "epsilon"))

    _write(em, loop, {alive: "like.new_ones(())"}, starts, "is_over(state[0], epsilon)", body)
    writer.note("unfinished", node.span.line, alive)
    halts(em, node, alive, rest=True)
    return _result(em, loop, alive)


def _unconditioned(loop: _Round, state: dict[int, Term]) -> list[Term | None]:
    """Return the inputs of a region after the test where nothing is conditioned."""
    return loop.inputs(state, [None] * loop.node.sources)


def _given(
    em: Emitter,
    loop: _Round,
    test: Test,
    probed: Sequence[Term | None],
    outcome: int,
    used: set[int],
) -> list[Term | None]:
    """Return the sources given the test's outcome, where they are read after it."""
    found = conditioned(em, test, probed, [outcome], used, loop.node.sources + 1)
    return found[1:]


def _sources(loop: _Round, graph: Graph) -> set[int]:
    wanted = loop.outs if graph is loop.node.stop else loop.state
    used = live(graph, wanted).params(graph)
    return {i for i in used if 0 < i <= loop.node.sources}


def _act(em: Emitter, loop: _Round, starts: dict[int, str]) -> dict[int, Term]:
    """Write Graves' rule (2016, eqs. 6 to 9): weights up to 1 - epsilon, then the remainder.

    What is finite cannot be a weighted sum of steps: it is as in the last one, like the
    interpreter's.
    """
    node, writer = loop.node, em.writer
    names = ("total", "active", "cost", "unhalted", "weight", "ends")
    total, active, cost, unhalted, weight, ends = map(writer.fresh, names)
    taken = f"{loop.counter} + 1" if node.before is not None else loop.counter

    def body() -> None:
        with writer.reached(active):
            state, probed, wanted = _moment(em, loop)
            unit = tested(em, node.test, probed, 0, wanted).value.code
            values = _region(em, node.stop, _unconditioned(loop, state), list(loop.outs))
        last = f"{loop.counter} == {node.rounds - 1}"
        limit = f"{total}, {active}, {unit}, {node.halting.number!r}, {last}"
        writer.line(f"{weight}, {ends}, missing = act_weights({limit})")
        halts(em, node, f"{weight} * (1 - {ends})", f"{weight} * {ends}")
        types = node.stop.types
        weights = {p: weight if isinstance(item(types[p]), Real) else ends for p in loop.outs}
        _add(em, loop, weights, values)
        writer.line(f"{cost} = {cost} + {ends} * ({taken} + 1 - {total})")
        writer.line(f"{unhalted} = {unhalted} + missing")
        writer.line(f"{total}, {active} = {total} + {active} * {unit}, {active} - {ends}")
        with writer.reached(active):
            _go(em, loop, state, [None] * node.sources, (active, "0"))

    zero, one = "like.new_zeros(())", "like.new_ones(())"
    scalars = {active: one, total: zero, cost: zero, unhalted: zero}
    _write(em, loop, scalars, starts, "is_over(state[0], 0)", body)
    writer.note("unfinished", node.span.line, unhalted)
    writer.note("costs", node.span.line, cost)
    return _result(em, loop, None)


def _ponder(em: Emitter, loop: _Round, starts: dict[int, str]) -> dict[int, Term]:
    """Write PonderNet (Banino 2021): stop probabilities, and how far they are from the prior."""
    node, writer = loop.node, em.writer
    names = ("alive", "leaving", "share", "cost", "unhalted")
    alive, leaving, share, cost, unhalted = map(writer.fresh, names)
    prior = node.halting.number
    slope = math.log1p(-prior)
    base = math.log(prior) - math.log(-math.expm1(node.rounds * slope))

    def body() -> None:
        with writer.reached(alive):
            state, probed, wanted = _moment(em, loop)
            unit = tested(em, node.test, probed, 0, wanted).value.code
            values = _region(em, node.stop, _unconditioned(loop, state), list(loop.outs))
        last = node.rounds - 1
        writer.line(f"{leaving} = {alive} * {unit} if {loop.counter} < {last} else {alive}")
        writer.line(f"{share} = stopping({alive}, {leaving}, T)")
        _add(em, loop, dict.fromkeys(loop.outs, share), values)
        writer.line(
            f"{cost} = {cost} + divergence({leaving}, {base!r} + {loop.counter} * {slope!r})"
        )
        with writer.block(f"if {loop.counter} == {last}:"):
            writer.line(f"{unhalted} = unstopped({alive} * (1 - {unit}), T)")
        halts(em, node, f"{leaving} - {unhalted}", unhalted)
        writer.line(f"{alive} = {alive} * (1 - {unit}) if {loop.counter} < {last} else 0 * {alive}")
        with writer.reached(alive):
            _go(em, loop, state, [None] * node.sources, (alive, "0"))

    zero = "like.new_zeros(())"
    scalars = {alive: "like.new_ones(())", cost: zero, unhalted: zero}
    _write(em, loop, scalars, starts, "is_over(state[0], 0)", body)
    writer.note("unfinished", node.span.line, unhalted)
    writer.note("costs", node.span.line, cost)
    return _result(em, loop, None)
