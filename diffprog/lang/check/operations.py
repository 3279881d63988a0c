"""Operations and reductions on checked arguments, and advice where none fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.errors import Label
from diffprog.lang import typed
from diffprog.lang.check.convert import convert, origins, shown
from diffprog.lang.check.sizes import cells_fit
from diffprog.ops import OPS, REDUCTIONS, OpSpec, RuleError
from diffprog.types import BOOL, REAL, Array, Bool, Enum, Int, Real, Tuple, Type, hull

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.errors import Span
    from diffprog.lang.check.context import Frame


def apply(frame: Frame, op: str, args: Sequence[typed.Expr], span: Span) -> typed.Apply | None:
    """Apply a row of `OPS`, or report why it does not take these arguments."""
    row = OPS[op]
    types = [a.type for a in args]
    try:
        result = result_type(row, types)
    except RuleError as problem:
        frame.error(
            problem.code,
            problem.message,
            span,
            others=origins(frame, *args),
            help=problem.hint or _advice(row, types),
        )
        return None
    if isinstance(result, Array) and not cells_fit(frame, result.shape, span):
        return None
    return typed.Apply(op, tuple(args), type=result, span=span)


def result_type(row: OpSpec, types: Sequence[Type]) -> Type:
    """Return what a row gives for arguments of these types, cell by cell where it lifts.

    Raises:
        RuleError: where it gives nothing.
    """
    arrays = [t for t in types if isinstance(t, Array)]
    if not (row.lifts and arrays):
        return _inhabited(row, row.rule(types))
    shape = arrays[0].shape
    for t in arrays[1:]:
        if t.shape != shape:
            name = row.symbol or row.name
            message = f"`{name}` works cell by cell, but these are `{arrays[0]}` and `{t}`"
            hint = "the shapes must be equal, or one side a scalar"
            raise RuleError("DP402", message, hint)
    item = _inhabited(row, row.rule([t.item if isinstance(t, Array) else t for t in types]))
    if isinstance(item, Array | Tuple):
        message = f"`{row.name}` does not work cell by cell"
        raise RuleError("DP401", message)
    return Array(shape, item)


def _inhabited(row: OpSpec, t: Type) -> Type:
    if isinstance(t, Int) and t.size < 1:
        message = f"`{row.symbol or row.name}` has no value to give: its argument has no cells"
        raise RuleError("DP418", message, "this size must be at least 1")
    return t


def _advice(row: OpSpec, types: Sequence[Type]) -> str:
    items = [t.item if isinstance(t, Array) else t for t in types]
    if any(isinstance(t, Tuple) for t in items):
        return "take a tuple apart first: `a, b = t`"
    if row.name in ("and", "or", "xor", "not"):
        return "compare a number to get a `bool`: `x != 0`" if _any(items, Int, Real) else ""
    if row.name in ("eq", "ne") and _any(items, Enum):
        enum = next(t for t in items if isinstance(t, Enum))
        return f"compare with a value of `{enum}`, such as `{enum}.{enum.members[0]}`"
    if row.name in ("eq", "ne") and _any(items, Bool):
        return "a `bool` is a test already: write `b` or `not b`"
    if row.name in ("floordiv", "mod") and REAL in items:
        return "reals have `/` only"
    if row.name == "matmul" and len(items) == len([t for t in types if not isinstance(t, Array)]):
        return "`*` multiplies numbers"
    if row.name == "int":
        return (
            "an int needs no `int(…)`; to make its range smaller write `% n` or `clamp(x, lo, hi)`"
        )
    if _any(items, Bool):
        return "`int(b)` turns a `bool` into 0 or 1"
    return ""


def _any(types: Sequence[Type], *kinds: type[Type]) -> bool:
    return any(isinstance(t, kinds) for t in types)


def reduce(
    frame: Frame,
    op: str,
    array: typed.Expr,
    where: typed.Expr | None,
    otherwise: typed.Expr | None,
    span: Span,
) -> typed.Reduce | None:
    """Reduce an array by a row of `REDUCTIONS`, or report what is wrong with it."""
    if not isinstance(array.type, Array):
        frame.error(
            "DP416",
            f"`{op}` goes over the cells of an array, but this is {shown(array.type)}",
            array.span,
            help=f"`{op}([a, b])` takes single values" if op != "count" else "",
        )
        return None
    if not _clauses_fit(frame, op, array, where, otherwise, span):
        return None
    shape, item = array.type.shape, array.type.item
    if otherwise is not None:
        joined = hull(item, otherwise.type)
        if joined is None or isinstance(joined, Array | Tuple):
            message = f"`{op}` gives `{item}`, but its `else` gives `{otherwise.type}`"
            frame.error("DP408", message, otherwise.span)
            return None
        item = joined
        otherwise = convert(otherwise, joined)
    array = convert(array, Array(shape, item))
    try:
        result = REDUCTIONS[op].rule(item, array.type.count if isinstance(array.type, Array) else 0)
    except RuleError as problem:
        hint = "compare first: `count(xs > 0)`" if isinstance(item, Int | Real) else ""
        hint = "`count(bs)` counts the true ones" if item == BOOL else hint
        frame.error(problem.code, problem.message, span, help=problem.hint or hint)
        return None
    return typed.Reduce(op, array, where, otherwise, type=result, span=span)


def _clauses_fit(
    frame: Frame,
    op: str,
    array: typed.Expr,
    where: typed.Expr | None,
    otherwise: typed.Expr | None,
    span: Span,
) -> bool:
    assert isinstance(array.type, Array)
    wanted = Array(array.type.shape, BOOL)
    if where is not None and where.type != wanted:
        frame.error(
            "DP416",
            f"the mask must be `{wanted}`, one `bool` for each cell, but this is `{where.type}`",
            where.span,
            others=(Label(array.span, f"this is `{array.type}`"),),
        )
        return False
    needs = REDUCTIONS[op].empty is None
    if otherwise is not None and not needs:
        empty = str(REDUCTIONS[op].empty).lower()
        message = f"`{op}` of nothing is {empty} and takes no `else`"
        frame.error("DP416", message, otherwise.span)
        return False
    if needs and otherwise is None and (where is not None or array.type.count == 0):
        message = f"`{op}` may be of nothing here, and then has no value"
        hint = f"say which: `{op}(xs where mask else 0)`"
        frame.error("DP416", message, span, help=hint)
        return False
    return True
