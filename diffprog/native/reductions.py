"""Reductions over the cells of an array in C, as folds of crisp functions.

In: a Reduce node and its inputs as terms. Out: a term. Cells that a mask leaves out count for
nothing; a fold of a finite state takes the extension of a crisp step, cell by cell.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from diffprog.native import numbers
from diffprog.native.extremes import largest_real, place_of_largest_real
from diffprog.native.rows import by_entries, converted
from diffprog.native.slopes import ADDED, LOGIC, NUMBERS, OTHER, PRODUCT
from diffprog.native.values import Number, Slot, cells, finite, item, room, shape, width
from diffprog.ops import REDUCTIONS
from diffprog.types import BOOL, Array, Bool, Int, Real

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Reduce
    from diffprog.native.values import Term
    from diffprog.native.writer import Writer
    from diffprog.types import Type


def reduce(w: Writer, node: Reduce, args: Sequence[Term]) -> Term:
    """Return a reduction; of no cells it gives its row's `empty`, or what the program says."""
    other = converted(w, args[-1], node.type) if node.otherwise else None
    if not cells(args[0].type):
        return other or converted(w, _empty(node), node.type)
    array = w.tensor(args[0])
    mask = w.tensor(args[1]) if node.masked else None
    if node.op in ("min", "max"):
        return _extreme(w, node, array, mask, other)
    if node.op in ("argmin", "argmax"):
        found = place(w, node.type, array, mask, low=node.op == "argmin")
    else:
        found = _fold(w, node, _masked(w, node, array, mask) if mask else array)
    if mask is None or other is None:
        return found
    return _instead(w, node, found, mask, other)


def _empty(node: Reduce) -> Number:
    value = REDUCTIONS[node.op].empty
    assert value is not None
    if isinstance(node.type, Real):
        return numbers.constant(float(value), node.type)
    return numbers.constant(value, Int(0, 1) if isinstance(node.type, Int) else node.type)


def split(array: Slot) -> list[Slot]:
    """Return the cells of an array."""
    each = width(array.type)
    return [
        Slot(f"({array.code} + {k * each})", item(array.type)) for k in range(cells(array.type))
    ]


def _masked(w: Writer, node: Reduce, array: Slot, mask: Slot) -> Slot:
    """Return the cells with what changes nothing where the mask does not select them."""
    old = item(array.type)
    if isinstance(old, Int):
        wide = Int(min(0, old.lo), max(1, old.hi))
        t = Array(shape(array.type), wide)
        found = by_entries(w, lambda x, m: x if m else 0, [array, mask], t)
        assert isinstance(found, Slot)
        return found
    slot, n = w.slot(array.type), cells(array.type)
    rule = LOGIC["and"] if isinstance(old, Bool) else PRODUCT
    if node.op == "all":  # not selected, or true: 1 - m + m x
        rule = replace(rule, value="1 - x_1 + x_1 * x_0", slopes=("x_1", "x_0 - 1"))
    w.map(rule, slot.code, [f"({array.code} + j)", f"({mask.code} + j)"], n)
    return slot


def _fold(w: Writer, node: Reduce, array: Slot) -> Term:
    each = split(array)
    if node.op == "sum" and isinstance(node.type, Real):
        return _in_turn(w, "add", each)
    if node.op in ("any", "all"):
        return _in_turn(w, "or" if node.op == "any" else "and", each)
    return _total(w, node, each)


def _in_turn(w: Writer, op: str, each: Sequence[Slot]) -> Slot:
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
        total = by_entries(w, lambda a, b: a + b, [total, x], Int(so_far.lo + t.lo, hi + 1))
    return converted(w, total, node.type)


def _extreme(w: Writer, node: Reduce, array: Slot, mask: Slot | None, other: Term | None) -> Term:
    """Return the smallest or largest cell."""
    if isinstance(item(array.type), Real):
        if mask is not None:
            nothing = w.tensor(other or numbers.constant(0.0, Real()))
            return largest_real(w, array, mask, nothing, low=node.op == "min")
        return _in_turn(w, node.op, split(array))
    best = min if node.op == "min" else max
    t = finite(array.type)
    if mask is None:
        found: Term = split(array)[0]
        for x in split(array)[1:]:
            found = by_entries(w, best, [found, x], item(array.type))
        return converted(w, found, node.type)
    none = t.lo + t.size if node.op == "min" else t.lo - 1  # loses to all others
    wide = Int(min(none, t.lo), max(none, t.lo + t.size - 1) + 1)
    found = Number(f"({none})", wide, none)
    for x, m in zip(split(array), split(mask), strict=True):
        found = by_entries(w, lambda b, v, s: best(b, v) if s else b, [found, x, m], wide)
    if other is None:
        slot, inner = w.slot(item(array.type)), w.tensor(found)
        w.normalise(slot.code, f"({inner.code} + {t.lo - wide.lo})", t.size)
        return converted(w, slot, node.type)
    return by_entries(w, lambda b, o: o if b == none else b, [found, other], node.type)


def place(w: Writer, to: Type, array: Slot, mask: Slot | None, *, low: bool) -> Term:
    """Return the first place of the smallest or largest cell; of nothing, 0.

    Of ints the fold's state is the place and the value together.
    """
    if isinstance(item(array.type), Real):
        return place_of_largest_real(w, array, mask, to, low=low)
    t = finite(array.type)
    n = t.size
    masks: list[Term] = list(split(mask)) if mask else []
    state: Term = Number("0", Int(0, 1), 0)  # 0: nothing yet; else 1 + place * n + value
    for k, x in enumerate(split(array)):

        def step(best: int, value: Any, chosen: Any = True, place: int = k) -> int:
            number = int(value) - t.lo
            last = (best - 1) % n
            better = best == 0 or (number < last if low else number > last)
            return 1 + place * n + number if chosen and better else best

        args = [state, x, *([masks[k]] if mask else [])]
        state = by_entries(w, step, args, Int(0, 1 + (k + 1) * n))
    return by_entries(w, lambda s: max(s - 1, 0) // n, [state], to)


def _instead(w: Writer, node: Reduce, found: Term, mask: Slot, other: Term) -> Term:
    """Return a result whose value for nothing is replaced by the program's own."""
    some = w.slot(Bool())
    any_: Slot = _in_turn(w, "or", split(mask))
    w.map(OTHER, some.code, [any_])
    spare, result = w.slot(node.type), w.slot(node.type)
    old, new = w.tensor(other), w.tensor(converted(w, _empty(node), node.type))
    n = room(node.type)
    w.map(NUMBERS["sub"], spare.code, [f"({old.code} + j)", f"({new.code} + j)"], n)
    args = [f"({w.tensor(found).code} + j)", some.code, f"({spare.code} + j)"]
    w.map(ADDED, result.code, args, n)
    return result
