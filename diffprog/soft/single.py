"""One row of `OPS` by itself, as a function of soft values.

In: a row, types, tensors. Out: the row's soft value, by the same generated source as in a program.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch

from diffprog.errors import Source, Span
from diffprog.ir.graph import Apply, Builder
from diffprog.soft.sources import compiled
from diffprog.soft.torchgen import generate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from diffprog.types import Type

LINE = 1
"""The line under which what a row alone reports stands."""


def apply_row(
    op: str,
    types: Sequence[Type],
    result: Type,
    tensors: Sequence[Tensor],
    *,
    temperature: float | Tensor = 1.0,
    ties: bool = True,
    report: dict[str, dict[int, Any]] | None = None,
) -> Tensor:
    """Return the soft value of a row.

    Args:
        op: the row.
        types: of the arguments; those of a row that lifts may be arrays.
        result: the result's type.
        tensors: the arguments, soft; leading axes are free and broadcast.
        temperature: T.
        ties: whether comparisons have the right limit at ties.
        report: gets the weight at which the row is undefined, at ``report["undefined"][LINE]``.
    """
    function = _function(op, tuple(types), result)
    like = tensors[0]
    constants = _constants(function, like.dtype, like.device)
    found: tuple[Tensor, ...] = function(
        *tensors, constants=constants, like=like, T=temperature, ties=ties, report=report
    )
    return found[0]


@lru_cache(maxsize=1024)
def _function(op: str, types: tuple[Type, ...], result: Type) -> Callable[..., Any]:
    span = Span(Source("row", op), 0, len(op))
    builder = Builder()
    inputs = [builder.param(f"x{i}", t, span) for i, t in enumerate(types)]
    node = builder.add(Apply(op=op, inputs=tuple(inputs), type=result, span=span))
    generated = generate(builder.done([node]), f"row_{op}")
    function: Callable[..., Any] = compiled(generated.source, generated.entry)[generated.entry]
    return function


@lru_cache(maxsize=1024)
def _constants(
    function: Callable[..., Any], dtype: torch.dtype, device: torch.device
) -> dict[str, Tensor]:
    made: dict[str, Tensor] = function.__globals__["make_constants"](
        torch.empty((), dtype=dtype, device=device)
    )
    return made
