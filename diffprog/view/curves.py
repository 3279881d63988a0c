"""How a program was trained, by matplotlib (extra `plot`): curves, and what the restarts found.

In: the metrics of a run by step, the different programs that fit. Out: a file: loss, accuracies,
entropy and costs over the steps, and a bar a program, as long as many restarts found it, beside the
lines that were learned. Never imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from diffprog.errors import fail
from diffprog.view.plot import STABLE, drawable, matplotlib, save
from diffprog.view.style import GRID, INK, PAPER, QUIET, READ, WRITE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

MOST_PROGRAMS = 16
"""So many programs have their text made, those first that hold on dev."""
MOST_LINES = 4
"""So many lines of each."""
WIDEST = 72
"""Characters of such a line."""
MISFITS = "do not fit the examples"


@dataclass(frozen=True, slots=True)
class Found:
    """A program that restarts have found.

    Attributes:
        restarts: how many; of what does not fit, the rest.
        lines: what was written into the text; of a program beyond the most that are shown, none.
    """

    restarts: int
    lines: tuple[str, ...]


class Curve(NamedTuple):
    """How a column of the metrics is drawn: colour, dashes and marker tell it apart."""

    column: str
    hue: str
    dashes: str
    marker: str


PANELS: Mapping[str, tuple[Curve, ...]] = {
    "loss": (Curve("loss", INK, "-", "o"),),
    "accuracy": (
        Curve("soft", READ, "--", "s"),
        Curve("crisp", WRITE, "-", "o"),
        Curve("dev", INK, ":", "^"),
    ),
    "entropy, bits": (Curve("entropy", INK, "-", "o"),),
    "cost of loops": (Curve("cost", INK, "-", "o"),),
}
"""The panels by title; a curve whose column is missing is not drawn, nor a panel without any."""


def curves(
    rows: Sequence[Mapping[str, Any]],
    path: str | Path,
    *,
    found: Sequence[Found] = (),
    restarts: int = 1,
    title: str = "",
) -> Path:
    """Draw a training into a file; its suffix says the format (svg, png, pdf).

    Raises:
        DiffprogError: DP640 for an unknown format, DP644 without matplotlib, DP645 for no rows.
    """
    path = drawable(path)
    if not rows:
        fail("DP645", "there is nothing to draw: the training was not evaluated")
    figure_of, rc_context, locator = matplotlib()
    drawn = {t: c for t, c in _present(rows).items() if c}
    heights = [1.3] * len(drawn) + ([_height(found, restarts)] if restarts > 1 else [])
    with rc_context(STABLE):
        figure = figure_of(figsize=(7.0, sum(heights) + 0.8), layout="constrained")
        axes = figure.subplots(
            len(heights), 1, squeeze=False, gridspec_kw={"height_ratios": heights}
        )[:, 0]
        for (name, lines), place in zip(drawn.items(), axes, strict=False):
            _panel(place, name, lines, rows)
            place.xaxis.set_major_locator(locator(integer=True))
            place.tick_params(labelbottom=place is axes[len(drawn) - 1])
        axes[len(drawn) - 1].set_xlabel("step", color=QUIET)
        if restarts > 1:
            _restarts(axes[-1], found, restarts)
        figure.suptitle(title, color=INK)
        save(figure, path)
    return path


def _present(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Curve]]:
    """Return the curves that there are; the entropy of no choices is none."""
    found = {t: [c for c in lines if c.column in rows[0]] for t, lines in PANELS.items()}
    if not any(float(row["entropy"]) for row in rows):
        found["entropy, bits"] = []
    return found


def _panel(
    axes: Axes, name: str, lines: Sequence[Curve], rows: Sequence[Mapping[str, Any]]
) -> None:
    steps = [int(row["step"]) for row in rows]
    for line in lines:
        values = [float(row[line.column]) for row in rows]
        axes.plot(
            steps, values, color=line.hue, linestyle=line.dashes, linewidth=1.4,
            marker=line.marker, markersize=3, markevery=max(1, len(steps) // 12),
            label=line.column, clip_on=False,
        )  # fmt: skip
    axes.set_title(name, loc="left", color=INK, fontsize=8)
    if name == "accuracy":
        axes.set_ylim(0.0, 1.0)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    else:
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    axes.grid(color=GRID, linewidth=0.5)
    _plain(axes)


# --- restarts -------------------------------------------------------------------------------------


def _height(found: Sequence[Found], restarts: int) -> float:
    return 0.5 + 0.16 * sum(len(lines) + 1 for _, lines in _labels(found, restarts))


def _labels(found: Sequence[Found], restarts: int) -> list[tuple[Found, list[str]]]:
    """Return the programs that are drawn, each with its text; then what is left of the restarts."""
    shown = [(f, _text(f)) for f in found if f.lines]
    more = [f.restarts for f in found if not f.lines]
    if more:
        shown.append((Found(sum(more), ()), [f"+{len(more)} more programs"]))
    left = restarts - sum(f.restarts for f in found)
    return [*shown, (Found(left, ()), [MISFITS])] if left else shown


def _text(found: Found) -> list[str]:
    lines = [line if len(line) <= WIDEST else f"{line[: WIDEST - 1]}…" for line in found.lines]
    more = [f"+{len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
    return [*lines[:MOST_LINES], *more]


def _restarts(axes: Axes, found: Sequence[Found], restarts: int) -> None:
    """Draw a bar a program from the top: its number of restarts, and beneath it what it says."""
    axes.set_title(f"what the {restarts} restarts found", loc="left", color=INK, fontsize=8)
    y = 0.0
    for program, lines in _labels(found, restarts):
        is_left = lines == [MISFITS]
        axes.barh(
            y, program.restarts, height=0.8, facecolor=PAPER if is_left else READ,
            edgecolor=QUIET if is_left else READ, hatch="////" if is_left else None,
        )  # fmt: skip
        number = f" {program.restarts}"
        axes.text(program.restarts, y, number, ha="left", va="center", color=INK, fontsize=8)
        for line in lines:
            y += 1
            axes.text(0, y, f" {line}", va="center", color=INK, fontsize=7, family="monospace")
        y += 1.0
    axes.set_ylim(y - 0.3, -0.7)
    axes.set_xlim(0, restarts * 1.05)
    axes.set_yticks([])
    axes.set_xlabel("restarts", color=QUIET)
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.tick_params(colors=QUIET, length=2)
    axes.spines[["top", "right"]].set_visible(False)
