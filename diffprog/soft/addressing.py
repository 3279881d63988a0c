"""How an address comes about: found by content, mixed with the old one, shifted, sharpened.

In: a region. Out: those of its nodes that are a step on the way to the place of a read or a write
(Graves 2014, section 3.3), with what the step is called; a traced run watches them.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import product
from typing import TYPE_CHECKING

from diffprog.ir.graph import Apply, Project, Read, Select, Table, Write
from diffprog.types import Bool, Enum, Int

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diffprog.ir.graph import Graph, Node, NodeId

STEPS = {"pick": "content", "mod": "shift", "sharpen": "sharpen"}
"""Rows that are a step; a branch is one too: between an address and another. So is a table
of addresses: between some, if it always gives one of them."""
BETWEEN = ("convert", "narrow", "add", "sub", *STEPS)
"""Rows that an address goes through."""
SOFT = {"content", "sharpen"}
"""A way is one of addressing if it has one of these: tables are indexed too."""
ARRAYS = (r"^for\s+\w+\s+in\s+(\w+)", r"(\w+)\s*\[", r"(\w+)")
"""Where the name of an array stands in what reads or writes it."""


def array_name(text: str) -> str:
    """Return the name of the array in the text of what reads or writes it."""
    found = next(filter(None, (re.search(pattern, text) for pattern in ARRAYS)), None)
    return found[1] if found else "array"


def addressing(graph: Graph) -> dict[NodeId, str]:
    """Return what the steps of addressing in a region are called, by node."""
    named: dict[NodeId, str] = {}
    heads: Counter[str] = Counter()
    for node in graph.nodes:
        if not isinstance(node, Read | Write):
            continue
        steps = dict(_steps(graph, node.inputs[1 if isinstance(node, Read) else 2 :]))
        if SOFT & set(steps.values()) and not named.keys() >= steps.keys():
            verb = "reads of" if isinstance(node, Read) else "writes to"
            place = f"{verb} {array_name(node.span.text)}"
            heads[place] += 1
            number = f" ({heads[place]})" if heads[place] > 1 else ""
            named = {i: f"{step}, {place}{number}" for i, step in steps.items()} | named
    return named


def _steps(graph: Graph, indices: tuple[NodeId, ...]) -> Iterator[tuple[NodeId, str]]:
    for index in indices:
        pending, least = [index], _size(graph[index])
        while pending:
            node = graph[pending.pop()]
            if _size(node) < least:
                continue  # a shift, and how it was found: no address
            if (step := _step(graph, node)) is not None:
                yield node.id, step
            if isinstance(node, Project):
                node = graph[node.inputs[0]]
            passed = isinstance(node, Select | Table)
            passed |= isinstance(node, Apply) and node.op in BETWEEN and node.op != "pick"
            if passed:
                pending += [i for i in node.inputs if isinstance(graph[i].type, Int)]


def _size(node: Node) -> int:
    return node.type.size if isinstance(node.type, Int) else 0


def _step(graph: Graph, node: Node) -> str | None:
    if isinstance(node, Apply):
        return STEPS.get(node.op)
    if isinstance(node, Table):
        return "interpolate" if _gives_one(graph, node) else "shift"
    mixes = isinstance(node, Project) and isinstance(graph[node.inputs[0]], Select)
    return "interpolate" if mixes else None


def _gives_one(graph: Graph, node: Table) -> bool:
    """Say whether a table always gives one of the addresses that go into it."""
    assert isinstance(node.type, Int)
    types = [graph[i].type for i in node.inputs]
    spaces = [range(t.size) if isinstance(t, Bool | Int | Enum) else range(1) for t in types]
    for entry, row in zip(node.entries, product(*spaces), strict=True):
        known = [t.lo + k for t, k in zip(types, row, strict=True) if isinstance(t, Int)
                 and t.size >= node.type.size]  # fmt: skip
        if entry + node.type.lo not in known:
            return False
    return True
