"""What the pieces of a picture are drawn on: the part of a drawing that branches and loops use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.ir.graph import Graph, Node
    from diffprog.view.sheet import Sheet
    from diffprog.view.style import Weights

End: TypeAlias = "tuple[str, Node]"
"""What a node is drawn as (nothing yet: a constant), and the node."""


class Canvas(Protocol):
    """A picture of a graph that is being drawn.

    Attributes:
        sheet: what is drawn so far.
        weights: the weights of holes by key, nested lists with the alternatives last.
        labels: the alternatives of holes by key, as the source writes them.
    """

    sheet: Sheet
    weights: Weights
    labels: Mapping[str, Sequence[str]]

    def region(self, region: Graph, ends: Sequence[End]) -> list[End]:
        """Draw what a region's results need, its parameters being drawn; return where they are."""

    def named(self, end: End) -> str:
        """Return the name of what is drawn; a constant is drawn now, as it stands by itself."""
