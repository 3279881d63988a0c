"""Soft reductions: exact push-forwards of folds over an array's cells, and forms on reals.

In: cells on one trailing axis (before the one of their distributions), a mask of bools or None.
Out: the result's soft value. The generated source contains these functions as they stand here,
so they use torch and one another, the functions of `finite` and `kernels`, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003 - the generated source has no type-checking block

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from diffprog.soft.finite import both, convolve
from diffprog.soft.kernels import at_least, greater, pick


def in_pairs(x: Tensor, axis: int, combine: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Return the fold of an associative operation over an axis, in about log2 n steps on halves."""
    n = x.shape[axis]
    while n > 1:
        even = n - n % 2
        left, right = x.narrow(axis, 0, even).unflatten(axis, (-1, 2)).unbind(axis)  # type: ignore[no-untyped-call]
        joined = combine(left, right)
        x = torch.cat((joined, x.narrow(axis, even, 1)), axis) if n % 2 else joined
        n = x.shape[axis]
    return x.squeeze(axis)


def product_of(x: Tensor, axis: int = -1) -> Tensor:
    """Return the product over an axis; its gradient is finite where factors are 0."""
    return in_pairs(x, axis, torch.mul)


def either(a: Tensor, b: Tensor) -> Tensor:
    """Return P(a or b)."""
    return a + (1 - a) * b


def any_of(p: Tensor) -> Tensor:
    """Return the probability that some cell is true. [..., n] -> [...]."""
    return in_pairs(p, -1, either)


def products_before(x: Tensor, axis: int = -1) -> Tensor:
    """Return, for each place, the product of what stands before it (Hillis and Steele 1986)."""
    ones = torch.ones_like(x.narrow(axis, 0, 1))
    n, step = x.shape[axis], 1
    x = torch.cat((ones, x.narrow(axis, 0, n - 1)), axis)
    while step < n:
        moved = x.narrow(axis, step, n - step) * x.narrow(axis, 0, n - step)
        x = torch.cat((x.narrow(axis, 0, step), moved), axis)
        step *= 2
    return x


def products_after(x: Tensor, axis: int = -1) -> Tensor:
    """Return, for each place of an axis, the product of what stands after it."""
    return products_before(x.flip(axis), axis).flip(axis)


def total_of(x: Tensor) -> Tensor:
    """Return the distribution of the sum of ints.

    [..., cells, n] -> [..., cells * (n - 1) + 1].
    """
    cells, n = x.shape[-2], x.shape[-1]
    values = cells * (n - 1) + 1
    while cells > 1:
        even = cells - cells % 2
        left, right = x[..., :even, :].unflatten(-2, (-1, 2)).unbind(-2)  # type: ignore[no-untyped-call]
        joined = convolve(left, right)
        if cells % 2:
            rest = F.pad(x[..., even:, :], (0, n - 1))
            joined = torch.cat((joined, rest), -2)
        x, cells, n = joined, joined.shape[-2], 2 * n - 1
    return x.squeeze(-2)[..., :values]


def count_of(p: Tensor) -> Tensor:
    """Return the distribution of how many cells are true. [..., cells] -> [..., cells + 1]."""
    return total_of(both(p))


def or_zero(x: Tensor, mask: Tensor, lo: int) -> Tensor:
    """Return ints lo, lo + 1, … that are 0 where the mask does not select them.

    The range is widened to contain 0.

    [..., cells, n], [..., cells] -> [..., cells, wider].
    """
    n = x.shape[-1]
    wide = F.pad(mask[..., None] * x, (max(lo, 0), max(1 - lo - n, 0)))
    zero = max(-lo, 0)
    nothing = F.pad((1 - mask)[..., None], (zero, wide.shape[-1] - zero - 1))
    return wide + nothing


def selected(x: Tensor, mask: Tensor) -> Tensor:
    """Return cells with a first value for "not selected".

    [..., cells, n] -> [..., cells, n + 1].
    """
    mask = mask[..., None]
    wide = mask * x
    return torch.cat(((1 - mask).expand(*wide.shape[:-1], 1), wide), -1)


def larger_of(p: Tensor, q: Tensor) -> Tensor:
    """Return the distribution of the larger of two ints: p[v] P(q <= v) + q[v] P(p < v)."""
    up_to = q.cumsum(-1)
    below = F.pad(p.cumsum(-1)[..., :-1], (1, 0))
    return p * up_to + q * below


def largest_of(x: Tensor) -> Tensor:
    """Return the distribution of the largest cell. [..., cells, n] -> [..., n]."""
    return in_pairs(x, -2, larger_of)


def place_of_largest(x: Tensor, mask: Tensor | None) -> Tensor:
    """Return the distribution of the first largest cell's place; of nothing it is 0.

    [..., cells, n] -> [..., cells]:
    sum_v P(x_j = v) prod_{i<j} P(x_i < v or unmasked) prod_{i>j} P(x_i <= v or unmasked).
    """
    up_to = x.cumsum(-1)
    below = F.pad(up_to[..., :-1], (1, 0))
    if mask is not None:
        free = (1 - mask)[..., None]
        up_to, below, x = (
            free + mask[..., None] * up_to,
            free + mask[..., None] * below,
            mask[..., None] * x,
        )
    out = (x * products_before(below, -2) * products_after(up_to, -2)).sum(-1)
    return out if mask is None else at_first(out, mask)


def at_first(out: Tensor, mask: Tensor) -> Tensor:
    """Return places with the probability that the mask selects nothing put at place 0."""
    nothing = product_of(1 - mask)[..., None].expand(*out.shape[:-1], 1)
    return out + F.pad(nothing, (0, out.shape[-1] - 1))


def largest_real(x: Tensor, mask: Tensor, nothing: Tensor) -> Tensor:
    """Return the expectation over masks of the largest real; `nothing` where there is none.

    From the largest on, the j-th counts if it is selected and none before it is.
    """
    x, mask = torch.broadcast_tensors(x, mask)  # type: ignore[no-untyped-call]
    ordered, places = torch.sort(x, stable=True, dim=-1, descending=True)
    chosen = mask.gather(-1, places)
    first = chosen * products_before(1 - chosen)
    return (first * ordered).sum(-1) + product_of(1 - mask) * nothing


def place_of_largest_real(
    x: Tensor, mask: Tensor | None, t: float | Tensor, c: float | Tensor | None
) -> Tensor:
    """Return the place of the largest real: a softmax, or with a mask a tournament, scaled.

    m_j prod_i (1 - m_i P(i beats j)), so that a row of weight .01 wins with .01.
    Equal cells count for the first. [..., n] -> [..., n].
    """
    if mask is None:
        return pick(x, t)
    n = x.shape[-1]
    mine, other = x[..., None, :], x[..., :, None]
    earlier = torch.ones(n, n, dtype=torch.bool, device=x.device).triu(1)
    beats = torch.where(earlier, at_least(other, mine, t, c), greater(other, mine, t, c))
    same = torch.eye(n, dtype=torch.bool, device=x.device)
    beats = torch.where(same, 0.0, mask[..., :, None] * beats)
    score = mask * product_of(1 - beats, -2)
    total = score.sum(-1, keepdim=True)
    live = total >= torch.finfo(x.dtype).tiny
    share = torch.where(live, score / torch.where(live, total, 1.0), mask / n)
    return at_first(share * any_of(mask)[..., None], mask)
