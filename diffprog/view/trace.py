"""Pictures over time: what one run of a soft program did, step by step.

In: trace steps. Out: a file drawn by matplotlib (extra `plot`), one panel a thing that was watched:
memory by cell and time, index attention (reads teal, writes orange), weights of branches, halting
weights with the remainder hatched. Scales are 0 to 1 and fixed, so that pictures compare.

A soft program that is traced gives records: one tuple (kind, name, line, step, values, …) for
whatever it reads, writes, weighs or halts. `from_report` makes steps of them. Never imports torch:
a tensor is anything with `tolist`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffprog.errors import fail
from diffprog.view.style import GRID, INK, LINE, QUIET, READ, WRITE, blend, contrast, short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

KINDS = ("memory", "read", "write", "branch", "halting")
"""What can be watched, in the order of the panels."""

FORMATS = ("svg", "png", "pdf")

HUE = {"memory": LINE, "read": READ, "write": WRITE, "branch": "#7E22CE", "halting": LINE}
TITLES = {"memory": "memory {}", "read": "reads of {}", "write": "writes to {}"}
SIDE = {"memory": "cell", "read": "cell", "write": "cell", "branch": "", "halting": "weight"}
ORDER = {"memory": 0, "read": 1, "write": 2, "branch": 3, "halting": 4}
WIDEST = 24
"""Characters of a case's name."""
NUMBERS = 12
"""The most moments at which weights stand as numbers too."""


@dataclass(frozen=True, slots=True)
class TraceStep:
    """What was watched at one moment.

    Attributes:
        kind: one of `KINDS`.
        name: the variable, or how the program writes the test.
        line: where it stands in the program.
        step: the moment: the round of the loop, or a running number.
        values: memory: a number a cell; read, write: the attention of each cell; branch: the
            weight of each case; halting: the weight that stops now, and the remainder where that
            is given to this step.
        labels: the names of the cases of a branch.
        bounds: the least and the largest value that a cell of memory can have, None for reals.
    """

    kind: str
    name: str
    line: int
    step: int
    values: tuple[float, ...]
    labels: tuple[str, ...] = ()
    bounds: tuple[float, float] | None = (0.0, 1.0)


def from_report(report: Mapping[str, Any]) -> tuple[TraceStep, ...]:
    """Return the steps that a soft program wrote into its report, none if it was not traced."""
    return tuple(
        TraceStep(kind, name, int(line), int(step), _numbers(values), *more)
        for kind, name, line, step, values, *more in report.get("trace", ())
    )


def _numbers(values: Any) -> tuple[float, ...]:
    listed = values.tolist() if hasattr(values, "tolist") else values
    return tuple(float(v) for v in (listed if isinstance(listed, list | tuple) else [listed]))


def plot(steps: Sequence[TraceStep], path: str | Path, *, title: str = "") -> Path:
    """Draw a trace into a file; its suffix says the format (svg, png, pdf).

    Raises:
        DiffprogError: DP640 for an unknown format, DP644 without matplotlib, DP645 for no steps.
    """
    path = Path(path)
    if path.suffix[1:].lower() not in FORMATS:
        known = ", ".join(f"`.{f}`" for f in FORMATS)
        fail("DP640", f"cannot draw `{path.name}`", hint=f"the name must end in one of {known}")
    panels = _panels(steps)
    if not panels:
        fail("DP645", "there is nothing to draw: no step was traced")
    figure_of, rc_context, locator = _matplotlib()
    last = max(s.step for s in steps)
    heights = [_height(kind, found) for (kind, _, _), found in panels.items()]
    # Byte-stable files: no date, and ids that do not change from run to run.
    with rc_context({"svg.hashsalt": "diffprog", "font.family": "sans-serif", "font.size": 8}):
        size = (min(max(5.0, 3.0 + 0.45 * last), 12.0), sum(heights) + 0.8)
        figure = figure_of(figsize=size, layout="constrained")
        axes = figure.subplots(
            len(panels), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
        )
        for ((kind, name, _), found), (panel,) in zip(panels.items(), axes, strict=True):
            draw = _bars if kind == "halting" else _branch if kind == "branch" else _heat
            draw(panel, kind, found, last)
            lines = ", ".join(map(str, sorted({s.line for s in found})))
            word = "lines" if "," in lines else "line"
            text = f"{TITLES.get(kind, '{}').format(short(name))} ({word} {lines})"
            panel.set_title(text + _scale(kind, found), loc="left", color=INK, fontsize=8)
            panel.set_ylabel(SIDE[kind], color=QUIET)
            panel.set_xlim(-0.5, last + 0.5)
            panel.tick_params(colors=QUIET, length=2)
            panel.spines[["top", "right"]].set_visible(False)
        axes[-1][0].set_xlabel("moment", color=QUIET)
        axes[-1][0].xaxis.set_major_locator(locator(integer=True))
        figure.suptitle(title, color=INK)
        metadata = {"Date": None} if path.suffix == ".svg" else {}
        figure.savefig(path, dpi=144, metadata=metadata)
    return path


def _matplotlib() -> tuple[Any, Any, Any]:
    try:
        # A figure of its own, without pyplot: no window, no global state.
        from matplotlib import rc_context
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError:
        fail("DP644", "matplotlib is not installed", hint="`pip install 'diffprog[plot]'`")
    return Figure, rc_context, MaxNLocator


Key = tuple[str, str, int]
"""A panel: its kind, its name, its number of cells (of branches and loops: its line)."""


def _panels(steps: Sequence[TraceStep]) -> dict[Key, list[TraceStep]]:
    """Group steps by what was watched: arrays that change first, what is only read last."""
    found: dict[Key, list[TraceStep]] = {}
    for step in steps:
        cells = step.kind in ("memory", "read", "write")
        key = (step.kind, step.name, len(step.values) if cells else step.line)
        found.setdefault(key, []).append(step)
    firsts = {key: min((s.line, s.step) for s in group) for key, group in found.items()}
    changing = {key[1:] for key in found if key[0] in ("memory", "write")}

    def rank(key: Key) -> tuple[object, ...]:
        kind, name, size = key
        if kind in ("branch", "halting"):
            return (1, ORDER[kind], firsts[key], name)
        if key[1:] in changing:
            start = min(firsts[k] for k in found if k[1:] == key[1:])
            return (0, start, name, size, ORDER[kind])
        return (2, firsts[key], name)

    order = sorted(found, key=rank)
    return _alike({key: sorted(found[key], key=lambda s: s.step) for key in order})


def _alike(panels: dict[Key, list[TraceStep]]) -> dict[Key, list[TraceStep]]:
    """Put the reads of several arrays at the same places into one panel."""
    merged: dict[object, tuple[Key, list[TraceStep]]] = {}
    for key, steps in panels.items():
        same = tuple((s.step, s.values) for s in steps) if key[0] == "read" else key
        first, so_far = merged.get(same, (key, []))
        name = first[1] if first is key else f"{first[1]}, {key[1]}"
        merged[same] = (first[0], name, first[2]), [*so_far, *steps]
    return dict(merged.values())


def _height(kind: str, found: Sequence[TraceStep]) -> float:
    """Return a panel's height in inches: more for more cells, within bounds."""
    if kind == "halting":
        return 1.2
    return min(0.45 + 0.16 * max(len(s.values) for s in found), 3.0)


def _scale(kind: str, found: Sequence[TraceStep]) -> str:
    if kind != "memory":
        return ""
    low, high = _bounds(found)
    return f", {low:.3g} white to {high:.3g} dark"


def _bounds(found: Sequence[TraceStep]) -> tuple[float, float]:
    """Return the scale of memory: the range of its type, or what was met of reals."""
    known = found[0].bounds
    if known is not None:
        return known
    values = [v for s in found for v in s.values]
    return min(values), max(values)


def _heat(axes: Axes, kind: str, found: Sequence[TraceStep], last: int) -> None:
    """Draw cells by time, white at the least and the kind's hue at the most."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    hue = LinearSegmentedColormap.from_list(kind, ["#FFFFFF", HUE[kind]])
    count = max(len(s.values) for s in found)
    low, high = _bounds(found)
    grid = GRID if count <= 32 and last <= 64 else "none"
    for start, end, values in _spans(kind, found, last):
        for cell, value in enumerate(values):
            shade = hue((value - low) / (high - low) if high > low else 0.0)
            corner = (start - 0.5, cell - 0.5)
            for at in range(end - start):
                box = (corner[0] + at, corner[1])
                axes.add_patch(_patch(box, 1.0, 1.0, facecolor=shade, edgecolor=grid))
            if last < NUMBERS and count <= 8 and (kind == "memory" or value >= 0.10):
                whole = value == round(value)
                ink = max((INK, "#FFFFFF"), key=lambda c: contrast(c, to_hex(shade)))
                text = f"{value:.0f}" if whole else f"{value:.2f}"
                axes.text(start, cell, text, ha="center", va="center", color=ink, fontsize=6)
    _cells(axes, count)


def _spans(
    kind: str, found: Sequence[TraceStep], last: int
) -> list[tuple[int, int, tuple[float, ...]]]:
    """Return what is drawn from when to when: memory stays, the largest attention counts."""
    moments: dict[int, tuple[float, ...]] = {}
    for step in found:
        old = moments.get(step.step)
        both = zip(old, step.values, strict=False) if old and kind != "memory" else None
        moments[step.step] = step.values if both is None else tuple(map(max, both))
    starts = sorted(moments)
    ends = [*starts[1:], last + 1] if kind == "memory" else [s + 1 for s in starts]
    return [(s, e, moments[s]) for s, e in zip(starts, ends, strict=True)]


def _cells(axes: Axes, count: int) -> None:
    axes.set_ylim(count - 0.5, -0.5)
    axes.set_yticks(range(0, count, 1 if count <= 6 else -(-count // 4)))


def _branch(axes: Axes, kind: str, found: Sequence[TraceStep], last: int) -> None:
    """Draw the weight of each case by time, as a bar in its box and as a number in it."""
    for start, _, values in _spans(kind, found, last):
        for case, value in enumerate(values):
            corner = (start - 0.45, case + 0.4)
            frame = (start - 0.45, case - 0.4)
            axes.add_patch(_patch(frame, 0.9, 0.8, facecolor="#FFFFFF", edgecolor=GRID))
            axes.add_patch(_patch(corner, 0.9, -0.8 * value, facecolor=blend(HUE[kind], 0.45)))
            if last < NUMBERS and value >= 0.10:
                at = (start, case)
                axes.text(*at, f"{value:.2f}", ha="center", va="center", color=INK, fontsize=7)
    count = max(len(s.values) for s in found)
    _cells(axes, count)
    if found[0].labels and count <= 12:
        axes.set_yticks(range(count), [clip(label) for label in found[0].labels])


def clip(text: str) -> str:
    """Return a label that fits beside a panel."""
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _bars(axes: Axes, kind: str, found: Sequence[TraceStep], last: int) -> None:
    """Draw the halting weight of each step; the remainder stands on top, hatched."""
    for step in found:
        stopped, *rest = step.values
        axes.add_patch(_patch((step.step - 0.4, 0.0), 0.8, stopped, facecolor=HUE[kind]))
        total = stopped + sum(rest)
        if rest and rest[0] > 0:
            look = {"facecolor": "#FFFFFF", "edgecolor": HUE[kind], "hatch": "////"}
            axes.add_patch(_patch((step.step - 0.4, stopped), 0.8, rest[0], **look))
        if last < NUMBERS and total >= 0.01:
            at = (step.step, total + 0.01)
            axes.text(*at, f"{total:.2f}", ha="center", va="bottom", color=INK, fontsize=7)
    axes.set_ylim(0.0, 1.2)
    axes.set_yticks([0.0, 0.5, 1.0])


def _patch(corner: tuple[float, float], width: float, height: float, **how: Any) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(corner, width, height, linewidth=0.5, **how)
