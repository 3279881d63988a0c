"""How a training went, as numbers and text: metrics by step, programs that restarts found.

In: the folder of a run, or the solutions of a training. Out: `History`. Never imports torch.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from diffprog.errors import fail
from diffprog.learn.emit import Mode, emit
from diffprog.view.curves import MOST_PROGRAMS, Found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.learn.examples import Examples
    from diffprog.learn.record import Solution
    from diffprog.pipeline import Program

METRICS, REPORT = "metrics.csv", "report.json"


@dataclass(frozen=True)
class History:
    """How a training went.

    Attributes:
        rows: metrics, a row an evaluation.
        found: the different programs that fit, those first that hold on dev.
        restarts: how many were trained.
    """

    rows: Sequence[dict[str, float]]
    found: Sequence[Found]
    restarts: int

    @property
    def text(self) -> str:
        """The metrics as a table, then the programs."""
        names = list(self.rows[0])
        table = [names, *([f"{row[n]:.4g}" for n in names] for row in self.rows)]
        lines = ["  ".join(f"{cell:>8}" for cell in line) for line in table]
        for program in self.found:
            if program.lines:
                lines.append(f"{program.restarts} of {self.restarts} restarts:")
                lines += [f"    {line}" for line in program.lines]
        more = [program.restarts for program in self.found if not program.lines]
        if more:
            lines.append(f"{sum(more)} of {self.restarts} restarts: {len(more)} more programs")
        return "\n".join(lines)


def history(folder: str | Path) -> History:
    """Read the metrics of a run, and what it has found if it is finished.

    Raises:
        DiffprogError: DP625 where there are no metrics.
    """
    path = Path(folder) / METRICS
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    except (OSError, ValueError, TypeError) as problem:
        fail("DP625", f"cannot read {path}: {problem}", hint="name the folder of a run")
    if not rows:
        fail("DP625", f"{path} has no rows", hint="wait until the run was evaluated")
    report = Path(folder) / REPORT
    if not report.is_file():
        return History(rows, [], 1)
    known = json.loads(report.read_text(encoding="utf-8"))
    found = [Found(s["restarts"], tuple(s["lines"])) for s in known["solutions"]]
    return History(rows, found, known["restarts"])


def programs(
    source: Program, solutions: Sequence[Solution], examples: Examples | None = None
) -> list[Found]:
    """Return solutions with what each writes into the text of the program.

    Solutions that differ only where no answer to the examples depends on it may be one program. The
    text of a solution beyond the most that are shown is not made.
    """
    old = set(source.source.split("\n"))
    shown: dict[tuple[str, ...], Found] = {}
    for solution in solutions[:MOST_PROGRAMS]:
        mode: Mode = "verbatim" if examples is None else "auto"
        text = emit(source, solution.choices, examples, mode=mode).source
        lines = tuple(line.strip() for line in text.split("\n") if line not in old)
        known = shown.setdefault(lines, Found(0, lines))
        shown[lines] = replace(known, restarts=known.restarts + solution.restarts)
    more = [Found(s.restarts, ()) for s in solutions[MOST_PROGRAMS:]]
    return [*shown.values(), *more]
