"""What a decision gets: one alternative that is drawn, or the one that is written down."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn

import torch
from torch import Tensor

from diffprog.errors import InvariantError
from diffprog.learn.cells import first_best

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.learn.cells import Cells, Part
    from diffprog.learn.particles import World


def allowed_rows(rows: Tensor, mask: Tensor | None) -> Tensor:
    """Return rows of log-probabilities [P, K], normalised over what a mask leaves."""
    if mask is None:
        return rows
    return torch.log_softmax(rows.masked_fill(~mask, -torch.inf), -1)


@dataclass
class Replay:
    """Decides as written: `choices` [R, cells], and learned reals by parameter name [R, *shape]."""

    cells: Cells
    choices: Tensor
    real: Mapping[str, Tensor] = field(default_factory=dict)

    def written(self, part: Part, world: World) -> Tensor:
        """Return the values of a free choice or of a `learn`, whole, [P, *shape]."""
        own = self.choices[:, part.first : part.last] + part.lo
        return own.reshape(-1, *part.shape).index_select(0, world.restart)

    def decide(
        self, world: World, where: Tensor, cell: Tensor, mask: Tensor | None
    ) -> tuple[Tensor | None, World, Tensor]:
        """Look the alternative up; one that is masked makes the run undefined."""
        chosen = self.choices[world.restart, cell]
        if mask is None:
            return None, world, chosen
        allowed = mask.gather(1, chosen.unsqueeze(1)).squeeze(1)
        return None, replace(world, undefined=world.undefined | (where & ~allowed)), chosen

    def among(self, world: World, logs: Tensor) -> tuple[None, World, Tensor]:
        """Take the most probable, the first of equals."""
        return None, world, first_best(logs)

    def noted(
        self, world: World, logits: Tensor, mask: Tensor | None, count: int
    ) -> tuple[None, World, Tensor]:
        """Take the first that is allowed: nothing is written of a network's decisions."""
        if mask is None:
            return None, world, torch.zeros(world.count, dtype=torch.long)
        return None, world, first_best(mask.long())

    def merge(self, world: World, classes: Tensor, count: int) -> Tensor:
        """Particles that follow what is written do not split, so none become one."""
        message = "merging in a replay"
        raise InvariantError(message)

    def keep(self, world: World) -> None:
        """All go on."""

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
        return self._drawn(world, where, allowed_rows(rows, mask))

    def among(self, world: World, logs: Tensor) -> tuple[None, World, Tensor]:
        """Draw an alternative of stated log-probabilities."""
        everyone = torch.ones(world.count, dtype=torch.bool)
        return self._drawn(world, everyone, logs)

    def _drawn(self, world: World, where: Tensor, rows: Tensor) -> tuple[None, World, Tensor]:
        chance = torch.multinomial(rows.detach().exp(), 1, generator=self.generator)
        taken = rows.gather(1, chance).squeeze(1)
        # `node` is the particle's number: particles part and change places, draws do not split.
        gained = torch.where(where, taken, torch.zeros_like(taken)).to(self.logq.dtype)
        self.logq = self.logq.index_add(0, world.node, gained)
        return None, world, chance.squeeze(1)

    def noted(self, world: World, logits: Tensor, mask: Tensor | None, count: int) -> NoReturn:
        """What is written or drawn has numbers, never references."""
        message = "a reference to logits where there are numbers"
        raise InvariantError(message)

    def merge(self, world: World, classes: Tensor, count: int) -> Tensor:
        """Draws do not split, so none become one."""
        message = "merging of draws"
        raise InvariantError(message)

    def keep(self, world: World) -> None:
        """All go on."""

    def reals(self, name: str, world: World) -> Tensor:
        """Return learned reals, with their gradient."""
        return self.real[name].double().index_select(0, world.restart)
