"""Source for rows of `OPS` and the structural operations.

In: an Apply or Table node and its inputs as terms. Out: a term. Finite rows get their derived
extension or a faster form of it; rows on reals get their formula, extended over the ints that
meet it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from diffprog.ops import OPS
from diffprog.soft.compare import compared
from diffprog.soft.limits import product_fits
from diffprog.soft.reals import formula
from diffprog.soft.tables import spelled
from diffprog.soft.tabulated import lifted, tabulated
from diffprog.soft.writer import Term, const, finite_item, item, rank, retyped, row_of, shape
from diffprog.types import Array, Bool, Int, Real, Tuple, is_finite, trail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Apply, Node
    from diffprog.soft.emitter import Emitter
    from diffprog.types import Type, Value

TABLE_LIMIT = 1 << 15
"""The largest one-hot truth table of a sum; beyond it a sum is a convolution."""

LOGIC = {
    "and": "{0} * {1}",
    "or": "{0} + ({one} - {0}) * {1}",
    "xor": "{0} * ({one} - {1}) + ({one} - {0}) * {1}",
    "not": "{one} - {0}",
    "eq": "{0} * {1} + ({one} - {0}) * ({one} - {1})",
    "ne": "{0} * ({one} - {1}) + ({one} - {0}) * {1}",
}
"""Multilinear forms of rows on bools; `one` is a tensor, which is faster than a number."""


def number(em: Emitter, node: Apply, args: Sequence[Term]) -> Term:
    """Return a row on known finite scalars, as a plain number."""
    values = [a.value for a in args if a.value is not None]
    if len(values) == len(args):
        return const(_value(node, values), node.type)
    if node.op == "convert":
        return retyped(args[0], node.type)
    if node.op == "narrow":
        return _within(args[0], node.type)
    code = spelled(node.op, [a.code for a in args])
    if len(code) > 24:
        return em.assign(node, code, number=True)
    return Term(f"({code})", node.type, number=True)


def _value(node: Apply, values: Sequence[Value]) -> Value:
    if node.op in OPS:
        value: Value = OPS[node.op].crisp(*values)
        return value
    if node.op == "narrow" and isinstance(node.type, Int):
        return min(max(cast("int", values[0]), node.type.lo), node.type.hi - 1)
    return values[0]


def _within(term: Term, t: Type) -> Term:
    """Keep a known number in its range, which it may leave in rounds that no mass reaches."""
    assert isinstance(t, Int)
    return Term(f"min(max({term.code}, {t.lo}), {t.hi - 1})", t, number=True)


def apply(em: Emitter, node: Apply, args: Sequence[Term]) -> Term:
    """Return a row or a structural operation on soft values."""
    match node.op:
        case "convert":
            return converted(em, node, args[0], node.type)
        case "narrow":
            return narrowed(em, node, args[0])
        case "array":
            depth = trail(args[0].type)
            items = row_of(em.tensors(args))
            found = em.assign(node, f"side_by_side({items}, {depth})")
            if depth == 0:
                em.items[found.code] = items
            return found
        case "only":
            return Term(em.tensor(args[0]), node.type)
        case _:
            row = OPS[node.op]
            if row.lifts and all(is_finite(a.type) for a in args) and is_finite(node.type):
                return finite(em, node, args)
            return formula(em, node, args)


def finite(em: Emitter, node: Apply, args: Sequence[Term]) -> Term:
    """Return a finite row, cell by cell: a fast form where there is one, else by its table."""
    if all(isinstance(item(a.type), Bool) for a in args) and node.op in LOGIC:
        codes = [em.tensor(a) if a.number else lifted(em, a, node.type) for a in args]
        return em.assign(node, LOGIC[node.op].format(*codes, one=em.writer.one()))
    if node.op in ("add", "sub") and len(args) == 2:
        return _sum(em, node, args)
    if node.op == "neg":
        return em.assign(node, f"{em.tensor(args[0])}.flip(-1)")
    if node.op == "int":
        found = em.assign(node, f"both({em.tensor(args[0])})")
        em.bits[found.code] = em.tensor(args[0])
        return found
    if node.op in ("lt", "le", "gt", "ge", "eq", "ne"):
        code = compared(node.op, [_operand(em, a, node.type) for a in args], em.writer)
        return em.assign(node, code)
    return tabulated(em, node, args)


def _operand(em: Emitter, term: Term, t: Type) -> Term:
    """Return an operand as a term of its cells' type that stands beside the cells of `t`."""
    return Term(
        lifted(em, term, t), item(term.type), term.number, term.value if term.number else None
    )


def _sum(em: Emitter, node: Apply, args: Sequence[Term]) -> Term:
    a, b = (_operand(em, x, node.type) for x in args)
    t = node.type
    if b.number:
        return _shifted(em, node, a, b, flip=False, down=node.op == "sub")
    if a.number:
        return _shifted(em, node, b, a, flip=node.op == "sub", down=False)
    sizes = [finite_item(x.type).size for x in (a, b)]
    if sizes[0] * sizes[1] * finite_item(t).size <= TABLE_LIMIT:
        return tabulated(em, node, args)
    product_fits(sizes, node)
    return em.assign(node, f"convolve({a.code}, {b.code}{'.flip(-1)' if node.op == 'sub' else ''})")


def _shifted(em: Emitter, node: Apply, p: Term, by: Term, *, flip: bool, down: bool) -> Term:
    """Return a sum with a known int.

    The same distribution over other values, padded to the type's range.
    """
    code = f"{p.code}.flip(-1)" if flip else p.code
    assert isinstance(by.type, Int)
    if by.type.size == 1:
        return em.assign(node, code) if flip else Term(code, node.type)
    before, after = f"{by.code} - {by.type.lo}", f"{by.type.hi - 1} - {by.code}"
    left, right = (after, before) if down else (before, after)
    return em.assign(node, f"F.pad({code}, ({left}, {right}))")


def converted(em: Emitter, node: Node, term: Term, t: Type) -> Term:
    """Return a value in a wider type."""
    if isinstance(t, Tuple) or term.type == t:
        return term
    old, new = item(term.type), item(t)
    if term.value is not None:
        return const(_spread(term.value, shape(t), rank(term.type), isinstance(new, Real)), t)
    if term.number and not isinstance(t, Array):
        return retyped(term, t)
    if isinstance(old, Int) and isinstance(new, Real):
        term = mean(em, node, term)
    elif old != new and isinstance(old, Int) and isinstance(new, Int):
        pad = f"F.pad({em.tensor(term)}, ({old.lo - new.lo}, {new.hi - old.hi}))"
        term = em.typed(node, pad, _with_item(term.type, new))
    if rank(term.type) < rank(t):
        depth = trail(term.type)
        cell = em.tensor(term)
        code = f"fill({cell}, {shape(t)[: rank(t) - rank(term.type)]!r}, {depth})"
        term = em.typed(node, code, t)
        if depth == 0:
            em.fills[term.code] = cell
    return retyped(term, t)


def _spread(value: Value, sizes: tuple[int, ...], depth: int, real: bool) -> Value:
    """Return a crisp value with a cell of it for each place that its type has more axes."""
    if len(sizes) > depth:
        return [_spread(value, sizes[1:], depth, real) for _ in range(sizes[0])]
    if isinstance(value, list):
        return [_spread(v, sizes[1:], depth - 1, real) for v in value]
    assert isinstance(value, int | float)
    return float(value) if real else value


def mean(em: Emitter, node: Node, term: Term) -> Term:
    """Return the mean of an int, cell by cell."""
    real = _with_item(term.type, Real())
    if term.number or term.value is not None:
        return converted(em, node, term, real)
    return em.mean(node, term, real)


def _with_item(t: Type, new: Int | Real) -> Type:
    return Array(t.shape, new) if isinstance(t, Array) else new


def narrowed(em: Emitter, node: Apply, term: Term) -> Term:
    """Return a value in the narrower range of the node's type, scaled to sum to 1."""
    old, new = finite_item(term.type), finite_item(node.type)
    lo, hi = new.lo - old.lo, new.lo + new.size - old.lo
    if (lo, hi) == (0, old.size):
        return retyped(term, node.type)
    return em.assign(node, f"normalised({em.tensor(term)}[..., {lo}:{hi}])")
