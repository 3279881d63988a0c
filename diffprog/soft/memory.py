"""Soft reads and writes of arrays at uncertain or known places.

In: arrays with their cells on trailing axes, indices as distributions [..., n]. Out: the same.
The generated source contains these functions as they stand here, so they use torch and one
another, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003 - the generated source has no type-checking block
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor


def contract(index: Tensor, rows: Tensor) -> Tensor:
    """Return sum_j index[j] rows[j]. [..., n], [..., n, w] -> [..., w].

    Where the rows do not change along the last leading axis (restarts with a batch beside
    them), that axis becomes one of the matrix product instead of a loop over small ones. A
    compiler has small products, and those of one vector, beside what is around them, and not as
    calls by themselves.
    """
    if torch.compiler.is_compiling():
        single = index.numel() == index.shape[-1]
        if single or rows.shape[-1] * rows.shape[-2] <= 256:
            return (index.unsqueeze(-1) * rows).sum(-2)
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
    if before:
        index = index[(..., *(None,) * before, slice(None))]
    if after == 0:
        return torch.linalg.vecdot(index, memory)  # type: ignore[no-any-return]
    if after == 1:
        return contract(index, memory)
    return contract(index, memory.flatten(-after)).unflatten(-1, memory.shape[-after:])  # type: ignore[no-any-return, no-untyped-call]


def tables_beside(tables: Sequence[tuple[Tensor, int]], rank: int) -> Tensor:
    """Return tables side by side, with their places on one axis: [..., places, entries].

    Each has `rank` axes of places, and then one of its entries (1) or none (0).
    """
    flat = [x if depth else x[..., None] for x, depth in tables]
    flat = [x.flatten(-1 - rank, -2) for x in flat]
    if any(x.shape[:-1] != flat[0].shape[:-1] for x in flat):
        lead = torch.broadcast_shapes(*(x.shape[:-2] for x in flat))  # type: ignore[no-untyped-call]
        flat = [x.expand(*lead, *x.shape[-2:]) for x in flat]
    return torch.cat(flat, -1)


def widened(memory: Tensor, value: Tensor, rank: int, depth: int) -> tuple[Tensor, Tensor]:
    """Return an array (`rank` trailing axes) and a part (`depth`) with equal leading axes."""
    lead, other = memory.shape[: memory.dim() - rank], value.shape[: value.dim() - depth]
    if lead == other:
        return memory, value
    inner, part = memory.shape[len(lead) :], value.shape[len(other) :]
    if lead and other:
        lead = torch.broadcast_shapes(lead, other)  # type: ignore[no-untyped-call]
    return over(memory, (*(lead or other), *inner)), over(value, (*(lead or other), *part))


def over(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return a tensor broadcast to a shape, which it may have already."""
    return x if x.shape == shape else x.expand(shape)


def put(memory: Tensor, value: Tensor, place: int, axis: int, rank: int) -> Tensor:
    """Return an array with the cells at a known place of one axis replaced."""
    memory, value = widened(memory, value, rank, rank - 1)
    return memory.select_scatter(value, axis - rank, place)


def put_slice(memory: Tensor, value: Tensor, lo: int, hi: int, axis: int, rank: int) -> Tensor:
    """Return an array with a static slice of one axis replaced."""
    memory, value = widened(memory, value, rank, rank)
    axis, more = axis - rank, memory.shape[axis - rank] - hi
    if lo == 0:
        return torch.cat((value, memory.narrow(axis, hi, more)), axis)
    if more == 0:
        return torch.cat((memory.narrow(axis, 0, lo), value), axis)
    return memory.slice_scatter(value, axis, lo, hi)


def cut(x: Tensor, sizes: Sequence[int], axis: int) -> Sequence[Tensor]:
    """Return the consecutive parts of some sizes that a tensor is made up of along an axis.

    For a compiler they are slices: what is computed from a part of a split it keeps for the
    backward pass, and does not compute again.
    """
    if not torch.compiler.is_compiling():
        return x.split(sizes, axis)  # type: ignore[no-any-return, no-untyped-call]
    return [x.narrow(axis, sum(sizes[:k]), n) for k, n in enumerate(sizes)]


def beside(left: Tensor, right: Tensor, axis: int, rank: int) -> Tensor:
    """Return an array that two parts make up along one of its `rank` axes."""
    return torch.cat(widened(left, right, rank, rank), axis - rank)


def edged(value: Tensor, cell: Tensor, before: int, after: int) -> Tensor:
    """Return numbers with so many cells of a number before them, or after. [..., n], [...]."""
    lead = value.shape[:-1]
    if cell.dim() and cell.shape != lead:
        lead = torch.broadcast_shapes(cell.shape, lead)  # type: ignore[no-untyped-call]
        value = value.expand(*lead, value.shape[-1])
    cells = (cell.unsqueeze(-1) if cell.dim() else cell).expand(*lead, before or after)
    return torch.cat((cells, value) if before else (value, cells), -1)


def put_block(
    memory: Tensor,
    value: Tensor,
    spans: Sequence[tuple[int, int]],
    axes: Sequence[int],
    rank: int,
    mask: Tensor | None = None,
) -> Tensor:
    """Return an array with a block of its cells replaced.

    With a mask that is one operation less; a compiler needs none, and sees by the ends of the block
    which slopes are whose.

    Args:
        memory: an array of `rank` trailing axes.
        value: the new cells: the axes of the block, then the array's others in their order.
        spans: where the block begins and ends on each of its axes.
        axes: which those are, from the right.
        rank: how many trailing axes the array has.
        mask: where the block is, if that is always the same.
    """
    inner, order = memory.shape[memory.dim() - rank :], tuple(range(-rank, len(spans) - rank))
    rest = [n for axis, n in enumerate(inner) if axis - rank not in axes]
    block = (*(max(0, hi - lo) for lo, hi in spans), *rest)
    value = over(value, (*value.shape[:-rank], *block))
    value = value if order == tuple(axes) else value.movedim(order, tuple(axes))
    if value.shape[-rank:] == inner:
        return value
    memory, value = widened(memory, value, rank, rank)
    if mask is None or torch.compiler.is_compiling():
        return in_block(memory, value, spans, axes)
    sides = [0] * (2 * rank)
    for axis, (lo, hi) in zip(axes, spans, strict=True):
        sides[-2 * axis - 2 : -2 * axis] = lo, inner[axis] - hi
    return torch.where(mask, F.pad(value, sides), memory)


def by_diagonal(rows: int, width: int, like: Tensor) -> tuple[Tensor, Tensor, list[int]]:
    """Return the order of a matrix's cells by diagonals, each from above to below.

    Returns:
        The place in the matrix of each cell in that order, the place in the order of each cell of
        the matrix, and how long the diagonals are.
    """
    places = sorted(range(rows * width), key=lambda cell: (cell // width + cell % width, cell))
    order = torch.tensor(places, dtype=torch.long, device=like.device)
    lines = range(rows + width - 1)
    return order, order.argsort(), [min(k + 1, rows, width, len(lines) - k) for k in lines]


def diagonals(
    memory: Tensor, order: tuple[Tensor, Tensor, list[int]], rank: int
) -> Sequence[Tensor]:
    """Return the diagonals of the first two of an array's `rank` axes, given their order.

    For a compiler they are slices: it fuses those with what reads them.
    [..., rows, columns, *rest] -> rows + columns - 1 times [..., cells, *rest].
    """
    places, _, sizes = order
    width, axis = memory.shape[1 - rank], 1 - rank
    flat = memory.flatten(-rank, axis)
    if not torch.compiler.is_compiling():
        return flat.index_select(axis, places).split(sizes, axis)  # type: ignore[no-any-return, no-untyped-call]
    found, step = [], max(1, width - 1)
    for k, n in enumerate(sizes):
        start = max(0, k + 1 - width) * (width - 1) + k
        cells = slice(start, start + step * n, step)
        at: tuple[Any, ...] = (..., cells, *(slice(None),) * (rank - 2))
        found.append(flat[at])
    return found


def on_diagonal(line: Tensor, row: int, column: int, count: int, width: int, rank: int) -> Tensor:
    """Return cells of a diagonal of an array so wide: from a place down, and to the left."""
    if count == line.shape[1 - rank]:
        return line
    return line.narrow(1 - rank, row - max(0, row + column + 1 - width), count)


def put_on_diagonal(
    lines: list[Tensor], value: Tensor, row: int, column: int, count: int, width: int, rank: int
) -> None:
    """Replace cells of a diagonal, those that `on_diagonal` cuts out."""
    line = lines[row + column]
    n, *rest = line.shape[line.dim() + 1 - rank :]
    if value.shape[1 - rank :] != (count, *rest):
        value = value.expand(*value.shape[: 1 - rank], count, *rest)
    if count < n:
        line, value = widened(line, value, rank - 1, rank - 1)
        start = row - max(0, row + column + 1 - width)
        value = line.slice_scatter(value, 1 - rank, start, start + count)
    lines[row + column] = value


def of_diagonals(
    lines: Sequence[Tensor], order: tuple[Tensor, Tensor, list[int]], width: int, rank: int
) -> Tensor:
    """Return the array, so wide, that has these diagonals."""
    lead = torch.broadcast_shapes(*(x.shape[: x.dim() + 1 - rank] for x in lines))  # type: ignore[no-untyped-call]
    flat = torch.cat([x.expand(*lead, *x.shape[x.dim() + 1 - rank :]) for x in lines], 1 - rank)
    return flat.index_select(1 - rank, order[1]).unflatten(1 - rank, (-1, width))  # type: ignore[no-any-return, no-untyped-call]


def whole(value: Tensor, sizes: Sequence[int], rank: int) -> Tensor:
    """Return a value for all iterations of a nest of loops: a cell for each on its first axes.

    What is the same for all has axes of one cell, or none.
    """
    if tuple(value.shape[-rank:][: len(sizes)]) == tuple(sizes) and value.dim() >= rank:
        return value
    rest = value.shape[value.dim() + len(sizes) - rank :]
    lead = value.shape[: max(0, value.dim() - rank)]
    return value.expand(*lead, *sizes, *rest)


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


def inside(
    spans: Sequence[tuple[int, int]], axes: Sequence[int], shape: Sequence[int], like: Tensor
) -> Tensor:
    """Return where a block is in an array of a shape."""
    mask = torch.zeros(*shape, dtype=torch.bool, device=like.device)
    place = [slice(None)] * len(shape)
    for axis, (lo, hi) in zip(axes, spans, strict=True):
        place[axis] = slice(lo, max(lo, hi))
    mask[tuple(place)] = True
    return mask
