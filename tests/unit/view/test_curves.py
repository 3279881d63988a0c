"""Trainings as pictures: their curves, and what their restarts found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from diffprog import DiffprogError
from diffprog.view.curves import Found, curves

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [
    {"step": 10 * k, "loss": 2.0 / k, "soft": 0.5, "crisp": 0.1 * k, "entropy": 1.0 / k}
    for k in range(1, 6)
]


def words(path: Path) -> list[str]:
    """Return the texts of an SVG file: matplotlib says each in a comment above its letters."""
    return re.findall(r"<!-- (.*?) -->", path.read_text())


def test_curves_and_restarts(tmp_path: Path) -> None:
    """Each panel has its title; programs stand beside how many found them, the misfits last."""
    found = [Found(5, ("if a > b:",)), Found(1, tuple("abcdef")), Found(2, ()), Found(1, ())]
    path = curves(ROWS, tmp_path / "c.svg", found=found, restarts=12, title="run")
    said = words(path)
    for title in ("loss", "accuracy", "soft", "crisp", "entropy, bits"):
        assert title in said
    assert "dev" not in said
    assert "cost of loops" not in said
    places = [said.index(t) for t in (" 5", " if a &gt; b:", " 1")]
    assert "what the 12 restarts found" in said
    assert places == sorted(places)
    assert [" +2 more lines" in said, " +2 more programs" in said, " 3" in said] == [True] * 3
    assert " do not fit the examples" in said
    again = curves(ROWS, tmp_path / "d.svg", found=found, restarts=12, title="run")
    assert path.read_bytes() == again.read_bytes()


def test_only_what_there_is(tmp_path: Path) -> None:
    """Costs have a panel where loops have some, choices where there are any; one restart none."""
    rows = [{**row, "entropy": 0.0, "cost": 3.0, "dev": 0.5} for row in ROWS]
    said = words(curves(rows, tmp_path / "c.svg"))
    assert {"cost of loops", "dev"} <= set(said)
    assert "entropy, bits" not in said
    assert not [text for text in said if "restart" in text]


def test_nothing_to_draw(tmp_path: Path) -> None:
    """A training that was not evaluated has no curves; an unknown format is told."""
    with pytest.raises(DiffprogError, match="nothing to draw"):
        curves([], tmp_path / "c.svg")
    with pytest.raises(DiffprogError, match="cannot draw"):
        curves(ROWS, tmp_path / "c.gif")
