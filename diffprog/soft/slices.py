"""Source for what independent iterations read: slices of arrays, with these on leading axes.

In: terms of arrays, how they move with counters, where the counters begin and end. Out: code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.ir.graph import Const, Hole
from diffprog.soft.emitter import placed
from diffprog.soft.lifted import Count, Slice, Whole
from diffprog.soft.writer import Term, const, shape, subscript
from diffprog.types import trail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.soft.emitter import Emitter
    from diffprog.soft.lifted import Lifted, Places
    from diffprog.soft.nest import Nest, Source

Span = tuple[str, str]
"""The codes of where a loop's counter begins and ends, going up."""


def given(source: Source, args: Sequence[Term | None]) -> Term:
    """Return what a parameter of the innermost body is."""
    if isinstance(source, Const):
        return const(source.value, source.type)
    return placed(args[source])


def shifted(code: str, by: int) -> str:
    """Return the source of `code + by`, folded where it is a literal."""
    try:
        return str(int(code.strip("()")) + by)
    except ValueError:
        return code if by == 0 else f"{code} {'+' if by > 0 else '-'} {abs(by)}"


def name_of(term: Term) -> str:
    """Return the name of an array, or a word where it has none."""
    return term.late or (term.code if term.code.isidentifier() else "cells")


def uniform(em: Emitter, term: Term, axes: int) -> Term:
    """Return a value that is the same in all iterations, beside their axes."""
    if term.number or term.value is not None:
        return term
    code = subscript(em.tensor(term), term.type, axes)
    return em.writer.shared(f"{name_of(term)}_each", code, term.type)


def sliced(code: str, array: Term, places: Places, spans: Sequence[Span]) -> str:
    """Return the code of an array's cells as the iterations read them, these on leading axes."""
    depth = trail(array.type)
    by_counter = {k: (axis, offset) for axis, k, offset in places}
    order = [by_counter[k][0] for k in sorted(by_counter)]
    if order != list(range(len(order))):
        moved = tuple(axis - depth for axis in order)
        code = f"{code}.movedim({moved!r}, {tuple(k - depth for k in range(len(order)))!r})"
    parts = []
    for k, span in enumerate(spans):
        if k in by_counter:
            lo, hi = (shifted(c, by_counter[k][1]) for c in span)
            whole = (lo, hi) == ("0", str(shape(array.type)[by_counter[k][0]]))
            parts.append(":" if whole else f"{lo}:{hi}")
        else:
            parts.append("None")
    parts += [":"] * (depth - len(order))
    return code if set(parts) == {":"} else f"{code}[..., {', '.join(parts)}]"


def iterations(
    em: Emitter,
    found: Nest,
    made: Lifted,
    spans: Sequence[Span],
    args: Sequence[Term | None],
    place: int,
) -> Term:
    """Return a parameter of the lifted body as a term, for all iterations of the nest."""
    what, t = made.params[place], made.body.params[place].type
    match what:
        case Count(counter, offset):
            lo, hi = (shifted(code, offset) for code in spans[counter])
            after = ", None" * (len(spans) - counter - 1)
            code = f"torch.arange({lo}, {hi}, dtype=like.dtype, device=like.device)"
            code = f"{code}[:{after}]" if after else code
            return em.writer.shared("counts", code, t)
        case Hole():
            return uniform(em, Term(em.hole_weights(what), what.type), len(spans))
        case Whole(source):
            return uniform(em, given(found.sources[source], args), len(spans))
        case Slice(source, moved):
            array = given(found.sources[source], args)
            code = em.tensor(array)
            return em.writer.shared(f"{name_of(array)}_all", sliced(code, array, moved, spans), t)
