"""What rounds of a halting loop hand on: arrays as lists of cells; the last test after the loop."""

from __future__ import annotations

import pytest
import torch

import diffprog as dp
from tests.unit.soft.soften import random_value, soft
from tests.unit.soft.test_fewer import body, results, watched

SWEEP = """\
program p(xs: real[3], n: real) -> (real[3], real):
    while xs[0] < n max 4:
        xs[0] = xs[0] + 0.5
        xs[1] = xs[0] * 0.5 + xs[2]
    return xs, xs[1]
"""
FILLED = """\
program p(bits: bool[4], start: bool) -> (bool[4], int<5>):
    k: int<5> = 0
    repeat max 3:
        last = bits[3]
        for i in 0 .. 3:
            bits[3 - i] = bits[2 - i]
        bits[0] = last xor start
        k = k + 1 if k < 4 else 4
    until last
    return bits, k
"""
FLAGS = """\
program p(bits: bool[3], more: bool) -> bool[3]:
    while more max 3:
        more = bits[0] and bits[1]
        bits[0] = not bits[2]
        bits[2] = bits[1] xor more
    return bits
"""
GROWS = """\
program p(xs: real[2], add: real, n: real) -> real[2]:
    while xs[0] < n max 12:
        xs[0] = xs[0] + add
        xs[1] = xs[1] + xs[0]
    return xs
"""


@pytest.mark.parametrize("text", [SWEEP, FILLED, FLAGS], ids=["sweep", "filled", "flags"])
def test_cells_are_handed_on(text: str) -> None:
    """No round takes an array apart; values and slopes are those of the file with all operations.

    So are they where rows halt early, and what is unfinished.
    """
    module = soft(text)
    module.temperature = 0.5
    in_rounds, _, after = body(module).partition("rolled(")
    assert "unbind(" not in in_rounds
    assert "cells_of(" in after
    for a, b in zip(results(module), results(module, watched(module)), strict=True):
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-11)
    g = torch.Generator().manual_seed(2)
    inputs = [random_value(t, g, (3,)) for _, t in module.params]
    told: dict[str, dict[int, torch.Tensor]] = {}
    found = watched(module)(*inputs, like=module.like, T=0.5, epsilon=0.3, report=told)
    module.epsilon = 0.3
    out = module.run(inputs)
    for a, b in zip(found, out if isinstance(out, tuple) else (out,), strict=True):
        assert torch.allclose(a, b)
    for line, amount in told["unfinished"].items():
        assert 0 < float(amount.max()) < 1
        assert torch.allclose(module.report["unfinished"][line], amount)


def test_cells_of_rows_that_have_halted_stay_as_they_were() -> None:
    """Where numbers are so large that they would overflow in the rounds of others."""
    module = dp.loads(GROWS).soften()
    module.temperature = 0.01
    xs, by = torch.zeros(2, 2), torch.tensor([1e38, 1.0], requires_grad=True)
    n = torch.tensor([1.0, 30.0])
    both = module(xs, by, n)
    both.sum().backward()
    assert torch.equal(both[0], module(xs[:1], by[:1], n[:1])[0])
    assert both.isfinite().all()
    assert by.grad is not None
    assert by.grad.isfinite().all()


def test_the_last_test_stands_after_the_loop() -> None:
    """It says what is unfinished; the state is the same whether it stops or is cut off."""
    text = body(soft(SWEEP))
    in_rounds, _, after = text.partition("rolled(")
    assert "range(4)" in after
    assert "if step" not in in_rounds
    assert "greater(" in after
    module = soft(SWEEP)
    xs, n = torch.zeros(2, 3).double(), torch.tensor([9.0, 0.2]).double()
    module.temperature = 0.0
    out, _ = module(xs, n)
    assert module.report["unfinished"][2].tolist() == [1, 0]
    assert out[:, 0].tolist() == [2.0, 0.5]
