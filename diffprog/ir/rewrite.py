"""The driver of the passes: regions rebuilt node by node, under named rules.

In: a graph and rules. Out: a new graph. A rule looks at a node whose inputs stand already in the
new region, and says what stands for it instead: a node, or one for each result of a node with
several. Equal nodes become one, dead ones are not built. Rules know nothing of each other; `trace`
is told each time that one applies. Never imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from diffprog.errors import InvariantError, Span
from diffprog.ir.graph import (
    Apply,
    Builder,
    Const,
    For,
    Graph,
    Loop,
    Node,
    NodeId,
    Param,
    Project,
    Read,
    Select,
    Table,
    with_regions,
)
from diffprog.types import Tuple, is_finite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Trace: TypeAlias = "Callable[[str, Span], None]"
"""Told the name of a rule and the place of the node that it changed."""

Answer: TypeAlias = "NodeId | list[NodeId] | None"
"""What stands for a node: a node, one for each of its results, or None: the rule does not apply."""

MOST = 200
"""So often a graph is rewritten at most: the rules only make it smaller, so more is a fault."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rewrite: `change` is given the new region and a node whose inputs stand in it."""

    name: str
    kind: type[Node]
    change: Callable[[Scene, Node], Answer]


class Scene:
    """A region that is being built anew, as rules see it."""

    def __init__(self) -> None:
        self.builder = Builder()
        self._known: list[bool] = []

    def node(self, number: NodeId) -> Node:
        """Return a node of the new region."""
        return self.builder.nodes[number]

    def add(self, node: Node) -> NodeId:
        """Append a node; equal ones become one."""
        return self.builder.add(node)

    def const(self, like: Node, value: object) -> NodeId:
        """Append a constant of a node's type and place."""
        return self.add(Const(value=value, type=like.type, span=like.span))  # type: ignore[arg-type]

    def apply(self, like: Node, op: str, *inputs: NodeId) -> NodeId:
        """Append an operation of a node's type and place."""
        return self.add(Apply(op=op, inputs=inputs, type=like.type, span=like.span))

    def into(self, like: Node, number: NodeId) -> NodeId:
        """Return a node in the type of another, converted where they differ."""
        same = self.node(number).type == like.type
        return number if same else self.apply(like, "convert", number)

    def parts(self, node: Node) -> list[NodeId]:
        """Append a node of several results, and return them."""
        number = self.add(node)
        assert isinstance(node.type, Tuple)
        return [self.builder.project(number, place) for place in range(len(node.type.items))]

    def is_known(self, number: NodeId) -> bool:
        """Say whether a node is a plain number in every run."""
        _extend_known(self._known, self.builder.nodes)
        return self._known[number]

    def inline(self, region: Graph, args: Sequence[NodeId]) -> list[NodeId]:
        """Append what a region computes from given arguments, and return its results."""
        names = dict(enumerate(args))
        for node in live(region):
            if not isinstance(node, Param):
                inputs = tuple(names[i] for i in node.inputs)
                names[node.id] = self.add(replace(node, inputs=inputs))
        return [names[r] for r in region.results]


def known_nodes(region: Graph) -> list[bool]:
    """Say of each node of a region whether it is a plain number in every run."""
    flags: list[bool] = []
    _extend_known(flags, region.nodes)
    return flags


def _extend_known(flags: list[bool], nodes: Sequence[Node]) -> None:
    for node in nodes[len(flags) :]:
        flags.append(_is_known(node, [flags[i] for i in node.inputs]))


def _is_known(node: Node, inputs: list[bool]) -> bool:
    match node:
        case Param():
            return node.known
        case Const():
            return is_finite(node.type)
        case Apply() | Read() | Table():
            return all(inputs) and is_finite(node.type)
        case _:
            return False


def live(region: Graph) -> list[Node]:
    """Return the nodes that reach a result, and all parameters, in order."""
    needed = set(region.results)
    for node in reversed(region.nodes):
        if node.id in needed:
            needed.update(node.inputs)
    return [n for n in region.nodes if n.id in needed or isinstance(n, Param)]


def rewrite(graph: Graph, rules: Sequence[Rule], trace: Trace | None = None) -> Graph:
    """Apply rules to a region and all inside it, once through, inner regions first."""
    table: dict[type, list[Rule]] = {}
    for rule in rules:
        table.setdefault(rule.kind, []).append(rule)
    return _Pass(table, trace).region(graph)


def fixed_point(
    graph: Graph, change: Callable[[Graph, Trace], Graph], trace: Trace | None
) -> Graph:
    """Repeat a pass until none of its rules applies."""
    applied: list[tuple[str, Span]] = []
    for _ in range(MOST):
        applied.clear()
        changed = change(graph, lambda name, span: applied.append((name, span)))
        if not applied:
            return changed  # without its dead nodes
        if trace is not None:
            for name, span in applied:
                trace(name, span)
        graph = changed
    message = f"the rules do not come to an end: {sorted({name for name, _ in applied})}"
    raise InvariantError(message)


class _Pass:
    """One pass; regions inside are new where something in them changed, and the same otherwise."""

    def __init__(self, table: dict[type, list[Rule]], trace: Trace | None) -> None:
        self.table = table
        self.trace = trace

    def region(self, region: Graph) -> Graph:
        scene = Scene()
        names: dict[NodeId, NodeId | list[NodeId]] = {}
        for node in live(region):
            if isinstance(node, Project):
                whole = names[node.inputs[0]]
                if isinstance(whole, list):
                    names[node.id] = whole[node.place]
                    continue
            inputs = tuple(_one(names[i]) for i in node.inputs)
            made = replace(with_regions(node, self.region), inputs=inputs)
            names[node.id] = self._placed(scene, made)
        return scene.builder.done([_one(names[r]) for r in region.results])

    def _placed(self, scene: Scene, node: Node) -> NodeId | list[NodeId]:
        for rule in self.table.get(type(node), ()):
            answer = rule.change(scene, node)
            if answer is not None:
                if self.trace is not None:
                    self.trace(rule.name, node.span)
                return answer
        if isinstance(node, Select | For | Loop):
            return scene.parts(node)
        return scene.add(node)


def _one(answer: NodeId | list[NodeId]) -> NodeId:
    assert isinstance(answer, int)
    return answer
