"""Running a region for many particles: splitting, merging and calling, whatever the nodes are.

A *decider* says what happens where a choice is met: every alternative, one drawn, one written down.
What each kind of node does stands in `steps`, `branches` and `halting`; `machine` puts them
together.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from diffprog.ir.graph import Graph, Hole, Network, Node, Param, regions, walk
from diffprog.learn import vector
from diffprog.learn.deciders import Replay
from diffprog.learn.particles import Frame, Given, Held, Lazy, Shelf, World, representatives
from diffprog.types import Array, Tuple, Type

if TYPE_CHECKING:
    from diffprog.learn.cells import Cells, Part


class Decider(Protocol):
    """What the decisions get."""

    def decide(
        self, world: World, where: Tensor, cell: Tensor, mask: Tensor | None
    ) -> tuple[Tensor | None, World, Tensor]:
        """Decide a cell for some particles.

        Args:
            world: all particles.
            where: which of them, [P] bools.
            cell: which cell each decides, [P]; all those wanted have as many alternatives.
            mask: which alternatives are allowed, [P, K], or None.

        Returns:
            Parents [P'] (None: the same particles), their world, and the alternative of each
            where one was wanted, [P'].
        """
        ...

    def among(self, world: World, logs: Tensor) -> tuple[Tensor | None, World, Tensor]:
        """Decide among alternatives of stated log-probabilities, [P, K]; otherwise as `decide`."""
        ...

    def noted(
        self, world: World, logits: Tensor, mask: Tensor | None, count: int
    ) -> tuple[Tensor | None, World, Tensor]:
        """Decide by logits of which there are only references, [P]; otherwise as `decide`."""
        ...

    def merge(self, world: World, classes: Tensor, count: int) -> Tensor:
        """Let particles of one class become one; return the node of each class, [count]."""
        ...

    def keep(self, world: World) -> Tensor | None:
        """Return the particles that go on after a merge; None: all."""
        ...

    def reals(self, name: str, world: World) -> Tensor:
        """Return the learned reals of a hole for each particle, [P, *shape]."""
        ...


class Calls(Protocol):
    """What networks give to particles: numbers, or references to them."""

    def network(
        self, node: Network, types: Sequence[Type], values: Sequence[Tensor], world: World
    ) -> Tensor | tuple[Tensor, ...]:
        """Return what a network gives to each particle."""
        ...


Relax = Callable[[str, Sequence[Type], Type, Sequence[Tensor]], Tensor]
"""The soft form of a relaxed row: (name, types, result type, arguments) to its soft value."""


@dataclass(frozen=True)
class Ran:
    """What a region gave: its results, the particles, the origin of each (None: itself)."""

    results: list[Held]
    origin: Tensor | None
    world: World


@lru_cache(maxsize=4096)
def dying(graph: Graph) -> tuple[tuple[int, ...], ...]:
    """Return for each node those values that nobody needs once it has run."""
    last = list(range(len(graph.nodes)))
    for node in graph.nodes:
        for i in node.inputs:
            last[i] = node.id
    out: list[list[int]] = [[] for _ in graph.nodes]
    for i, user in enumerate(last):
        if i not in graph.results:
            out[user].append(i)
    return tuple(map(tuple, out))


class Runner(ABC):
    """Runs regions on particles.

    Attributes:
        cells: the numbering of decisions.
        decider: what decisions get.
        merging: whether particles that agree become one.
        relax: the soft form of relaxed rows, for those below a learned real.
        temperature: of the decisions by networks.
        networks: what runs networks, or None.
    """

    def __init__(
        self,
        cells: Cells,
        decider: Decider,
        *,
        merging: bool = False,
        relax: Relax | None = None,
        temperature: float = 1.0,
        networks: Calls | None = None,
    ) -> None:
        self.cells, self.decider, self.merging, self.relax = cells, decider, merging, relax
        self.temperature, self.networks = temperature, networks
        counts = cells.counts[: cells.free]
        self.memories = int(counts.max()) if len(counts) else 1
        self._parts: dict[Graph, bool] = {}

    @property
    def replays(self) -> bool:
        """Whether all choices are written down: then nothing is lazy, and nobody remembers."""
        return isinstance(self.decider, Replay)

    def free(self, part: Part, world: World) -> Held:
        """Return a free choice or a `learn`: decided cell by cell when met, or as written."""
        if isinstance(self.decider, Replay):
            return self.decider.written(part, world)
        return Lazy(part.hole.key)

    @abstractmethod
    def step(self, graph: Graph, node: Node, frame: Frame) -> None:
        """Give a node its value in a frame."""

    def may_part(self, graph: Graph) -> bool:
        """Say whether particles may part in a region (a lazy value may be met in any)."""
        if self.cells.free or self.cells.reals:
            return not self.replays
        if graph not in self._parts:
            self._parts[graph] = any(isinstance(n, Hole) for n in walk(graph))
        return self._parts[graph]

    def run(
        self,
        graph: Graph,
        args: Sequence[Held],
        world: World,
        outer: Tensor,
        *,
        settle: bool = True,
    ) -> Ran:
        """Run a region from its parameters to its results; `settle` decides lazy results."""
        if not world.count:
            return Ran([nothing(t) for t in graph.types], None, world)
        values: list[Held | None] = [None] * len(graph.nodes)
        values[: len(args)] = args
        frame = Frame(world, outer, shelves=[Shelf(values, [n.type for n in graph.nodes])])
        merged = world.count
        ends = dying(graph)
        for node in graph.nodes:
            if not isinstance(node, Param):
                self.step(graph, node, frame)
            for i in ends[node.id]:
                frame.shelves[0].values[i] = None
            grown = frame.world.count
            if grown > merged and (regions(node) or grown > 4 * merged):
                merged = self.merge(frame)
        if settle:
            self.force(frame, frame.shelves[0], graph.results)
        if frame.world.count > merged:
            self.merge(frame)
        values = frame.shelves[0].values
        results = [v for r in graph.results if (v := values[r]) is not None]
        return Ran(results, frame.origin, frame.world)

    def merge(self, frame: Frame) -> int:
        """Make particles of one class one; return how many there are now."""
        world = frame.world
        if self.merging:
            classes, count = frame.classes(self.memories)
            if count < world.count:
                nodes = self.decider.merge(world, classes, count)
                first = representatives(classes, count)
                frame.take(first, replace(world.take(first), node=nodes))
        kept = self.decider.keep(frame.world)
        if kept is not None:
            frame.take(kept)
        return frame.world.count

    def outer(self, frame: Frame, graph: Graph) -> Tensor:
        """Return the classes that a region must not merge, [P]."""
        if self.merging and self.may_part(graph):
            return frame.classes(self.memories)[0]
        return frame.outer

    def call(
        self, frame: Frame, graph: Graph, args: Sequence[Held], *, settle: bool = True
    ) -> list[Held]:
        """Run a region inside a frame; whatever stands on the frame's shelves follows."""
        outer = self.outer(frame, graph)
        ran = self.run(graph, args, frame.world, outer, settle=settle)
        frame.take(ran.origin, ran.world)
        return ran.results

    # --- values that are decided when they are met --------------------------------------------

    def forced(self, graph: Graph, frame: Frame, ids: Sequence[int]) -> list[Tensor]:
        """Return the values of nodes, deciding what has to be."""
        values = frame.shelves[0].values
        self.force(frame, frame.shelves[0], [i for i in ids if isinstance(values[i], Lazy)])
        found = [frame.shelves[0].values[i] for i in ids]
        own = [v.to(frame.world) if isinstance(v, Given) else v for v in found]
        return [v for v in own if isinstance(v, Tensor)]

    def force(self, frame: Frame, shelf: Shelf, places: Sequence[int]) -> None:
        """Decide every cell of the lazy values at some places of a shelf; let inputs follow."""
        for i in places:
            value = shelf.values[i]
            if isinstance(value, Lazy):
                part = self.cells.parts[value.key]
                for cell in range(part.first, part.last):
                    self.meet(frame, torch.full((frame.world.count,), cell))
                cells = frame.world.memory[:, part.first : part.last] + part.lo
                shelf.values[i] = cells.reshape(-1, *vector.shape_of(shelf.types[i]))
            elif isinstance(value, Given):
                shelf.values[i] = value.to(frame.world)

    def meet(self, frame: Frame, cell: Tensor, mask: Tensor | None = None) -> None:
        """Decide a free cell, [P], for those particles that have not."""
        rows = torch.arange(frame.world.count)
        where = frame.world.memory[rows, cell] < 0
        if not bool(where.any()):
            return
        parent, world, chosen = self.decider.decide(frame.world, where, cell, mask)
        if parent is not None:
            cell, where = cell[parent], where[parent]
        memory = world.memory.clone()
        at = torch.nonzero(where).squeeze(1)
        memory[at, cell[at]] = chosen[at]
        frame.take(parent, replace(world, memory=memory))


def nothing(t: Type) -> Held:
    """Return what no particles hold."""
    if isinstance(t, Tuple):
        return tuple(map(nothing, t.items))
    shape = t.shape if isinstance(t, Array) else ()
    real = str(vector.item_of(t)) == "real"
    return torch.zeros(0, *shape, dtype=torch.float64 if real else torch.long)
