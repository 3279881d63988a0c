"""Outcomes: what a program may give, as alternatives on a leading axis with their weights.

In: what a generated function returns where outcomes are asked for: the weights of each axis of
alternatives (a loop `by ponder` at the program's top level makes one, a step each), then results.
Out: one axis of alternatives, and reports that are means over it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import torch

from diffprog.ir.graph import Loop
from diffprog.soft.inputs import gathered, leaves
from diffprog.types import trail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from diffprog.ir.graph import Graph
    from diffprog.types import Type


@dataclass(frozen=True)
class Outcomes:
    """What a program may give.

    Attributes:
        values: an answer of the program whose tensors have the alternatives on their first axis.
        weights: of each alternative, [alternatives, ...]; they sum to 1.
    """

    values: Any
    weights: Tensor


def has_outcomes(graph: Graph) -> bool:
    """Say whether a program has more than one outcome for one set of weights and inputs."""
    return any(isinstance(n, Loop) and n.halting.kind == "ponder" for n in graph.nodes)


def outcomes_of(
    result: Type, steps: Sequence[Tensor], tensors: Sequence[Tensor], lead: int
) -> Outcomes:
    """Return results with all axes of alternatives as one, and the weights of that.

    Args:
        result: the type of the program's answer.
        steps: the weights of each axis of alternatives, each left of those before it.
        tensors: the results, by leaf.
        lead: how many other leading axes there are.
    """
    weights, axes = joint(steps), len(steps)
    own = [trail(t) for t in leaves(result)]
    free = [x.shape[: x.dim() - n] for x, n in zip(tensors, own, strict=True)]
    shape = torch.broadcast_shapes(weights.shape, *free)  # type: ignore[no-untyped-call]
    assert len(shape) == axes + lead
    values = [
        x.expand(*shape, *x.shape[x.dim() - n :]).flatten(0, axes - 1)
        for x, n in zip(tensors, own, strict=True)
    ]
    return Outcomes(gathered(result, iter(values)), weights.expand(shape).flatten(0, axes - 1))


def joint(steps: Sequence[Tensor]) -> Tensor:
    """Return the weights of all combinations."""
    return reduce(torch.mul, steps)


def averaged(
    report: Mapping[str, Mapping[int, Tensor]], steps: Sequence[Tensor], lead: int
) -> dict[str, dict[int, Tensor]]:
    """Return a report of each alternative as its mean over them, one number a row."""
    return {
        kind: {line: _mean(amount, steps, lead) for line, amount in lines.items()}
        for kind, lines in report.items()
    }


def _mean(amount: Tensor, steps: Sequence[Tensor], lead: int) -> Tensor:
    axes = amount.dim() - lead
    return (joint(steps[:axes]) * amount).sum(tuple(range(axes))) if axes > 0 else amount
