"""What a test does to the sources in its cases: marks on the way in, judgement on the way out.

In: a branch or a loop under analysis (`flow.py`), what flows into it and what its cases gave. Out:
what flows on; losses go to the ledger. Never imports torch.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffprog.ir.masks import change, kept, origins, restored, unchanged, union
from diffprog.ir.meet import is_real

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diffprog.ir.bits import Ledger
    from diffprog.ir.graph import Loop, Select
    from diffprog.ir.masks import Cells, Origins
    from diffprog.ir.meet import Flowing
    from diffprog.types import Type


@dataclass(frozen=True, eq=False)
class Marks:
    """One execution of a branch or a loop; it owns what it lets in, see `Origin`."""

    ledger: Ledger
    node: Select | Loop

    @property
    def bits(self) -> tuple[int, int, int]:
        """The test's bits: conditioned; finite but not conditioned; real."""
        names = ("given", "stale", "mean")
        given, stale, mean = (
            self.ledger.kept((name, id(self.node)), name, "test", self.node.span) for name in names
        )
        return given, stale, mean

    def given(self, args: Sequence[Flowing], tested: int) -> list[Flowing]:
        """Condition the sources of a test: those that it depends on now share its bit."""
        bit = self.bits[0]
        return [(_marked(mask, tested, bit), value) for mask, value in args]

    def stale(
        self,
        args: Sequence[Flowing],
        types: Sequence[Type],
        tested: int,
        since: Sequence[Origins] | None = None,
    ) -> list[Flowing]:
        """Mark what depends on a test and is not conditioned on it."""
        _, stale, mean = self.bits
        out: list[Flowing] = []
        for (mask, value), t, known in zip(args, types, since or [()] * len(args), strict=True):
            touched = union(mask) & tested
            bit = mean if is_real(t) else stale
            out.append((kept(mask, self, tested=tested, bit=bit, since=known), value))
            if touched and not is_real(t):
                self.ledger.blame(stale, touched)
        return out

    def origins(self, values: Sequence[Flowing]) -> list[Origins]:
        """Return where the cells of values came in, None for what is new."""
        return [origins(mask, self) for mask, _ in values]

    @contextmanager
    def under(self, tested: int) -> Iterator[None]:
        """Let holes met meanwhile know that they are under this test."""
        self.ledger.tests.append((tested, self.bits[1]))
        yield
        self.ledger.tests.pop()

    def merged(self, cases: Sequence[list[Flowing]], tested: int) -> list[Flowing]:
        """Join the results of cases; each depends on the test, and none may be stale."""
        given = self.bits[0]
        out: list[Flowing] = []
        for results in zip(*cases, strict=True):
            value = results[0][1] if not tested and len(cases) == 1 else None
            cells, same = unchanged([mask for mask, _ in results], self)
            cells = change(self.settled(cells), lambda b: (b | tested) & ~given)
            out.append((restored(cells, same), value))
        return out

    def settled(self, cells: Cells) -> Cells:
        """Judge a result: losses go to the ledger, and the marks come off."""
        _, stale, mean = self.bits
        found = union(cells)
        if found & stale:
            self.ledger.lose(self.node.span, self.ledger.blamed(stale), "test")
        if found & mean:
            self.ledger.affine = False
        return change(cells, lambda b: b & ~(stale | mean)) if found & (stale | mean) else cells


def _marked(cells: Cells, tested: int, bit: int) -> Cells:
    if not tested or not union(cells) & tested:
        return cells
    return change(cells, lambda mask: mask | bit if mask & tested else mask)
