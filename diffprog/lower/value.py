"""Lowered values: nodes, and tuples of them, which do not exist in the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from diffprog.types import Tuple, Type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diffprog.ir.graph import NodeId

Val: TypeAlias = "NodeId | tuple[Val, ...]"
"""A lowered value: a node, or a tuple of values (tuples do not exist in the graph)."""


def bits(mask: int) -> Iterator[int]:
    """Yield the places of the ones in a mask, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def flat(value: Val) -> list[NodeId]:
    """Return the nodes of a value, left to right."""
    return [value] if isinstance(value, int) else [n for v in value for n in flat(v)]


def flat_types(t: Type) -> list[Type]:
    """Return the types of the nodes of a value of this type."""
    return [u for item in t.items for u in flat_types(item)] if isinstance(t, Tuple) else [t]


def unflat(nodes: Iterator[NodeId], t: Type) -> Val:
    """Put nodes together again as a value of this type."""
    return tuple(unflat(nodes, item) for item in t.items) if isinstance(t, Tuple) else next(nodes)
