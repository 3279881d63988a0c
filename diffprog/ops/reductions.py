"""The reductions of the language, one row each: what the cells of an array come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diffprog.ops.rules import reject
from diffprog.types import BOOL, REAL, Int, Real, Type

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class ReduceSpec:
    """One reduction over the cells of an array, or over those that a mask selects.

    Attributes:
        name: what it is called. rule: from the cell's type and the number of cells to the
            result's type. crisp: from the selected (place, value) pairs, in order, to the
            result; None when there is none
            and `empty` does not say.
        empty: the result for no cells, or None where the program must say `else v`.
        doc: one line.
    """

    name: str
    rule: Callable[[Type, int], Type]
    crisp: Callable[[list[tuple[int, Any]]], Any]
    empty: bool | int | None
    doc: str


def _sum_rule(item: Type, n: int) -> Type:
    if isinstance(item, Int):
        return Int(min(0, n * item.lo), max(0, n * (item.hi - 1)) + 1)
    return REAL if item == REAL else reject("sum", [item], "numbers")


def _count_rule(item: Type, n: int) -> Type:
    return Int(0, n + 1) if item == BOOL else reject("count", [item], "`bool`s")


def _truth_rule(item: Type, n: int) -> Type:
    return BOOL if item == BOOL else reject("any", [item], "`bool`s")


def _extreme_rule(item: Type, n: int) -> Type:
    return item if isinstance(item, Int | Real) else reject("min", [item], "numbers")


def _place_rule(item: Type, n: int) -> Type:
    _extreme_rule(item, n)
    return Int(0, max(n, 1))


REDUCTIONS: dict[str, ReduceSpec] = {
    r.name: r
    for r in (
        ReduceSpec("sum", _sum_rule, lambda c: sum(v for _, v in c), 0, "Sum of the cells."),
        ReduceSpec("count", _count_rule, lambda c: sum(v for _, v in c), 0, "The number true."),
        ReduceSpec("any", _truth_rule, lambda c: any(v for _, v in c), False, "Whether one is."),
        ReduceSpec("all", _truth_rule, lambda c: all(v for _, v in c), True, "Whether all are."),
        ReduceSpec("min", _extreme_rule, lambda c: min(v for _, v in c), None, "Least cell."),
        ReduceSpec("max", _extreme_rule, lambda c: max(v for _, v in c), None, "Greatest cell."),
        ReduceSpec("argmin", _place_rule, lambda c: min(c, key=lambda p: (p[1], p[0]))[0], 0,
                   "The place of the smallest cell, the first of equals."),
        ReduceSpec("argmax", _place_rule, lambda c: min(c, key=lambda p: (-p[1], p[0]))[0], 0,
                   "The place of the largest cell, the first of equals."),
    )
}  # fmt: skip
"""All reductions by name; of nothing they give `empty`, and ties go to the lowest place."""
