"""Rows of `OPS`, tables and structural operations in C.

In: an Apply or Table node and its inputs as terms. Out: a term. A finite row is contracted with
the entries of its table, which come from its crisp function; known inputs choose among groups
of entries. A row on reals is mapped by its rule.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Any

from diffprog.native import numbers
from diffprog.native.arrays import whole
from diffprog.native.contract import contract
from diffprog.native.facts import Sum
from diffprog.native.slopes import COPY, LOGIC, MIRRORED, NUMBERS
from diffprog.native.values import Number, Slot, UnsupportedError, cells, finite, item, room, width
from diffprog.native.writer import MOST_TABLE
from diffprog.ops import OPS
from diffprog.types import Array, Bool, Int, Real, Type, is_finite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diffprog.ir.graph import Apply, Table
    from diffprog.native.values import Term
    from diffprog.native.writer import Writer

LINEAR = {"add": (0, 1), "sub": (0, 1), "mul": (0, 1), "neg": (0,), "real": (0,), "div": (0,)}
"""The arguments in which a row on reals is linear: there an int counts by its mean."""


def known_scalars(args: Sequence[Term]) -> list[Number] | None:
    """Return the inputs if all are known finite scalars."""
    found = [a for a in args if isinstance(a, Number) and not isinstance(a.type, Array | Real)]
    return found if len(found) == len(args) else None


def apply(w: Writer, node: Apply, args: Sequence[Term]) -> Term:
    """Return a row or a structural operation."""
    known = known_scalars(args)
    scalar = not isinstance(node.type, Array | Real)
    if known is not None and scalar and node.op != "array":
        return numbers.row(node, known)
    match node.op:
        case "convert":
            return converted(w, args[0], node.type)
        case "narrow":
            return narrowed(w, w.tensor(args[0]), node.type)
        case "array":
            return beside(w, args, node.type)
        case op if op in OPS and not OPS[op].lifts:
            keeps = op in ("only", "sharpen")
            return whole(w, node, args if keeps else [mean(w, a) for a in args])
        case _:
            return lifted(w, node.op, args, node.type)


def lifted(w: Writer, op: str, args: Sequence[Term], t: Type) -> Term:
    """Return a row of `OPS`, cell by cell."""
    if op not in OPS or not OPS[op].lifts:
        message = f"`{op}`"
        raise UnsupportedError(message)
    args = [w.tensor(a) if isinstance(a.type, Array) else a for a in args]
    if not (all(is_finite(a.type) for a in args) and is_finite(t)):
        return of_reals(w, op, args, t)
    if op in LOGIC and all(isinstance(item(a.type), Bool) for a in args):
        slot = w.slot(t)
        w.map(LOGIC[op], slot.code, [cell_of(a, t) for a in args], cells(t))
        return slot
    return by_entries(w, OPS[op].crisp, args, t)


def cell_of(arg: Term, t: Type) -> Term | str:
    """Return an argument with a place for each cell."""
    if isinstance(arg, Number):
        return arg
    return f"{arg.code} + j" if cells(arg.type) == cells(t) and cells(t) > 1 else arg.code


def by_entries(w: Writer, function: Callable[..., Any], args: Sequence[Term], t: Type) -> Term:
    """Return the extension of a crisp function of scalars, by the entries of its table."""
    open_ = [i for i, a in enumerate(args) if isinstance(a, Slot)]
    known = [i for i, a in enumerate(args) if isinstance(a, Number) and a.value is None]
    domains = [[a.value] if isinstance(a, Number) and a.value is not None
               else finite(a.type).values() for a in args]  # fmt: skip
    if math.prod(map(len, domains)) * (len(open_) + 1) > MOST_TABLE:
        message = f"a table of {math.prod(map(len, domains)):,} entries"
        raise UnsupportedError(message)
    lo, entries, only_true = finite(t).lo, [], isinstance(item(t), Bool)
    every = product(*(range(len(d)) for d in domains))
    for given, places in zip(product(*domains), every, strict=True):
        c = int(function(*given)) - lo
        if only_true:
            if not c:
                continue
            c = 0
        group = 0
        for i in known:
            group = group * len(domains[i]) + places[i]
        moving = places if len(open_) == len(places) else [places[i] for i in open_]
        entries.append((group, c, *moving))
    operands = []
    for i in open_:
        a = args[i]
        assert isinstance(a, Slot)
        each = f" + j * {finite(a.type).size}" if isinstance(a.type, Array) else ""
        operands.append(f"{w.points(a)}{each}")
    slot = w.slot(t)
    chosen = [a for a in (args[i] for i in known) if isinstance(a, Number)]
    groups = math.prod(len(domains[i]) for i in known)
    contract(
        w,
        slot.code, width(t), operands, entries,
        groups=groups, group=f"({numbers.place(chosen)})", count=cells(t),
    )  # fmt: skip
    return slot


def table(w: Writer, node: Table, args: Sequence[Term]) -> Term:
    """Return a tabulated expression."""
    known = known_scalars(args)
    if known is not None:
        return numbers.entry(w, node, known)
    sizes = [finite(a.type) for a in args]
    values = finite(node.type).values()

    def function(*given: Any) -> Any:
        place = 0
        for t, x in zip(sizes, given, strict=True):
            place = place * t.size + int(x) - t.lo
        return values[node.entries[place]]

    return by_entries(w, function, args, node.type)


def of_reals(w: Writer, op: str, args: Sequence[Term], t: Type) -> Term:
    """Return a row by its rule, extended over the ints that meet reals."""
    args = [mean(w, a) if i in LINEAR.get(op, ()) else a for i, a in enumerate(args)]
    if op == "real":
        return args[0]
    if op in MIRRORED:
        op, args = MIRRORED[op], args[::-1]
    if op == "clamp":
        low = of_reals(w, "min", [args[0], args[2]], t)
        return of_reals(w, "max", [low, args[1]], t)
    if op not in NUMBERS:
        message = f"`{op}` of reals"
        raise UnsupportedError(message)
    ints = [i for i, a in enumerate(args) if isinstance(a, Slot) and is_finite(a.type)]
    if ints:
        return _expected(w, op, args, t, ints)
    rule, slot = NUMBERS[op], w.slot(t)
    each = [cell_of(a, t) for a in args]
    w.map(rule, slot.code, each, cells(t))
    if op == "add":
        w.facts.note("sum", slot.code, Sum(*args), *(a.code for a in args))
    if rule.defined and not _is_defined(op, args):
        w.undefined(rule, each, cells(t))
    return slot


def _is_defined(op: str, args: Sequence[Term]) -> bool:
    """Say whether a quotient's divisor is a constant that is not 0."""
    return op == "div" and isinstance(args[1], Number) and bool(args[1].value)


def _expected(w: Writer, op: str, args: Sequence[Term], t: Type, ints: Sequence[int]) -> Term:
    """Return the expectation over ints of a row that is not linear in them."""
    rule, n, entries = NUMBERS[op], cells(t), []
    over = [a for i, a in enumerate(args) if i in ints and isinstance(a, Slot)]
    sizes = [finite(a.type).size for a in over]
    together = list(product(*map(range, sizes)))
    at = w.take(len(together) * n)
    for number, chosen in enumerate(together):
        given = [cell_of(a, t) for a in args]
        for i, k, a in zip(ints, chosen, over, strict=True):
            given[i] = numbers.constant(finite(a.type).values()[k], item(a.type))
        w.map(rule, f"({at} + {number * n})", given, n)
        for c in range(n):
            places = [k + c * size * (cells(a.type) > 1)
                      for k, size, a in zip(chosen, sizes, over, strict=True)]  # fmt: skip
            entries.append((0, c, *places, number * n + c))
        if rule.defined:
            cell = ["j * " + str(size) if cells(a.type) > 1 else "0"
                    for size, a in zip(sizes, over, strict=True)]  # fmt: skip
            met = [f"{a.code} + {j} + {k}" for a, j, k in zip(over, cell, chosen, strict=True)]
            w.undefined(rule, given, n, met)
    slot = w.slot(t)
    contract(w, slot.code, n, [*(w.points(a) for a in over), at], entries)
    return slot


def mean(w: Writer, term: Term) -> Term:
    """Return the mean of an int, cell by cell; a real as it is."""
    old = item(term.type)
    if not isinstance(old, Int):
        return term
    real: Type = Array(term.type.shape, Real()) if isinstance(term.type, Array) else Real()
    if isinstance(term, Number) and not isinstance(term.type, Array):
        return Number(term.code, real, None if term.value is None else float(term.value))  # type: ignore[arg-type]
    source, slot = w.tensor(term), w.slot(real)
    weights = w.constants([float(v) for v in range(old.lo, old.hi)])
    entries = [(0, 0, k, k) for k in range(old.size)]
    operands = [f"{source.code} + j * {old.size}", weights]
    contract(w, slot.code, 1, operands, entries, count=cells(real))
    return slot


def converted(w: Writer, term: Term, t: Type) -> Term:
    """Return a value in a wider type."""
    if term.type == t:
        return term
    if isinstance(term, Number) and not isinstance(t, Array):
        if term.value is not None:
            return numbers.constant(term.value, t)
        return Number(term.code, t)
    if isinstance(item(term.type), Int) and isinstance(item(t), Real):
        term = mean(w, term)
    source = w.tensor(term)
    old, new = item(source.type), item(t)
    many, each = cells(source.type), width(source.type)
    if isinstance(old, Int) and isinstance(new, Int) and old != new:
        slot = w.slot(Array((many,), new))
        entries = [(0, k + old.lo - new.lo, k) for k in range(old.size)]
        contract(w, slot.code, new.size, [f"{source.code} + j * {old.size}"], entries, count=many)
        source, each = slot, new.size
    if many == cells(t):
        return Slot(source.code, t)
    slot = w.slot(t)
    n = many * each
    w.map(COPY, slot.code, [f"{source.code} + j % {n}"], room(t))
    return slot


def narrowed(w: Writer, source: Slot, t: Type) -> Term:
    """Return a value in the narrower range of a type, scaled to sum to 1."""
    old, new = finite(source.type), finite(t)
    if old.size == new.size:
        return Slot(source.code, t)
    slot = w.slot(t)
    for j in range(cells(t)):
        at = f"({source.code} + {j * old.size + new.lo - old.lo})"
        w.normalise(f"({slot.code} + {j * new.size})", at, new.size)
    return slot


def beside(w: Writer, args: Sequence[Term], t: Type) -> Term:
    """Return values side by side on a new leading axis."""
    values = [a.value for a in args if isinstance(a, Number) and a.value is not None]
    if len(values) == len(args):
        return Number("", t, values)
    slot = w.slot(t)
    n = room(t) // len(args)
    for k, a in enumerate(args):
        w.copy(f"({slot.code} + {k * n})", w.tensor(a).code, n, makes=slot.base)
    return slot
