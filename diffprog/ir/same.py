"""Whether two regions are the same computation.

In: two regions. Out: whether they differ in nothing but names of parameters and places in the text.
Never imports torch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diffprog.ir.graph import Graph, Node, Param, regions, with_regions

if TYPE_CHECKING:
    from collections.abc import Callable

_NOTHING = Graph((), ())


def same(one: Graph, other: Graph) -> bool:
    """Say whether two regions are equal but for names of parameters and spans."""
    return (
        one.results == other.results
        and len(one.nodes) == len(other.nodes)
        and all(map(_same_node, one.nodes, other.nodes))
    )


def _same_node(one: Node, other: Node) -> bool:
    if one is other:
        return True
    if isinstance(one, Param) and isinstance(other, Param):
        return (one.type, one.known) == (other.type, other.known)
    empty: Callable[[Graph], Graph] = lambda _: _NOTHING  # noqa: E731
    shells = replace(with_regions(one, empty), span=other.span), with_regions(other, empty)
    pairs = zip(regions(one), regions(other), strict=False)
    return (
        shells[0] == shells[1]
        and len(regions(one)) == len(regions(other))
        and all(a[0] == b[0] and same(a[1], b[1]) for a, b in pairs)
    )
