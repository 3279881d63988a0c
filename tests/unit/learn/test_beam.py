"""The beam: it follows the most probable sequences and says what it leaves out."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from diffprog.learn.beam import Beam
from diffprog.learn.cells import Cells, parameter_name
from diffprog.learn.fit import fit
from diffprog.learn.outcomes import Likelihood
from diffprog.learn.relaxed import relax
from diffprog.learn.rows import Rows, Task
from diffprog.pipeline import loads
from diffprog.types import Int

TWO = """program two(x: int<2>) -> int<9>:
    a = choose int<3>
    b = choose int<3>
    return 3 * a + b
"""
"""Nine sequences, all of which end differently: none merge."""


def loss_of(
    width: int, first: list[float], second: list[float], target: int
) -> tuple[float, float]:
    """Return the loss and what is left out, for stated probabilities of two choices."""
    program = loads(TWO, "two.dp")
    cells = Cells(program.holes)
    rows = Rows({"x": torch.tensor([0])}, (torch.tensor([target]),), torch.ones(1).double(), ())
    task = Task(program.simplified, (Int(0, 9),), rows)
    logits = {
        parameter_name(key): torch.tensor([p], dtype=torch.float64).log()
        for key, p in zip(cells.parts, (first, second), strict=True)
    }
    beam = Beam([task], cells, Likelihood(), relax(), width=width)
    found = beam.loss(0, logits, torch.Generator(), 1.0)
    return float(found.value[0]), float(found.more["left out"][0])


@pytest.mark.parametrize("width", [1, 2, 3, 5, 9])
def test_what_is_left_out_is_the_rest(width: int) -> None:
    """The mass in the beam and the mass left out are 1, and the beam holds the best sequences."""
    first, second = [0.7, 0.2, 0.1], [0.6, 0.3, 0.1]
    joint = {(a, b): first[a] * second[b] for a, b in itertools.product(range(3), repeat=2)}
    inside = 0.0
    for a, b in joint:
        loss, left_out = loss_of(width, first, second, 3 * a + b)
        if loss == pytest.approx(-math.log(joint[a, b])):
            inside += joint[a, b]
        else:  # outside the beam: at most as likely as all that is
            assert loss == pytest.approx(-math.log(left_out))
    assert inside + left_out == pytest.approx(1)
    if width in (1, 9):
        best = sorted(joint.values(), reverse=True)[:width]
        assert inside == pytest.approx(sum(best))


def test_the_report_goes_into_the_metrics() -> None:
    """Training says what it leaves out, in each row of its metrics."""
    program = loads(TWO, "two.dp")
    result = fit(program, [({"x": 0}, 5)], estimator="beam", width=2, restarts=2, progress=False)
    assert result.program.run(x=0) == 5
    assert all(0 <= float(str(row["left out"])) < 1 for row in result.metrics)
