"""Examples as tensors: the rows of one size, each kept once.

In: crisp examples of equal sizes, and the types. Out: `Rows`, inputs by the graph's parameter
names and targets by the graph's results (a tuple is its parts).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from diffprog.learn.vector import item_of
from diffprog.lower.value import flat_types
from diffprog.types import Real, Tuple, Type, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diffprog.ir.graph import Graph
    from diffprog.learn.examples import Example


@dataclass(frozen=True)
class Rows:
    """Examples of equal sizes.

    Attributes:
        inputs: by parameter of the graph, [B, *shape] (int64, reals float64).
        targets: by result of the graph, [B, *shape].
        weights: how many examples each row stands for, [B].
        places: the row of each example, in the order of the examples.
    """

    inputs: dict[str, Tensor]
    targets: tuple[Tensor, ...]
    weights: Tensor
    places: tuple[int, ...]

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self.weights)

    def take(self, rows: Tensor) -> Rows:
        """Return some of the rows."""
        inputs = {name: value[rows] for name, value in self.inputs.items()}
        targets = tuple(t[rows] for t in self.targets)
        return Rows(inputs, targets, self.weights[rows], ())


@dataclass(frozen=True)
class Task:
    """A program at certain sizes, and rows for it."""

    graph: Graph
    result: tuple[Type, ...]
    rows: Rows


def flat_value(value: Value, t: Type) -> Iterator[Value]:
    """Yield the parts of a value, a tuple's one by one."""
    if isinstance(t, Tuple):
        assert isinstance(value, tuple)
        for v, item in zip(value, t.items, strict=True):
            yield from flat_value(v, item)
    else:
        yield value


def tensor(values: Sequence[Value], t: Type) -> Tensor:
    """Return crisp values of one type as a tensor [B, *shape]."""
    real = isinstance(item_of(t), Real)
    out = torch.tensor(values, dtype=torch.float64 if real else torch.long)
    shape = getattr(t, "shape", ())
    return out.reshape(len(values), *shape)


def columns(values: Sequence[Value], t: Type) -> tuple[Tensor, ...]:
    """Return crisp values of one type as a tensor for each part."""
    parts = [list(flat_value(v, t)) for v in values]
    types = flat_types(t)
    return tuple(tensor([p[i] for p in parts], u) for i, u in enumerate(types))


def encode_inputs(
    inputs: Sequence[Mapping[str, Value]], parameters: Mapping[str, Type]
) -> dict[str, Tensor]:
    """Return inputs by parameter of the graph, [B, *shape]."""
    out: dict[str, Tensor] = {}
    for name, t in parameters.items():
        parts = columns([i[name] for i in inputs], t)
        names = [f"{name}.{i}" for i in range(len(parts))] if isinstance(t, Tuple) else [name]
        single = [name] if len(parts) == 1 else names
        out |= dict(zip(single, parts, strict=True))
    return out


def as_rows(examples: Sequence[Example], parameters: Mapping[str, Type], result: Type) -> Rows:
    """Return examples of equal sizes as rows; equal ones become one of greater weight."""
    first: dict[str, int] = {}
    kept: list[Example] = []
    places: list[int] = []
    for example in examples:
        key = repr((sorted(example.inputs.items()), example.output))
        if key not in first:
            first[key] = len(kept)
            kept.append(example)
        places.append(first[key])
    weights = torch.bincount(torch.tensor(places, dtype=torch.long), minlength=len(kept))
    inputs = encode_inputs([e.inputs for e in kept], parameters)
    targets = columns([e.output for e in kept], result)
    return Rows(inputs, targets, weights.double(), tuple(places))
