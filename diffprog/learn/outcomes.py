"""How likely an answer is: of a crisp outcome, and of soft marginals.

In: what programs gave, and targets by result. Out: log-likelihoods. A finite outcome's
likelihood is the product over its cells of whether they are right; a real one's is whether it
is within a tolerance, or a Gaussian (not normalised, so that the right answer has 1) of a
stated scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from diffprog.learn.vector import domain, item_of
from diffprog.types import Bool, Real, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

NONE = -torch.inf
"""The log-likelihood of an outcome that is wrong."""
FLOOR = 1e-12
"""Where soft marginals are clamped, so that the logarithm stays finite."""


@dataclass(frozen=True)
class Likelihood:
    """What counts as an answer.

    Attributes:
        tolerance: how far off a real may be.
        scale: of a Gaussian instead of the tolerance, or None.
    """

    tolerance: float = 1e-3
    scale: float | None = None

    def crisp(self, values: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
        """Return log p(target | outcome) of outcomes, [P], from parts [P, *shape]."""
        total = torch.zeros(len(values[0]), dtype=torch.float64)
        for value, target in zip(values, targets, strict=True):
            total = total + self._part(value, target).reshape(len(value), -1).sum(1)
        return total

    def _part(self, value: Tensor, target: Tensor) -> Tensor:
        if target.is_floating_point() and self.scale is not None:
            return -0.5 * ((value - target) / self.scale) ** 2
        near = (value - target).abs() <= (self.tolerance if target.is_floating_point() else 0)
        return torch.where(near, 0.0, NONE).double()

    def distance(self, values: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
        """Return how wrong outcomes are, [P]: the share of wrong cells, half squares of reals."""
        total, cells = torch.zeros(len(values[0]), dtype=torch.float64), 0
        for value, target in zip(values, targets, strict=True):
            if target.is_floating_point():
                off = 0.5 * ((value - target) / (self.scale or 1.0)) ** 2
            else:
                off = (value != target).double()
            flat = off.reshape(len(value), -1)
            total, cells = total + flat.sum(1), cells + flat.shape[1]
        return total / max(1, cells)

    def soft(
        self, values: Sequence[Tensor], targets: Sequence[Tensor], types: Sequence[Type]
    ) -> Tensor:
        """Return the log-likelihood of targets under soft values, [R, B].

        Args:
            values: by result, [R, B, *shape, K] (no last axis for bools and reals).
            targets: by result, [B, *shape].
            types: of the results.
        """
        total = torch.zeros(())
        for value, target, t in zip(values, targets, types, strict=True):
            real = isinstance(item_of(t), Real)
            cells = -self._squares(value, target) if real else _right(value, target, t)
            cells = cells if real else cells.clamp_min(FLOOR).log()
            total = total + cells.reshape(*cells.shape[:2], -1).sum(-1)
        return total

    def off(
        self, values: Sequence[Tensor], targets: Sequence[Tensor], types: Sequence[Type]
    ) -> Tensor:
        """Return the `distance` of soft values, which is linear in what they weigh, [R, B].

        Args:
            values: by result, [R, B, *shape, K] (no last axis for bools and reals).
            targets: by result, [B, *shape].
            types: of the results.
        """
        total, cells = torch.zeros(()), 0
        for value, target, t in zip(values, targets, types, strict=True):
            real = isinstance(item_of(t), Real)
            off = self._squares(value, target) if real else 1 - _right(value, target, t)
            flat = off.reshape(*off.shape[:2], -1)
            total, cells = total + flat.sum(-1), cells + flat.shape[-1]
        return total / max(1, cells)

    def _squares(self, value: Tensor, target: Tensor) -> Tensor:
        return 0.5 * ((value - target.to(value.dtype)) / (self.scale or 1.0)) ** 2


def _right(value: Tensor, target: Tensor, t: Type) -> Tensor:
    """Return the probability of targets, cell by cell, [R, B, *shape]."""
    if isinstance(item_of(t), Bool):
        return torch.where(target.bool(), value, 1 - value)
    return _at(value, target - domain(t)[0])


def _at(value: Tensor, number: Tensor) -> Tensor:
    """Return the probability of the value with a number, [R, B, *shape]."""
    index = number.unsqueeze(0).unsqueeze(-1).expand(*value.shape[:-1], 1)
    return value.gather(-1, index).squeeze(-1)


def soft_right(values: Sequence[Tensor], targets: Sequence[Tensor], types: Sequence[Type],
               tolerance: float) -> Tensor:  # fmt: skip
    """Return the share of cells whose most probable value is the target, [R, B]."""
    right, cells = torch.zeros(()), 0
    for value, target, t in zip(values, targets, types, strict=True):
        match item_of(t):
            case Real():
                same = (value - target).abs() <= tolerance
            case Bool():
                same = (value >= 0.5) == target.bool()
            case _:
                same = value.argmax(-1) == target - domain(t)[0]
        flat = same.reshape(*same.shape[:2], -1)
        right, cells = right + flat.sum(-1), cells + flat.shape[-1]
    return right / max(1, cells)
