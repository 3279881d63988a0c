"""What a node is computed from: the sets that a region keeps for each of its nodes.

They are bit masks over the region's node ids:

* `leaf`: the sources that a test walks back to (DESIGN §3, Conditioning), through operations
  and reads at known indices. Reals stop the walk: they are never conditioned.
* `touch`: `leaf`, through reals too, and with the arrays whose cells are read: what a node
  depends on.
* `pure`: the sources of a finite expression that can be tabulated: as `leaf`, but a choice
  stops the walk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.ir.graph import (
    Apply,
    Const,
    Hole,
    Node,
    NodeId,
    Param,
    Project,
    Read,
    Reduce,
    Select,
    Table,
    Write,
)
from diffprog.types import Bool, Enum, Int, is_finite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.lower.region import Region


def _union(masks: list[int], inputs: Sequence[NodeId]) -> int:
    out = 0
    for i in inputs:
        out |= masks[i]
    return out


def sources(region: Region, node: Node, own: int) -> tuple[int, int, int]:
    """Return the masks `leaf`, `touch` and `pure` of a new node whose own bit is `own`."""
    inputs = node.inputs
    if isinstance(node, Const):
        return 0, 0, 0
    if not walks(region, node):
        finite = own if is_finite(node.type) else 0
        base = (
            region.touch[inputs[0]] if isinstance(node, Read) and at_known(region, node) else 0
        )
        return finite, own | base, finite
    leaf, touch, pure = (_union(m, inputs) for m in (region.leaf, region.touch, region.pure))
    if not is_finite(node.type):
        return 0, touch, 0
    if isinstance(node, Hole) or not all(is_finite(region.type(i)) for i in inputs):
        pure, touch = own, touch | own
    return leaf, touch, pure


def walks(region: Region, node: Node) -> bool:
    """Say whether a node is an operation: a test sees through it, a case computes it again."""
    match node:
        case Apply() | Table() | Reduce():
            return True
        case Hole():
            return node.branches and bool(node.inputs)
        case Read(inputs=(base, *_)):
            return isinstance(region.node(base), Const)
        case Write():
            return at_known(region, node)
        case _:
            return False


def at_known(region: Region, node: Read | Write) -> bool:
    """Say whether every index of a read or write is a plain number in every run."""
    first = 1 if isinstance(node, Read) else 2
    return all(region.known[i] for i in node.inputs[first:])


def is_known(region: Region, node: Node) -> bool:
    """Say whether a node is a plain number in every run (for a loop's body: in every round)."""
    if not isinstance(node.type, Bool | Int | Enum):
        return False
    match node:
        case Const():
            return True
        case Param():
            return node.known
        case Apply() | Table():
            return all(region.known[i] for i in node.inputs)
        case Read(inputs=(base, *index)):
            return isinstance(region.node(base), Const) and all(region.known[i] for i in index)
        case Project(inputs=(of,)):
            return _is_known_result(region, region.node(of), node.place)
        case _:
            return False


def _is_known_result(region: Region, node: Node, place: int) -> bool:
    if not isinstance(node, Select) or not all(region.known[i] for i in node.inputs):
        return False
    return all(isinstance(g[g.results[place]], Const | Param) for g in node.cases)
