"""Indices: cells and slices of arrays, parts of tuples, and the proof that none is out of range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from diffprog.lang import typed
from diffprog.lang.check.convert import extent, origins, shown
from diffprog.lang.check.names import one_line
from diffprog.lang.check.narrow import variable
from diffprog.types import BOOL, REAL, Array, Enum, Int, Tuple, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.errors import Span
    from diffprog.lang.check.context import Frame


@dataclass(frozen=True, slots=True)
class Stretch:
    """A slice whose open ends are not filled in yet."""

    lo: int | None
    hi: int | None
    span: Span


Part: TypeAlias = "typed.Expr | Stretch"


def index(
    frame: Frame, base: typed.Expr, parts: Sequence[Part], span: Span
) -> typed.Index | typed.Part | None:
    """Index an array by places and slices, or a tuple by a constant; or report why it cannot be."""
    if isinstance(base.type, Tuple):
        return _part(frame, base, base.type, parts, span)
    found = cells(frame, base, parts, span)
    if found is None:
        return None
    return typed.Index(base, found[0], type=found[1], span=span)


def cells(
    frame: Frame, base: typed.Expr, parts: Sequence[Part], span: Span
) -> tuple[tuple[typed.Expr | typed.Cut, ...], Type] | None:
    """Return the parts, one an axis, and the type of what they name."""
    t = base.type
    if not isinstance(t, Array):
        hint = "an int is one number: `xs[i]` needs an array `xs`" if isinstance(t, Int) else ""
        message = f"this is {shown(t)}, which has no cells"
        frame.error("DP407", message, base.span, others=origins(frame, base), help=hint)
        return None
    if len(parts) > len(t.shape):
        axes = "1 axis" if len(t.shape) == 1 else f"{len(t.shape)} axes"
        message = f"`{t}` has {axes}, but the index has {len(parts)} parts"
        frame.error("DP407", message, span, others=origins(frame, base))
        return None
    whole = [Stretch(None, None, span)] * (len(t.shape) - len(parts))
    done = [
        _axis(frame, base, part, axis) for part, axis in zip([*parts, *whole], t.shape, strict=True)
    ]
    known = tuple(d for d in done if d is not None)
    if len(known) != len(done):
        return None
    shape = tuple(c.hi - c.lo for c in known if isinstance(c, typed.Cut))
    return known, Array(shape, t.item) if shape else t.item


def _axis(frame: Frame, base: typed.Expr, part: Part, axis: int) -> typed.Expr | typed.Cut | None:
    if isinstance(part, Stretch):
        return _cut(frame, base, part, axis)
    t = part.type
    if not isinstance(t, Int):
        hint = "`int(b)` turns a `bool` into 0 or 1" if t == BOOL else ""
        hint = "`pick(scores)` gives the place of the best score" if t == REAL else hint
        if isinstance(t, Enum):
            hint = "a member is no number: `match` it, or learn a table with `choose … given`"
        frame.error(
            "DP407", f"an index must be an int, but this is {shown(t)}", part.span, help=hint
        )
        return None
    if t.lo < 0 or t.hi > axis:
        _out_of_range(frame, base, part, t, axis)
        return None
    return part


def _cut(frame: Frame, base: typed.Expr, part: Stretch, axis: int) -> typed.Cut | None:
    lo = 0 if part.lo is None else part.lo
    hi = axis if part.hi is None else part.hi
    if 0 <= lo <= hi <= axis:
        return typed.Cut(lo, hi)
    frame.error(
        "DP406",
        f"the slice {lo}..{hi} does not lie in the axis 0..{axis}",
        part.span,
        others=origins(frame, base),
        help="slices count from 0 and leave out the upper end"
        if lo >= 0 <= hi
        else "places do not count from the end: write `len(xs) - 1`",
    )
    return None


def _out_of_range(frame: Frame, base: typed.Expr, part: typed.Expr, t: Int, axis: int) -> None:
    low = t.lo if t.lo < 0 else t.hi - 1
    may = "is" if t.size == 1 else "may be"
    places = extent(Int(0, axis)) if axis else "none at all"
    frame.error(
        "DP406",
        f"the index {may} {low}, but the places are {places}",
        part.span,
        label=f"this is {shown(t) if t.size == 1 else extent(t)}",
        others=origins(frame, base),
        help=_within(frame, base, part, t, axis),
    )


def _within(frame: Frame, base: typed.Expr, part: typed.Expr, t: Int, axis: int) -> str:
    if axis == 0:
        return "the array has no cells at these sizes"
    text, whole = one_line(part.span, 30), one_line(base.span, 30)
    if t.size == 1 and t.lo < 0:
        return f"places do not count from the end: the last is `{whole}[len({whole}) - 1]`"
    if t.size == 1:
        return f"places count from 0: the last is `{whole}[len({whole}) - 1]`"
    name = variable(part)
    if name is not None and name in frame.beside:
        other = frame.beside[name]
        return f"both sides of `{other}` are computed: test `{name}` in an `if` around this"
    for counter in _counters(frame, part):
        if t.hi > axis:
            return f"let the loop of `{counter}` end {t.hi - axis} earlier: `..` leaves out its end"
        return f"let the loop of `{counter}` begin {-t.lo} later"
    inner = text if name is not None else f"({text})"
    ways = f"`{inner} % {axis}` goes round, `clamp({text}, 0, {axis - 1})` stops at the ends"
    test = f"if {text} < {axis}:" if t.hi > axis else f"if {text} >= 0:"
    return f"test it first, `{test}`; or {ways}" if name is not None else ways


def _counters(frame: Frame, part: typed.Expr) -> list[str]:
    """Return the loop counters to which an index adds or from which it takes a number."""
    if isinstance(part, typed.Apply) and part.op in ("add", "sub"):
        return [c for arg in part.args[:2] for c in _counters(frame, arg)]
    name = variable(part)
    return [name] if name is not None and frame.scope.variables[name].counter else []


def _part(
    frame: Frame, base: typed.Expr, t: Tuple, parts: Sequence[Part], span: Span
) -> typed.Part | None:
    place = parts[0]
    if len(parts) > 1 or isinstance(place, Stretch) or not isinstance(place, typed.Lit):
        frame.error(
            "DP407",
            "a part of a tuple is named by one number",
            span,
            help="write `t[0]`, or take it apart: `a, b = t`",
        )
        return None
    at = place.value
    if not isinstance(at, int) or isinstance(at, bool) or not 0 <= at < len(t.items):
        message = f"`{t}` has the parts 0 to {len(t.items) - 1}"
        frame.error("DP406", message, place.span)
        return None
    return typed.Part(base, at, type=t.items[at], span=span)
