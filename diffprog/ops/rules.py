"""Type rules of operations: from the types of arguments to the type of the result.

A rule raises `RuleError` for arguments that an operation does not take. Ranges of ints are exact.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from diffprog.types import BOOL, REAL, Array, Bool, Enum, Int, Real, Type

Rule = Callable[[Sequence[Type]], Type]


class RuleError(Exception):
    """Arguments of types for which an operation has no result."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


def wrong(name: str, types: Sequence[Type], wanted: str) -> RuleError:
    """Return the error of an operation on types that it does not take."""
    found = " and ".join(f"`{t}`" for t in types)
    return RuleError("DP401", f"`{name}` takes {wanted}, found {found}")


def numbers(name: str, on_ints: Callable[..., Type], on_reals: Type | None = REAL) -> Rule:
    """Return a rule: ints give `on_ints` of their ranges.

    Reals, or a mixture, give `on_reals`.
    """

    def rule(types: Sequence[Type]) -> Type:
        if all(isinstance(t, Int) for t in types):
            return on_ints(*types)
        if on_reals is not None and all(isinstance(t, Int | Real) for t in types):
            return on_reals
        raise wrong(name, types, "numbers" if on_reals is not None else "integers")

    return rule


def corners(f: Callable[[int, int], int]) -> Callable[[Int, Int], Int]:
    """Return the exact range of a function that is monotone in each argument."""

    def ranged(a: Int, b: Int) -> Int:
        ends = [f(x, y) for x in (a.lo, a.hi - 1) for y in (b.lo, b.hi - 1)]
        return Int(min(ends), max(ends) + 1)

    return ranged


def divisor(name: str, b: Int) -> None:
    """Refuse a divisor whose range contains 0."""
    if b.lo <= 0 < b.hi:
        raise RuleError(
            "DP405",
            f"the divisor of `{name}` has the range `{b}`, which contains 0",
            "narrow it with a test, or add 1",
        )


def floordiv_range(a: Int, b: Int) -> Int:
    """Return the range of `a // b`."""
    divisor("//", b)
    return corners(operator.floordiv)(a, b)


def mod_range(a: Int, b: Int) -> Int:
    """Return the range of `a % b`, which has the divisor's sign."""
    divisor("%", b)
    if b.lo > 0:
        return Int(a.lo, a.hi) if a.lo >= 0 and a.hi <= b.lo else Int(0, b.hi - 1)
    return Int(a.lo, a.hi) if b.hi - 1 < a.lo and a.hi <= 1 else Int(b.lo + 1, 1)


def abs_range(a: Int) -> Int:
    """Return the range of `abs(a)`."""
    low = 0 if a.lo <= 0 < a.hi else min(abs(a.lo), abs(a.hi - 1))
    return Int(low, max(abs(a.lo), abs(a.hi - 1)) + 1)


def clamp_range(x: Int, lo: Int, hi: Int) -> Int:
    """Return the range of `clamp(x, lo, hi)`."""
    return Int(max(min(x.lo, hi.lo), lo.lo), max(min(x.hi, hi.hi), lo.hi))


def bools(name: str) -> Rule:
    """Return a rule: bools give a bool."""

    def rule(types: Sequence[Type]) -> Type:
        if all(isinstance(t, Bool) for t in types):
            return BOOL
        raise wrong(name, types, "`bool`")

    return rule


def reals(name: str) -> Rule:
    """Return a rule: numbers give a real."""

    def rule(types: Sequence[Type]) -> Type:
        if all(isinstance(t, Int | Real) for t in types):
            return REAL
        raise wrong(name, types, "numbers")

    return rule


def equality(types: Sequence[Type]) -> Type:
    """Return bool for two numbers, or two values of one type."""
    a, b = types
    both_numbers = isinstance(a, Int | Real) and isinstance(b, Int | Real)
    if both_numbers or (a == b and isinstance(a, Bool | Enum)):
        return BOOL
    raise wrong("==", types, "two numbers, or two values of one type")


def sigmoid(x: float) -> float:
    """Return the logistic function, without overflow."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def softplus(x: float) -> float:
    """Return log(1 + e^x), without overflow."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def is_real_array(t: Type, rank: int) -> bool:
    """Say whether a type is an array of numbers of some rank."""
    return isinstance(t, Array) and len(t.shape) == rank and isinstance(t.item, Int | Real)


def matmul_rule(types: Sequence[Type]) -> Type:
    """Return the type of `a @ b`."""
    a, b = types
    ranks = [len(t.shape) if isinstance(t, Array) else 0 for t in types]
    if not all(0 < r < 3 and is_real_array(t, r) for t, r in zip(types, ranks, strict=True)):
        raise wrong("@", types, "vectors or matrices of numbers")
    assert isinstance(a, Array)
    assert isinstance(b, Array)
    if a.shape[-1] != b.shape[0]:
        raise RuleError("DP402", f"`@` sums over axes of {a.shape[-1]} and {b.shape[0]} cells")
    shape = a.shape[:-1] + b.shape[1:]
    return Array(shape, REAL) if shape else REAL


def matmul(a: Any, b: Any) -> Any:
    """Return a product of vectors or matrices, as nested lists."""
    if isinstance(a[0], list):
        return [matmul(row, b) for row in a]
    if isinstance(b[0], list):
        return [matmul(a, [row[j] for row in b]) for j in range(len(b[0]))]
    return float(sum(x * y for x, y in zip(a, b, strict=True)))


def cosine_rule(types: Sequence[Type]) -> Type:
    """Return the type of `cosine(memory, key)`."""
    memory, key = types
    if is_real_array(memory, 2) and is_real_array(key, 1):
        assert isinstance(memory, Array)
        assert isinstance(key, Array)
        if memory.shape[1] == key.shape[0]:
            return Array(memory.shape[:1], REAL)
    raise wrong("cosine", types, "a `real[n, w]` and a `real[w]`")


def cosine(memory: list[list[float]], key: list[float]) -> list[float]:
    """Return the cosine of each row with a key; 0 where either is zero."""

    def one(row: list[float]) -> float:
        norms = math.sqrt(sum(x * x for x in row)) * math.sqrt(sum(x * x for x in key))
        return sum(x * y for x, y in zip(row, key, strict=True)) / norms if norms else 0.0

    return [one(row) for row in memory]


def sums_rule(name: str) -> Rule:
    """Return the rule of running sums: numbers in a row give reals in a row."""

    def rule(types: Sequence[Type]) -> Type:
        (xs,) = types
        if not is_real_array(xs, 1):
            raise wrong(name, types, "a `real[n]`")
        assert isinstance(xs, Array)
        return Array(xs.shape, REAL)

    return rule


def sums_before(xs: list[float]) -> list[float]:
    """Return, for each place, the sum of the cells before it."""
    return [float(sum(xs[:i])) for i in range(len(xs))]


def sums_after(xs: list[float]) -> list[float]:
    """Return, for each place, the sum of the cells after it, the last first."""
    return sums_before(xs[::-1])[::-1]


def pick_rule(types: Sequence[Type]) -> Type:
    """Return the type of `pick(scores)`."""
    (scores,) = types
    if not is_real_array(scores, 1):
        raise wrong("pick", types, "a `real[n]`")
    assert isinstance(scores, Array)
    return Int(0, scores.shape[0])


def pick(scores: list[float]) -> int:
    """Return the place of the largest score, the first of equals."""
    return max(range(len(scores)), key=lambda i: (scores[i], -i))


def sharpen_rule(types: Sequence[Type]) -> Type:
    """Return the type of `sharpen(p, g)`."""
    p, g = types
    if isinstance(p, Int | Enum) and isinstance(g, Int | Real):
        return p
    raise wrong("sharpen", types, "an int and a number of at least 1")


def only_rule(types: Sequence[Type]) -> Type:
    """Return the type of `only(at)`."""
    (at,) = types
    if isinstance(at, Int) and at.lo == 0:
        return Array((at.hi,), BOOL)
    raise wrong("only", types, "an `int<n>`")


def reject(name: str, types: Sequence[Type], wanted: str) -> Type:
    """Raise that an operation does not take these types; it stands where a type is wanted."""
    raise wrong(name, types, wanted)
