"""What was watched at one moment of a soft run: what `soft` records, and `view` draws."""

from __future__ import annotations

from typing import NamedTuple


class TraceStep(NamedTuple):
    """What was watched at one moment, of the first row of a batch.

    Attributes:
        kind: `memory`, `read`, `write`, `address`, `attention`, `branch`, `decision` or `halting`.
        name: the variable, or how the program writes the test or the loop.
        line: where it stands in its file.
        step: the moment, from 0: a round of a loop, or a running number.
        values: memory: the mean of each cell; read, write: the weight of each cell (where whole
            rows are taken, of each row), times that of the case in which this happens; address: of
            a step on the way there, the weight of each cell; attention: of a controller to each
            word; branch: the weight of each case; decision: of each alternative; halting: what
            stops now, and the remainder where that is given to this step.
        labels: the names of the cases of a branch, of the alternatives of a decision.
        bounds: the least and the largest value that a cell of memory can have, None for reals.
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

    @property
    def place(self) -> tuple[str, int]:
        """File and line."""
        return self.file, self.line
