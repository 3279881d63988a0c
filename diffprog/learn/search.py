"""The estimator `search`: local search over hardened holes, a chain on each restart.

Each step proposes another alternative for one cell of each chain, and takes it by Metropolis'
rule at a temperature that falls geometrically. The answers of all chains are crisp, in one run
of the machine. No gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from diffprog.errors import fail
from diffprog.learn.evaluate import score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.learn.cells import Cells
    from diffprog.learn.rows import Task


@dataclass
class Chains:
    """Where the chains are.

    Attributes:
        choices: alternatives, [R, cells].
        energy: the mean share of wrong cells, [R].
    """

    choices: Tensor
    energy: Tensor


@dataclass(frozen=True)
class Search:
    """Metropolis on the restart axis.

    Attributes:
        tasks: what is to be answered.
        cells: the decisions.
        steps: over how many steps the temperature falls.
        hot: the first temperature, in shares of wrong cells.
        cold: the last.
    """

    tasks: Sequence[Task]
    cells: Cells
    steps: int
    hot: float = 0.02
    cold: float = 0.003
    why: str = ""
    name: str = "search"

    def start(self, restarts: int, chance: torch.Generator) -> Chains:
        """Start each chain at random choices."""
        if self.cells.reals:
            fail("DP624", "`search` cannot learn reals", hint="use `exact`, `sample` or `soft`")
        uniform = torch.rand(restarts, self.cells.size, generator=chance, dtype=torch.float64)
        choices = (uniform * self.cells.counts).long()
        return Chains(choices, self.energy(choices))

    def energy(self, choices: Tensor) -> Tensor:
        """Return the mean share of wrong cells, [R]."""
        total, weight = torch.zeros(len(choices), dtype=torch.float64), 0.0
        for task in self.tasks:
            _, share = score(task.graph, self.cells, choices, task.rows)
            total = total + ((1 - share) * task.rows.weights).sum(1)
            weight += float(task.rows.weights.sum())
        return total / weight

    def step(self, chains: Chains, number: int, chance: torch.Generator) -> Chains:
        """Propose one change for each chain, and take it or not."""
        restarts = len(chains.choices)
        if not self.cells.size:
            return chains
        cell = torch.randint(self.cells.size, (restarts,), generator=chance)
        counts = self.cells.counts[cell]
        uniform = torch.rand(restarts, generator=chance, dtype=torch.float64)
        rows = torch.arange(restarts)
        old = chains.choices[rows, cell]
        shift = 1 + (uniform * (counts - 1)).long()
        proposed = chains.choices.clone()
        proposed[rows, cell] = (old + shift) % counts
        energy = self.energy(proposed)
        done = min(1.0, number / max(1, self.steps - 1))
        temperature = self.hot * (self.cold / self.hot) ** done
        lot = torch.rand(restarts, generator=chance, dtype=torch.float64)
        taken = lot < ((chains.energy - energy) / temperature).clamp(max=0).exp()
        # A chain that has found an answer stays there.
        taken &= chains.energy > 0
        choices = torch.where(taken.unsqueeze(1), proposed, chains.choices)
        return Chains(choices, torch.where(taken, energy, chains.energy))

    def state(self, chains: Chains) -> Mapping[str, Tensor]:
        """Return the chains as tensors, for a checkpoint."""
        return {"choices": chains.choices, "energy": chains.energy}
