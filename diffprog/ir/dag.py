"""A region as a networkx graph, made when it is asked for.

In: a region. Out: a directed graph of its node ids, edges from input to user. This is the one
file that imports networkx, and it does so inside the functions: checking a program must not pay
for it (docs/decisions/0003-regions-are-tuples.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import networkx as nx

    from diffprog.ir.graph import Graph, NodeId


def dag(graph: Graph) -> nx.DiGraph[NodeId]:
    """Return the edges of a region; each has the places in `inputs` at which it stands."""
    import networkx as nx

    out: nx.DiGraph[NodeId] = nx.DiGraph()
    out.add_nodes_from(n.id for n in graph.nodes)
    for node in graph.nodes:
        for place, source in enumerate(node.inputs):
            if out.has_edge(source, node.id):
                out.edges[source, node.id]["places"] += (place,)
            else:
                out.add_edge(source, node.id, places=(place,))
    return out


def cycle(graph: Graph) -> list[NodeId]:
    """Return the nodes of one cycle of a region, or nothing where there is none."""
    import networkx as nx

    try:
        return [source for source, _ in nx.find_cycle(dag(graph))]
    except nx.NetworkXNoCycle:
        return []
