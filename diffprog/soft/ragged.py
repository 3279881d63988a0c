"""Batches whose rows have different sizes: rows of equal sizes run together, at their own sizes.

In: inputs by name, as they are given: tensors, lists of rows, nested lists. Out: parts, each with
its module, its inputs and the places of its rows; and results put together again in the order of
the rows. There is no padding, so nothing of it can leak.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

import torch
from torch import Tensor

from diffprog.soft.inputs import gathered, leaves
from diffprog.soft.outcomes import Outcomes
from diffprog.types import Array, Enum, Int, Tuple, trail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from diffprog.types import Type

Report: TypeAlias = "dict[str, dict[int, Tensor]]"

Sizes: TypeAlias = tuple[tuple[str, int], ...]
"""A number for each size of the program, by name."""


class Module(Protocol):
    """A softened program at certain sizes, as far as it matters here."""

    params: tuple[tuple[str, Type], ...]
    report: Report
    like: Tensor


M = TypeVar("M", bound=Module)
N = TypeVar("N", covariant=True)


class Bindings(Protocol[N]):
    """The program at other sizes."""

    def sizes(self, shapes: Mapping[str, object]) -> Sizes:
        """Return the sizes that inputs say, by the axes of each (`Shaped`, tuples of them).

        Raises:
            DiffprogError: where the inputs disagree, or learning fixed a size.
        """

    def module(self, sizes: Sizes) -> N:
        """Return the program at sizes, with weights of its own."""


@dataclass(frozen=True)
class Shaped:
    """The axes of a value."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class Part(Generic[M]):
    """Rows of equal sizes.

    Attributes:
        module: the program at these sizes.
        inputs: by name.
        places: of the rows in the batch; empty where the batch was not taken apart.
    """

    module: M
    inputs: dict[str, Any]
    places: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Column:
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


def parts(module: M, given: Mapping[str, Any], at: Callable[..., M]) -> list[Part[M]]:
    """Return a batch taken apart by the sizes of its rows.

    Args:
        module: the program at the sizes that it was softened at.
        given: a value for each of its parameters.
        at: returns the program at the sizes of one row, by the axes of each parameter.
    """
    given = {name: _as_tensor(value) for name, value in given.items()}
    if all(_fits(given[name], t) for name, t in module.params):
        return [Part(module, given)]
    columns = [c for name, t in module.params for c in _columns(name, t, given[name])]
    counts = {c.rows for c in columns if c is not None and c.rows is not None} - {1}
    known = [c for c in columns if c is not None]
    if len(known) != len(columns) or len(counts) > 1:
        return [Part(module, given)]  # its encoder says what is wrong
    rows = counts.pop() if counts else 1
    groups: dict[tuple[tuple[int, ...], ...], list[int]] = {}
    for i in range(rows):
        groups.setdefault(tuple(c.shape(i) for c in known), []).append(i)
    merged: dict[int, tuple[M, list[int]]] = {}
    for shapes, places in groups.items():
        found = at(_named(module.params, map(Shaped, shapes)))
        merged.setdefault(id(found), (found, []))[1].extend(places)
    if len(merged) == 1 and all(isinstance(c.value, Tensor) for c in known):
        return [Part(found, given) for found, _ in merged.values()]
    return [
        Part(m, _named(m.params, (c.take(p, rows) for c in known)), tuple(p))
        for m, p in ((m, sorted(p)) for m, p in merged.values())
    ]


def _as_tensor(value: Any) -> Any:
    """Return an array as a tensor, also those in a list."""
    if isinstance(value, list | tuple) and value and hasattr(value[0], "__array__"):
        return [_as_tensor(v) for v in value]
    is_array = hasattr(value, "__array__") and not isinstance(value, Tensor)
    return torch.as_tensor(value) if is_array else value


def _named(params: Sequence[tuple[str, Type]], values: Iterator[Any]) -> dict[str, Any]:
    """Return values of columns by parameter, tuples put together."""
    return {name: gathered(t, values) for name, t in params}


def _columns(name: str, t: Type, value: Any) -> list[_Column | None]:
    if not isinstance(t, Tuple):
        return [_column(name, t, value)]
    if not isinstance(value, list | tuple) or len(value) != len(t.items):
        return [None]
    return [c for v, part in zip(value, t.items, strict=True) for c in _columns(name, part, v)]


def _column(name: str, t: Type, value: Any) -> _Column | None:
    """Return a column, or None for what is no value and no batch of values."""
    if not isinstance(value, Tensor | list | tuple):
        return _Column(name, t, value, None, (tuple(getattr(value, "shape", ())),))
    if isinstance(value, Tensor):
        lead = value.dim() - _own(value, t)
        if lead < 0:
            return None
        rows = value.shape[lead - 1] if lead else None
        return _Column(name, t, value, rows, (_axes(value, t),))
    depth, own = _depth(value), _own(value, t)
    if depth == own:
        return _Column(name, t, value, None, (_axes(value, t),))
    if depth != own + 1:
        return None
    return _Column(name, t, value, len(value), tuple(_axes(row, t) for row in value))


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


def _fits(value: Any, t: Type) -> bool:
    """Say whether a value, or a batch, has the sizes of a type."""
    if isinstance(t, Tuple):
        pairs = isinstance(value, list | tuple) and len(value) == len(t.items)
        return pairs and all(map(_fits, value, t.items))
    shape = t.shape if isinstance(t, Array) else ()
    if isinstance(value, list | tuple):
        column = _column("", t, value)
        tensors = any(isinstance(row, Tensor) for row in value)
        return column is not None and not tensors and all(s == shape for s in column.shapes)
    return not isinstance(value, Tensor) or _axes(value, t) == shape


# --- put together again ---------------------------------------------------------------------------


def together(found: Sequence[Any], of: Sequence[Part[Any]], result: Type) -> Any:
    """Return the answers of parts in the order of the rows: a tensor where the shapes agree."""
    types = leaves(result)
    flat = [_flat(answer, result) for answer in found]
    columns: list[Any] = [
        _rows([answer[i] for answer in flat], of, trail(t)) for i, t in enumerate(types)
    ]
    return gathered(result, iter(columns))


def _flat(answer: Any, t: Type) -> list[Tensor]:
    if not isinstance(t, Tuple):
        return [answer]
    return [leaf for a, part in zip(answer, t.items, strict=True) for leaf in _flat(a, part)]


def _rows(tensors: Sequence[Tensor], of: Sequence[Part[Any]], own: int) -> Tensor | list[Tensor]:
    rows: dict[int, Tensor] = {}
    for x, part in zip(tensors, of, strict=True):
        axis = max(x.dim() - own, 1) - 1
        x = x if x.dim() > own else x.unsqueeze(0)
        shape = list(x.shape)
        shape[axis] = len(part.places)
        rows |= dict(zip(part.places, x.expand(shape).unbind(axis), strict=True))
    ordered = [rows[i] for i in range(len(rows))]
    if len({row.shape for row in ordered}) > 1:
        return ordered
    return torch.stack(ordered, ordered[0].dim() - own)


def joined(found: Sequence[Outcomes], of: Sequence[Part[Any]], result: Type) -> Outcomes:
    """Return the outcomes of parts in the order of the rows; a row lacks none of the others.

    Where one has fewer, it has as many more of weight 0.
    """
    most = max(len(o.weights) for o in found)
    values = [
        gathered(result, (_longer(x, most, edge=True) for x in _flat(o.values, result)))
        for o in found
    ]
    weights = _rows([_longer(o.weights, most, edge=False) for o in found], of, 0)
    assert isinstance(weights, Tensor)
    return Outcomes(together(values, of, result), weights)


def _longer(x: Tensor, most: int, *, edge: bool) -> Tensor:
    """Return a tensor with more places on the first axis: its last one again, or zeros."""
    more = x[-1:] if edge else torch.zeros_like(x[-1:])
    return torch.cat([x, more.expand(most - len(x), *x.shape[1:])])


def reports(of: Sequence[Part[Any]]) -> Report:
    """Return what the parts reported of their rows, in the order of the rows."""
    kinds = of[0].module.report
    return {
        kind: {line: _amounts(kind, line, of) for part in of for line in part.module.report[kind]}
        for kind in kinds
    }


def _amounts(kind: str, line: int, of: Sequence[Part[Any]]) -> Tensor:
    """Return one number a row; 0 where the line was not met."""
    found = [p.module.report[kind].get(line, p.module.like.new_zeros(1)) for p in of]
    lead = torch.broadcast_shapes(*(x.shape[:-1] for x in found))  # type: ignore[no-untyped-call]
    wide = [x.expand(*lead, x.shape[-1] if x.dim() else 1) for x in found]
    together = _rows(wide, of, 0)
    assert isinstance(together, Tensor)
    return together
