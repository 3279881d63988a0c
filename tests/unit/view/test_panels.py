"""Records as panels: how they are grouped, ordered, named and scaled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diffprog.trace import TraceStep
from diffprog.view.panels import panels
from diffprog.view.plot import plot

if TYPE_CHECKING:
    from pathlib import Path

READS = [
    TraceStep("read", "states", 5, 0, (0.9, 0.1, 0.0)),
    TraceStep("read", "states", 5, 1, (0.0, 0.2, 0.8)),
]


def test_words_name_rows_and_moments() -> None:
    """An alignment has words on both axes: of what is read, and of what it is read for."""
    (panel,) = panels(READS, {"states": ["the", "old", "cat"], "answer": ["la", "chatte"]})
    assert panel.rows == ("the", "old", "cat")
    assert panel.columns == {0: "la", 1: "chatte"}
    (plain,) = panels(READS, {"states": ["too", "few"]})
    assert (plain.rows, plain.columns) == ((), {})


def test_the_steps_of_an_address_stand_in_their_order() -> None:
    """By what they do, whatever line they are written in."""
    names = ("sharpen", "shift", "interpolate", "content")
    steps = [TraceStep("address", f"{n}, reads of m", k, 0, (1.0,)) for k, n in enumerate(names)]
    assert [p.name.split(",")[0] for p in panels(steps)] == list(reversed(names))


def test_attention_counts_its_largest_and_halting_its_last() -> None:
    """Several reads of one moment are one column."""
    twice = [*READS[:1], TraceStep("read", "states", 5, 0, (0.0, 0.5, 0.5))]
    (panel,) = panels(twice)
    assert panel.spans == ((0, 1, (0.9, 0.5, 0.5)),)


def test_lines_of_modules_are_not_the_programs() -> None:
    """A panel of several places says the file of each but the program's; tests are kept apart."""
    steps = [
        TraceStep("read", "m", 5, 0, (1.0, 0.0)),
        TraceStep("read", "m", 5, 1, (1.0, 0.0), file="std/memory.dp"),
        TraceStep("read", "m", 9, 2, (1.0, 0.0), file="std/memory.dp"),
        TraceStep("branch", "x > 3", 4, 0, (0.5, 0.5)),
        TraceStep("branch", "x > 3", 4, 0, (0.5, 0.5), file="other.dp"),
    ]
    assert [p.title for p in panels(steps)] == [
        "x > 3 (line 4)",
        "x > 3 (line 4 of other.dp)",
        "reads of m (line 5; lines 5, 9 of std/memory.dp)",
    ]


def test_choices_are_known() -> None:
    """The weights of a choice can be weighed again at another temperature; those of a test not."""
    steps = [
        TraceStep("branch", "choose given x", 3, 0, (0.5, 0.5)),
        TraceStep("branch", "x > 3", 4, 0, (0.5, 0.5)),
        TraceStep("decision", "a", 5, 0, (0.5, 0.5), ("add", "sub")),
    ]
    assert [p.is_choice for p in panels(steps)] == [True, False, True]


def test_decisions_are_drawn(tmp_path: Path) -> None:
    """Operations by step with their names, the largest outlined, the entropy beneath in bits."""
    pytest.importorskip("matplotlib")
    labels = ("add", "sub", "mul", "copy")
    steps = [
        TraceStep("decision", "op", 4, 0, (0.25, 0.25, 0.25, 0.25), labels),
        TraceStep("decision", "op", 4, 1, (0.0, 1.0, 0.0, 0.0), labels),
    ]
    drawn = plot(steps, tmp_path / "x.svg").read_text()
    for text in ("<!-- add -->", "<!-- entropy, bits -->", "<!-- 2.00 -->", "<!-- 0.00 -->"):
        assert text in drawn
