"""Attention, adaptive time, heads, the neural stack: programs run, and are learned a little."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
import torch

import diffprog as dp
from examples.attention.dates import bench as dates
from examples.attention.dates.data import FORMATS, drawn, numbers, stream, written
from examples.stack.reverse import bench as reverse
from examples.stack.reverse.data import drawn as lists

EXAMPLES = Path(__file__).parent.parent / "examples"
SMALL = {"seen": 4, "units": 4, "hidden": 6}


def test_attention_is_a_place() -> None:
    """The key that is most like the query; softly all of them by a softmax."""
    program = dp.load(EXAMPLES / "attention" / "attention.dp")
    keys, values = [[1.0, 0.0], [1.0, 2.0], [3.0, 1.0]], [[5.0, 1.0], [7.0, 2.0], [9.0, 3.0]]
    assert program.run(query=[0.0, 1.0], keys=keys, values=values) == [7.0, 2.0]
    found = program.soften()(query=[0.0, 1.0], keys=keys, values=values)
    weights = torch.tensor([0.0, 2.0, 1.0]).softmax(-1)
    torch.testing.assert_close(found, weights @ torch.tensor(values))


def test_a_head_moves_reads_and_writes() -> None:
    """By content to row 1, one on, cleared and written."""
    program = dp.load(EXAMPLES / "ntm" / "head.dp")
    tape = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 1.0, 1.0]]
    steer = {"before": 0, "key": [0.0, 1.0, 0.0], "strength": 5.0, "by_content": True, "shift": 2}
    change = {"sharpness": 2.0, "erase": [1.0, 1.0, 1.0], "add": [2.0, 0.0, 0.0]}
    at, found, left = program.run(tape=tape, **steer, **change)
    assert (at, found) == (2, [0.0, 0.0, 1.0])
    assert left == [*tape[:2], [2.0, 0.0, 0.0], *tape[3:]]


@pytest.mark.parametrize("n", [2, 4])
def test_thinking_costs_steps(n: int) -> None:
    """The loop of act.dp stops by its units: the cost lies between 1 and the bound and one more."""
    module = dp.load(EXAMPLES / "act" / "act.dp", n=n).soften(seed=0)
    said = module(bits=torch.randn(5, n, generator=torch.Generator().manual_seed(0)))
    (cost,) = module.costs.values()
    assert said.shape == cost.shape == (5,)
    assert ((cost > 1) & (cost <= 21)).all()


def test_dates_are_written_in_all_formats() -> None:
    """A date says its digits; none is both trained on and tested on."""
    text, digits = drawn(1, 5, test=True)[0]
    assert len(digits) == 8
    assert len(numbers(text)) == len(text)
    days = [{tuple(d) for _, d in drawn(3000, 0, test=test)} for test in (False, True)]
    assert not days[0] & days[1]
    june = {written(date(1979, 6, 3), form) for form in FORMATS}
    assert {"3 june 1979", "sunday, june 3, 1979", "the 3rd of june 1979", "03/06/79"} <= june
    assert len(june) == len(FORMATS)


def test_reading_dates_is_learned(tmp_path: Path) -> None:
    """The loss falls, the crisp run is the module without temperature, the picture is drawn."""
    result = dates.learn(0, steps=40, every=20, network_lr=0.02, sizes=SMALL, batch=8, dates=3)
    assert result.metrics[-1]["loss"] < result.metrics[0]["loss"]  # type: ignore[operator]
    batch, _ = stream(8, 3, 0)(np.random.default_rng(1))
    program = result.program
    module = program.soften().double()
    module.temperature = module.choice_temperature = 0.0
    said = module(text=torch.tensor(batch["text"])).argmax(-1)
    assert said.tolist() == [program.run(text=row) for row in batch["text"].tolist()]
    text = "3 may 1979"
    path = dates.picture(result, text, tmp_path / "dates.svg")
    shown = path.read_text(encoding="utf-8")
    assert "states" in shown


def test_reversing_with_a_neural_stack_is_learned() -> None:
    """The loss falls; crisply it is the module without temperature; longer lists can be asked."""
    sizes = {"symbols": 3, "width": 4, "hidden": 6}
    options = {"steps": 60, "every": 20, "network_lr": 0.02, "stop_when_exact": False}
    result = reverse.learn(0, sizes=sizes, lengths=(3, 3), **options)
    assert result.metrics[-1]["loss"] < result.metrics[0]["loss"]  # type: ignore[operator]
    program = result.program
    module = program.soften().double()
    module.temperature = module.choice_temperature = 0.0
    given, answers = lists(5, 5, 8, 3)(np.random.default_rng(1))
    assert answers.tolist() == [row[::-1] for row in given["xs"].tolist()]
    said = module(xs=torch.tensor(given["xs"])).argmax(-1)
    assert said.tolist() == [program.run(xs=row) for row in given["xs"].tolist()]
    assert 0 <= reverse.exact(program, (4, 6), 5, 0) < 1
