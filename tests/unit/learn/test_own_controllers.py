"""Controllers that the Python caller brings along: bound by name, tried, trained with the rest."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor, nn

import diffprog as dp
from diffprog.pipeline import loads

if TYPE_CHECKING:
    from pathlib import Path

    from diffprog.pipeline import Program

WRITE = """size words = 4
size length = 2

program write(text: int<words>[length], a: real, b: real) -> real:
    controller reader = module(memory = 8, state = 6, embed = 4) reads text
    x = choose(a, b) by reader
    return choose(x + a, x * b, x - b) by reader
"""
"""The first word says which number, the second what is done with it."""


class Step(nn.Module):
    """A gated cell that sees all places alike."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRUCell(8 + 4, 6)

    def forward(self, memory: Tensor, state: Tensor, decision: Tensor) -> Tensor:
        """Return the next state."""
        found: Tensor = self.cell(torch.cat((memory.mean(1), decision), -1), state)
        return found


class Reader(nn.Module):
    """The three parts of a controller."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.read = nn.Linear(4, width)
        self.start = nn.Sequential(nn.Flatten(), nn.Linear(2 * 8, 6), nn.Tanh())
        self.step = Step()


def bound() -> Program:
    """Return the program with a fresh controller."""
    torch.manual_seed(0)
    return loads(WRITE).using(reader=Reader())


def examples() -> list[tuple[dict[str, object], float]]:
    """Return all texts, with numbers whose answers differ."""
    found = []
    for first, second in itertools.product(range(2), range(1, 4)):
        a, b = 2.0 + first, 7.0 + second
        x = (a, b)[first]
        answer = (x + a, x * b, x - b)[second - 1]
        found.append(({"text": [first, second], "a": a, "b": b}, answer))
    return found


@pytest.mark.parametrize("estimator", ["exact", "beam"])
def test_one_is_trained_with_the_rest(estimator: str) -> None:
    """Its weights change, and the crisp program answers by them."""
    program, pairs = bound(), examples()
    before = program.externs["write:reader:read"].weight.clone()  # type: ignore[attr-defined]
    result = dp.fit(program, pairs, estimator=estimator, steps=200, network_lr=0.02, progress=False)
    assert result.best.train == 1
    for inputs, answer in pairs:
        assert result.program.run(**inputs) == pytest.approx(answer)
    assert not torch.equal(program.externs["write:reader:read"].weight, before)  # type: ignore[attr-defined]


def test_what_a_run_has_learned_goes_into_what_is_bound(tmp_path: Path) -> None:
    """A program that is read from a run decides with its weights, whatever the module had."""
    pairs, folder = examples(), tmp_path / "run"
    options = {"steps": 200, "network_lr": 0.02, "progress": False}
    result = dp.fit(bound(), pairs, estimator="exact", out=folder, **options)  # type: ignore[arg-type]
    again = dp.load(folder / "learned.dp").using(reader=Reader())
    assert [again.run(**inputs) for inputs, _ in pairs] == [
        result.program.run(**inputs) for inputs, _ in pairs
    ]
    other = Reader()
    other.step.cell = nn.GRUCell(8 + 4, 5)
    with pytest.raises(dp.DiffprogError, match=r"DP327.*cell.weight_ih"):
        dp.load(folder / "learned.dp").using(reader=other)


class Looking(Step):
    """A step that says where it looks: half at each word."""

    def attends(self, memory: Tensor, state: Tensor) -> Tensor:
        """Return the weight of each place."""
        return torch.full(memory.shape[:2], 0.5)


@pytest.mark.parametrize(("step", "looked"), [(Step, []), (Looking, [(0.5, 0.5)])])
def test_a_trace_tells_where_one_looks_if_it_says_so(
    step: type[Step], looked: list[tuple[float, ...]]
) -> None:
    """After the first decision the second looks where the step says; the start says nothing."""
    reader = Reader()
    reader.step = step()
    inputs, _ = examples()[0]
    trace = loads(WRITE).using(reader=reader).trace(**inputs)
    assert [s.values for s in trace.steps if s.kind == "attention"] == looked


def test_soft_is_crisp_where_decisions_are_sure() -> None:
    """The module at temperatures 0 gives what the interpreter gives."""
    program = bound()
    module = program.soften().double()
    module.temperature = module.choice_temperature = 0
    crisp = program.decide(module.network_weights())
    for inputs, _ in examples():
        found = module(**{k: torch.as_tensor(v) for k, v in inputs.items()})
        assert float(found.detach()) == pytest.approx(float(crisp.run(**inputs)), rel=1e-9)  # type: ignore[arg-type]


def test_what_is_not_bound_or_no_controller_is_refused() -> None:
    """Each mistake has a diagnostic that speaks of the controller's name."""
    program = loads(WRITE)
    inputs, _ = examples()[0]
    with pytest.raises(dp.DiffprogError, match=r"DP325.*nothing is bound to `reader`"):
        program.run(**inputs)
    with pytest.raises(dp.DiffprogError, match=r"DP326.*no part `read`"):
        program.using(reader=nn.Linear(2, 2))
    with pytest.raises(dp.DiffprogError, match=r"DP328.*no extern `raeder`"):
        program.using(raeder=Reader())
    with pytest.raises(dp.DiffprogError, match=r"DP326.*gives"):
        program.using(reader=Reader(width=9)).soften()


def test_decisions_written_down_are_no_weights() -> None:
    """A module cannot hold a list of decisions, nor a hole that it has not."""
    module = bound().soften()
    with pytest.raises(dp.DiffprogError, match=r"DP330.*a network decides it"):
        module.load_choices({"write.x#0": [1]})
    with pytest.raises(dp.DiffprogError, match=r"DP330.*no hole `write.y#0`"):
        module.load_choices({"write.y#0": [1]})
