"""What a person sees of training, on stderr: a bar on a terminal, elsewhere a line now and then.

Three numbers stand together: soft accuracy, crisp accuracy of the hardened program, entropy of
the choices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from types import TracebackType

WHOLE = Column(no_wrap=True, overflow="crop")
"""A column that is not folded where the terminal is narrow."""
NAMES = {"restart": "best"}
"""What the columns are called here."""
SHARES = ("soft", "crisp", "dev", "left out")
"""Columns that are shares."""
LINES = 20
"""How many lines a whole run prints where there is no terminal."""


class Meter:
    """Shows how far training is."""

    def __init__(self, steps: int, *, shown: bool, console: Console | None = None) -> None:
        self.console = Console(stderr=True) if console is None else console
        self.steps, self.shown = steps, shown
        self.bar: Progress | None = None
        self.printed = -1
        if shown and self.console.is_terminal:
            self.bar = Progress(
                BarColumn(bar_width=8),
                TextColumn("{task.completed:.0f}/{task.total:.0f}", table_column=WHOLE),
                TextColumn("{task.fields[says]}", table_column=WHOLE),
                console=self.console,
            )

    def __enter__(self) -> Self:
        if self.bar is not None:
            self.bar.start()
            self.task = self.bar.add_task("training", total=self.steps, says="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.bar is not None:
            self.bar.stop()

    def update(self, step: int, row: dict[str, object], *, last: bool = False) -> None:
        """Show the metrics of a step."""
        if self.bar is not None:
            self.bar.update(self.task, completed=step, says=says(row, ("step", "loss", "fit")))
        elif self.shown and (last or self._due(step)):
            line = f"step {step:>6}  {says(row, ('step',))}"
            self.console.print(line, highlight=False, soft_wrap=True)

    def _due(self, step: int) -> bool:
        part = step * LINES // max(1, self.steps)
        due, self.printed = part != self.printed, part
        return due


def says(row: Mapping[str, object], hidden: Collection[str] = ()) -> str:
    """Return metrics as a line.

    >>> says({"step": 10, "soft": 0.514, "crisp": 0.6, "entropy": 0.8604, "restart": 3}, ["step"])
    'soft 51.4%  crisp 60.0%  entropy 0.86  best #3'
    """
    return "  ".join(f"{NAMES.get(k, k)} {_shown(k, v)}" for k, v in row.items() if k not in hidden)


def _shown(name: str, value: object) -> str:
    if not isinstance(value, float):
        return f"#{value}" if name == "restart" else str(value)
    if name in SHARES:
        return f"{value:.1%}"
    return f"{value:.2f}" if name == "entropy" else f"{value:.3g}"
