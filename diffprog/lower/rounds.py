"""The loops of the typed tree, as `For` and `Loop` nodes.

In: a loop statement and the region it stands in. Out: the region's variables after it. What
goes round is what the body assigns, and the finite variables that the test reads: each test
says something about them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.ir.graph import Apply, Halting, NodeId
from diffprog.lang import typed
from diffprog.lang.walk import within
from diffprog.lower.loops import Carried, for_known, loop
from diffprog.lower.value import Val, flat, flat_types
from diffprog.lower.variables import bind, values
from diffprog.ops import OPS
from diffprog.types import REAL, Array, Bool, Enum, Int, Real, Tuple, Type, Value, is_finite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.errors import Span
    from diffprog.lower.expressions import Lowering
    from diffprog.lower.region import Region


def _carried(region: Region, names: typed.Merged, span: Span) -> Carried:
    types = [u for _, t in names for u in flat_types(t)]
    labels = [name for name, t in names for _ in flat_types(t)]
    return Carried(labels, types, values(region, names, span))


def for_loop(low: Lowering, region: Region, s: typed.For) -> None:
    """Run a `for` over a range: known trips, or a loop whose test says how long."""
    lo, hi = low.node(region, s.lo), low.node(region, s.hi)
    if not (region.known[lo] and region.known[hi]):
        _for_uncertain(low, region, s, lo, hi)
        return

    def enter(body: Region, params: Sequence[NodeId], at: NodeId) -> None:
        bind(body, s.carried, params)
        body.assign(s.name, at)

    def step(body: Region) -> list[NodeId]:
        low.run_body(low, body, s.body)
        return values(body, s.carried, s.span)

    carried = _carried(region, s.carried, s.span)
    counter = (s.name, s.counter)
    after = for_known(region, (lo, hi, s.step), counter, carried, enter, step, s.span)
    bind(region, s.carried, after)


def for_each_loop(low: Lowering, region: Region, s: typed.ForEach) -> None:
    """Run a `for` over the leading axis of an array."""
    array = low.node(region, s.array)
    t = region.type(array)
    assert isinstance(t, Array)
    count = t.shape[0]
    lo = region.const(0, Int(0, 1), s.span)
    hi = region.const(count, Int(count, count + 1), s.span)

    def enter(body: Region, params: Sequence[NodeId], at: NodeId) -> None:
        bind(body, s.carried, params)
        body.assign(s.name, body.read(body.bring(array), (None,), [at], s.item, s.span))

    def step(body: Region) -> list[NodeId]:
        low.run_body(low, body, s.body)
        return values(body, s.carried, s.span)

    carried = _carried(region, s.carried, s.span)
    counter = ("step", Int(0, count))
    bind(region, s.carried, for_known(region, (lo, hi, 1), counter, carried, enter, step, s.span))


def _for_uncertain(low: Lowering, region: Region, s: typed.For, lo: NodeId, hi: NodeId) -> None:
    """A `for` with an uncertain bound is a loop that halts by weight.

    The bounds are carried, because each round's test says something about them. Where the first
    is known the counter is known in every round; otherwise it is carried too.
    """
    low_t, high_t = region.type(lo), region.type(hi)
    assert isinstance(low_t, Int)
    assert isinstance(high_t, Int)
    counter = s.counter
    assert isinstance(counter, Int)
    up = s.step > 0
    span = s.span
    first, last = (low_t.lo, high_t.hi - 1) if up else (low_t.hi - 1, high_t.lo)
    rounds = max(0, -(-(last - first) // s.step)) + 1
    wide = Int(
        min(low_t.lo, counter.lo + min(0, s.step)), max(low_t.hi, counter.hi + max(0, s.step))
    )
    started = region.known[lo]
    bound, place = f"hi#{span.start}", f"i#{span.start}"
    hidden: typed.Merged = ((bound, high_t), *(() if started else ((place, wide),)))
    region.assign(bound, hi)
    region.assign(place, region.convert(lo, wide, span))
    names = (*s.carried, *hidden)

    def at(body: Region, clock: NodeId) -> NodeId:
        if not started:
            return body.node_of(place)
        gone = _apply(body, "mul", [clock, body.const(s.step, Int(s.step, s.step + 1), span)], span)
        return _apply(body, "add", [body.bring(lo), gone], span)

    def enter(body: Region, params: Sequence[NodeId], clock: NodeId) -> None:
        bind(body, names, params)
        body.assign(s.name, at(body, clock))

    def test(body: Region) -> NodeId:
        return _apply(body, "ge" if up else "le", [body.node_of(s.name), body.node_of(bound)], span)

    def step(body: Region) -> list[NodeId]:
        here = body.node_of(s.name)
        body.assign(s.name, _inside(body, here, counter, span, started=started))
        low.run_body(low, body, s.body)
        if not started:
            body.assign(place, _next(body, s, counter, wide, here))
        return values(body, names, span)

    carried = _carried(region, names, span)
    after = loop(region, carried, enter, rounds, Halting(), None, test, step, span)
    bind(region, s.carried, after)


def _next(body: Region, s: typed.For, counter: Int, wide: Int, here: NodeId) -> NodeId:
    inside = _inside(body, here, counter, s.span, started=False)
    step = body.const(s.step, Int(s.step, s.step + 1), s.span)
    return body.convert(_apply(body, "add", [inside, step], s.span), wide, s.span)


def _inside(body: Region, here: NodeId, counter: Int, span: Span, *, started: bool) -> NodeId:
    """Return the counter within the range in which the body was checked.

    A known counter runs on in rounds that no mass reaches any more; there it stays at the end
    of its range.
    """
    if not started:
        return body.add(Apply(op="narrow", inputs=(here,), type=counter, span=span))
    low = body.const(counter.lo, Int(counter.lo, counter.lo + 1), span)
    high = body.const(counter.hi - 1, Int(counter.hi - 1, counter.hi), span)
    return body.add(Apply(op="clamp", inputs=(here, low, high), type=counter, span=span))


def _apply(region: Region, op: str, inputs: Sequence[NodeId], span: Span) -> NodeId:
    t = OPS[op].rule([region.type(i) for i in inputs])
    return region.add(Apply(op=op, inputs=tuple(inputs), type=t, span=span))


def _read_by(region: Region, test: typed.Expr, kind: str) -> typed.Merged:
    """Return the finite variables that a test reads.

    They are carried, since each test says something of them.
    """
    if kind != "plain":
        return ()
    found = {
        e.name: e.type
        for e in within([test])
        if isinstance(e, typed.Var) and is_finite(e.type) and region.has(e.name)
    }
    return tuple((n, t) for n, t in found.items() if not _is_known(region, n))


def _is_known(region: Region, name: str) -> bool:
    return all(region.known[n] for n in flat(region.get(name)))


def while_loop(low: Lowering, region: Region, s: typed.While) -> None:
    """Run a `while`."""
    own = dict(s.carried)
    read = tuple((n, t) for n, t in _read_by(region, s.test, s.halting.kind) if n not in own)
    names = (*s.carried, *read)

    def enter(body: Region, params: Sequence[NodeId], at: NodeId) -> None:
        bind(body, names, params)

    def test(body: Region) -> NodeId:
        return _stop(low, body, s.test, s.halting.kind, negate=True)

    def step(body: Region) -> list[NodeId]:
        low.run_body(low, body, s.body)
        return values(body, names, s.span)

    halting = Halting(s.halting.kind, s.halting.number)
    carried = _carried(region, names, s.span)
    after = loop(region, carried, enter, s.max + 1, halting, None, test, step, s.span)
    bind(region, s.carried, after)


def repeat_loop(low: Lowering, region: Region, s: typed.Repeat) -> None:
    """Run a `repeat`."""
    own = dict(s.carried)
    read = tuple((n, t) for n, t in _read_by(region, s.until, s.halting.kind) if n not in own)
    inner = tuple(
        (e.name, e.type)
        for e in within([s.until])
        if isinstance(e, typed.Var) and e.name not in own and not region.has(e.name)
    )
    names = (*s.carried, *read, *dict.fromkeys(inner))
    for name, t in dict(inner).items():
        # Never read before the body assigns it; it needs a value to go round with.
        region.assign(name, _blank(region, t, s.span))

    def enter(body: Region, params: Sequence[NodeId], at: NodeId) -> None:
        bind(body, names, params)

    def step(body: Region) -> list[NodeId]:
        low.run_body(low, body, s.body)
        return values(body, names, s.span)

    def test(body: Region) -> NodeId:
        return _stop(low, body, s.until, s.halting.kind, negate=False)

    halting = Halting(s.halting.kind, s.halting.number)
    carried = _carried(region, names, s.span)
    after = loop(region, carried, enter, s.max, halting, step, test, None, s.span)
    for name in dict(inner):
        del region.scope.values[name]
    bind(region, s.carried, after)


def _stop(low: Lowering, body: Region, test: typed.Expr, kind: str, *, negate: bool) -> NodeId:
    """Return whether to stop; for `act` and `ponder` the halting unit, a real.

    That of a test that is no chance is its truth, 0 or 1.
    """
    if kind != "plain" and isinstance(test, typed.Apply) and test.op == "chance":
        unit = low.node(body, test.args[0])
        number = body.convert(unit, REAL, test.span)
        if not negate:
            return number
        one = body.const(1.0, REAL, test.span)
        return _apply(body, "sub", [one, number], test.span)
    stop = low.node(body, test)
    stop = _apply(body, "not", [stop], test.span) if negate else stop
    if kind == "plain":
        return stop
    return body.convert(_apply(body, "int", [stop], test.span), REAL, test.span)


def _blank(region: Region, t: Type, span: Span) -> Val:
    if isinstance(t, Tuple):
        return tuple(_blank(region, u, span) for u in t.items)
    return region.const(_first(t), t, span)


def _first(t: Type) -> Value:
    match t:
        case Array(shape, item):
            value = _first(item)
            for n in reversed(shape):
                value = [value] * n
            return value
        case Real():
            return 0.0
        case Tuple():
            message = "a tuple has no first value"
            raise TypeError(message)
        case Bool() | Int() | Enum():
            return t.values()[0]
