"""Loops by act and by ponder whose test is a plain truth value: it halts with 0 or 1."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import diffprog as dp

GOLDEN = Path(__file__).parents[2] / "golden" / "run" / "act_test.dp"
UNTIL = (
    "program p(x: real) -> real:\n"
    "    repeat max 5 by {}:\n"
    "        x = x + 1\n"
    "    until x > 3\n"
    "    return x\n"
)
WHILE = (
    "program p(x: real) -> real:\n    while x < 3 max 5 by {}:\n        x = x + 1\n    return x\n"
)
INPUTS = (-9.0, 0.5, 1.0, 3.0)  # -9 is alive at the bound, 1 and 3 meet the test in a tie


@pytest.mark.parametrize("text", [UNTIL, WHILE])
@pytest.mark.parametrize("kind", ["act(epsilon = 0.25)", "ponder(prior = 0.2)"])
@pytest.mark.parametrize("x", INPUTS)
def test_at_temperature_0_it_is_the_crisp_loop(text: str, kind: str, x: float) -> None:
    """The answer, what is unfinished and the cost are the interpreter's."""
    program = dp.loads(text.format(kind))
    module = program.soften().double()
    module.temperature = 0.0
    outcome, _ = program.outcome({"x": x})
    assert float(module(x=x)) == outcome.value
    unfinished = {line: float(v) for line, v in module.report["unfinished"].items() if v}
    assert unfinished == outcome.unfinished
    if outcome.costs:  # the cost by ponder is a divergence, which has no crisp side
        assert {line: float(v) for line, v in module.costs.items()} == outcome.costs


def test_the_golden_program_softens() -> None:
    """The unit is the soft truth of the test, so gradients reach what it compares."""
    module = dp.load(GOLDEN).soften().double()
    x = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    (grad,) = torch.autograd.grad(module(x=x), x)
    assert torch.isfinite(grad)
    assert float(grad) != 0
