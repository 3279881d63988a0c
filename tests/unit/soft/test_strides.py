"""State to which each round of a halting loop adds the same: its result needs no sum of its own."""

from __future__ import annotations

import math

import pytest
import torch

import diffprog as dp
from tests.unit.soft.test_grid import drawn

STEADY = {
    "up": """program p(x: real, d: real, end: real) -> (real, real):
    n = 0.0
    while x < end max 9:
        x = x + d
        n = 1.0 + n
    return x, n
""",
    "down": """program p(x: real, d: real, end: real) -> (real, real):
    n = 9.0
    while end - x > 0.5 max 9:
        x = x - d
        n = n - 0.5
    return x, n
""",
    "an array": """program p(x: real, d: real[3], end: real) -> (real, real[3]):
    sums: real[3] = 0.0
    while x < end max 7:
        x = x + 0.5
        sums = sums + d
    return x, sums
""",
    "beside others": """program p(x: real, d: real, end: real) -> (real, real, int<5>):
    seen: int<5> = 0
    y = 1.0
    while x < end max 4:
        x = x + d
        y = y * d + x
        seen = (seen + 1) % 5
    return x, y, seen
""",
}
OTHERS = {
    "by what changes": """program p(x: real, d: real, end: real) -> real:
    while x < end max 6:
        x = x + d
        d = d * 0.5
    return x
""",
    "by itself": """program p(x: real, d: real, end: real) -> real:
    while x < end max 6:
        x = x + x
    return x + d
""",
    "from the other side": """program p(x: real, d: real, end: real) -> real:
    while x < end max 6:
        x = d - x
    return x
""",
    "before the test": """program p(x: real, d: real, end: real) -> real:
    repeat max 6:
        x = x + d
    until x > end
    return x
""",
}
ALL = {**STEADY, **OTHERS}


@pytest.mark.parametrize("name", STEADY)
def test_a_steady_result_is_its_start_and_the_trips(name: str) -> None:
    """No round adds to it."""
    source = dp.loads(STEADY[name]).soften().source
    assert "grown(" in source.partition("= rolled(")[2]
    assert "x_out" not in source


@pytest.mark.parametrize("name", OTHERS)
def test_others_are_summed_round_by_round(name: str) -> None:
    """What is added is not the same each time, or not in all rounds."""
    assert "trips" not in dp.loads(OTHERS[name]).soften().source


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("epsilon", [0.0, 0.2])
@pytest.mark.parametrize("temperature", [0.0, 0.4, 1.0])
def test_the_same_as_the_sum(name: str, epsilon: float, temperature: float) -> None:
    """Native code sums the rounds: values and slopes agree, and what is unfinished."""
    program = dp.loads(ALL[name])
    inputs = [x.requires_grad_() for x in drawn(program, 6)]
    found = []
    for backend in ("torch", "native"):
        module = program.soften(backend=backend).double()
        module.epsilon, module.temperature = epsilon, temperature
        out = module(*inputs)
        out = out if isinstance(out, tuple) else (out,)
        loss = sum((x * x).sum() for x in out)
        slopes = torch.autograd.grad(loss, inputs, allow_unused=True)
        left = module.report["unfinished"].values()
        found.append([*out, *(torch.zeros(6) if s is None else s for s in slopes), *left])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one.expand_as(other), other, rtol=1e-11, atol=1e-11)


def test_a_row_that_does_not_go_round_has_nothing_of_an_infinite_stride() -> None:
    """Neither in its result nor in its slopes."""
    module = dp.loads(STEADY["up"]).soften(backend="torch").double()
    module.temperature = 0
    rows = torch.tensor([[5.0, 0.25], [math.inf, 0.5], [1.0, 1.0]], dtype=torch.float64)
    x, d, end = (row.requires_grad_() for row in rows.unbind())
    out, n = module(x, d, end)
    assert out.tolist() == [5.0, 1.25]
    assert n.tolist() == [0.0, 2.0]
    slopes = torch.autograd.grad(out.sum(), (x, d))
    assert [s.tolist() for s in slopes] == [[1.0, 1.0], [0.0, 2.0]]


@pytest.mark.parametrize("name", STEADY)
def test_crisply_it_is_what_the_interpreter_says(name: str) -> None:
    """At a temperature of 0 the number of rounds is whole."""
    program = dp.loads(STEADY[name])
    given = {"x": 0.25, "d": [0.5, 1.0, 2.0] if name == "an array" else 0.75, "end": 2.0}
    module = program.soften().double()
    module.temperature = 0
    (*soft, _), (*crisp, _) = module(**given), program.run(**given)
    for one, other in zip(soft, crisp, strict=True):
        assert one.tolist() == pytest.approx(other, rel=1e-14)
