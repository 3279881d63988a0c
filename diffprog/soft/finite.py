"""Soft functions of finite values: distributions in, distributions out.

A bool is the probability of true, [...]; an int is a point of the simplex, [..., n]. Each
function is the multilinear extension of a crisp one, out[c] = sum over a, b with f(a, b) = c of
p[a] q[b], in a form that is exact where p and q are 0 and 1; none computes a probability as 1
minus the one it does not want. The generated source contains these functions as they stand
here, so they use torch and one another, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence  # noqa: TC003 - the generated source has no type-checking block
from itertools import product
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from diffprog.soft.memory import contract, cut


def one_hot(value: Tensor, n: int, like: Tensor) -> Tensor:
    """Return crisp values 0..n as distributions, in the dtype of `like`. [...] -> [..., n]."""
    return (value[..., None] == torch.arange(n, device=value.device)).to(like.dtype)


def table(
    function: Callable[..., Any], domains: Sequence[range], values: range | None, like: Tensor
) -> Tensor:
    """Return the truth table of a crisp function.

    [*sizes, number of values], or [*sizes] for a bool.
    """
    cells = [function(*args) for args in product(*domains)]
    return entries(cells, [len(d) for d in domains], values, like)


def places(function: Callable[..., Any], domains: Sequence[range], lo: int, like: Tensor) -> Tensor:
    """Return a crisp function's results as places among the values that start at `lo`.

    [*sizes].
    """
    cells = [int(function(*args)) - lo for args in product(*domains)]
    return torch.tensor(cells, device=like.device).reshape([len(d) for d in domains])


def entries(
    cells: Sequence[Any], sizes: Sequence[int], values: range | None, like: Tensor
) -> Tensor:
    """Return a truth table whose results are listed.

    [*sizes, number of values], or [*sizes] for a bool.
    """
    if values is None:
        return like.new_tensor([float(c) for c in cells]).reshape(*sizes)
    places = torch.tensor([int(c) - values.start for c in cells], device=like.device)
    return one_hot(places, len(values), like).reshape(*sizes, len(values))


def joint(*operands: Tensor) -> Tensor:
    """Return the distribution of independent values together.

    [..., a], [..., b] -> [..., a * b].
    """
    out = operands[0]
    for p in operands[1:]:
        out = (out.unsqueeze(-1) * p.unsqueeze(-2)).flatten(-2)
    return out


def image(truth: Tensor, *operands: Tensor) -> Tensor:
    """Return the distribution of a tabulated function: sum_{a,b} p[a] q[b] truth[a, b].

    The table has the values of all operands on one axis. [values] for a bool, or [values, n].
    """
    together = joint(*operands)
    return contract(together, truth) if truth.dim() == 2 else together @ truth


def turned(p: Tensor, q: Tensor, turns: Sequence[int]) -> Tensor:
    """Return the distribution of a place moved on round the ends: sum_b q[b] p[... - turns[b]].

    [..., n], [..., k] -> [..., n].
    """
    first, *others = cut(q, [1] * len(turns), -1)
    out = first * (p.roll(turns[0], -1) if turns[0] else p)
    for share, turn in zip(others, turns[1:], strict=True):
        out = torch.addcmul(out, share, p.roll(turn, -1) if turn else p)
    return out


def mixture(weights: Tensor, tables: Tensor, *operands: Tensor) -> Tensor:
    """Return sum_k w_k sum_{a,b} p[a] q[b] tables[k, a, b].

    [..., k], [k, *sizes, n], operands [..., size] -> [..., n]. Where the weights are fewer than the
    operands (learned ones, beside a batch) the tables are mixed first.
    """
    together = joint(*operands)
    count, values, n = len(tables), together.shape[-1], tables.shape[-1]
    if weights.numel() * values < together.numel() * count:
        mixed = (weights @ tables.flatten(1)).unflatten(-1, (values, n))  # type: ignore[no-untyped-call]
        return contract(together, mixed)
    every = together @ tables.reshape(count, values, n).transpose(0, 1).flatten(1)
    return contract(weights, every.unflatten(-1, (count, n)))  # type: ignore[no-untyped-call]


def collect(found: Tensor, n: int, *operands: Tensor) -> Tensor:
    """Return the same as `image`, for a table too large for one-hot results.

    Found[a, b] is the place of f(a, b).
    """
    together = joint(*operands)
    out = together.new_zeros(*together.shape[:-1], n)
    return out.index_add(-1, found.flatten(), together)


def bilinear(truth: Tensor, p: Tensor, q: Tensor) -> Tensor:
    """Return the probability of a relation.

    Sum_{a,b} p[a] truth[a, b] q[b]. [..., a], [..., b] -> [...].
    """
    return ((p @ truth) * q).sum(-1)


def convolve(p: Tensor, q: Tensor) -> Tensor:
    """Return the distribution of a sum. [..., a], [..., b] -> [..., a + b - 1].

    Row i of the products is moved i places to the right by cutting the padded grid into shorter
    rows.
    """
    a, b = p.shape[-1], q.shape[-1]
    grid = F.pad(p[..., :, None] * q[..., None, :], (0, a)).flatten(-2)
    return grid[..., : a * (a + b - 1)].unflatten(-1, (a, a + b - 1)).sum(-2)  # type: ignore[no-any-return, no-untyped-call]


def exceeds(p: Tensor, q: Tensor, shift: int) -> Tensor:
    """Return P(i + shift > j) for i from p and j from q.

    Sum_i p[i] (q[0] + … + q[i + shift - 1]).
    """
    below = F.pad(q.cumsum(-1), (1, 0))
    places = torch.arange(p.shape[-1], device=p.device) + shift
    return (p * below[..., places.clamp(0, q.shape[-1])]).sum(-1)


def both(p: Tensor) -> Tensor:
    """Return a bool as a distribution over false, true. [...] -> [..., 2]."""
    return torch.stack((1 - p, p), -1)


def given(mass: Tensor, total: Tensor) -> Tensor:
    """Return mass / total, uniform where the total is below the smallest normal number.

    The inner `where` keeps the gradient of the side not taken finite. [..., n], [..., 1] ->
    [..., n].
    """
    live = total >= torch.finfo(mass.dtype).tiny
    return torch.where(live, mass / torch.where(live, total, 1.0), 1.0 / mass.shape[-1])


def normalised(mass: Tensor) -> Tensor:
    """Return a mass scaled to sum to 1, uniform where there is none. [..., n] -> [..., n]."""
    return given(mass, mass.sum(-1, keepdim=True))


def fill(x: Tensor, shape: Sequence[int], depth: int) -> Tensor:
    """Return a scalar in every cell of an array.

    `depth` trailing axes of x belong to the scalar.
    """
    lead = x.dim() - depth
    wide = x.reshape(*x.shape[:lead], *(1 for _ in shape), *x.shape[lead:])
    return wide.expand(*x.shape[:lead], *shape, *x.shape[lead:])


def side_by_side(items: Sequence[Tensor], depth: int) -> Tensor:
    """Return values as the cells of an array, on a new axis before their `depth` trailing ones.

    Scalars that are compiled lie in memory with those of all rows side by side: only such are
    computed several at a time.
    """
    if depth == 0 and torch.compiler.is_compiling():
        return stacked(items).movedim(0, -1)
    return stacked(items, -1 - depth)


def stacked(items: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Return values on a new axis, broadcast."""
    shape = items[0].shape
    for x in items:
        if x.shape != shape:
            items = torch.broadcast_tensors(*items)  # type: ignore[no-untyped-call]
            break
    return torch.stack(tuple(items), axis)


def cells_of(array: Tensor, depth: int) -> list[Tensor]:
    """Return the cells along the first of an array's `depth` trailing axes.

    Of scalars that are compiled those of all rows are laid side by side, as in `side_by_side`.
    """
    if depth == 1 and torch.compiler.is_compiling():
        array = array.movedim(-1, 0).contiguous().movedim(0, -1)
    return [*array.unbind(-depth)]
