"""`sample` with gradients straight through the draws (Bengio, Léonard, Courville 2013).

In: tasks with their soft modules. Out: the expected share of wrong cells of drawn programs. A draw
decides every choice at once, each entry of its table, so that what runs is one crisp program on all
rows; backwards a decision counts as its probability. The slopes are biased but vary little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from diffprog.errors import fail
from diffprog.ir.graph import Hole, walk
from diffprog.learn.cells import parameter_name
from diffprog.learn.estimators import SAMPLES, Loss
from diffprog.learn.relaxed import Soft, layers, restarts_of
from diffprog.soft.kernels import choice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.learn.rows import Task
    from diffprog.soft.module import SoftProgram


@dataclass
class Through(Soft):
    """Drawn programs, whose decisions have the slopes of their probabilities.

    Attributes:
        samples: programs that a step draws for each restart.
        crisp: whether the rest of the program runs at temperature 0: nothing learned is a real.
    """

    samples: int = SAMPLES
    crisp: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_late(self.tasks)
        self.name = "sample"

    def loss(
        self, task: int, weights: Mapping[str, Tensor], chance: torch.Generator, temperature: float
    ) -> Loss:
        """Return the mean distance of drawn answers."""
        own, module = self.tasks[task], self.modules[task]
        lead = (restarts_of(weights), self.samples, own.rows.count)
        found = self._answers(task, weights, chance, temperature)
        values = [v.flatten(0, 1) for v in self.expanded(task, found, lead)]
        off = self.likelihood.off(values, own.rows.targets, own.result).view(lead)
        for amount in module.report["undefined"].values():  # an answer that is none is all wrong
            off = torch.where(amount > 0, 1.0, off)
        share = (own.rows.weights / own.rows.weights.sum()).to(off.dtype)
        value = (off.mean(1) * share).sum(-1)
        return Loss(value, value.detach(), float(own.rows.weights.sum()))

    def _answers(
        self, task: int, weights: Mapping[str, Tensor], chance: torch.Generator, temperature: float
    ) -> Any:
        """Run drawn programs on a task's rows: restarts, draws and rows are the leading axes."""
        module = self.modules[task]
        drawn = self._drawn(module, weights, chance, temperature)
        before, module.temperature = module.temperature, 0.0 if self.crisp else module.temperature
        try:
            with module.given(layers(module, weights)):
                return module.run([x.unsqueeze(0) for x in self.encoded[task]], weights=drawn)
        finally:
            module.temperature = before

    def _drawn(
        self,
        module: SoftProgram,
        weights: Mapping[str, Tensor],
        chance: torch.Generator,
        temperature: float,
    ) -> dict[str, Tensor]:
        """Return what each hole is in each draw, [R, S, 1, *shape, K]; a real is what it is."""
        found = {}
        for key, hole in module.hole_types.items():
            own = weights[parameter_name(key)]
            if hole.kind == "real":
                found[key] = own[:, None, None]
            else:
                found[key] = straight(choice(own, temperature), self.samples, chance)
        return found


def straight(p: Tensor, samples: int, chance: torch.Generator) -> Tensor:
    """Draw from distributions, [R, *shape, K] -> [R, S, 1, *shape, K], with the slopes of p."""
    count = p.shape[-1]
    rows = p.detach().reshape(-1, count)
    drawn = torch.multinomial(rows, samples, replacement=True, generator=chance)
    hard = torch.nn.functional.one_hot(drawn, count).to(p.dtype)
    hard = hard.reshape(*p.shape[:-1], samples, count).movedim(-2, 1)
    return (hard + (p - p.detach()).unsqueeze(1)).unsqueeze(2)


def refuse_late(tasks: Sequence[Task]) -> None:
    """Complain of choices that depend on the run: `where` something holds, or `by` a network.

    Raises:
        DiffprogError: DP624.
    """
    for node in (n for t in tasks for n in walk(t.graph)):
        if isinstance(node, Hole) and (node.masked or node.logits):
            kind = "`where` something holds" if node.masked else "`by` a network"
            message = f"straight-through draws are made before the run: not choices {kind}"
            hint = "use `sample` without `straight_through`, or `exact`"
            fail("DP624", message, node.span, hint=hint)
