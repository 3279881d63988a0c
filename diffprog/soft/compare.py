"""Source for comparisons of finite values: sums over the side that is wanted.

In: two operands that stand beside each other, distributions or known numbers. Out: the code of
a probability.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.soft.tables import domain, spelled
from diffprog.soft.writer import finite_item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.soft.writer import Term, Writer

MIRRORED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "eq": "eq", "ne": "ne"}
RELATION_LIMIT = 1 << 12
"""The largest relation kept as a matrix; beyond it a comparison is a cumulative sum."""


def compared(op: str, operands: Sequence[Term], writer: Writer) -> str:
    """Return the code of P(a op b)."""
    a, b = operands
    if b.number:
        return _with_number(op, a, b)
    if a.number:
        return _with_number(MIRRORED[op], b, a)
    return _between(op, a, b, writer)


def _with_number(op: str, p: Term, k: Term) -> str:
    lo, n = finite_item(p.type).lo, finite_item(p.type).size

    def place(ahead: int) -> str:
        if k.value is not None:
            assert isinstance(k.value, int)
            return str(min(max(k.value - lo + ahead, 0), n))
        by = ahead - lo
        return f"max(0, {k.code} {'-' if by < 0 else '+'} {abs(by)})" if by else f"max(0, {k.code})"

    part = {
        "gt": f"{place(1)}:",
        "ge": f"{place(0)}:",
        "lt": f":{place(0)}",
        "le": f":{place(1)}",
        "eq": f"{place(0)}:{place(1)}",
    }
    if op == "ne":
        return f"{p.code}[..., {part['lt']}].sum(-1) + {p.code}[..., {part['gt']}].sum(-1)"
    inside = k.value is None or (isinstance(k.value, int) and lo <= k.value < lo + n)
    if op == "eq" and k.value is not None and inside:
        return f"{p.code}[..., {place(0)}]"
    return f"{p.code}[..., {part[op]}].sum(-1)"


def _between(op: str, a: Term, b: Term, writer: Writer) -> str:
    s, t = finite_item(a.type), finite_item(b.type)
    if op == "eq":
        lo, hi = max(s.lo, t.lo), min(s.lo + s.size, t.lo + t.size)
        return f"({_part(a, lo, hi)} * {_part(b, lo, hi)}).sum(-1)"
    if s.size * t.size <= RELATION_LIMIT:
        text = f"table(lambda a, b: {spelled(op, 'ab')}, [{domain(s)}, {domain(t)}], None, like)"
        return f"bilinear({writer.constant(f'{op}_table', text)}, {a.code}, {b.code})"
    above = {"gt": (a, b, 0), "ge": (a, b, 1), "lt": (b, a, 0), "le": (b, a, 1)}
    if op == "ne":
        return f"{_exceeds(a, b, 0)} + {_exceeds(b, a, 0)}"
    return _exceeds(*above[op])


def _exceeds(a: Term, b: Term, ties: int) -> str:
    shift = finite_item(a.type).lo - finite_item(b.type).lo + ties
    return f"exceeds({a.code}, {b.code}, {shift})"


def _part(term: Term, lo: int, hi: int) -> str:
    t = finite_item(term.type)
    if (lo, hi) == (t.lo, t.lo + t.size):
        return term.code
    return f"{term.code}[..., {lo - t.lo}:{max(hi, lo) - t.lo}]"
