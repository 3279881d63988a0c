"""Pictures over time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from diffprog.errors import DiffprogError
from diffprog.trace import TraceStep
from diffprog.view.plot import plot

if TYPE_CHECKING:
    from pathlib import Path

STEPS = [
    *(TraceStep("memory", "tape", 10, t, (0.0, 1.0, 0.5)) for t in range(3)),
    *(TraceStep("read", "tape", 13, t, (0.1, 0.9, 0.0)) for t in range(3)),
    *(TraceStep("write", "tape", 14, t, (0.9, 0.1, 0.0)) for t in range(3)),
    *(TraceStep("branch", "x > y", 9, t, (0.25, 0.75)) for t in range(3)),
    TraceStep("halting", "repeat", 12, 0, (0.5,)),
    TraceStep("halting", "repeat", 12, 1, (0.25, 0.25)),
]


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_draws(form: str, tmp_path: Path) -> None:
    """Every panel in every format."""
    pytest.importorskip("matplotlib")
    assert plot(STEPS, tmp_path / f"x.{form}", title="one input").stat().st_size > 1000


def test_panels_hues_and_hatching(tmp_path: Path) -> None:
    """Reads are teal, writes orange, the remainder is hatched; the order of steps is all one."""
    pytest.importorskip("matplotlib")
    one = plot(STEPS, tmp_path / "a.svg").read_text()
    other = plot(STEPS[::-1], tmp_path / "b.svg").read_text()
    assert one == other
    assert one.count("<pattern") == 1


def test_bad_calls_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown format, nothing to draw, and a missing extra are diagnostics."""
    with pytest.raises(DiffprogError, match="DP640"):
        plot(STEPS, tmp_path / "x.gif")
    with pytest.raises(DiffprogError, match="DP645"):
        plot([], tmp_path / "x.svg")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(DiffprogError, match=r"diffprog\[plot\]"):
        plot(STEPS, tmp_path / "x.svg")
