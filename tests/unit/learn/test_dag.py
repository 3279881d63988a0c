"""The compiled graph of decisions: its weights, its gradient, its size."""

from __future__ import annotations

import itertools

import torch

from diffprog.learn.cells import Cells
from diffprog.learn.dag import Dag, build
from diffprog.learn.expand import ZERO, Arcs, Expand
from diffprog.learn.machine import Machine
from diffprog.learn.particles import start
from tests.unit.learn.graphs import bubble_sort


def compiled(n: int, digits: int, rows: torch.Tensor) -> tuple[Dag, Cells, int]:
    """Compile bubble sort: its graph, its cells, the most states of a row at the end."""
    graph, holes = bubble_sort(n, digits)
    cells = Cells(holes)
    decider = Expand(cells, len(rows), 10**6)
    machine = Machine(cells, decider, merging=True)
    ran = machine.start(graph, {"xs": rows}, start(len(rows), 0), torch.arange(len(rows)))
    (out,) = (v for v in ran.results if isinstance(v, torch.Tensor))
    good = torch.nonzero((out == rows.sort(1).values[ran.world.unit]).all(1)).squeeze(1)
    leaf = torch.full_like(good, ZERO)
    final = Arcs(ran.world.node[good], ran.world.unit[good], leaf)
    count = len(rows)
    dag = build(decider.arcs, decider.nodes, count, final, None, cells.leaves, count)
    return dag, cells, int(torch.bincount(ran.world.unit).max())


def test_sequences_that_agree_merge() -> None:
    """Fifteen decisions on six different numbers end in 720 states, not in 32,768."""
    _, _, states = compiled(6, 10, torch.tensor([[3, 1, 4, 0, 5, 9]]))
    assert states <= 720


def test_likelihood_is_the_sum_over_tables() -> None:
    """Summing over every way to decide gives what the graph gives, on a domain small enough."""
    rows = torch.tensor([[1, 0, 1], [0, 0, 1]])
    dag, cells, _ = compiled(3, 2, rows)
    logits = torch.randn(1, 2, 2, 2, generator=torch.Generator().manual_seed(0)).double()
    found = dag(cells.log_probs({"sort#0": logits}))[:, 0].exp()
    weights = logits[0].softmax(-1)
    for row, likelihood in zip(rows.tolist(), found.tolist(), strict=True):
        total = 0.0
        for decisions in itertools.product((0, 1), repeat=3):
            xs, weight = list(row), 1.0
            for i, k in zip((0, 1, 0), decisions, strict=True):
                weight *= float(weights[xs[i], xs[i + 1], k])
                if k == 0:
                    xs[i], xs[i + 1] = xs[i + 1], xs[i]
            total += weight * (xs == sorted(row))
        assert abs(total - likelihood) < 1e-12


def test_gradient() -> None:
    """The reverse sweep written out is the derivative of the forward one."""
    dag, cells, _ = compiled(3, 3, torch.tensor([[2, 0, 1], [1, 1, 0]]))
    logits = torch.randn(2, 3, 3, 2, generator=torch.Generator().manual_seed(1)).double()
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: dag(cells.log_probs({"sort#0": x})), (logits,))


def test_impossible_rows_have_no_sink() -> None:
    """A row whose target nothing gives is not counted as merely unlikely."""
    arcs = [Arcs(torch.tensor([0, 0]), torch.tensor([2, 3]), torch.tensor([0, 1]))]
    final = Arcs(torch.tensor([3]), torch.tensor([0]), torch.tensor([ZERO]))
    dag = build(arcs, 4, 2, final, None, 2, 2)
    assert (dag.sinks < dag.states).tolist() == [True, False]
    logs = torch.tensor([[0.25], [0.75]]).log()
    assert torch.allclose(dag(logs)[0].exp(), torch.tensor([0.75]))
