"""Expressions: names resolved, types found, conversions made visible.

In: a syntax expression and the frame it stands in. Out: a typed one, or None after an error that
has been reported, so that no error is told twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diffprog.lang import syntax, typed
from diffprog.lang.check import choices, indexing, leaves, operations
from diffprog.lang.check.calls import call
from diffprog.lang.check.convert import between, join, origins
from diffprog.lang.check.deciding import deciding
from diffprog.lang.check.narrow import Facts, facts, is_constant
from diffprog.lang.check.sizes import static, type_of
from diffprog.ops import INFIX
from diffprog.types import BOOL, REAL, Array, Int, Real, Tuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diffprog.lang.check.context import Frame


def expression(frame: Frame, e: syntax.Expr) -> typed.Expr | None:
    """Check an expression."""
    return _RULES[type(e)](frame, e)


def expressions(frame: Frame, items: Sequence[syntax.Expr]) -> list[typed.Expr] | None:
    """Check several expressions; None if one of them is wrong."""
    found = [expression(frame, e) for e in items]
    known = [e for e in found if e is not None]
    return known if len(known) == len(found) else None


def test(frame: Frame, e: syntax.Expr) -> typed.Expr | None:
    """Check the test of a branch or a loop: a single `bool`."""
    found = expression(frame, e)
    if found is None or found.type == BOOL:
        return found
    hint = between(found.type, BOOL)
    if isinstance(found.type, Array):
        hint = "`any(…)` asks whether one is true, `all(…)` whether all are"
    message = f"a test must be a `bool`, but this is `{found.type}`"
    frame.error("DP409", message, e.span, others=origins(frame, found), help=hint)
    return None


# --- operations -----------------------------------------------------------------------------------


def _unary(frame: Frame, e: syntax.Unary) -> typed.Expr | None:
    operand = expression(frame, e.operand)
    if operand is None:
        return None
    if e.op == "-" and isinstance(operand, typed.Lit) and isinstance(operand.type, Int | Real):
        assert isinstance(operand.value, int | float)
        t = Int(-operand.value, 1 - operand.value) if isinstance(operand.value, int) else REAL
        return typed.Lit(-operand.value, type=t, span=e.span)
    return operations.apply(frame, "neg" if e.op == "-" else e.op, [operand], e.span)


def _binary(frame: Frame, e: syntax.Binary) -> typed.Expr | None:
    left = expression(frame, e.left)
    beside = frame.beside
    if left is not None and e.op in ("and", "or"):
        # For advice only: both sides are computed, so the left one protects nothing.
        frame.beside = {**beside, **dict.fromkeys(facts(left, e.op == "and") or {}, e.op)}
    right = expression(frame, e.right)
    frame.beside = beside
    if left is None or right is None:
        return None
    return operations.apply(frame, INFIX[e.op], (left, right), e.span)


def _call(frame: Frame, e: syntax.Call) -> typed.Expr | None:
    args = expressions(frame, e.args)
    where = None if e.where is None else expression(frame, e.where)
    otherwise = None if e.otherwise is None else expression(frame, e.otherwise)
    if (e.where is not None and where is None) or (e.otherwise is not None and otherwise is None):
        return None
    return call(frame, e, args, where, otherwise)


def _conditional(frame: Frame, e: syntax.Conditional) -> typed.Expr | None:
    question = test(frame, e.test)
    yes = {} if question is None else facts(question, True)
    no = {} if question is None else facts(question, False)
    if question is not None and not is_constant(question):
        meets(frame, e.then, yes, e.test, "never true")
        meets(frame, e.other, no, e.test, "always true")
    with frame.barring("a side of `if … else` is met only in its case"):
        then = _under(frame, e.then, yes)
        other = _under(frame, e.other, no)
    if question is None or yes is None or no is None:
        return other if yes is None else then if no is None else None
    if then is None or other is None:
        return None
    joined = join(frame, (then, other), "the two sides of `if … else`")
    if joined is None:
        return None
    return typed.Conditional(question, *joined[1], type=joined[0], span=e.span)


def _under(frame: Frame, e: syntax.Expr, found: Facts | None) -> typed.Expr | None:
    """Check an expression in a case; one that can never be met is left alone."""
    if found is None:
        return None
    outside = frame.scope
    frame.scope = outside.fork(found)
    try:
        return expression(frame, e)
    finally:
        frame.scope = outside


def meets(frame: Frame, case: Any, found: Facts | None, at: syntax.Syntax, why: str) -> None:
    """Note whether a case can be met; `program` warns of those that never are."""
    if found is None:
        frame.unit.dead.setdefault(id(case), (at.span, f"this is {why} here"))
    else:
        frame.unit.live.add(id(case))


# --- compound values ------------------------------------------------------------------------------


def _index(frame: Frame, e: syntax.Index) -> typed.Expr | None:
    base = expression(frame, e.base)
    places = parts(frame, e.index)
    return None if base is None or places is None else indexing.index(frame, base, places, e.span)


def parts(frame: Frame, items: Sequence[syntax.Expr | syntax.Slice]) -> list[indexing.Part] | None:
    """Check the parts of an index; None if one of them is wrong."""
    found = [_part(frame, item) for item in items]
    known = [p for p in found if p is not None]
    return known if len(known) == len(found) else None


def _part(frame: Frame, item: syntax.Expr | syntax.Slice) -> indexing.Part | None:
    if not isinstance(item, syntax.Slice):
        return expression(frame, item)
    lo = None if item.lo is None else static(frame, item.lo, "the end of a slice")
    hi = None if item.hi is None else static(frame, item.hi, "the end of a slice")
    if (item.lo is not None and lo is None) or (item.hi is not None and hi is None):
        return None
    return indexing.Stretch(lo, hi, item.span)


def _array(frame: Frame, e: syntax.ArrayLiteral) -> typed.Expr | None:
    items = expressions(frame, e.items)
    joined = join(frame, items, "the cells of this array") if items else None
    if joined is None:
        return None
    t, cells = joined
    if isinstance(t, Tuple):
        hint = "use an array for each part"
        frame.error("DP418", "a tuple cannot be a cell of an array", e.span, help=hint)
        return None
    if isinstance(t, Array):
        whole = Array((len(cells), *t.shape), t.item)
    else:
        whole = Array((len(cells),), t)
    return typed.ArrayOf(cells, type=whole, span=e.span)


def _tuple(frame: Frame, e: syntax.TupleLiteral) -> typed.Expr | None:
    items = expressions(frame, e.items)
    if items is None:
        return None
    return typed.TupleOf(tuple(items), type=Tuple(tuple(i.type for i in items)), span=e.span)


# --- choices --------------------------------------------------------------------------------------


def decider(frame: Frame, d: syntax.Decider) -> choices.Depends | None:
    """Check what a choice depends on: its given values or its network, and its mask."""
    given = expressions(frame, d.given)
    mask = None if d.where is None else expression(frame, d.where)
    by = None
    if d.by is not None:
        by = deciding(frame, d.by, expressions(frame, d.by.inputs))
        if by is None:
            return None
    if given is None or (d.where is not None and mask is None):
        return None
    return choices.Depends(tuple(given), by, mask) if choices.are_finite(frame, given) else None


def _choose_value(frame: Frame, e: syntax.ChooseValue) -> typed.Expr | None:
    frame.unit.met.add(id(e))
    t = type_of(frame, e.type)
    depends = decider(frame, e.decider)
    return None if t is None or depends is None else choices.value(frame, e, t, depends)


def _choose_expr(frame: Frame, e: syntax.ChooseExpr) -> typed.Expr | None:
    frame.unit.met.add(id(e))
    depends = decider(frame, e.decider)
    with frame.barring("an alternative is met only where it is chosen"):
        alternatives = expressions(frame, e.alternatives)
    if depends is None or alternatives is None:
        return None
    return choices.expression(frame, e, alternatives, depends)


_RULES: dict[type, Callable[[Frame, Any], typed.Expr | None]] = {
    syntax.Literal: leaves.literal,
    syntax.Name: leaves.name,
    syntax.Member: leaves.member,
    syntax.Unary: _unary,
    syntax.Binary: _binary,
    syntax.Conditional: _conditional,
    syntax.Call: _call,
    syntax.Index: _index,
    syntax.ArrayLiteral: _array,
    syntax.TupleLiteral: _tuple,
    syntax.ChooseValue: _choose_value,
    syntax.ChooseExpr: _choose_expr,
}
