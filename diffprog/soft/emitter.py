"""What the generators of the kinds share: the writer, the way into a region, the names.

In: nodes with their inputs as terms. Out: terms. Each kind has its own file, which sees only
this one.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from diffprog.ir.graph import Apply, Network, Reduce
from diffprog.soft.writer import Term, item
from diffprog.types import Real

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from diffprog.errors import Span
    from diffprog.ir.graph import Graph, Hole, Node
    from diffprog.soft.pieces import Pieces
    from diffprog.soft.writer import Writer
    from diffprog.types import Type

Region: TypeAlias = (
    "Callable[[Graph, Sequence[Term | None], Sequence[int] | None], list[Term | None]]"
)
"""Writes a region for given inputs and wanted results; what is not wanted is None."""

ASSIGNED = re.compile(
    r"(?:^|[;:])\s*(\w+)(?:\[[^\]=]*\])?\s*(?::[^=]*)?(?:[-+*/%]|and|or|xor)?=\s*$"
)
"""The text before an expression that is all of an assignment's right side."""


@dataclass(frozen=True)
class Block:
    """An array of which a block of cells is replaced, not written yet.

    Attributes:
        base: the name of the array.
        value: the code of the new cells.
        cut: the code of the cells that they replace.
        where: the code of the place.
    """

    base: str
    value: str
    cut: str
    where: str

    @property
    def code(self) -> str:
        """The code of the whole array."""
        return f"put_block({self.base}, {self.value}, {self.where})"


@dataclass(frozen=True)
class Expression:
    """A finite expression of uncertain scalars, which are called `a`, `b`, … in its text.

    `lo` is the first value of its type.
    """

    operands: tuple[Term, ...]
    text: str
    lo: int


@dataclass
class Emitter:
    """The writer of one program, with what the kinds' generators need besides.

    Attributes:
        tracing: the alternatives of holes by key, where a traced run is written; else None.
        choices: the keys of holes by the names of their weights.
        decided: the names of the weights that networks give.
        cases: the weights of the cases in which it stands.
        loops: how many loops stand around what is written.
        regions: how many regions, the program's own counted.
        alternatives: where outcomes are asked for, the names of the weights of those so far, one
            for each axis that they have, left of all others; else None.
        pieces: what the loops cost, where the program is to be compiled; else None.
        blocks: the arrays that are not written yet, by their code.
        changes: for a value that is another one changed, by their codes, the code of the latter
            changed with some weight, in the fewest operations.
        tables: the finite expressions that values are, by their code.
        diagonals: the lists of the diagonals of arrays that are not put together yet, by their
            code.
        fills: the numbers of which arrays are full, by the code of the array.
        ends: for an array of which a slice from an end was replaced, by its code: the axis, the
            place of the cut, the code of what is known before and after it, and of the number
            of which it is full besides.
        chances: the codes of values that are in [0, 1], being logistic functions.
        bits: the bools that ints of two values were, by the code of the int.
        items: the codes of the scalars that arrays are made of, as tuples, by the array's.
        picked: the codes of what stands at places, by those of the place and of the array.
        spent: the writes of the region that is written after which nothing reads the old array.
    """

    writer: Writer
    region: Region
    hole_weights: Callable[[Hole], str]
    tracing: Mapping[str, Sequence[str]] | None = None
    choices: dict[str, str] = field(default_factory=dict)
    decided: set[str] = field(default_factory=set)
    cases: list[str] = field(default_factory=list)
    loops: int = 0
    regions: int = 0
    alternatives: list[str] | None = None
    pieces: Pieces | None = None
    blocks: dict[str, Block] = field(default_factory=dict)
    tables: dict[str, Expression] = field(default_factory=dict)
    diagonals: dict[str, str] = field(default_factory=dict)
    fills: dict[str, str] = field(default_factory=dict)
    ends: dict[str, tuple[int, int, str | None, str | None, str | None]] = field(
        default_factory=dict
    )
    chances: set[str] = field(default_factory=set)
    bits: dict[str, str] = field(default_factory=dict)
    items: dict[str, str] = field(default_factory=dict)
    picked: dict[tuple[str, str], str] = field(default_factory=dict)
    spent: set[int] = field(default_factory=set)
    changes: dict[tuple[str, str], Callable[[str], str]] = field(default_factory=dict)
    _told: tuple[str, int] | None = None

    def comment(self, node: Node) -> None:
        """Write the source line that a node comes from, once while it lasts."""
        source, number = node.span.source, node.span.line
        if (source.name, number) != self._told:
            self._told = source.name, number
            self.writer.line(f"# {number}: {source.line(number).split('#')[0].strip()}")

    def assign(
        self, node: Node, code: str, *, hint: str | None = None, number: bool = False
    ) -> Term:
        """Write a node's value under a name from the source."""
        return self.typed(node, code, node.type, hint=hint, number=number)

    def typed(
        self, node: Node, code: str, t: Type, *, hint: str | None = None, number: bool = False
    ) -> Term:
        """Write a value of another type than the node's, that the node needs.

        What is written already in this block or around it is not computed again: a case often
        reads what its test has read.
        """
        name = hint or name_of(node)
        if number or isinstance(node, Network):  # a network may draw random numbers
            return self.writer.assign(name, code, t, number=number)
        lines = len(self.writer.lines)
        term = self.writer.shared(name, code, t)
        if self.writer.inspect and len(self.writer.lines) > lines:
            kind = node.op if isinstance(node, Apply | Reduce) else type(node).__name__.lower()
            self.writer.line(f'inspect({term.code}, "{kind}", {place_of(node.span)})')
        return term

    def tensor(self, term: Term) -> str:
        """Return the code of a term as a soft value."""
        return self.writer.tensor(term)

    def tensors(self, terms: Sequence[Term]) -> list[str]:
        """Return the codes of terms as soft values."""
        return [self.tensor(t) for t in terms]

    def mean(self, node: Node, term: Term, real: Type) -> Term:
        """Write the mean of an int that a node needs, cell by cell; that of a bool is itself."""
        code = self.tensor(term)
        if code in self.bits:
            return Term(self.bits[code], real)
        return self.typed(node, f"{code} @ {self.writer.values(term.type)}", real, hint="mean")

    def less(self, value: Term) -> Term | None:
        """Return what a real is 1 minus of, where it is that."""
        if value.number or not isinstance(item(value.type), Real):
            return None
        code = self.writer.complement(self.tensor(value))
        return Term(code, value.type) if code.isidentifier() else None

    @contextmanager
    def body(self, rounds: int) -> Iterator[list[str]]:
        """Let a loop's body be written; give what its driver is told besides, in the end."""
        found: list[str] = []
        if self.pieces is None or self.pieces.patient:
            yield found
            return
        with self.pieces.loop(self.writer, rounds) as sizes:
            yield found
        if sizes[0]:
            found.append(f"run=in_pieces({sizes[0]})")


def name_of(node: Node) -> str:
    """Return the variable that the source assigns a node's value to, or a word for what it is."""
    source, start = node.span.source, node.span.start
    line = source.line(node.span.line)
    column = source.place(start)[1] - 1
    found = ASSIGNED.search(line[:column])
    rest = line[column + node.span.end - start :].split("#")[0].strip()
    if found and not rest:
        return found[1]
    if isinstance(node, Network):
        return node.name
    return node.op if isinstance(node, Apply | Reduce) else type(node).__name__.lower()


def place_of(span: Span) -> str:
    """Return the code of a place: file and line."""
    return f"({span.source.name!r}, {span.line})"


def placed(term: Term | None) -> Term:
    """Return a term that liveness says is there."""
    assert term is not None
    return term
