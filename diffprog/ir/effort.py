"""How many nodes an execution of a region visits, loops counted by their rounds.

In: a region. Out: a number that is not too small. Analyses that run loops round by round ask it
first, so that none of them ever hangs. Never imports torch.
"""

from __future__ import annotations

from diffprog.ir.graph import For, Graph, Loop, Node, Reduce, Select, Write, regions
from diffprog.types import Array, Int, Tuple

CELLS = 16
"""So many cells of an array, gone through by a node, take as long as one visit."""


class Effort:
    """Efforts of regions, each reckoned once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Graph, int]] = {}

    def of(self, region: Graph) -> int:
        """Return how many visits one execution of a region takes, at most."""
        if id(region) not in self._known:
            total = sum(1 + _copied(node) + self._inside(node) for node in region.nodes)
            self._known[id(region)] = (region, total)
        return self._known[id(region)][1]

    def _inside(self, node: Node) -> int:
        once = sum(self.of(inner) for _, inner in regions(node))
        match node:
            case For():
                counter = node.body.params[0].type
                return once * (counter.size if isinstance(counter, Int) else 1)
            case Loop():
                return once * node.rounds
            case _:
                return once


def _copied(node: Node) -> int:
    if not isinstance(node, Select | Write | Reduce):
        return 0
    types = node.type.items if isinstance(node.type, Tuple) else (node.type,)
    return sum(t.count for t in types if isinstance(t, Array)) // CELLS
