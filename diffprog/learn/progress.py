"""What a person sees of training, on stderr: a bar on a terminal, elsewhere a line now and then.

Three numbers stand together: soft accuracy, crisp accuracy of the hardened program, entropy of
the choices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

if TYPE_CHECKING:
    from types import TracebackType

LINES = 20
"""How many lines a whole run prints where there is no terminal."""


class Meter:
    """Shows how far training is."""

    def __init__(self, steps: int, *, shown: bool) -> None:
        self.console = Console(stderr=True)
        self.steps, self.shown = steps, shown
        self.bar: Progress | None = None
        self.printed = -1
        if shown and self.console.is_terminal:
            self.bar = Progress(
                TextColumn("training"),
                BarColumn(bar_width=20),
                MofNCompleteColumn(),
                TextColumn("{task.fields[says]}"),
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
        says = "  ".join(f"{name} {_shown(value)}" for name, value in row.items() if name != "step")
        if self.bar is not None:
            self.bar.update(self.task, completed=step, says=says)
        elif self.shown and (last or self._due(step)):
            self.console.print(f"step {step:>6}  {says}", highlight=False, soft_wrap=True)

    def _due(self, step: int) -> bool:
        part = step * LINES // max(1, self.steps)
        due, self.printed = part != self.printed, part
        return due


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
