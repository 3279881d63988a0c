"""What training has found so far: the best restart, and every restart that fits.

In: crisp answers of all restarts, from time to time. Out: choices. What holds on dev comes
before what holds on train only; without dev, train decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from diffprog.learn.evaluate import score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.learn.cells import Cells, Choices
    from diffprog.learn.networks import Networks
    from diffprog.learn.rows import Task

REALS, WEIGHTS = "record/reals/", "record/weights/"
"""How tensors by parameter name are called in a checkpoint."""


def within(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors under a prefix, by the rest of their names."""
    return {k[len(prefix) :]: v.clone() for k, v in state.items() if k.startswith(prefix)}


@dataclass(frozen=True)
class Solution:
    """A hardened program of one restart.

    Attributes:
        choices: what each hole is.
        train: the share of training examples that it answers rightly.
        dev: the same of the held-out ones, or None.
        restart: where it was found.
        step: when.
        restarts: how many restarts have found it.
    """

    choices: Choices = field(repr=False)
    train: float
    dev: float | None
    restart: int
    step: int
    restarts: int = 1


@dataclass(frozen=True)
class Marks:
    """How well the hardened program of each restart does now: shares of examples, [R]."""

    train: Tensor
    dev: Tensor | None
    tie: Tensor | None = None
    """What decides between equals, [R], less than any difference of shares."""

    @property
    def rank(self) -> Tensor:
        """What restarts are compared by, [R]: dev first, then train."""
        found = self.train if self.dev is None else self.dev * 2 + self.train
        return found if self.tie is None else found + self.tie

    @property
    def solved(self) -> Tensor:
        """Which restarts are right on everything, [R]."""
        right = self.train == 1
        return right if self.dev is None else right & (self.dev == 1)


def accuracy(
    tasks: Sequence[Task],
    cells: Cells,
    choices: Tensor,
    reals: Mapping[str, Tensor],
    tolerance: float,
    networks: Networks | None = None,
) -> Tensor:
    """Return the share of examples that each restart's hardened program answers, [R]."""
    right, total = torch.zeros(len(choices), dtype=torch.float64), 0.0
    for task in tasks:
        good, _ = score(
            task.graph, cells, choices, task.rows, reals=reals, tolerance=tolerance,
            networks=networks,
        )  # fmt: skip
        right = right + (good.double() * task.rows.weights).sum(1)
        total += float(task.rows.weights.sum())
    return right / max(1.0, total)


@dataclass
class Record:
    """The best and all that fit. One row a restart; row R of each tensor is the best so far.

    Attributes:
        choices: alternatives, [R + 1, cells].
        reals: by parameter name, [R + 1, *shape].
        train: shares, [R + 1]; -1 where nothing is kept.
        dev: shares, [R + 1]; -1 without dev.
        step: when, [R + 1].
        best: the restart of the best.
        weights: the logits of the best when it was found, by parameter name.
        rank: what is kept is compared by, [R + 1].
    """

    choices: Tensor
    reals: dict[str, Tensor]
    train: Tensor
    dev: Tensor
    step: Tensor
    best: int = 0
    held_out: bool = field(default=False)
    rank: Tensor = field(default_factory=lambda: torch.empty(0))
    weights: dict[str, Tensor] = field(default_factory=dict)

    @staticmethod
    def empty(restarts: int, cells: Cells, *, held_out: bool) -> Record:
        """Return a record of nothing."""
        none = torch.full((restarts + 1,), -1.0, dtype=torch.float64)
        choices = torch.zeros(restarts + 1, cells.size, dtype=torch.long)
        steps = torch.zeros(restarts + 1, dtype=torch.long)
        ranks = torch.full_like(none, -torch.inf)
        return Record(choices, {}, none, none.clone(), steps, held_out=held_out, rank=ranks)

    @property
    def restarts(self) -> int:
        """How many restarts there are."""
        return len(self.train) - 1

    @property
    def fits(self) -> int:
        """How many restarts have been right on all training examples."""
        return int((self.train[:-1] == 1).sum())

    def take(
        self,
        marks: Marks,
        choices: Tensor,
        reals: Mapping[str, Tensor],
        step: int,
        weights: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Keep what is better than what is kept; `weights` are logits, a row a restart."""
        if not self.reals:
            self.reals = {k: torch.cat((v, v[:1])).clone() for k, v in reals.items()}
        fit = torch.nonzero((marks.train == 1) & (marks.rank > self.rank[:-1])).squeeze(1)
        self._keep(fit, fit, marks, choices, reals, step)
        best = int(marks.rank.max(0).indices)
        if float(marks.rank[best]) > float(self.rank[-1]):
            self.best = best
            last = torch.tensor([self.restarts])
            self._keep(last, torch.tensor([best]), marks, choices, reals, step)
            self.weights = {k: v[best].detach().clone() for k, v in (weights or {}).items()}

    def _keep(
        self,
        to: Tensor,
        of: Tensor,
        marks: Marks,
        choices: Tensor,
        reals: Mapping[str, Tensor],
        step: int,
    ) -> None:
        self.choices[to], self.train[to], self.step[to] = choices[of], marks.train[of], step
        self.rank[to] = marks.rank[of]
        if marks.dev is not None:
            self.dev[to] = marks.dev[of]
        for name, value in reals.items():
            self.reals[name][to] = value[of]

    def solution(self, row: int, cells: Cells) -> Solution:
        """Return what is kept in a row."""
        reals = {name: value[row] for name, value in self.reals.items()}
        return Solution(
            cells.choices(self.choices[row], reals),
            float(self.train[row]),
            float(self.dev[row]) if self.held_out else None,
            self.best if row == self.restarts else row,
            int(self.step[row]),
        )

    def solutions(self, cells: Cells) -> list[Solution]:
        """Return the different programs that fit, those first that hold on dev."""
        rows = [r for r in range(self.restarts) if float(self.train[r]) == 1]
        rows.sort(key=lambda r: (-float(self.dev[r]), r))
        found: dict[str, Solution] = {}
        for r in rows:
            solution = self.solution(r, cells)
            known = found.setdefault(repr(solution.choices), replace(solution, restarts=0))
            found[repr(solution.choices)] = replace(known, restarts=known.restarts + 1)
        return list(found.values())

    def state(self) -> dict[str, Tensor]:
        """Return the record as tensors, for a checkpoint."""
        out = {f"{REALS}{name}": value for name, value in self.reals.items()}
        out |= {f"{WEIGHTS}{name}": value for name, value in self.weights.items()}
        return out | {
            "record/choices": self.choices,
            "record/train": self.train,
            "record/dev": self.dev,
            "record/step": self.step,
            "record/rank": self.rank,
            "record/best": torch.tensor(self.best),
        }

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from such tensors."""
        self.reals, self.weights = within(state, REALS), within(state, WEIGHTS)
        self.choices, self.train = state["record/choices"], state["record/train"]
        self.dev, self.step = state["record/dev"], state["record/step"]
        self.rank = state["record/rank"]
        self.best = int(state["record/best"])
