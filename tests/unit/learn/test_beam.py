"""The beam: it follows the most probable sequences and says what it leaves out."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import pytest
import torch

from diffprog.learn.beam import Beam
from diffprog.learn.cells import Cells, parameter_name
from diffprog.learn.evaluate import answers
from diffprog.learn.fit import fit
from diffprog.learn.networks import Networks
from diffprog.learn.outcomes import Likelihood
from diffprog.learn.relaxed import relax
from diffprog.learn.rows import Rows, Task
from diffprog.learn.scout import Scouted
from diffprog.nets import PREFIX
from diffprog.pipeline import loads
from diffprog.types import REAL, Int

if TYPE_CHECKING:
    from diffprog.learn.estimators import Loss

TWO = """program two(x: int<2>) -> int<9>:
    a = choose int<3>
    b = choose int<3>
    return 3 * a + b
"""
"""Nine sequences, all of which end differently: none merge."""


WRITE = """size words = 4

program write(text: int<words>[2], a: real, b: real) -> real:
    controller reader = gru(hidden = 4) reads text
    x = choose(a, b) by reader
    for i in 0 .. 2:
        choose by reader where [true, a > 0.0, true]:
            x = x + (choose(a, b) by reader)
            x = x * 2.0
            pass
    return x
"""
"""Decisions in a loop, in alternatives, and masked; many sequences give the same number."""


def loss_of(
    width: int, first: list[float], second: list[float], target: int
) -> tuple[float, float]:
    """Return the loss and what is left out, for stated probabilities of two choices."""
    program = loads(TWO, "two.dp")
    cells = Cells(program.holes)
    rows = Rows({"x": torch.tensor([0])}, (torch.tensor([target]),), torch.ones(1).double(), ())
    task = Task(program.simplified, (Int(0, 9),), rows)
    logits = {
        parameter_name(key): torch.tensor([p], dtype=torch.float64).log()
        for key, p in zip(cells.parts, (first, second), strict=True)
    }
    beam = Beam([task], cells, Likelihood(), relax(), width=width)
    found = beam.loss(0, logits, torch.Generator(), 1.0)
    return float(found.value[0]), float(found.more["left out"][0])


@pytest.mark.parametrize("width", [1, 2, 3, 5, 9])
def test_what_is_left_out_is_the_rest(width: int) -> None:
    """The mass in the beam and the mass left out are 1, and the beam holds the best sequences."""
    first, second = [0.7, 0.2, 0.1], [0.6, 0.3, 0.1]
    joint = {(a, b): first[a] * second[b] for a, b in itertools.product(range(3), repeat=2)}
    inside = 0.0
    for a, b in joint:
        loss, left_out = loss_of(width, first, second, 3 * a + b)
        if loss == pytest.approx(-math.log(joint[a, b])):
            inside += joint[a, b]
        else:  # outside the beam: at most as likely as all that is
            assert loss == pytest.approx(-math.log(left_out))
    assert inside + left_out == pytest.approx(1)
    if width in (1, 9):
        best = sorted(joint.values(), reverse=True)[:width]
        assert inside == pytest.approx(sum(best))


def test_the_report_goes_into_the_metrics() -> None:
    """Training says what it leaves out, in each row of its metrics."""
    program = loads(TWO, "two.dp")
    result = fit(program, [({"x": 0}, 5)], estimator="beam", width=2, restarts=2, progress=False)
    assert result.program.run(x=0) == 5
    assert all(0 <= float(str(row["left out"])) < 1 for row in result.metrics)


@pytest.mark.parametrize("width", [1, 2, 4, 64])
def test_scouting_gives_the_loss_and_its_gradient(width: int) -> None:
    """Finding the beam first and weighing it then is following it with weights all the time.

    Half of the rows are answered by the most probable sequence, a quarter by none at all.
    """
    program = loads(WRITE, "write.dp")
    networks = Networks.of(program.checked.nets).eval()
    generator = torch.Generator().manual_seed(width)
    weights = {
        f"{PREFIX}{name}.{key}": 0.5 * torch.randn(1, *p.shape, generator=generator).double()
        for name in program.checked.nets
        for key, p in networks.layers.layer(name).double().named_parameters()
    }
    texts = torch.tensor([[i, j] for i in range(4) for j in range(4)])
    inputs = {"text": texts, "a": torch.tensor([2.0, -3.0] * 8).double(),
              "b": torch.full((16,), 5.0).double()}  # fmt: skip
    cells, graph = Cells(program.holes), program.simplified
    none = torch.zeros(1, 0, dtype=torch.long)
    (best,) = answers(graph, cells, none, inputs, reals=weights, networks=networks).values
    targets = torch.where(torch.arange(16) % 4 < 2, best[0], torch.tensor(99.0).double())
    targets[3::4] = torch.tensor(7.0).double()
    shares = torch.ones(16).double()

    def beam(kind: type[Beam | Scouted], rows: torch.Tensor) -> tuple[Loss, list[torch.Tensor]]:
        some = Rows({k: v[rows] for k, v in inputs.items()}, (targets[rows],), shares[rows], ())
        common = ([Task(graph, (REAL,), some)], cells, Likelihood())
        made: Beam | Scouted = (
            Beam(*common, relax(), networks=networks, width=width)
            if kind is Beam
            else Scouted(*common, networks, width=width)
        )
        own = {key: value.clone().requires_grad_() for key, value in weights.items()}
        loss = made.loss(0, own, torch.Generator(), 1.0)
        loss.objective.sum().backward()
        return loss, [torch.zeros_like(v) if v.grad is None else v.grad for v in own.values()]

    everyone, reached = torch.arange(16), torch.nonzero(torch.arange(16) % 4 < 2).squeeze(1)
    (one, _), (other, _) = beam(Beam, everyone), beam(Scouted, everyone)
    torch.testing.assert_close(one.value, other.value, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(one.more, other.more, rtol=1e-9, atol=1e-9)
    assert one.impossible == other.impossible
    assert (one.impossible > 0) == (width == 64)
    found = Scouted([], cells, Likelihood(), networks, width=1)
    task = Task(graph, (REAL,), Rows(inputs, (targets,), shares, ()))
    assert torch.equal(torch.nonzero(found.reached(task, weights)).squeeze(1), reached)
    (_, slopes), (_, same) = beam(Beam, reached), beam(Scouted, reached)
    assert any(bool(s.abs().max() > 0) for s in slopes)
    torch.testing.assert_close(slopes, same, rtol=1e-9, atol=1e-9)


def test_nothing_is_learned_from_rows_that_no_sequence_answers() -> None:
    """The loss says how likely the answer may be at most; its slope is nothing."""
    program = loads(WRITE, "write.dp")
    examples = [({"text": [1, 2], "a": 2.0, "b": 5.0}, 99.0)]
    for steps in (1, 30):
        result = fit(program, examples, estimator="beam", width=2, steps=steps, progress=False)
        (loss,) = {round(float(str(row["loss"])), 9) for row in result.metrics}
        assert loss > 0
        assert result.best.train == 0
