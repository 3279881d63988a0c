"""What a decision gets: every alternative, with its probability.

`Expand` records a graph of decisions in which no number depends on the logits, to be compiled
once (`dag`). `Weigh` carries the weights along instead: for programs whose states depend on
learned reals, run each step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn

import torch
from torch import Tensor

from diffprog.errors import Diagnostic, DiffprogError, InvariantError, fail
from diffprog.learn.deciders import allowed_rows
from diffprog.learn.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.learn.cells import Cells
    from diffprog.learn.particles import World

ZERO = -1
"""The leaf of an arc on which nothing is decided."""
TAPED = 2**40
"""What is added to the leaves of a tape, until it is known how many the others are."""
PER_STATE = 16
"""How many arcs in all go with a limit of one state at once: a long run of few states is fine."""


class TooManyStates(DiffprogError):  # noqa: N818 - it carries a diagnostic, like any other
    """An enumeration that outgrew its budget."""

    def __init__(self, found: int, limit: int, what: str) -> None:
        message = f"exact inference meets {found:,} {what}, and the limit is {limit:,}"
        help_ = "use the estimator `sample` or `soft`, smaller examples, or a larger budget"
        super().__init__(Diagnostic("DP622", message, help=help_))


@dataclass
class Splitter(ABC):
    """Splits particles by alternatives; what is noted of a split is left open.

    Attributes:
        cells: the numbering of decisions.
        nodes: how many nodes there are (the first are the units).
        limit: the largest number of particles at once.
    """

    cells: Cells
    nodes: int
    limit: int
    total: int = field(default=0, kw_only=True)

    @abstractmethod
    def note(self, parent: Tensor, child: Tensor, what: Tensor | None) -> None:
        """Note that new nodes come from old ones, by a leaf or a weight each; None: by merging."""

    def split(
        self, world: World, where: Tensor, allowed: Tensor, what: Tensor
    ) -> tuple[Tensor, World, Tensor]:
        """Split particles by `allowed` [P, K]; those not in `where` have one way, the first."""
        allowed = allowed & where.unsqueeze(1)
        allowed[~where, 0] = True
        if bool((~allowed.any(1)).any()):
            fail("DP322", "a `where` masks every alternative of a choice")
        allowed = self.narrowed(world, where, allowed, what)
        parent, chosen = torch.nonzero(allowed, as_tuple=True)
        self.check(len(parent), "states at once", self.limit)
        new = where[parent]
        node = world.node[parent]
        child = torch.arange(self.nodes, self.nodes + int(new.sum()))
        self._grow(node[new], child, what[parent, chosen][new])
        node[new] = child
        return parent, replace(world.take(parent), node=node), chosen

    def narrowed(self, world: World, where: Tensor, allowed: Tensor, what: Tensor) -> Tensor:
        """Return which ways are gone, [P, K]: all that are allowed."""
        return allowed

    def keep(self, world: World) -> Tensor | None:
        """Return the particles that go on; None: all."""
        return None

    def merge(self, world: World, classes: Tensor, count: int) -> Tensor:
        """Make a node for each class of several particles; a single one keeps its own."""
        sizes = torch.bincount(classes, minlength=count)
        node = torch.zeros(count, dtype=torch.long)
        node[classes] = world.node
        several = sizes > 1
        node[several] = torch.arange(self.nodes, self.nodes + int(several.sum()))
        together = several[classes]
        self._grow(world.node[together], node[classes[together]], None)
        return node

    def _grow(self, parent: Tensor, child: Tensor, what: Tensor | None) -> None:
        self.nodes = max(self.nodes, int(child.max()) + 1 if len(child) else 0)
        self.total += len(parent)
        self.check(self.total, "steps from state to state", self.limit * PER_STATE)
        self.note(parent, child, what)

    def check(self, found: int, what: str, limit: int) -> None:
        """Refuse to outgrow the budget.

        Raises:
            TooManyStates: DP622.
        """
        if found > limit:
            raise TooManyStates(found, limit, what)

    def leaves_of(self, where: Tensor, cell: Tensor) -> Tensor:
        """Return the leaves of a cell's alternatives, [P, K]."""
        count = int(self.cells.counts[cell[where][0]]) if bool(where.any()) else 1
        first = torch.where(where, self.cells.first_leaf[cell], 0)
        return first.unsqueeze(1) + torch.arange(count)


@dataclass
class Arcs:
    """A stretch of the graph of decisions: new nodes `child` and what leads to them."""

    parent: Tensor
    child: Tensor
    leaf: Tensor


@dataclass
class Expand(Splitter):
    """Records the graph of decisions.

    Attributes:
        arcs: the graph, parents before children.
        masked: combinations of a cell and a mask, each with leaves of its own after the cells'.
        leaves: how many leaves there are.
        tape: the calls of networks that were met; their leaves are counted by themselves.
    """

    arcs: list[Arcs] = field(default_factory=list)
    masked: dict[tuple[int, tuple[bool, ...]], int] = field(default_factory=dict)
    leaves: int = 0
    tape: Tape = field(default_factory=Tape)

    def __post_init__(self) -> None:
        self.leaves, self.units = self.cells.leaves, self.nodes

    def note(self, parent: Tensor, child: Tensor, what: Tensor | None) -> None:
        """Record arcs."""
        leaf = torch.full_like(child, ZERO) if what is None else what
        self.arcs.append(Arcs(parent, child, leaf))

    def decide(
        self, world: World, where: Tensor, cell: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, World, Tensor]:
        """Split each particle into one for each alternative that it may take."""
        leaves = self.leaves_of(where, cell)
        if mask is None:
            return self.split(world, where, torch.ones_like(leaves, dtype=torch.bool), leaves)
        leaves = leaves.clone()
        for i in torch.nonzero(where).squeeze(1).tolist():
            key = (int(cell[i]), tuple(mask[i].tolist()))
            if key not in self.masked:
                self.masked[key] = self.leaves
                self.leaves += len(key[1])
            leaves[i] = self.masked[key] + torch.arange(len(key[1]))
        return self.split(world, where, mask, leaves)

    def noted(
        self, world: World, logits: Tensor, mask: Tensor | None, count: int
    ) -> tuple[Tensor, World, Tensor]:
        """Split by the alternatives of a network's decision; their leaves are on the tape."""
        everyone = torch.ones(world.count, dtype=torch.bool)
        leaves = self.tape.decide(logits, mask, count) + TAPED
        allowed = torch.ones_like(leaves, dtype=torch.bool) if mask is None else mask
        return self.split(world, everyone, allowed, leaves)

    def among(self, world: World, logs: Tensor) -> tuple[Tensor | None, World, Tensor]:
        """What depends on learned reals has probabilities of its own each step: never recorded."""
        message = "a decision below learned reals in a graph of decisions that is compiled once"
        raise InvariantError(message)

    def reals(self, name: str, world: World) -> Tensor:
        """Learned reals change from step to step: they are never recorded."""
        message = "a learned real in a graph of decisions that is compiled once"
        raise InvariantError(message)


@dataclass
class Weigh(Splitter):
    """Carries log-weights, with their gradient.

    Attributes:
        log_probs: of each leaf in each restart, [leaves, R].
        real: learned reals by parameter name, [R, *shape].
        weight: the log-weight of each node, [nodes].
    """

    log_probs: Tensor
    real: Mapping[str, Tensor]
    weight: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.float64))

    def __post_init__(self) -> None:
        self.weight = torch.zeros(self.nodes, dtype=torch.float64)

    def note(self, parent: Tensor, child: Tensor, what: Tensor | None) -> None:
        """Weigh the new nodes."""
        self.weight = weighed(self.weight, parent, child, what)

    def decide(
        self, world: World, where: Tensor, cell: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, World, Tensor]:
        """Split each particle into one for each alternative that it may take."""
        leaves = self.leaves_of(where, cell).clamp(max=max(0, self.cells.leaves - 1))
        rows = allowed_rows(self.log_probs[leaves, world.restart.unsqueeze(1)], mask)
        allowed = torch.ones_like(leaves, dtype=torch.bool) if mask is None else mask
        return self.split(world, where, allowed, rows.double())

    def noted(self, world: World, logits: Tensor, mask: Tensor | None, count: int) -> NoReturn:
        """What is weighed has numbers, never references."""
        message = "a reference to logits where there are numbers"
        raise InvariantError(message)

    def among(self, world: World, logs: Tensor) -> tuple[Tensor, World, Tensor]:
        """Split by alternatives of stated log-probabilities."""
        everyone = torch.ones(world.count, dtype=torch.bool)
        return self.split(world, everyone, logs.detach() > -torch.inf, logs.double())

    def reals(self, name: str, world: World) -> Tensor:
        """Return learned reals, with their gradient."""
        return self.real[name].double().index_select(0, world.restart)


def weighed(weight: Tensor, parent: Tensor, child: Tensor, gained: Tensor | None) -> Tensor:
    """Return log-weights with those of new nodes: gained on the way, or merged where None."""
    old = weight[parent]
    if gained is not None:
        return torch.cat((weight, old + gained))
    number = child - child.min() if len(child) else child
    count = int(number.max()) + 1 if len(child) else 0
    most = torch.full((count,), -torch.inf, dtype=old.dtype)
    most = most.scatter_reduce(0, number, old.detach(), "amax")
    total = torch.zeros_like(most).index_add(0, number, (old - most[number]).exp())
    return torch.cat((weight, most + total.log()))
