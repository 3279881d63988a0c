"""Training what networks decide: every estimator finds it, and what is found runs crisply."""

from __future__ import annotations

import itertools

import pytest
import torch

import diffprog as dp
from diffprog.learn.networks import only_decides
from diffprog.learn.tape import Tape
from diffprog.pipeline import loads
from diffprog.types import REAL

PICK = """size words = 4

program write(text: int<words>[2], a: real, b: real) -> real:
    controller reader = gru(hidden = 6) reads text
    x = choose(a, b) by reader
    return choose(x + a, x * b, x - b) by reader
"""
"""The first word says which number, the second what is done with it."""

RULE = """program rule(x: int<4>, y: int<4>) -> int<4>:
    return choose(x, y) by mlp(hidden = 6) of x, y
"""


def examples() -> list[tuple[dict[str, object], float]]:
    """Return all texts, with numbers whose answers differ."""
    found = []
    for first, second in itertools.product(range(2), range(1, 4)):
        a, b = 2.0 + first, 7.0 + second
        x = (a, b)[first]
        answer = (x + a, x * b, x - b)[second - 1]
        found.append(({"text": [first, second], "a": a, "b": b}, answer))
    return found


@pytest.mark.parametrize("estimator", ["auto", "exact", "beam", "sample", "soft"])
def test_each_finds_a_policy(estimator: str) -> None:
    """The larger of two, from all pairs."""
    pairs = [({"x": x, "y": y}, max(x, y)) for x in range(4) for y in range(4)]
    result = dp.fit(
        loads(RULE),
        pairs,
        estimator=estimator,
        restarts=2,
        steps=150,
        network_lr=0.05,
        progress=False,
    )
    assert result.best.train == 1
    assert result.program.run(x=1, y=3) == 3


@pytest.mark.parametrize("estimator", ["auto", "beam"])
def test_a_controller_writes_programs(estimator: str) -> None:
    """Later decisions know earlier ones, and the crisp program answers as training says."""
    program, pairs = loads(PICK), examples()
    assert only_decides(program.simplified)
    result = dp.fit(
        program, pairs, estimator=estimator, restarts=1, steps=200, network_lr=0.02, progress=False
    )
    assert result.best.train == 1
    for inputs, answer in pairs:
        assert result.program.run(**inputs) == pytest.approx(answer)


def test_numbers_that_decisions_lead_to_are_right_or_wrong() -> None:
    """A wrong number is no likelier for being near: of one sequence a row, most give nothing."""
    result = dp.fit(
        loads(PICK), examples(), estimator="beam", width=1, restarts=1, steps=1, progress=False
    )
    (row,) = result.metrics
    assert isinstance(row["loss"], float)
    assert 0 < row["loss"] < 3  # the squares of what is off would be some hundreds


def test_a_run_with_networks_goes_on_as_if_it_had_not_stopped(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """The weights and the optimiser's moments are in the checkpoint; the learned ones beside."""
    common = {"restarts": 1, "every": 5, "progress": False, "stop_when_exact": False}
    whole = dp.fit(loads(PICK), examples(), steps=20, out=tmp_path / "a", **common)  # type: ignore[arg-type]
    again = dp.fit(loads(PICK), examples(), steps=20, out=tmp_path / "a", **common)  # type: ignore[arg-type]
    assert whole.metrics == again.metrics
    program = dp.load(tmp_path / "a" / "learned.dp")
    inputs, _ = examples()[3]
    assert program.run(**inputs) == whole.program.run(**inputs)


def test_a_tape_without_what_nobody_needs() -> None:
    """Pruning keeps the calls that a wanted leaf needs, and their numbers."""
    from diffprog.ir.graph import Network
    from diffprog.learn.particles import start
    from tests.unit.learn.graphs import SPAN

    tape, world = Tape(), start(3, 0)
    node = Network(name="f", type=REAL, span=SPAN, inputs=(0,))
    x = torch.tensor([1.0, 2.0, 1.0], dtype=torch.float64)
    state = tape.network(node, [REAL], [x], world)
    assert isinstance(state, torch.Tensor)
    assert state.tolist() == [0, 1, 0]  # equal arguments are one row
    leaves = tape.decide(state, None, 2)
    assert leaves.tolist() == [[0, 1], [2, 3], [0, 1]]
    wanted = torch.tensor([False, False, True, False])
    kept, number = tape.pruned(wanted)
    assert number.tolist() == [-1, -1, 0, 1]
    assert [c.args[0].tolist() for c in kept.calls] == [[2.0]]

    def apply(
        name: str, lifted: int, types: object, args: list[torch.Tensor], of: None
    ) -> torch.Tensor:
        return torch.stack((args[0], -args[0]), -1)

    assert torch.allclose(
        kept.run(apply, 1.0), torch.log_softmax(torch.tensor([2.0, -2.0]), -1).double()
    )  # type: ignore[arg-type]
