"""What a traced run is watched for: memory, attention, branches, halting.

In: at generation, nodes with the codes of what is watched; at run time, the tensors. Out: lines
that call `watch` and `tick`, and from those the records of one row. Plain programs have none.
"""

from __future__ import annotations

import math
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

from diffprog.ir.graph import Hole, Param
from diffprog.soft.addressing import array_name
from diffprog.soft.writer import Term, finite_item, shape
from diffprog.types import Array, Bool, Enum, Int, Real, trail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from diffprog.errors import Span
    from diffprog.ir.graph import Cut, Graph, Loop, Node, Select
    from diffprog.soft.emitter import Emitter
    from diffprog.types import Type

Place: TypeAlias = "tuple[str, int]"
"""A file by its name, and a line in it."""

CALLS = ("watch", "tick")
"""What the lines call; a traced run puts a `Recorder`'s methods there."""


class Record(NamedTuple):
    """What was watched at one moment of one row.

    Attributes:
        kind: `memory`, `read`, `write`, `address`, `branch`, `decision` or `halting`.
        name: the variable, or how the program writes the test or the loop.
        line: where it stands in its file.
        step: the moment, from 0.
        values: memory: the mean of each cell; read, write: the weight of each cell, times that
            of the case in which this happens; address: of a step on the way there, the weight of
            each cell; branch: the weight of each case; decision: of each alternative; halting: what
            stops now, and the remainder where that is given to this step.
        labels: the names of the cases, of the alternatives.
        bounds: the least and the largest value of the cells, None for reals.
        file: the name of the text that the line is in: the program's, or that of a module.
    """

    kind: str
    name: str
    line: int
    step: int
    values: tuple[float, ...]
    labels: tuple[str, ...] = ()
    bounds: tuple[float, float] | None = (0.0, 1.0)
    file: str = ""


# --- lines of the generated source ----------------------------------------------------------------


@contextmanager
def rounds(em: Emitter, memory: Iterable[Term], span: Span) -> Iterator[None]:
    """Write that a round of a loop begins, with the arrays that go round; then what it does."""
    if em.tracing is not None:
        em.writer.line("tick(report)")
        for term in memory:
            cells(em, term.code, term, span)
    em.loops += 1
    yield
    em.loops -= 1


def loop_ends(em: Emitter, found: Mapping[int, Term], names: Mapping[int, str], span: Span) -> None:
    """Write the arrays that an outermost loop leaves, under the names that they had in it."""
    if em.tracing is not None and not em.loops:
        em.writer.line("tick(report)")
        for place, term in found.items():
            cells(em, names[place], term, span)


def cells(em: Emitter, name: str, term: Term, span: Span) -> None:
    """Write that an array is watched."""
    t = term.type
    if em.tracing is None or not isinstance(t, Array) or math.prod(t.shape) == 0:
        return
    finite = not isinstance(t.item, Real)
    lo, high = (finite_item(t).lo, finite_item(t).size - 1) if finite else (0, 0)
    bounds = f"({lo}, {lo + high})" if finite else "None"
    where = f'"{re.sub(r"_[0-9]+$", "", name)}", {_where(span)}'
    spread = f"{trail(t.item)}, {math.prod(t.shape)}"
    em.writer.line(f'watch(report, "memory", {where}, ({em.tensor(term)}, {spread}), {bounds})')


def attended(
    em: Emitter, kind: str, node: Node, at: Sequence[Term | Cut], array: Type, changed: Term | None
) -> None:
    """Write that an array is read or written at a place; where no loop shows it, the array too.

    A part of fixed bounds is no place, and nothing is looked for at one that is always the same: of
    those only what is written is shown.
    """
    if em.tracing is None or 0 in shape(array):
        return
    axes = []
    for index, n in zip(at, shape(array), strict=True):
        if isinstance(index, Term):
            lo = getattr(index.type, "lo", 0)
            axes.append(f"({index.code if index.number else em.tensor(index)}, {lo}, {n})")
        else:
            axes.append(f"(slice({index.lo}, {index.hi}), 0, {n})")
    name = array_name(node.span.text)
    weight = " * ".join(em.cases) or "1.0"
    place = f"[{', '.join(axes)}], {weight}"
    places = [index.code for index in at if isinstance(index, Term)]
    if places if kind == "write" else not all(code.isdecimal() for code in places):
        em.writer.line(f'watch(report, "{kind}", "{name}", {_where(node.span)}, ({place}))')
    if changed is not None and not em.loops and not em.cases:
        em.writer.line("tick(report)")
        cells(em, name, changed, node.span)


def decided(em: Emitter, name: str, node: Node, weights: str, labels: Sequence[str]) -> None:
    """Write that a decision is watched; `weights` is a tensor, its last axis the alternatives."""
    _distribution(em, "decision", name, node, weights, tuple(labels))


def addressed(em: Emitter, name: str, node: Node, term: Term) -> None:
    """Write that a step of addressing is watched."""
    if not term.number:
        _distribution(em, "address", name, node, em.tensor(term), ())


def _distribution(
    em: Emitter, kind: str, name: str, node: Node, code: str, labels: tuple[str, ...]
) -> None:
    if em.tracing is not None:
        what = f"({code}, {' * '.join(em.cases) or '1.0'})"
        more = f'"{kind}", {name!r}, {_where(node.span)}, {what}, {labels!r}'
        em.writer.line(f"watch(report, {more})")


def branched(em: Emitter, node: Select, code: str, weights: Sequence[str]) -> None:
    """Write that the weights of a branch's cases are watched."""
    if em.tracing is None:
        return
    decider = node.test[node.test.results[0]]
    key = decider.key if isinstance(decider, Hole) else em.choices.get(code)
    name, values = _first_line(decider), _values(decider.type)
    if isinstance(decider, Param) and key is not None:
        name = f"choose {key.partition('.')[2].partition('#')[0]}"
    if key is not None:
        values = list(em.tracing.get(key, ())) or list(map(_written, node.cases))
    groups: list[list[str]] = [[] for _ in node.cases]
    for place, case in enumerate(node.unions):
        groups[case].append(values[place] if place < len(values) else str(place))
    labels = tuple(", ".join(group) for group in groups)
    listed = f"({', '.join(weights)},)"
    where = f"{name!r}, {_where(node.span)}"
    em.writer.line(f'watch(report, "branch", {where}, {listed}, {labels!r})')


def halts(em: Emitter, node: Loop, *weights: str, rest: bool = False) -> None:
    """Write that a halting weight is watched; `rest` is what a loop leaves at its bound."""
    if em.tracing is not None:
        kind, where = "rest" if rest else "halting", f"{_first_line(node)!r}, {_where(node.span)}"
        em.writer.line(f'watch(report, "{kind}", {where}, ({", ".join(weights)},))')


def _where(span: Span) -> str:
    """Return the code of a place: file and line."""
    return f"({span.source.name!r}, {span.line})"


def _first_line(node: Node) -> str:
    text = node.span.text.split("\n", 1)[0].split("#")[0]
    return text.strip().removesuffix(":")


def _written(case: Graph) -> str:
    """Return what a case does, as the program writes it."""
    made = [case[r] for r in case.results if not isinstance(case[r], Param)]
    return _first_line(made[0]) if made else "pass"


def _values(t: Type) -> list[str]:
    match t:
        case Bool():
            return ["false", "true"]
        case Int() | Enum():
            return [str(t.decode(v)) for v in t.values()]
        case _:
            return []


# --- at run time ----------------------------------------------------------------------------------


@dataclass
class Recorder:
    """Collects the records of the first row; a report that is None is no run of its own.

    A moment lasts until a round of a loop begins after something happened, so that the rounds of
    nested loops do not count twice.
    """

    records: list[Record] = field(default_factory=list)
    moment: int = 0
    _ticked: bool = False
    _busy: bool = False
    _memory: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def tick(self, report: object) -> None:
        """Let a new moment begin."""
        self._ticked |= report is not None

    def watch(
        self, report: object, kind: str, name: str, place: Place, what: Any, more: Any = ()
    ) -> None:
        """Record what was watched."""
        if report is None:
            return
        if kind == "memory":
            self._cells(name, place, what, more)
            return
        if kind == "rest":
            self._rest(name, place, _number(what[0]))
            return
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
        self.records.append(Record(kind, name, line, self.moment, values, tuple(more), file=file))

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
            self.records.append(Record("memory", name, line, self.moment, values, (), bounds, file))

    def _rest(self, name: str, place: Place, weight: float) -> None:
        for at in range(len(self.records) - 1, -1, -1):
            record = self.records[at]
            found = record.kind, record.name, (record.file, record.line)
            if found == ("halting", name, place):
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
