"""Terms, and which of them an operator joins: each combination once, as one would write it.

In: terms of two sizes. Out: pairs of their numbers, in canonical order. Never imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from diffprog.lang import syntax
from diffprog.types import Bool, Int, Type

if TYPE_CHECKING:
    from collections.abc import Callable

Points: TypeAlias = NDArray[np.signedinteger[Any]]
Sort: TypeAlias = Literal["bool", "int"]

COMPARISONS = (">", "<", ">=", "<=", "==", "!=")
CONNECTIVES = ("and", "or", "xor")
ARITHMETIC = ("+", "-", "*", "//", "%", "min", "max")
SORTED = {"+", "*", "min", "max", "and", "or", "xor", *COMPARISONS}
"""Operators whose smaller operand stands right: the other order says nothing new."""


@dataclass(frozen=True, slots=True)
class Term:
    """An expression, its type and its size: leaves and operators counted."""

    expression: syntax.Expr
    type: Bool | Int
    size: int


@dataclass(frozen=True)
class Block:
    """Terms of one sort and size: `values` has a row for each, `make` builds the i-th."""

    sort: Sort
    size: int
    values: Points
    make: Callable[[int], Term | None]


@dataclass
class Shelf:
    """The terms that later ones are built from, of one sort and size."""

    terms: list[Term]
    values: Points


def wanted(op: str, left: Shelf, right: Shelf) -> tuple[Points, Points]:
    """Return the operands of an operator that say something new, in canonical order."""
    places = np.array([k for k, t in enumerate(right.terms) if _may_stand_right(op, t.type)], int)
    i, j = np.repeat(np.arange(len(left.terms)), len(places)), np.tile(places, len(left.terms))
    if op not in SORTED:
        return i, j
    sizes = left.terms[0].size, right.terms[0].size
    if op in CONNECTIVES:
        # `a and not b`, `a or b and c`, `a or b or c`
        fine = ~_chained(op, right)[j] & ((sizes[0] <= sizes[1]) | _chained(op, left)[i])
    else:
        # `x + 1 > y`, `x > 1`, `x + int(b)`: the larger operand stands left, constants right.
        larger = sizes[0] <= sizes[1] if max(sizes) == 2 else sizes[0] >= sizes[1]
        constant = _constants(left)[i], _constants(right)[j]
        fine = ~constant[0] & (constant[1] | larger)
    if left is right:
        fine &= i <= j if op in "+*" else i < j
    return i[fine], j[fine]


def _chained(op: str, shelf: Shelf) -> NDArray[np.bool_]:
    trees = [t.expression for t in shelf.terms]
    return np.array([isinstance(e, syntax.Binary) and e.op == op for e in trees])


def _constants(shelf: Shelf) -> NDArray[np.bool_]:
    return np.array([isinstance(t.type, Int) and t.type.size == 1 for t in shelf.terms])


def _may_stand_right(op: str, t: Type) -> bool:
    return op not in ("//", "%") or (isinstance(t, Int) and not t.lo <= 0 < t.hi)
