"""Vectors of two bits and gates, and what the last gate gives (Graves 2016, section 3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

GATES = (
    "FFFT", "FFTF", "FTFF", "FTTF", "FTTT", "TFFF", "TFFT", "TFTT", "TTFT", "TTTF",
)  # fmt: skip
"""What each gate gives for P and Q: both, P alone, Q alone, neither (table 1 of the paper: NOR,
Xq, ABJ, XOR, NAND, AND, XNOR, if/then, then/if, OR)."""
TABLE = np.array([[letter == "T" for letter in gate] for gate in GATES])
VECTORS = (1, 3)
"""How many vectors stand in a row: at least, and at most."""
GROWS = 0.5
"""The share of the training after which vectors have up to all gates: first one."""
Batch = tuple[dict[str, Any], Any]


def growing(
    gates: int, count: int, *, vectors: tuple[int, int] = VECTORS
) -> Callable[[np.random.Generator, float], Batch]:
    """Return what draws rows to train on: first with one gate, in the end with up to all."""

    def draw(random: np.random.Generator, done: float) -> Batch:
        most = min(gates, 1 + int(gates * done / GROWS))
        return drawn(1, most, count, gates, vectors=vectors)(random)

    draw.__qualname__ = f"growing({gates}, {count}, {vectors})"
    return draw


def drawn(
    fewest: int, most: int, count: int, gates: int, *, vectors: tuple[int, int] = VECTORS
) -> Callable[[np.random.Generator], Batch]:
    """Return what draws rows of so many vectors, each with `fewest` to `most` gates."""

    def draw(random: np.random.Generator) -> Batch:
        n = int(random.integers(vectors[0], vectors[1] + 1))
        shown = np.zeros((count, n, 2 + 10 * gates), bool)
        answers = np.zeros((count, n), bool)
        bits = random.integers(2, size=(count, n, 2)).astype(bool)
        kinds = random.integers(len(GATES), size=(count, n, gates))
        used = random.integers(fewest, most + 1, (count, n))
        every = np.arange(count)
        last = bits[:, 0, 0]
        for t in range(n):
            shown[:, t, 0] = last & (t == 0)
            shown[:, t, 1] = bits[:, t, 1]
            before, now = last, bits[:, t, 1]
            for g in range(gates):
                on = g < used[:, t]
                shown[every[on], t, 2 + 10 * g + kinds[on, t, g]] = True
                found = TABLE[kinds[:, t, g], 3 - 2 * now - before]
                before, now = np.where(on, now, before), np.where(on, found, now)
            answers[:, t] = last = now
        return {"shown": shown}, answers

    draw.__qualname__ = f"drawn({fewest}, {most}, {count}, {gates}, {vectors})"
    return draw
