"""Variables that live on after a branch or go round a loop: their values as nodes, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.lower.value import Val, flat, unflat
from diffprog.types import Tuple, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.errors import Span
    from diffprog.ir.graph import NodeId
    from diffprog.lang import typed
    from diffprog.lower.region import Region


def converted(region: Region, value: Val, t: Type, span: Span) -> Val:
    """Return a value in a wider type."""
    if isinstance(t, Tuple):
        assert isinstance(value, tuple)
        return tuple(converted(region, v, u, span) for v, u in zip(value, t.items, strict=True))
    assert isinstance(value, int)
    return region.convert(value, t, span)


def values(region: Region, names: typed.Merged, span: Span) -> list[NodeId]:
    """Return the nodes of variables, in the types that they are to have."""
    return [n for name, t in names for n in flat(converted(region, region.get(name), t, span))]


def bind(region: Region, names: typed.Merged, nodes: Sequence[NodeId]) -> None:
    """Assign variables from their nodes."""
    rest = iter(nodes)
    for name, t in names:
        region.assign(name, unflat(rest, t))
