"""The crisp machine over the graph: `Runner` with every kind of node in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import torch
from torch import Tensor

from diffprog.errors import InvariantError
from diffprog.ir.graph import (
    Apply,
    Const,
    For,
    Graph,
    Hole,
    Loop,
    Network,
    Node,
    Param,
    Project,
    Read,
    Reduce,
    Select,
    Table,
    Write,
)
from diffprog.learn import branches, halting, steps, vector
from diffprog.learn.particles import Given
from diffprog.learn.runner import Ran, Runner

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.learn.particles import Frame, Held, World


class Machine(Runner):
    """Runs graphs on particles; see `Runner`."""

    def step(self, graph: Graph, node: Node, frame: Frame) -> None:
        """Give a node its value in a frame."""
        # Computed before it is stored: the frame's values are new lists after a split.
        value = self.value(graph, node, frame)
        frame.shelves[0].values[node.id] = value

    def value(self, graph: Graph, node: Node, frame: Frame) -> Held:  # noqa: C901, PLR0912
        """Return what a node is worth to each particle of the frame as it is afterwards."""
        match node:
            case Const():
                return vector.constant(node.value, node.type, frame.world.count)
            case Hole():
                return steps.hole(self, graph, node, frame)
            case Apply():
                return steps.row(self, graph, node, frame)
            case Table():
                return steps.table(self, graph, node, frame)
            case Read():
                return steps.read(self, graph, node, frame)
            case Write():
                return steps.write(self, graph, node, frame)
            case Reduce():
                return steps.reduce(self, graph, node, frame)
            case Select():
                return branches.select(self, graph, node, frame)
            case For():
                return branches.repeat(self, graph, node, frame)
            case Loop():
                return halting.loop(self, graph, node, frame)
            case Project():
                whole = frame.shelves[0].values[node.inputs[0]]
                assert isinstance(whole, tuple)
                return whole[node.place]
            case Network():
                return steps.network(self, graph, node, frame)
            case Param():
                return self.misplaced(node)

    def misplaced(self, node: Param) -> NoReturn:
        """Complain of a parameter after the region's first nodes."""
        message = f"the parameter `{node.name}` is not one of the region's first nodes"
        raise InvariantError(message)

    def start(self, graph: Graph, inputs: Mapping[str, Tensor], world: World, rows: Tensor) -> Ran:
        """Run a program from its inputs, [B, *shape] by name; `rows` says which row a unit runs."""
        args: Sequence[Held] = [Given(inputs[p.name].index_select(0, rows)) for p in graph.params]
        return self.run(graph, args, world, torch.zeros_like(world.unit))
