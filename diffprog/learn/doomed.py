"""Dropping runs that have written a wrong answer, when they write it.

In: a task of exact inference. Out: a machine that drops particles as soon as a cell of the
result is wrong for good: written at a known place, in a known round, for the last time. The
likelihood of such a run is 0 whatever follows, so the loss is the same; but the states of long
addition are then its carries, not its carries with every sum that could have been written.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor

from diffprog.ir.graph import For, Graph, NodeId, Param, Project, Write
from diffprog.ir.known import carried, known
from diffprog.learn import vector
from diffprog.learn.deciders import Replay
from diffprog.learn.machine import Machine
from diffprog.learn.particles import start
from diffprog.learn.tape import Tape
from diffprog.types import Array, is_finite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.ir.graph import Node
    from diffprog.learn.cells import Cells
    from diffprog.learn.particles import Frame
    from diffprog.learn.runner import Decider

Spots: TypeAlias = "Mapping[tuple[Graph, NodeId], int]"
"""Writes that make a result, and the place of that result among all."""


# --- which writes make a result -------------------------------------------------------------------


def writes(graph: Graph) -> Spots:
    """Return the last writes of each finite array of a program's results, back to what is unknown.

    Who else reads the array does not matter: a cell that is wrong when it is written for the last
    time is wrong at the end.
    """
    found: dict[tuple[Graph, NodeId], int] = {}
    for place, result in enumerate(graph.results):
        t = graph[result].type
        if isinstance(t, Array) and is_finite(t):
            spots, _ = _chain(graph, result, known(graph))
            for spot in spots:
                found.setdefault(spot, place)
    return found


def _chain(
    graph: Graph, end: NodeId, flags: Sequence[bool]
) -> tuple[list[tuple[Graph, NodeId]], NodeId]:
    """Follow an array back through writes at known places, and through loops of known rounds.

    Returns:
        The writes, and the first node that is something else.
    """
    spots: list[tuple[Graph, NodeId]] = []
    while True:
        node = graph[end]
        if isinstance(node, Write) and all(flags[i] for i in node.inputs[2:]):
            spots.append((graph, end))
            end = node.inputs[0]
            continue
        if isinstance(node, Project):
            loop = graph[node.inputs[0]]
            inside = _round(loop, node.place, flags)
            if inside is not None:
                spots += inside
                end = loop.inputs[2 + node.place]
                continue
        return spots, end


def _round(loop: Node, place: int, flags: Sequence[bool]) -> list[tuple[Graph, NodeId]] | None:
    """Return a round's writes into a carried array; None where that is not all that makes it."""
    if not isinstance(loop, For) or not (flags[loop.inputs[0]] and flags[loop.inputs[1]]):
        return None
    body, inputs = loop.body, [flags[i] for i in loop.inputs]
    within = known(body, [True, *carried(loop, inputs), *inputs[2 + loop.carried :]])
    spots, first = _chain(body, body.results[place], within)
    return spots if isinstance(body[first], Param) and first == 1 + place else None


# --- which of them are the last -------------------------------------------------------------------


class _Probe(Machine):
    """Notes, in order, which cells the writes into each result write: the same in every run."""

    def __init__(self, cells: Cells, spots: Spots) -> None:
        written = torch.zeros(1, len(cells.counts), dtype=torch.long)
        super().__init__(cells, Replay(cells, written), networks=Tape())
        self.spots = spots
        self.written: dict[int, list[list[int]]] = defaultdict(list)

    def step(self, graph: Graph, node: Node, frame: Frame) -> None:
        """Give a node its value, and note where it is written."""
        super().step(graph, node, frame)
        if (graph, node.id) in self.spots:
            assert isinstance(node, Write)
            held = [frame.shelves[0].values[i] for i in node.inputs[2:]]
            at = [v for v in held if isinstance(v, Tensor)]
            cells = vector.places(vector.shape_of(node.type), node.axes, at, 1)
            self.written[self.spots[graph, node.id]].append(cells.reshape(-1).tolist())


def final(written: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return for each write those of its cells that no later one writes.

    >>> final([[0, 1], [1], [2]])
    [[0], [1], [2]]
    """
    later: set[int] = set()
    out: list[list[int]] = []
    for cells in reversed(written):
        out.append([c for c in cells if c not in later])
        later.update(cells)
    return out[::-1]


# --- dropping -------------------------------------------------------------------------------------


class Dropping(Machine):
    """Runs a program on rows whose answers are known; see the module.

    A unit is a row. One particle is always kept, right or not.
    """

    def __init__(
        self,
        graph: Graph,
        inputs: Mapping[str, Tensor],
        targets: Sequence[Tensor],
        cells: Cells,
        decider: Decider,
    ) -> None:
        super().__init__(cells, decider, merging=True)
        self.spots = writes(graph)
        self.targets = [t.reshape(len(t), -1) for t in targets]
        self.left: dict[int, list[list[int]]] = {}
        if self.spots:
            probe = _Probe(cells, self.spots)
            row = {name: v[:1] for name, v in inputs.items()}
            probe.start(graph, row, start(1, cells.free), torch.zeros(1, dtype=torch.long))
            self.left = {place: final(w)[::-1] for place, w in probe.written.items()}

    def step(self, graph: Graph, node: Node, frame: Frame) -> None:
        """Give a node its value; drop those for whom it is wrong for good."""
        super().step(graph, node, frame)
        place = self.spots.get((graph, node.id))
        if place is None:
            return
        value, cells = frame.shelves[0].values[node.id], self.left[place].pop()
        if cells and isinstance(value, Tensor):
            wanted = self.targets[place][frame.world.unit][:, cells]
            right = (value.reshape(len(value), -1)[:, cells] == wanted).all(1)
            if not bool(right.all()):
                right[0] |= not bool(right.any())
                frame.take(torch.nonzero(right).squeeze(1))
