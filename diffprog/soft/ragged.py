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

from diffprog.soft.columns import as_tensor, columns_of, fits
from diffprog.soft.inputs import gathered, leaves
from diffprog.soft.outcomes import Outcomes
from diffprog.types import Tuple, trail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from diffprog.types import Type

Report: TypeAlias = "dict[str, dict[int, Tensor]]"
"""What a call reports of each kind: by line of the program, one number a row."""

Sizes: TypeAlias = tuple[tuple[str, int], ...]
"""A number for each size of the program, by name."""


class Module(Protocol):
    """A softened program at certain sizes, as far as it matters here."""

    params: tuple[tuple[str, Type], ...]
    report: Report

    @property
    def like(self) -> Tensor:
        """A zero of its type on its device."""


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


def parts(module: M, given: Mapping[str, Any], at: Callable[..., M]) -> list[Part[M]]:
    """Return a batch taken apart by the sizes of its rows.

    Args:
        module: the program at the sizes that it was softened at.
        given: a value for each of its parameters.
        at: returns the program at the sizes of one row, by the axes of each parameter.
    """
    given = {name: as_tensor(value) for name, value in given.items()}
    if all(fits(given[name], t) for name, t in module.params):
        return [Part(module, given)]
    columns = [c for name, t in module.params for c in columns_of(name, t, given[name])]
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


def _named(params: Sequence[tuple[str, Type]], values: Iterator[Any]) -> dict[str, Any]:
    """Return values of columns by parameter, tuples put together."""
    return {name: gathered(t, values) for name, t in params}


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


def nothing() -> Report:
    """Return the report of a call that has met no line yet."""
    return {"unfinished": {}, "undefined": {}, "costs": {}}


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
