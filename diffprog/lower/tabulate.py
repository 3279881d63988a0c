"""Finite expressions that some source reaches by two paths become one operation (DESIGN §3.

Correlation).

In: a node of a region. Out: a `Table` of its sources, if the joint domain is small enough. The
entries come from the crisp functions of the rows, run over the whole domain.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

from diffprog.ir.graph import Apply, Node, NodeId, Reduce, Table
from diffprog.lower.evaluate import entries, number_of
from diffprog.lower.region import Region
from diffprog.lower.value import bits
from diffprog.types import Array, Bool, Enum, Int, Type, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diffprog.errors import Span

JOINT_DOMAIN = 4096
"""The limit is part of the language.

Up to here correlations are kept, beyond they are reported.
"""


def tabulated(region: Region, number: NodeId) -> NodeId:
    """Return a table for a finite scalar node.

    Or the node itself where there is nothing to keep.

    There is something to keep where two inputs share a source; the table is over all sources.
    """
    node = region.node(number)
    if not isinstance(node.type, Bool | Int | Enum) or not _meets(region, node):
        return number
    return as_table(region, number)


def as_table(region: Region, number: NodeId) -> NodeId:
    """Return a table over a node's sources.

    Or the node itself where the joint domain is too large.
    """
    node = region.node(number)
    if not region.pure[number] or region.pure[number] == 1 << number:
        return number
    sources = list(bits(region.pure[number]))
    inputs = _scalars(region, sources, node.span)
    if inputs is None:
        return number
    domains = [_values(region.type(i)) for i in inputs]
    inner = Region(region, inputs, sealed=True)
    for source in sources:
        if isinstance(region.type(source), Array):
            inner.brought[source] = _together(inner, region, source, node.span)
    graph = inner.close(inputs, [inner.bring(number)])
    table = Table(
        entries=entries(graph, domains),
        expression=graph,
        inputs=tuple(inputs),
        type=node.type,
        span=node.span,
    )
    return region.add(table)


def function_table(
    region: Region,
    evaluate: Callable[[tuple[Value, ...]], Value],
    inputs: Sequence[NodeId],
    t: Type,
    span: Span,
) -> NodeId:
    """Return a table of a whole function over its finite arguments."""
    domains = [_values(region.type(i)) for i in inputs]
    entries = tuple(number_of(evaluate(values), t) for values in product(*domains))
    return region.add(
        Table(entries=entries, expression=None, inputs=tuple(inputs), type=t, span=span)
    )


def domain_size(types: Sequence[Type]) -> int | None:
    """Return the number of combinations of values of finite scalar types.

    Or None for other types.
    """
    if not all(isinstance(t, Bool | Int | Enum) for t in types):
        return None
    return math.prod(len(_values(t)) if isinstance(t, Bool | Enum) else _width(t) for t in types)


def _width(t: Type) -> int:
    assert isinstance(t, Int)
    return t.size


def _values(t: Type) -> list[Value]:
    assert isinstance(t, Bool | Int | Enum)
    return t.values()


def _meets(region: Region, node: Node) -> bool:
    """Say whether some source reaches a node by two paths: two inputs, or two cells of one."""
    seen = 0
    for i in node.inputs:
        pure = region.pure[i]
        met = pure & seen
        if isinstance(node, Reduce):
            met |= region.spread[i]
        if met & ~_known_mask(region, met):
            return True
        seen |= pure
    return False


def _known_mask(region: Region, mask: int) -> int:
    return sum(1 << s for s in bits(mask) if region.known[s])


def _scalars(region: Region, sources: Sequence[NodeId], span: Span) -> list[NodeId] | None:
    """Return the sources as scalars (an array as its cells).

    Or None where they are too many.
    """
    total, out = 1, []
    for source in sources:
        t = region.type(source)
        item = t.item if isinstance(t, Array) else t
        if not isinstance(item, Bool | Int | Enum):
            return None
        count = t.count if isinstance(t, Array) else 1
        # Compare logarithms: the number itself may have a million digits.
        total *= item.size ** min(count, 64)
        if total > JOINT_DOMAIN:
            return None
        out += cells(region, source, span)
    return list(dict.fromkeys(out))


def cells(region: Region, number: NodeId, span: Span) -> list[NodeId]:
    """Return the cells of an array node, row by row, or the scalar itself."""
    t = region.type(number)
    if not isinstance(t, Array):
        return [number]
    axes = (None,) * len(t.shape)
    out = []
    for cell in t.cells():
        index = [region.const(i, Int(i, i + 1), span) for i in cell]
        out.append(region.read(number, axes, index, t.item, span))
    return out


def _together(inner: Region, region: Region, source: NodeId, span: Span) -> NodeId:
    """Return an array of the outer region.

    Made of its cells, which the inner region is given.
    """
    t = region.type(source)
    assert isinstance(t, Array)
    parts = [inner.given[c] for c in cells(region, source, span)]
    return array_of(inner, parts, t, span)


def array_of(region: Region, parts: Sequence[NodeId], t: Array, span: Span) -> NodeId:
    """Append an array made of its cells, row by row."""
    for axis in reversed(range(len(t.shape))):
        n = t.shape[axis]
        made = Array(t.shape[axis:], t.item)
        parts = [
            region.add(Apply(op="array", inputs=tuple(parts[i : i + n]), type=made, span=span))
            for i in range(0, len(parts), n)
        ]
    return parts[0]
