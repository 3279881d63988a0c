"""How a program is cut for `torch.compile`: loops a few rounds at a time, never unrolled whole.

In: what is written of a loop. Out: how many of its rounds are compiled together. The cost of a
loop is that of its rounds, unrolled as the compiler would: lines of source, inner loops times their
rounds.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffprog.ir.graph import Network, regions, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diffprog.ir.graph import For, Loop
    from diffprog.soft.writer import Writer

WHOLE = 1500
"""The lines of a program, unrolled, that is compiled as a whole: a minute, or two."""

PIECE = 200
"""The lines that are compiled together of a loop: beyond, a call costs little beside its work."""

LEAST = 30
"""The lines of a round from which on it pays to compile it: a call costs as much as so many."""


@dataclass
class Pieces:
    """What the loops that are written so far cost when they are unrolled.

    Attributes:
        patient: whether only rounds that pay soon are cut out, and all else stands as it is.
        beyond: the lines of all rounds but the first.
        loops: how many loops there are.
        rounds: how many rounds are cut out: each is compiled by itself.
    """

    patient: bool = False
    beyond: int = 0
    loops: int = 0
    rounds: int = 0

    def takes(self, node: For | Loop) -> bool:
        """Say whether a loop has a network in it: its rounds are large and all alike."""
        return any(isinstance(n, Network) for _, g in regions(node) for n in walk(g))

    def cuts_out(self, lines: int) -> bool:
        """Say whether a round of so many lines is compiled by itself, and count it if so."""
        found = lines >= LEAST or not self.patient
        self.rounds += found
        return found

    def cost(self, writer: Writer) -> int:
        """Return the lines written so far, unrolled."""
        return sum(not line.lstrip().startswith("#") for line in writer.lines) + self.beyond

    @contextmanager
    def loop(self, writer: Writer, rounds: int) -> Iterator[list[int]]:
        """Watch a loop's body being written.

        Yields:
            A list that has, in the end, how many rounds are compiled together: 0 where the body
            is too large, and has loops that are.
        """
        found: list[int] = []
        before, inside = self.cost(writer), self.loops
        yield found
        body = self.cost(writer) - before
        too_large = body > PIECE and self.loops > inside
        found.append(0 if too_large else max(1, PIECE // max(1, body)))
        self.beyond += body * (rounds - 1)
        self.loops += 1
