"""A region under construction: its nodes, its variables, and what it brings in from outside.

In: nodes, one after another. Out: a closed `Graph`. A region of a branch or loop may bring in
values of the outer region; what depends on a conditioned source is then computed again from the
conditioned value.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from diffprog.ir.graph import (
    Axes,
    Const,
    Graph,
    Hole,
    Node,
    NodeId,
    Param,
    Read,
    Write,
)
from diffprog.lower.access import read
from diffprog.lower.nodes import Nodes
from diffprog.lower.value import Val, bits, flat
from diffprog.types import Array, Bool, Enum, Int, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.errors import Span

CONDITIONED_CELLS = 4096
"""An array of more cells times values than this is not conditioned on a test over all of it."""


@dataclass
class Scope:
    """The variables of one function body in one region.

    Missing ones are brought in from `outer`.
    """

    values: dict[str, Val] = field(default_factory=dict)
    outer: tuple[Region, Scope] | None = None


class Region(Nodes):
    """One region.

    `outer` is the region whose nodes it may bring in; `given` the conditioned ones among them.

    With `sealed`, only the outer region's parameters can be brought in; anything else of it is
    computed again.
    """

    def __init__(
        self, outer: Region | None = None, given: Sequence[NodeId] = (), *, sealed: bool = False
    ) -> None:
        super().__init__()
        self.outer, self.sealed = outer, sealed
        self.brought: dict[NodeId, NodeId] = {}
        self.raw: dict[NodeId, NodeId] = {}
        self.given: dict[NodeId, NodeId] = {}
        self.cells: dict[NodeId, list[NodeId]] = {}
        self.scope: Scope = Scope(outer=(outer, outer.scope) if outer else None)
        self._mask = 0
        for source in given:
            self._receive(source)

    def read(
        self, base: NodeId, axes: Axes, index: Sequence[NodeId], t: Type, span: Span
    ) -> NodeId:
        """Append a read; at known indices it looks through what wrote the array."""
        return read(self, base, axes, index, t, span)

    # --- bringing in values of the outer region ----------------------------------------

    def _receive(self, source: NodeId) -> None:
        assert self.outer is not None
        node = self.outer.node(source)
        name = self.outer.name(source)
        self.given[source] = self.param(name, node.type, node.span)
        self._mask |= 1 << source
        if isinstance(node, Read) and not self.outer.walks(node) and self.outer.at_known(node):
            self.cells.setdefault(node.inputs[0], []).append(source)
            self._mask |= self.outer.touch[node.inputs[0]]

    def name(self, number: NodeId) -> str:
        """Return a readable name of a node."""
        if number in self.names:
            return self.names[number]
        node = self.node(number)
        match node:
            case Read(inputs=(base, *_)):
                return f"{self.name(base)}_cell"
            case Hole():
                return "choice"
            case _:
                return "value"

    def bring(self, number: NodeId) -> NodeId:
        """Return this region's copy of a node of the outer region.

        What depends on a conditioned source is computed again from it; the rest becomes a
        parameter.
        """
        assert self.outer is not None
        stack = [number]
        while stack:
            missing = [i for i in self._needs(stack[-1]) if i not in self.brought]
            if missing:
                stack += missing
                continue
            at = stack.pop()
            if at not in self.brought:
                self.brought[at] = self._bring(at)
        return self.brought[number]

    def _again(self, number: NodeId) -> bool:
        assert self.outer is not None
        node = self.outer.node(number)
        if number in self.given or isinstance(node, Const):
            return False
        if self.sealed:
            return not isinstance(node, Param)
        if self.outer.walks(node) and (self.outer.known[number] or not self.outer.touch[number]):
            # Numbers and constants cost nothing, and how indices differ shows which cells are one.
            return True
        if isinstance(node, Read) and self.outer.at_known(node):
            return any(self.outer.touch[i] & self._mask for i in node.inputs[:1])
        return self.outer.walks(node) and bool(self.outer.touch[number] & self._mask)

    def _needs(self, number: NodeId) -> list[NodeId]:
        assert self.outer is not None
        needs = list(self.outer.node(number).inputs) if self._again(number) else []
        for cell in self.cells.get(number, ()):
            needs += self.outer.node(cell).inputs[1:]
        return needs

    def _bring(self, number: NodeId) -> NodeId:
        assert self.outer is not None
        node = self.outer.node(number)
        if number in self.given:
            own = self.given[number]
        elif isinstance(node, Const):
            own = self.add(node)
        elif self._again(number):
            own = self.again(node, [self.brought[i] for i in node.inputs])
        else:
            known = self.outer.known[number]
            own = self.param(self.outer.name(number), node.type, node.span, known=known)
            self.raw[number] = own
        for cell in self.cells.get(number, ()):
            read = self.outer.node(cell)
            assert isinstance(read, Read)
            index = [self.brought[i] for i in read.inputs[1:]]
            inputs = (own, self.given[cell], *index)
            own = self.add(Write(axes=read.axes, inputs=inputs, type=node.type, span=read.span))
        return own

    def again(self, node: Node, inputs: Sequence[NodeId]) -> NodeId:
        """Append a node once more, with other inputs."""
        if isinstance(node, Read):
            return self.read(inputs[0], node.axes, inputs[1:], node.type, node.span)
        return self.add(replace(node, inputs=tuple(inputs)))

    # --- variables ----------------------------------------

    def get(self, name: str) -> Val:
        """Return the value of a variable, bringing it in where it is the outer region's."""
        if name not in self.scope.values:
            assert self.scope.outer is not None, name
            region, scope = self.scope.outer
            self.scope.values[name] = self._bring_value(region.get_from(scope, name))
        return self.scope.values[name]

    def node_of(self, name: str) -> NodeId:
        """Return the value of a variable that is not a tuple."""
        value = self.get(name)
        assert isinstance(value, int)
        return value

    def get_from(self, scope: Scope, name: str) -> Val:
        """Return the value of a variable in one of this region's scopes."""
        present, self.scope = self.scope, scope
        try:
            return self.get(name)
        finally:
            self.scope = present

    def has(self, name: str) -> bool:
        """Say whether a variable has a value here or outside."""
        scope: Scope | None = self.scope
        while scope is not None:
            if name in scope.values:
                return True
            scope = scope.outer[1] if scope.outer else None
        return False

    def _bring_value(self, value: Val) -> Val:
        if isinstance(value, int):
            return self.bring(value)
        return tuple(self._bring_value(v) for v in value)

    def assign(self, name: str, value: Val) -> None:
        """Assign a variable."""
        self.scope.values[name] = value
        for n in flat(value):
            self.names.setdefault(n, name)

    # --- tests ----------------------------------------

    def sources(self, test: NodeId) -> list[NodeId]:
        """Return the sources of a test: what its cases condition."""
        found = [s for s in bits(self.leaf[test]) if not self.known[s] and self._conditioned(s)]
        arrays = {s for s in found if isinstance(self.type(s), Array)}
        return [s for s in found if not self._is_cell_of(s, arrays)]

    def _conditioned(self, source: NodeId) -> bool:
        t = self.type(source)
        if isinstance(t, Array):
            size = t.item.size if isinstance(t.item, Bool | Int | Enum) else CONDITIONED_CELLS
            return t.count * size <= CONDITIONED_CELLS
        return isinstance(t, Bool | Int | Enum)

    def _is_cell_of(self, source: NodeId, arrays: set[NodeId]) -> bool:
        node = self.node(source)
        return isinstance(node, Read) and node.inputs[0] in arrays

    def extract(self, root: NodeId, stops: Sequence[NodeId]) -> tuple[Region, list[NodeId], NodeId]:
        """Return a region that computes `root` from `stops`.

        The other nodes it needs, and its result.
        """
        inner = Region(self, stops)
        inner.cells.clear()
        result = inner.bring(root)
        return inner, list(inner.raw), result

    # --- the end ----------------------------------------

    def close(
        self, layout: Sequence[NodeId], results: Sequence[NodeId], own: Sequence[NodeId] = ()
    ) -> Graph:
        """Return the finished region.

        Its parameters are `own` (made here), then one for each node of the outer region in
        `layout`.
        """
        order = list(own)
        for number in layout:
            have = self.given.get(number, self.raw.get(number))
            if have is None or have in order:
                assert self.outer is not None
                node = self.outer.node(number)
                known = self.outer.known[number]
                have = self.param(self.outer.name(number), node.type, node.span, known=known)
            order.append(have)
        params = set(order)
        order += [n.id for n in self.builder.nodes if n.id not in params]
        place = {old: new for new, old in enumerate(order)}
        nodes = tuple(
            replace(
                self.node(old),
                id=place[old],
                inputs=tuple(place[i] for i in self.node(old).inputs),
            )
            for old in order
        )
        return Graph(nodes, tuple(place[r] for r in results))
