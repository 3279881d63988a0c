"""Every pure operation of the language, one row each.

A row says what an operation is called, what it gives for arguments of given types, and what it
computes crisply. On finite types that is all: the soft rule is the multilinear extension of the
crisp function and is derived (`diffprog.soft`). On reals a row also states its formula as torch
source. Never imports torch.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diffprog.ops.rules import (
    Rule,
    abs_range,
    bools,
    clamp_range,
    corners,
    cosine,
    cosine_rule,
    equality,
    floordiv_range,
    matmul,
    matmul_rule,
    mod_range,
    numbers,
    only_rule,
    pick,
    pick_rule,
    reals,
    reject,
    sharpen_rule,
    sigmoid,
    softplus,
    sums_after,
    sums_before,
    sums_rule,
)
from diffprog.types import BOOL, Int, Real, Type, is_finite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


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
        python: Python text of `crisp` on finite scalars, where it is neither the symbol between
            the arguments nor a call by name; read it from `spelled`.
        tensors: torch source of `crisp` on whole tensors (`true` is 1), where it is neither the
            formula of a row that is no relaxation nor the symbol; read it from `vectorised`.
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
    python: str | None = None
    tensors: str | None = None
    relaxed: bool = False
    lifts: bool = True
    commutative: bool = False
    partial: str | None = None
    typed: bool = False

    @property
    def infix(self) -> str | None:
        """The symbol between two arguments, or nothing."""
        return f"{{0}} {self.symbol} {{1}}" if self.symbol and self.arity == 2 else None

    @property
    def spelled(self) -> str:
        """Python text of `crisp` on finite scalars `{0}`, `{1}`, …."""
        call = ", ".join(f"{{{i}}}" for i in range(self.arity))
        return self.python or self.infix or f"{self.name}({call})"

    @property
    def vectorised(self) -> str | None:
        """Torch source of `crisp` on whole tensors; None where a table has to do."""
        formula = None if self.relaxed else self.formula
        return self.tensors or formula or self.infix

    def is_finite_on(self, types: Sequence[Type]) -> bool:
        """Say whether, on these types, the row is finite: its soft rule is the derived one."""
        return all(map(is_finite, types)) and is_finite(self.rule(types))


def _row(
    name: str, arity: int, rule: Rule, crisp: Callable[..., Any], doc: str, **more: Any
) -> OpSpec:
    return OpSpec(name, arity, rule, crisp, doc, **more)


def _compare(name: str, symbol: str, crisp: Callable[..., bool], formula: str) -> OpSpec:
    rule = equality if symbol in ("==", "!=") else numbers(symbol, lambda *_: BOOL, BOOL)
    doc = f"Whether `a {symbol} b`."
    both = name in ("eq", "ne")
    return OpSpec(name, 2, rule, crisp, doc, symbol, formula, relaxed=True, commutative=both)


_ROWS = (
    # arithmetic: exact ranges on ints, `%` and `//` floor as in Python
    _row("add", 2, numbers("+", corners(operator.add)), operator.add, "Sum.",
         symbol="+", formula="{0} + {1}", commutative=True),
    _row("sub", 2, numbers("-", corners(operator.sub)), operator.sub, "Difference.",
         symbol="-", formula="{0} - {1}"),
    _row("mul", 2, numbers("*", corners(operator.mul)), operator.mul, "Product.",
         symbol="*", formula="{0} * {1}", commutative=True),
    _row("div", 2, reals("/"), operator.truediv, "Quotient, always a real.",
         symbol="/", formula="{0} / {1}", partial="{1} != 0"),
    _row("floordiv", 2, numbers("//", floordiv_range, None), operator.floordiv,
         "Quotient, rounded down.", symbol="//"),
    _row("mod", 2, numbers("%", mod_range, None), operator.mod,
         "Remainder, with the divisor's sign.", symbol="%"),
    _row("neg", 1, numbers("-", lambda a: Int(1 - a.hi, 1 - a.lo)), operator.neg,
         "The number with the other sign.", symbol="-", formula="-{0}", python="-{0}"),
    _row("abs", 1, numbers("abs", abs_range), abs, "Size without sign.", formula="torch.abs({0})"),
    _row("min", 2, numbers("min", corners(min)), min, "The smaller number.",
         formula="torch.minimum({0}, {1})", commutative=True),
    _row("max", 2, numbers("max", corners(max)), max, "The larger number.",
         formula="torch.maximum({0}, {1})", commutative=True),
    _row("clamp", 3, numbers("clamp", clamp_range), lambda x, lo, hi: max(min(x, hi), lo),
         "The nearest number in `lo` to `hi`, both included.",
         formula="torch.maximum(torch.minimum({0}, {2}), {1})", python="max(min({0}, {2}), {1})"),
    # logic
    _row("and", 2, bools("and"), lambda a, b: a and b, "Both.", symbol="and", commutative=True,
         tensors="{0} & {1}"),
    _row("or", 2, bools("or"), lambda a, b: a or b, "One or both.", symbol="or", commutative=True,
         tensors="{0} | {1}"),
    _row("xor", 2, bools("xor"), lambda a, b: a != b, "Just one.", symbol="xor", commutative=True,
         python="{0} != {1}", tensors="{0} ^ {1}"),
    _row("not", 1, bools("not"), lambda a: not a, "The other truth value.", symbol="not",
         python="not {0}", tensors="1 - {0}"),
    # comparisons: exact on finite types, logistic on reals (DESIGN: relaxed rows)
    _compare("eq", "==", operator.eq, "equal({0}, {1}, T, TIES)"),
    _compare("ne", "!=", operator.ne, "unequal({0}, {1}, T, TIES)"),
    _compare("lt", "<", operator.lt, "greater({1}, {0}, T, TIES)"),
    _compare("le", "<=", operator.le, "at_least({1}, {0}, T, TIES)"),
    _compare("gt", ">", operator.gt, "greater({0}, {1}, T, TIES)"),
    _compare("ge", ">=", operator.ge, "at_least({0}, {1}, T, TIES)"),
    # smooth functions of reals
    _row("exp", 1, reals("exp"), math.exp, "e to the power.", formula="torch.exp({0})"),
    _row("log", 1, reals("log"), math.log, "Natural logarithm.", formula="torch.log({0})",
         partial="{0} > 0"),
    _row("sqrt", 1, reals("sqrt"), math.sqrt, "Square root.", formula="torch.sqrt({0})",
         tensors="torch.where({0} < 0, torch.nan, root({0}))", partial="{0} >= 0"),
    _row("sin", 1, reals("sin"), math.sin, "Sine, of radians.", formula="torch.sin({0})"),
    _row("cos", 1, reals("cos"), math.cos, "Cosine, of radians.", formula="torch.cos({0})"),
    _row("tanh", 1, reals("tanh"), math.tanh, "Hyperbolic tangent.", formula="torch.tanh({0})"),
    _row("sigmoid", 1, reals("sigmoid"), sigmoid, "Logistic function.",
         formula="torch.sigmoid({0})"),
    _row("relu", 1, reals("relu"), lambda x: max(x, 0.0), "The number, or 0 where negative.",
         formula="torch.relu({0})"),
    _row("softplus", 1, reals("softplus"), softplus, "A smooth `relu`: log(1 + e^x).",
         formula="F.softplus({0}, threshold=40)"),
    # between sorts
    _row("int", 1, lambda t: Int(0, 2) if t[0] == BOOL else reject("int", t, "a `bool`"), int,
         "0 for false, 1 for true.", tensors="{0}"),
    _row("real", 1, reals("real"), float, "The number as a real (softly, its mean).",
         formula="{0}"),
    _row("chance", 1, lambda t: BOOL if isinstance(t[0], Int | Real) else
         reject("chance", t, "a number in [0, 1]"), lambda p: p >= 0.5,
         "True with this probability; crisply, whether it is at least one half.",
         formula="chance({0}, T)", relaxed=True, python="{0} >= 0.5", tensors="{0} >= 0.5"),
    # rows on whole arrays
    _row("pick", 1, pick_rule, pick, "The place of the largest score; softly a softmax.",
         formula="pick({0}, T)", relaxed=True, lifts=False,
         tensors="first({0} == {0}.amax(-1, keepdim=True))"),
    _row("sharpen", 2, sharpen_rule, lambda p, g: p,
         "A distribution to the power g, normalised (Graves 2014, eq. 9).",
         formula="sharpen({0}, {1})", lifts=False, python="{0}", tensors="{0}"),
    _row("only", 1, only_rule, lambda i, t: [j == i for j in range(t.shape[0])],
         "A mask that is true at one place.", formula="{0}", lifts=False, typed=True),
    _row("matmul", 2, matmul_rule, matmul, "Matrix product.", symbol="@",
         formula="matmul({0}, {1})", lifts=False),
    _row("cosine", 2, cosine_rule, cosine,
         "Cosine of each row of a memory with a key; 0 where either is zero.",
         formula="cosine({0}, {1})", lifts=False),
    _row("sums_before", 1, sums_rule("sums_before"), sums_before,
         "For each cell, the sum of those before it.", formula="sums_before({0})", lifts=False),
    _row("sums_after", 1, sums_rule("sums_after"), sums_after,
         "For each cell, the sum of those after it.", formula="sums_after({0})", lifts=False),
)  # fmt: skip


OPS: dict[str, OpSpec] = {row.name: row for row in _ROWS}
"""All operations by name."""

INFIX: dict[str, str] = {row.symbol: row.name for row in _ROWS if row.symbol and row.arity == 2}
"""Operation names by infix symbol."""
