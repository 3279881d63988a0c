"""Differences of integer nodes that hold whatever the program is given.

In: nodes of one region. Out: the number by which one is larger than another, where the
additions between them show it. Two known indices with such a difference are the same cell (0)
or never the same one (anything else). The difference is a crisp one: of an uncertain node with
itself it is 0 too, which its soft values would not give. Never imports torch.
"""

from __future__ import annotations

from collections import defaultdict
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from diffprog.ir.graph import Apply, Const, Node, NodeId
from diffprog.types import Int

if TYPE_CHECKING:
    from collections.abc import Sequence


def difference(nodes: Sequence[Node], a: NodeId, b: NodeId) -> int | None:
    """Return ``a - b`` where additions, subtractions and constants show it, else None.

    Both nodes are written as sums of multiples of other nodes; what the two have in common
    cancels. Each node is opened at most once, latest first: a long chain costs its length.
    """
    weights: defaultdict[NodeId, int] = defaultdict(int)
    weights[a] += 1
    weights[b] -= 1
    total, pending = 0, [-a, -b]
    heapify(pending)
    while pending:
        node = nodes[-heappop(pending)]
        weight = weights.pop(node.id, 0)
        if weight == 0:
            continue
        terms = _terms(nodes, node)
        if terms is None:
            return None
        for scale, term in terms:
            if isinstance(term, int):
                total += weight * scale * term
                continue
            weights[term.id] += weight * scale
            heappush(pending, -term.id)
    return total


def _terms(nodes: Sequence[Node], node: Node) -> list[tuple[int, int | Node]] | None:
    """Write a node as a sum of multiples of numbers and earlier nodes, or return None."""
    match node:
        case Const(value=int(value)) if isinstance(node.type, Int):
            return [(1, value)]
        case Apply(op=op) if isinstance(node.type, Int):
            inputs = [nodes[i] for i in node.inputs]
            if any(not isinstance(n.type, Int) for n in inputs):
                return None
            return _opened(op, inputs)
        case _:
            return None


def _opened(op: str, inputs: list[Node]) -> list[tuple[int, int | Node]] | None:
    match op, inputs:
        case (("convert" | "narrow"), [x]):
            return [(1, x)]
        case "add", [x, y]:
            return [(1, x), (1, y)]
        case "sub", [x, y]:
            return [(1, x), (-1, y)]
        case "neg", [x]:
            return [(-1, x)]
        case "mul", [Const(value=int(scale)), x] | [x, Const(value=int(scale))]:
            return [(scale, x)]
        case _:
            return None
