"""From a table of choices to the shortest expression that says the same where it matters.

In: a hole with its table, which entries are decided, and how the source writes the values it is
given.
Out: fillings, the shortest first; each also says the whole table that it stands for, so that a
caller can try it on examples. No filling means that the table itself is the best text. Never
imports torch.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from diffprog.lang.fillings import Chain, Formula
from diffprog.learn.terms import MAX_DOMAIN, Terms
from diffprog.types import Array, Bool, Enum, Int, fits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diffprog.errors import Span
    from diffprog.lang import syntax
    from diffprog.lang.typed import Hole
    from diffprog.learn.operands import Block, Points, Term
    from diffprog.types import Finite

MOST_CASES = 5
"""Alternatives in use beyond which a row of tests is no easier to read than the table."""
LARGEST = 9
"""Leaves and operators of the longest expression that is looked for."""
BITS = 4
"""What a symbol of an expression takes."""
TESTS = 5
"""The same for one of several tests."""


@dataclass(frozen=True)
class Table:
    """What is known of one hole.

    Attributes:
        hole: a choice that is given finite values.
        names: how the source writes those values.
        entries: the number of the alternative at each point of the joint domain, row-major.
        decided: whether the training answers depend on that entry.
        constants: numbers worth a term in expressions, and their names in the source (None: none).
        span: the place that made syntax goes by.
        silent: the alternative that does nothing, if there is one.
    """

    hole: Hole
    names: Sequence[syntax.Expr]
    entries: Sequence[int]
    decided: Sequence[bool]
    constants: Mapping[int, str | None]
    span: Span
    silent: int | None = None

    @property
    def item(self) -> Finite:
        """The type whose values number the alternatives."""
        t = self.hole.type.item if isinstance(self.hole.type, Array) else self.hole.type
        assert isinstance(t, Bool | Int | Enum)
        return t

    def largest(self, *, thorough: bool) -> int:
        """Return the size up to which an expression is shorter than the entries it agrees with.

        A symbol takes some four bits, an entry log2 of the alternatives. A longer expression fits
        the entries by chance.
        """
        if thorough:
            return LARGEST
        used = {k for k, d in zip(self.entries, self.decided, strict=True) if d}
        bits = sum(self.decided) * math.log2(max(2, len(used)))
        return min(LARGEST, max(TESTS, int(bits / BITS)))


def generalise(
    table: Table, *, thorough: bool = False
) -> Iterator[tuple[Chain | Formula, tuple[int, ...]]]:
    """Yield fillings that agree with a table where it is decided, and their own tables."""
    known = [k for k, d in zip(table.entries, table.decided, strict=True) if d]
    used = sorted(set(known))
    if len(used) < 2:
        (most, _), *_ = Counter(known or table.entries).most_common(1)
        yield Chain((), most), (most,) * len(table.entries)
        return
    domain = len(table.entries)
    if domain > MAX_DOMAIN:
        return
    if table.hole.kind == "value" and not isinstance(table.item, Enum):
        yield from _formulas(table, table.largest(thorough=thorough))
    elif len(used) == 2:
        yield from _conditions(table, (used[0], used[1]), table.largest(thorough=thorough))
    if 2 < len(used) <= MOST_CASES and (chain := _chain(table, used, thorough)) is not None:
        yield chain


def _terms(table: Table) -> Terms:
    given = [t for t in table.hole.given if isinstance(t, Bool | Int | Enum)]
    return Terms(given, table.names, table.constants, table.span)


def _formulas(table: Table, largest: int) -> Iterator[tuple[Formula, tuple[int, ...]]]:
    """Yield expressions of the hole's own type."""
    where = np.flatnonzero(table.decided)
    target = np.array(table.entries)[where] + table.item.lo
    sort = "bool" if isinstance(table.item, Bool) else "int"
    for block in _terms(table).blocks(largest):
        if block.sort != sort:
            continue
        for k in np.flatnonzero((block.values[:, where] == target).all(axis=1)):
            term = block.make(int(k))
            if term is not None and fits(term.type, table.item):
                values = block.values[k] - table.item.lo
                yield Formula(term.expression), tuple(int(v) for v in values)


def _conditions(
    table: Table, used: tuple[int, int], largest: int
) -> Iterator[tuple[Chain, tuple[int, ...]]]:
    """Yield tests between two alternatives; the one that does nothing is what remains."""
    where = np.flatnonzero(table.decided)
    entries = np.array(table.entries)[where]
    sides = [(a, b) for a, b in (used, used[::-1]) if a != table.silent]
    for block in _terms(table).blocks(largest):
        if block.sort != "bool":
            continue
        for taken, rest in sides:
            found = (block.values[:, where] == (entries == taken)).all(axis=1)
            for k in np.flatnonzero(found):
                term = block.make(int(k))
                if term is not None:
                    full = tuple(taken if v else rest for v in block.values[k])
                    yield Chain(((term.expression, taken),), rest), full


# --- more than two alternatives -------------------------------------------------------------------


@dataclass
class _Tests:
    """The shortest test that tells one alternative from a set of others, for each pair of these."""

    entries: Points
    used: Sequence[int]
    found: dict[tuple[int, frozenset[int]], tuple[Term, Points]] = field(default_factory=dict)

    def wanted(self) -> list[tuple[int, frozenset[int]]]:
        """Return what is still looked for."""
        every = [
            (a, frozenset(others))
            for a in self.used
            for n in range(1, len(self.used))
            for others in combinations([b for b in self.used if b != a], n)
        ]
        return [pair for pair in every if pair not in self.found]

    def look(self, block: Block, where: Points) -> None:
        """Look for tests in a block of terms."""
        values = block.values[:, where] != 0
        for taken, others in self.wanted():
            inside = values[:, self.entries == taken].all(axis=1)
            outside = values[:, np.isin(self.entries, list(others))].any(axis=1)
            hits = np.flatnonzero(inside & ~outside)
            if len(hits) and (term := block.make(int(hits[0]))) is not None:
                self.found[taken, others] = term, block.values[hits[0]]

    def best(self, remaining: frozenset[int]) -> tuple[int, tuple[int, ...]] | None:
        """Return the least sum of sizes, and the alternatives in order, the last untested."""
        if len(remaining) == 1:
            return 0, tuple(remaining)
        options = []
        for taken in sorted(remaining):
            others = remaining - {taken}
            rest = self.best(others)
            if (taken, others) in self.found and rest is not None:
                size = self.found[taken, others][0].size + rest[0]
                options.append((size, (taken, *rest[1])))
        return min(options, default=None)


def _chain(
    table: Table, used: Sequence[int], thorough: bool
) -> tuple[Chain, tuple[int, ...]] | None:
    """Return tests one after the other that lead to the right alternative, if they are short."""
    where = np.flatnonzero(table.decided)
    tests = _Tests(np.array(table.entries)[where], used)
    for block in _terms(table).blocks(TESTS):
        if block.sort == "bool":
            tests.look(block, where)
    best = tests.best(frozenset(used))
    if best is None or best[0] > table.largest(thorough=thorough):
        return None
    order = best[1]
    full = np.full(len(table.entries), order[-1])
    cases: list[tuple[syntax.Expr, int]] = []
    for i in reversed(range(len(order) - 1)):
        term, values = tests.found[order[i], frozenset(order[i + 1 :])]
        full = np.where(values != 0, order[i], full)
        cases.insert(0, (term.expression, order[i]))
    return Chain(tuple(cases), order[-1]), tuple(int(k) for k in full)
