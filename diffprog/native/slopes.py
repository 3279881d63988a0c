"""Rows on numbers: the C text of each value and of its slope in each argument, in one place.

`x0`, `x1` are the arguments, `y` the value; `T` is the temperature, `C` the offset at ties.
The logic of bools stands here too: its forms are multilinear, as the derived rule is.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """One row.

    Attributes:
        value: the C text of the value.
        slopes: of each argument, the C text of dy / dx.
        defined: the C condition under which it has a value (else it is 0, with no slope).
    """

    value: str
    slopes: tuple[str, ...]
    defined: str = ""


def _compare(function: str, slope: str) -> Rule:
    return Rule(f"{function}(x0, x1, T, C)", (slope, f"-({slope})"))


GREATER = "T == 0 ? 0 : y * (1 - y) / T"
UNEQUAL = "slope_greater(x0, x1, T, C) - slope_greater(x1, x0, T, C)"
LEAST = "x0 < x1 ? 1 : x0 == x1 ? (real)0.5 : 0"
MOST = "x0 > x1 ? 1 : x0 == x1 ? (real)0.5 : 0"
SIGN = "x0 > 0 ? 1 : x0 < 0 ? -1 : 0"

NUMBERS = {
    "add": Rule("x0 + x1", ("1", "1")),
    "sub": Rule("x0 - x1", ("1", "-1")),
    "mul": Rule("x0 * x1", ("x1", "x0")),
    "div": Rule("x0 / x1", ("1 / x1", "-y / x1"), "x1 != 0"),
    "neg": Rule("-x0", ("-1",)),
    "abs": Rule("fabs(x0)", (SIGN,)),
    "min": Rule("x0 < x1 ? x0 : x1", (LEAST, f"1 - ({LEAST})")),
    "max": Rule("x0 > x1 ? x0 : x1", (MOST, f"1 - ({MOST})")),
    "exp": Rule("exp(x0)", ("y",)),
    "log": Rule("log(x0)", ("1 / x0",), "x0 > 0"),
    "sqrt": Rule("sqrt(x0)", ("x0 > 0 ? (real)0.5 / y : 0",), "x0 >= 0"),
    "sin": Rule("sin(x0)", ("cos(x0)",)),
    "cos": Rule("cos(x0)", ("-sin(x0)",)),
    "tanh": Rule("tanh(x0)", ("1 - y * y",)),
    "sigmoid": Rule("logistic(x0)", ("y * (1 - y)",)),
    "relu": Rule("x0 > 0 ? x0 : 0", ("x0 > 0 ? 1 : 0",)),
    "gt": _compare("greater", GREATER),
    "ge": _compare("at_least", GREATER),
    "eq": _compare("equal", "slope_equal(x0, x1, y, T, C)"),
    "ne": _compare("unequal", UNEQUAL),
}
"""Rows on reals."""

MIRRORED = {"lt": "gt", "le": "ge"}
"""Rows that are another with its arguments in the other order."""

LOGIC = {
    "and": Rule("x0 * x1", ("x1", "x0")),
    "or": Rule("x0 + (1 - x0) * x1", ("1 - x1", "1 - x0")),
    "xor": Rule("x0 * (1 - x1) + (1 - x0) * x1", ("1 - 2 * x1", "1 - 2 * x0")),
    "not": Rule("1 - x0", ("-1",)),
    "eq": Rule("x0 * x1 + (1 - x0) * (1 - x1)", ("2 * x1 - 1", "2 * x0 - 1")),
    "ne": Rule("x0 * (1 - x1) + (1 - x0) * x1", ("1 - 2 * x1", "1 - 2 * x0")),
}
"""Rows on bools: as multilinear forms of probabilities."""

COPY = Rule("x0", ("1",))
LERP = Rule("x0 + x2 * (x1 - x0)", ("1 - x2", "x2", "x1 - x0"))
OTHER = LOGIC["not"]
PRODUCT = NUMBERS["mul"]
LEAVING = Rule(
    "E == 0 || x0 > E ? x0 * x1 : 0",
    ("E == 0 || x0 > E ? x1 : 0", "E == 0 || x0 > E ? x0 : 0"),
)
STAYING = Rule(
    "E == 0 || x0 > E ? x0 * (1 - x1) : x0",
    ("E == 0 || x0 > E ? 1 - x1 : 1", "E == 0 || x0 > E ? -x0 : 0"),
)
KEPT = Rule("x2 > E ? x0 : x1", ("x2 > E ? 1 : 0", "x2 > E ? 0 : 1", "0"))
KEPT_FINITE = Rule(
    "E == 0 || x2 > E ? x0 : x1",
    ("E == 0 || x2 > E ? 1 : 0", "E == 0 || x2 > E ? 0 : 1", "0"),
)
ADDED = Rule("x0 + x1 * x2", ("1", "x2", "x1"))
