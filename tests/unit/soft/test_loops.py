"""Loops: by known bounds, by weight, by act and by ponder; long ones in bounded memory."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import diffprog as dp
from diffprog.soft import counted, rolling
from tests.unit.soft.soften import soft

COUNT = """
program climb(x: int<4>) -> int<4>:
    while x < 3 max {rounds}:
        x = x + 1
    return x
"""

GROW = """
program grow(x: real, bits: bool[{n}]) -> real:
    i: int<{n}> = 0
    stop = false
    while not stop max {n}:
        x = x * {factor}
        stop = bits[i]
        i = clamp(i + 1, 0, {n} - 1)
    return x
"""

STEPS = """
program steps(x: real, a: real) -> real:
    for i in 0 .. {n}:
        x = x + tanh(a * x) * 0.001
    return x
"""


def test_while_conditions_on_its_test() -> None:
    """From any x, `while x < 3: x = x + 1` gives exactly 3."""
    module = soft(COUNT.format(rounds=4))
    got = module(x=torch.full((2, 4), 0.25, dtype=torch.float64))
    assert torch.equal(got, torch.eye(4, dtype=torch.float64)[[3, 3]])
    assert module.report["unfinished"][3].tolist() == [0, 0]


def test_what_the_bound_cuts_off_is_reported() -> None:
    """The mass alive at the bound goes to the last state, per row, and is told."""
    module = soft(COUNT.format(rounds=1))
    x = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0, 0, 0, 1]], dtype=torch.float64)
    got = module(x=x)
    want = torch.tensor([[0, 0.1, 0.2, 0.7], [0, 0, 0, 1]], dtype=torch.float64)
    assert torch.allclose(got, want)
    assert torch.allclose(module.report["unfinished"][3], torch.tensor([0.3, 0]).double())


def test_a_halted_row_does_not_see_its_neighbours() -> None:
    """A row that has halted keeps its state: what would overflow in later rounds does no harm."""
    module = soft(GROW.format(n=12, factor=f"1{'0' * 30}.0"))
    bits = torch.zeros(2, 12, dtype=torch.bool)
    bits[0, 0] = bits[1, 10] = True
    x = torch.tensor([1e-3, 1e-300], dtype=torch.float64, requires_grad=True)
    got = module(x=x, bits=bits)
    assert got[0].item() == pytest.approx(1e27)
    assert torch.isfinite(torch.autograd.grad(got[0], x)[0][0])


def test_epsilon_freezes_a_row_alone() -> None:
    """With an epsilon rows stop by themselves: alone or in a batch they give the same."""
    module = soft(GROW.format(n=6, factor=1.5))
    module.epsilon = 0.05
    g = torch.Generator().manual_seed(0)
    bits = torch.rand(5, 6, generator=g, dtype=torch.float64)
    x = torch.ones(5, dtype=torch.float64)
    whole = module(x=x, bits=bits)
    for r in range(5):
        assert torch.equal(module(x=x[r], bits=bits[r]), whole[r])


def test_finished_rounds_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """When no row goes on, the loop ends."""
    module = soft(COUNT.format(rounds=40))
    left = []
    own = module._function.__globals__["is_over"]

    def spy(alive: Tensor, epsilon: float) -> bool:
        left.append(bool(alive.any()))
        return bool(own(alive, epsilon))

    monkeypatch.setitem(module._function.__globals__, "is_over", spy)
    module(x=torch.tensor([2, 3]))
    assert left == [True] * (len(left) - 1) + [False]
    assert len(left) <= 3


def test_act_is_graves_rule() -> None:
    """Weights up to 1 - epsilon, the remainder to the last step, cost N + R (2016, eqs. 6 to 9)."""
    module = soft(
        "program f(h: real[4], s: real) -> real:\n"
        "    p = 0.0\n"
        "    repeat max 4 by act(epsilon = 0.01):\n"
        "        p = h[0]\n"
        "        h[0 .. 3] = h[1 .. 4]\n"
        "        s = s * 2\n"
        "    until chance(p)\n"
        "    return s\n"
    )
    h = torch.tensor(
        [[0.25, 0.5, 0.5, 0.5], [1.0, 0, 0, 0], [0.125, 0.125, 0.125, 0.125]],
        dtype=torch.float64,
        requires_grad=True,
    )
    got = module(h=h, s=torch.ones(3, dtype=torch.float64))
    assert got.tolist() == [0.25 * 2 + 0.5 * 4 + 0.25 * 8, 2, 0.125 * (2 + 4 + 8) + 0.625 * 16]
    assert module.costs[3].tolist() == [3 + 0.25, 1 + 1, 4 + 0.625]
    assert module.report["unfinished"][3].tolist() == [0, 0, 0.5]
    grad = torch.autograd.grad(module.costs[3].sum(), h)[0]
    assert grad[0].tolist() == [-1, -1, 0, 0]


def test_ponder_is_a_mixture_with_a_prior() -> None:
    """p_n = h_n prod (1 - h), the rest to the last step; KL to the truncated geometric prior."""
    module = soft(
        "program f(h: real, s: real) -> real:\n"
        "    repeat max 3 by ponder(prior = 0.25):\n"
        "        s = s * 2\n"
        "    until chance(h)\n"
        "    return s\n"
    )
    h = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    got = module(h=h, s=torch.ones((), dtype=torch.float64))
    p = [0.5, 0.25, 0.25]
    prior = [0.25, 0.25 * 0.75, 0.25 * 0.75**2]
    prior = [x / sum(prior) for x in prior]
    assert got.item() == 0.5 * 2 + 0.25 * 4 + 0.25 * 8
    want = sum(a * math.log(a / b) for a, b in zip(p, prior, strict=True))
    assert module.costs[2].item() == pytest.approx(want)
    assert module.report["unfinished"][2].item() == 0.125
    for edge in (0.0, 1.0):
        h = torch.tensor(edge, dtype=torch.float64, requires_grad=True)
        total = module(h=h, s=torch.ones((), dtype=torch.float64)) + module.costs[2]
        assert torch.isfinite(torch.autograd.grad(total, h)[0])


def test_loops_stay_loops() -> None:
    """The generated source does not grow with the number of rounds."""
    short, long = soft(STEPS.format(n=10)), soft(STEPS.format(n=100_000))
    assert (
        abs(len(long.source.split("def steps")[1]) - len(short.source.split("def steps")[1])) < 400
    )


def saved(n: int) -> tuple[int, Tensor]:
    """Return the most bytes kept for the backward pass, and the gradient."""
    module = soft(STEPS.format(n=n))
    a = torch.full((64,), 0.5, dtype=torch.float64, requires_grad=True)
    live, most = 0, 0

    class Kept:
        def __init__(self, x: Tensor) -> None:
            nonlocal live, most
            self.x, self.size = x, x.numel()
            live += self.size
            most = max(most, live)

        def __del__(self) -> None:
            nonlocal live
            live -= self.size

    with torch.autograd.graph.saved_tensors_hooks(Kept, lambda k: k.x):
        out = module(x=torch.ones(64, dtype=torch.float64), a=a)
        (grad,) = torch.autograd.grad(out.sum(), a)
    return most, grad


def test_long_loops_keep_few_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory for the backward pass grows with the root of the rounds; gradients are the same."""
    monkeypatch.setattr(rolling, "LONG", 16)
    monkeypatch.setattr(rolling, "KEPT", 0)
    few, _ = saved(9)
    many, grad = saved(900)
    assert many < 10 * few
    monkeypatch.setattr(rolling, "LONG", 10_000)  # the generated file has it as a constant
    plain, want = saved(900)
    assert plain > 8 * many
    torch.testing.assert_close(grad, want, rtol=1e-13, atol=0)  # summed a chunk at a time


def test_networks_of_a_long_loop_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their weights have the slopes that a loop has which keeps everything."""
    text = (
        "size n = 40\nnet cell = rnn(in = 2, out = 3)\n\n"
        "program run(xs: real[n, 2]) -> real[3]:\n    h: real[3] = 0.0\n"
        "    for i in 0 .. n:\n        h = cell(xs[i], h)\n    return h\n"
    )
    found = []
    for most in (10_000, 16):
        monkeypatch.setattr(rolling, "LONG", most)
        monkeypatch.setattr(counted, "LONG", most)
        monkeypatch.setattr(rolling, "KEPT", 0)
        module = dp.loads(text).soften(seed=1).double()
        assert ("rolled(" in module.source) == (most < 40)
        module(torch.ones(1, 40, 2, dtype=torch.float64)).sum().backward()
        found.append([p.grad for p in module.parameters()])
    torch.testing.assert_close(found[0], found[1])


def test_reports_of_a_long_loop_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Running a chunk again for the backward pass does not report again."""
    monkeypatch.setattr(rolling, "KEPT", 0)
    module = soft(
        "program f(x: real) -> real:\n"
        "    for i in 0 .. 400:\n"
        "        x = x + 1 / (x - x)\n"
        "    return x\n"
    )
    x = torch.zeros((), dtype=torch.float64, requires_grad=True)
    module(x=x).backward()
    assert module.report["undefined"][3].item() == 400


def test_long_halting_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop of many rounds, in chunks that are run again, ends early and has the same gradient."""
    text = (
        "program f(x: real, n: int<60>) -> real:\n"
        "    i: int<60> = 0\n"
        "    while i < n max 60:\n"
        "        for k in 0 .. 2:\n"
        "            x = x + tanh(x) * 0.01\n"
        "        i = i + 1\n"
        "    return x\n"
    )
    x = torch.full((2,), 0.5, dtype=torch.float64, requires_grad=True)
    n = torch.tensor([3, 30])
    found = []
    for limit in (16, 10_000):
        monkeypatch.setattr(rolling, "LONG", limit)
        monkeypatch.setattr(rolling, "KEPT", 0)
        module = soft(text)
        out = module(x=x, n=n)
        found.append((out, torch.autograd.grad(out.sum(), x)[0]))
        assert module.report["unfinished"][3].tolist() == [0, 0]
    (out, grad), (want, other) = found
    assert torch.equal(out, want)
    assert torch.allclose(grad, other, rtol=1e-14)
