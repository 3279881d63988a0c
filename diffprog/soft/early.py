"""What of a lifted body does not depend on what its iterations write.

In: a body without counters, and which of its parameters are cells that other iterations write. Out:
a body of what can be computed for all iterations before any of them runs, and one of the rest, to
which that comes as further parameters. Makes no text.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from diffprog.ir.graph import Apply, Builder, Const, Param

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Mapping

    from diffprog.ir.graph import Graph, Node, NodeId

SAFE = ("add", "sub")
"""Operations that may be done on cells nobody reads: no number is undefined, and no slope either
(that of a product with an infinite cell would be 0 times infinity)."""


def split(body: Graph, written: Collection[NodeId]) -> tuple[Graph, Graph]:
    """Return the early body and the rest; the results of the former are its last parameters."""
    late = set(written)
    for node in body.nodes:
        if late & set(node.inputs):
            late.add(node.id)
    read = {i for n in late for i in body[n].inputs} | set(body.results)
    given = sorted(n for n in read - late if not isinstance(body[n], Param | Const))
    first, rest = Builder(), Builder()
    new: dict[NodeId, NodeId] = {}
    for node in body.nodes:
        if node.id not in late or isinstance(node, Param):
            _copy(first, node, new)
    early = first.done([new[n] for n in given])
    new = {p.id: rest.add(p) for p in body.params}
    for n in given:
        new[n] = rest.param("early", body[n].type, body[n].span)
    for node in body.nodes:
        if node.id in late or isinstance(node, Const):
            _copy(rest, node, new)
    return early, rest.done([new[r] for r in body.results])


def common(
    body: Graph, lines: Mapping[NodeId, Hashable], same: Collection[NodeId]
) -> dict[NodeId, NodeId]:
    """Return the operations that several cells of a line undergo, with the cell of each.

    Args:
        body: a body whose parameters are cells, among others.
        lines: of which line a parameter is a cell.
        same: the parameters that are the same for all cells.
    """
    found: defaultdict[Any, dict[NodeId, NodeId]] = defaultdict(dict)
    for node in body.nodes:
        if not isinstance(node, Apply) or node.op not in SAFE:
            continue
        cells = [i for i in node.inputs if i in lines]
        others = [i for i in node.inputs if i in same or isinstance(body[i], Const)]
        if len(cells) == len(others) == 1:
            key = (node.op, node.inputs.index(cells[0]), lines[cells[0]], others[0])
            found[key][node.id] = cells[0]
    return {n: cell for nodes in found.values() if len(nodes) > 1 for n, cell in nodes.items()}


def _copy(builder: Builder, node: Node, new: dict[NodeId, NodeId]) -> None:
    if node.id not in new:
        new[node.id] = builder.add(replace(node, inputs=tuple(new[i] for i in node.inputs)))
