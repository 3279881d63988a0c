"""What a decision gets: every alternative, one that is drawn, or the one that is written down."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from diffprog.errors import Diagnostic, DiffprogError, InvariantError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.learn.cells import Cells
    from diffprog.learn.particles import World

ZERO = -1
"""The leaf of an arc on which nothing is decided."""


class TooManyStates(DiffprogError):  # noqa: N818 - it carries a diagnostic, like any other
    """An enumeration that outgrew its budget."""

    def __init__(self, found: int, limit: int, what: str) -> None:
        message = f"exact inference meets more than {limit:,} {what} ({found:,} so far)"
        help_ = "use --estimator sample or soft, fewer or smaller examples, or a larger budget"
        super().__init__(Diagnostic("DP622", message, help=help_))


@dataclass
class Replay:
    """Decides as written: `choices` [R, cells], and learned reals by parameter name [R, *shape]."""

    cells: Cells
    choices: Tensor
    real: Mapping[str, Tensor] = field(default_factory=dict)

    def decide(
        self, world: World, where: Tensor, cell: Tensor, mask: Tensor | None
    ) -> tuple[Tensor | None, World, Tensor]:
        """Look the alternative up; one that is masked makes the run undefined."""
        chosen = self.choices[world.restart, cell]
        if mask is None:
            return None, world, chosen
        allowed = mask.gather(1, chosen.unsqueeze(1)).squeeze(1)
        return None, replace(world, undefined=world.undefined | (where & ~allowed)), chosen

    def relaxed(self, world: World, probabilities: Tensor) -> tuple[None, World, Tensor]:
        """Take the most probable."""
        return None, world, probabilities.argmax(-1)

    def merge(self, world: World, classes: Tensor, count: int) -> Tensor:
        """Particles that follow what is written do not split, so none become one."""
        message = "merging in a replay"
        raise InvariantError(message)

    def reals(self, name: str, world: World) -> Tensor:
        """Return learned reals."""
        return self.real[name].double().index_select(0, world.restart)


@dataclass
class Draw:
    """Decides by lot and keeps the log-probability of what was drawn.

    Attributes:
        cells: the numbering of decisions.
        log_probs: of each leaf in each restart, [leaves, R].
        generator: the source of chance.
        logq: the log-probability of each particle's draws, [P], with its gradient.
    """

    cells: Cells
    log_probs: Tensor
    generator: torch.Generator
    logq: Tensor
    real: Mapping[str, Tensor] = field(default_factory=dict)

    def decide(
        self, world: World, where: Tensor, cell: Tensor, mask: Tensor | None
    ) -> tuple[Tensor | None, World, Tensor]:
        """Draw an alternative."""
        count = int(self.cells.counts[cell[where][0]]) if bool(where.any()) else 1
        first = torch.where(where, self.cells.first_leaf[cell], 0)
        leaves = first.unsqueeze(1) + torch.arange(count)
        rows = self.log_probs[leaves.clamp(max=self.cells.leaves - 1), world.restart.unsqueeze(1)]
        if mask is not None:
            rows = torch.log_softmax(rows.masked_fill(~mask, -torch.inf), -1)
        return self._drawn(world, where, rows)

    def relaxed(self, world: World, probabilities: Tensor) -> tuple[None, World, Tensor]:
        """Draw an alternative of a relaxed row."""
        everyone = torch.ones(world.count, dtype=torch.bool)
        return self._drawn(world, everyone, probabilities.clamp_min(1e-38).log())

    def _drawn(self, world: World, where: Tensor, rows: Tensor) -> tuple[None, World, Tensor]:
        chance = torch.multinomial(rows.detach().exp(), 1, generator=self.generator)
        taken = rows.gather(1, chance).squeeze(1)
        # `node` is the particle's number: particles part and change places, draws do not split.
        gained = torch.where(where, taken, torch.zeros_like(taken)).to(self.logq.dtype)
        self.logq = self.logq.index_add(0, world.node, gained)
        return None, world, chance.squeeze(1)

    def merge(self, world: World, classes: Tensor, count: int) -> Tensor:
        """Draws do not split, so none become one."""
        message = "merging of draws"
        raise InvariantError(message)

    def reals(self, name: str, world: World) -> Tensor:
        """Return learned reals, with their gradient."""
        return self.real[name].double().index_select(0, world.restart)


@dataclass
class Arcs:
    """A stretch of the graph of decisions: new nodes `child` and what leads to them."""

    parent: Tensor
    child: Tensor
    leaf: Tensor


@dataclass
class Expand:
    """Decides every alternative, and records the graph of decisions.

    Attributes:
        cells: the numbering of decisions.
        nodes: how many nodes there are (the first are the units).
        limit: the largest number of particles at once, and of arcs in all.
        restarts: how many restarts the leaves are counted for (1: the graph is the same for all).
        extra: log-probabilities beyond those of the cells' leaves: relaxed rows, [n].
        masked: (cell, mask) of each row of alternatives that a mask changed, by its first leaf.
    """

    cells: Cells
    nodes: int
    limit: int
    restarts: int = 1
    real: Mapping[str, Tensor] = field(default_factory=dict)
    arcs: list[Arcs] = field(default_factory=list)
    total: int = 0
    extra: list[Tensor] = field(default_factory=list)
    masked: dict[tuple[int, tuple[bool, ...]], int] = field(default_factory=dict)
    leaves: int = 0

    def __post_init__(self) -> None:
        self.leaves = self.cells.leaves

    def decide(
        self, world: World, where: Tensor, cell: Tensor, mask: Tensor | None
    ) -> tuple[Tensor | None, World, Tensor]:
        """Split each particle into one for each alternative that it may take."""
        k = int(self.cells.counts[cell[where][0]]) if bool(where.any()) else 1
        first = torch.where(where, self.cells.first_leaf[cell], 0)
        if mask is None:
            allowed = torch.ones(world.count, k, dtype=torch.bool)
        else:
            allowed = mask.clone()
            first = self._masked(where, cell, mask, first)
        allowed[~where] = False
        allowed[~where, 0] = True
        leaves = first.unsqueeze(1) + torch.arange(k)
        return self._split(world, where, allowed, leaves)

    def _masked(self, where: Tensor, cell: Tensor, mask: Tensor, first: Tensor) -> Tensor:
        """Give each combination of a cell and a mask leaves of its own."""
        first = first.clone()
        for i in torch.nonzero(where).squeeze(1).tolist():
            key = (int(cell[i]), tuple(mask[i].tolist()))
            if key not in self.masked:
                self.masked[key] = self.leaves
                self.leaves += len(key[1])
            first[i] = self.masked[key]
        return first

    def relaxed(self, world: World, probabilities: Tensor) -> tuple[Tensor | None, World, Tensor]:
        """Split by the alternatives of a relaxed row."""
        everyone = torch.ones(world.count, dtype=torch.bool)
        leaves = self.leaves + torch.arange(probabilities.numel()).reshape(probabilities.shape)
        self.leaves += probabilities.numel()
        self.extra.append(probabilities.clamp_min(1e-38).log().reshape(-1))
        return self._split(world, everyone, probabilities.detach() > 0, leaves)

    def _split(
        self, world: World, where: Tensor, allowed: Tensor, leaves: Tensor
    ) -> tuple[Tensor, World, Tensor]:
        parent, chosen = torch.nonzero(allowed, as_tuple=True)
        self._check(len(parent), "states at once")
        new = where[parent]
        node = world.node[parent]
        child = torch.arange(self.nodes, self.nodes + int(new.sum()))
        self._record(node[new], child, leaves[parent, chosen][new])
        node[new] = child
        return parent, replace(world.take(parent), node=node), chosen

    def _record(self, parent: Tensor, child: Tensor, leaf: Tensor) -> None:
        self.nodes = max(self.nodes, int(child.max()) + 1 if len(child) else 0)
        self.total += len(parent)
        self._check(self.total // 16, "x 16 steps of inference")
        self.arcs.append(Arcs(parent, child, leaf))

    def _check(self, found: int, what: str) -> None:
        if found > self.limit:
            raise TooManyStates(found, self.limit, what)

    def merge(self, world: World, classes: Tensor, count: int) -> Tensor:
        """Make a node for each class of several particles; a single one keeps its own."""
        sizes = torch.bincount(classes, minlength=count)
        node = torch.zeros(count, dtype=torch.long)
        node[classes] = world.node
        several = sizes > 1
        node[several] = torch.arange(self.nodes, self.nodes + int(several.sum()))
        together = several[classes]
        child = node[classes[together]]
        self._record(world.node[together], child, torch.full_like(child, ZERO))
        return node

    def reals(self, name: str, world: World) -> Tensor:
        """Return learned reals, with their gradient."""
        return self.real[name].double().index_select(0, world.restart)
