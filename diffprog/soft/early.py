"""What of a lifted body does not depend on what its iterations write.

In: a body without counters, and which of its parameters are cells that other iterations write. Out:
a body of what can be computed for all iterations before any of them runs, and one of the rest, to
which that comes as further parameters. Makes no text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diffprog.ir.graph import Builder, Const, Param

if TYPE_CHECKING:
    from collections.abc import Collection

    from diffprog.ir.graph import Graph, Node, NodeId


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


def _copy(builder: Builder, node: Node, new: dict[NodeId, NodeId]) -> None:
    if node.id not in new:
        new[node.id] = builder.add(replace(node, inputs=tuple(new[i] for i in node.inputs)))
