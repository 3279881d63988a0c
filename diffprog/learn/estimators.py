"""Estimators: from logits to a loss for each restart. They differ in what the decisions get.

In: tasks (one for each combination of sizes), the logits of all restarts. Out: `Loss`.
Everything that is random comes from the generator that is handed in, so a step is a function of
the logits, the seed and its number. `search`, which has no gradient, stands in its own file.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from diffprog.learn.compiled import Compiled, compiled
from diffprog.learn.deciders import Draw
from diffprog.learn.expand import TooManyStates, Weigh
from diffprog.learn.machine import Machine
from diffprog.learn.networks import Live
from diffprog.learn.outcomes import NONE, Likelihood
from diffprog.learn.particles import start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.learn.cells import Cells
    from diffprog.learn.networks import Networks
    from diffprog.learn.rows import Task
    from diffprog.learn.runner import Relax

STATES = 2**19
"""The largest number of states at once in exact inference, unless another budget is stated."""
ARCS = 2**22
"""The largest number of arcs of all compiled graphs of decisions: the cost of a step."""
SAMPLES = 16
"""Draws for each row and restart, unless told otherwise."""


@dataclass(frozen=True)
class Loss:
    """What a step minimises.

    Attributes:
        objective: what the gradient is taken of, for each restart, [R].
        value: the loss itself, for reports, [R].
        weight: how many examples that was the mean of.
        impossible: rows that no decisions can answer.
        more: further figures for each restart, [R], by the name of their metric: what loops cost,
            the probability of the sequences that were not followed (`left out`).
    """

    objective: Tensor
    value: Tensor
    weight: float
    impossible: int = 0
    more: Mapping[str, Tensor] = field(default_factory=dict)


def loss_of(right: Tensor, shares: Tensor) -> Loss:
    """Return minus the mean log-likelihood of rows, [R, rows]; those with `NONE` are impossible."""
    possible = right > NONE
    share = shares * possible
    kept = torch.where(possible, right, 0.0)
    value = -(share * kept).sum(1) / share.sum(1).clamp_min(1)
    return Loss(value, value.detach(), float(shares.sum()), int((~possible).any(0).sum()))


class Estimator(Protocol):
    """A way to a loss. `name` is what the user calls it; `why` says why it was taken."""

    name: str
    why: str

    def loss(
        self, task: int, weights: Mapping[str, Tensor], chance: torch.Generator, temperature: float
    ) -> Loss:
        """Return the loss over the rows of a task."""
        ...


@dataclass
class Exact:
    """Every sequence of alternatives, weighted; the graph of decisions is built once."""

    tasks: Sequence[Task]
    cells: Cells
    likelihood: Likelihood
    limit: int = STATES
    why: str = ""
    networks: Networks | None = None
    name: str = field(default="exact", init=False)

    def __post_init__(self) -> None:
        self.arcs = 0
        self.compiled = [self._stretches(task) for task in self.tasks]

    def _stretches(self, task: Task) -> list[Compiled]:
        """Compile a task in one piece, or in as many as the budget wants."""
        try:
            found = compiled(task, self.cells, self.likelihood, self.limit)
        except TooManyStates:
            if task.rows.count < 2:
                raise
            half = torch.arange(task.rows.count).chunk(2)
            parts = [replace(task, rows=task.rows.take(rows)) for rows in half]
            return [done for part in parts for done in self._stretches(part)]
        self.arcs += found.dag.arcs
        if self.arcs > ARCS:
            raise TooManyStates(self.arcs, ARCS, "steps that lead to an answer")
        return [found]

    def loss(
        self, task: int, weights: Mapping[str, Tensor], chance: torch.Generator, temperature: float
    ) -> Loss:
        """Return minus the mean log-likelihood of the answers that are possible."""
        parts = [self._part(p, weights, temperature) for p in self.compiled[task]]
        total = sum(weight for _, weight, _ in parts)
        value = torch.stack([loss for loss, _, _ in parts]).sum(0) / max(1.0, total)
        return Loss(value, value.detach(), total, sum(n for _, _, n in parts))

    def _part(
        self, part: Compiled, weights: Mapping[str, Tensor], temperature: float
    ) -> tuple[Tensor, float, int]:
        logs = part.likelihoods(self.cells, weights, temperature, self.networks)
        possible = part.dag.sinks < part.dag.states
        share = part.shares[possible].to(logs.dtype)
        found = -(share.unsqueeze(1) * logs[possible]).sum(0)
        return found, float(share.sum()), int((~possible).sum())


@dataclass
class Weighed:
    """Every sequence of alternatives, run anew each step: states depend on learned reals."""

    tasks: Sequence[Task]
    cells: Cells
    likelihood: Likelihood
    relax: Relax
    limit: int = STATES
    why: str = ""
    networks: Networks | None = None
    name: str = field(default="exact", init=False)

    def loss(
        self, task: int, weights: Mapping[str, Tensor], chance: torch.Generator, temperature: float
    ) -> Loss:
        """Return minus the mean log-likelihood of the answers."""
        own = self.tasks[task]
        count, restarts = own.rows.count, len(next(iter(weights.values())))
        restart, row = _units(restarts, count)
        logs = self.cells.log_probs(weights, temperature=temperature)
        decider = self.decider(restarts * count, logs, weights)
        machine = Machine(
            self.cells, decider, merging=True, relax=self.relax, temperature=temperature,
            networks=None if self.networks is None else Live(self.networks, weights),
        )  # fmt: skip
        world = start(restarts * count, self.cells.free, restart)
        ran = machine.start(own.graph, own.rows.inputs, world, row)
        values = [v for v in ran.results if isinstance(v, Tensor)]
        targets = [t[row[ran.world.unit]] for t in own.rows.targets]
        scores = self.likelihood.crisp(values, targets).masked_fill(ran.world.undefined, NONE)
        logs = decider.weight[ran.world.node]
        right = _log_sum(logs + scores, ran.world.unit, len(row))
        right = self.unreached(right, logs, ran.world.unit)
        found = loss_of(right.reshape(restarts, count), own.rows.weights)
        return self.reported(found, decider, own.rows.weights)

    def unreached(self, right: Tensor, logs: Tensor, unit: Tensor) -> Tensor:
        """Return the log-likelihood of units, [units], also where no particle is right.

        Args:
            right: of those where one is, `NONE` elsewhere, [units].
            logs: the log-weight of each particle, [P].
            unit: what each runs, [P].
        """
        return right

    def decider(self, units: int, logs: Tensor, weights: Mapping[str, Tensor]) -> Weigh:
        """Return what decisions get in one step."""
        return Weigh(self.cells, units, self.limit, logs, weights)

    def reported(self, loss: Loss, decider: Weigh, shares: Tensor) -> Loss:
        """Return the loss with what the decider has to report."""
        return loss


def _units(restarts: int, rows: int) -> tuple[Tensor, Tensor]:
    restart = torch.arange(restarts).repeat_interleave(rows)
    return restart, torch.arange(rows).repeat(restarts)


def _log_sum(logs: Tensor, unit: Tensor, units: int) -> Tensor:
    """Return log sum exp by unit, [units]; `NONE` where there is nothing."""
    good = logs.detach() > NONE
    logs, unit = logs[good], unit[good]
    most = torch.full((units,), NONE, dtype=logs.dtype)
    most = most.scatter_reduce(0, unit, logs.detach(), "amax")
    safe = torch.where(most > NONE, most, 0.0)
    total = torch.zeros_like(safe).index_add(0, unit, (logs - safe[unit]).exp())
    some = total.detach() > 0
    return torch.where(some, safe + torch.where(some, total, 1.0).log(), NONE)


@dataclass
class Sample:
    """Drawn sequences: the score function with a leave-one-out baseline (Williams 1992; Kool 2019).

    What is minimised is the expected share of wrong cells (of reals, half the squared error,
    through which the gradient also goes straight where reals are learned).
    """

    tasks: Sequence[Task]
    cells: Cells
    likelihood: Likelihood
    relax: Relax
    samples: int = SAMPLES
    why: str = ""
    networks: Networks | None = None
    name: str = field(default="sample", init=False)

    def loss(
        self, task: int, weights: Mapping[str, Tensor], chance: torch.Generator, temperature: float
    ) -> Loss:
        """Return the mean distance of drawn answers, and what has its gradient in expectation."""
        own = self.tasks[task]
        restarts, count = len(next(iter(weights.values()))), own.rows.count
        restart, row = _units(restarts, count * self.samples)
        row = row // self.samples
        logs = self.cells.log_probs(weights, temperature=temperature)
        zero = torch.zeros(len(row), dtype=torch.float64)
        decider = Draw(self.cells, logs, chance, zero, weights)
        machine = Machine(
            self.cells, decider, relax=self.relax, temperature=temperature,
            networks=None if self.networks is None else Live(self.networks, weights),
        )  # fmt: skip
        ran = machine.start(
            own.graph, own.rows.inputs, start(len(row), self.cells.free, restart), row
        )
        order = torch.argsort(ran.world.unit)
        values = [v[order] for v in ran.results if isinstance(v, Tensor)]
        off = self.likelihood.distance(values, [t[row] for t in own.rows.targets])
        off = torch.where(ran.world.undefined[order], 1.0, off)
        shape = (restarts, count, self.samples)
        off, logq = off.reshape(shape), decider.logq.reshape(shape)
        objective = leave_one_out(off, logq) + off.mean(-1) - off.mean(-1).detach()
        share = own.rows.weights / own.rows.weights.sum()
        value = (off.detach().mean(-1) * share).sum(1)
        return Loss((objective * share).sum(1), value, float(own.rows.weights.sum()))


def leave_one_out(losses: Tensor, logq: Tensor) -> Tensor:
    """Return something whose gradient is an unbiased one of the mean loss.

    Each draw's loss is compared with the mean of the others (Kool 2019, eq. 8):
    1 / (S - 1) sum_s (l_s - mean l) grad log q_s.

    Args:
        losses: of each draw, [..., S].
        logq: the log-probability of each draw, [..., S].
    """
    count = losses.shape[-1]
    if count < 2:
        return (losses.detach() * logq).mean(-1)
    better = losses.detach() - losses.detach().mean(-1, keepdim=True)
    return (better * logq).sum(-1) / (count - 1)
