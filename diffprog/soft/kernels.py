"""Soft functions of reals: the relaxed rows, and rows that need care at their edges.

In and out: tensors whose meaning is on the trailing axes; leading axes are free and broadcast.
`t` is the temperature T, a number or a tensor with no axes; `c` is the offset c = max(0, -log
T) that makes the limit right at ties, None where it is 0. At a temperature of 0 each function
takes its crisp side exactly, with zero gradients. The generated source contains these functions
as they stand here, so they use torch, `math` and one another, and nothing else.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def tie_offset(t: float | Tensor, ties: bool) -> float | Tensor | None:
    """Return c = max(0, -log T); None without `ties`, and where the number T makes it 0."""
    if not ties:
        return None
    if isinstance(t, Tensor):
        return torch.relu(-torch.log(t))
    return -math.log(t) if 0 < t < 1 else None


def temperature(t: float | Tensor) -> float | Tensor:
    """Return a temperature that may be divided by.

    A tensor is at least the smallest normal number.
    """
    return t.clamp(min=torch.finfo(t.dtype).tiny) if isinstance(t, Tensor) else t


def steady(t: float | Tensor | None, like: Tensor) -> float | Tensor | None:
    """Return a number as a tensor, but those that are treated by themselves.

    Operations on tensors are much faster than with numbers. Half precision would round it.
    """
    if t is None or isinstance(t, Tensor) or t in (0, 1):
        return t
    return like.new_full((), t) if like.dtype in (torch.float32, torch.float64) else t


def cooled(x: Tensor, t: float | Tensor) -> Tensor:
    """Return x / T."""
    return x if not isinstance(t, Tensor) and t == 1 else x / t


def is_cold(t: float | Tensor) -> bool:
    """Say whether a temperature, or another setting, is the number 0.

    (A tensor is never looked into: that would wait for the device.)
    """
    return not isinstance(t, Tensor) and t == 0


def greater(x: Tensor, y: Tensor, t: float | Tensor, c: float | Tensor | None) -> Tensor:
    """Return P(x > y) = σ((x - y) / T - c)."""
    if is_cold(t):
        return torch.relu(torch.sign(x - y))
    z = cooled(x - y, t)
    return torch.sigmoid(z if c is None else z - c)


def at_least(x: Tensor, y: Tensor, t: float | Tensor, c: float | Tensor | None) -> Tensor:
    """Return P(x >= y) = σ((x - y) / T + c)."""
    if is_cold(t):
        return 1 - torch.relu(torch.sign(y - x))
    z = cooled(x - y, t)
    return torch.sigmoid(z if c is None else z + c)


def equal(x: Tensor, y: Tensor, t: float | Tensor, c: float | Tensor | None) -> Tensor:
    """Return P(x >= y) + P(x <= y) - 1, as the product σ(z + c) σ(c - z) (1 - exp(-2c)).

    Nothing cancels.
    """
    if is_cold(t):
        return 1 - torch.abs(torch.sign(x - y))
    z, c = cooled(x - y, t), 0.0 if c is None else c
    gap = -torch.expm1(-2 * c) if isinstance(c, Tensor) else -math.expm1(-2 * c)
    return torch.sigmoid(z + c) * torch.sigmoid(c - z) * gap


def unequal(x: Tensor, y: Tensor, t: float | Tensor, c: float | Tensor | None) -> Tensor:
    """Return P(x > y) + P(x < y)."""
    return greater(x, y, t, c) + greater(y, x, t, c)


def chance(p: Tensor, t: float | Tensor, known: bool = False) -> Tensor:
    """Return p^(1/T) / (p^(1/T) + (1-p)^(1/T)) = σ(logit(p) / T).

    P itself at T = 1, p >= 1/2 at T = 0. `known` says that p is in [0, 1].
    """
    if is_cold(t):
        return 1 - torch.relu(torch.sign(0.5 - p))
    if not isinstance(t, Tensor) and t == 1:
        return p if known else p.clamp(0, 1)
    inside = (p > 0) & (p < 1)  # logit has no finite slope at 0 and 1
    safe = torch.where(inside, p, 0.5)
    return torch.where(inside, torch.sigmoid(torch.logit(safe) / t), p.clamp(0, 1))


def stopping(alive: Tensor, leaving: Tensor, t: float | Tensor) -> Tensor:
    """Return a step's share of what a loop `by ponder` gives: its stop probability.

    Crisply all goes to the first step by which the loop has stopped with probability one half.
    """
    if not is_cold(t):
        return leaving
    return ((alive > 0.5) & (alive - leaving <= 0.5)).to(leaving.dtype)


def unstopped(alive: Tensor, t: float | Tensor) -> Tensor:
    """Return what of a loop `by ponder` its bound cut off; crisply all of it, or nothing."""
    return (alive > 0.5).to(alive.dtype) if is_cold(t) else alive


def first_largest(x: Tensor, axis: int = -1) -> Tensor:
    """Return the one-hot of the largest score, the first of equals, along an axis."""
    best = torch.relu(torch.sign(x - x.amax(axis, keepdim=True)) + 1)
    return best * (best.cumsum(axis) == 1)


def shares(scores: Tensor, axis: int = -1) -> Tensor:
    """Return softmax(scores). [..., n] -> [..., n], or along the first axis.

    torch takes one row after another where the axis is shorter than its vectors (of sixteen numbers
    at most), and many at once where it is the first: from some hundred rows on that is quicker.
    """
    n = scores.shape[-1]
    few = torch.compiler.is_compiling() or not scores.is_cpu or scores.numel() < 256 * n
    if axis == 0 or few or n >= 16:
        return torch.softmax(scores, axis)
    return torch.softmax(scores.movedim(-1, 0), 0).movedim(0, -1)


def pick(scores: Tensor, t: float | Tensor, axis: int = -1) -> Tensor:
    """Return softmax(scores / T). [..., n] -> [..., n], or along the first axis."""
    return first_largest(scores, axis) if is_cold(t) else shares(cooled(scores, t), axis)


def pick_least(scores: Tensor, minus_t: float | Tensor, axis: int = -1) -> Tensor:
    """Return softmax(-scores / T), given -T. [..., n] -> [..., n], or along the first axis."""
    if not isinstance(minus_t, Tensor):
        return pick(-scores, -minus_t, axis)
    return shares(scores / minus_t, axis)


def choice(logits: Tensor, t: float | Tensor | None) -> Tensor:
    """Return the weights of a hole's alternatives, softmax(logits / T).

    [..., k] -> [..., k]. Without a temperature they are weights already.
    """
    return logits if t is None else pick(logits, t)


def allowed(logits: Tensor, mask: Tensor) -> Tensor:
    """Return logits, so low where the mask is 0 that they get no weight. [..., k] -> [..., k].

    What is not there is left out before the softmax: it may not have all the weight in it.
    """
    return torch.where(mask > 0, logits, -1e30)


def sharpen(p: Tensor, g: float | Tensor) -> Tensor:
    """Return p^g normalised (Graves, Wayne, Danihelka 2014, eq. 9). [..., n], [...] -> [..., n].

    Of logarithms, so that no p^g underflows; the slope of a power takes three times as long, too.
    What is below the smallest normal number is nothing, and stays it.
    """
    tiny = torch.finfo(p.dtype).tiny
    logs = torch.threshold(torch.threshold(p, tiny, tiny).log(), math.log(tiny) + 1, -1e4)
    return shares((g[..., None] if isinstance(g, Tensor) else g) * logs)


def root(x: Tensor) -> Tensor:
    """Return the square root, with slope 0 at 0 (where it has none)."""
    inside = x > 0
    return torch.where(inside, torch.sqrt(torch.where(inside, x, 1.0)), 0.0)


def cosine(memory: Tensor, key: Tensor) -> Tensor:
    """Return the cosine of each row of a memory with a key, 0 where either is zero.

    [..., n, w], [..., w] -> [..., n].
    """
    # The product is faster this way round than of the memory by a column.
    dots = (key[..., None, :] @ memory.mT).squeeze(-2)
    norms = torch.linalg.vector_norm(memory, dim=-1)
    norms = norms * torch.linalg.vector_norm(key, dim=-1, keepdim=True)
    return dots / torch.threshold(norms, 0.0, math.inf)  # a zero vector has no slope there


def matmul(a: Tensor, b: Tensor, ranks: tuple[int, int] = (2, 2)) -> Tensor:
    """Return the matrix product of values of the given ranks, 1 or 2.

    Leading axes broadcast.
    """
    if ranks == (1, 1):
        return (a * b).sum(-1)
    if ranks == (2, 1):
        return (a @ b[..., None]).squeeze(-1)
    if ranks == (1, 2):
        return (a[..., None, :] @ b).squeeze(-2)
    return a @ b


def sums_before(xs: Tensor) -> Tensor:
    """Return, for each place of the last axis, the sum of the cells before it."""
    return torch.nn.functional.pad(xs[..., :-1].cumsum(-1), (1, 0))


def sums_after(xs: Tensor) -> Tensor:
    """Return, for each place of the last axis, the sum of the cells after it."""
    return sums_before(xs.flip(-1)).flip(-1)
