"""One step of training: for all restarts at once, each as if it were alone.

In: an estimator, or local search. Out: new logits or choices. A step is a function of the
state, the seed and the step's number: chance comes from a generator made anew for each step, so
a run that is taken up again goes on as if it had not stopped.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from diffprog.learn.cells import Cells, parameter_name
from diffprog.learn.optimisers import Name, make
from diffprog.learn.search import Chains, Search

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diffprog.learn.estimators import Estimator


@dataclass(frozen=True)
class Recipe:
    """How logits are trained.

    Attributes:
        lr: the learning rate of logits and learned reals.
        network_lr: that of the weights of networks.
        fall: what share of it is left at the last step; it falls as a geometric sequence.
        weight_decay: of the optimiser.
        optimiser: `adam`, `rmsprop` or `graves`.
        clip: the largest norm of a restart's gradient, or None.
        noise: the scale of gradient noise, noise / (1 + t)^0.55, added after clipping
            (Neelakantan 2015).
        entropy: the weight of the choices' entropy in the objective; it falls to 0 by the end
            (Gaunt 2016).
        anneal: the choices' temperature at the first and the last step, or None for 1.
        cool: that of the relaxed operations, for `soft`.
        cost: the weight of what loops cost at the first and the last step, for `soft`.
        steps: the number of the last step, for what changes over time.
        start: the spread of the first logits.
        seed: of everything that is random.
    """

    lr: float = 0.1
    network_lr: float = 1e-3
    fall: float = 1.0
    weight_decay: float = 0.0
    optimiser: Name = "adam"
    clip: float | None = 1.0
    noise: float = 0.0
    entropy: float = 0.0
    anneal: tuple[float, float] | None = None
    cool: tuple[float, float] | None = None
    cost: tuple[float, float] = (0.0, 0.0)
    steps: int = 1000
    start: float = 0.5
    seed: int = 0

    def share(self, step: int) -> float:
        """Return the share of the learning rate at a step."""
        return float(self.fall ** (step / max(1, self.steps - 1)))

    def temperature(self, step: int) -> float:
        """Return the choices' temperature at a step: geometric between its ends."""
        return self._between(self.anneal, step)

    def warmth(self, step: int) -> float:
        """Return the temperature of the relaxed operations at a step."""
        return self._between(self.cool, step)

    def weight(self, step: int) -> float:
        """Return the weight of what loops cost at a step."""
        return self._between(self.cost, step)

    def _between(self, ends: tuple[float, float] | None, step: int) -> float:
        first, last = ends or (1.0, 1.0)
        if first == last:
            return first
        return float(first * (last / first) ** (step / max(1, self.steps - 1)))


def chance(seed: int, step: int) -> torch.Generator:
    """Return the generator of a step."""
    return torch.Generator().manual_seed((seed * 1_000_003 + step + 1) % 2**63)


@contextmanager
def layers_draw(seed: int, step: int) -> Iterator[None]:
    """Let what networks leave out in training depend on the seed and the step alone.

    `nn.Dropout` and its like know no generator but the global one, which is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(chance(seed, step).initial_seed())
        yield


class Trainer(Protocol):
    """Something that gets better, for all restarts at once."""

    def step(self, step: int, tasks: Sequence[int]) -> Tensor:
        """Take a step on some tasks and return the loss of each restart, [R]."""
        ...

    def hardened(self) -> Tensor:
        """Return the best alternatives, [R, cells]."""
        ...

    def reals(self) -> dict[str, Tensor]:
        """Return the learned reals by parameter name, [R, *shape]."""
        ...

    def entropy(self) -> Tensor:
        """Return the mean entropy of the choices in bits, [R]."""
        ...

    def state(self) -> dict[str, Tensor]:
        """Return everything that a later step depends on."""
        ...

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from such a state."""
        ...


class Descent:
    """Gradient descent on the logits of all restarts, and on the weights of their networks.

    Attributes:
        broken: whether the last gradient was not finite; then no step was taken.
        more: further figures of the last step, [R], by the name of their metric.
    """

    def __init__(
        self,
        estimator: Estimator,
        cells: Cells,
        restarts: int,
        recipe: Recipe,
        networks: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.estimator, self.cells, self.recipe = estimator, cells, recipe
        choices = first_weights(cells, restarts, recipe)
        layers = {k: v.detach().clone().requires_grad_() for k, v in (networks or {}).items()}
        self.weights = {**choices, **layers}
        self.impossible = 0
        self.broken = False
        self.more: dict[str, Tensor] = {}
        # Beside networks, learned reals are weights like theirs.
        slow = {*layers, *(map(parameter_name, cells.reals) if layers else ())}
        rates = [(name, recipe.network_lr if name in slow else recipe.lr) for name in self.weights]
        groups = [
            {"params": [self.weights[n] for n, r in rates if r == rate], "lr": rate}
            for rate in dict.fromkeys(r for _, r in rates)
        ]
        self.optimiser = make(recipe.optimiser, groups, recipe.weight_decay)
        self.rates = list(dict.fromkeys(r for _, r in rates))

    def step(self, step: int, tasks: Sequence[int]) -> Tensor:
        """Take a step on some tasks and return the loss of each restart, [R]."""
        recipe, random = self.recipe, chance(self.recipe.seed, step)
        with layers_draw(recipe.seed, step):
            losses = [
                self.estimator.loss(t, self.weights, random, recipe.temperature(step))
                for t in tasks
            ]
        self.impossible = sum(loss.impossible for loss in losses)
        total = max(1.0, sum(loss.weight for loss in losses))
        self.more = {
            name: sum((loss.more[name] * (loss.weight / total) for loss in losses), torch.zeros(()))
            for name in losses[0].more
        }
        objective = sum(
            (loss.objective * (loss.weight / total) for loss in losses), torch.zeros(())
        )
        if recipe.entropy:
            left = 1 - step / max(1, recipe.steps)
            objective = objective - recipe.entropy * left * self.cells.entropy(self.weights)
        self.optimiser.zero_grad()
        if objective.requires_grad:
            objective.sum().backward()  # type: ignore[no-untyped-call]
            self._tame(step, random)
            for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
                group["lr"] = rate * recipe.share(step)
            self.broken = not all(_finite(p.grad) for p in self.weights.values())
            if not self.broken:
                self.optimiser.step()
        return sum(
            (loss.value.detach() * (loss.weight / total) for loss in losses), torch.zeros(())
        )

    def _tame(self, step: int, random: torch.Generator) -> None:
        """Clip each restart's gradient by itself, then add noise."""
        grads = [p.grad for p in self.weights.values() if p.grad is not None]
        if self.recipe.clip is not None:
            squares = [g.reshape(len(g), -1).square().sum(1) for g in grads]
            norm = torch.stack(squares).sum(0).sqrt()
            factor = (self.recipe.clip / norm.clamp_min(1e-12)).clamp(max=1)
            for g in grads:
                g.mul_(factor.reshape(-1, *[1] * (g.dim() - 1)))
        if self.recipe.noise:
            scale = self.recipe.noise / (1 + step) ** 0.55
            for g in grads:
                g.add_(torch.randn(g.shape, generator=random, dtype=g.dtype), alpha=scale)

    def hardened(self) -> Tensor:
        """Return the best alternatives, [R, cells]."""
        return self.cells.harden(self.weights)

    def reals(self) -> dict[str, Tensor]:
        """Return the learned reals by parameter name, [R, *shape]."""
        names = [*map(parameter_name, self.cells.reals), *self.cells.networks]
        return {name: self.weights[name].detach() for name in names}

    def entropy(self) -> Tensor:
        """Return the mean entropy of the choices in bits, [R]."""
        with torch.no_grad():
            return self.cells.entropy(self.weights)

    def state(self) -> dict[str, Tensor]:
        """Return logits and the optimiser's moments."""
        out = {f"weights/{name}": p.detach() for name, p in self.weights.items()}
        for (name, _), moments in zip(
            self.weights.items(), self.optimiser.state.values(), strict=False
        ):
            out |= {f"optimiser/{name}/{k}": torch.as_tensor(v) for k, v in moments.items()}
        return {name: value.clone().contiguous() for name, value in out.items()}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from such a state."""
        for name, p in self.weights.items():
            with torch.no_grad():
                p.copy_(state[f"weights/{name}"])
            prefix = f"optimiser/{name}/"
            moments = {
                k[len(prefix) :]: v.clone() for k, v in state.items() if k.startswith(prefix)
            }
            if moments:
                self.optimiser.state[p] = moments


def _finite(gradient: Tensor | None) -> bool:
    return gradient is None or bool(gradient.isfinite().all())


def first_weights(cells: Cells, restarts: int, recipe: Recipe) -> dict[str, Tensor]:
    """Draw the first logits, [R, *shape, K], and learned reals, [R, *shape], by parameter name."""
    random = chance(recipe.seed, -1)
    shapes = {parameter_name(k): (*p.shape, p.count) for k, p in cells.parts.items()}
    for key, hole in cells.reals.items():
        shapes[parameter_name(key)] = tuple(getattr(hole.type, "shape", ()))
    return {
        name: (recipe.start * torch.randn(restarts, *shape, generator=random)).requires_grad_()
        for name, shape in shapes.items()
    }


class Walk:
    """Local search as a trainer: the loss is the share of wrong cells."""

    def __init__(self, search: Search, restarts: int, seed: int) -> None:
        self.search, self.seed = search, seed
        self.chains = search.start(restarts, chance(seed, -1))

    def step(self, step: int, tasks: Sequence[int]) -> Tensor:
        """Take a step of every chain, on all tasks."""
        self.chains = self.search.step(self.chains, step, chance(self.seed, step))
        return self.chains.energy

    def hardened(self) -> Tensor:
        """Return where the chains are, [R, cells]."""
        return self.chains.choices

    def reals(self) -> dict[str, Tensor]:
        """Return nothing: search learns no reals."""
        return {}

    def entropy(self) -> Tensor:
        """Return zeros: every choice is decided."""
        return torch.zeros(len(self.chains.choices)) * math.log(2)

    def state(self) -> dict[str, Tensor]:
        """Return the chains."""
        return dict(self.search.state(self.chains))

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from such chains."""
        self.chains = Chains(state["choices"].clone(), state["energy"].clone())
