"""Reductions over the cells of an array in C: sum, count, any, all.

In: a Reduce node and its inputs as terms. Out: a term.
"""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import TYPE_CHECKING

from diffprog.native.rows import by_entries, converted
from diffprog.native.slopes import LOGIC, NUMBERS, PRODUCT
from diffprog.native.values import Number, Slot, UnsupportedError, cells, finite, item, width
from diffprog.types import BOOL, Bool, Int, Real

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Reduce
    from diffprog.native.values import Term
    from diffprog.native.writer import Writer


def reduce(w: Writer, node: Reduce, args: Sequence[Term]) -> Term:
    """Return a reduction; cells that a mask leaves out count for nothing."""
    if node.op not in ("sum", "count", "any", "all") or node.otherwise:
        message = f"`{node.op}` of an array" + (" with `else`" if node.otherwise else "")
        raise UnsupportedError(message)
    if not cells(args[0].type):
        message = f"`{node.op}` of no cells"
        raise UnsupportedError(message)
    array = w.tensor(args[0])
    if node.masked:
        if node.op == "sum" and isinstance(item(array.type), Int):
            message = "`sum` of ints with `where`"
            raise UnsupportedError(message)
        array = _masked(w, node, array, w.tensor(args[1]))
    each = [Slot(f"({array.code} + {k * width(array.type)})", item(array.type))
            for k in range(cells(array.type))]  # fmt: skip
    if node.op == "sum" and isinstance(node.type, Real):
        return _folded(w, "add", each)
    if node.op in ("any", "all"):
        return _folded(w, "or" if node.op == "any" else "and", each)
    return _total(w, node, each)


def _masked(w: Writer, node: Reduce, array: Slot, mask: Slot) -> Slot:
    """Return the cells with what changes nothing where the mask does not select them."""
    slot, n = w.slot(array.type), cells(array.type)
    rule = LOGIC["and"] if isinstance(item(array.type), Bool) else PRODUCT
    if node.op == "all":  # not selected, or true: 1 - m + m x
        rule = replace(rule, value="1 - x_1 + x_1 * x_0", slopes=("x_1", "x_0 - 1"))
    w.map(rule, slot.code, [f"{array.code} + j", f"{mask.code} + j"], n)
    return slot


def _folded(w: Writer, op: str, each: Sequence[Slot]) -> Slot:
    rule = (LOGIC if op in LOGIC else NUMBERS)[op]
    total = each[0]
    for x in each[1:]:
        slot = w.slot(x.type)
        w.map(rule, slot.code, [total, x])
        total = slot
    return total


def _total(w: Writer, node: Reduce, each: Sequence[Slot]) -> Term:
    """Return the distribution of a sum of ints, or of how many bools are true."""
    t = finite(each[0].type)
    zero = Int(0, 1) if t == BOOL else Int(t.lo, t.lo + t.size)
    total: Term = Number("0", zero, 0) if t == BOOL else each[0]
    for x in each if t == BOOL else each[1:]:
        so_far = finite(total.type)
        hi = so_far.lo + so_far.size - 1 + t.lo + t.size - 1
        total = by_entries(w, operator.add, [total, x], Int(so_far.lo + t.lo, hi + 1))
    return converted(w, total, node.type)
