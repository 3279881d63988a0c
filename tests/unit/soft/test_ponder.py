"""Loops `by ponder` against a plain transcription of Banino, Balaguer and Blundell (2021).

Outcomes: one a step, with what follows the loop computed for each; the loss is their expectation.
"""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor

import diffprog as dp
from diffprog.learn.cells import Cells
from diffprog.learn.choose import Setting, choose
from diffprog.learn.examples import as_examples
from diffprog.learn.outcomes import Likelihood
from diffprog.learn.relaxed import Soft
from diffprog.learn.session import tasks
from diffprog.learn.trainer import Recipe
from tests.unit.soft.soften import soft

CELL = """
program think(x: real, a: real, b: real, c: real) -> real:
    s = 0.5
    h = 0.0
    repeat max 5 by ponder(prior = 0.3):
        s = tanh(a * s + x)
        h = sigmoid(b * s + c)
    until chance(h)
    return s * s
"""
STEPS, PRIOR, BETA = 5, 0.3, 0.01
EXACT = {"rtol": 1e-10, "atol": 1e-10}


def banino(x: Tensor, a: Tensor, b: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return p_n [N, B], the answers y_n [N, B] and KL(p || truncated geometric) [B]."""
    s, alive = torch.full_like(x, 0.5), torch.ones_like(x)
    p, y = [], []
    for n in range(STEPS):
        s = torch.tanh(a * s + x)
        halt = torch.sigmoid(b * s + c) if n < STEPS - 1 else torch.ones_like(x)  # section 2.1
        p.append(alive * halt)  # eq. 2
        alive = alive * (1 - halt)
        y.append(s**2)
    weights = torch.stack(p)
    geometric = PRIOR * (1 - PRIOR) ** torch.arange(STEPS, dtype=x.dtype)
    prior = geometric / geometric.sum()  # eq. 5, truncated to N steps
    return weights, torch.stack(y), (weights * (weights.log() - prior.log()[:, None])).sum(0)


def inputs() -> tuple[Tensor, list[Tensor]]:
    """Return rows of x, and numbers with slopes for the rest."""
    x = torch.tensor([0.25, -1.0, 2.0], dtype=torch.float64)
    rest = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.75, 1.5, -0.5)]
    return x, rest


def test_outcomes_are_banino_s() -> None:
    """Weights, answers, divergence, the loss sum p_n L_n + beta KL (eq. 4), and its gradient."""
    x, rest = inputs()
    target = torch.tensor([0.5, 0.25, 1.0], dtype=torch.float64)
    weights, answers, divergence = banino(x, *rest)
    want = ((weights * (answers - target) ** 2).sum(0) + BETA * divergence).sum()
    module = soft(CELL)
    found = module.outcomes(x, *rest)
    torch.testing.assert_close(found.weights, weights, **EXACT)
    torch.testing.assert_close(found.values, answers, **EXACT)
    (cost,) = module.costs.values()
    torch.testing.assert_close(cost, divergence, **EXACT)
    got = ((found.weights * (found.values - target) ** 2).sum(0) + BETA * cost).sum()
    torch.testing.assert_close(got, want, **EXACT)
    slopes = zip(torch.autograd.grad(got, rest), torch.autograd.grad(want, rest), strict=True)
    for own, theirs in slopes:
        torch.testing.assert_close(own, theirs, **EXACT)


def test_forward_is_the_mixture() -> None:
    """Without outcomes the loop gives its mean state, and what follows it takes that."""
    x, rest = inputs()
    weights, answers, divergence = banino(x, *rest)
    module = soft(CELL.replace("s * s", "s"))
    mean = (weights * answers.sqrt() * torch.sign(module.outcomes(x, *rest).values)).sum(0)
    torch.testing.assert_close(module(x, *rest), mean, **EXACT)
    torch.testing.assert_close(module.costs[5], divergence, **EXACT)


TWICE = """
program twice(h: real, x: int<8>) -> (int<8>, real):
    k = 0.0
    repeat max 3 by ponder(prior = 0.25):
        x = (x + 1) % 8
    until chance(h)
    y = 1 / (real(x) - 2)
    repeat max 2 by ponder(prior = 0.5):
        k = k + 1
    until chance(h * h)
    return x, k
"""


def test_two_loops_give_every_pair_of_steps() -> None:
    """Their weights are products; whatever has no axis of rows stays right under rows."""
    h = torch.tensor([0.5, 0.25], dtype=torch.float64)
    module = soft(TWICE.replace("    y = 1 / (real(x) - 2)\n", ""))
    found = module.outcomes(h=h, x=torch.tensor(6))
    first = torch.stack([h, (1 - h) * h, (1 - h) ** 2])
    second = torch.stack([h**2, 1 - h**2])
    torch.testing.assert_close(found.weights, (second[:, None] * first).flatten(0, 1))
    numbers, counts = found.values
    assert numbers.argmax(-1).tolist() == [[v, v] for v in (7, 0, 1, 7, 0, 1)]
    assert counts.tolist() == [[v, v] for v in (1, 1, 1, 2, 2, 2)]
    alone = module.outcomes(h=h[1], x=torch.tensor(6))
    torch.testing.assert_close(alone.weights, found.weights[:, 1])


def test_what_follows_is_reported_by_its_weight() -> None:
    """A division by zero that only the second step meets is met with that step's weight."""
    module = soft(TWICE.replace("return x, k", "return x, k + y"))
    h = torch.tensor([0.5, 0.25], dtype=torch.float64)
    module.outcomes(h=h, x=torch.tensor(0))
    (lost,) = module.report["undefined"].values()
    torch.testing.assert_close(lost, (1 - h) * h)
    first, second = module.costs.values()
    assert first.shape == second.shape == (2,)
    module.outcomes(h=h, x=torch.tensor([0, 0]))
    torch.testing.assert_close(module.costs[8], second)


def test_deeper_loops_are_mixtures() -> None:
    """A loop in a branch has no outcomes of its own, and a program without any has one."""
    text = CELL.replace("    repeat", "    for i in 0 .. 2:\n        repeat").replace(
        "        s = tanh(a * s + x)\n        h = sigmoid(b * s + c)\n    until",
        "            s = tanh(a * s + x)\n            h = sigmoid(b * s + c)\n        until",
    )
    x, rest = inputs()
    module = soft(text)
    found = module.outcomes(x, *rest)
    torch.testing.assert_close(found.values, module(x, *rest)[None])
    assert found.weights.tolist() == [[1.0, 1.0, 1.0]]


def test_cold_outcomes_are_the_crisp_run() -> None:
    """At temperature 0 all weight is on the step at which the interpreter stops."""
    program = dp.loads(TWICE)
    module = program.soften().double()
    module.temperature = 0.0
    for h in (0.125, 0.5, 0.75, 1.0):
        found = module.outcomes(h=h, x=torch.tensor(6))
        (best,) = found.weights.nonzero().flatten().tolist()
        assert found.weights[best] == 1
        numbers, counts = found.values
        assert [int(numbers[best].argmax()), float(counts[best])] == [*program.run(h=h, x=6)]


def test_a_copy_has_outcomes_too() -> None:
    """What is made when first asked for follows copies, pickles and changes of precision."""
    x, rest = inputs()
    module = soft(CELL)
    want = module.outcomes(x, *rest).values
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert torch.equal(other.outcomes(x, *rest).values, want)
    assert module.float().outcomes(x, *rest).values.dtype == torch.float32


LEARNED = """
program grow(x: real) -> real:
    learn stop: real[4]
    k: int<5> = 0
    h = 0.0
    repeat max 4 by ponder(prior = 0.25):
        h = sigmoid(4 * stop[k % 4])
        k = (k + 1) % 5
        x = x + 1
    until chance(h)
    return x * x
"""
PAIRS = [({"x": x}, (x + 3) ** 2) for x in (0.0, 1.0, -2.0, 5.0)]


def test_the_loss_of_soft_is_the_expectation_over_steps() -> None:
    """The estimator's loss is sum p_n L_n + cost KL; the costs may be left out."""
    program = dp.loads(LEARNED)
    batches, programs = tasks(program, as_examples(PAIRS, program))
    cells, likelihood = Cells(program.holes), Likelihood(scale=1.0)
    weights = {"grow:stop#0": torch.tensor([[0.25, -0.5, 0.0, 1.0], [0.0, 0.5, 0.25, 0.0]])}
    for cost in (0.0, 0.5):
        setting = Setting(
            tasks=batches,
            cells=cells,
            likelihood=likelihood,
            restarts=2,
            samples=16,
            states=2**19,
            width=64,
            modules=lambda: [p.soften(2) for p in programs],
        )
        estimator = choose("auto", setting)
        assert isinstance(estimator, Soft)
        estimator.cost = cost
        loss = estimator.loss(0, weights, torch.Generator(), 1.0)
        for restart in range(2):
            h = torch.sigmoid(4 * weights["grow:stop#0"][restart])
            alive = torch.cat([torch.ones(1), (1 - h[:3]).cumprod(0)])
            p = alive * torch.cat([h[:3], torch.ones(1)])
            prior = 0.25 * 0.75 ** torch.arange(4)
            prior = prior / prior.sum()
            off = [0.5 * (((x["x"] + torch.arange(1, 5)) ** 2 - y) ** 2) for x, y in PAIRS]
            want = (p * torch.stack(off)).sum(1).mean() + cost * (p * (p / prior).log()).sum()
            torch.testing.assert_close(loss.value[restart], want, rtol=1e-5, atol=1e-5)


def test_it_learns_when_to_stop() -> None:
    """`auto` takes `soft`, which alone can; the learned program stops after three rounds."""
    program = dp.loads(LEARNED)
    result = dp.fit(program, PAIRS, restarts=8, steps=300, progress=False)
    assert result.estimator == "soft"
    assert result.best.train == 1
    assert result.program.run(x=10.0) == 169.0


@pytest.mark.parametrize("estimator", ["exact", "beam", "sample", "search"])
def test_others_refuse_to_learn_when_to_stop(estimator: str) -> None:
    """They run the loop crisply, so no slope reaches its unit."""
    with pytest.raises(dp.DiffprogError, match="DP624"):
        dp.fit(dp.loads(LEARNED), PAIRS, estimator=estimator, progress=False)


def test_what_loops_cost_may_change_while_it_learns() -> None:
    """The weight goes from the first number to the second; the loss of a step has its own."""
    recipe = Recipe(cost=(1.0, 0.01), steps=3)
    assert [recipe.weight(s) for s in range(3)] == [1.0, 0.1, 0.01]
    program, still = dp.loads(LEARNED), {"lr": 1e-12, "every": 1, "stop_when_exact": False}
    options: dict[str, Any] = still | {"restarts": 1, "scale": 1.0, "progress": False}

    def losses(cost: float | tuple[float, float], steps: int) -> list[tuple[float, float]]:
        rows = dp.fit(program, PAIRS, cost=cost, steps=steps, **options).metrics
        return [(float(str(r["loss"])), float(str(r["cost"]))) for r in rows]

    ((free, spent),) = losses(0.0, 1)
    assert spent > 0
    for (loss, _), weight in zip(losses((1.0, 0.01), 3), (1.0, 0.1, 0.01), strict=True):
        assert loss == pytest.approx(free + weight * spent, rel=1e-5)
    assert losses(0.1, 1) == losses((0.1, 0.1), 1)


@pytest.mark.parametrize("cost", [-1.0, (0.0, 0.1), (0.1, -0.1), (0.1, 0.2, 0.3), "much"])
def test_a_wrong_cost_is_refused(cost: Any) -> None:
    """Below 0, from 0, of three numbers, no number."""
    with pytest.raises(dp.DiffprogError, match=r"DP627.*cost"):
        dp.fit(dp.loads(LEARNED), PAIRS, cost=cost, progress=False)
