"""Sequences of random vectors of bits, which are their own answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

BITS = 8
LONGEST = 20
"""Sequences to train on have 1 to so many vectors."""


def drawn(
    shortest: int, longest: int, count: int, bits: int = BITS
) -> Callable[[np.random.Generator], Any]:
    """Return what draws a batch of sequences of one length, which is drawn too."""

    def draw(random: np.random.Generator) -> Any:
        vectors = random.integers(shortest, longest + 1)
        sequence = random.integers(0, 2, (count, vectors, bits)).astype(bool)
        return {"sequence": sequence}, sequence

    return draw
