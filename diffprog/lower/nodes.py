"""The nodes of a region under construction, and what each is computed from.

For every node there are four sets, as bit masks over the region's node ids:

* `leaf`: the sources that a test walks back to (DESIGN §3, Conditioning), through operations
  and reads at known indices. Reals stop the walk: they are never conditioned.
* `touch`: `leaf`, through reals too, and with the arrays whose cells are read: what a node
  depends on.
* `pure`: the sources of a finite expression that can be tabulated: a choice stops the walk, a
  read or write at an uncertain index does not.
* `spread`: those of `pure` that reach several cells of an array, which then belong together.
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
from diffprog.types import Array, Bool, Enum, Int, Tuple, Type, Value, is_finite

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
        self.spread: list[int] = []
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
            self.spread.append(self._shared(node))
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
        finite = own if is_finite(node.type) else 0
        pure = _union(self.pure, inputs) if self._is_pure(node) else finite
        if not self.walks(node):
            base = self.touch[inputs[0]] if isinstance(node, Read) and self.at_known(node) else 0
            return finite, own | base, pure
        leaf, touch = _union(self.leaf, inputs), _union(self.touch, inputs)
        if not finite:
            return 0, touch, 0
        return leaf, touch | (own if pure == own else 0), pure

    def _is_pure(self, node: Node) -> bool:
        """Say whether a node is an operation that can stand in a table: finite, without choices.

        A cell at a known place of an array that is no such operation is a source of its own.
        """
        if not all(is_finite(t) for t in (node.type, *map(self.type, node.inputs))):
            return False
        match node:
            case Apply() | Table() | Reduce():
                return True
            case Read(inputs=(base, *_)):
                return not self.at_known(node) or self.pure[base] != 1 << base
            case Write(axes=axes):
                return all(a is None for a in axes) and not isinstance(
                    self.type(node.inputs[1]), Array
                )
            case _:
                return False

    def _shared(self, node: Node) -> int:
        """Return the sources that reach several cells of an array: `spread`."""
        if not isinstance(node.type, Array) or not self._is_pure(node):
            return 0
        inputs = node.inputs
        shared = _union(self.spread, inputs)
        match node:
            case Write(inputs=(base, value, *index)):
                places = _union(self.pure, index)
                met = self.pure[base] & self.pure[value]
                return shared | places | met | (self.pure[value] if places else 0)
            case Apply(op="array"):
                seen = 0
                for i in inputs:
                    shared |= seen & self.pure[i]
                    seen |= self.pure[i]
                return shared
            case Apply():
                scalars = [i for i in inputs if not isinstance(self.type(i), Array)]
                return shared | _union(self.pure, scalars)
            case _:
                return shared

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
