"""Loops `by act` and `std.halting` against Graves (2016) and Banino et al. (2021).

The loss over the outcomes of a loop `by ponder` is held to the paper in
tests/unit/soft/test_ponder.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor

import diffprog as dp
from tests.fidelity.equal import EXACT, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

D, E, LIMIT, EPSILON, PRIOR = 3, 4, 20, 0.01, 0.2
PARAMETERS = (
    f"x: real[{D}], s: real[{E}], w: real[{D}, {E}], flag: real[{E}], u: real[{E}, {E}], "
    f"b: real[{E}], h: real[{E}], c: real"
)
SHAPES = ((3, D), (3, E), (D, E), (E,), (E, E), (E,), (E,), ())
ACT = f"""
import std.halting

program think({PARAMETERS}) -> real[{E}]:
    return halting.act(x, s, w, flag, u, b, h, c)
"""
PONDER = f"""
import std.halting

program think({PARAMETERS.replace(f"flag: real[{E}], ", "")}) -> real[{E}]:
    return halting.ponder(x, s, w, u, b, h, c)
"""


def graves(
    x: Tensor, s: Tensor, w: Tensor, flag: Tensor, u: Tensor, b: Tensor, h: Tensor, c: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the state and the ponder cost of each row, one row after the other."""
    states, costs = [], []
    for row in range(x.shape[0]):
        state, sofar, mean = s[row], torch.zeros((), dtype=x.dtype), torch.zeros_like(s[row])
        for n in range(1, LIMIT + 1):
            state = torch.tanh(x[row] @ w + (flag if n == 1 else 0) + state @ u + b)  # eq. 2, 4
            unit = torch.sigmoid(state @ h + c)  # eq. 5
            if float((sofar + unit).detach()) >= 1 - EPSILON or n == LIMIT:  # N(t), eq. 7
                rest = 1 - sofar  # R(t), eq. 8
                mean = mean + rest * state  # eq. 6 and 13
                costs.append(n + rest)  # eq. 9
                break
            sofar, mean = sofar + unit, mean + unit * state
        states.append(mean)
    return torch.stack(states), torch.stack(costs)


@pytest.mark.parametrize("c", [-6.0, -1.0, 0.5, 6.0])
def test_act(c: float) -> None:
    """States, remainder and ponder cost N + R, with gradients; at the bound, early, at once."""
    inputs = numbers(*SHAPES)
    inputs[-1] = torch.tensor(c, dtype=torch.float64, requires_grad=True)
    module = dp.loads(ACT).soften().double()
    state, (want, cost) = module(*inputs), graves(*inputs)
    (found,) = module.costs.values()
    for own, theirs in ((state, want), (found, cost)):
        torch.testing.assert_close(own, theirs, **EXACT)
        for mine, its in zip(slopes(own, inputs), slopes(theirs, inputs), strict=True):
            torch.testing.assert_close(mine, its, **EXACT)


def slopes(output: Tensor, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
    """Return gradients; N itself has none, so a loop that stops at once gives zeros."""
    total = output.square().sum()
    if not total.requires_grad:
        return [torch.zeros_like(x) for x in inputs]
    return torch.autograd.grad(total, inputs, retain_graph=True, materialize_grads=True)


def banino(
    x: Tensor, s: Tensor, w: Tensor, u: Tensor, b: Tensor, h: Tensor, c: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the mean state and KL(p || truncated geometric) of each row."""
    on, state, weights, states = torch.ones(x.shape[0], dtype=x.dtype), s, [], []
    for n in range(LIMIT):
        state = torch.tanh(x @ w + state @ u + b)
        stop = torch.sigmoid(state @ h + c) if n < LIMIT - 1 else torch.ones_like(on)
        weights.append(on * stop)  # eq. 2
        states.append(state)
        on = on * (1 - stop)
    p = torch.stack(weights)
    geometric = PRIOR * (1 - PRIOR) ** torch.arange(LIMIT, dtype=x.dtype)
    prior = geometric / geometric.sum()
    torch.testing.assert_close(p.sum(0), torch.ones_like(on), **EXACT)
    mean = (p[..., None] * torch.stack(states)).sum(0)
    return mean, (p * (p.log() - prior.log()[:, None])).sum(0)  # eq. 4


@pytest.mark.parametrize("c", [-3.0, 0.0, 1.0])
def test_ponder(c: float) -> None:
    """The mean state and the divergence, with gradients."""
    inputs = numbers(*[s for i, s in enumerate(SHAPES) if i != 3])
    inputs[-1] = torch.tensor(c, dtype=torch.float64, requires_grad=True)
    module = dp.loads(PONDER).soften().double()
    state, (want, cost) = module(*inputs), banino(*inputs)
    (found,) = module.costs.values()
    for own, theirs in ((state, want), (found, cost)):
        torch.testing.assert_close(own, theirs, **EXACT)
        for mine, its in zip(slopes(own, inputs), slopes(theirs, inputs), strict=True):
            torch.testing.assert_close(mine, its, **EXACT)


@pytest.mark.parametrize("way", ["by act(epsilon = 0.01)", "by ponder(prior = 0.2)", ""])
@pytest.mark.parametrize("bound", range(1, 9))
def test_weights_sum_to_one(way: str, bound: int) -> None:
    """At every bound: the state says which step it is, so that the mixture holds the weights."""
    text = (
        "program weights(h: real) -> real[9]:\n    step: real[9] = 0.0\n    step[0] = 1.0\n"
        f"    unit = h\n    repeat max {bound} {way}:\n"
        "        for i in 8 .. 0 step -1:\n            step[i] = step[i - 1]\n"
        "        step[0] = 0.0\n        unit = 0.9 * unit + 0.05\n    until chance(unit)\n"
        "    return step\n"
    )
    module = dp.loads(text).soften().double()
    weights = module(torch.linspace(0, 1, 33, dtype=torch.float64)).expand(33, 9)
    torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[:, 0]), **EXACT)
    assert weights.min() >= 0
    assert not weights[:, 0].any()
    assert not weights[:, bound + 1 :].any()
