"""Metrics for TensorBoard, beside the CSV, where its package is installed (extra `log`).

In: the rows of metrics so far. Out: event files in the run's folder. A run that goes on replaces
what was written of later steps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

BOARD = "tensorboard"
"""The folder of the event files, inside that of the run."""


@dataclass
class Board:
    """Event files; nothing is written where the package is missing."""

    folder: Path
    told: int = 0
    writer: Any = field(default=None, init=False)

    def metrics(self, rows: Sequence[dict[str, object]]) -> None:
        """Write the rows that are new: every number under its name, by its step."""
        if self.writer is None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                return
            self.writer = SummaryWriter(str(self.folder / BOARD), purge_step=0)
        for row in rows[self.told :]:
            step = row.get("step", 0)
            for name, value in row.items():
                if name != "step" and isinstance(value, int | float):
                    self.writer.add_scalar(name, value, step)
        self.told = len(rows)
        self.writer.flush()
