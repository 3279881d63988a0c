"""Crisp functions at generation time: their text, their values, small regions as tables.

In: rows of `OPS` and regions of finite scalars. Out: text and numbers. Makes no tensor.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

from diffprog.ir.compute import finite, on_scalars, scalars
from diffprog.ops import OPS
from diffprog.soft.live import live
from diffprog.types import Bool, Enum, Int

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Graph
    from diffprog.types import Type


def spelled(op: str, args: Sequence[str]) -> str:
    """Return the Python text of a row's crisp function on finite scalars."""
    return OPS[op].spelled.format(*args) if op in OPS else args[0]


def domain(t: Type) -> str:
    """Return the Python text of a finite type's values."""
    assert isinstance(t, Bool | Int | Enum)
    return "(False, True)" if isinstance(t, Bool) else f"range({t.lo}, {t.lo + t.size})"


def results(t: Type) -> str:
    """Return the Python text that a table is told of its results.

    Their range, None for a bool.
    """
    return "None" if isinstance(t, Bool) else domain(t)


def region_entries(graph: Graph, params: Sequence[int], limit: int) -> list[int] | None:
    """Return the results of a region as numbers, row-major over its parameters' values.

    None where it is more than rows, tables and constants on finite scalars, or has more than
    `limit` entries.
    """
    nodes = [graph[n] for n in sorted(live(graph).nodes)]
    if not on_scalars(nodes):
        return None
    domains = [finite(graph[p].type).values() for p in params]
    if math.prod(map(len, domains)) > limit:
        return None
    lo = finite(graph.types[0]).lo
    found = []
    for args in product(*domains):
        values = scalars(graph, nodes, dict(zip(params, args, strict=True)))
        found.append(int(values[graph.results[0]]) - lo)
    return found
