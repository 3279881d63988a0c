"""How the loops of a program run: round after round, a long one with few of its states kept.

In and out: the states of a loop, tuples of tensors, of tuples and of lists. The generated source
contains these functions as they stand here, so they use torch, the functions of `halting` and one
another, and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence  # noqa: TC003 - the generated source has no type-checking block
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.utils._pytree import tree_flatten, tree_unflatten

from diffprog.soft.halting import is_transformed, note

LONG = 256
"""A loop of more rounds than this may keep only some of its states for the backward pass."""

KEPT = 1 << 23
"""The numbers that all rounds of a loop may keep; a thousand stand for what else a round takes."""


def rolled(
    step: Callable[..., tuple[Any, ...]],
    counters: range,
    state: tuple[Any, ...],
    report: dict[str, dict[int, Any]] | None,
    over: Callable[[tuple[Any, ...]], bool] | None = None,
    run: Callable[..., tuple[Any, ...]] | None = None,
    every: int = 1,
) -> tuple[Any, ...]:
    """Run a loop: state = step(report, k, *state) for each k, until no row goes on (`over`).

    That is asked after `every` so many rounds: a short one costs less than to ask.

    A long loop keeps the states between about √n chunks for the backward pass and runs each
    chunk again there (Chen et al. 2016), so that memory grows with √n. Consecutive rounds are run
    by `run`, where that may be.
    """
    inside = torch.compiler.is_compiling() or is_transformed()
    run = partial(stretch, every=every) if inside or run is None else run
    if inside or len(counters) <= LONG or not torch.is_grad_enabled():
        return run(step, counters, state, report, over)
    numbers = sum(x.numel() for x in tree_flatten(state)[0] if isinstance(x, Tensor))
    if len(counters) * (numbers + 1000) <= KEPT:
        return run(step, counters, state, report, over)
    size = math.isqrt(len(counters))
    for start in range(0, len(counters), size):
        part = counters[start : start + size]
        state = again(run, step, part, state, report, over)
        if over is not None and over(state):
            break
    return state


def stretch(
    step: Callable[..., tuple[Any, ...]],
    counters: Sequence[int],
    state: tuple[Any, ...],
    report: dict[str, dict[int, Any]] | None,
    over: Callable[[tuple[Any, ...]], bool] | None,
    every: int = 1,
) -> tuple[Any, ...]:
    """Run consecutive rounds of a loop."""
    for done, k in enumerate(counters, 1):
        state = step(report, k, *state)
        if over is not None and done % every == 0 and done < len(counters) and over(state):
            break
    return state


def again(
    run: Callable[..., tuple[Any, ...]],
    step: Callable[..., tuple[Any, ...]],
    counters: Sequence[int],
    state: tuple[Any, ...],
    report: dict[str, dict[int, Any]] | None,
    over: Callable[[tuple[Any, ...]], bool] | None,
) -> tuple[Any, ...]:
    """Run consecutive rounds of a loop that keep only where they began for the backward pass.

    There they are run again. What the rounds read from outside (the cells of `step`) has slopes
    too, so it goes in beside the state; what they report comes out beside it. Networks hold their
    parameters out of reach: rounds that use one keep everything.
    """
    cells = step.__closure__ or ()
    before = [c.cell_contents for c in cells]
    held, shape = tree_flatten((state, before))
    networks = [m for v in held if isinstance(m := getattr(v, "module", v), torch.nn.Module)]
    if any(True for m in networks for _ in m.parameters()):
        return run(step, counters, state, report, over)
    places = [i for i, v in enumerate(held) if isinstance(v, Tensor)]

    def work(tensors: Sequence[Tensor]) -> Any:
        values = list(held)
        for i, tensor in zip(places, tensors, strict=True):
            values[i] = tensor
        start, outside = tree_unflatten(values, shape)
        told: dict[str, dict[int, Any]] = {}
        try:
            for cell, value in zip(cells, outside, strict=True):
                cell.cell_contents = value
            return run(step, counters, start, told, over), told
        finally:
            for cell, value in zip(cells, before, strict=True):
                cell.cell_contents = value

    state, told = recomputed(work, [held[i] for i in places])
    for kind, lines in told.items():
        for line, amount in lines.items():
            note(report, kind, line, amount)
    return state


def recomputed(work: Callable[[Sequence[Tensor]], Any], tensors: Sequence[Tensor]) -> Any:
    """Return what `work` makes of tensors, to be made again in the backward pass.

    torch's own checkpoint keeps so many small objects that a C library's heap falls to pieces: ten
    thousand steps took the memory of all their states. So nothing that the second run makes, not
    even its emptied graph, may be held after it.
    """
    made: list[Any] = []

    def forward(ctx: Any, *given: Tensor) -> tuple[Tensor, ...]:
        ctx.save_for_backward(*given)
        with torch.no_grad():
            made.extend(tree_flatten(work(given)))
        return tuple(v for v in made[0] if isinstance(v, Tensor))

    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        given = [t.detach().requires_grad_(t.requires_grad) for t in ctx.saved_tensors]
        with torch.enable_grad():
            out = [v for v in tree_flatten(work(given))[0] if isinstance(v, Tensor)]
        pairs = [(o, g) for o, g in zip(out, slopes, strict=True) if o.requires_grad]
        asked = [t for t in given if t.requires_grad]
        if not pairs or not asked:
            return (None,) * len(given)
        found = iter(
            torch.autograd.grad(
                [o for o, _ in pairs], asked, [g for _, g in pairs], allow_unused=True
            )
        )
        return tuple(next(found) if t.requires_grad else None for t in given)

    rules = {
        "forward": staticmethod(forward),
        "backward": staticmethod(once_differentiable(backward)),
    }
    function = type("Recomputed", (torch.autograd.Function,), rules)
    found = iter(function.apply(*tensors))  # type: ignore[attr-defined]
    leaves, shape = made
    made.clear()
    return tree_unflatten([next(found) if isinstance(v, Tensor) else v for v in leaves], shape)
