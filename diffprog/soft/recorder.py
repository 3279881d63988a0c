"""What a traced run tells: the records of one row, put together while it runs.

In: what the lines of `watching` call with, tensors among it. Out: records in their order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor

from diffprog.trace import TraceStep

if TYPE_CHECKING:
    from collections.abc import Sequence

Place: TypeAlias = "tuple[str, int]"
"""A file by its name, and a line in it."""


HARDLY = 0.005
"""A decision in a case with less weight is not told."""


@dataclass
class Recorder:
    """Collects the records of the first row; a report that is None is no run of its own.

    A moment lasts until a round of a loop begins after something happened, so that the rounds of
    nested loops do not count twice.
    """

    records: list[TraceStep] = field(default_factory=list)
    moment: int = 0
    _ticked: bool = False
    _busy: bool = False
    _memory: dict[str, tuple[float, ...]] = field(default_factory=dict)
    _read: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    _attended: tuple[str, tuple[str, ...], tuple[float, ...]] | None = None

    def tick(self, report: object) -> None:
        """Let a new moment begin."""
        self._ticked |= report is not None

    def watch(
        self, report: object, kind: str, name: str, place: Place, what: Any, more: Any = ()
    ) -> None:
        """Record what was watched."""
        if report is None:
            return
        match kind:
            case "memory" if any(whose.rpartition(":")[2] == name for whose in self._read):
                pass  # the numbers of a controller's state say nothing to a reader
            case "memory":
                self._cells(name, place, what, more)
            case "rest":
                self._rest(name, place, _number(what[0]))
            case "reader":
                self._read[name] = what[0], _words(what[1], more)
            case "attends":
                self._attended = *self._read.get(name, (name, ())), _attention(*what)
            case "decision" if _number(what[1]) < HARDLY:
                pass
            case _:
                self._noted(kind, name, place, what, tuple(more))

    def _noted(
        self, kind: str, name: str, place: Place, what: Any, labels: tuple[str, ...]
    ) -> None:
        if self._ticked and self._busy:
            self._next()
        self._ticked, self._busy = False, True
        match kind:
            case "read" | "write":
                values = _place(*what)
            case "decision" | "address":
                values = _weights(*what)
            case _:
                values = tuple(map(_number, what))
        file, line = place
        if kind == "decision" and self._attended is not None:
            array, words, looked = self._attended
            seen = tuple(w * _number(what[1]) for w in looked)
            made = TraceStep("attention", array, line, self.moment, seen, words[: len(seen)])
            self.records += [made._replace(file=file)] if seen else []
        self.records.append(TraceStep(kind, name, line, self.moment, values, labels, file=file))

    def _cells(self, name: str, place: Place, what: Any, bounds: tuple[int, int] | None) -> None:
        tensor, distribution, count = what
        if distribution:
            assert bounds is not None
            numbers = torch.arange(bounds[0], bounds[1] + 1).to(tensor)
            tensor = tensor @ numbers
        values = _row(tensor, count)
        old = self._memory.get(name)
        if self._ticked and (self._busy or (old is not None and old != values)):
            self._next()
            self._ticked = False
        if self._memory.get(name) != values:
            self._memory[name] = values
            file, line = place
            self.records.append(
                TraceStep("memory", name, line, self.moment, values, (), bounds, file)
            )

    def _rest(self, name: str, place: Place, weight: float) -> None:
        for at in range(len(self.records) - 1, -1, -1):
            record = self.records[at]
            if (record.kind, record.name, record.place) == ("halting", name, place):
                self.records[at] = record._replace(values=(record.values[0], weight))
                return

    def _next(self) -> None:
        self.moment += 1
        self._busy = False


def _number(value: Any) -> float:
    return float(value.reshape(-1)[0]) if isinstance(value, Tensor) else float(value)


def _row(tensor: Tensor, count: int) -> tuple[float, ...]:
    return tuple(tensor.reshape(-1, count)[0].tolist())


def _weights(tensor: Tensor, share: Any) -> tuple[float, ...]:
    """Return the weights of the first row, times the weight of the case in which they count."""
    return tuple((tensor.reshape(-1, tensor.shape[-1])[0] * _number(share)).tolist())


def _words(values: Tensor, members: Sequence[str]) -> tuple[str, ...]:
    """Return what the first row of a controller's input says, where its words have names."""
    if not members:
        return ()
    first = values.reshape(-1, values.shape[-2], values.shape[-1])[0]
    return tuple(members[k] for k in first.argmax(-1).tolist())


def _attention(network: Any, memory: Tensor, state: Tensor) -> tuple[float, ...]:
    """Return the weight of each place that the first row's state of a controller attends to.

    Places behind the last that is attended to are left out. A module of the caller's own says it
    where it has a method for it.
    """
    attends = getattr(getattr(network, "module", network), "attends", None)
    if attends is None or network.restarts is not None:
        return ()
    own = memory.reshape(-1, *memory.shape[-2:])[:1]
    weights = attends(own, state.reshape(-1, state.shape[-1])[:1])[0]
    return tuple(weights[: int(weights.nonzero().max()) + 1].tolist())


def _place(axes: Sequence[tuple[Any, int, int]], weight: Any) -> tuple[float, ...]:
    """Return the weight of each cell: the product of its indices', in row-major order.

    Whole rows are one cell: an axis that is taken whole, behind all others, does not count.
    """
    while len(axes) > 1 and axes[-1][0] == slice(0, axes[-1][2]):
        axes = axes[:-1]
    whole = torch.full((1,), _number(weight), dtype=torch.float64)
    for index, lo, n in axes:
        along = torch.zeros(n, dtype=torch.float64)
        if isinstance(index, Tensor):
            row = index.reshape(-1, index.shape[-1])[0]
            along[lo : lo + len(row)] = row[: n - lo].double()
        else:
            along[index] = 1.0
        whole = (whole[:, None] * along).reshape(-1)
    return tuple(whole.tolist())
