"""Values that enter a place of a given type: what fits, what is converted, what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.errors import Label
from diffprog.lang import typed
from diffprog.lang.check.names import one_line
from diffprog.lang.check.narrow import variable
from diffprog.types import REAL, Array, Bool, Enum, Int, Real, Tuple, Type, fits, hull

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.lang.check.context import Frame


def convert(value: typed.Expr, wanted: Type) -> typed.Expr:
    """Return a value in a wider type, where that needs saying."""
    if value.type == wanted:
        return value
    if isinstance(value, typed.Lit) and isinstance(wanted, Int | Real):
        assert isinstance(value.value, int | float)
        number = float(value.value) if wanted == REAL else value.value
        return typed.Lit(number, type=wanted, span=value.span)
    return typed.Convert(value, type=wanted, span=value.span)


def fit(
    frame: Frame,
    value: typed.Expr,
    wanted: Type,
    what: str,
    *,
    others: tuple[Label, ...] = (),
    spread: bool = False,
    text: str = "",
    also: str = "",
) -> typed.Expr | None:
    """Return a value as a type asks for it, or report that it does not fit.

    Args:
        frame: where we are.
        value: the value.
        wanted: the type of the place that it enters.
        what: that place in words, such as "`x`".
        others: where the place got its type.
        spread: whether a scalar may be copied into each cell of an array.
        text: the value as one would write it, where its span is not that.
        also: how to mend it, where the caller knows better.
    """
    if fits(value.type, wanted):
        return convert(value, wanted)
    if spread and isinstance(wanted, Array) and fits(value.type, wanted.item):
        return typed.Convert(convert(value, wanted.item), type=wanted, span=value.span)
    code, message, hint = _refusal(value, wanted, what, text or one_line(value.span, 30))
    label = f"this is {shown(value.type)}"
    frame.error(code, message, value.span, label=label, others=others, help=also or hint)
    return None


def join(
    frame: Frame, values: Sequence[typed.Expr], what: str
) -> tuple[Type, tuple[typed.Expr, ...]] | None:
    """Return the smallest type that all values fit and the values in it, or report a clash."""
    from_, t = values[0], values[0].type
    for value in values[1:]:
        joined = hull(t, value.type)
        if joined is None:
            clash(frame, what, from_, t, value)
            return None
        t = joined
    return t, tuple(convert(v, t) for v in values)


def clash(frame: Frame, what: str, first: typed.Expr, t: Type, value: typed.Expr) -> None:
    """Report two values that should be of one type."""
    frame.error(
        "DP408",
        f"{what} are of different types, {shown(t)} and {shown(value.type)}",
        value.span,
        label=f"this is {shown(value.type)}",
        others=(Label(first.span, f"this is {shown(t)}"),),
        help=between(value.type, t),
    )


def shown(t: Type) -> str:
    """Say what a value is: its type, or the one number that it can be."""
    return str(t.lo) if isinstance(t, Int) and t.size == 1 else f"`{t}`"


def origins(frame: Frame, *values: typed.Expr) -> tuple[Label, ...]:
    """Return the places where plain variables got their types."""
    names = dict.fromkeys(name for v in values if (name := variable(v)) is not None)
    known = {name: frame.scope.variables[name] for name in names if name in frame.scope.variables}
    return tuple(
        Label(v.span, f"`{name}` is {shown(v.type)}")
        for name, v in known.items()
        if v.type is not None
    )


def _refusal(value: typed.Expr, wanted: Type, what: str, text: str) -> tuple[str, str, str]:
    t = value.type
    if isinstance(t, Int) and isinstance(wanted, Int):
        return "DP403", _overflow(t, wanted, what), _room(value, wanted, text)
    if isinstance(t, Array) and isinstance(wanted, Array):
        if t.shape == wanted.shape and isinstance(t.item, Int) and isinstance(wanted.item, Int):
            message = _overflow(t.item, wanted.item, f"a cell of {what}")
            return "DP403", message, _room(value, wanted.item, text)
        if t.shape != wanted.shape:
            return "DP402", f"{what} is `{wanted}`, but this is `{t}`", _shapes(t, wanted)
    return "DP404", f"{what} is `{wanted}`, but this is {shown(t)}", _turned(value, wanted)


def _turned(value: typed.Expr, wanted: Type) -> str:
    if isinstance(value, typed.Apply) and value.op == "div" and isinstance(wanted, Int):
        return "`//` divides ints and rounds down; `/` always gives a real"
    return between(value.type, wanted)


def _overflow(t: Int, wanted: Int, what: str) -> str:
    one = t.size == 1
    if t.hi > wanted.hi:
        found = f"this is {t.lo}" if one else f"this may be {t.hi - 1}"
    else:
        found = f"this is {t.lo}" if one else f"this may be {t.lo}"
    return f"{what} holds {extent(wanted)}, but {found}"


def extent(t: Int) -> str:
    """Say which numbers an integer type has."""
    return f"only {t.lo}" if t.size == 1 else f"{t.lo} to {t.hi - 1}"


def _room(value: typed.Expr, wanted: Int, text: str) -> str:
    if isinstance(value, typed.Lit | typed.ArrayOf):
        return "declare a wider type"
    inner = f"({text})" if isinstance(value, typed.Apply) else text
    ways = [f"`clamp({text}, {wanted.lo}, {wanted.hi - 1})` to stop at the ends"]
    if wanted.lo == 0:
        ways.insert(0, f"`{inner} % {wanted.hi}` to go round")
    return f"write {' or '.join(ways)}, test it first, or declare a wider type"


def _shapes(t: Array, wanted: Array) -> str:
    if len(t.shape) != len(wanted.shape):
        return f"it has {_axes(t)}, and {_axes(wanted)} are wanted"
    return "the lengths must be equal; cut the longer one, as in `xs[0..2]`"


def _axes(t: Array) -> str:
    return f"{len(t.shape)} axes" if len(t.shape) > 1 else "1 axis"


def between(t: Type, wanted: Type) -> str:  # noqa: C901 - a case a kind
    """Say how to get from one type to another that it does not fit."""
    match t, wanted:
        case Bool(), Int():
            return "`int(b)` gives 0 or 1"
        case Bool(), Real():
            return "`real(int(b))` gives 0.0 or 1.0"
        case Int(), Bool():
            return "compare it: `x != 0`"
        case Real(), Bool():
            return "compare it, `x > 0.5`, or let `chance(x)` decide"
        case Real(), Int():
            return "a real does not become an int; declare the place `real`, or test it with `if`"
        case Array(_, item), scalar if fits(item, scalar):
            return "take one cell, `xs[i]`, or reduce it: `sum(xs)`, `max(xs)`, `any(xs)`"
        case scalar, Array(_, item) if fits(scalar, item):
            return "fill a variable first: `x: T = 0` copies a scalar into every cell"
        case Enum(), Int() | Real() | Bool():
            return f"say what each means: `match` on the `{t}`"
        case _, Enum(name, members):
            return f"the values of `{name}` are {', '.join(f'`{name}.{m}`' for m in members)}"
        case Tuple(), _:
            return "take a tuple apart first: `a, b = t`"
        case _:
            return ""
