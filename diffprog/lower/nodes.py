"""The nodes of a region under construction, and what each is computed from.

For every node there are three sets, as bit masks over the region's node ids:

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
    Builder,
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
from diffprog.types import Bool, Enum, Int, Tuple, Type, Value, is_finite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.errors import Span


class Nodes:
    """Nodes, added one after another; equal pure ones are one."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.leaf: list[int] = []
        self.touch: list[int] = []
        self.pure: list[int] = []
        self.known: list[bool] = []
        self.names: dict[NodeId, str] = {}

    def node(self, number: NodeId) -> Node:
        """Return a node."""
        return self.builder.nodes[number]

    def type(self, number: NodeId) -> Type:
        """Return a node's type."""
        return self.builder.nodes[number].type

    def add(self, node: Node) -> NodeId:
        """Append a node and work out what it is computed from."""
        number = self.builder.add(node)
        if number == len(self.leaf):
            leaf, touch, pure = self._sources(node, 1 << number)
            self.leaf.append(leaf)
            self.touch.append(touch)
            self.pure.append(pure)
            self.known.append(self._is_known(node))
        return number

    def const(self, value: Value, t: Type, span: Span) -> NodeId:
        """Append a constant."""
        return self.add(Const(value=value, type=t, span=span))

    def param(self, name: str, t: Type, span: Span, *, known: bool = False) -> NodeId:
        """Append a parameter."""
        number = self.add(Param(name=name, known=known, type=t, span=span))
        self.names[number] = name
        return number

    def convert(self, number: NodeId, t: Type, span: Span) -> NodeId:
        """Append a conversion, if one is needed."""
        if self.type(number) == t:
            return number
        return self.add(Apply(op="convert", inputs=(number,), type=t, span=span))

    def project(self, number: NodeId, place: int) -> NodeId:
        """Append the projection of one result of a node of tuple type."""
        node = self.node(number)
        assert isinstance(node.type, Tuple)
        t = node.type.items[place]
        return self.add(Project(place=place, inputs=(number,), type=t, span=node.span))

    def _sources(self, node: Node, own: int) -> tuple[int, int, int]:
        """Return the masks `leaf`, `touch` and `pure` of a new node whose own bit is `own`."""
        inputs = node.inputs
        if isinstance(node, Const):
            return 0, 0, 0
        if not self.walks(node):
            finite = own if is_finite(node.type) else 0
            base = self.touch[inputs[0]] if isinstance(node, Read) and self.at_known(node) else 0
            return finite, own | base, finite
        leaf, touch, pure = (_union(m, inputs) for m in (self.leaf, self.touch, self.pure))
        if not is_finite(node.type):
            return 0, touch, 0
        if isinstance(node, Hole) or not all(is_finite(self.type(i)) for i in inputs):
            pure, touch = own, touch | own
        return leaf, touch, pure

    def walks(self, node: Node) -> bool:
        """Say whether a node is an operation: a test sees through it, a case computes it again."""
        match node:
            case Apply() | Table() | Reduce():
                return True
            case Hole():
                return node.branches and bool(node.inputs)
            case Read(inputs=(base, *_)):
                return isinstance(self.node(base), Const)
            case Write():
                return self.at_known(node)
            case _:
                return False

    def at_known(self, node: Read | Write) -> bool:
        """Say whether every index of a read or write is a plain number in every run."""
        first = 1 if isinstance(node, Read) else 2
        return all(self.known[i] for i in node.inputs[first:])

    def _is_known(self, node: Node) -> bool:
        """Say whether a node is a plain number in every run (for a loop's body: in every round)."""
        if not isinstance(node.type, Bool | Int | Enum):
            return False
        match node:
            case Const():
                return True
            case Param():
                return node.known
            case Apply() | Table():
                return all(self.known[i] for i in node.inputs)
            case Read(inputs=(base, *index)):
                return isinstance(self.node(base), Const) and all(self.known[i] for i in index)
            case Project(inputs=(of,)):
                return self._is_known_result(self.node(of), node.place)
            case _:
                return False

    def _is_known_result(self, node: Node, place: int) -> bool:
        if not isinstance(node, Select) or not all(self.known[i] for i in node.inputs):
            return False
        return all(isinstance(g[g.results[place]], Const | Param) for g in node.cases)


def _union(masks: list[int], inputs: Sequence[NodeId]) -> int:
    out = 0
    for i in inputs:
        out |= masks[i]
    return out
