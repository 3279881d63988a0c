"""The optimisers, and how the learning rate falls.

In: groups of parameters, a recipe. Out: a `torch.optim.Optimizer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor
from torch.optim import Optimizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Name = Literal["adam", "rmsprop", "graves"]


class Graves(Optimizer):
    """RMSProp as Graves has it: centred, epsilon inside the root, with momentum.

    Graves, "Generating Sequences With Recurrent Neural Networks" (2013), eq. 38 to 45: with g the
    gradient, n <- 0.95 n + 0.05 g², m <- 0.95 m + 0.05 g, d <- 0.9 d - lr g / sqrt(n - m² + 1e-4).
    """

    def __init__(self, params: Iterable[Any], lr: float, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take a step."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._step(p, p.grad.add(p, alpha=group["weight_decay"]), group["lr"])

    def _step(self, p: Tensor, g: Tensor, lr: float) -> None:
        state = self.state[p]
        if not state:
            state |= {name: torch.zeros_like(p) for name in ("n", "m", "d")}
        n, m, d = state["n"], state["m"], state["d"]
        n.mul_(0.95).addcmul_(g, g, value=0.05)
        m.mul_(0.95).add_(g, alpha=0.05)
        d.mul_(0.9).addcdiv_(g, (n - m * m + 1e-4).sqrt_(), value=-lr)
        p.add_(d)


def make(name: Name, groups: list[dict[str, Any]], weight_decay: float) -> Optimizer:
    """Return an optimiser of groups, each with its own `lr`."""
    first = groups[0]["lr"]
    match name:
        case "graves":
            return Graves(groups, first, weight_decay)
        case "rmsprop":
            return torch.optim.RMSprop(groups, first, weight_decay=weight_decay)
        case "adam":
            # Decay apart from the gradient (Loshchilov 2019): without it, it is Adam.
            return torch.optim.AdamW(groups, first, weight_decay=weight_decay)
