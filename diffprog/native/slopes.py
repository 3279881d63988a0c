"""Rows on numbers: the C text of each value and of its slope in each argument, in one place.

`x_0`, `x_1` are the arguments, `y` the value, each a `vec`; `T` is the temperature, `R` its
inverse (0 at 0), `C` the offset at ties, `E` the weight at which a row has halted. The logic of
bools stands here too: its forms are multilinear, as the derived rule is.
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
    return Rule(f"{function}(x_0, x_1, T, R, C)", (slope, f"-({slope})"))


GREATER = "y * (1 - y) * R"
UNEQUAL = "slope_greater(x_0, x_1, T, R, C) - slope_greater(x_1, x_0, T, R, C)"
SIGN = "choose(x_0 > 0, all(1), choose(x_0 < 0, all(-1), all(0)))"

NUMBERS = {
    "add": Rule("x_0 + x_1", ("1", "1")),
    "sub": Rule("x_0 - x_1", ("1", "-1")),
    "mul": Rule("x_0 * x_1", ("x_1", "x_0")),
    "div": Rule("x_0 / x_1", ("1 / x_1", "-y / x_1"), "x_1 != 0"),
    "neg": Rule("-x_0", ("-1",)),
    "abs": Rule("most(x_0, -x_0)", (SIGN,)),
    "min": Rule("least(x_0, x_1)", ("share(x_0, x_1)", "share(x_1, x_0)")),
    "max": Rule("most(x_0, x_1)", ("share(x_1, x_0)", "share(x_0, x_1)")),
    "exp": Rule("exponential(x_0)", ("y",)),
    "log": Rule("EACH(log, x_0)", ("1 / x_0",), "x_0 > 0"),
    "sqrt": Rule("root(x_0)", ("choose(x_0 > 0, (real)0.5 / y, all(0))",), "x_0 >= 0"),
    "sin": Rule("EACH(sin, x_0)", ("EACH(cos, x_0)",)),
    "cos": Rule("EACH(cos, x_0)", ("-EACH(sin, x_0)",)),
    "tanh": Rule("EACH(tanh, x_0)", ("1 - y * y",)),
    "sigmoid": Rule("logistic(x_0)", ("y * (1 - y)",)),
    "relu": Rule("most(x_0, all(0))", ("choose(x_0 > 0, all(1), all(0))",)),
    "softplus": Rule(
        "most(x_0, all(0)) + EACH(log1p, exponential(least(x_0, -x_0)))", ("logistic(x_0)",)
    ),
    "chance": Rule("chance(x_0, T, R)", ("slope_chance(x_0, y, T, R)",)),
    "gt": _compare("greater", GREATER),
    "ge": _compare("at_least", GREATER),
    "eq": _compare("equal", "slope_equal(x_0, x_1, y, T, R, C)"),
    "ne": _compare("unequal", UNEQUAL),
}
"""Rows on reals."""

MIRRORED = {"lt": "gt", "le": "ge"}
"""Rows that are another with its arguments in the other order."""

LOGIC = {
    "and": Rule("x_0 * x_1", ("x_1", "x_0")),
    "or": Rule("x_0 + (1 - x_0) * x_1", ("1 - x_1", "1 - x_0")),
    "xor": Rule("x_0 * (1 - x_1) + (1 - x_0) * x_1", ("1 - 2 * x_1", "1 - 2 * x_0")),
    "not": Rule("1 - x_0", ("-1",)),
    "eq": Rule("x_0 * x_1 + (1 - x_0) * (1 - x_1)", ("2 * x_1 - 1", "2 * x_0 - 1")),
    "ne": Rule("x_0 * (1 - x_1) + (1 - x_0) * x_1", ("1 - 2 * x_1", "1 - 2 * x_0")),
}
"""Rows on bools: as multilinear forms of probabilities."""

COPY = Rule("x_0", ("1",))
LERP = Rule("lerp(x_0, x_1, x_2)", ("1 - x_2", "x_2", "x_1 - x_0"))
OTHER = LOGIC["not"]
PRODUCT = NUMBERS["mul"]
LEAVING = Rule(
    "choose(live(x_0, E), x_0 * x_1, all(0))",
    ("choose(live(x_0, E), x_1, all(0))", "choose(live(x_0, E), x_0, all(0))"),
)
STAYING = Rule(
    "choose(live(x_0, E), x_0 * (1 - x_1), x_0)",
    ("choose(live(x_0, E), 1 - x_1, all(1))", "choose(live(x_0, E), -x_0, all(0))"),
)
KEPT = Rule(
    "choose(x_2 > E, x_0, x_1)",
    ("choose(x_2 > E, all(1), all(0))", "choose(x_2 > E, all(0), all(1))", "0"),
)
KEPT_FINITE = Rule(
    "choose(live(x_2, E), x_0, x_1)",
    ("choose(live(x_2, E), all(1), all(0))", "choose(live(x_2, E), all(0), all(1))", "0"),
)
INVERSE_NORM = Rule(
    "choose(x_0 > 0, 1 / root(choose(x_0 > 0, x_0, all(1))), all(0))", ("(real)-0.5 * y * y * y",)
)
ADDED = Rule("x_0 + x_1 * x_2", ("1", "x_2", "x_1"))
