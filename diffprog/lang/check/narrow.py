"""What a test says about the variables in it.

In a case only a plain integer variable is narrowed, compared with an integer expression: that is
what softening conditions (DESIGN: conditioning). `and` tells both of its sides where it is
true, `or` where it is false, `not` turns round. Works on checked tests, so ranges are known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from diffprog.lang import typed
from diffprog.types import Int

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Facts: TypeAlias = dict[str, Int]
"""Variables and the ranges they have in a case."""

_NEGATED = {"lt": "ge", "ge": "lt", "gt": "le", "le": "gt", "eq": "ne", "ne": "eq"}
_MIRRORED = {"gt": "lt", "ge": "le"}


def facts(test: typed.Expr, truth: bool) -> Facts | None:
    """Return what holds where a test has this truth value, or None if it never has."""
    match test:
        case typed.Lit(value):
            return {} if value == truth else None
        case typed.Apply("not", (inner,)):
            return facts(inner, not truth)
        case typed.Apply("and" | "or" as op, (left, right)):
            found = facts(left, truth), facts(right, truth)
            if truth == (op == "and"):
                return _both(*found)
            return None if found == (None, None) else {}
        case typed.Apply(op, (left, right)) if op in _NEGATED:
            return _compared(op if truth else _NEGATED[op], left, right)
        case _:
            return {}


def variable(e: typed.Expr) -> str | None:
    """Return the name of a plain variable, narrowed or not."""
    while isinstance(e, typed.Narrow):
        e = e.value
    return e.name if isinstance(e, typed.Var) else None


def is_constant(e: typed.Expr) -> bool:
    """Say whether a test is made of numbers and sizes alone: it chooses at checking, on purpose."""
    match e:
        case typed.Lit():
            return True
        case typed.Apply(_, args):
            return all(map(is_constant, args))
        case typed.Convert(value):
            return is_constant(value)
        case _:
            return False


def matched(subject: typed.Expr, values: Iterable[int]) -> Facts:
    """Return what a case of a `match` says: the hull of its values."""
    name, found = variable(subject), sorted(values)
    if name is None or not isinstance(subject.type, Int) or not found:
        return {}
    return {name: Int(found[0], found[-1] + 1)}


def _both(a: Mapping[str, Int] | None, b: Mapping[str, Int] | None) -> Facts | None:
    if a is None or b is None:
        return None
    joined = dict(a)
    for name, t in b.items():
        both = _common(joined.get(name, t), t)
        if both is None:
            return None
        joined[name] = both
    return joined


def _common(a: Int, b: Int) -> Int | None:
    lo, hi = max(a.lo, b.lo), min(a.hi, b.hi)
    return Int(lo, hi) if lo < hi else None


def _compared(op: str, left: typed.Expr, right: typed.Expr) -> Facts | None:
    if op in _MIRRORED:
        op, left, right = _MIRRORED[op], right, left
    a, b = left.type, right.type
    if not (isinstance(a, Int) and isinstance(b, Int)):
        return {}
    match op:
        case "lt":
            sides = _common(a, Int(a.lo, b.hi - 1)), _common(b, Int(a.lo + 1, b.hi))
        case "le":
            sides = _common(a, Int(a.lo, b.hi)), _common(b, Int(a.lo, b.hi))
        case "eq":
            sides = _common(a, b), _common(a, b)
        case _:
            sides = _without(a, b), _without(b, a)
    if None in sides:
        return None
    found: Facts = {}
    for e, t in zip((left, right), sides, strict=True):
        name = variable(e)
        if name is not None and t is not None and t != e.type:
            found[name] = t
    return found


def _without(a: Int, b: Int) -> Int | None:
    """Return a range without a single value at one of its ends."""
    if b.size != 1:
        return a
    lo = a.lo + (a.lo == b.lo)
    hi = a.hi - (a.hi - 1 == b.lo)
    return Int(lo, hi) if lo < hi else None
