"""Constants: a `const` is computed while checking, by the crisp functions of `OPS`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.lang import typed
from diffprog.ops import OPS
from diffprog.types import Array, Real, Value

if TYPE_CHECKING:
    from diffprog.lang.check.context import Frame
    from diffprog.types import Type


class _NotConstantError(Exception):
    """An expression that is no constant, and the part that spoils it."""

    def __init__(self, part: typed.Expr, why: str = "") -> None:
        super().__init__(why)
        self.part, self.why = part, why


def constant(frame: Frame, e: typed.Expr) -> Value | None:
    """Return the value of a constant expression, or report the part that is not constant."""
    try:
        return _value(e)
    except _NotConstantError as problem:
        frame.error(
            "DP410",
            "a constant must be known before the program runs",
            problem.part.span,
            label=problem.why,
            help="make it of numbers, sizes, other constants and arithmetic",
        )
        return None


def _value(e: typed.Expr) -> Value:
    match e:
        case typed.Lit(value):
            return value
        case typed.ArrayOf(items):
            return [_value(i) for i in items]
        case typed.TupleOf(items):
            return tuple(_value(i) for i in items)
        case typed.Convert(value):
            return _converted(_value(value), e.type)
        case typed.Apply(op, args) if OPS[op].lifts and not isinstance(e.type, Array):
            try:
                result: Value = OPS[op].crisp(*map(_value, args))
            except (ArithmeticError, ValueError):
                raise _NotConstantError(e, "this is undefined") from None
            return float(result) if isinstance(e.type, Real) and isinstance(result, int) else result
        case _:
            raise _NotConstantError(e)


def _converted(value: Value, t: Type) -> Value:
    if isinstance(t, Array):
        inner = Array(t.shape[1:], t.item) if len(t.shape) > 1 else t.item
        if isinstance(value, list):
            return [_converted(v, inner) for v in value]
        return [_converted(value, inner) for _ in range(t.shape[0])]
    return float(value) if isinstance(t, Real) and isinstance(value, int) else value
