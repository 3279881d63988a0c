"""Straight-through draws: what runs is crisp, and the slopes are those of the probabilities."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
import torch

from diffprog.cli import main
from diffprog.errors import DiffprogError
from diffprog.learn.cells import Cells
from diffprog.learn.estimators import Exact
from diffprog.learn.fit import fit
from diffprog.learn.outcomes import Likelihood
from diffprog.learn.rows import Rows, Task
from diffprog.learn.tasks import modules
from diffprog.learn.through import Through, straight
from diffprog.pipeline import loads
from diffprog.types import BOOL
from tests.unit.learn.test_estimators import PARITY, parity_rows

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

ONE = """program p(bits: bool[2]) -> bool:
    a = bits[0]
    b = bits[1]
    return choose(a and b, a or b, a xor b, not b)
"""
TWO = """program p(bits: bool[2]) -> bool:
    a = choose(bits[0], not bits[0])
    b = bits[1]
    return choose(a and b, a or b, a xor b, not b)
"""


def slopes(text: str, samples: int) -> tuple[list[Tensor], list[Tensor]]:
    """Return the slopes of the expected share of wrong answers: by draws, and exactly."""
    program = loads(text)
    cells, rows = Cells(program.holes), parity_rows(2)
    task = Task(program.simplified, (BOOL,), rows)
    random = torch.Generator().manual_seed(0)
    weights = {
        key.replace(".", ":"): torch.randn(1, p.count, generator=random).requires_grad_()
        for key, p in cells.parts.items()
    }
    made = modules([program], 1)
    through = Through([task], made, Likelihood(), samples=samples)
    drawn = through.loss(0, weights, random, 1.0)
    found = torch.autograd.grad(drawn.objective.sum(), list(weights.values()))
    wrong = torch.zeros(())
    for i in range(4):
        alone = Task(program.simplified, (BOOL,), rows.take(torch.tensor([i])))
        loss = Exact([alone], cells, Likelihood()).loss(0, weights, random, 1.0).objective
        wrong = wrong + 1 - (-loss).exp().sum()
    return list(found), list(torch.autograd.grad(wrong / 4, list(weights.values())))


def test_one_choice_has_exact_slopes() -> None:
    """The loss is linear in its weights, so it does not matter what was drawn."""
    for found, wanted in zip(*slopes(ONE, 1), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)


def test_two_choices_have_exact_slopes_in_the_mean() -> None:
    """The loss is linear in each, and they are drawn independently."""
    for found, wanted in zip(*slopes(TWO, 5_000), strict=True):
        torch.testing.assert_close(found, wanted, rtol=0, atol=0.02)


def test_draws_are_vertices_with_the_slopes_of_probabilities() -> None:
    """Forwards one of each, exactly and as often as it is probable; backwards p."""
    logits = torch.tensor([[[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]]]).requires_grad_()
    p = torch.softmax(logits, -1)
    drawn = straight(p, 20_000, torch.Generator().manual_seed(0))
    assert drawn.shape == (1, 20_000, 1, 2, 3)
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(drawn.mean((1, 2)), p, rtol=0, atol=0.02)
    (found,) = torch.autograd.grad(drawn[0, 0, 0, 0, 2], logits, retain_graph=True)
    (wanted,) = torch.autograd.grad(p[0, 0, 2], logits)
    torch.testing.assert_close(found, wanted)


def test_what_is_drawn_is_a_crisp_program() -> None:
    """The mean loss of a fair coin is a half, of answers that are each right or wrong."""
    program = loads("program p(x: bool) -> bool:\n    return choose(x, not x)\n")
    inputs = torch.tensor([0, 1])
    rows = Rows({"x": inputs}, (inputs,), torch.ones(2).double(), ())
    task = Task(program.simplified, (BOOL,), rows)
    through = Through([task], modules([program], 3), Likelihood(), samples=1)
    weights = {key.replace(".", ":"): torch.zeros(3, 2) for key in program.holes}
    chance = torch.Generator().manual_seed(0)
    losses = torch.stack([through.loss(0, weights, chance, 1.0).value for _ in range(200)])
    assert set(losses.unique().tolist()) == {0.0, 1.0}
    assert abs(float(losses.mean()) - 0.5) < 0.05


def test_it_learns_parity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the command line, from all strings of three bits."""
    (tmp_path / "parity.dp").write_text(PARITY)
    lines = [
        f'{{"in": {{"bits": {str(list(b)).lower()}}}, "out": {str(sum(b) % 2 == 1).lower()}}}'
        for b in itertools.product((False, True), repeat=3)
    ]
    (tmp_path / "data.jsonl").write_text("\n".join(lines))
    command = ["train", str(tmp_path / "parity.dp"), "--data", str(tmp_path / "data.jsonl")]
    options = ["--estimator", "sample", "--straight-through", "--samples", "4", "--restarts", "8"]
    with pytest.raises(SystemExit) as end:
        main([*command, *options, "--steps", "150", "--require-solved"])
    assert not end.value.code
    assert "state xor b" in capsys.readouterr().out


def test_what_it_cannot_do_is_said() -> None:
    """Masked alternatives, choices by a network, and other estimators."""
    text = "program p(x: bool) -> bool:\n    return choose(x, not x) where [x, true]\n"
    with pytest.raises(DiffprogError, match="DP624"):
        fit(loads(text), [({"x": True}, True)], estimator="sample", straight_through=True)
    text = "program p(x: bool) -> bool:\n    return choose(x, not x) by linear of x\n"
    with pytest.raises(DiffprogError, match="DP624"):
        fit(loads(text), [({"x": True}, True)], estimator="sample", straight_through=True)
    with pytest.raises(DiffprogError, match="DP627"):
        fit(loads(PARITY), [({"bits": [True] * 3}, True)], estimator="soft", straight_through=True)
