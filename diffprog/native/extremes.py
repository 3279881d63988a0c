"""The largest of reals, and its place, in C: tournaments that a mask weighs.

In: cells, a mask of bools or None. Out: a term.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.native.slopes import ADDED, NUMBERS, OTHER, PRODUCT, Rule
from diffprog.native.values import Slot, cells
from diffprog.types import Bool, Real, Type

if TYPE_CHECKING:
    from diffprog.native.writer import Writer


def _passed(i: int, n: int) -> Rule:
    """Return what is left of `x_0` for cell `j` after cell `i`, whose weight is `x_3`.

    Cell `i` counts before `j` if it is larger, `x_1 > x_2`, or equal and earlier.
    """
    first = (
        f"((x_1 > x_2) | ((x_1 == x_2) & (all({i} < j ? 1 : 0) > 0)))" if n > 1 else "(x_1 > x_2)"
    )
    factor = f"choose({first}, 1 - x_3, all(1))"
    return Rule(f"x_0 * {factor}", (factor, "0", "0", f"choose({first}, -x_0, all(0))"))


def largest_real(w: Writer, array: Slot, mask: Slot, nothing: Slot, *, low: bool) -> Slot:
    """Return the expectation over masks of the largest real; `nothing` where there is none."""
    n = cells(array.type)
    x = _negative(w, array.code, n) if low else array.code
    left = w.constants([1.0] * n)
    for i in range(n):
        after = w.take(n)
        args = [f"({left} + j)", f"({x} + {i})", f"({x} + j)", f"({mask.code} + {i})"]
        w.map(_passed(i, n), after, args, n)
        left = after
    first = w.take(n)
    w.map(PRODUCT, first, [f"({left} + j)", f"({mask.code} + j)"], n)
    total = w.slot(Real())
    w.map(PRODUCT, total.code, [nothing, Slot(_none(w, mask, n), Real())])
    for k in range(n):
        more = w.slot(Real())
        w.map(ADDED, more.code, [total, f"({first} + {k})", f"({array.code} + {k})"])
        total = more
    return total


def _negative(w: Writer, x: str, n: int) -> str:
    out = w.take(n)
    w.map(NUMBERS["neg"], out, [f"({x} + j)"], n)
    return out


def _none(w: Writer, mask: Slot, n: int) -> str:
    """Return the probability that the mask selects nothing."""
    others = w.take(n)
    w.map(OTHER, others, [f"({mask.code} + j)"], n)
    total = others
    for k in range(1, n):
        more = w.take(1)
        w.map(PRODUCT, more, [total, f"({others} + {k})"])
        total = more
    return total


def _unbeaten(i: int) -> Rule:
    """Return what is left of `x_0` for cell `j` after it meets `i`, whose weight is `x_3`."""
    wins = f"({i} < j ? at_least(x_1, x_2, T, R, C) : greater(x_1, x_2, T, R, C))"
    slope = f"({wins} * (1 - {wins}) * R)"
    same = f"{i} == j ? "
    return Rule(
        f"{same}x_0 : x_0 * (1 - x_3 * {wins})",
        (
            f"({same}all(1) : 1 - x_3 * {wins})",
            f"({same}all(0) : -x_0 * x_3 * {slope})",
            f"({same}all(0) : x_0 * x_3 * {slope})",
            f"({same}all(0) : -x_0 * {wins})",
        ),
    )


def place_of_largest_real(w: Writer, array: Slot, mask: Slot | None, t: Type, *, low: bool) -> Slot:
    """Return the place of the largest real: a softmax, or with a mask a tournament, scaled.

    Place j has m_j prod_i (1 - m_i P(i beats j)), scaled to what is selected at all; the rest
    goes to place 0.
    """
    n = cells(array.type)
    x = _negative(w, array.code, n) if low else array.code
    slot = w.slot(t)
    if mask is None:
        w.softmax(slot.code, x, n)
        return slot
    left = f"({mask.code})"
    for i in range(n):
        after = w.take(n)
        args = [f"({left} + j)", f"({x} + {i})", f"({x} + j)", f"({mask.code} + {i})"]
        w.map(_unbeaten(i), after, args, n)
        left = after
    share = _shared(w, left, mask, n)
    none, some = _none(w, mask, n), w.slot(Bool())
    w.map(OTHER, some.code, [none])
    w.map(PRODUCT, slot.code, [f"({share} + j)", some.code], n)
    result = w.slot(t)
    rule = Rule("j == 0 ? x_0 + x_1 : x_0", ("1", "(j == 0 ? all(1) : all(0))"))
    w.map(rule, result.code, [f"({slot.code} + j)", none], n)
    return result


def _shared(w: Writer, score: str, mask: Slot, n: int) -> str:
    """Return scores over their sum; where there is nothing, the mask over its size."""
    total = score
    for k in range(1, n):
        more = w.take(1)
        w.map(NUMBERS["add"], more, [total, f"({score} + {k})"])
        total = more
    out = w.take(n)
    live, safe = "(x_1 >= TINY)", "choose(x_1 >= TINY, x_1, all(1))"
    rule = Rule(
        f"choose({live}, x_0 / {safe}, x_2 / {n})",
        (
            f"choose({live}, 1 / {safe}, all(0))",
            f"choose({live}, -x_0 / ({safe} * {safe}), all(0))",
            f"choose({live}, all(0), all((real)1 / {n}))",
        ),
    )
    w.map(rule, out, [f"({score} + j)", total, f"({mask.code} + j)"], n)
    return out
