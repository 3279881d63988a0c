"""Regions with other parameters or results: what the rules on branches and loops build.

In: a region, and what becomes of its parameters. Out: a region of live nodes. Never imports torch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diffprog.ir.graph import Builder, Graph, Param
from diffprog.ir.rewrite import live

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.ir.graph import Const, NodeId


def transplant(
    region: Graph,
    order: Sequence[int],
    results: Sequence[NodeId],
    *,
    constants: Mapping[int, Const] | None = None,
    same: Mapping[int, int] | None = None,
    more: Sequence[Param] = (),
) -> Graph:
    """Return a region with other parameters, and only what its results need.

    Args:
        region: the region.
        order: the parameters that stay, in their new order.
        results: nodes of the region; those beyond its last are the parameters in `more`, in order.
        constants: what stands for parameters that are known to be constant.
        same: parameters that are equal to one in `order`.
        more: new parameters, put after the others.
    """
    builder = Builder()
    names: dict[NodeId, NodeId] = {old: builder.add(region.nodes[old]) for old in order}
    last = len(region.nodes)
    names |= {last + i: builder.add(param) for i, param in enumerate(more)}
    own = tuple(r for r in results if r < last)
    nodes = live(Graph(region.nodes, own))
    wanted = {i for n in nodes for i in n.inputs} | set(own)
    for old, const in (constants or {}).items():
        if old in wanted:
            names[old] = builder.add(replace(const, inputs=()))
    names |= {old: names[other] for old, other in (same or {}).items()}
    for node in nodes:
        if not isinstance(node, Param):
            inputs = tuple(names[i] for i in node.inputs)
            names[node.id] = builder.add(replace(node, inputs=inputs))
    return builder.done([names[r] for r in results])


def params_used(region: Graph, results: Sequence[NodeId] | None = None) -> set[int]:
    """Return the parameters that results (by default all) depend on."""
    needed = set(region.results if results is None else results)
    for node in reversed(region.nodes):
        if node.id in needed:
            needed.update(node.inputs)
    return {n.id for n in region.nodes if isinstance(n, Param) and n.id in needed}
