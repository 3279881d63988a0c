"""Loops in C: each round has a frame of its own on the tape, so that the reverse finds it.

In: a For or Loop node and its inputs as terms. Out: a term for each result. What is carried
stands at the head of a round's frame; a round writes the head of the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.ir.known import carried as known_carried
from diffprog.native.branches import keep, kept
from diffprog.native.conditions import conditioned, tested
from diffprog.native.slopes import ADDED, KEPT, KEPT_FINITE, LEAVING, STAYING
from diffprog.native.values import Number, Slot, UnsupportedError, item, room
from diffprog.native.writer import Frame
from diffprog.types import Bool, Int, Real

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import For, Graph, Loop
    from diffprog.native.conditions import Region
    from diffprog.native.values import Term
    from diffprog.native.writer import Writer

MOST_NUMBERS = 1 << 27
"""The most numbers of a row's tape."""


def _head(base: str, sizes: Sequence[int]) -> list[str]:
    places, at = [], 0
    for n in sizes:
        places.append(f"({base} + {at})")
        at += n
    return places


def _stretch(w: Writer, stride: int, rounds: int, head: int) -> str:
    """Return the place of a loop's frames, within what the tape may hold."""
    if stride * rounds > MOST_NUMBERS:
        message = f"a loop that keeps {stride * rounds:,} numbers (the limit is {MOST_NUMBERS:,})"
        raise UnsupportedError(message)
    return w.take(stride * rounds + head)


def loop_for(w: Writer, region: Region, node: For, args: Sequence[Term | None]) -> list[Term]:
    """Return the results of a loop over known bounds."""
    lo, hi = args[0], args[1]
    assert isinstance(lo, Number)
    assert isinstance(hi, Number)
    most, count = _trips(node, lo, hi)
    start = [a for a in args[2 : 2 + node.carried] if a is not None]
    if most == 0:
        return start
    stays = list(known_carried(node, [isinstance(a, Number) for a in args]))
    types = node.body.types
    sizes = [1 if s else room(t) for s, t in zip(stays, types, strict=True)]
    counter, frame, after = w.fresh("k"), w.fresh("f"), w.fresh("g")
    number = Number(counter, node.body.params[0].type)
    w.frames.append(Frame(frame, sum(sizes)))
    with w.block() as texts:
        held = [Slot(p, t) for p, t in zip(_head(frame, sizes), types, strict=True)]
        state = [kept(s, stay) for s, stay in zip(held, stays, strict=True)]
        results = region(node.body, [number, *state, *args[2 + node.carried :]])
        new = [Slot(p, t) for p, t in zip(_head(after, sizes), types, strict=True)]
        keep(w, new, results, stays)
    stride = w.frames.pop().size
    base = _stretch(w, stride, most, sum(sizes))
    keep(w, [Slot(p, t) for p, t in zip(_head(base, sizes), types, strict=True)], start, stays)
    inside = (
        f"const long {counter} = {lo.code} + n * {node.step}, {frame} = {base} + n * {stride}, "
        f"{after} = {frame} + {stride}; (void){counter}; (void){after};\n"
    )
    w.both(
        f"for (long n = 0, m = {count}; n < m; n++) {{ {inside}{texts[0]}\n}}",
        f"for (long n = {count} - 1; n >= 0; n--) {{ {inside}{texts[1]}\n}}",
    )
    ends = _head(f"{base} + {count} * {stride}", sizes)
    return [kept(Slot(p, t), s) for p, t, s in zip(ends, types, stays, strict=True)]


def _trips(node: For, lo: Number, hi: Number) -> tuple[int, str]:
    """Return the largest number of trips, and the C expression of their number."""
    if isinstance(lo.value, int) and isinstance(hi.value, int):
        n = len(range(lo.value, hi.value, node.step))
        return n, str(n)
    assert isinstance(lo.type, Int)
    assert isinstance(hi.type, Int)
    ends = (lo.type.lo, hi.type.hi - 1) if node.step > 0 else (lo.type.hi - 1, hi.type.lo)
    return len(range(*ends, node.step)), f"trips({lo.code}, {hi.code}, {node.step})"


def loop_halting(w: Writer, region: Region, node: Loop, args: Sequence[Term | None]) -> list[Term]:
    """Return result = sum_k alive_k stop_k (state given stop) + the rest."""
    if node.halting.kind != "plain":
        message = f"`by {node.halting.kind}`"
        raise UnsupportedError(message)
    types = node.stop.types
    sizes = [1, *(room(t) for t in types), *(room(t) for t in types)]
    counter, frame, after = w.fresh("k"), w.fresh("f"), w.fresh("g")
    w.frames.append(Frame(frame, sum(sizes)))
    with w.block() as texts:
        _round(w, region, node, args, counter, _head(frame, sizes), _head(after, sizes))
    stride = w.frames.pop().size
    base = _stretch(w, stride, node.rounds, sum(sizes))
    first, total = _head(base, sizes), len(types)
    w.store(first[0], "1")
    w.both(f"fill(v, {first[1]}, {sum(sizes[1 : 1 + total])}, 0);")
    for p in range(total):
        term = args[p]
        assert term is not None
        w.copy(first[1 + total + p], w.tensor(term).code, sizes[1 + total + p])
    count, last = w.take(1), node.rounds - 1
    inside = f"const long {frame} = {base} + {counter} * {stride}, {after} = {frame} + {stride};\n"
    done = f"{counter}++; if ({counter} <= {last} && over(v, {after}, E)) break;"
    w.both(
        f"{{ long {counter} = 0; while ({counter} <= {last}) {{ {inside}{texts[0]}\n{done} }}\n"
        f"fill(v, {count}, 1, (real){counter}); }}",
        f"for (long {counter} = (long)v[{count} * L] - 1; {counter} >= 0; {counter}--) "
        f"{{ {inside}{texts[1]}\n}}",
    )
    ends = _head(f"{base} + (long)v[{count} * L] * {stride}", sizes)
    w.note("unfinished", node.span.line, f"v[{ends[0]} * L + l]")
    found: list[Term] = []
    for p, t in enumerate(types):
        slot = w.slot(t)
        rest = [f"{ends[1 + p]} + j", ends[0], f"{ends[1 + total + p]} + j"]
        w.map(ADDED, slot.code, rest, room(t))
        found.append(slot)
    return found


def _round(
    w: Writer,
    region: Region,
    node: Loop,
    args: Sequence[Term | None],
    counter: str,
    now: Sequence[str],
    then: Sequence[str],
) -> None:
    """Write one round: test, what leaves, what goes on."""
    types, invariants = node.stop.types, args[node.carried :]
    n = len(types)
    number = Number(counter, node.probe.params[0].type)
    old = [Slot(p, t) for p, t in zip(now[1 + n :], types, strict=True)]
    state: list[Term] = list(old)
    sources = range(1, node.sources + 1)
    with w.reached(now[0]):
        if node.before is not None:
            state = region(node.before, [number, *state, *invariants])
        probed = region(node.probe, [number, *state, *invariants])
        test = tested(w, region, node.test, [number, *probed], sources)
    leaving = w.slot(Bool())
    w.map(LEAVING, leaving.code, [now[0], test.value.code])

    def part(graph: Graph, outcome: int) -> list[Term]:
        given = conditioned(test, [outcome], sources, graph)[: node.sources + 1]
        return region(graph, [*given, *state, *invariants])

    with w.reached(leaving.code):
        values = part(node.stop, 1)
    for p, (value, t) in enumerate(zip(values, types, strict=True)):
        rest = [f"{now[1 + p]} + j", leaving.code, f"{w.tensor(value).code} + j"]
        w.map(ADDED, then[1 + p], rest, room(t))
    w.map(STAYING, then[0], [now[0], test.value.code])
    forward, reverse = [], []
    for graph in (node.go, node.last):
        with w.block() as texts, w.reached(then[0]):
            for p, value in enumerate(part(graph, 0)):
                rule = KEPT if isinstance(item(types[p]), Real) else KEPT_FINITE
                kept_ = [f"{w.tensor(value).code} + j", f"{old[p].code} + j", then[0]]
                w.map(rule, then[1 + n + p], kept_, room(types[p]))
        forward.append(texts[0])
        reverse.append(texts[1])
    ask = f"if ({counter} < {node.rounds - 1})"
    w.both(*(f"{ask} {{\n{a}\n}} else {{\n{b}\n}}" for a, b in (forward, reverse)))
