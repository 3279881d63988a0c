"""The crisp rows, for many particles at once.

In: tensors [P, *shape] (finite values as int64, `false` 0 and `true` 1; reals as floats). Out:
the same. `OPS` and `REDUCTIONS` define what each row means, and a row of `OPS` states its form on
whole tensors too; a test holds the two together. A finite row that states none is tabulated from
its crisp function.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from diffprog.errors import Diagnostic, DiffprogError
from diffprog.ir.graph import Axes, Cut
from diffprog.ops import OPS, REDUCTIONS
from diffprog.soft import kernels
from diffprog.types import Array, Bool, Enum, Int, Real, Type, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diffprog.ops import OpSpec

TABLE_LIMIT = 2**20
"""The largest joint domain that is tabulated from a row's crisp function."""


def first(wanted: Tensor) -> Tensor:
    """Return the place of the first true cell of the last axis."""
    n = wanted.shape[-1]
    return torch.where(wanted, torch.arange(n, device=wanted.device), n).amin(-1)


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """Return the product of matrices or vectors of particles."""
    return kernels.matmul(a, b, (a.dim() - 1, b.dim() - 1))


def _form(row: OpSpec) -> Callable[..., Tensor] | None:
    """Return the function of whole tensors that a row states."""
    if row.vectorised is None:
        return None
    names = [f"a{i}" for i in range(row.arity)]
    scope = {**vars(kernels), "torch": torch, "F": F, "first": first, "matmul": matmul}
    made: Callable[..., Tensor] = eval(
        f"lambda {', '.join(names)}: {row.vectorised.format(*names)}", scope
    )
    return made


FORMS = {name: form for name, row in OPS.items() if (form := _form(row))}
"""What rows state; arguments have been brought to one sort and shape."""


def item_of(t: Type) -> Type:
    """Return the type of a cell."""
    return t.item if isinstance(t, Array) else t


def shape_of(t: Type) -> tuple[int, ...]:
    """Return the shape of a block, () for a scalar."""
    return t.shape if isinstance(t, Array) else ()


def domain(t: Type) -> tuple[int, int]:
    """Return the first value and the number of values of a finite scalar, or of an array's cell."""
    item = item_of(t)
    assert isinstance(item, Bool | Int | Enum)
    return item.lo, item.size


def spread(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return [P] or [P, *shape] as something that goes with [P, *shape]."""
    return x.reshape(x.shape[0], *[1] * len(shape)) if x.dim() == 1 else x


def apply(op: str, args: Sequence[Tensor], types: Sequence[Type], result: Type) -> Tensor:
    """Apply a row of `OPS` to particles.

    Args:
        op: its name.
        args: [P, *shape] each.
        types: their types.
        result: the type of the result.

    Returns:
        [P, *shape of result]; not finite where a real row is undefined.
    """
    if op == "only":
        return (args[0].unsqueeze(-1) == torch.arange(shape_of(result)[0])).long()
    if OPS[op].lifts:
        args = [spread(a, shape_of(result)) for a in args]
    if any(isinstance(item_of(t), Real) for t in (*types, result)) and op != "sharpen":
        real = next((a.dtype for a in args if a.is_floating_point()), torch.float64)
        args = [a.to(real) for a in args]
    if op in FORMS:
        out = FORMS[op](*args)
    else:
        out = _tabulated(op, args, tuple(map(item_of, types)), item_of(result))
    full = (out.shape[0], *shape_of(result))
    out = out if isinstance(item_of(result), Real) else out.long()
    return out.expand(full) if out.dim() == len(full) else out


def _tabulated(op: str, args: Sequence[Tensor], types: tuple[Type, ...], result: Type) -> Tensor:
    number = torch.zeros((), dtype=torch.long)
    for a, t in zip(args, types, strict=True):
        lo, size = domain(t)
        number = number * size + (a - lo)
    return _row_table(op, types)[number]


@lru_cache(maxsize=256)
def _row_table(op: str, types: tuple[Type, ...]) -> Tensor:
    size = math.prod(domain(t)[1] for t in types)
    if size > TABLE_LIMIT:
        message = f"`{op}` on {' and '.join(map(str, types))} is a table of {size:,} entries"
        help_ = f"the limit is {TABLE_LIMIT:,}; use smaller ranges"
        raise DiffprogError(Diagnostic("DP620", message, help=help_))
    values = [t.values() for t in types if isinstance(t, Bool | Int | Enum)]
    return torch.tensor([int(OPS[op].crisp(*v)) for v in product(*values)])


def reduce(op: str, cells: Tensor, mask: Tensor | None, otherwise: Tensor | None) -> Tensor:
    """Fold the cells [P, n] that a mask [P, n] selects, in the order of `REDUCTIONS`' meaning.

    Returns:
        [P]; `otherwise` (or the row's `empty`) where nothing is selected.
    """
    chosen = torch.ones_like(cells, dtype=torch.bool) if mask is None else mask.bool()
    if op in ("sum", "count"):
        return torch.where(chosen, cells, torch.zeros_like(cells)).sum(-1)
    if op in ("any", "all"):
        held = torch.where(chosen, cells.bool(), op == "all")
        return (held.any(-1) if op == "any" else held.all(-1)).long()
    some = chosen.any(-1)
    sign = 1 if op in ("max", "argmax") else -1
    low = -math.inf if cells.is_floating_point() else torch.iinfo(torch.long).min
    signed = torch.where(chosen, sign * cells, low)
    best = signed.amax(-1, keepdim=True)
    if op in ("min", "max"):
        out = sign * torch.where(some, best.squeeze(-1), torch.zeros_like(best.squeeze(-1)))
    else:
        out = first((signed == best) & chosen)
    empty = REDUCTIONS[op].empty or 0
    nothing = otherwise if otherwise is not None else torch.full_like(out, empty)
    return torch.where(some, out, nothing.to(out.dtype))


def read(cells: Tensor, axes: Axes, at: Sequence[Tensor]) -> Tensor:
    """Return [P, *place]: each leading axis cut, or indexed by the next [P] of `at`."""
    indices, dim = iter(at), 1
    for axis in axes:
        if isinstance(axis, Cut):
            cells = cells.narrow(dim, axis.lo, axis.hi - axis.lo)
            dim += 1
        else:
            index = next(indices).reshape(-1, *[1] * (cells.dim() - 1))
            shape = (*cells.shape[:dim], 1, *cells.shape[dim + 1 :])
            cells = cells.gather(dim, index.expand(shape)).squeeze(dim)
    return cells


def places(shape: tuple[int, ...], axes: Axes, at: Sequence[Tensor], count: int) -> Tensor:
    """Return the row-major numbers of the cells that an index names, [P, *place]."""
    numbers = torch.arange(math.prod(shape)).reshape(1, *shape).expand(count, *shape)
    return read(numbers, axes, at)


def constant(value: Value, t: Type, count: int) -> Tensor:
    """Return a crisp value for each of `count` particles, [P, *shape]."""
    real = isinstance(item_of(t), Real)
    cell = torch.as_tensor(value, dtype=torch.float64 if real else torch.long)
    return cell.reshape(1, *shape_of(t)).expand(count, *shape_of(t))
