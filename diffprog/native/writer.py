"""A program in C as it is written: statements in pairs, forward and reverse, and where values lie.

In: requests for primitive statements. Out: text. Every value lies at a place of its own on the
tape, so that the reverse finds it; places are C expressions of loop counters and frames, right
in both directions. Known numbers are C expressions as well.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diffprog.native.slopes import COPY, OTHER
from diffprog.native.values import (
    Number,
    Slot,
    Term,
    UnsupportedError,
    cells,
    finite,
    item,
    room,
    soft_numbers,
    width,
)
from diffprog.types import Bool, Real, Type

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diffprog.native.slopes import Rule

MOST_TABLE = 1 << 18
"""The most entries of one table in the source."""


@dataclass
class Frame:
    """A stretch of the tape whose places are counted from the C expression `name`."""

    name: str
    size: int = 0

    def take(self, n: int) -> str:
        """Return a place for `n` numbers."""
        at, self.size = self.size, self.size + n
        return f"({self.name} + {at})"


@dataclass
class Writer:
    """Statements of the block that is written, and what the whole file needs."""

    frames: list[Frame] = field(default_factory=lambda: [Frame("0")])
    forward: list[str] = field(default_factory=list)
    reverse: list[str] = field(default_factory=list)
    tables: dict[tuple[int, ...], str] = field(default_factory=dict)
    constants: list[tuple[str, list[float]]] = field(default_factory=list)
    arities: set[int] = field(default_factory=set)
    reach: list[str] = field(default_factory=list)
    notes: dict[tuple[str, int], str] = field(default_factory=dict)
    pairs: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, tuple[str, int]] = field(default_factory=dict)
    line: int = 0
    _names: int = 0

    def fresh(self, name: str) -> str:
        """Return a C name that is not taken."""
        self._names += 1
        return f"{name}{self._names}"

    def take(self, n: int) -> str:
        """Return a place for `n` numbers in the innermost frame."""
        return self.frames[-1].take(n)

    def slot(self, t: Type) -> Slot:
        """Return a place for a value of a type."""
        return Slot(self.take(room(t)), t)

    def both(self, forward: str, reverse: str = "") -> None:
        """Write a statement and its reverse."""
        self.forward.append(forward)
        if reverse:
            self.reverse.append(reverse)

    @contextmanager
    def block(self) -> Iterator[list[str]]:
        """Collect statements apart.

        When it ends, the list holds the two texts, forward and reverse.
        """
        kept = self.forward, self.reverse, self.pairs
        self.forward, self.reverse, self.pairs = [], [], dict(self.pairs)
        texts: list[str] = []
        yield texts
        texts += ["\n".join(self.forward), "\n".join(reversed(self.reverse))]
        self.forward, self.reverse, self.pairs = kept

    def table(self, numbers: Sequence[int]) -> str:
        """Return the name of a table of integers."""
        if len(numbers) > MOST_TABLE:
            message = f"a table of {len(numbers):,} entries (the limit is {MOST_TABLE:,})"
            raise UnsupportedError(message)
        return self.tables.setdefault(tuple(numbers), f"table{len(self.tables)}")

    def input(self, key: str, n: int) -> str:
        """Return the place of a hole's weights, which the caller hands in."""
        if key not in self.inputs:
            self.inputs[key] = (self.frames[0].take(n), n)
        return self.inputs[key][0]

    def note(self, kind: str, line: int, amount: str, reads: str = "", n: int = 1) -> None:
        """Report a C expression of lane `l`, times the weight with which this place is reached.

        It is reported of each of `n` cells `j`, after the declarations `reads`.
        """
        key = (kind, line)
        if key not in self.notes:
            self.notes[key] = self.frames[0].take(1)
        weights = [f"v[{w} * L + l]" for w in self.reach]
        value = " * ".join([*weights, f"({amount})"])
        head = f"for (long j = 0; j < {n}; j++) LANES"
        self.both(f"{head} {{ {reads} v[{self.notes[key]} * L + l] += {value}; }}")

    @contextmanager
    def reached(self, weight: str) -> Iterator[None]:
        """Let what is reported inside count by the weight at a place."""
        self.reach.append(weight)
        yield
        self.reach.pop()

    # --- primitive statements

    def copy(self, to: str, source: str, n: int) -> None:
        """Copy `n` numbers."""
        self.both(f"copy(v, {to}, {source}, {n});", f"back_copy(d, {to}, {source}, {n});")

    def store(self, to: str, code: str) -> None:
        """Keep a known number on the tape."""
        self.both(f"fill(v, {to}, 1, (real)({code}));")

    def normalise(self, to: str, source: str, n: int) -> None:
        """Scale numbers to sum to 1; uniform where there is nothing."""
        self.both(
            f"normalise(v, {to}, {source}, {n});", f"back_normalise(v, d, {to}, {source}, {n});"
        )

    def map(self, rule: Rule, to: str, args: Sequence[Term | str], n: int = 1) -> None:
        """Apply a rule to `n` numbers; places of arguments may name the number, `j`."""
        reads = [_read(i, arg) for i, arg in enumerate(args)]
        grads = [
            (_at(arg), rule.slopes[i])
            for i, arg in enumerate(args)
            if not isinstance(arg, Number) and rule.slopes[i] != "0"
        ]
        ok = rule.defined
        value = f"({ok}) ? {rule.value} : 0" if ok else rule.value
        at, head = f"({to} + j) * L + l", f"for (long j = 0; j < {n}; j++) LANES"
        start = f"{head} {{ {' '.join(reads)}"
        slopes = [f"d[{a}] += ({ok}) ? g * ({s}) : 0;" if ok else f"d[{a}] += g * ({s});"
                  for a, s in grads]  # fmt: skip
        back = f"const real y = v[{at}], g = d[{at}]; (void)y; {' '.join(slopes)} }}"
        self.both(f"{start} v[{at}] = {value}; }}", f"{start} {back}" if grads else "")

    def undefined(self, rule: Rule, args: Sequence[Term | str], n: int) -> None:
        """Report where a rule has no value."""
        reads = " ".join(_read(i, arg) for i, arg in enumerate(args))
        used = " ".join(f"(void)x{i};" for i in range(len(args)))
        self.note("undefined", self.line, f"!({rule.defined})", f"{reads} {used}", n)

    def contract(
        self,
        to: str,
        n: int,
        operands: Sequence[str],
        entries: Sequence[tuple[int, ...]],
        *,
        groups: int = 1,
        group: str = "0",
        count: int = 1,
    ) -> None:
        """Write out[c] = sum of products, by entries (group, c, i1, …, ik), in each cell.

        Only the entries of the group that the C expression `group` says count.
        """
        k = len(operands)
        self.arities.add(k)
        ordered = sorted(entries, key=lambda e: e[0])
        starts = [0] * (groups + 1)
        for e in ordered:
            starts[e[0] + 1] += k + 1
        for g in range(groups):
            starts[g + 1] += starts[g]
        name = self.table([x for e in ordered for x in e[1:]] or [0])
        if groups == 1:
            span = f"{name}, {name} + {starts[1]}"
        else:
            begin = self.table(starts)
            span = f"{name} + {begin}[{group}], {name} + {begin}[{group} + 1]"
        call = f"{span}, {to} + j * {n}, {', '.join(operands)}"
        head = f"for (long j = 0; j < {count}; j++)"
        self.both(
            f"fill(v, {to}, {n * count}, 0);\n{head} contract{k}(v, {call});",
            f"{head} back_contract{k}(v, d, {call});",
        )

    def constant(self, numbers: list[float]) -> str:
        """Return the place of constant numbers."""
        at = self.frames[0].take(len(numbers))
        self.constants.append((at, numbers))
        return at

    def tensor(self, term: Term) -> Slot:
        """Return a term as a soft value."""
        if isinstance(term, Slot):
            return term
        if term.value is not None:
            return Slot(self.constant(soft_numbers(term.value, term.type)), term.type)
        slot = self.slot(term.type)
        if isinstance(term.type, Bool | Real):
            self.store(slot.code, term.code)
            return slot
        n, lo = width(term.type), finite(term.type).lo
        one = f"fill(v, {slot.code} + ({term.code}) - {lo}, 1, 1);"
        self.both(f"fill(v, {slot.code}, {n}, 0); {one}")
        return slot

    def pair(self, slot: Slot) -> str:
        """Return the place of (1 - p, p) for each p of a bool or of an array of them."""
        if slot.code not in self.pairs:
            n = cells(slot.type)
            at = self.take(2 * n)
            for j in range(n):
                self.map(OTHER, f"({at} + {2 * j})", [f"{slot.code} + {j}"])
                self.map(COPY, f"({at} + {2 * j + 1})", [f"{slot.code} + {j}"])
            self.pairs[slot.code] = at
        return self.pairs[slot.code]

    def points(self, slot: Slot) -> str:
        """Return the place of a finite value's distribution, of two numbers for a bool."""
        return self.pair(slot) if isinstance(item(slot.type), Bool) else slot.code


def _at(arg: Slot | str) -> str:
    return f"({arg.code if isinstance(arg, Slot) else arg}) * L + l"


def _read(i: int, arg: Term | str) -> str:
    """Return the declaration of an argument of a rule."""
    value = f"(real)({arg.code})" if isinstance(arg, Number) else f"v[{_at(arg)}]"
    return f"const real x{i} = {value};"
