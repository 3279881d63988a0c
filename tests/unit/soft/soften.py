"""What the tests of soft code share: modules from text, crisp values as tensors, expectations."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

import diffprog as dp
from diffprog.types import Array, Bool, Enum, Int, Real, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diffprog.soft.module import SoftProgram


def soft(text: str, **sizes: int) -> SoftProgram:
    """Return a program's module, in double precision."""
    return dp.loads(text, "test.dp", **sizes).soften().double()


def soft_value(value: Any, t: Type) -> Tensor:
    """Return a crisp value as a soft one."""
    item = t.item if isinstance(t, Array) else t
    x = torch.tensor(value)
    if isinstance(item, Int | Enum):
        return torch.nn.functional.one_hot(x - item.lo, item.size).double()
    return x.double()


def random_value(t: Type, generator: torch.Generator, lead: Sequence[int] = ()) -> Tensor:
    """Return a soft value in the interior, with leading axes."""
    item = t.item if isinstance(t, Array) else t
    shape = (*lead, *(t.shape if isinstance(t, Array) else ()))
    if isinstance(item, Real):
        return torch.randn(shape, generator=generator, dtype=torch.float64)
    if isinstance(item, Bool):
        return torch.rand(shape, generator=generator, dtype=torch.float64)
    raw = torch.rand((*shape, item.size), generator=generator, dtype=torch.float64) + 0.01
    return raw / raw.sum(-1, keepdim=True)


def probability(x: Tensor, value: Any, t: Type) -> Tensor:
    """Return the probability of a crisp scalar value, from a soft one without leading axes."""
    if isinstance(t, Bool):
        return x if value else 1 - x
    assert isinstance(t, Int | Enum)
    return x[..., value - t.lo]


def expectation(
    function: Callable[..., Any], xs: Sequence[Tensor], types: Sequence[Type], result: Type
) -> Tensor:
    """Return the soft value of a crisp function of independent scalars, by the definition."""
    domains = [t.values() for t in types if isinstance(t, Bool | Int | Enum)]
    total: Any = 0.0
    for values in product(*domains):
        weight = torch.ones(())
        for x, v, t in zip(xs, values, types, strict=True):
            weight = weight * probability(x, v, t)
        target = soft_value(function(*values), result)
        total = total + weight[(..., *(None,) * target.dim())] * target
    assert isinstance(total, Tensor)
    return total
