"""The benchmark's programs as hand-written torch, with as few operations as a good engineer uses.

Each takes the inputs and weights of the `.dp` file by name, with free leading axes, and gives the
same outputs. The loops that `torch.compile` would take minutes to unroll are split where one would
split them by hand: `compiled` says of each program what is compiled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F  # noqa: N812

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

CHUNK = 8
"""Rounds of a long loop that are compiled together."""


def bubble(xs: Tensor, *, temperature: float) -> tuple[Tensor, Tensor]:
    """Bubble sort: passes until nothing is swapped."""
    cells = list(xs.unbind(-1))
    one = xs.new_ones(())
    alive, out, swaps_out = one, torch.zeros_like(xs), xs.new_zeros(())
    swaps = xs.new_zeros(())
    last = len(cells) - 2
    for round_ in range(len(cells) - 1):
        swapped = xs.new_zeros(())
        for i in range(len(cells) - 1):
            a, b = cells[i], cells[i + 1]
            p = torch.sigmoid((a - b) * (1 / temperature))
            cells[i], cells[i + 1] = torch.lerp(a, b, p), torch.lerp(b, a, p)
            swapped = torch.lerp(swapped, one, p)
            swaps = swaps + p
        leaving = alive if round_ == last else alive * (1 - swapped)
        alive = alive * swapped
        out = torch.addcmul(out, torch.stack(cells, -1), leaving[..., None])
        swaps_out = torch.addcmul(swaps_out, swaps, leaving)
    return out, swaps_out


def levenshtein(s: Tensor, t: Tensor, *, temperature: float) -> tuple[Tensor]:
    """Edit distance by anti-diagonals, each of them one row of operations."""
    m, n = s.shape[-2], t.shape[-2]
    cost = 1 - s @ t.transpose(-1, -2)
    flat = cost.flatten(-2)
    lead = s.shape[:-2]
    before, last = None, s.new_zeros((*lead, 1))
    for k in range(1, m + n + 1):
        lo, hi = max(0, k - n), min(k, m)  # rows of the diagonal
        first, final = max(lo, 1), min(hi, k - 1)  # those that are not on an edge
        edge = s.new_full((*lead, 1), float(k))
        parts = [edge] if lo == 0 else []
        if first <= final:
            start = last.shape[-1]
            low = max(0, k - 1 - n)  # the first row of the diagonal before
            up = last[..., first - 1 - low : final - low]
            left = last[..., first - low : final + 1 - low]
            low = max(0, k - 2 - n)
            across = before[..., first - 1 - low : final - low]
            at = (first - 1) * n + k - first - 1
            step = flat[..., at : at + (final - first) * (n - 1) + 1 : n - 1] if n > 1 else flat
            ways = torch.stack((up + 1, left + 1, across + step), -1)
            assert start
            share = torch.softmax(ways * (-1 / temperature), -1)
            parts.append((share * ways).sum(-1))
        if hi == k:
            parts.append(edge)
        before, last = last, torch.cat(parts, -1) if len(parts) > 1 else parts[0]
    return (last[..., 0],)


def relax(far: Tensor, cost: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Return one round of Bellman and Ford on a grid: distances, and what they came from."""
    height, width = cost.shape[-2:]
    ways = torch.stack([far[..., y : y + height, x : x + width] for y, x in WAYS], -1)
    share = torch.softmax(ways * (-1 / temperature), -1)
    new = F.pad((share * ways).sum(-1) + cost, (1, 1, 1, 1), value=1e12)
    return new * _mask(new), share


def _mask(far: Tensor) -> Tensor:
    mask = torch.ones_like(far)
    mask[..., 1, 1] = 0
    return mask


WAYS = [(y, x) for y in range(3) for x in range(3) if (y, x) != (1, 1)]


def back(seen: Tensor, here: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """Return one step back along what each cell came from."""
    seen = seen + here - seen * here
    moving = F.pad(here[..., None] * share, (0, 0, 1, 1, 1, 1))
    height, width = here.shape[-2:]
    parts = [
        moving[..., 2 - y : 2 - y + height, 2 - x : 2 - x + width, k]
        for k, (y, x) in enumerate(WAYS)
    ]
    return seen, torch.stack(parts).sum(0)


def path(
    cost: Tensor,
    *,
    temperature: float,
    rounds: int,
    forth: Callable[..., tuple[Tensor, Tensor]] = relax,
    home: Callable[..., tuple[Tensor, Tensor]] = back,
) -> tuple[Tensor]:
    """Return the cells of the cheapest way across a grid."""
    height, width = cost.shape[-2:]
    far = cost.new_full((*cost.shape[:-2], height + 2, width + 2), 1e12)
    far[..., 1, 1] = 0
    here, seen = torch.zeros_like(cost), torch.zeros_like(cost)
    here[..., -1, -1] = 1
    for _ in range(rounds):
        far, share = forth(far, cost, temperature)
    for _ in range(rounds):
        seen, here = home(seen, here, share)
    return (seen,)


def count(
    x: Tensor,
    stride: Tensor,
    limit: Tensor,
    *,
    temperature: float,
    steps: int,
    chunk: Callable[..., tuple[Tensor, ...]] | None = None,
) -> tuple[Tensor, Tensor]:
    """Count the steps until a number passes a limit; `chunk` runs so many rounds at once."""
    alive, n = torch.ones_like(x), torch.zeros_like(x)
    out, n_out = torch.zeros_like(x), torch.zeros_like(x)
    state = (alive, x, n, out, n_out)
    size = 1 if chunk is None else CHUNK
    for _ in range(0, steps, size):
        state = (chunk or counted)(*state, stride, limit, temperature, size)
    alive, x, n, out, n_out = state
    return out + alive * x, n_out + alive * n


def counted(
    alive: Tensor,
    x: Tensor,
    n: Tensor,
    out: Tensor,
    n_out: Tensor,
    stride: Tensor,
    limit: Tensor,
    temperature: float,
    size: int,
) -> tuple[Tensor, ...]:
    """Run a few rounds."""
    for _ in range(size):
        go = torch.sigmoid((limit - x) * (1 / temperature))
        on = alive * go
        leaving = alive - on
        out, n_out = torch.addcmul(out, leaving, x), torch.addcmul(n_out, leaving, n)
        alive, x, n = on, x + stride, n + 1
    return alive, x, n, out, n_out
