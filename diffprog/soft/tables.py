"""Crisp functions at generation time: their text, their values, small regions as tables.

In: rows of `OPS` and regions of finite scalars. Out: text and numbers. Makes no tensor.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Any

from diffprog.ir.graph import Apply, Const, Param, Table
from diffprog.ir.known import is_scalar
from diffprog.ops import OPS
from diffprog.soft.live import live
from diffprog.types import Bool, Enum, Int

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Graph, Node
    from diffprog.types import Finite, Type

SPECIAL = {
    "neg": "-{0}",
    "abs": "abs({0})",
    "min": "min({0}, {1})",
    "max": "max({0}, {1})",
    "clamp": "max(min({0}, {2}), {1})",
    "xor": "{0} != {1}",
    "not": "not {0}",
    "int": "int({0})",
    "chance": "{0} >= 0.5",
    "sharpen": "{0}",
    "convert": "{0}",
    "narrow": "{0}",
}
"""Rows on finite scalars whose Python text is not their symbol."""


def spelled(op: str, args: Sequence[str]) -> str:
    """Return the Python text of a row's crisp function on finite scalars."""
    return SPECIAL.get(op, f"{{0}} {OPS[op].symbol if op in OPS else op} {{1}}").format(*args)


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
    if not all(isinstance(n, Param | Const | Apply | Table) and is_scalar(n.type) for n in nodes):
        return None
    domains = [_finite(graph[p].type).values() for p in params]
    if math.prod(map(len, domains)) > limit:
        return None
    lo = _finite(graph.types[0]).lo
    found = []
    for args in product(*domains):
        values: dict[int, Any] = dict(zip(params, args, strict=True))
        for node in nodes:
            if not isinstance(node, Param):
                values[node.id] = _step(node, graph, values)
        found.append(int(values[graph.results[0]]) - lo)
    return found


def _finite(t: Type) -> Finite:
    assert isinstance(t, Bool | Int | Enum)
    return t


def _step(node: Node, graph: Graph, values: dict[int, Any]) -> Any:
    inputs = [values[i] for i in node.inputs]
    match node:
        case Const(value):
            return value
        case Apply(op):
            return OPS[op].crisp(*inputs) if op in OPS else inputs[0]
        case Table(entries):
            place = 0
            for value, i in zip(inputs, node.inputs, strict=True):
                t = _finite(graph[i].type)
                place = place * t.size + int(value) - t.lo
            return _finite(node.type).values()[entries[place]]
        case _:
            raise TypeError(node)
