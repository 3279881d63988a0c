"""What training is judged by, now and then: how many examples each restart answers rightly.

In: a trainer. Out: shares. Where networks only decide, or there are none, the hardened programs are
run by the machine. Else the soft module runs where all temperatures are 0: there it is the crisp
program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from diffprog.learn.record import accuracy
from diffprog.learn.trainer import Descent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from diffprog.learn.cells import Cells
    from diffprog.learn.networks import Networks
    from diffprog.learn.outcomes import Likelihood
    from diffprog.learn.relaxed import Soft
    from diffprog.learn.rows import Task
    from diffprog.learn.trainer import Trainer


class Judge(Protocol):
    """Says how good each restart is."""

    def share(self, trainer: Trainer) -> Tensor:
        """Return the share of right answers, by which restarts are chosen, [R]."""
        ...

    def close(self, trainer: Trainer) -> Tensor | None:
        """Return what decides between equals, [R], if there is something."""
        ...


@dataclass(frozen=True)
class Crisp:
    """The hardened programs, run by the machine."""

    tasks: Sequence[Task]
    cells: Cells
    likelihood: Likelihood
    networks: Networks | None = None

    def share(self, trainer: Trainer) -> Tensor:
        """Return the share of right answers."""
        return accuracy(
            self.tasks, self.cells, trainer.hardened(), trainer.reals(), self.likelihood.tolerance,
            self.networks,
        )  # fmt: skip

    def close(self, trainer: Trainer) -> None:
        """Nothing decides between equals."""
        return


@dataclass(frozen=True)
class Softened:
    """The modules; with `soft`, the most probable answers count before the crisp ones."""

    judged: Soft
    soft: bool

    def share(self, trainer: Trainer) -> Tensor:
        """Return the share of right answers in the reading that counts."""
        return self._read(trainer, crisp=not self.soft)

    def close(self, trainer: Trainer) -> Tensor:
        """Return that in the other."""
        return self._read(trainer, crisp=self.soft)

    def _read(self, trainer: Trainer, *, crisp: bool) -> Tensor:
        assert isinstance(trainer, Descent)
        return self.judged.share(trainer.weights, crisp=crisp)
