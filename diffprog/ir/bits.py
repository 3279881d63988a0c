"""The bits of uncertain sources, and the record of where they meet themselves.

In: what the analysis meets (`flow.py`, `meet.py`). Out: a bit for each source, the places at which
correlation is lost, and two flags. Never imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffprog.ir.masks import MOST
from diffprog.types import Array, Real

if TYPE_CHECKING:
    from diffprog.errors import Span
    from diffprog.ir.graph import Node
    from diffprog.ir.masks import Cells
    from diffprog.types import Type

LABELS = {
    "paths": "{0} reaches this by two paths",
    "test": "{0} is tested, and used again as if it were not",
    "conditioned": "both stand under one test, and meet here",
}
"""How sources meet, in words for the carets."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a bit stands for: an ``input``, a ``hole``, a ``decision`` or a ``test``."""

    name: str
    kind: str
    span: Span

    def __str__(self) -> str:
        """Name the source for a message."""
        return f"the choice `{self.name}`" if self.kind == "hole" else f"`{self.name}`"


@dataclass(frozen=True, slots=True)
class Lost:
    """A place at which sources meet themselves; `how` is a key of `LABELS`."""

    span: Span
    sources: tuple[Origin, ...]
    how: str


class Ledger:
    """Hands out bits and writes down what is lost.

    Attributes:
        lost: the first finding at each stretch of text.
        affine: false once a mixed real met an operation that does not keep means.
        halts: false once a loop halted `by act` or `by ponder`.
        steady: above 0, a decision has the same bit each time it is met, so that the masks of a
            loop reach a fixed point.
        tests: the tests whose cases are being executed: their sources, and their bit for what was
            not conditioned.
    """

    def __init__(self) -> None:
        self.origins: list[Origin] = []
        self.lost: dict[tuple[int, int], Lost] = {}
        self.affine = True
        self.halts = True
        self.steady = 0
        self.tests: list[tuple[int, int]] = []
        self._kept: dict[object, int] = {}
        self._blame: dict[int, int] = {}

    def bit(self, name: str, kind: str, span: Span) -> int:
        """Return a new bit."""
        self.origins.append(Origin(name, kind, span))
        return 1 << (len(self.origins) - 1)

    def kept(self, key: object, name: str, kind: str, span: Span) -> int:
        """Return the one bit of a key: the same for every node and each time."""
        if key not in self._kept:
            self._kept[key] = self.bit(name, kind, span)
        return self._kept[key]

    def decision(self, node: Node, name: str, kind: str = "decision") -> int:
        """Return the bit of a decision that is made each time it is met."""
        if self.steady:
            return self.kept(("decision", id(node)), name, kind, node.span)
        return self.bit(name, kind, node.span)

    def block(self, name: str, kind: str, span: Span, shape: tuple[int, ...]) -> Cells:
        """Return a bit for each cell of a finite array, or one for all where they are too many."""
        cells = Array(shape, Real())
        if cells.count > MOST:
            return self.kept((kind, name), name, kind, span)
        return [
            self.kept((kind, name, at), f"{name}[{', '.join(map(str, at))}]", kind, span)
            for at in cells.cells()
        ]

    def source(self, name: str, kind: str, span: Span, t: Type) -> Cells:
        """Return the bits of an input or a hole. A real is a number: it has none."""
        if isinstance(t, Real) or (isinstance(t, Array) and isinstance(t.item, Real)):
            return 0
        if isinstance(t, Array):
            return self.block(name, kind, span, t.shape)
        return self.kept((kind, name), name, kind, span)

    def untested(self, mask: int) -> int:
        """Mark a source that surrounding tests depend on, met inside as if they did not."""
        marks = 0
        for tested, bit in self.tests:
            if mask & tested:
                marks |= bit
                self.blame(bit, mask & tested)
        return mask | marks

    def blame(self, bit: int, sources: int) -> None:
        """Remember which sources a test's mark stands for."""
        self._blame[bit] = self._blame.get(bit, 0) | sources

    def blamed(self, bit: int) -> int:
        """Return the sources that a test's mark stands for."""
        return self._blame.get(bit, 0)

    def lose(self, span: Span, bits: int, how: str = "paths", among: int = 0) -> None:
        """Write down that bits met themselves; `among` are those of the values that met."""
        named = self._named(bits)
        if not named and how == "paths":
            how, named = "conditioned", self._named(among)
        self.lost.setdefault((span.start, span.end), Lost(span, named, how))

    def _named(self, bits: int) -> tuple[Origin, ...]:
        out: list[Origin] = []
        while bits and len(out) < 2:
            low = bits & -bits
            origin = self.origins[low.bit_length() - 1]
            if origin.kind != "test":
                out.append(origin)
            bits ^= low
        return tuple(out)
