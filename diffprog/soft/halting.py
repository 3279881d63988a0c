"""What branches and loops need at run time: conditioning, reports, and the loops' drivers.

In and out: tensors whose leading axes are free. A report is a dict of dicts,
``report[kind][line]``, one number a row; None reports nothing. `epsilon` is the weight with which a
row has halted, None for 0. The generated source contains these functions as they stand here, so
they use torch and one another, and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence  # noqa: TC003 - the generated source has no type-checking block
from typing import Any

import torch
from torch import Tensor


def note(report: dict[str, dict[int, Any]] | None, kind: str, line: int, amount: Any) -> None:
    """Add an amount to what is reported of a line; only costs carry gradients."""
    if report is not None:
        amount = amount if kind == "costs" else amount.detach()
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


def certain(p: Tensor, value: bool) -> Tensor:
    """Return a bool that its own test decides: `value`, one half where it has no weight.

    `p`: the probability of true.
    """
    p = p.detach()
    live = p >= torch.finfo(p.dtype).tiny if value else p < 1
    return torch.add(p.new_full((), 0.5), live, alpha=value - 0.5)


def added(out: float | Tensor, weight: Tensor, value: Tensor) -> Tensor:
    """Return out + weight * value; a number is nothing yet."""
    return torch.addcmul(out, weight, value) if isinstance(out, Tensor) else weight * value


def rows_on(alive: Tensor, epsilon: float | Tensor | None, harmless: bool) -> Tensor | None:
    """Return which rows go on; None where all do, or where it does no harm if all do."""
    if harmless and epsilon is None:
        return None
    looks = alive.is_cpu and not (torch.compiler.is_compiling() or is_transformed())
    if looks and epsilon is None and alive.detach().count_nonzero().item() == alive.numel():
        return None
    on = alive > (0 if epsilon is None else epsilon)
    return None if looks and bool(on.all()) else on


def kept(on: Tensor | None, new: Any, old: Any, depth: int) -> Any:
    """Return the new state of the rows that go on and the old one of those that have halted.

    An array may be a list of its cells.
    """
    if on is None:
        return new
    if isinstance(new, list):
        return [kept(on, a, b, depth - 1) for a, b in zip(new, old, strict=True)]
    return torch.where(on[(..., *(None,) * depth)] if depth else on, new, old)


def are_moderate(*numbers: Tensor) -> bool:
    """Say whether reals are so far from the largest number that a tame loop does not reach it.

    Then a row that has halted may go on: it has no weight, and 0 times a number is 0.
    """
    if torch.compiler.is_compiling() or is_transformed():
        return False
    for x in numbers:
        if x.is_meta or (x.is_cuda and torch.cuda.is_current_stream_capturing()):
            return False
        if x.numel():
            size = torch.linalg.vector_norm(x.detach()).item()
            if not size < 1e-20 * torch.finfo(x.dtype).max:
                return False
    return True


def halting(alive: Tensor, stop: Tensor, epsilon: float | Tensor | None) -> Tensor:
    """Return the weight that leaves the loop now; rows with at most epsilon left are frozen."""
    if epsilon is None:
        return alive * stop
    return torch.where(alive > epsilon, alive * stop, 0.0)


def going(alive: Tensor, go: Tensor, epsilon: float | Tensor | None) -> Tensor:
    """Return the weight that goes on."""
    if epsilon is None:
        return alive * go
    return torch.where(alive > epsilon, alive * go, alive)


def going_on(alive: Tensor, epsilon: float | Tensor | None) -> Tensor:
    """Return what of the weight goes on to the next round: rows that have halted do not."""
    return alive if epsilon is None else torch.where(alive > epsilon, alive, 0.0)


def grown(start: Tensor, trips: Tensor, stride: Tensor, sign: int, harmless: bool) -> Tensor:
    """Return what has grown by a stride in each round, given the expected number of rounds.

    A row that has not gone round has none of it, though it be infinite, unless it does no harm.
    """
    stride = stride if harmless else torch.where(trips > 0, stride, 0.0)
    return torch.addcmul(start, trips, stride, value=sign)


def act_weights(
    rest: Tensor, unit: Tensor, epsilon: Tensor, last: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Return a step's weight, which rows go on, and what is then left of their weight of 1.

    `rest`: 1 - (earlier h), and 0 of a row that has halted. A step has p_n = h_n where more than
    epsilon is left after it; if not, or at the bound, it has the rest, Graves' remainder R. What is
    left at the bound is what had not halted.
    """
    left = rest - unit
    on = left > epsilon
    if last:
        return rest, torch.zeros_like(on), torch.where(on, left, 0.0)
    weight = torch.where(on, unit, rest)
    return weight, on, rest - weight


def alternatives(steps: Sequence[Tensor], lead: int, depth: int) -> Tensor:
    """Return a value of each step as alternatives, left of `lead` other leading axes."""
    axes = lead + depth
    padded = [x[(None,) * (axes - x.dim())] for x in steps]
    return torch.stack(torch.broadcast_tensors(*padded))  # type: ignore[no-untyped-call]


def divergence(p: Tensor, log_prior: float) -> Tensor:
    """Return p (log p - log prior), a term of a Kullback-Leibler divergence; 0 where p is 0."""
    live = p > 0
    return p * (torch.log(torch.where(live, p, 1.0)) - log_prior)


def is_transformed() -> bool:
    """Say whether torch.func is at work: under vmap no row may be looked at by itself."""
    return torch._C._functorch.peek_interpreter_stack() is not None


def is_over(alive: Tensor, epsilon: float | Tensor | None) -> bool:
    """Say whether every row has halted.

    False where that may not be asked (compiling, export, vmap, capture).
    """
    if torch.compiler.is_compiling() or is_transformed():
        return False
    if alive.is_meta or (alive.is_cuda and torch.cuda.is_current_stream_capturing()):
        return False
    left = alive if epsilon is None else alive > epsilon
    return not left.count_nonzero().item()  # of all that says it, torch is quickest at this
