"""Estimators: what they estimate is right, and each finds a small program."""

from __future__ import annotations

import itertools

import pytest
import torch

from diffprog.errors import DiffprogError
from diffprog.learn.cells import Cells
from diffprog.learn.estimators import Exact, Sample, leave_one_out
from diffprog.learn.fit import fit
from diffprog.learn.outcomes import Likelihood
from diffprog.learn.relaxed import relax
from diffprog.learn.rows import Rows, Task
from diffprog.ops import OPS
from diffprog.pipeline import loads
from diffprog.types import BOOL, Real
from tests.unit.learn.graphs import parity

PARITY = """size n = 3

program parity(bits: bool[n]) -> bool:
    state = choose bool
    for b in bits:
        state = choose(state and b, state or b, state xor b, not b)
    return state
"""


def parity_rows(n: int) -> Rows:
    """Return all strings of n bits."""
    bits = torch.tensor(list(itertools.product((0, 1), repeat=n)))
    return Rows({"bits": bits}, (bits.sum(1) % 2,), torch.ones(len(bits)).double(), ())


def test_sample_is_unbiased() -> None:
    """The mean gradient of many draws is the gradient of the expected share of wrong answers."""
    graph, holes = parity(2)
    cells, rows = Cells(holes), parity_rows(2)
    task = Task(graph, (BOOL,), rows)
    random = torch.Generator().manual_seed(0)
    weights = {
        "parity#0": torch.randn(1, 2, generator=random).double().requires_grad_(),
        "parity#1": torch.randn(1, 4, generator=random).double().requires_grad_(),
    }
    sample = Sample([task], cells, Likelihood(), relax(), samples=4000)
    drawn = sample.loss(0, weights, random, 1.0)
    found = torch.autograd.grad(drawn.objective.sum(), list(weights.values()))
    # One row at a time, `exact` gives minus the log of the probability of being right.
    wrong = torch.zeros(())
    for i in range(4):
        alone = Task(graph, (BOOL,), rows.take(torch.tensor([i])))
        wrong = (
            wrong
            + 1
            - (-Exact([alone], cells, Likelihood()).loss(0, weights, random, 1.0).objective).exp()
        )
    wanted = torch.autograd.grad(wrong.sum() / 4, list(weights.values()))
    for a, b in zip(found, wanted, strict=True):
        assert torch.allclose(a, b, atol=0.02)


def test_baseline_leaves_nothing_where_all_draws_agree() -> None:
    """Equal losses carry no information, so there is no gradient."""
    logq = torch.randn(5, requires_grad=True)
    leave_one_out(torch.full((5,), 0.7), logq).backward()  # type: ignore[no-untyped-call]
    assert logq.grad is not None
    assert torch.allclose(logq.grad, torch.zeros(5))


@pytest.mark.parametrize("estimator", ["auto", "exact", "beam", "sample", "soft", "search"])
def test_each_finds_parity(estimator: str) -> None:
    """An unknown operator and an unknown start, from all strings of three bits."""
    examples = [
        ({"bits": list(b)}, sum(b) % 2 == 1) for b in itertools.product((False, True), repeat=3)
    ]
    program = loads(PARITY, "parity.dp")
    result = fit(program, examples, estimator=estimator, restarts=8, steps=150, progress=False)
    assert result.best.train == 1
    assert result.at(n=9).run(bits=[True] * 7 + [False] * 2) is True


def test_unknown_estimators_are_named() -> None:
    """A wrong name is told, with the right ones."""
    with pytest.raises(DiffprogError, match="DP624"):
        fit(loads(PARITY, "p.dp"), [({"bits": [True] * 3}, True)], estimator="magic")


def test_wrong_options_are_told_at_once() -> None:
    """Every wrong option of a call is in one message."""
    with pytest.raises(DiffprogError, match=r"(?s)restarts.*lr"):
        fit(loads(PARITY, "p.dp"), [({"bits": [True] * 3}, True)], restarts=0, lr=-1.0)


def test_an_enumeration_that_is_too_large_is_refused() -> None:
    """`exact` says what it met and what the limit is; `auto` takes `sample`, and says why."""
    examples = [({"bits": [True, False, True]}, False), ({"bits": [True] * 3}, True)]
    program = loads(PARITY, "p.dp")
    with pytest.raises(DiffprogError, match="DP622"):
        fit(program, examples, estimator="exact", states=3)
    result = fit(program, examples, states=3, steps=20, progress=False)
    assert result.estimator == "sample"
    assert "the limit is" in result.why


@pytest.mark.parametrize("estimator", ["exact", "beam", "sample", "soft"])
@pytest.mark.parametrize("op", [">", ">="])
def test_an_edge_is_learned(op: str, estimator: str) -> None:
    """What is compared with a learned real is a decision of its relaxed form."""
    program = loads(
        f"program p(x: real) -> bool:\n    learn edge: real\n    return x {op} edge\n", "p.dp"
    )
    examples = [({"x": i / 4}, i / 4 > 0.6) for i in range(-4, 5)]
    result = fit(program, examples, estimator=estimator, steps=100, lr=0.1, progress=False)
    assert result.best.train == 1


@pytest.mark.parametrize("op", ["==", "!=", "<", "<=", ">", ">="])
def test_relaxed_rows_are_those_of_the_soft_form(op: str) -> None:
    """At a temperature of 1 they are one, at ties too."""
    module = loads(f"program p(x: real, y: real) -> bool:\n    return x {op} y\n", "p.dp").soften()
    x, y = torch.tensor([0.3, 0.5, -2.0]).double(), torch.tensor([0.3, 0.1, 1.0]).double()
    name = next(k for k, row in OPS.items() if row.symbol == op)
    found = relax()(name, (Real(), Real()), BOOL, [x, y])
    torch.testing.assert_close(found, module.double()(x, y), rtol=0, atol=1e-15)


def test_reals_are_learned_below_a_choice() -> None:
    """A slope and which operation: the states depend on a learned real."""
    text = (
        "program line(x: real) -> real:\n    learn slope: real\n"
        "    return choose(slope * x, slope - x)\n"
    )
    examples = [({"x": v / 4}, 0.75 * v / 4) for v in range(-4, 5)]
    result = fit(
        loads(text, "line.dp"), examples, restarts=4, steps=300, lr=0.05, tolerance=0.02,
        progress=False,
    )  # fmt: skip
    assert result.estimator == "exact"
    assert result.best.train == 1
