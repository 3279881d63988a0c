"""Rows of -1, 0 and 1, and whether the ones in them are odd in number (Graves 2016)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH = 40
FIRST = 4
"""How many numbers are not 0, at most, when the training begins."""
GROWS = 0.7
"""The share of the training after which it is all of them."""
Batch = tuple[dict[str, Any], Any]


def drawn(
    fewest: int, most: int, count: int, width: int = WIDTH
) -> Callable[[np.random.Generator], Batch]:
    """Return what draws rows: as many numbers as said at the front are -1 or 1, the others 0."""

    def draw(random: np.random.Generator) -> Batch:
        signs = random.choice([-1, 1], (count, width))
        lengths = random.integers(fewest, most + 1, (count, 1))
        row = np.where(np.arange(width) < lengths, signs, 0)
        return {"row": row}, (row == 1).sum(1) % 2 == 1

    draw.__qualname__ = f"drawn({fewest}, {most}, {count}, {width})"
    return draw


def growing(
    most: int, count: int, width: int = WIDTH
) -> Callable[[np.random.Generator, float], Batch]:
    """Return what draws rows to train on: first few numbers are not 0, in the end up to `most`."""

    def draw(random: np.random.Generator, done: float) -> Batch:
        now = FIRST + int((most - FIRST + 1) * done / GROWS)
        return drawn(1, min(most, now), count, width)(random)

    draw.__qualname__ = f"growing({most}, {count}, {width})"
    return draw
