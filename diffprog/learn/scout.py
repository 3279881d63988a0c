"""The estimator `beam` where networks only decide: the beam is found first, and weighed then.

What a sequence of decisions gives does not depend on weights. So a step follows the most probable
sequences without gradients, and a second run, with them, is only of the networks, on those
sequences whose weights the loss is made of: those that answer, and all of a row's where none does.
In: tasks, weights. Out: the same loss as `Beam`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import torch
from torch import Tensor

from diffprog.errors import InvariantError
from diffprog.learn.beam import TINY, WIDTH, Narrow, without
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
    from diffprog.learn.tape import Apply

HEAD = "controller head"
"""The kind of network that a controller has one of for each decision."""


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
    limit: int = STATES
    why: str = ""
    networks: Networks | None = None
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

    def _restart(
        self, task: Task, weights: Mapping[str, Tensor], temperature: float
    ) -> tuple[Tensor, Tensor]:
        """Return the log-likelihood of each row under one restart, and what was left out."""
        with torch.no_grad():
            found, left_out = self.scouted(task, weights, temperature)
        logs = found.likelihoods(self.cells, weights, temperature, self.networks)[:, 0].double()
        there = found.dag.sinks < found.dag.states
        right, wrong = torch.where(there, logs, NONE).chunk(2)
        rest = 1 - wrong.exp()
        some = (right.detach() == NONE) & (rest.detach() > TINY)
        return torch.where(some, torch.where(some, rest, 1.0).log(), right), left_out

    def scouted(
        self, task: Task, weights: Mapping[str, Tensor], temperature: float
    ) -> tuple[Compiled, Tensor]:
        """Return a graph of decisions, and the probability that it leaves out of each row.

        It has two sinks a row: what answers, then, where nothing does, all that was found.
        """
        rows, count = task.rows, task.rows.count
        tape = Read(self._apply(weights), temperature)
        decider = Scout(self.cells, count, self.limit, width=self.width, weights=weights,
                        temperature=temperature, read=tape)  # fmt: skip
        machine = Machine(self.cells, decider, merging=self.merging, temperature=temperature,
                          networks=tape)  # fmt: skip
        with self._whole():
            everyone = start(count, self.cells.free)
            ran = machine.start(task.graph, rows.inputs, everyone, torch.arange(count))
        values = [v for v in ran.results if isinstance(v, Tensor)]
        targets = [t[ran.world.unit] for t in rows.targets]
        scores = self.likelihood.crisp(values, targets).masked_fill(ran.world.undefined, NONE)
        answered = torch.zeros(count, dtype=torch.bool)
        answered[ran.world.unit[scores > NONE]] = True
        wrong = ~answered[ran.world.unit]
        sinks = ran.world.unit + count * wrong
        scores = torch.where(wrong, 0.0, scores)
        found = graph_of(decider, ran.world.node, sinks, scores, 2 * count)
        return Compiled(*found, rows.weights), decider.left_out

    @property
    def merging(self) -> bool:
        """Whether sequences may come together: controllers remember all that they have decided."""
        nets = {} if self.networks is None else self.networks.nets
        return not any(net.kind == HEAD for net in nets.values())

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Let networks leave nothing out."""
        layers = None if self.networks is None else self.networks.layers
        training = layers is not None and layers.training
        if layers is not None:
            layers.eval()
        yield
        if layers is not None:
            layers.train(training)

    def _apply(self, weights: Mapping[str, Tensor]) -> Apply:
        return _none if self.networks is None else partial(self.networks.apply, weights, 0)


def _none(*_: object) -> NoReturn:
    message = "a network in a program without networks"
    raise InvariantError(message)
