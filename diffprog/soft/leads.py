"""What works on rows with one leading axis, along all the leading axes of soft values.

In: a function of rows, values with any leading axes. Out: what it gives, with theirs.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor


def applied(run: Callable[..., Any], own: Sequence[int], tensors: Sequence[Tensor]) -> Any:
    """Apply what works on rows along all leading axes of values; `own`: how many are not such."""
    if _are_rows(own, tensors):
        return run(*tensors)
    pairs = list(zip(tensors, own, strict=True))
    lead = together([x.shape[: x.dim() - n] for x, n in pairs])
    found = run(*[rows(x, lead, n, 0) for x, n in pairs])
    return found if len(lead) == 1 else each(found, lambda y: unflat(y, 0, lead))


def _are_rows(axes: Sequence[int], tensors: Sequence[Tensor]) -> bool:
    """Say whether values have one leading axis, of one length: nothing is to be changed."""
    rows = -1
    for x, own in zip(tensors, axes, strict=True):
        shape = x.shape  # its length is asked in Python
        if len(shape) != own + 1 or rows not in (-1, shape[0]):
            return False
        rows = shape[0]
    return True


def together(leads: Sequence[torch.Size]) -> tuple[int, ...]:
    """Return the leading axes of all; torch's own way takes longer than a small network."""
    longest = sorted(leads, key=len)[-1]  # `max` by a key breaks a graph that is compiled
    if all(lead in (longest, ()) for lead in leads):
        return tuple(longest)
    return tuple(torch.broadcast_shapes(*leads))  # type: ignore[no-untyped-call]


def one_by_one(run: Callable[..., Any]) -> Callable[..., Any]:
    """Return what `vmap` would, a restart after the other."""

    def every(weights: Mapping[str, Tensor], rows: Sequence[Tensor]) -> Any:
        names, restarts = list(weights), range(len(rows[0]))
        sets = ({name: weights[name][r] for name in names} for r in restarts)
        found = [run(own, tuple(x[r] for x in rows)) for r, own in enumerate(sets)]
        if isinstance(found[0], tuple):
            return tuple(torch.stack(parts) for parts in zip(*found, strict=True))
        return torch.stack(found)

    return every


def rows(x: Tensor, lead: tuple[int, ...], own: int, at: int, *, split: bool = False) -> Tensor:
    """Return a value with its leading axes as one, or with the one at `at` before the others."""
    trailing = x.shape[x.dim() - own :]
    x = x.expand((*lead, *trailing))
    if not split:
        return x if len(lead) == 1 else x.reshape(prod(lead), *trailing)
    return x.movedim(at, 0).reshape(lead[at], prod(lead) // lead[at], *trailing)


def unflat(y: Tensor, at: int, lead: tuple[int, ...]) -> Tensor:
    """Return a value with its axis at a place as several again."""
    return y.reshape((*y.shape[:at], *lead, *y.shape[at + 1 :]))


def each(found: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Change a result, or each of several."""
    return tuple(map(change, found)) if isinstance(found, tuple) else change(found)
