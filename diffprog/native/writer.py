"""A program in C as it is written: primitive statements in pairs, forward and reverse.

In: requests for primitive statements. Out: blocks (`blocks`). Places and known numbers are C
expressions of loop counters and of what is kept, right in both directions. A value may be
written over where nothing reads the old one any more: then what was there is kept for the
reverse, which puts it back.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diffprog.native.blocks import Block, Frame, Statement
from diffprog.native.facts import Facts
from diffprog.native.maps import mapped, mixed, read
from diffprog.native.slopes import COPY, OTHER
from diffprog.native.values import (
    Slot,
    Term,
    UnsupportedError,
    adjoint,
    adjoints,
    base,
    cells,
    finite,
    item,
    room,
    soft_numbers,
    value,
    values,
    width,
)
from diffprog.types import Bool, Real, Type

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diffprog.native.blocks import Piece
    from diffprog.native.slopes import Rule

MOST_TABLE = 1 << 18
"""The most entries of one table in the source."""


def _whole() -> list[Block]:
    return [Block(Frame("tape"))]


@dataclass
class Writer:
    """Statements of the block that is written, and what the whole file needs.

    Attributes:
        open: the blocks that are being written, the innermost last.
        shared: stretches that nothing may write over: constants, the weights of holes.
        constant: of those, the ones that have no gradient.
    """

    open: list[Block] = field(default_factory=_whole)
    tables: dict[tuple[int, ...], str] = field(default_factory=dict)
    numbers: dict[tuple[float, ...], str] = field(default_factory=dict)
    shared: set[int] = field(default_factory=set)
    constant: set[int] = field(default_factory=set)
    arities: set[int] = field(default_factory=set)
    reach: list[str] = field(default_factory=list)
    notes: dict[tuple[str, int], str] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    inputs: dict[str, tuple[str, int]] = field(default_factory=dict)
    logits: dict[str, tuple[str, int]] = field(default_factory=dict)
    weighing: list[Statement] = field(default_factory=list)
    line: int = 0
    count: int = 0

    @property
    def whole(self) -> Block:
        """The block of the whole program."""
        return self.open[0]

    def fresh(self, name: str) -> str:
        """Return a C name that is not taken."""
        self.count += 1
        return f"{name}{self.count}"

    def take(self, n: int, block: Block | None = None) -> str:
        """Return a place for `n` numbers, in the innermost block or in another."""
        self.count += 1
        (block or self.open[-1]).stretches.append((self.count, n))
        return f"@{self.count}"

    def slot(self, t: Type) -> Slot:
        """Return a place for a value of a type."""
        return Slot(self.take(room(t)), t)

    def both(self, forward: Piece | Sequence[Piece], reverse: Piece | Sequence[Piece] = ()) -> None:
        """Write a statement and its reverse."""
        one, other = ((p,) if isinstance(p, str | Block) else tuple(p) for p in (forward, reverse))
        self.open[-1].statements.append(Statement(one, other))

    @contextmanager
    def block(self, *, frame: str = "", rounds: int = 0) -> Iterator[Block]:
        """Write into a block apart; with `rounds`, one that has that many frames of its own."""
        made = Block(Frame(frame) if frame else self.open[-1].frame, rounds)
        with self.within(made):
            yield made

    @contextmanager
    def within(self, block: Block) -> Iterator[None]:
        """Go on writing a block."""
        self.open.append(block)
        with self.facts.scope():
            yield
        self.open.pop()

    def table(self, numbers: Sequence[int]) -> str:
        """Return the name of a table of integers."""
        if len(numbers) > MOST_TABLE:
            message = f"a table of {len(numbers):,} entries (the limit is {MOST_TABLE:,})"
            raise UnsupportedError(message)
        return self.tables.setdefault(tuple(numbers), f"table{len(self.tables)}")

    def input(self, key: str, n: int, alternatives: int = 0) -> str:
        """Return the place of a hole's weights, which are made before the program runs.

        Of a learned real, with no alternatives, the numbers themselves.
        """
        if key not in self.inputs:
            at = self.take(n, self.whole)
            self.inputs[key] = self.logits[key] = (at, n)
            if alternatives:
                self.inputs[key] = (self.take(n, self.whole), n)
                self._weigh(self.inputs[key][0], at, n // alternatives, alternatives)
            self.shared |= {base(at), base(self.inputs[key][0])}
        return self.inputs[key][0]

    def _weigh(self, to: str, source: str, n: int, alternatives: int) -> None:
        """Take the softmax of each run of logits."""
        o, a, p, q = values(to), values(source), adjoints(to), adjoints(source)
        head = f"for (long j = 0; j < {n * alternatives}; j += {alternatives})"
        self.weighing.append(
            Statement(
                (f"{head} softmax({o} + j, {a} + j, {alternatives}, H);",),
                (f"{head} back_softmax({o} + j, {p} + j, {q} + j, {alternatives}, H);",),
            )
        )

    def note(self, kind: str, line: int, amount: str, reads: str = "", n: int = 1) -> None:
        """Report a C expression, times the weight with which this place is reached.

        It is reported of each of `n` cells `j`, after the declarations `reads`.
        """
        key = (kind, line)
        if key not in self.notes:
            self.notes[key] = self.take(1, self.whole)
        total = " * ".join([*(value(w) for w in self.reach), f"({amount})"])
        head = f"for (long j = 0; j < {n}; j++)"
        self.both(f"EACH_VEC({head} {{ {reads} {value(self.notes[key])} += {total}; }})")

    @contextmanager
    def reached(self, weight: str) -> Iterator[None]:
        """Let what is reported inside count by the weight at a place."""
        self.reach.append(weight)
        yield
        self.reach.pop()

    # --- primitive statements

    def copy(self, to: str, source: str, n: int, *, makes: int | None = None) -> None:
        """Copy `n` numbers; with `makes`, into a part of that stretch, which is made so alone."""
        back = f"gain({adjoints(source)}, {adjoints(to)}, {n});"
        self.both(
            f"copy({values(to)}, {values(source)}, {n});",
            () if base(source) in self.constant else back,
        )
        self.open[-1].statements[-1].makes = makes
        self.facts.note("copy", f"{n} of {source}", to, to)

    def overwrite(self, to: str, source: str, n: int, *, at: str = "", cells: int = 1) -> None:
        """Write over `n` numbers; what was there is kept and put back by the reverse.

        With a table `at`: over that many in each of some cells, whose places it holds.
        """
        copied = None if at else self.facts.get("copy", f"{n} of {to}", str)
        kept = copied or self.take(n * cells)
        each, head = (f" + i * {n}", f"for (long i = 0; i < {cells}; i++) ") if at else ("", "")
        place, here, there = to + (f" + {at}[i]" if at else ""), kept + each, source + each
        keep = f"{head}copy({values(here)}, {values(place)}, {n});"
        back = f"{head}copy({values(place)}, {values(here)}, {n});"
        self.open[-1].statements.append(Statement(() if copied else (keep,), (back,), base(to)))
        self.facts.forget(to, None if at else n)
        gone = f"{head}fill({adjoints(place)}, {n}, 0);"
        back = f"{head}yield({adjoints(there)}, {adjoints(place)}, {n});"
        fixed = base(source) in self.constant
        self.both(f"{head}copy({values(place)}, {values(there)}, {n});", gone if fixed else back)
        if fixed and not at:
            self.facts.note("constant", f"{n} of {to}", source, source)

    def store(self, to: str, code: str) -> None:
        """Put a known number at a place."""
        self.both(f"fill({values(to)}, 1, (real)({code}));")

    def normalise(self, to: str, source: str, n: int, cells: int = 1) -> None:
        """Scale numbers to sum to 1, in each cell; uniform where there is nothing."""
        at = f" + i * {n}" if cells > 1 else ""
        o, a = values(to) + at, values(source) + at
        p, q = adjoints(to) + at, adjoints(source) + at
        head = f"for (long i = 0; i < {cells}; i++) " if cells > 1 else ""
        self.both(
            f"{head}normalise({o}, {a}, {n});", f"{head}back_normalise({o}, {p}, {a}, {q}, {n});"
        )

    def softmax(self, to: str, source: str, n: int, scale: str = "R") -> None:
        """Scale exponentials of numbers over a temperature, whose inverse is named, to sum to 1."""
        o, a, p, q = values(to), values(source), adjoints(to), adjoints(source)
        self.both(
            f"softmax({o}, {a}, {n}, {scale});", f"back_softmax({o}, {p}, {q}, {n}, {scale});"
        )

    def accumulate(self, to: str, weight: str, source: str, n: int) -> None:
        """Add numbers times a weight to those at a place."""
        here, there = f"{to} + j", f"{source} + j"
        w, a, p = value(weight), value(there), adjoint(here)
        head = f"EACH_VEC(for (long j = 0; j < {n}; j++)"
        self.both(
            f"{head} {value(here)} += {w} * {a};)",
            f"{head} {{ {adjoint(weight)} += {p} * {a}; {adjoint(there)} += {p} * {w}; }})",
        )

    def map(
        self, rule: Rule, to: str, args: Sequence[Term | str], n: int = 1, *, cells: int = 1
    ) -> None:
        """Apply a rule to `n` numbers of each of some cells.

        Places of arguments may name the number, `j`, and the cell, `i`.
        """
        self.both(*mapped(rule, to, args, n, cells=cells, constant=self.constant))

    def mix(self, to: str, weights: Sequence[str], parts: Sequence[str], n: int) -> None:
        """Write the sum of parts times weights."""
        self.both(*mixed(to, weights, parts, n, constant=self.constant))

    def undefined(
        self, rule: Rule, args: Sequence[Term | str], n: int, met: Sequence[str] = ()
    ) -> None:
        """Report where a rule has no value, times the probabilities at the places in `met`."""
        reads = " ".join(read(i, arg) for i, arg in enumerate(args))
        amount = f"choose({rule.defined}, all(0), all(1))"
        amount = " * ".join([amount, *map(value, met)])
        self.note("undefined", self.line, amount, reads, n)

    def constants(self, numbers: Sequence[float]) -> str:
        """Return the place of constant numbers."""
        name = self.numbers.setdefault(tuple(numbers), f"numbers{len(self.numbers)}")
        at = self.take(len(numbers), self.whole)
        self.whole.statements.insert(
            0, Statement((f"spread({values(at)}, {name}, {len(numbers)});",), ())
        )
        self.shared.add(base(at))
        self.constant.add(base(at))
        return at

    def tensor(self, term: Term) -> Slot:
        """Return a term as a soft value."""
        if isinstance(term, Slot):
            return term
        if term.value is not None:
            return Slot(self.constants(soft_numbers(term.value, term.type)), term.type)
        slot = self.slot(term.type)
        self.constant.add(slot.base)
        self.shared.add(slot.base)
        if isinstance(term.type, Bool | Real):
            self.store(slot.code, term.code)
            return slot
        n, lo = width(term.type), finite(term.type).lo
        place = f"{values(slot.code)} + ({term.code}) - {lo}"
        self.both(f"fill({values(slot.code)}, {n}, 0); fill({place}, 1, 1);")
        return slot

    def pair(self, slot: Slot) -> str:
        """Return the place of (1 - p, p) for each p of a bool or of an array of them."""
        at = self.facts.get("pair", slot.code, str)
        if at is None:
            n = cells(slot.type)
            at = self.take(2 * n)
            for j in range(n):
                self.map(OTHER, f"({at} + {2 * j})", [f"({slot.code} + {j})"])
                self.map(COPY, f"({at} + {2 * j + 1})", [f"({slot.code} + {j})"])
            self.facts.note("pair", slot.code, at)
        return at

    def points(self, slot: Slot) -> str:
        """Return the place of a finite value's distribution, of two numbers for a bool."""
        return self.pair(slot) if isinstance(item(slot.type), Bool) else slot.code
