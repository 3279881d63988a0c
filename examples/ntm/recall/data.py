"""Items of random bits, one of them asked for, and the item after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

VECTORS, BITS = 3, 6
"""An item is so many vectors of so many bits."""
FEWEST, MOST = 2, 6
"""Items to train on."""
GROWS = 0.58
"""The share of the training after which it is all of them."""


def drawn(
    fewest: int, most: int, count: int, vectors: int = VECTORS, bits: int = BITS
) -> Callable[[np.random.Generator], Any]:
    """Return what draws a batch of episodes with one number of items, which is drawn too."""

    def draw(random: np.random.Generator) -> Any:
        items = int(random.integers(fewest, most + 1))
        shown = random.integers(0, 2, (count, items, vectors, bits)).astype(bool)
        place, row = random.integers(0, items - 1, count), range(count)
        return {"shown": shown, "asked": shown[row, place]}, shown[row, place + 1]

    return draw


def growing(
    most: int, count: int, vectors: int = VECTORS, bits: int = BITS
) -> Callable[[np.random.Generator, float], Any]:
    """Return what draws episodes to train on: first the fewest items, in the end up to `most`."""

    def draw(random: np.random.Generator, done: float) -> Any:
        now = FEWEST + int((most - FEWEST + 1) * done / GROWS)
        return drawn(FEWEST, min(most, now), count, vectors, bits)(random)

    draw.__qualname__ = f"growing({most}, {count}, {vectors}, {bits})"
    return draw
