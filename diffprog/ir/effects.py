"""Which inputs of a table depend on each other in what they do.

In: a table. Out: pairs of its inputs. Never imports torch.

The chance of each result is a sum of effects, each of some of the inputs (Hoeffding 1948). Where no
effect is of both inputs of a pair, it does not matter whether these two are independent: so `a` and
`b` in `a if g else b`, of which each is looked at without the other. No effect is of both where all
second differences of the two are 0.
"""

from __future__ import annotations

from itertools import combinations
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Table


def interacting(table: Table, sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Return the pairs of inputs that some effect is of; `sizes` are their numbers of values."""
    pairs = combinations(range(len(sizes)), 2)
    return [(i, j) for i, j in pairs if _interact(table.entries, sizes, i, j)]


def _interact(entries: Sequence[int], sizes: Sequence[int], i: int, j: int) -> bool:
    """Say whether a second difference is not 0: of one-hot results, so as a pair of values."""
    rows, columns = prod(sizes[i + 1 :]), prod(sizes[j + 1 :])
    for place, found in enumerate(entries):
        a, b = place // rows % sizes[i] * rows, place // columns % sizes[j] * columns
        if {found, entries[place - a - b]} != {entries[place - a], entries[place - b]}:
            return True
    return False
