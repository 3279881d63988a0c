"""The estimator `beam`: the most probable sequences of decisions; what is left out is reported.

In: tasks, logits. Out: minus the log of the probability that the sequences in the beam give the
answer. The weights are not normalised over the beam. A row that no sequence in its beam answers
has at most the likelihood of what was left out, and that is what it is trained on: it leaves the
sequences that are known to be wrong.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from diffprog.learn.estimators import Loss, Weighed
from diffprog.learn.expand import Weigh
from diffprog.learn.outcomes import NONE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.learn.particles import World

WIDTH = 64
"""Sequences that are followed for each row and restart, unless told otherwise."""
TINY = 1e-9
"""Less than this that is left out is rounding."""


@dataclass
class Narrow(ABC):
    """Lets at most `width` particles of a unit go on.

    Attributes:
        width: how many.
        left_out: the probability of those that do not, by unit, [units].
        weight: the log-weight of each node, [nodes].
    """

    width: int = field(default=WIDTH, kw_only=True)
    left_out: Tensor = field(init=False)
    weight: Tensor = field(init=False)

    def begin(self, units: int) -> None:
        """Start with one particle a unit."""
        self.left_out = torch.zeros(units, dtype=torch.float64)
        self.weight = torch.zeros(units, dtype=torch.float64)

    @abstractmethod
    def gains(self, what: Tensor) -> Tensor:
        """Return the log-probability of ways, [P, K], from what a split notes of them."""

    def narrowed(self, world: World, where: Tensor, allowed: Tensor, what: Tensor) -> Tensor:
        """Return which ways go on, [P, K]: of each unit the most probable."""
        gained = torch.where(where.unsqueeze(1), self.gains(what).detach(), 0.0)
        ways = torch.nonzero(allowed)
        weight = self.weight.detach()[world.node].unsqueeze(1) + gained
        kept = self._best(world.unit[ways[:, 0]], weight[allowed])
        out = torch.zeros_like(allowed)
        out[ways[kept, 0], ways[kept, 1]] = True
        return out

    def keep(self, world: World) -> Tensor | None:
        """Return the most probable particles of each unit, or None where all are."""
        kept = self._best(world.unit, self.weight.detach()[world.node])
        return None if len(kept) == world.count else kept

    def _best(self, unit: Tensor, weight: Tensor) -> Tensor:
        """Return the places of each unit's best, in order, and note the weight of the others."""
        order = torch.argsort(weight, descending=True, stable=True)
        order = order[torch.argsort(unit[order], stable=True)]
        counts = torch.bincount(unit, minlength=len(self.left_out))
        starts = torch.cumsum(counts, 0) - counts
        rank = torch.arange(len(order)) - starts[unit[order]]
        others = order[rank >= self.width]
        self.left_out = self.left_out.index_add(0, unit[others], weight[others].exp().double())
        return order[rank < self.width].sort().values


@dataclass
class Following(Narrow, Weigh):
    """Carries log-weights, with their gradient, of the most probable particles."""

    def __post_init__(self) -> None:
        self.begin(self.nodes)

    def gains(self, what: Tensor) -> Tensor:
        """Return what a split notes: it is the log-probability."""
        return what


@dataclass
class Beam(Weighed):
    """The sequences that are the most probable now, run anew each step."""

    width: int = WIDTH
    name: str = field(default="beam", init=False)

    def unreached(self, right: Tensor, logs: Tensor, unit: Tensor) -> Tensor:
        """Return the log-likelihood of units; of those without a right one, the most it may be."""
        return bounded(right, logs, unit)

    def decider(self, units: int, logs: Tensor, weights: Mapping[str, Tensor]) -> Weigh:
        """Return what decisions get in one step."""
        return Following(self.cells, units, self.limit, logs, weights, width=self.width)

    def reported(self, loss: Loss, decider: Weigh, shares: Tensor) -> Loss:
        """Return the loss with the mean probability that was left out, by restart."""
        assert isinstance(decider, Following)
        return without(loss, decider.left_out.reshape(-1, len(shares)), shares)


def without(loss: Loss, left_out: Tensor, shares: Tensor) -> Loss:
    """Return a loss with the mean of what was left out of rows, [R, rows]."""
    return replace(loss, more={"left out": (left_out * shares).sum(1) / shares.sum()})


def bounded(right: Tensor, logs: Tensor, unit: Tensor) -> Tensor:
    """Return log-likelihoods, those that are `NONE` replaced by log(1 - all that is in the beam).

    Where nothing is left out, no decisions can answer, and `NONE` stays.

    Args:
        right: of units, [units].
        logs: the log-weight of each particle, [P]; the gradient goes through it.
        unit: what each runs, [P].
    """
    inside = torch.zeros_like(right.detach())
    rest = 1 - inside.index_add(0, unit, logs.exp().to(right.dtype))
    some = (right.detach() == NONE) & (rest.detach() > TINY)
    return torch.where(some, torch.where(some, rest, 1.0).log(), right)
