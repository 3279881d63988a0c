"""Short ways to write syntax: the generated programs are built from these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.errors import Source, Span
from diffprog.lang import syntax as s
from diffprog.types import Array, Bool, Enum, Int, Real, Tuple, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

NOWHERE = Span(Source("generated.dp", ""), 0, 0)


def literal(value: bool | int | float) -> s.Expr:
    """Write a number or a truth value; a negative one is a sign and a literal."""
    if not isinstance(value, bool) and value < 0:
        return s.Unary("-", s.Literal(-value, span=NOWHERE), span=NOWHERE)
    return s.Literal(value, span=NOWHERE)


def name(id_: str) -> s.Name:
    """Write a variable."""
    return s.Name(id_, span=NOWHERE)


def binary(op: str, left: s.Expr, right: s.Expr) -> s.Expr:
    """Write `left op right`."""
    return s.Binary(op, left, right, span=NOWHERE)


def unary(op: str, operand: s.Expr) -> s.Expr:
    """Write `op operand`."""
    return s.Unary(op, operand, span=NOWHERE)


def call(
    function: str,
    *args: s.Expr,
    where: s.Expr | None = None,
    otherwise: s.Expr | None = None,
) -> s.Expr:
    """Write `function(args where … else …)`."""
    return s.Call(function, args, where, otherwise, span=NOWHERE)


def conditional(then: s.Expr, test: s.Expr, other: s.Expr) -> s.Expr:
    """Write `then if test else other`."""
    return s.Conditional(then, test, other, span=NOWHERE)


def index(base: s.Expr, *parts: s.Expr | s.Slice) -> s.Index:
    """Write `base[parts]`."""
    return s.Index(base, parts, span=NOWHERE)


def cut(lo: s.Expr | None = None, hi: s.Expr | None = None) -> s.Slice:
    """Write `lo .. hi` in an index; `:` without ends."""
    return s.Slice(lo, hi, span=NOWHERE)


def array(items: Sequence[s.Expr]) -> s.Expr:
    """Write `[items]`."""
    return s.ArrayLiteral(tuple(items), span=NOWHERE)


def assign(target: s.Target, value: s.Expr, t: Type | None = None) -> s.Assign:
    """Write `target: t = value`."""
    written = None if t is None else type_of(t)
    return s.Assign((target,), written, value, span=NOWHERE)


def type_of(t: Type) -> s.TypeExpr:
    """Write a type."""
    match t:
        case Bool():
            return s.NamedType("bool", span=NOWHERE)
        case Real():
            return s.NamedType("real", span=NOWHERE)
        case Enum(enum, _):
            return s.NamedType(enum, span=NOWHERE)
        case Int(lo, hi):
            low = literal(lo) if lo else None
            return s.IntType(low, literal(hi), span=NOWHERE)
        case Array(shape, item):
            sizes = tuple(map(literal, shape))
            return s.ArrayType(type_of(item), sizes, span=NOWHERE)
        case Tuple(items):
            return s.TupleType(tuple(map(type_of, items)), span=NOWHERE)


def constant(value: object, t: Type) -> s.Expr:
    """Write a value of a type."""
    match t:
        case Enum(enum, members):
            assert isinstance(value, int)
            return s.Member(enum, members[value], span=NOWHERE)
        case Array(shape, item):
            assert isinstance(value, list)
            inner = Array(shape[1:], item) if shape[1:] else item
            return array([constant(v, inner) for v in value])
        case Tuple(items):
            assert isinstance(value, tuple)
            parts = tuple(constant(v, i) for v, i in zip(value, items, strict=True))
            return s.TupleLiteral(parts, span=NOWHERE)
        case _:
            assert isinstance(value, bool | int | float)
            return literal(value)
