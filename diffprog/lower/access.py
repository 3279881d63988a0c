"""Reads at known indices look through what wrote the array.

A cell that was just written is the written value; a cell that surely was not is the older
array's; a cell of a lifted operation is the operation on cells. So a value keeps its sources,
and conditioning reaches them. At uncertain indices nothing is looked through: that would not
hold for the composed extension.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diffprog.ir.affine import difference
from diffprog.ir.graph import STRUCTURAL, Apply, Axes, Const, NodeId, Read, Write
from diffprog.ops import OPS
from diffprog.types import Array, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.errors import Span
    from diffprog.lower.nodes import Nodes


def read(
    nodes: Nodes, base: NodeId, axes: Axes, index: Sequence[NodeId], t: Type, span: Span
) -> NodeId:
    """Append a read.

    At known indices it looks through writes, array literals and lifted operations.
    """
    whole = all(a is None for a in axes)
    while whole and all(nodes.known[i] for i in index):
        node = nodes.node(base)
        if isinstance(node, Write) and node.op is None and node.axes == axes:
            same = _same_cell(nodes, node.inputs[2:], index)
            if same:
                return node.inputs[1]
            if same is False:
                base = node.inputs[0]
                continue
        if isinstance(node, Apply) and not isinstance(t, Array):
            pushed = _read_through(nodes, node, axes, index, t, span)
            if pushed is not None:
                return pushed
        break
    return nodes.add(Read(axes=axes, inputs=(base, *index), type=t, span=span))


def _same_cell(nodes: Nodes, one: Sequence[NodeId], other: Sequence[NodeId]) -> bool | None:
    gaps = [difference(nodes.builder.nodes, a, b) for a, b in zip(one, other, strict=True)]
    if any(g is not None and g != 0 for g in gaps):
        return False
    return None if None in gaps else True


def _read_through(
    nodes: Nodes, node: Apply, axes: Axes, index: Sequence[NodeId], t: Type, span: Span
) -> NodeId | None:
    if node.op == "array":
        first = nodes.node(index[0])
        if not isinstance(first, Const):
            return None
        assert isinstance(first.value, int)
        item = node.inputs[first.value]
        return read(nodes, item, axes[1:], index[1:], t, span) if index[1:] else item
    if node.op not in STRUCTURAL and not OPS[node.op].lifts:
        return None
    shape = node.type.shape if isinstance(node.type, Array) else ()
    args = []
    for i in node.inputs:
        it = nodes.type(i)
        if isinstance(it, Array) and it.shape != shape:
            return None
        args.append(read(nodes, i, axes, index, it.item, span) if isinstance(it, Array) else i)
    return nodes.add(replace(node, inputs=tuple(args), type=t))
