"""What can be watched of a run, and how each kind of it is drawn. Never imports torch."""

from __future__ import annotations

from dataclasses import dataclass

from diffprog.view.style import LINE, READ, WRITE

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
