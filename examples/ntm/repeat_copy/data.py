"""Sequences of random vectors of bits, given back several times and ended by a mark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

BITS = 8
MOST = 10
"""Sequences to train on have 1 to so many vectors, and are repeated 1 to so many times."""


def drawn(
    vectors: tuple[int, int], repeats: tuple[int, int], count: int, bits: int = BITS,
    *, extreme: bool = False,
) -> Callable[[np.random.Generator], Any]:  # fmt: skip
    """Return what draws a batch with one length and one number of repeats, which are drawn too.

    Both are given as the least and the most; `extreme` draws none in between.
    """

    def draw(random: np.random.Generator) -> Any:
        sizes = (both if extreme else range(both[0], both[1] + 1) for both in (vectors, repeats))
        length, times = (int(random.choice(each)) for each in sizes)
        sequence = random.integers(0, 2, (count, length, bits)).astype(bool)
        answer = np.zeros((count, length * times + 1, bits + 1), bool)
        answer[:, :-1, :-1] = np.tile(sequence, (1, times, 1))
        answer[:, -1, -1] = True
        return {"sequence": sequence}, answer, {"repeats": times}

    return draw
