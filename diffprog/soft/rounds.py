"""Source for loops: `for` over known bounds, and loops that halt by weight.

In: a For or Loop node, its inputs as terms, the results wanted. Out: a term for each of those.
Loops are Python loops and are never unrolled; a long one is a local function, so that its
states can be computed again for the backward pass.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffprog.ir.known import carried as known_carried
from diffprog.soft.conditions import conditioned, tested
from diffprog.soft.emitter import placed
from diffprog.soft.halting import LONG
from diffprog.soft.live import carried, live, loop_inputs
from diffprog.soft.writer import Term, item, weighed
from diffprog.types import Int, Real, trail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import For, Graph, Loop
    from diffprog.soft.emitter import Emitter


def loop_for(
    em: Emitter, node: For, args: Sequence[Term | None], places: frozenset[int]
) -> dict[int, Term]:
    """Write a `for` and return its wanted results."""
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
    if trips(node, args) <= LONG:
        with em.writer.block(f"for {counter} in range({bounds}):"):
            results = em.region(node.body, inputs, list(inner))
            codes = [_code(em, placed(results[p]), t) for p, t in inner.items()]
            changed = [(n, c) for n, c in zip(names, codes, strict=True) if n != c]
            if changed:
                left, right = zip(*changed, strict=True)
                em.writer.line(f"{', '.join(left)} = {', '.join(right)}")
        return
    function = em.writer.fresh("step")
    with em.writer.block(f"def {function}(report, {', '.join([counter, *names])}):"):
        results = em.region(node.body, inputs, list(inner))
        codes = [_code(em, placed(results[p]), t) for p, t in inner.items()]
        em.writer.line(f"return {_tuple(codes)}")
    state = _tuple(names)
    em.writer.line(f"{state} = rolled({function}, range({bounds}), {state}, report)")


def _tuple(codes: Sequence[str]) -> str:
    return f"({', '.join(codes)}{',' if len(codes) == 1 else ''})"


# --- loops that halt by weight ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Round:
    """One loop being written.

    Its live carried values, their names in a round, the counter's, the inputs.
    """

    node: Loop
    args: Sequence[Term | None]
    state: list[int]
    names: dict[int, str]
    outs: dict[int, str]
    counter: str

    def inputs(
        self, state: dict[int, Term], sources: Sequence[Term | None] = ()
    ) -> list[Term | None]:
        """Return what a region of the round is given.

        Counter, sources, carried values, invariants.
        """
        counter = Term(self.counter, self.node.probe.params[0].type, number=True)
        values = [state.get(p) for p in range(self.node.carried)]
        return [counter, *sources, *values, *self.args[self.node.carried :]]

    def terms(self, names: dict[int, str]) -> dict[int, Term]:
        """Return carried values under the given names."""
        types = self.node.stop.types
        return {p: Term(names[p], types[p]) for p in self.state}


def loop_halting(
    em: Emitter, node: Loop, args: Sequence[Term | None], places: frozenset[int]
) -> dict[int, Term]:
    """Write a loop that halts by weight and return its wanted results."""
    state = sorted(p for p in loop_inputs(node, places) if p < node.carried)
    fresh = em.writer.fresh
    params = node.stop.params[1 + node.sources :]
    names = {p: fresh(params[p].name) for p in state}
    outs = {p: fresh(f"{params[p].name}_out") for p in state}
    loop = _Round(node, args, state, names, outs, fresh(node.probe.params[0].name))
    starts = {p: em.tensor(placed(args[p])) for p in state}
    return {"plain": _plain, "act": _act, "ponder": _ponder}[node.halting.kind](
        em, loop, starts, places
    )


def _region(
    em: Emitter, loop: _Round, graph: Graph, inputs: Sequence[Term | None]
) -> dict[int, Term]:
    found = em.region(graph, inputs, loop.state)
    return {p: Term(em.tensor(placed(found[p])), graph.types[p]) for p in loop.state}


def _moment(em: Emitter, loop: _Round) -> tuple[dict[int, Term], list[Term | None], set[int]]:
    """Write a round up to its test.

    The state there, what the test is given, and which sources are read after.
    """
    node, state = loop.node, loop.terms(loop.names)
    if node.before is not None:
        state = _region(em, loop, node.before, loop.inputs(state))
    wanted: set[int] = set()
    for graph in (node.stop, node.go, node.last):
        wanted |= {i - 1 for i in live(graph, loop.state).params(graph) if 0 < i <= node.sources}
    asked = sorted(wanted | set(live(node.test).params(node.test)))
    return state, em.region(node.probe, loop.inputs(state), asked), wanted


def _go(
    em: Emitter,
    loop: _Round,
    state: dict[int, Term],
    sources: Sequence[Term | None],
    alive: tuple[str, str],
) -> None:
    """Write the way into the next round; rows that have halted keep their state."""
    node, old = loop.node, state
    last = node.rounds - 1

    def part(graph: Graph) -> None:
        new = _region(em, loop, graph, loop.inputs(old, sources))
        for p, term in new.items():
            depth = trail(term.type)
            frozen = f"kept({alive[0]}, {alive[1]}, {term.code}, {old[p].code}, {depth})"
            plain = alive[1] == "0" and not isinstance(item(term.type), Real)
            code = term.code if plain or term.code == old[p].code else frozen
            if code != loop.names[p]:
                moved.append((loop.names[p], code))
        if moved:
            left, right = zip(*moved, strict=True)
            em.writer.line(f"{', '.join(left)} = {', '.join(right)}")

    moved: list[tuple[str, str]] = []
    if last == 0:
        part(node.last)
        return
    with em.writer.block(f"if {loop.counter} < {last}:"):
        part(node.go)
    moved = []
    with em.writer.block("else:"):
        part(node.last)


def _write(
    em: Emitter,
    loop: _Round,
    scalars: dict[str, str],
    starts: dict[int, str],
    over: str,
    body: object,
) -> None:
    """Write the loop around a round.

    Its function, the first state, and the call of the driver.
    """
    assert callable(body)
    names = [
        *scalars,
        *(loop.outs[p] for p in loop.state),
        *(loop.names[p] for p in loop.state),
    ]
    function = em.writer.fresh("round_of")
    with em.writer.block(f"def {function}(report, {', '.join([loop.counter, *names])}):"):
        body()
        em.writer.line(f"return {_tuple(names)}")
    first = [*scalars.values(), *("0.0" for _ in loop.state), *(starts[p] for p in loop.state)]
    rounds = f"range({loop.node.rounds})"
    em.writer.line(f"{_tuple(names)} = rolled(")
    em.writer.line(f"    {function}, {rounds}, {_tuple(first)}, report, lambda state: {over}")
    em.writer.line(")")


def _add(em: Emitter, loop: _Round, weights: dict[int, str], values: dict[int, Term]) -> None:
    for p, term in values.items():
        weight = weighed(weights[p], trail(term.type))
        em.writer.line(f"{loop.outs[p]} = {loop.outs[p]} + {weight} * {term.code}")


def _result(em: Emitter, loop: _Round, places: frozenset[int], rest: str | None) -> dict[int, Term]:
    found = {}
    for p in sorted(places):
        t = loop.node.stop.types[p]
        code = loop.outs[p]
        if rest is not None:
            code = f"{code} + {weighed(rest, trail(t))} * {loop.names[p]}"
        found[p] = em.typed(
            loop.node, code, t, hint=loop.node.stop.params[1 + loop.node.sources + p].name
        )
    return found


def _plain(
    em: Emitter, loop: _Round, starts: dict[int, str], places: frozenset[int]
) -> dict[int, Term]:
    """Write result = sum_k alive_k stop_k (state given stop) + the rest."""
    node, writer = loop.node, em.writer
    alive, leaving = writer.fresh("alive"), writer.fresh("leaving")

    def body() -> None:
        with writer.reached(alive):
            state, probed, wanted = _moment(em, loop)
            test = tested(em, node.test, probed, node.sources, wanted)
        stop = writer.assign("stop", test.value.code, test.value.type).code
        writer.line(f"{leaving} = halting({alive}, {stop}, epsilon)")
        given = conditioned(em, test, probed, [1], _sources(loop, node.stop), node.sources)
        with writer.reached(leaving):
            values = _region(em, loop, node.stop, loop.inputs(state, given))
        _add(em, loop, dict.fromkeys(loop.state, leaving), values)
        writer.line(f"{alive} = going({alive}, {stop}, epsilon)")
        asked = _sources(loop, node.go) | _sources(loop, node.last)
        given = conditioned(em, test, probed, [0], asked, node.sources)
        with writer.reached(alive):
            _go(em, loop, state, given, (alive, "epsilon"))

    _write(em, loop, {alive: "like.new_ones(())"}, starts, "is_over(state[0], epsilon)", body)
    writer.note("unfinished", node.span.line, alive)
    return _result(em, loop, places, alive)


def _sources(loop: _Round, graph: Graph) -> set[int]:
    used = live(graph, loop.state).params(graph)
    return {i - 1 for i in used if 0 < i <= loop.node.sources}


def _act(
    em: Emitter, loop: _Round, starts: dict[int, str], places: frozenset[int]
) -> dict[int, Term]:
    """Write Graves' rule (2016, eqs. 6 to 9): weights until 1 - epsilon, the remainder to the last step.

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
            values = _region(em, loop, node.stop, loop.inputs(state))
        last = f"{loop.counter} == {node.rounds - 1}"
        limit = f"{total}, {active}, {unit}, {node.halting.number!r}, {last}"
        writer.line(f"{weight}, {ends}, missing = act_weights({limit})")
        types = node.stop.types
        weights = {p: weight if isinstance(item(types[p]), Real) else ends for p in loop.state}
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
    return _result(em, loop, places, None)


def _ponder(
    em: Emitter, loop: _Round, starts: dict[int, str], places: frozenset[int]
) -> dict[int, Term]:
    """Write PonderNet (Banino 2021).

    Stop probabilities, and their divergence from a truncated geometric prior.
    """
    node, writer = loop.node, em.writer
    alive, leaving, cost, unhalted = map(writer.fresh, ("alive", "leaving", "cost", "unhalted"))
    prior = node.halting.number
    slope = math.log1p(-prior)
    base = math.log(prior) - math.log(-math.expm1(node.rounds * slope))

    def body() -> None:
        with writer.reached(alive):
            state, probed, wanted = _moment(em, loop)
            unit = tested(em, node.test, probed, 0, wanted).value.code
            values = _region(em, loop, node.stop, loop.inputs(state))
        last = node.rounds - 1
        writer.line(f"{leaving} = {alive} * {unit} if {loop.counter} < {last} else {alive}")
        _add(em, loop, dict.fromkeys(loop.state, leaving), values)
        writer.line(
            f"{cost} = {cost} + divergence({leaving}, {base!r} + {loop.counter} * {slope!r})"
        )
        with writer.block(f"if {loop.counter} == {last}:"):
            writer.line(f"{unhalted} = {alive} * (1 - {unit})")
        writer.line(f"{alive} = {alive} * (1 - {unit}) if {loop.counter} < {last} else 0 * {alive}")
        with writer.reached(alive):
            _go(em, loop, state, [None] * node.sources, (alive, "0"))

    zero = "like.new_zeros(())"
    scalars = {alive: "like.new_ones(())", cost: zero, unhalted: zero}
    _write(em, loop, scalars, starts, "is_over(state[0], 0)", body)
    writer.note("unfinished", node.span.line, unhalted)
    writer.note("costs", node.span.line, cost)
    return _result(em, loop, places, None)
