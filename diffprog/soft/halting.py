"""What branches and loops need at run time: conditioning, reports, and the loops' drivers.

In and out: tensors whose leading axes are free. A report is a dict of dicts,
``report[kind][line]``, one number a row; None reports nothing. The generated source contains
these functions as they stand here, so they use torch and one another, and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence  # noqa: TC003 - the generated source has no type-checking block
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.utils._pytree import tree_flatten, tree_unflatten

LONG = 256
"""A loop of more rounds than this may keep only some of its states for the backward pass."""

KEPT = 1 << 23
"""The numbers that all rounds of a loop may keep; a thousand stand for what else a round takes."""


def note(report: dict[str, dict[int, Any]] | None, kind: str, line: int, amount: Any) -> None:
    """Add an amount to what is reported of a line."""
    if report is not None:
        found = report.setdefault(kind, {})
        found[line] = found[line] + amount if line in found else amount


def vertices(n: int, like: Tensor, lead: int) -> Tensor:
    """Return every value of an int, as distributions on a new leading axis: [n, 1, …, 1, n]."""
    return torch.eye(n, dtype=like.dtype, device=like.device).reshape(n, *(1,) * lead, n)


def sides(like: Tensor, lead: int) -> Tensor:
    """Return false and true on a new leading axis: [2, 1, …, 1]."""
    return torch.arange(2, dtype=like.dtype, device=like.device).reshape(2, *(1,) * lead)


def likely(yes: Tensor, no: Tensor) -> Tensor:
    """Return yes / (yes + no), one half where both are nothing.

    The conditioned form of a bool.
    """
    total = yes + no
    live = total >= torch.finfo(total.dtype).tiny
    return torch.where(live, yes / torch.where(live, total, 1.0), 0.5)


def substituted(x: Tensor, shape: Sequence[int], n: int, lead: int) -> Tensor:
    """Return an array with each cell in turn replaced by each value, on a new leading axis.

    [..., *shape, n] -> [cells * n, ..., *shape, n]; bools have n = 0 and no last axis.
    """
    cells, values = math.prod(shape), n or 2
    flat = x.reshape(
        *x.shape[: x.dim() - len(shape) - bool(n)], cells, *x.shape[x.dim() - bool(n) :]
    )
    while flat.dim() - 1 - bool(n) < lead:
        flat = flat[None]
    new = vertices(n, x, lead + 1) if n else sides(x, lead + 1)
    here = torch.eye(cells, dtype=torch.bool, device=x.device)
    mask = here.reshape(cells, 1, *(1,) * lead, cells, *(1,) * bool(n))
    every = torch.where(mask, new, flat)
    return every.reshape(cells * values, *flat.shape[:lead], *shape, *flat.shape[lead + 1 :])


def by_value(at: Tensor, shape: Sequence[int]) -> Tensor:
    """Return what `substituted` led to as [..., (outcomes,) *shape, values]."""
    cells = at.unflatten(0, (*shape, -1))  # type: ignore[no-untyped-call]
    k = len(shape) + 1
    return cells.movedim(tuple(range(k)), tuple(range(-k, 0)))  # type: ignore[no-any-return]


def certain(weight: Tensor, value: float) -> Tensor:
    """Return a bool that its own test decides: `value`, one half where the weight is nothing."""
    live = weight >= torch.finfo(weight.dtype).tiny
    return torch.where(live, value, 0.5).to(weight.dtype)


def added(out: float | Tensor, weight: Tensor, value: Tensor) -> Tensor:
    """Return out + weight * value; a number is nothing yet."""
    return torch.addcmul(out, weight, value) if isinstance(out, Tensor) else weight * value


def kept(on: Tensor, new: Tensor, old: Tensor, depth: int) -> Tensor:
    """Return the new state of the rows that go on and the old one of those that have halted."""
    return torch.where(on[(..., *(None,) * depth)] if depth else on, new, old)


def halting(alive: Tensor, stop: Tensor, epsilon: float | Tensor) -> Tensor:
    """Return the weight that leaves the loop now; rows with at most epsilon left are frozen."""
    if not isinstance(epsilon, Tensor) and epsilon == 0:
        return alive * stop
    return torch.where(alive > epsilon, alive * stop, 0.0)


def going(alive: Tensor, go: Tensor, epsilon: float | Tensor) -> Tensor:
    """Return the weight that goes on."""
    if not isinstance(epsilon, Tensor) and epsilon == 0:
        return alive * go
    return torch.where(alive > epsilon, alive * go, alive)


def act_weights(
    total: Tensor, active: Tensor, unit: Tensor, epsilon: float, last: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Return a step's weight, whether it ends its row, and what had not halted at the bound.

    p_n = h_n until the sum of h reaches 1 - epsilon; there, or at the bound, the remainder R =
    1 - (earlier h).
    """
    full = (total + unit >= 1 - epsilon).to(total.dtype)
    ends = torch.ones_like(full) if last else full
    weight = active * torch.where(ends > 0, 1 - total, unit)
    missing = active * (1 - full) * (1 - total - unit) if last else torch.zeros_like(total)
    return weight, active * ends, missing


def alternatives(steps: Sequence[Tensor], lead: int, depth: int) -> Tensor:
    """Return a value of each step as alternatives, left of `lead` other leading axes."""
    axes = lead + depth
    padded = [x[(None,) * (axes - x.dim())] for x in steps]
    return torch.stack(torch.broadcast_tensors(*padded))  # type: ignore[no-untyped-call]


def divergence(p: Tensor, log_prior: float) -> Tensor:
    """Return p (log p - log prior), a term of a Kullback-Leibler divergence; 0 where p is 0."""
    live = p > 0
    return p * (torch.log(torch.where(live, p, 1.0)) - log_prior)


def kept_finite(
    alive: Tensor, epsilon: float | Tensor, new: Tensor, old: Tensor, depth: int
) -> Tensor:
    """Return `kept` for a finite value: where epsilon is 0 a state without weight does no harm."""
    if not isinstance(epsilon, Tensor) and epsilon == 0:
        return new
    return kept(alive > epsilon, new, old, depth)


def is_transformed() -> bool:
    """Say whether torch.func is at work: under vmap no row may be looked at by itself."""
    return torch._C._functorch.peek_interpreter_stack() is not None


def is_over(alive: Tensor, epsilon: float | Tensor) -> bool:
    """Say whether every row has halted.

    False where that may not be asked (compiling, export, vmap, capture).
    """
    if torch.compiler.is_compiling() or is_transformed():
        return False
    if alive.is_meta or (alive.is_cuda and torch.cuda.is_current_stream_capturing()):
        return False
    always = not isinstance(epsilon, Tensor) and epsilon == 0
    return not bool((alive if always else alive > epsilon).any())


def rolled(
    step: Callable[..., tuple[Any, ...]],
    counters: range,
    state: tuple[Any, ...],
    report: dict[str, dict[int, Any]] | None,
    over: Callable[[tuple[Any, ...]], bool] | None = None,
    run: Callable[..., tuple[Any, ...]] | None = None,
) -> tuple[Any, ...]:
    """Run a loop: state = step(report, k, *state) for each k, until no row goes on (`over`).

    A long loop keeps the states between about √n chunks for the backward pass and runs each
    chunk again there (Chen et al. 2016), so that memory grows with √n. Consecutive rounds are run
    by `run`, where that may be.
    """
    inside = torch.compiler.is_compiling() or is_transformed()
    run = stretch if inside or run is None else run
    numbers = sum(x.numel() for x in state if isinstance(x, Tensor))
    short = len(counters) <= LONG or len(counters) * (numbers + 1000) <= KEPT
    if inside or not torch.is_grad_enabled() or short:
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
) -> tuple[Any, ...]:
    """Run consecutive rounds of a loop."""
    for k in counters:
        state = step(report, k, *state)
        if over is not None and k != counters[-1] and over(state):
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
    if any(isinstance(v, torch.nn.Module) and any(True for _ in v.parameters()) for v in held):
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
