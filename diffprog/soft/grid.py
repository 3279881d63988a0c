"""Source for loops whose iterations do not depend on each other: all of them at once.

In: a For node, its inputs as terms, the results wanted. Out: a term for each of those, or None
where the loop has to be run round after round. The iterations stand on leading axes, to the right
of all others; the body is written as for one iteration, since leading axes are free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.soft.diagonals import diagonals
from diffprog.soft.emitter import Block, placed
from diffprog.soft.lifting import lifted
from diffprog.soft.live import live
from diffprog.soft.nest import nest
from diffprog.soft.slices import given, iterations, name_of, shifted, sliced
from diffprog.soft.writer import Term, rank, shape
from diffprog.types import Array, Int, trail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import For
    from diffprog.soft.emitter import Emitter
    from diffprog.soft.lifted import Places
    from diffprog.soft.nest import Nest
    from diffprog.soft.slices import Span


def grid(
    em: Emitter, node: For, args: Sequence[Term | None], places: frozenset[int]
) -> dict[int, Term] | None:
    """Write the iterations of a nest of loops at once, if they are independent."""
    if em.tracing is not None or em.writer.inspect:
        return None
    found = nest(node, places)
    made = lifted(found)
    if made is None:
        return diagonals(em, found, args)
    if not made.places or not _go_on(found, args):
        return None
    spans = [_span(found, args, k) for k in range(len(found.loops))]
    read = live(made.body).params(made.body)
    inputs = [
        iterations(em, found, made, spans, args, i) if i in read else None
        for i in range(len(made.params))
    ]
    values = em.region(made.body, inputs, None)
    results = {}
    for (outside, place), value in zip(found.results.items(), values, strict=True):
        start = given(found.sources[1 + place], args)
        if place in made.places:
            results[outside] = _put(em, start, placed(value), made.places[place], spans)
        else:
            results[outside] = start
    return {p: results[p] for p in places}


def _go_on(found: Nest, args: Sequence[Term | None]) -> bool:
    """Say whether no loop can end before it begins: spans that run backwards are no slices."""
    for loop, bounds in zip(found.loops, found.bounds, strict=True):
        first, last = (given(b, args).type for b in bounds[:: loop.step])
        assert isinstance(first, Int)
        assert isinstance(last, Int)
        if first.hi - 1 > last.lo:
            return False
    return True


def _span(found: Nest, args: Sequence[Term | None], k: int) -> Span:
    lo, hi = (given(s, args) for s in found.bounds[k])
    if found.loops[k].step < 0:
        return shifted(hi.code, 1), shifted(lo.code, 1)
    return lo.code, hi.code


def _put(em: Emitter, start: Term, value: Term, places: Places, spans: Sequence[Span]) -> Term:
    """Write the array with the cells of all iterations replaced."""
    assert isinstance(start.type, Array)
    depth = trail(start.type)
    by_counter = {k: (axis, offset) for axis, k, offset in places}
    order = [by_counter[k][0] for k in range(len(spans))]
    blocks = [tuple(shifted(c, by_counter[k][1]) for c in spans[k]) for k in range(len(spans))]
    axes = tuple(axis - depth for axis in order)
    where = f"({', '.join(f'({lo}, {hi})' for lo, hi in blocks)},), {axes!r}"
    base, more = em.tensor(start), ""
    cut = sliced(base, start, places, spans)
    if cut != base and len(spans) > 1 and all(end.isdecimal() for block in blocks for end in block):
        sizes = (*shape(start.type), *[1] * (depth - rank(start.type)))
        more = ", " + em.writer.constant("inside", f"inside({where}, {sizes!r}, like)")
    block = Block(base, em.tensor(value), cut, f"{where}, {depth}{more}")
    em.blocks[block.code] = block
    return Term(block.code, start.type, late=name_of(start))
