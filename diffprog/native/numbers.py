"""Known numbers: rows and tables on them as C expressions of integers.

In: nodes whose inputs are all known finite scalars. Out: a `Number`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.native.values import Number, UnsupportedError, finite
from diffprog.ops import OPS
from diffprog.types import Int, Real

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Apply, Table
    from diffprog.native.writer import Writer
    from diffprog.types import Type, Value

SPELLED = {
    "add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}", "neg": "-{0}",
    "floordiv": "quotient({0}, {1})", "mod": "remainder_of({0}, {1})",
    "abs": "larger({0}, -{0})", "min": "smaller({0}, {1})", "max": "larger({0}, {1})",
    "clamp": "larger(smaller({0}, {2}), {1})",
    "and": "{0} && {1}", "or": "{0} || {1}", "xor": "{0} != {1}", "not": "!{0}",
    "eq": "{0} == {1}", "ne": "{0} != {1}", "lt": "{0} < {1}", "le": "{0} <= {1}",
    "gt": "{0} > {1}", "ge": "{0} >= {1}", "int": "{0}",
}  # fmt: skip
"""The C text of rows on known finite scalars."""


def constant(value: Value, t: Type) -> Number:
    """Return a constant as a term."""
    if isinstance(value, list):
        return Number("", t, value)
    if isinstance(t, Real):
        assert isinstance(value, int | float)
        return Number(f"({float(value)!r})", t, float(value))
    assert isinstance(value, int | float)
    return Number(f"({int(value)})", t, value)


def row(node: Apply, args: Sequence[Number]) -> Number:
    """Return a row or a structural operation on known scalars."""
    values = [a.value for a in args if a.value is not None]
    if len(values) == len(args):
        if node.op in OPS:
            return constant(OPS[node.op].crisp(*values), node.type)
        if node.op == "convert":
            return constant(values[0], node.type)
    if node.op == "convert":
        return Number(args[0].code, node.type)
    if node.op == "narrow":
        assert isinstance(node.type, Int)
        lo, hi = node.type.lo, node.type.hi - 1
        return Number(f"larger(smaller({args[0].code}, {hi}), {lo})", node.type)
    if node.op not in SPELLED:
        message = f"`{node.op}` of known numbers"
        raise UnsupportedError(message)
    return Number(f"({SPELLED[node.op].format(*(a.code for a in args))})", node.type)


def place(args: Sequence[Number]) -> str:
    """Return the number of a combination of values, row-major, as a C expression."""
    code = "0"
    for a in args:
        code = f"({code}) * {finite(a.type).size} + ({a.code} - {finite(a.type).lo})"
    return code


def entry(w: Writer, node: Table, args: Sequence[Number]) -> Number:
    """Return a tabulated expression of known scalars."""
    lo = finite(node.type).lo
    name = w.table([e + lo for e in node.entries])
    return Number(f"((long){name}[{place(args)}])", node.type)
