"""Source for tables that are read at one place: side by side, with one product.

In: a region. Out: which of its reads are such, and terms for them. Those are put side by side that
are the same in all rounds of a loop: that is done before it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from diffprog.ir.graph import Read
from diffprog.soft.writer import Term, finite_item, rank, shape
from diffprog.types import Bool, trail

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from diffprog.ir.graph import Graph, NodeId
    from diffprog.soft.emitter import Emitter


def together(graph: Graph, needed: Collection[NodeId]) -> dict[NodeId, tuple[NodeId, ...]]:
    """Return the reads of a region that are at the same place of a table, by each of them."""
    places: dict[tuple[NodeId, ...], list[NodeId]] = defaultdict(list)
    for node in graph.nodes:
        if isinstance(node, Read) and node.id in needed and rank(node.type) == 0:
            places[node.inputs[1:]].append(node.id)
    groups = [tuple(nodes) for nodes in places.values() if len(nodes) > 1]
    return {node: nodes for nodes in groups for node in nodes}


def read_together(
    em: Emitter, graph: Graph, nodes: Sequence[NodeId], terms: Mapping[NodeId, Term]
) -> dict[NodeId, Term]:
    """Write the reads of those tables that are the same in all rounds, if they are several.

    `terms`: the values of the region that are written already.
    """
    if not nodes or nodes[0] in terms:
        return {}
    place = [terms[i] for i in graph[nodes[0]].inputs[1:]]
    if any(t.number or finite_item(t.type).lo for t in place):
        return {}
    sizes = tuple(finite_item(t.type).size for t in place)
    reads = [graph[n] for n in nodes if _is_steady(em, terms.get(graph[n].inputs[0]), sizes)]
    if len(reads) < 2:
        return {}
    parts = [f"({em.tensor(terms[r.inputs[0]])}, {trail(r.type)})" for r in reads]
    code = f"tables_beside(({', '.join(parts)}), {len(place)})"
    beside = em.writer.shared("tables", code, reads[0].type).code
    operands = [
        f"both({em.tensor(t)})" if isinstance(t.type, Bool) else em.tensor(t) for t in place
    ]
    index = operands[0]
    if len(operands) > 1:
        index = em.writer.shared("place", f"joint({', '.join(operands)})", Bool()).code
    widths = [1 if trail(r.type) == 0 else finite_item(r.type).size for r in reads]
    # A compiler keeps the parts of a split; of slices it would read again in the backward pass.
    code = f"read({beside}, {index}, 0, 1).split({widths!r}, -1)"
    found = em.writer.shared("found", code, reads[0].type).code
    return {
        node.id: em.assign(node, f"{found}[{k}]" + ("" if trail(node.type) else ".squeeze(-1)"))
        for k, node in enumerate(reads)
    }


def _is_steady(em: Emitter, array: Term | None, sizes: tuple[int, ...]) -> bool:
    """Say whether an array, of cells at all values of an index, is the same in all rounds."""
    if array is None or array.value is not None or array.cells or array.late:
        return False
    if shape(array.type) != sizes:
        return False
    return not em.writer.varies(array.code)
