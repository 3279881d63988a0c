"""Source for loops over known bounds.

In: a For node, its inputs as terms, the results wanted. Out: a term for each of those. Such a loop
is a Python loop and is never unrolled; a long one is a local function, so that its states can be
computed again for the backward pass.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diffprog.ir.known import carried as known_carried
from diffprog.soft.apart import kept_apart
from diffprog.soft.cells import as_cells
from diffprog.soft.cut import cut
from diffprog.soft.emitter import placed
from diffprog.soft.grid import grid
from diffprog.soft.limits import rounds_fit
from diffprog.soft.live import carried
from diffprog.soft.rolling import LONG
from diffprog.soft.watching import rounds
from diffprog.soft.writer import Term, assign_all, row_of
from diffprog.types import Int

DEEP = 12
"""Beyond this depth a loop is a local function: Python nests 20 blocks in one, and no more."""

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import For
    from diffprog.soft.emitter import Block, Emitter


def loop_for(
    em: Emitter, node: For, args: Sequence[Term | None], places: frozenset[int]
) -> dict[int, Term]:
    """Write a `for` and return its wanted results."""
    at_once = grid(em, node, args, places)
    if at_once is not None:
        return at_once
    state = sorted(carried(node, places))
    flags = [a is not None and (a.number or a.value is not None) for a in args]
    numbers = known_carried(node, flags)
    if trips(node, args) == 0:
        return {p: placed(args[2 + p]) for p in places}
    apart = _apart(em, node, state, flags, numbers)
    params = node.body.params
    names = {p: em.writer.fresh(params[1 + p].name) for p in state}
    types = node.body.types
    inner = {p: Term(names[p], types[p], numbers[p], cells=p in apart) for p in state}
    for p in state:
        start = placed(args[2 + p])
        code = _code(em, start, inner[p])
        em.writer.line(f"{names[p]} = {f'[*{code}]' if start.cells and inner[p].cells else code}")
    counter = em.writer.fresh(params[0].name)
    inputs = [
        Term(counter, params[0].type, number=True),
        *(inner.get(p) for p in range(node.carried)),
        *args[2 + node.carried :],
    ]
    _iterate(em, node, args, counter, inputs, inner)
    return {p: inner[p] for p in places}


def _apart(
    em: Emitter, node: For, state: Sequence[int], flags: Sequence[bool], numbers: Sequence[bool]
) -> set[int]:
    """Return the carried arrays that are a tuple of cells; what is watched is a tensor."""
    if em.writer.fixed:
        return set()
    return kept_apart(node, state, [True, *numbers, *flags[2 + node.carried :]])


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
    """Return the code of a carried value, in the form that the loop has it in."""
    if like.number:
        return term.code
    return as_cells(em, term).code if like.cells else em.tensor(term)


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
    rounds_fit(trips(node, args), node.span)
    if em.pieces is not None and em.pieces.takes(node):
        _cut_out(em, node, f"range({bounds})", counter, inputs, inner)
        return
    plain = em.pieces is None or em.pieces.patient
    if plain and trips(node, args) <= LONG and em.writer.depth < DEEP:
        with (
            em.writer.block(f"for {counter} in range({bounds}):", [counter, *names]),
            rounds(em, inner.values(), node.span),
        ):
            state, after = _round(em, node, inputs, inner)
            changed = [(n, c) for n, c in state.items() if n != c]
            if changed:
                assign_all(em.writer, *zip(*changed, strict=True))
        _write_late(em, after)
        return
    function = em.writer.fresh("step")
    head = f"def {function}(report, {', '.join([counter, *names])}):"
    with (
        em.body(trips(node, args)) as more,
        em.writer.block(head, [counter, *names]),
        rounds(em, inner.values(), node.span),
    ):
        for cells in (t.code for t in inner.values() if t.cells):
            em.writer.line(f"{cells} = [*{cells}]")  # what a function is given stays as it is
        state, after = _round(em, node, inputs, inner)
        em.writer.line(f"return {row_of(list(state.values()))}")
    row = row_of(list(state))
    arguments = [function, f"range({bounds})", row, "report", *more]
    em.writer.line(f"{row} = rolled({', '.join(arguments)})")
    _write_late(em, after)


def _cut_out(
    em: Emitter,
    node: For,
    counters: str,
    counter: str,
    inputs: Sequence[Term | None],
    inner: dict[int, Term],
) -> None:
    """Write a loop whose round is compiled by itself: what the counter says stands around it."""
    assert em.pieces is not None
    writer, names = em.writer, [t.code for t in inner.values()]
    function, step = writer.fresh("round_of"), writer.fresh("step")
    with writer.block(f"def {function}({', '.join(names)}):", [counter, *names]):
        state, after = _round(em, node, inputs, inner)
        found = cut(writer.swept(row_of(list(state.values()))), counter, list(state), writer.fresh)
        own = {n: c for n, c in state.items() if n not in found.after}
        known = [counter] if found.counted else []
        cells = [cell for _, cell in found.after.values()]
        writer.rewrite(
            f"def {function}({', '.join(['report', *own, *known, *found.before])}):", found.lines
        )
        writer.line(f"return {row_of([*own.values(), *cells])}")
        lines = writer.size()
    if em.pieces.cuts_out(lines):
        writer.line(f"{function} = as_one({function}, {len(own)})")
    row = row_of(list(state))
    with writer.block(f"def {step}(report, {', '.join([counter, *state])}):"):
        for name in found.after:
            writer.line(f"{name} = [*{name}]")  # what a function is given stays as it is
        results = [*own, *(writer.fresh(f"{name}_cell") for name in found.after)]
        given = ", ".join(["report", *own, *known, *found.before.values()])
        writer.line(f"{row_of(results)} = {function}({given})")
        for (name, (place, _)), cell in zip(found.after.items(), results[len(own) :], strict=True):
            writer.line(f"{name}[{place}] = {cell}")
        writer.line(f"return {row}")
    writer.line(f"{row} = stretch({step}, {counters}, {row}, report, None)")
    _write_late(em, after)


def _round(
    em: Emitter, node: For, inputs: Sequence[Term | None], inner: dict[int, Term]
) -> tuple[dict[str, str], dict[str, Block]]:
    """Write a round of a loop.

    Returns:
        What goes on to the next round, by name; and of which arrays just a block does, with its
        name. Such a one is written once, after the loop, since no round reads the array.
    """
    results = em.region(node.body, inputs, list(inner))
    found = {p: placed(results[p]) for p in inner}
    whole = {p: t for p, t in inner.items() if not _is_late(em, found[p], t)}
    state = {t.code: _code(em, found[p], t) for p, t in whole.items()}
    late = {}
    for p in inner.keys() - whole.keys():
        block, name = em.blocks[found[p].code], inner[p].code
        if em.writer.mentions(name):
            state[name] = _code(em, found[p], inner[p])
            continue
        part = em.writer.fresh(f"{name}_part")
        em.writer.before(f"{part} = {block.cut}")
        em.writer.rename(name, part)
        state[part], late[part] = block.value, block
    return state, late


def _is_late(em: Emitter, result: Term, carried: Term) -> bool:
    """Say whether a round only puts a block into a carried array, always in the same place."""
    block = em.blocks.get(result.code)
    return block is not None and block.base == carried.code and not em.writer.varies(block.where)


def _write_late(em: Emitter, blocks: dict[str, Block]) -> None:
    for part, block in blocks.items():
        em.writer.line(f"{block.base} = {replace(block, value=part).code}")
