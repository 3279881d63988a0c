"""Rounds of a loop that `torch.compile` takes together. Generated code copies these functions.

In and out: the states of a loop. What is compiled has as many rounds as it is told, whatever the
length of the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence  # noqa: TC003 - the generated source has no type-checking block
from types import FunctionType
from typing import Any

import torch

from diffprog.soft.halting import note


def as_one(step: Callable[..., tuple[Any, ...]], carried: int) -> Callable[..., tuple[Any, ...]]:
    """Return a round of a loop as it stands; what compiles it may stand in the place of this.

    The first inputs of a round are what it carried, and so are its first results.
    """
    assert carried >= 0
    return step


def in_pieces(size: int) -> Callable[..., tuple[Any, ...]]:
    """Return a driver of consecutive rounds that compiles `size` of them as one."""

    def run(
        step: Callable[..., tuple[Any, ...]],
        counters: Sequence[int],
        state: tuple[Any, ...],
        report: dict[str, dict[int, Any]] | None,
        over: Callable[[tuple[Any, ...]], bool] | None,
    ) -> tuple[Any, ...]:
        stride = counters[1] - counters[0] if len(counters) > 1 else 1
        rounds = piece(step)
        for start in range(0, len(counters), size):
            part = counters[start : start + size]
            state, told = rounds(step, part[0], stride, len(part), state)
            for kind, lines in told.items():
                for line, amount in lines.items():
                    note(report, kind, line, amount)
            if over is not None and part[-1] != counters[-1] and over(state):
                break
        return state

    return run


def piece(step: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, Any]]:
    """Return `a_few_rounds` compiled for a loop; it is kept with that function.

    The compiler counts what it compiles of one piece of code, and gives up after a few: each loop
    has a copy of its own, with and without gradients.
    """
    made: dict[Any, Any] = vars(a_few_rounds)
    code, grad = step.__code__, torch.is_grad_enabled()
    if (code, grad) not in made:
        name = f"{code.co_name}_{'with' if grad else 'without'}_gradient"
        own = FunctionType(a_few_rounds.__code__.replace(co_name=name), globals(), name)
        made[code, grad] = torch.compile(own)
    found: Callable[..., tuple[Any, Any]] = made[code, grad]
    return found


def a_few_rounds(
    step: Callable[..., tuple[Any, ...]],
    first: int,
    stride: int,
    count: int,
    state: tuple[Any, ...],
) -> tuple[Any, dict[str, dict[int, Any]]]:
    """Run rounds of a loop; return the state after them, and what they report."""
    told: dict[str, dict[int, Any]] = {}
    for k in range(count):
        state = step(told, first + k * stride, *state)
    return state, told
