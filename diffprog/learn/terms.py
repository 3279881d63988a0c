"""Expressions over a few finite values, the shortest first: what generalisation chooses from.

In: the types of the values a choice is given, how the source writes them, and constants. Out:
blocks of terms, each with its value at every point of the joint domain. Bottom up by size;
terms that are equal at every point are kept once, the first in canonical order; the number of
terms considered is bounded. All is deterministic. Never imports torch.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from diffprog.lang import syntax
from diffprog.lang.tidy import negated
from diffprog.learn.operands import (
    ARITHMETIC,
    COMPARISONS,
    CONNECTIVES,
    Block,
    Points,
    Shelf,
    Sort,
    Term,
    wanted,
)
from diffprog.ops import INFIX, OPS
from diffprog.types import BOOL, Bool, Enum, Finite, Int, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from diffprog.errors import Span

MAX_CONSIDERED = 400_000
"""Terms that are looked at before the search gives up."""
MAX_CELLS = 50_000_000
"""Terms times points of the domain: a larger domain is searched less far."""
MAX_DOMAIN = 4096
"""Points of a joint domain that is searched at all."""
MAX_NUMBER = 10**6
"""Terms whose range goes beyond this are not built upon."""
CHUNK = 1 << 21

_POINTWISE: dict[str, Callable[[Points, Points], Points]] = {
    ">": np.greater, "<": np.less, ">=": np.greater_equal, "<=": np.less_equal,
    "==": np.equal, "!=": np.not_equal,
    "and": np.minimum, "or": np.maximum, "xor": np.not_equal,
    "+": np.add, "-": np.subtract, "*": np.multiply, "//": np.floor_divide, "%": np.mod,
    "min": np.minimum, "max": np.maximum,
}  # fmt: skip


def points(given: Sequence[Finite]) -> Points:
    """Return the joint domain: a column for each value, a row for each point, as numbers."""
    rows = list(product(*(range(t.lo, t.lo + t.size) for t in given)))
    return np.array(rows, dtype=np.int32).reshape(len(rows), len(given))


class Terms:
    """Enumerates terms over given values.

    Args:
        given: the types of the values.
        names: how the source writes them.
        constants: numbers worth naming, with what they are called in the source (None: a literal).
        span: the place that made syntax goes by.
    """

    def __init__(
        self,
        given: Sequence[Finite],
        names: Sequence[syntax.Expr],
        constants: Mapping[int, str | None],
        span: Span,
    ) -> None:
        self.given, self.names, self.constants, self.span = given, names, constants, span
        self.domain = points(given)
        self.budget = min(MAX_CONSIDERED, MAX_CELLS // max(1, len(self.domain)))
        self.shelves: dict[tuple[Sort, int], Shelf] = {}
        self.seen: dict[Sort, set[bytes]] = {"bool": set(), "int": set()}

    def blocks(self, largest: int) -> Iterator[Block]:
        """Yield terms up to a size, in canonical order, until the budget is spent."""
        waiting: list[Block] = []
        for size in range(1, largest + 1):
            # Keeping takes longer than looking: nothing is kept before a term may stand on it.
            for block in waiting:
                if block.size < size - (block.sort == "int"):
                    self._keep(block)
            waiting = [b for b in waiting if b.size >= size - (b.sort == "int")]
            for block in self._of_size(size):
                yield block
                self.budget -= len(block.values)
                if self.budget <= 0:
                    return
                waiting.append(block)

    def _of_size(self, size: int) -> Iterator[Block]:
        if size == 1:
            yield from self._leaves()
        if size == 2:
            yield from self._casts()
            yield from self._rare()
        if size == 3:
            yield from self._members()
        for op in COMPARISONS:
            yield from self._binary(op, "int", "bool", size)
        yield from self._negations(size)
        for op in CONNECTIVES:
            yield from self._binary(op, "bool", "bool", size)
        yield from self._conditionals(size)
        for op in ARITHMETIC:
            yield from self._binary(op, "int", "int", size)

    # --- leaves

    def _leaves(self) -> Iterator[Block]:
        for sort, kind in (("bool", Bool), ("int", Int)):
            found = [
                (Term(name, t, 1), self.domain[:, i])
                for i, (t, name) in enumerate(zip(self.given, self.names, strict=True))
                if isinstance(t, kind) and isinstance(t, Bool | Int)
            ]
            if sort == "int":
                usual = [n for n in (0, 1, 2) if n not in self.constants]
                numbers = (*usual, *self.constants)
                found += [self._constant(n, self.constants.get(n)) for n in numbers]
            yield from self._ready("bool" if sort == "bool" else "int", 1, found)

    def _casts(self) -> Iterator[Block]:
        found = []
        for i, (t, name) in enumerate(zip(self.given, self.names, strict=True)):
            if isinstance(t, Bool):
                cast = syntax.Call("int", (name,), span=self.span)
                found.append((Term(cast, Int(0, 2), 2), self.domain[:, i]))
        yield from self._ready("int", 2, found)

    def _rare(self) -> Iterator[Block]:
        """Yield the other numbers in the ranges of the values: worth a term, but not the first."""
        ranges = [t for t in self.given if isinstance(t, Int)]
        usual = {0, 1, 2, *self.constants}
        rare = sorted({n for t in ranges for n in range(t.lo, t.hi) if n not in usual})
        if len(rare) <= 32:
            found = [self._constant(n, None, 2) for n in rare]
            yield from self._ready("int", 2, found)

    def _constant(self, n: int, name: str | None, size: int = 1) -> tuple[Term, Points]:
        made = self.literal(n) if name is None else syntax.Name(name, span=self.span)
        return Term(made, Int(n, n + 1), size), np.full(len(self.domain), n, dtype=np.int32)

    def literal(self, n: int) -> syntax.Expr:
        """Return a number as syntax."""
        made: syntax.Expr = syntax.Literal(abs(n), span=self.span)
        return syntax.Unary("-", made, span=self.span) if n < 0 else made

    def _members(self) -> Iterator[Block]:
        found = []
        for i, (t, name) in enumerate(zip(self.given, self.names, strict=True)):
            if isinstance(t, Enum):
                for k, member in enumerate(t.members):
                    right = syntax.Member(t.name, member, span=self.span)
                    test = syntax.Binary("==", name, right, span=self.span)
                    found.append((Term(test, BOOL, 3), (self.domain[:, i] == k).astype(np.int32)))
        yield from self._ready("bool", 3, found)

    def _ready(self, sort: Sort, size: int, found: list[tuple[Term, Points]]) -> Iterator[Block]:
        if found:
            terms = [term for term, _ in found]
            yield Block(sort, size, np.stack([v for _, v in found]), terms.__getitem__)

    # --- composed terms

    def _binary(self, op: str, operands: Sort, sort: Sort, size: int) -> Iterator[Block]:
        for right_size in range(1, size - 1):
            left_size = size - 1 - right_size
            left = self.shelves.get((operands, left_size))
            right = self.shelves.get((operands, right_size))
            if (
                left is not None
                and right is not None
                and (op not in ("//", "%") or right_size <= 2)
            ):
                yield from self._pairs(op, sort, size, left, right)

    def _pairs(self, op: str, sort: Sort, size: int, left: Shelf, right: Shelf) -> Iterator[Block]:
        rows, columns = wanted(op, left, right)
        step = max(1, CHUNK // max(1, len(self.domain)))
        for start in range(0, len(rows), step):
            i, j = rows[start : start + step], columns[start : start + step]
            values = _POINTWISE[op](left.values[i], right.values[j]).astype(np.int32)
            yield Block(sort, size, values, self._maker(op, size, (left, i), (right, j)))

    def _maker(
        self, op: str, size: int, left: tuple[Shelf, Points], right: tuple[Shelf, Points]
    ) -> Callable[[int], Term | None]:
        def make(k: int) -> Term | None:
            a, b = (shelf.terms[int(places[k])] for shelf, places in (left, right))
            return self._apply(op, size, a, b)

        return make

    def _apply(self, op: str, size: int, a: Term, b: Term) -> Term | None:
        t: Type = OPS[INFIX.get(op, op)].rule((a.type, b.type))
        assert isinstance(t, Bool | Int)
        if isinstance(t, Int) and max(abs(t.lo), abs(t.hi)) > MAX_NUMBER:
            return None
        if op in INFIX:
            made: syntax.Expr = syntax.Binary(op, a.expression, b.expression, span=self.span)
        else:
            made = syntax.Call(op, (a.expression, b.expression), span=self.span)
        return Term(made, t, size)

    def _negations(self, size: int) -> Iterator[Block]:
        shelf = self.shelves.get(("bool", size - 1))
        if shelf is not None:
            terms = shelf.terms

            def make(k: int) -> Term:
                return Term(negated(terms[k].expression), BOOL, size)

            yield Block("bool", size, 1 - shelf.values, make)

    def _conditionals(self, size: int) -> Iterator[Block]:
        """Yield ``x if test else y`` of leaves: deeper ones are no shorter than a table."""
        tests, leaves = self.shelves.get(("bool", size - 3)), self.shelves.get(("int", 1))
        if tests is None or leaves is None or size > 6:
            return
        sides = [
            (x, y) for x in range(len(leaves.terms)) for y in range(len(leaves.terms)) if x != y
        ]
        if not sides:
            return
        x, y = np.array(sides).T
        for test, term in zip(tests.values, tests.terms, strict=True):
            values = np.where(test != 0, leaves.values[x], leaves.values[y])
            yield Block("int", size, values, self._conditional(term, leaves, sides, size))

    def _conditional(
        self, test: Term, leaves: Shelf, sides: list[tuple[int, int]], size: int
    ) -> Callable[[int], Term | None]:
        def make(k: int) -> Term:
            then, other = (leaves.terms[i] for i in sides[k])
            assert isinstance(then.type, Int)
            assert isinstance(other.type, Int)
            t = Int(min(then.type.lo, other.type.lo), max(then.type.hi, other.type.hi))
            parts = (then.expression, test.expression, other.expression)
            return Term(syntax.Conditional(*parts, span=self.span), t, size)

        return make

    # --- what is built upon

    def _keep(self, block: Block) -> None:
        """Keep the terms of a block that are not equal, at every point, to one that is kept."""
        seen = self.seen[block.sort]
        fresh: list[tuple[Term, Points]] = []
        for k, row in enumerate(block.values):
            key = row.tobytes()
            if key not in seen and (term := block.make(k)) is not None:
                seen.add(key)
                fresh.append((term, row))
        if not fresh:
            return
        place = (block.sort, block.size)
        values = np.stack([row for _, row in fresh])
        if place in self.shelves:
            values = np.concatenate([self.shelves[place].values, values])
        known = self.shelves[place].terms if place in self.shelves else []
        self.shelves[place] = Shelf([*known, *(term for term, _ in fresh)], values)
