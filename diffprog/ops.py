"""Every pure operation of the language, one row each.

A row says what an operation is called, what it gives for arguments of given types, and what it
computes crisply. On finite types that is all: the soft rule is the multilinear extension of the
crisp function and is derived (`diffprog.soft`). On reals a row also states its formula as torch
source. Never imports torch.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from diffprog.types import BOOL, REAL, Array, Bool, Enum, Int, Real, Type, is_finite


class RuleError(Exception):
    """Arguments of types for which an operation has no result."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


Rule = Callable[[Sequence[Type]], Type]


@dataclass(frozen=True)
class OpSpec:
    """One row: an operation on scalars, or on whole arrays where `lifts` is false.

    Attributes:
        name: what it is called, in the text (`name(a, b)`) and in the graph. arity: how many
            arguments it takes. rule: from argument types to the result's type; raises
            `RuleError`. crisp: the function on crisp values. For rows that lift: on scalars.
            doc: one line. symbol: its infix or prefix spelling, if it has one. formula: torch
            source for real arguments `{0}`, `{1}`, …; `T` is the temperature and `TIES`
            the offset at ties. Functions named there are torch's or stand in `soft.kernels`.
        relaxed: whether the formula, on reals, is a relaxation that depends on the temperature.
        lifts: whether it works cell by cell on arrays.
        commutative: whether its arguments may change places.
        partial: torch source of a condition on the arguments: true where the result is defined.
        typed: whether `crisp` takes the result's type as a last argument.
    """

    name: str
    arity: int
    rule: Rule
    crisp: Callable[..., Any]
    doc: str
    symbol: str | None = None
    formula: str | None = None
    relaxed: bool = False
    lifts: bool = True
    commutative: bool = False
    partial: str | None = None
    typed: bool = False

    def is_finite_on(self, types: Sequence[Type]) -> bool:
        """Say whether, on these types, the row is finite: its soft rule is the derived one."""
        return all(map(is_finite, types)) and is_finite(self.rule(types))


# --- type rules -----------------------------------------------------------------------------------


def _wrong(name: str, types: Sequence[Type], wanted: str) -> RuleError:
    found = " and ".join(f"`{t}`" for t in types)
    return RuleError("DP401", f"`{name}` takes {wanted}, found {found}")


def _numbers(name: str, on_ints: Callable[..., Type], on_reals: Type | None = REAL) -> Rule:
    """Return a rule: ints give `on_ints` of their ranges.

    Reals, or a mixture, give `on_reals`.
    """

    def rule(types: Sequence[Type]) -> Type:
        if all(isinstance(t, Int) for t in types):
            return on_ints(*types)
        if on_reals is not None and all(isinstance(t, Int | Real) for t in types):
            return on_reals
        raise _wrong(name, types, "numbers" if on_reals is not None else "integers")

    return rule


def _corners(f: Callable[[int, int], int]) -> Callable[[Int, Int], Int]:
    def ranged(a: Int, b: Int) -> Int:
        ends = [f(x, y) for x in (a.lo, a.hi - 1) for y in (b.lo, b.hi - 1)]
        return Int(min(ends), max(ends) + 1)

    return ranged


def _divisor(name: str, b: Int) -> None:
    if b.lo <= 0 < b.hi:
        raise RuleError(
            "DP405",
            f"the divisor of `{name}` has the range `{b}`, which contains 0",
            "narrow it with a test, or add 1",
        )


def _floordiv(a: Int, b: Int) -> Int:
    _divisor("//", b)
    return _corners(operator.floordiv)(a, b)


def _mod(a: Int, b: Int) -> Int:
    _divisor("%", b)
    if b.lo > 0:
        return Int(a.lo, a.hi) if a.lo >= 0 and a.hi <= b.lo else Int(0, b.hi - 1)
    return Int(a.lo, a.hi) if b.hi - 1 < a.lo and a.hi <= 1 else Int(b.lo + 1, 1)


def _abs(a: Int) -> Int:
    low = 0 if a.lo <= 0 < a.hi else min(abs(a.lo), abs(a.hi - 1))
    return Int(low, max(abs(a.lo), abs(a.hi - 1)) + 1)


def _clamp(x: Int, lo: Int, hi: Int) -> Int:
    return Int(max(min(x.lo, hi.lo), lo.lo), max(min(x.hi, hi.hi), lo.hi))


def _bools(name: str) -> Rule:
    def rule(types: Sequence[Type]) -> Type:
        if all(isinstance(t, Bool) for t in types):
            return BOOL
        raise _wrong(name, types, "`bool`")

    return rule


def _reals(name: str) -> Rule:
    def rule(types: Sequence[Type]) -> Type:
        if all(isinstance(t, Int | Real) for t in types):
            return REAL
        raise _wrong(name, types, "numbers")

    return rule


def _equality(types: Sequence[Type]) -> Type:
    a, b = types
    both_numbers = isinstance(a, Int | Real) and isinstance(b, Int | Real)
    if both_numbers or (a == b and isinstance(a, Bool | Enum)):
        return BOOL
    raise _wrong("==", types, "two numbers, or two values of one type")


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


# --- rules of rows on whole arrays ----------------------------------------------------------------


def _is_real_array(t: Type, rank: int) -> bool:
    return isinstance(t, Array) and len(t.shape) == rank and isinstance(t.item, Int | Real)


def _matmul_rule(types: Sequence[Type]) -> Type:
    a, b = types
    ranks = [len(t.shape) if isinstance(t, Array) else 0 for t in types]
    if not all(0 < r < 3 and _is_real_array(t, r) for t, r in zip(types, ranks, strict=True)):
        raise _wrong("@", types, "vectors or matrices of numbers")
    assert isinstance(a, Array)
    assert isinstance(b, Array)
    if a.shape[-1] != b.shape[0]:
        raise RuleError("DP402", f"`@` sums over axes of {a.shape[-1]} and {b.shape[0]} cells")
    shape = a.shape[:-1] + b.shape[1:]
    return Array(shape, REAL) if shape else REAL


def _matmul(a: Any, b: Any) -> Any:
    if isinstance(a[0], list):
        return [_matmul(row, b) for row in a]
    if isinstance(b[0], list):
        return [_matmul(a, [row[j] for row in b]) for j in range(len(b[0]))]
    return float(sum(x * y for x, y in zip(a, b, strict=True)))


def _cosine_rule(types: Sequence[Type]) -> Type:
    memory, key = types
    if _is_real_array(memory, 2) and _is_real_array(key, 1):
        assert isinstance(memory, Array)
        assert isinstance(key, Array)
        if memory.shape[1] == key.shape[0]:
            return Array(memory.shape[:1], REAL)
    raise _wrong("cosine", types, "a `real[n, w]` and a `real[w]`")


def _cosine(memory: list[list[float]], key: list[float]) -> list[float]:
    def one(row: list[float]) -> float:
        norms = math.sqrt(sum(x * x for x in row)) * math.sqrt(sum(x * x for x in key))
        return sum(x * y for x, y in zip(row, key, strict=True)) / norms if norms else 0.0

    return [one(row) for row in memory]


def _pick_rule(types: Sequence[Type]) -> Type:
    (scores,) = types
    if not _is_real_array(scores, 1):
        raise _wrong("pick", types, "a `real[n]`")
    assert isinstance(scores, Array)
    return Int(0, scores.shape[0])


def _pick(scores: list[float]) -> int:
    return max(range(len(scores)), key=lambda i: (scores[i], -i))


def _sharpen_rule(types: Sequence[Type]) -> Type:
    p, g = types
    if isinstance(p, Int | Enum) and isinstance(g, Int | Real):
        return p
    raise _wrong("sharpen", types, "an int and a number of at least 1")


def _only_rule(types: Sequence[Type]) -> Type:
    (at,) = types
    if isinstance(at, Int) and at.lo == 0:
        return Array((at.hi,), BOOL)
    raise _wrong("only", types, "an `int<n>`")


def _row(
    name: str, arity: int, rule: Rule, crisp: Callable[..., Any], doc: str, **more: Any
) -> OpSpec:
    return OpSpec(name, arity, rule, crisp, doc, **more)


def _compare(name: str, symbol: str, crisp: Callable[..., bool], formula: str) -> OpSpec:
    rule = _equality if symbol in ("==", "!=") else _numbers(symbol, lambda *_: BOOL, BOOL)
    doc = f"Whether `a {symbol} b`."
    return OpSpec(
        name, 2, rule, crisp, doc, symbol, formula, relaxed=True, commutative=name in ("eq", "ne")
    )


_ROWS = (
    # arithmetic: exact ranges on ints, `%` and `//` floor as in Python
    _row("add", 2, _numbers("+", _corners(operator.add)), operator.add, "Sum.",
         symbol="+", formula="{0} + {1}", commutative=True),
    _row("sub", 2, _numbers("-", _corners(operator.sub)), operator.sub, "Difference.",
         symbol="-", formula="{0} - {1}"),
    _row("mul", 2, _numbers("*", _corners(operator.mul)), operator.mul, "Product.",
         symbol="*", formula="{0} * {1}", commutative=True),
    _row("div", 2, _reals("/"), operator.truediv, "Quotient, always a real.",
         symbol="/", formula="{0} / {1}", partial="{1} != 0"),
    _row("floordiv", 2, _numbers("//", _floordiv, None), operator.floordiv,
         "Quotient, rounded down.", symbol="//"),
    _row("mod", 2, _numbers("%", _mod, None), operator.mod,
         "Remainder, with the divisor's sign.", symbol="%"),
    _row("neg", 1, _numbers("-", lambda a: Int(1 - a.hi, 1 - a.lo)), operator.neg,
         "The number with the other sign.", symbol="-", formula="-{0}"),
    _row("abs", 1, _numbers("abs", _abs), abs, "Size without sign.", formula="torch.abs({0})"),
    _row("min", 2, _numbers("min", _corners(min)), min, "The smaller number.",
         formula="torch.minimum({0}, {1})", commutative=True),
    _row("max", 2, _numbers("max", _corners(max)), max, "The larger number.",
         formula="torch.maximum({0}, {1})", commutative=True),
    _row("clamp", 3, _numbers("clamp", _clamp), lambda x, lo, hi: max(min(x, hi), lo),
         "The nearest number in `lo` to `hi`, both included.",
         formula="torch.maximum(torch.minimum({0}, {2}), {1})"),
    # logic
    _row("and", 2, _bools("and"), lambda a, b: a and b, "Both.", symbol="and", commutative=True),
    _row("or", 2, _bools("or"), lambda a, b: a or b, "One or both.", symbol="or", commutative=True),
    _row("xor", 2, _bools("xor"), lambda a, b: a != b, "Just one.", symbol="xor", commutative=True),
    _row("not", 1, _bools("not"), lambda a: not a, "The other truth value.", symbol="not"),
    # comparisons: exact on finite types, logistic on reals (DESIGN: relaxed rows)
    _compare("eq", "==", operator.eq, "equal({0}, {1}, T, TIES)"),
    _compare("ne", "!=", operator.ne, "unequal({0}, {1}, T, TIES)"),
    _compare("lt", "<", operator.lt, "greater({1}, {0}, T, TIES)"),
    _compare("le", "<=", operator.le, "at_least({1}, {0}, T, TIES)"),
    _compare("gt", ">", operator.gt, "greater({0}, {1}, T, TIES)"),
    _compare("ge", ">=", operator.ge, "at_least({0}, {1}, T, TIES)"),
    # smooth functions of reals
    _row("exp", 1, _reals("exp"), math.exp, "e to the power.", formula="torch.exp({0})"),
    _row("log", 1, _reals("log"), math.log, "Natural logarithm.", formula="torch.log({0})",
         partial="{0} > 0"),
    _row("sqrt", 1, _reals("sqrt"), math.sqrt, "Square root.", formula="torch.sqrt({0})",
         partial="{0} >= 0"),
    _row("sin", 1, _reals("sin"), math.sin, "Sine, of radians.", formula="torch.sin({0})"),
    _row("cos", 1, _reals("cos"), math.cos, "Cosine, of radians.", formula="torch.cos({0})"),
    _row("tanh", 1, _reals("tanh"), math.tanh, "Hyperbolic tangent.", formula="torch.tanh({0})"),
    _row("sigmoid", 1, _reals("sigmoid"), _sigmoid, "Logistic function.",
         formula="torch.sigmoid({0})"),
    _row("relu", 1, _reals("relu"), lambda x: max(x, 0.0), "The number, or 0 where negative.",
         formula="torch.relu({0})"),
    # between sorts
    _row("int", 1, lambda t: Int(0, 2) if t[0] == BOOL else _reject("int", t, "a `bool`"), int,
         "0 for false, 1 for true."),
    _row("real", 1, _reals("real"), float, "The number as a real (softly, its mean).",
         formula="{0}"),
    _row("chance", 1, lambda t: BOOL if isinstance(t[0], Int | Real) else
         _reject("chance", t, "a number in [0, 1]"), lambda p: p >= 0.5,
         "True with this probability; crisply, whether it is at least one half.",
         formula="chance({0}, T)", relaxed=True),
    # rows on whole arrays
    _row("pick", 1, _pick_rule, _pick, "The place of the largest score; softly a softmax.",
         formula="pick({0}, T)", relaxed=True, lifts=False),
    _row("sharpen", 2, _sharpen_rule, lambda p, g: p,
         "A distribution to the power g, normalised (Graves 2014, eq. 9).",
         formula="sharpen({0}, {1})", lifts=False),
    _row("only", 1, _only_rule, lambda i, t: [j == i for j in range(t.shape[0])],
         "A mask that is true at one place.", formula="{0}", lifts=False, typed=True),
    _row("matmul", 2, _matmul_rule, _matmul, "Matrix product.", symbol="@",
         formula="matmul({0}, {1})", lifts=False),
    _row("cosine", 2, _cosine_rule, _cosine,
         "Cosine of each row of a memory with a key; 0 where either is zero.",
         formula="cosine({0}, {1})", lifts=False),
)  # fmt: skip


def _reject(name: str, types: Sequence[Type], wanted: str) -> Type:
    raise _wrong(name, types, wanted)


OPS: dict[str, OpSpec] = {row.name: row for row in _ROWS}
"""All operations by name."""

INFIX: dict[str, str] = {row.symbol: row.name for row in _ROWS if row.symbol and row.arity == 2}
"""Operation names by infix symbol."""


@dataclass(frozen=True)
class ReduceSpec:
    """One reduction over the cells of an array, or over those that a mask selects.

    Attributes:
        name: what it is called. rule: from the cell's type and the number of cells to the
            result's type. crisp: from the selected (place, value) pairs, in order, to the
            result; None when there is none
            and `empty` does not say.
        empty: the result for no cells, or None where the program must say `else v`.
        doc: one line.
    """

    name: str
    rule: Callable[[Type, int], Type]
    crisp: Callable[[list[tuple[int, Any]]], Any]
    empty: bool | int | None
    doc: str


def _sum_rule(item: Type, n: int) -> Type:
    if isinstance(item, Int):
        return Int(min(0, n * item.lo), max(0, n * (item.hi - 1)) + 1)
    return REAL if item == REAL else _reject("sum", [item], "numbers")


def _count_rule(item: Type, n: int) -> Type:
    return Int(0, n + 1) if item == BOOL else _reject("count", [item], "`bool`s")


def _truth_rule(item: Type, n: int) -> Type:
    return BOOL if item == BOOL else _reject("any", [item], "`bool`s")


def _extreme_rule(item: Type, n: int) -> Type:
    return item if isinstance(item, Int | Real) else _reject("min", [item], "numbers")


def _place_rule(item: Type, n: int) -> Type:
    _extreme_rule(item, n)
    return Int(0, max(n, 1))


REDUCTIONS: dict[str, ReduceSpec] = {
    r.name: r
    for r in (
        ReduceSpec("sum", _sum_rule, lambda c: sum(v for _, v in c), 0, "Sum of the cells."),
        ReduceSpec("count", _count_rule, lambda c: sum(v for _, v in c), 0, "The number true."),
        ReduceSpec("any", _truth_rule, lambda c: any(v for _, v in c), False, "Whether one is."),
        ReduceSpec("all", _truth_rule, lambda c: all(v for _, v in c), True, "Whether all are."),
        ReduceSpec("min", _extreme_rule, lambda c: min(v for _, v in c), None, "Least cell."),
        ReduceSpec("max", _extreme_rule, lambda c: max(v for _, v in c), None, "Greatest cell."),
        ReduceSpec("argmin", _place_rule, lambda c: min(c, key=lambda p: (p[1], p[0]))[0], 0,
                   "The place of the smallest cell, the first of equals."),
        ReduceSpec("argmax", _place_rule, lambda c: min(c, key=lambda p: (-p[1], p[0]))[0], 0,
                   "The place of the largest cell, the first of equals."),
    )
}  # fmt: skip
"""All reductions by name; of nothing they give `empty`, and ties go to the lowest place."""
