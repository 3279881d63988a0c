"""Where a program looked while it answered, over what it looked at (by matplotlib, extra `plot`).

In: the steps of a trace, the name of an array that is read by weight, and what its cells stand for:
words, sound (numbers for each cell), or a picture of which they are a grid. Out: a file. Never
imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from diffprog.errors import fail
from diffprog.view.panels import clip, panels
from diffprog.view.plot import MOST_ROWS, STABLE, drawable, matplotlib, save
from diffprog.view.style import INK, NUMBERED, PAPER, QUIET, READ, contrast

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from diffprog.trace import TraceStep

ACROSS = 4
"""Pictures beside each other, of one step each."""
MOST_NUMBERS = 200
"""So many weights stand as numbers too."""


def alignment(
    steps: Sequence[TraceStep],
    path: str | Path,
    array: str,
    *,
    over: ArrayLike | None = None,
    grid: tuple[int, int] | None = None,
    cells: Sequence[str] = (),
    answer: Sequence[str] = (),
    title: str = "",
) -> Path:
    """Draw the reads of an array by step; the suffix of the file says the format.

    Args:
        steps: of one run.
        path: where to.
        array: its name in the program.
        over: what its cells stand for: a row of numbers for each (a spectrogram), or a picture.
        grid: rows and columns of cells in the picture; without, `over` is sound.
        cells: what the cells are called.
        answer: what each read is for.
        title: stands above it.

    Raises:
        DiffprogError: DP640 for an unknown format, DP644 without matplotlib, DP645 where the array
            is not read by weight, DP646 where `over` does not fit its cells.
    """
    path = drawable(path)
    weights = _weights(steps, array)
    shown = None if over is None else np.asarray(over, dtype=float)
    _check(shown, grid, weights.shape[1])
    figure_of, rc_context, _ = matplotlib()
    with rc_context(STABLE):
        if shown is not None and grid is not None:
            figure = _pictures(figure_of, weights, shown, grid, answer)
        else:
            figure = _matrix(figure_of, weights, shown, cells, answer)
        figure.suptitle(title or f"reads of {array}", color=INK)
        save(figure, path)
    return path


def _weights(steps: Sequence[TraceStep], array: str) -> NDArray[Any]:
    """Return the weight of each cell by read, [reads, cells]."""
    found = [p for p in panels(steps) if p.kind == "read" and array in p.name.split(", ")]
    if not found:
        fail("DP645", f"there is nothing to draw: no step reads `{array}`")
    return np.array([values for _, _, values in found[0].spans])


def _check(over: NDArray[Any] | None, grid: tuple[int, int] | None, count: int) -> None:
    """Complain where a picture or sound does not belong to so many cells."""
    if over is None:
        return
    if over.ndim != 2:
        fail("DP646", f"`over` has {over.ndim} axes, expected 2")
    if grid is None and len(over) != count:
        fail("DP646", f"`over` has {len(over)} rows, and the array has {count} cells")
    if grid is not None and grid[0] * grid[1] != count:
        fail("DP646", f"a grid of {grid[0]} by {grid[1]} is not {count} cells")


def _matrix(
    figure_of: Any,
    weights: NDArray[Any],
    sound: NDArray[Any] | None,
    cells: Sequence[str],
    answer: Sequence[str],
) -> Figure:
    """Draw cells from left to right and reads from above; the sound stands over its cells."""
    reads, count = weights.shape
    across = min(max(4.0, 1.5 + 0.3 * count), 12.0)
    tall = 0.6 + 0.24 * reads + (0.6 if cells else 0.0)
    heights = [tall] if sound is None else [1.4, tall]
    figure: Figure = figure_of(figsize=(across, sum(heights) + 0.5), layout="constrained")
    axes = figure.subplots(len(heights), 1, squeeze=False, sharex=True, height_ratios=heights)[:, 0]
    if sound is not None:
        axes[0].imshow(sound.T, aspect="auto", origin="lower", cmap="Greys", interpolation="none")
        axes[0].set_ylabel("sound", color=QUIET)
    place = axes[-1]
    place.imshow(weights, aspect="auto", cmap=_teal(), vmin=0, vmax=1, interpolation="none")
    if weights.size <= MOST_NUMBERS:
        _numbers(place, weights)
    names = list(answer)[:reads]
    if len(names) == reads <= MOST_ROWS:
        place.set_yticks(range(reads), [clip(name) for name in names])
    place.set_ylabel("answer", color=QUIET)
    if len(cells) == count <= 2 * MOST_ROWS:
        place.set_xticks(range(count), [clip(name) for name in cells], rotation=45, ha="right")
    else:
        place.set_xlabel("cell", color=QUIET)
    for each in axes:
        each.tick_params(colors=QUIET, length=2)
    return figure


def _numbers(axes: Axes, weights: NDArray[Any]) -> None:
    from matplotlib.colors import to_hex

    teal = _teal()
    for (read, cell), weight in np.ndenumerate(weights):
        if weight >= NUMBERED:
            shade = to_hex(teal(weight))
            ink = INK if contrast(INK, shade) > contrast(PAPER, shade) else PAPER
            look: dict[str, Any] = {"ha": "center", "va": "center", "color": ink, "fontsize": 6}
            axes.text(cell, read, f"{weight:.2f}", **look)


def _pictures(
    figure_of: Any,
    weights: NDArray[Any],
    picture: NDArray[Any],
    grid: tuple[int, int],
    answer: Sequence[str],
) -> Figure:
    """Draw the picture once for each read; where it looked is teal and framed."""
    reads = len(weights)
    columns = min(ACROSS, reads)
    lines = -(-reads // columns)
    tall = 2.0 * picture.shape[0] / picture.shape[1]
    size = (2.0 * columns + 0.4, (tall + 0.3) * lines + 0.5)
    figure: Figure = figure_of(figsize=size, layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False).reshape(-1)
    for at, place in enumerate(axes):
        place.set_xticks([])
        place.set_yticks([])
        place.set_visible(at < reads)
        if at < reads:
            name = answer[at] if at < len(answer) else f"read {at}"
            place.set_title(clip(name), color=INK, fontsize=8)
            _looked(place, picture, weights[at].reshape(grid))
    return figure


def _looked(axes: Axes, picture: NDArray[Any], weight: NDArray[Any]) -> None:
    extent = (0.0, 1.0, 0.0, 1.0)
    axes.imshow(picture, cmap="Greys", extent=extent, interpolation="none", aspect="auto")
    axes.imshow(
        weight, cmap=_teal(), vmin=0, vmax=1, extent=extent, alpha=np.sqrt(weight.clip(0, 1)) * 0.7,
        interpolation="none", aspect="auto",
    )  # fmt: skip
    rows, columns = weight.shape
    row, column = np.unravel_index(int(weight.argmax()), weight.shape)
    from matplotlib.patches import Rectangle

    corner = (float(column) / columns, 1 - (float(row) + 1) / rows)
    axes.add_patch(
        Rectangle(corner, 1 / columns, 1 / rows, facecolor="none", edgecolor=READ, linewidth=1.6)
    )


def _teal() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("read", ["#FFFFFF", READ])
