"""Pictures over time: what one run of a soft program did, step by step.

In: trace steps. Out: a file drawn by matplotlib (extra `plot`), one panel a thing that was watched:
memory by cell and time, index attention (reads teal, writes orange), weights of branches, halting
weights with the remainder hatched. Scales are 0 to 1 and fixed, so that pictures compare.

How a soft program gives steps: its generated function takes a report; where that holds a list under
the key `trace`, it appends one tuple (kind, name, line, step, values) whenever it reads, writes,
branches or halts, with the values of the one row that is traced. `from_report` makes steps of them.
Never imports torch: a tensor is anything with `tolist`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffprog.errors import fail
from diffprog.view.style import GRID, INK, LINE, QUIET, READ, WRITE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

KINDS = ("memory", "read", "write", "branch", "halting")
"""What can be watched, in the order of the panels."""

FORMATS = ("svg", "png", "pdf")

HUE = {"memory": LINE, "read": READ, "write": WRITE, "branch": "#7E22CE", "halting": LINE}
TITLES = {
    "memory": "memory {name} (line {line})",
    "read": "reads of {name} (line {line})",
    "write": "writes to {name} (line {line})",
    "branch": "branch {name} (line {line})",
    "halting": "halting of {name} (line {line})",
}
SIDE = {"memory": "cell", "read": "cell", "write": "cell", "branch": "case", "halting": "weight"}


@dataclass(frozen=True, slots=True)
class TraceStep:
    """What was watched at one moment.

    Attributes:
        kind: one of `KINDS`.
        name: the variable, or how the program writes the test.
        line: where it stands in the program.
        step: the moment: the round of the loop, or a running number.
        values: memory: a number a cell, 0 to 1; read, write: the attention of each cell; branch:
            the weight of each case; halting: the weight that stops now, and at the last step the
            remainder besides.
    """

    kind: str
    name: str
    line: int
    step: int
    values: tuple[float, ...]


def from_report(report: Mapping[str, Any]) -> tuple[TraceStep, ...]:
    """Return the steps that a soft program wrote into its report, none if it was not traced."""
    return tuple(
        TraceStep(kind, name, int(line), int(step), _numbers(values))
        for kind, name, line, step, values in report.get("trace", ())
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
    heights = [_height(kind, found) for (kind, _, _), found in panels.items()]
    # Byte-stable files: no date, and ids that do not change from run to run.
    with rc_context({"svg.hashsalt": "diffprog", "font.family": "sans-serif", "font.size": 9}):
        figure = figure_of(figsize=(7.0, sum(heights) + 0.5), layout="constrained")
        axes = figure.subplots(
            len(panels), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
        )
        last = max(s.step for s in steps)
        for ((kind, name, line), found), (panel,) in zip(panels.items(), axes, strict=True):
            (_bars if kind == "halting" else _heat)(panel, kind, found)
            panel.set_title(TITLES[kind].format(name=name, line=line), loc="left", color=INK)
            panel.set_ylabel(SIDE[kind], color=QUIET)
            panel.set_xlim(-0.5, last + 0.5)
        axes[-1][0].set_xlabel("step", color=QUIET)
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


def _panels(steps: Sequence[TraceStep]) -> dict[Key, list[TraceStep]]:
    """Group steps by what was watched, in the order of kinds, lines and names."""
    found: dict[Key, list[TraceStep]] = {}
    for step in steps:
        found.setdefault((step.kind, step.name, step.line), []).append(step)
    order = sorted(found, key=lambda key: (KINDS.index(key[0]), key[2], key[1]))
    return {key: sorted(found[key], key=lambda s: s.step) for key in order}


def _height(kind: str, found: Sequence[TraceStep]) -> float:
    """Return a panel's height in inches: more for more cells, within bounds."""
    if kind == "halting":
        return 1.5
    return min(0.7 + 0.16 * max(len(s.values) for s in found), 4.0)


def _heat(axes: Axes, kind: str, found: Sequence[TraceStep]) -> None:
    """Draw cells by time, white at 0 and the kind's hue at 1; numbers where there is room."""
    from matplotlib.colors import LinearSegmentedColormap

    hue = LinearSegmentedColormap.from_list(kind, ["#FFFFFF", HUE[kind]])
    few = len(found) <= 12 and kind == "branch"
    for step in found:
        for cell, value in enumerate(step.values):
            box = (step.step - 0.5, cell - 0.5)
            axes.add_patch(_patch(box, 1.0, 1.0, facecolor=hue(value), edgecolor=GRID))
            if few and value >= 0.10:
                ink = "#FFFFFF" if value > 0.6 else INK
                axes.text(step.step, cell, f"{value:.2f}", ha="center", va="center", color=ink)
    count = max(len(s.values) for s in found)
    axes.set_ylim(count - 0.5, -0.5)
    axes.set_yticks(range(count) if count <= 12 else range(0, count, count // 8))


def _bars(axes: Axes, kind: str, found: Sequence[TraceStep]) -> None:
    """Draw the halting weight of each step; what is left at the end stands on top, hatched."""
    for step in found:
        stopped, *rest = step.values
        axes.add_patch(_patch((step.step - 0.4, 0.0), 0.8, stopped, facecolor=HUE[kind]))
        if rest:
            axes.add_patch(
                _patch(
                    (step.step - 0.4, stopped),
                    0.8,
                    rest[0],
                    facecolor="#FFFFFF",
                    edgecolor=HUE[kind],
                    hatch="////",
                )
            )
    axes.set_ylim(0.0, 1.0)


def _patch(corner: tuple[float, float], width: float, height: float, **how: Any) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(corner, width, height, linewidth=0.5, **how)
