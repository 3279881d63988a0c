"""The crisp rows, for many particles at once.

In: tensors [P, *shape] (finite values as int64, `false` 0 and `true` 1; reals as floats). Out:
the same. `OPS` and `REDUCTIONS` define what each row means; what stands here is only their
vectorised form, and a test holds the two together. A finite row that has no form here is
tabulated from its crisp function.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from diffprog.errors import Diagnostic, DiffprogError
from diffprog.ir.graph import Axes, Cut
from diffprog.ops import OPS, REDUCTIONS
from diffprog.soft.kernels import root, sums_after, sums_before
from diffprog.types import Array, Bool, Enum, Int, Real, Type, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TABLE_LIMIT = 2**20
"""The largest joint domain that is tabulated from a row's crisp function."""


def _floordiv(a: Tensor, b: Tensor) -> Tensor:
    return torch.div(a, b, rounding_mode="floor")


def _pick(scores: Tensor) -> Tensor:
    return _first(scores == scores.amax(-1, keepdim=True))


def _first(wanted: Tensor) -> Tensor:
    """Return the place of the first true cell of the last axis."""
    n = wanted.shape[-1]
    return torch.where(wanted, torch.arange(n, device=wanted.device), n).amin(-1)


def _cosine(memory: Tensor, key: Tensor) -> Tensor:
    norms = memory.norm(dim=-1) * key.norm(dim=-1, keepdim=True)
    dots = (memory @ key.unsqueeze(-1)).squeeze(-1)
    return torch.where(norms > 0, dots / torch.where(norms > 0, norms, 1.0), 0.0)


def _matmul(a: Tensor, b: Tensor) -> Tensor:
    left = a.unsqueeze(-2) if a.dim() == 2 else a
    right = b.unsqueeze(-1) if b.dim() == 2 else b
    out = left @ right
    out = out.squeeze(-1) if b.dim() == 2 else out
    return out.squeeze(1) if a.dim() == 2 else out


def _sqrt(x: Tensor) -> Tensor:
    # `root` has a finite slope at 0; below 0 the result is not finite, which marks it undefined.
    return torch.where(x < 0, math.nan, root(x))


DIRECT: dict[str, Callable[..., Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "floordiv": _floordiv,
    "mod": torch.remainder,
    "neg": torch.neg,
    "abs": torch.abs,
    "min": torch.minimum,
    "max": torch.maximum,
    "clamp": lambda x, lo, hi: torch.maximum(torch.minimum(x, hi), lo),
    "and": torch.bitwise_and,
    "or": torch.bitwise_or,
    "xor": torch.bitwise_xor,
    "not": lambda a: 1 - a,
    "eq": torch.eq,
    "ne": torch.ne,
    "lt": torch.lt,
    "le": torch.le,
    "gt": torch.gt,
    "ge": torch.ge,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": _sqrt,
    "sin": torch.sin,
    "cos": torch.cos,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "softplus": lambda a: torch.nn.functional.softplus(a, threshold=40),
    "int": lambda a: a,
    "real": lambda a: a,
    "chance": lambda p: p >= 0.5,
    "pick": _pick,
    "sharpen": lambda p, g: p,
    "matmul": _matmul,
    "cosine": _cosine,
    "sums_before": sums_before,
    "sums_after": sums_after,
}
"""Rows whose vectorised form is known; arguments have been brought to one sort and shape."""


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
    if op in DIRECT:
        out = DIRECT[op](*args)
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
        out = _first((signed == best) & chosen)
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
