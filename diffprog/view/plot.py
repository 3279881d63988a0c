"""Pictures over time by matplotlib (extra `plot`): one panel a thing that was watched.

In: trace steps. Out: a file: memory by cell and time, index attention (reads teal, writes orange),
weights of branches, decisions with their entropy, halting weights with the remainder hatched.
Never imports torch.
"""

from __future__ import annotations

from math import log2
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffprog.errors import fail
from diffprog.view.kinds import KINDS
from diffprog.view.panels import Panel, Words, clip, last_moment, panels
from diffprog.view.style import GRID, INK, QUIET, blend, contrast, entropy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from diffprog.trace import TraceStep

FORMATS = ("svg", "png", "pdf")

NUMBERS = 12
"""The most moments at which weights stand as numbers too."""
GRIDDED, MOMENTS = 16, 64
"""The most cells, and the most moments, between which lines are drawn."""
MOST_ROWS = 40
"""So many rows have their names beside them."""


def plot(
    steps: Sequence[TraceStep], path: str | Path, *, title: str = "", words: Words | None = None
) -> Path:
    """Draw a trace into a file; its suffix says the format (svg, png, pdf).

    Raises:
        DiffprogError: DP640 for an unknown format, DP644 without matplotlib, DP645 for no steps.
    """
    path = drawable(path, "html")  # a page is drawn elsewhere, and can be asked for
    found = panels(steps, words)
    if not found:
        fail("DP645", "there is nothing to draw: no step was traced")
    figure_of, rc_context, locator = matplotlib()
    last = last_moment(steps)
    heights = [_height(panel) for panel in found]
    with rc_context(STABLE):
        size = (min(max(5.0, 3.0 + 0.45 * last), 12.0), sum(heights) + 0.8)
        figure = figure_of(figsize=size, layout="constrained")
        axes = figure.subplots(len(found), 1, squeeze=False, gridspec_kw={"height_ratios": heights})
        for panel, (place,) in zip(found, axes, strict=True):
            DRAW[KINDS[panel.kind].form](place, panel, last)
            place.set_title(panel.title, loc="left", color=INK, fontsize=8)
            place.set_ylabel(KINDS[panel.kind].side, color=QUIET)
            place.set_xlim(-0.5, last + 0.5)
            place.xaxis.set_major_locator(locator(integer=True))
            place.tick_params(colors=QUIET, length=2, labelbottom=panel is found[-1])
            place.spines[["top", "right"]].set_visible(False)
            _columns(place, panel)
        axes[-1][0].set_xlabel("moment", color=QUIET)
        figure.suptitle(title, color=INK)
        save(figure, path)
    return path


# --- what every picture by matplotlib needs -------------------------------------------------------

STABLE = {"svg.hashsalt": "diffprog", "font.family": "sans-serif", "font.size": 8}
"""Byte-stable files: ids that do not change from run to run."""


def drawable(path: str | Path, *more: str) -> Path:
    """Return a path whose suffix is a format; DP640 for another, which tells of `more` too."""
    path = Path(path)
    if path.suffix[1:].lower() not in FORMATS:
        known = ", ".join(f"`.{f}`" for f in (*FORMATS, *more))
        fail("DP640", f"cannot draw `{path.name}`", hint=f"the name must end in one of {known}")
    return path


def matplotlib() -> tuple[Any, Any, Any]:
    """Return `Figure`, `rc_context` and the locator of ticks; DP644 where it is not installed."""
    try:
        # A figure of its own, without pyplot: no window, no global state.
        from matplotlib import rc_context
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError:
        fail("DP644", "matplotlib is not installed", hint="`pip install 'diffprog[plot]'`")
    return Figure, rc_context, MaxNLocator


def save(figure: Figure, path: Path) -> None:
    """Write a figure; DP643 where the file cannot be written."""
    try:
        figure.savefig(path, dpi=144, metadata={"Date": None} if path.suffix == ".svg" else {})
    except OSError as problem:
        fail("DP643", f"cannot write {path}: {problem.strerror or problem}")


# --- forms ----------------------------------------------------------------------------------------


def _height(panel: Panel) -> float:
    """Return a panel's height in inches: more for more cells, within bounds."""
    if KINDS[panel.kind].form == "bars":
        return 1.2
    rows = panel.count + (2 if KINDS[panel.kind].form == "decision" else 0)
    most = 6.0 if panel.rows else 3.0
    return min(0.45 + 0.16 * rows, most) + (0.5 if panel.columns else 0.0)


def _heat(axes: Axes, panel: Panel, last: int) -> None:
    """Draw cells by time, white at the least and the kind's hue at the most."""
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    hue = LinearSegmentedColormap.from_list(panel.kind, ["#FFFFFF", KINDS[panel.kind].hue])
    if panel.count > GRIDDED or last > MOMENTS:  # one image: a patch a cell is large and slow
        picture = np.ones((panel.count, last + 1, 4))
        for start, end, values in panel.spans:
            shades = hue([panel.share(value) for value in values])
            picture[: len(values), start:end] = shades[:, None]
        extent = (-0.5, last + 0.5, panel.count - 0.5, -0.5)
        axes.imshow(picture, aspect="auto", extent=extent, interpolation="none")
        _rows(axes, panel)
        return
    for start, end, values in panel.spans:
        for cell, value in enumerate(values):
            shade = hue(panel.share(value))
            for at in range(start, end):
                corner = (at - 0.5, cell - 0.5)
                axes.add_patch(_patch(corner, 1.0, 1.0, facecolor=shade, edgecolor=GRID))
            numbered = panel.kind == "memory" or value >= 0.10
            if last < NUMBERS and panel.count <= 8 and numbered:
                whole = value == round(value)
                ink = max((INK, "#FFFFFF"), key=lambda c: contrast(c, to_hex(shade)))
                text = f"{value:.0f}" if whole else f"{value:.2f}"
                axes.text(start, cell, text, ha="center", va="center", color=ink, fontsize=6)
    _rows(axes, panel)


def _rows(axes: Axes, panel: Panel, below: int = 0) -> None:
    """Name the rows, and leave room for more below them."""
    count = panel.count
    axes.set_ylim(count + below - 0.5, -0.5)
    if panel.rows and count <= MOST_ROWS:
        axes.set_yticks(range(count), [clip(name) for name in panel.rows])
    else:
        axes.set_yticks(range(0, count, 1 if count <= 6 else -(-count // 4)))


def _columns(axes: Axes, panel: Panel) -> None:
    """Write below the moments for which words something is read then."""
    if panel.columns:
        axes.set_xticks(list(panel.columns), list(panel.columns.values()), rotation=45, ha="right")
        axes.tick_params(labelbottom=True)


def _boxes(axes: Axes, panel: Panel, last: int) -> None:
    """Draw the weight of each case by time, as a bar in its box and as a number in it."""
    fill = blend(KINDS[panel.kind].hue, 0.45)
    for start, _, values in panel.spans:
        for case, value in enumerate(values):
            frame, corner = (start - 0.45, case - 0.4), (start - 0.45, case + 0.4)
            axes.add_patch(_patch(frame, 0.9, 0.8, facecolor="#FFFFFF", edgecolor=GRID))
            axes.add_patch(_patch(corner, 0.9, -0.8 * value, facecolor=fill))
            if last < NUMBERS and value >= 0.10:
                at = (start, case)
                axes.text(*at, f"{value:.2f}", ha="center", va="center", color=INK, fontsize=7)
    _rows(axes, panel)


def _decision(axes: Axes, panel: Panel, last: int) -> None:
    """Draw operations by step, the largest outlined; beneath them the entropy, a bar a step."""
    _heat(axes, panel, last)
    count, most = panel.count, log2(max(panel.count, 2))
    for start, _, values in panel.spans:
        best = max(range(len(values)), key=values.__getitem__)
        corner = (start - 0.5, best - 0.5)
        axes.add_patch(_patch(corner, 1.0, 1.0, facecolor="none", edgecolor=INK, width=1.4))
        bits = entropy(list(values))
        floor = (start - 0.4, count + 1.4)
        axes.add_patch(_patch(floor, 0.8, -1.6 * bits / most, facecolor=QUIET, edgecolor="none"))
        if last < NUMBERS:
            top = count + 1.35 - 1.6 * bits / most
            axes.text(start, top, f"{bits:.2f}", ha="center", va="bottom", color=INK, fontsize=6)
    _rows(axes, panel, below=2)
    ticks = [*axes.get_yticks(), count + 0.6]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    axes.set_yticks(ticks, [*labels, "entropy, bits"])


def _bars(axes: Axes, panel: Panel, last: int) -> None:
    """Draw the halting weight of each step; the remainder stands on top, hatched."""
    hue = KINDS[panel.kind].hue
    for start, _, (stopped, *rest) in panel.spans:
        axes.add_patch(_patch((start - 0.4, 0.0), 0.8, stopped, facecolor=hue))
        total = stopped + sum(rest)
        if rest and rest[0] > 0:
            rest_at = (start - 0.4, stopped)
            axes.add_patch(
                _patch(rest_at, 0.8, rest[0], facecolor="#FFFFFF", edgecolor=hue, hatch="////")
            )
        if last < NUMBERS and total >= 0.01:
            at = (start, total + 0.01)
            axes.text(*at, f"{total:.2f}", ha="center", va="bottom", color=INK, fontsize=7)
    axes.set_ylim(0.0, 1.2)
    axes.set_yticks([0.0, 0.5, 1.0])


DRAW: dict[str, Callable[[Axes, Panel, int], None]] = {
    "heat": _heat,
    "boxes": _boxes,
    "decision": _decision,
    "bars": _bars,
}


def _patch(
    corner: tuple[float, float], across: float, up: float, *, width: float = 0.5, **how: Any
) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(corner, across, up, linewidth=width, **how)
