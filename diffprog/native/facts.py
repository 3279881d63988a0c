"""What is known of the numbers at places while C is written: where else they stand, how made.

In: facts, and the places that are written over. Out: facts that still hold. What is found out
inside a block is forgotten at its end; what a block writes over is forgotten after it as well.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from diffprog.native.values import Slot, base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diffprog.native.values import Term

F = TypeVar("F")


@dataclass(frozen=True)
class Sum:
    """A number that is the sum of two others."""

    left: Term
    right: Term

    def beyond(self, place: str) -> Term | None:
        """Return what is added to the numbers at a place; None if it is not a sum with them."""
        for one, other in ((self.left, self.right), (self.right, self.left)):
            if isinstance(one, Slot) and one.code == place:
                return other
        return None


class Facts:
    """Facts by kind and place, each with the stretches that it speaks of."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[object, frozenset[int]]] = {}

    def note(self, kind: str, place: str, fact: object, *places: str) -> None:
        """Note a fact of a place (`@3`, or `n of @3`) that speaks of other places too."""
        named = re.findall(r"(?:@|\bx)(\d+)\b", " ".join((place, *places)))
        self._found[kind, place] = fact, frozenset(map(int, named))

    def get(self, kind: str, place: str, like: type[F]) -> F | None:
        """Return the fact of a kind about a place, of a type; None if there is none."""
        found, _ = self._found.get((kind, place), (None, ()))
        return found if isinstance(found, like) else None

    def forget(self, place: str, n: int | None = None) -> None:
        """Forget what was known of `n` numbers at a place, by default of its whole stretch."""
        here = base(place)
        self._found = {
            (kind, of): (fact, named)
            for (kind, of), (fact, named) in self._found.items()
            if here not in named or (kind == "copy" and n and _spared(of, str(fact), place, n))
        }

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Keep what is known before and still holds after."""
        before, self._found = self._found, dict(self._found)
        yield
        self._found = {k: v for k, v in before.items() if self._found.get(k) == v}


def _spared(of: str, copy: str, place: str, n: int) -> bool:
    """Say whether `m of` a place, and its copy, stay as they are when `n` numbers are written."""
    m, _, source = of.partition(" of ")
    return all(base(at) != base(place) or _is_beside(at, int(m), place, n) for at in (source, copy))


def _is_beside(at: str, m: int, place: str, n: int) -> bool:
    """Say whether `m` numbers at a place surely lie beside `n` at another."""
    one, other = affine(at), affine(place)
    if one is None or other is None:
        return False
    apart = {k: one[k] - other[k] for k in one.keys() | other.keys() if one[k] != other[k]}
    return apart.keys() == {""} and (apart[""] >= n or apart[""] <= -m)


def affine(code: str) -> Counter[str] | None:
    """Return how often each name counts in a sum, the number alone as ``""``; None if it is none.

    >>> sorted(affine("(@7 + (k2 + (1)) * 3)").items())
    [('', 3), ('k2', 3), ('x7', 1)]
    >>> affine("@7 + k2 * k3")
    """
    try:
        return _counted(ast.parse(code.replace("@", "x"), mode="eval").body)
    except SyntaxError:  # an expression that is C alone
        return None


def _counted(e: ast.expr) -> Counter[str] | None:
    match e:
        case ast.Constant(int(n)):
            return Counter({"": n})
        case ast.Name(name):
            return Counter({name: 1})
        case ast.BinOp(left, op, right):
            return _together(_counted(left), op, _counted(right))
        case _:
            return None


def _together(
    one: Counter[str] | None, op: ast.operator, other: Counter[str] | None
) -> Counter[str] | None:
    if one is None or other is None:
        return None
    match op:
        case ast.Add() | ast.Sub():
            sign = 1 if isinstance(op, ast.Add) else -1
            return Counter({k: one[k] + sign * other[k] for k in one.keys() | other.keys()})
        case ast.Mult() if other.keys() <= {""}:
            return Counter({k: c * other[""] for k, c in one.items()})
        case ast.Mult() if one.keys() <= {""}:
            return Counter({k: c * one[""] for k, c in other.items()})
        case _:
            return None
