"""Loops in C: each round has a frame of its own on the tape, so that the reverse finds it.

In: a For or Loop node and its inputs as terms. Out: a term for each result. What is carried lies
in one place and is written over by each round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.ir.known import carried as known_carried
from diffprog.native.branches import kept, put
from diffprog.native.conditions import conditioned, tested
from diffprog.native.places import copied
from diffprog.native.slopes import ADDED, KEPT, KEPT_FINITE, LEAVING, STAYING
from diffprog.native.values import Number, Slot, UnsupportedError, item, room, value, values
from diffprog.types import Bool, Int, Real

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import For, Graph, Loop
    from diffprog.native.blocks import Block, Piece
    from diffprog.native.conditions import Region
    from diffprog.native.places import Free
    from diffprog.native.values import Term
    from diffprog.native.writer import Writer


def loop_for(
    w: Writer, region: Region, node: For, args: Sequence[Term | None], *, free: Free
) -> list[Term]:
    """Return the results of a loop over known bounds."""
    lo, hi = args[0], args[1]
    assert isinstance(lo, Number)
    assert isinstance(hi, Number)
    most, count = _trips(node, lo, hi)
    start = [a for a in args[2 : 2 + node.carried] if a is not None]
    if most == 0:
        return start
    stays = list(known_carried(node, [isinstance(a, Number) for a in args]))
    invariants = args[2 + node.carried :]
    state = _carried(w, start, stays, invariants, free)
    for s in state:
        w.facts.forget(s.code)
    counter, frame, n = w.fresh("k"), w.fresh("f"), w.fresh("n")
    number = Number(counter, node.body.params[0].type)
    with w.block(frame=frame, rounds=most) as body:
        given = [kept(s) if stay else s for s, stay in zip(state, stays, strict=True)]
        results = region(
            node.body, [number, *given, *invariants], [s.base for s in state if isinstance(s, Slot)]
        )
        _advance(w, state, results, stays)
    inside = f"const long {counter} = {lo.code} + {n} * {node.step}; {_frame(w, body, n)}"
    w.both(
        [f"for (long {n} = 0, m = {count}; {n} < m; {n}++) {{ {inside}", body, "}"],
        [f"for (long {n} = {count} - 1; {n} >= 0; {n}--) {{ {inside}", body, "}"],
    )
    return [kept(s) if stay else s for s, stay in zip(state, stays, strict=True)]


def _frame(w: Writer, body: Block, n: str) -> str:
    """Return the declaration of a round's frame."""
    name, parent = body.frame.name, w.open[-1].frame.name
    return f"num *const {name} = {parent} + BASE_{name} + {n} * STRIDE_{name};"


def _carried(
    w: Writer,
    start: Sequence[Term],
    stays: Sequence[bool],
    invariants: Sequence[Term | None],
    free: Free,
) -> list[Slot]:
    """Return the places of what is carried: where it lies already, if it may be written over."""
    state: list[Slot] = []
    others = [t.base for t in (*start, *invariants) if isinstance(t, Slot)]
    for term, stay in zip(start, stays, strict=True):
        if isinstance(term, Slot) and others.count(term.base) == 1 and free(term.base):
            state.append(term)
            continue
        slot = Slot(w.take(1 if stay else room(term.type)), term.type)
        put(w, slot, term, known=stay)
        state.append(slot)
    return state


def _advance(
    w: Writer, state: Sequence[Slot], results: Sequence[Term], stays: Sequence[bool]
) -> None:
    """Write over what is carried, all of it at once."""
    moves = []
    bases = {s.base for s in state}
    for slot, term, stay in zip(state, results, stays, strict=True):
        if stay:
            assert isinstance(term, Number)
            fresh = Slot(w.take(1), slot.type)
            w.store(fresh.code, term.code)
            moves.append((slot, fresh, 1))
            continue
        new = w.tensor(term)
        if new.code == slot.code:
            continue
        moves.append((slot, copied(w, new) if new.base in bases else new, room(slot.type)))
    for slot, new, n in moves:
        w.overwrite(slot.code, new.code, n)


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
    alive, total = w.slot(Bool()), [w.slot(t) for t in types]
    w.store(alive.code, "1")
    for so_far in total:
        w.both(f"fill({values(so_far.code)}, {room(so_far.type)}, 0);")
    state = []
    for p, t in enumerate(types):
        term, slot = args[p], w.slot(t)
        assert term is not None
        w.copy(slot.code, w.tensor(term).code, room(t))
        state.append(slot)
    for s in (alive, *state, *total):
        w.facts.forget(s.code)
    counter, frame = w.fresh("k"), w.fresh("f")
    with w.block(frame=frame, rounds=node.rounds) as body:
        _round(w, region, node, args, counter, alive, total, state)
    count, last = w.take(1), node.rounds - 1
    inside = _frame(w, body, counter)
    done = f"{counter}++; if ({counter} <= {last} && over({values(alive.code)}, E)) break; }}"
    kept_count = f"fill({values(count)}, 1, (real){counter}); }}"
    w.both(
        [f"{{ long {counter} = 0; while ({counter} <= {last}) {{ {inside}", body, done, kept_count],
        [
            f"for (long {counter} = (long){values(count)}->v[0][0] - 1; "
            f"{counter} >= 0; {counter}--) {{ {inside}",
            body,
            "}",
        ],
    )
    w.note("unfinished", node.span.line, value(alive.code))
    found: list[Term] = []
    for slot, so_far, old in zip((w.slot(t) for t in types), total, state, strict=True):
        rest = [f"({so_far.code} + j)", alive.code, f"({old.code} + j)"]
        w.map(ADDED, slot.code, rest, room(slot.type))
        found.append(slot)
    return found


def _round(
    w: Writer,
    region: Region,
    node: Loop,
    args: Sequence[Term | None],
    counter: str,
    alive: Slot,
    total: Sequence[Slot],
    old: Sequence[Slot],
) -> None:
    """Write one round: test, what leaves, what goes on."""
    invariants = args[node.carried :]
    number = Number(counter, node.probe.params[0].type)
    state: list[Term] = list(old)
    sources = range(1, node.sources + 1)
    with w.reached(alive.code):
        if node.before is not None:
            state = region(node.before, [number, *state, *invariants])
        probed = region(node.probe, [number, *state, *invariants])
        test = tested(w, region, node.test, [number, *probed], sources)
    leaving, staying = w.slot(Bool()), w.slot(Bool())
    w.map(LEAVING, leaving.code, [alive, test.value])

    def part(graph: Graph, outcome: int) -> list[Term]:
        given = conditioned(test, [outcome], sources, graph)[: node.sources + 1]
        return region(graph, [*given, *state, *invariants])

    with w.reached(leaving.code):
        for so_far, value in zip(total, part(node.stop, 1), strict=True):
            w.accumulate(so_far.code, leaving.code, w.tensor(value).code, room(so_far.type))
    w.map(STAYING, staying.code, [alive, test.value])
    new = [w.slot(s.type) for s in old]
    blocks = []
    for graph in (node.go, node.last):
        with w.block() as block, w.reached(staying.code):
            for to, before, value in zip(new, old, part(graph, 0), strict=True):
                rule = KEPT if isinstance(item(to.type), Real) else KEPT_FINITE
                parts = [f"({w.tensor(value).code} + j)", f"({before.code} + j)", staying.code]
                w.map(rule, to.code, parts, room(to.type))
        blocks.append(block)
    text: list[Piece] = [
        f"if ({counter} < {node.rounds - 1}) {{",
        blocks[0],
        "} else {",
        blocks[1],
        "}",
    ]
    w.both(text, text)
    w.overwrite(alive.code, staying.code, 1)
    for to, value in zip(old, new, strict=True):
        w.overwrite(to.code, value.code, room(to.type))
