"""Steps of a trace as panels: what stands in one picture over time, whoever draws it.

In: trace steps, and words for cells where the caller knows them. Out: panels in the order in which
they are drawn, with their titles, scales and the names of their rows. Scales are 0 to 1 and fixed,
so that pictures compare. Never imports torch or matplotlib.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

from diffprog.view.kinds import ADDRESSING, KINDS
from diffprog.view.style import short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.trace import TraceStep

Words: TypeAlias = "Mapping[str, Sequence[str]]"
"""What cells are called, by the name of their array; under `answer`, what each read is for."""

ANSWER = "answer"
WIDEST = 24
"""Characters of a row's name."""

Place: TypeAlias = "tuple[str, int]"
"""A module by its name, empty for the program's own text, and a line in it."""

Key = tuple[str, str, int, str]
"""A panel: its kind, its name, its number of cells (of branches and loops: its line and file)."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One thing that was watched, over time.

    Attributes:
        kind: of its records.
        name: the variable, or how the program writes the test.
        title: what stands above it.
        places: where it stands: files and lines.
        rows: what the cells or the alternatives are called; empty for their numbers.
        columns: by moment, the word for which something is read then; empty where nobody said.
        low: the value that is drawn white.
        high: the value that is drawn dark.
        spans: from which moment to which (it is not in it) there are which values.
    """

    kind: str
    name: str
    title: str
    places: tuple[Place, ...]
    rows: tuple[str, ...]
    columns: Mapping[int, str]
    low: float
    high: float
    spans: tuple[tuple[int, int, tuple[float, ...]], ...]

    @property
    def count(self) -> int:
        """The number of cells or alternatives."""
        return max(len(values) for _, _, values in self.spans)

    @property
    def is_choice(self) -> bool:
        """Whether the weights are those of a choice of the program."""
        return self.kind == "decision" or (self.kind == "branch" and self.name.startswith("choose"))

    def share(self, value: float) -> float:
        """Return where a value stands on the scale, 0 to 1."""
        return (value - self.low) / (self.high - self.low) if self.high > self.low else 0.0


def last_moment(steps: Sequence[TraceStep]) -> int:
    """Return the last moment at which something was watched."""
    return max((s.step for s in steps), default=0)


def panels(steps: Sequence[TraceStep], words: Words | None = None) -> list[Panel]:
    """Return the panels of a trace, in their order.

    Args:
        steps: of one run.
        words: what cells are called, by the name of their array; what reads are for, by `answer`.
    """
    last = last_moment(steps)
    return [_panel(key, found, last, words or {}) for key, found in _grouped(steps).items()]


def clip(text: str) -> str:
    """Return a name that fits beside a panel: alternatives often differ in their ends.

    >>> clip("selected = selected and column > pivot")
    'selected = …olumn > pivot'
    """
    half = WIDEST // 2
    return text if len(text) <= WIDEST else f"{text[: WIDEST - half - 1]}…{text[-half - 1 :]}"


def _panel(key: Key, found: Sequence[TraceStep], last: int, words: Words) -> Panel:
    kind, name, *_ = key
    row = KINDS[kind]
    places = tuple(sorted({s.place for s in found}))
    low, high = _bounds(found)
    title = f"{row.title.format(short(name))} ({_told(places)})"
    if kind == "memory":
        title += f", {low:.3g} white to {high:.3g} dark"
    made = Panel(kind, name, title, places, found[0].labels, {}, low, high, _spans(found, last))
    known = [words[n] for n in name.split(", ") if n in words]
    if not row.of_cells or not known or len(known[0]) != made.count:
        return made
    moments = [start for start, _, _ in made.spans] if kind == "read" else []
    columns = dict(zip(moments, words.get(ANSWER, ()), strict=False))
    return replace(made, rows=tuple(known[0]), columns=columns)


def _told(places: Sequence[Place]) -> str:
    """Return places as text: the lines of each file."""
    parts = []
    for file, found in groupby(places, key=lambda place: place[0]):
        lines = [str(line) for _, line in found]
        where = f" of {file}" if file else ""
        parts.append(f"line{'s' if len(lines) > 1 else ''} {', '.join(lines)}{where}")
    return "; ".join(parts)


def _grouped(steps: Sequence[TraceStep]) -> dict[Key, list[TraceStep]]:
    """Group steps by what was watched: arrays that change first, what is only read last."""
    found: dict[Key, list[TraceStep]] = {}
    for step in steps:
        cells = KINDS[step.kind].of_cells
        size, file = (len(step.values), "") if cells else (step.line, step.file)
        key = (step.kind, step.name, size, file)
        found.setdefault(key, []).append(step)
    firsts = {key: min((s.place, s.step) for s in group) for key, group in found.items()}
    changing = {key[1] for key in found if key[0] in ("memory", "write")}
    order = list(KINDS)

    def rank(key: Key) -> tuple[object, ...]:
        kind, name, size, _ = key
        if not KINDS[kind].of_cells:
            step, _, head = name.partition(", ")
            way = (head, ADDRESSING.index(step)) if kind == "address" else ("", 0)
            return (1, order.index(kind), *way, firsts[key], name)
        if name in changing:
            start = min(firsts[k] for k in found if k[1] == name)
            return (0, start, name, order.index(kind), size)
        return (2, firsts[key], name)

    ranked = sorted(found, key=rank)
    return _alike({key: sorted(found[key], key=lambda s: s.step) for key in ranked})


def _alike(groups: dict[Key, list[TraceStep]]) -> dict[Key, list[TraceStep]]:
    """Put the reads of several arrays at the same places into one panel."""
    merged: dict[object, tuple[Key, list[TraceStep]]] = {}
    for key, steps in groups.items():
        same = tuple((s.step, s.values) for s in steps) if key[0] == "read" else key
        first, so_far = merged.get(same, (key, []))
        name = first[1] if first is key else f"{first[1]}, {key[1]}"
        merged[same] = (first[0], name, *first[2:]), [*so_far, *steps]
    return dict(merged.values())


def _bounds(found: Sequence[TraceStep]) -> tuple[float, float]:
    """Return the scale: the range of the cells' type, or what was met of reals."""
    known = found[0].bounds
    if known is not None:
        return known
    values = [v for s in found for v in s.values]
    return min(values), max(values)


def _spans(found: Sequence[TraceStep], last: int) -> tuple[tuple[int, int, tuple[float, ...]], ...]:
    """Return what is drawn from when to when.

    Memory stays; the largest attention of a moment counts; of halting, what was said last.
    """
    kind = found[0].kind
    moments: dict[int, tuple[float, ...]] = {}
    for step in found:
        old = moments.get(step.step) if KINDS[kind].form != "bars" and kind != "memory" else None
        moments[step.step] = step.values if old is None else tuple(map(max, old, step.values))
    starts = sorted(moments)
    ends = [*starts[1:], last + 1] if kind == "memory" else [s + 1 for s in starts]
    return tuple((s, e, moments[s]) for s, e in zip(starts, ends, strict=True))
