"""Lists of random symbols, which are to be said backwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np


def drawn(
    shortest: int, longest: int, count: int, symbols: int
) -> Callable[[np.random.Generator], Any]:
    """Return what draws a batch of lists of one length, which is drawn too."""

    def draw(random: np.random.Generator) -> Any:
        xs = random.integers(0, symbols, (count, random.integers(shortest, longest + 1)))
        return {"xs": xs}, xs[:, ::-1].copy()

    return draw
