"""The weights of what was learned: kept with the best, said where a choice stayed undecided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diffprog import fit, loads
from diffprog.learn.emit import emit
from diffprog.learn.examples import as_examples
from diffprog.learn.weights import run_weights

if TYPE_CHECKING:
    from pathlib import Path

OPEN = "program f(a: bool, b: bool) -> bool:\n    return choose(a and b, a or b, a xor b)\n"
SAME = [({"a": a, "b": a}, a) for a in (False, True)]
ALL = [({"a": a, "b": b}, a and b) for a in (False, True) for b in (False, True)]


def test_what_the_examples_leave_open_is_said(tmp_path: Path) -> None:
    """Two alternatives answer everything: the program says so, with their weights."""
    result = fit(loads(OPEN), SAME, restarts=4, steps=50, out=tmp_path, progress=False)
    row = result.weights["f.return#0"]
    assert isinstance(row, list)
    assert sum(row) == pytest.approx(1)
    assert max(range(3), key=row.__getitem__) == result.choices["f.return#0"]
    assert f"# undecided: `{'a and b' if row[0] > row[1] else 'a or b'}` 0." in (
        result.program.source
    )
    assert run_weights(tmp_path) == result.weights
    assert (tmp_path / "learned.dp").read_text() == result.program.source


def test_what_the_examples_settle_is_not_said() -> None:
    """Training stops as soon as a program is right, with weights that are still flat."""
    result = fit(loads(OPEN), ALL, restarts=4, steps=50, progress=False)
    assert result.program.source.endswith(":\n    return a and b\n")
    weights = {"f.return#0": [0.4, 0.35, 0.25]}
    examples = as_examples(ALL, loads(OPEN))
    assert "undecided" not in emit(loads(OPEN), {"f.return#0": 0}, examples, weights=weights).source
    wrong = emit(loads(OPEN), {"f.return#0": 1}, examples, weights=weights).source
    assert "# undecided: `a and b` 0.40, `a or b` 0.35, `a xor b` 0.25\n" in wrong


def test_a_result_traces_with_its_weights() -> None:
    """The soft answer is the mixture that was learned."""
    result = fit(loads(OPEN), SAME, restarts=4, steps=50, progress=False)
    row = result.weights["f.return#0"]
    assert isinstance(row, list)
    trace = result.trace(a=True, b=False)
    assert trace.answer == pytest.approx(row[1] + row[2], abs=1e-6)
    if trace.steps:
        assert trace.steps[0].values == pytest.approx(row)
