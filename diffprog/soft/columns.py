"""What a module is called with, looked at by shape alone: how many rows, of which lengths.

In: values by parameter, as they are given. Out: a column for each tensor's worth of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from diffprog.types import Array, Enum, Int, Tuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.types import Type


@dataclass(frozen=True)
class Column:
    """One tensor's worth of the inputs.

    Attributes:
        name: the parameter's.
        type: of a scalar or an array.
        value: a whole batch, or one value for all rows.
        rows: how many rows it has; None where it is one value for all.
        shapes: of each row, or of the one value.
    """

    name: str
    type: Type
    value: Any
    rows: int | None
    shapes: tuple[tuple[int, ...], ...]

    def shape(self, row: int) -> tuple[int, ...]:
        """Return the shape of a row."""
        return self.shapes[row if self.rows is not None and len(self.shapes) > 1 else 0]

    def take(self, places: Sequence[int], rows: int) -> Any:
        """Return some rows of a batch of so many."""
        if self.rows is None or (self.rows == 1 and rows > 1):
            return self.value
        if isinstance(self.value, Tensor):
            axis = self.value.dim() - _own(self.value, self.type) - 1
            at = torch.tensor(places, device=self.value.device)
            return self.value.index_select(axis, at)
        found = [self.value[i] for i in places]
        return torch.stack(found) if isinstance(found[0], Tensor) else found


def as_tensor(value: Any) -> Any:
    """Return an array as a tensor, also those in a list."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, list | tuple) and value and hasattr(value[0], "__array__"):
        return [as_tensor(v) for v in value]
    return torch.as_tensor(value) if hasattr(value, "__array__") else value


def columns_of(name: str, t: Type, value: Any) -> list[Column | None]:
    """Return the columns of a parameter; None for what is no value and no batch of values."""
    if not isinstance(t, Tuple):
        return [_column(name, t, value)]
    if not isinstance(value, list | tuple) or len(value) != len(t.items):
        return [None]
    return [c for v, part in zip(value, t.items, strict=True) for c in columns_of(name, part, v)]


def _column(name: str, t: Type, value: Any) -> Column | None:
    """Return a column, or None for what is no value and no batch of values."""
    if not isinstance(value, Tensor | list | tuple):
        return Column(name, t, value, None, (tuple(getattr(value, "shape", ())),))
    if isinstance(value, Tensor):
        lead = value.dim() - _own(value, t)
        if lead < 0:
            return None
        rows = value.shape[lead - 1] if lead else None
        return Column(name, t, value, rows, (_axes(value, t),))
    depth, own = _depth(value), _own(value, t)
    if depth == own:
        return Column(name, t, value, None, (_axes(value, t),))
    if depth != own + 1:
        return None
    return Column(name, t, value, len(value), tuple(_axes(row, t) for row in value))


def _own(value: Any, t: Type) -> int:
    """Return how many axes one value has, as it is given: a distribution has one more."""
    item = t.item if isinstance(t, Array) else t
    rank = len(t.shape) if isinstance(t, Array) else 0
    return rank + (isinstance(item, Int | Enum) and _is_floating(value))


def _is_floating(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_is_floating, value))
    return value.is_floating_point() if isinstance(value, Tensor) else isinstance(value, float)


def _depth(value: Any) -> int:
    if isinstance(value, Tensor):
        return value.dim()
    if not isinstance(value, list | tuple):
        return 0
    return 1 + max(map(_depth, value), default=0)


def _axes(value: Any, t: Type) -> tuple[int, ...]:
    """Return the lengths of the axes of an array, as far as they can be seen."""
    rank = len(t.shape) if isinstance(t, Array) else 0
    if isinstance(value, Tensor):
        own = _own(value, t)
        return tuple(value.shape[value.dim() - own :][:rank])
    found: list[int] = []
    while isinstance(value, list | tuple) and len(found) < rank:
        found.append(len(value))
        value = value[0] if value else None
    return tuple(found)


def fits(value: Any, t: Type) -> bool:
    """Say whether a value, or a batch, has the sizes of a type."""
    if isinstance(t, Tuple):
        pairs = isinstance(value, list | tuple) and len(value) == len(t.items)
        return pairs and all(map(fits, value, t.items))
    shape = t.shape if isinstance(t, Array) else ()
    if isinstance(value, list | tuple):
        column = _column("", t, value)
        tensors = any(isinstance(row, Tensor) for row in value)
        return column is not None and not tensors and all(s == shape for s in column.shapes)
    return not isinstance(value, Tensor) or _axes(value, t) == shape
