"""The estimator `beam` where a controller decides: the beam is found first, and weighed then.

What a sequence of decisions gives does not depend on weights. So a step follows the most probable
sequences without gradients, and a second run, with them, is only of the networks, on those
sequences that answer. A row that none answers has at most the likelihood of what was left out: that
is what its loss is, but nothing is learned from it. To push weight out of a beam that is known to
be wrong is easy for a controller: where there are most sequences, no beam holds much of it, and
there it goes, whatever the answer. What other rows have taught it finds the right one sooner. Nor
is anything learned from a row whose answer is all but certain: a controller that is too sure of
what it knows has no other program left in its beam.
In: tasks, weights. Out: the loss.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from diffprog.learn.beam import WIDTH, Narrow, bounded, without
from diffprog.learn.compiled import Compiled, graph_of
from diffprog.learn.estimators import STATES, Loss, loss_of
from diffprog.learn.expand import TAPED, Expand, weighed
from diffprog.learn.machine import Machine
from diffprog.learn.outcomes import NONE
from diffprog.learn.particles import start
from diffprog.learn.tape import Read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diffprog.learn.cells import Cells
    from diffprog.learn.networks import Networks
    from diffprog.learn.outcomes import Likelihood
    from diffprog.learn.rows import Task
    from diffprog.learn.runner import Ran


SURE = 0.99
"""A row whose answer is more probable teaches nothing more."""


@dataclass
class Scout(Narrow, Expand):
    """Records the graph of the most probable decisions.

    Attributes:
        weights: logits, and weights of networks, by parameter name, of one restart.
        temperature: of decisions.
        read: the tape, which knows its numbers.
    """

    weights: Mapping[str, Tensor] = field(kw_only=True)
    temperature: float = field(kw_only=True)
    read: Read = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tape = self.read
        self.begin(self.nodes)

    def gains(self, what: Tensor) -> Tensor:
        """Return the log-probabilities of leaves."""
        known = self.cells.log_probs(
            self.weights, temperature=self.temperature, masked=tuple(self.masked)
        )
        taped = what >= TAPED
        out = torch.zeros(what.shape, dtype=torch.float64)
        out[taped] = self.read.logs()[what[taped] - TAPED].double()
        out[~taped] = known[what[~taped].clamp_max(max(0, len(known) - 1)), 0].double()
        return out

    def note(self, parent: Tensor, child: Tensor, what: Tensor | None) -> None:
        """Record arcs, and weigh the new nodes."""
        super().note(parent, child, what)
        gained = None if what is None else self.gains(what)
        self.weight = weighed(self.weight, parent, child, gained)


@dataclass
class Scouted:
    """The sequences that are the most probable now, found anew each step."""

    tasks: Sequence[Task]
    cells: Cells
    likelihood: Likelihood
    networks: Networks
    limit: int = STATES
    why: str = ""
    width: int = WIDTH
    name: str = field(default="beam", init=False)

    def loss(
        self, task: int, weights: Mapping[str, Tensor], chance: torch.Generator, temperature: float
    ) -> Loss:
        """Return minus the mean log-likelihood of the answers."""
        own = self.tasks[task]
        restarts = len(next(iter(weights.values())))
        rows = [
            self._restart(own, {k: v[r : r + 1] for k, v in weights.items()}, temperature)
            for r in range(restarts)
        ]
        right, left_out = (torch.stack(column) for column in zip(*rows, strict=True))
        return without(loss_of(right, own.rows.weights), left_out, own.rows.weights)

    def reached(self, task: Task, weights: Mapping[str, Tensor]) -> Tensor:
        """Say whether a sequence that is followed answers, of each row, [rows]; one restart."""
        with torch.no_grad():
            _, ran, scores = self._followed(task, weights, 1.0)
        return torch.zeros(task.rows.count, dtype=torch.bool).index_fill(
            0, ran.world.unit[scores > NONE], True
        )

    def _restart(
        self, task: Task, weights: Mapping[str, Tensor], temperature: float
    ) -> tuple[Tensor, Tensor]:
        """Return the log-likelihood of each row under one restart, and what was left out."""
        with torch.no_grad():
            decider, ran, scores = self._followed(task, weights, temperature)
            graph = graph_of(decider, ran.world.node, ran.world.unit, scores, task.rows.count)
        found = Compiled(*graph, task.rows.weights)
        logs = found.likelihoods(self.cells, weights, temperature, self.networks)[:, 0].double()
        right = torch.where(found.dag.sinks < found.dag.states, logs, NONE)
        right = torch.where(right > math.log(SURE), right.detach(), right)
        inside = decider.weight[ran.world.node]
        return bounded(right, inside, ran.world.unit), decider.left_out

    def _followed(
        self, task: Task, weights: Mapping[str, Tensor], temperature: float
    ) -> tuple[Scout, Ran, Tensor]:
        """Follow the most probable sequences of each row; say how likely each makes its answer."""
        count = task.rows.count
        tape = Read(partial(self.networks.apply, weights, 0), temperature)
        decider = Scout(
            self.cells, count, self.limit, width=self.width, weights=weights,
            temperature=temperature, read=tape,
        )  # fmt: skip
        # Controllers remember all that they have decided: no two sequences come together.
        machine = Machine(self.cells, decider, temperature=temperature, networks=tape)
        with self._whole():
            everyone = start(count, self.cells.free)
            ran = machine.start(task.graph, task.rows.inputs, everyone, torch.arange(count))
        values = [v for v in ran.results if isinstance(v, Tensor)]
        targets = [t[ran.world.unit] for t in task.rows.targets]
        scores = self.likelihood.crisp(values, targets).masked_fill(ran.world.undefined, NONE)
        return decider, ran, scores

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Let networks leave nothing out."""
        training = self.networks.layers.training
        self.networks.layers.eval()
        yield
        self.networks.layers.train(training)
