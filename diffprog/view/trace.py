"""What was watched of one run of a soft program, as records, and their picture over time.

In: records. Out: steps; a file drawn by matplotlib or, as an HTML page, by `view.page`.

A soft program that is traced gives records: one tuple (kind, name, line, step, values, …) for
whatever it reads, writes, weighs or halts. `from_report` makes steps of them. Never imports torch:
a tensor is anything with `tolist`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from diffprog.view.style import LINE, READ, WRITE

if TYPE_CHECKING:
    from collections.abc import Mapping

CHOICE = "#7E22CE"
ADDRESS = "#1D4ED8"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record: how it is drawn.

    Attributes:
        name: what records of it say.
        form: `heat` (a shade a cell), `boxes` (a bar and a number a case), `decision` (a shade an
            operation, the argmax outlined, the entropy beneath), `bars` (halting).
        hue: of the largest value.
        title: of a panel, `{}` for the record's name.
        side: what stands at the axis of cells.
        of_cells: whether its values are one a cell of an array.
    """

    name: str
    form: str
    hue: str
    title: str = "{}"
    side: str = ""
    of_cells: bool = False


KINDS = {
    kind.name: kind
    for kind in (
        Kind("memory", "heat", LINE, "memory {}", "cell", of_cells=True),
        Kind("read", "heat", READ, "reads of {}", "cell", of_cells=True),
        Kind("write", "heat", WRITE, "writes to {}", "cell", of_cells=True),
        Kind("address", "heat", ADDRESS, "address, {}", "cell"),
        Kind("attention", "heat", READ, "attends to {}", "word", of_cells=True),
        Kind("branch", "boxes", CHOICE),
        Kind("decision", "decision", CHOICE, "decides {}"),
        Kind("halting", "bars", LINE, side="weight"),
    )
}
"""What can be watched, in the order of the panels."""

ADDRESSING = ("content", "interpolate", "shift", "sharpen")
"""The steps on the way to an address, in their order: how the names of its records begin."""


@dataclass(frozen=True, slots=True)
class TraceStep:
    """What was watched at one moment.

    Attributes:
        kind: one of `KINDS`.
        name: the variable, or how the program writes the test.
        line: where it stands in its file.
        step: the moment: the round of the loop, or a running number.
        values: memory: a number a cell; read, write, address: the attention of each cell, where
            whole rows are taken of each row; branch: the weight of each case; decision: of each
            alternative; halting: the weight that stops now, and the remainder where that is given
            to this step.
        labels: the names of the cases of a branch, of the alternatives of a decision.
        bounds: the least and the largest value that a cell of memory can have, None for reals.
        file: the module that the line is in; empty for the program's own text.
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


def from_report(report: Mapping[str, Any], own: str = "") -> tuple[TraceStep, ...]:
    """Return the steps that a soft program wrote into its report, none if it was not traced.

    Args:
        report: of a call.
        own: the name of the program's own text.
    """
    found = (
        TraceStep(kind, name, int(line), int(step), _numbers(values), *more)
        for kind, name, line, step, values, *more in report.get("trace", ())
    )
    return tuple(replace(step, file="") if step.file == own else step for step in found)


def _numbers(values: Any) -> tuple[float, ...]:
    listed = values.tolist() if hasattr(values, "tolist") else values
    return tuple(float(v) for v in (listed if isinstance(listed, list | tuple) else [listed]))
