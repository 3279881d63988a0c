"""Soft reads and writes of arrays at uncertain or known places.

In: arrays with their cells on trailing axes, indices as distributions [..., n]. Out: the same.
The generated source contains these functions as they stand here, so they use torch and one
another, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003 - the generated source has no type-checking block

import torch
from torch import Tensor


def contract(index: Tensor, rows: Tensor) -> Tensor:
    """Return sum_j index[j] rows[j]. [..., n], [..., n, w] -> [..., w].

    Where the rows do not change along the last leading axis (restarts with a batch beside
    them), that axis becomes one of the matrix product instead of a loop over small ones.
    """
    if rows.dim() == 2:
        return index @ rows
    if index.dim() >= 2 and rows.shape[-3] == 1:
        return index @ rows.squeeze(-3)
    return (index.unsqueeze(-2) @ rows).squeeze(-2)


def read(memory: Tensor, index: Tensor, before: int = 0, after: int = 0) -> Tensor:
    """Return sum_j i_j M_j over one axis of an array.

    Args:
        memory: [..., `before` axes, n, `after` axes].
        index: [..., n].
        before: how many of the value's own axes stand before the one that is indexed.
        after: how many stand after it.
    """
    index = index[(..., *(None,) * before, slice(None))]
    if after == 0:
        return (index * memory).sum(-1)
    if after == 1:
        return contract(index, memory)
    return contract(index, memory.flatten(-after)).unflatten(-1, memory.shape[-after:])  # type: ignore[no-any-return, no-untyped-call]


def widened(memory: Tensor, value: Tensor, rank: int, depth: int) -> tuple[Tensor, Tensor]:
    """Return an array (`rank` trailing axes) and a part (`depth`) with equal leading axes."""
    inner, part = memory.shape[memory.dim() - rank :], value.shape[value.dim() - depth :]
    lead, other = memory.shape[: memory.dim() - rank], value.shape[: value.dim() - depth]
    if lead == other:
        return memory, value
    if lead and other:
        lead = torch.broadcast_shapes(lead, other)  # type: ignore[no-untyped-call]
    lead = lead or other
    return memory.expand(*lead, *inner), value.expand(*lead, *part)


def put(memory: Tensor, value: Tensor, place: int, axis: int, rank: int) -> Tensor:
    """Return an array with the cells at a known place of one axis replaced."""
    memory, value = widened(memory, value, rank, rank - 1)
    return memory.select_scatter(value, axis - rank, place)


def put_slice(memory: Tensor, value: Tensor, lo: int, hi: int, axis: int, rank: int) -> Tensor:
    """Return an array with a static slice of one axis replaced."""
    memory, value = widened(memory, value, rank, rank)
    return memory.slice_scatter(value, axis - rank, lo, hi)


def put_block(
    memory: Tensor,
    value: Tensor,
    spans: Sequence[tuple[int, int]],
    axes: Sequence[int],
    rank: int,
) -> Tensor:
    """Return an array with a block of its cells replaced.

    Args:
        memory: an array of `rank` trailing axes.
        value: the new cells: the axes of the block, then the array's others in their order.
        spans: where the block begins and ends on each of its axes.
        axes: which those are, from the right.
        rank: how many trailing axes the array has.
    """
    inner = memory.shape[memory.dim() - rank :]
    rest = [n for axis, n in enumerate(inner) if axis - rank not in axes]
    block = [max(0, hi - lo) for lo, hi in spans] + rest
    lead = torch.broadcast_shapes(memory.shape[: memory.dim() - rank], value.shape[:-rank])  # type: ignore[no-untyped-call]
    value = value.expand(*lead, *block)
    value = value.movedim(tuple(range(-rank, len(spans) - rank)), tuple(axes))
    return in_block(memory.expand(*lead, *inner), value, spans, axes)


def diagonal(memory: Tensor, row: int, column: int, count: int, rank: int) -> Tensor:
    """Return cells of the first two of an array's `rank` axes: from a place down, and to the left.

    [..., rows, columns, *rest] -> [..., count, *rest].
    """
    width, flat = memory.shape[1 - rank], memory.flatten(-rank, 1 - rank)
    start, step = row * width + column, max(1, width - 1)
    end = start + (count - 1) * step + 1
    return torch.ops.aten.slice(flat, 1 - rank, start, end, step)  # type: ignore[no-any-return]


def put_diagonal(
    memory: Tensor, value: Tensor, row: int, column: int, count: int, rank: int
) -> Tensor:
    """Return an array with the cells of `diagonal` replaced."""
    inner = memory.shape[memory.dim() - rank :]
    start, step = row * inner[1] + column, max(1, inner[1] - 1)
    memory, value = widened(memory, value, rank, rank - 1)
    lead = memory.shape[: memory.dim() - rank]
    flat = memory.flatten(-rank, 1 - rank)
    value = value.expand(*lead, count, *inner[2:])
    end = start + (count - 1) * step + 1
    return flat.slice_scatter(value, 1 - rank, start, end, step).reshape(*lead, *inner)


def in_block(
    memory: Tensor, value: Tensor, spans: Sequence[tuple[int, int]], axes: Sequence[int]
) -> Tensor:
    """Return an array with a block replaced by one whose axes are the array's."""
    (lo, hi), axis = spans[0], axes[0]
    if len(spans) > 1:
        part = memory.narrow(axis, lo, max(0, hi - lo))
        value = in_block(part, value, spans[1:], axes[1:])
    if (lo, hi) == (0, memory.shape[axis]):
        return value
    return memory.slice_scatter(value, axis, lo, max(lo, hi))
