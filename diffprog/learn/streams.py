"""Examples without end: batches that are drawn when they are wanted.

In: a function from a random number generator to a batch: inputs by name and the answers, as arrays
with one row an example. Where it takes a second argument, that is the share of the training that
is done: what is easy can come first. Out: the rows of a step. A batch depends on the seed and the
step alone, so a run that is taken up again sees the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from inspect import signature
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import numpy as np
import torch
from torch import Tensor

from diffprog.errors import fail
from diffprog.learn.rows import Rows, Task
from diffprog.learn.vector import item_of, shape_of
from diffprog.lower.value import flat_types
from diffprog.types import Bool, Enum, Int, Real, Tuple, Type

if TYPE_CHECKING:
    from diffprog.pipeline import Program

Batch: TypeAlias = (
    "tuple[Mapping[str, Any], Any] | tuple[Mapping[str, Any], Any, Mapping[str, int]]"
)
"""Inputs by name and the answers (a tuple is given as a tuple of arrays), then sizes by name, if
there are some that no input's shape says."""

Draw: TypeAlias = (
    "Callable[[np.random.Generator], Any] | Callable[[np.random.Generator, float], Any]"
)
"""Gives a `Batch`, knowing how far the training is or not."""

HELD = 8
"""Batches that are drawn to be evaluated on."""


@dataclass(frozen=True)
class Stream:
    """A source of batches.

    Attributes:
        draw: gives a batch.
        seed: what the batches depend on.
        name: what messages call it.
        part: tells apart what is drawn from the same seed: 0 for training.
    """

    draw: Draw
    seed: int
    name: str = "examples"
    part: int = 0

    def task(self, program: Program, step: int, *, done: float = 1.0) -> tuple[Task, Program]:
        """Return the batch of a step as rows, and the program at its sizes.

        `done` is the share of the training that is done; what is evaluated on is drawn as at the
        end.

        Raises:
            DiffprogError: DP633 for a batch that is none of the program's.
        """
        where = f"batch {step} of {self.name}"
        random = np.random.default_rng([self.seed, self.part, step])
        drawn = self.draw(random, done) if self._paced else self.draw(random)  # type: ignore[call-arg]
        if not isinstance(drawn, tuple) or not 2 <= len(drawn) <= 3 or not _named(drawn):
            hint = "give `({name: array, …}, array)`, a row an example; sizes may come third"
            fail("DP633", f"{where} is no pair of inputs by name and answers", hint=hint)
        inputs, output, *sizes = drawn
        program = program.at(**sizes[0]) if sizes else program
        if set(inputs) != set(program.parameters):
            wanted = ", ".join(f"`{n}`" for n in program.parameters)
            given = ", ".join(f"`{n}`" for n in inputs)
            fail("DP633", f"{where} has the inputs {given}, expected {wanted}")
        bound = program.bind({name: _first(value) for name, value in inputs.items()})
        return Task(bound.simplified, tuple(flat_types(bound.result)),
                    _rows(bound, inputs, output, where)), bound  # fmt: skip

    def held(self, program: Program, part: int) -> list[tuple[Task, Program]]:
        """Return batches to evaluate on, drawn apart from those of training."""
        apart = Stream(self.draw, self.seed, self.name, part)
        return [apart.task(program, i) for i in range(HELD)]

    @cached_property
    def _paced(self) -> bool:
        """Say whether the function asks how far the training is."""
        return len(signature(self.draw).parameters) > 1

    @property
    def digest(self) -> str:
        """What a run remembers of the stream: the name of its function."""
        function = self.draw
        return f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')}"


def _named(drawn: tuple[Any, ...]) -> bool:
    """Say whether inputs, and sizes, come by name."""
    return all(isinstance(part, Mapping) for part in (drawn[0], *drawn[2:]))


def _first(value: Any) -> Any:
    return tuple(map(_first, value)) if isinstance(value, tuple) else value[0]


def _rows(bound: Program, inputs: Mapping[str, Any], output: Any, where: str) -> Rows:
    found: dict[str, Tensor] = {}
    for name, t in bound.parameters.items():
        parts = [_tensor(v, u, f"{where}: `in.{n}`") for n, v, u in _parts(name, inputs[name], t)]
        names = [f"{name}.{i}" for i in range(len(parts))] if len(parts) > 1 else [name]
        found |= dict(zip(names, parts, strict=True))
    targets = [_tensor(v, u, f"{where}: `{n}`") for n, v, u in _parts("out", output, bound.result)]
    counts = {len(x) for x in [*found.values(), *targets]}
    if len(counts) != 1:
        fail("DP633", f"{where}: its arrays have {_listed(counts)} rows")
    (count,) = counts
    return Rows(found, tuple(targets), torch.ones(count, dtype=torch.float64), tuple(range(count)))


def _listed(counts: set[int]) -> str:
    return " and ".join(map(str, sorted(counts)))


def _parts(name: str, value: Any, t: Type) -> Iterator[tuple[str, Any, Type]]:
    if not isinstance(t, Tuple):
        yield name, value, t
        return
    if not isinstance(value, tuple) or len(value) != len(t.items):
        fail("DP633", f"`{name}` is no tuple of {len(t.items)} arrays")
    for i, (v, u) in enumerate(zip(value, t.items, strict=True)):
        yield from _parts(f"{name}[{i}]", v, u)


def _tensor(value: Any, t: Type, where: str) -> Tensor:
    """Return an array as rows of a type."""
    item, shape = item_of(t), shape_of(t)
    try:
        found = torch.as_tensor(np.ascontiguousarray(value))  # torch takes no views backwards
    except (TypeError, ValueError) as problem:
        fail("DP633", f"{where} is no array: {problem}")
    if found.dim() != len(shape) + 1 or tuple(found.shape[1:]) != tuple(shape):
        wanted = ", ".join(["rows", *map(str, shape)])
        _wrong(where, f"has the shape {tuple(found.shape)}", f"({wanted})", t)
    if isinstance(item, Real):
        found = found.double()
        if not bool(found.isfinite().all()):
            _wrong(where, "holds a number that is not finite", "finite numbers", t)
        return found
    if found.is_floating_point() or (found.dtype == torch.bool) != isinstance(item, Bool):
        _wrong(where, f"is {found.dtype}", "bools" if isinstance(item, Bool) else "integers", t)
    found = found.long()
    if isinstance(item, Int | Enum) and found.numel():
        lo, hi = int(found.min()), int(found.max())
        if lo < item.lo or hi >= item.lo + item.size:
            _wrong(where, f"holds {lo if lo < item.lo else hi}", f"a value of `{item}`", t)
    return found


def _wrong(where: str, what: str, wanted: str, t: Type) -> NoReturn:
    fail("DP633", f"{where} {what}, expected {wanted}", hint=f"it is `{t}`, a row an example")
