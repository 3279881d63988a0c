"""Dropping wrong runs: which writes are for good, and that no loss changes by it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
import torch

from diffprog.learn import compiled
from diffprog.learn.cells import Cells, parameter_name
from diffprog.learn.doomed import final, writes
from diffprog.learn.estimators import Exact
from diffprog.learn.examples import as_examples
from diffprog.learn.machine import Machine
from diffprog.learn.outcomes import Likelihood
from diffprog.learn.session import tasks
from diffprog.pipeline import loads

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from diffprog.ir.graph import Graph
    from diffprog.learn.deciders import Replay
    from diffprog.learn.estimators import Loss

ADD = """size n = 3

program add(a: int<3>[n], b: int<3>[n]) -> int<3>[n + 1]:
    total: int<3>[n + 1] = 0
    carry: int<2> = 0
    for i in n - 1 .. -1 step -1:
        total[i + 1] = choose int<3> given a[i], b[i], carry
        carry = choose int<2> given a[i], b[i], carry
    total[0] = carry
    return total
"""
TWICE = """program twice(a: int<3>[2], b: int<3>[2]) -> int<3>[3]:
    out: int<3>[3] = 1
    for i in 0 .. 2:
        out[0] = choose int<3> given a[i]
        out[i] = choose int<3> given b[i], out[0]
    out[1] = choose int<3> given out[1]
    return out
"""
SOMEWHERE = """program somewhere(a: int<3>[2], b: int<3>[2]) -> int<3>[3]:
    out: int<3>[3] = 1
    out[2] = choose int<3> given a[0]
    at: int<3> = choose int<3> given b[0]
    out[at] = choose int<3> given a[1]
    out[0] = choose int<3> given b[1]
    return out
"""
SOMETIMES = """program sometimes(a: int<3>[2], b: int<3>[2]) -> int<3>[3]:
    out: int<3>[3] = 1
    for i in 0 .. a[0]:
        out[i] = choose int<3> given b[0]
    for i in 0 .. 2:
        if a[i] > b[i]:
            out[i] = choose int<3> given a[i], b[i]
        out[2] = choose int<3> given out[i]
    return out
"""
SORT = """program sort(a: int<3>[3], b: int<3>[3]) -> int<3>[3]:
    for end in 2 .. 0 step -1:
        for i in 0 .. end:
            choose given a[i], a[i + 1], b[0] > 1:
                swap a[i], a[i + 1]
                pass
    return a
"""
PROGRAMS = {
    "sort": SORT,
    "add": ADD,
    "twice": TWICE,
    "somewhere": SOMEWHERE,
    "sometimes": SOMETIMES,
}


@pytest.mark.parametrize(
    ("name", "count"), [("sort", 2), ("add", 2), ("twice", 3), ("somewhere", 1), ("sometimes", 2)]
)
def test_writes_are_followed_back_to_what_is_unknown(name: str, count: int) -> None:
    """An unknown place or number of rounds ends the way back; what is written later counts.

    A branch that writes at a place that is known before it is a write of what it chose.
    """
    found = writes(loads(PROGRAMS[name]).simplified)
    assert set(found.values()) == {0}
    assert len(found) == count


def test_only_the_last_write_of_a_cell_is_for_good() -> None:
    """Whole slices are taken apart by cells."""
    assert final([[0, 1, 2], [1], [0, 3], []]) == [[2], [1], [0, 3], []]
    assert final([]) == []


def losses(name: str) -> tuple[Loss, dict[str, Tensor], int]:
    """Return the loss on all inputs (some of whose answers are impossible), and its states."""
    program = loads(PROGRAMS[name])
    size = 2 if name in ("twice", "somewhere", "sometimes") else 3
    rows = list(itertools.product(itertools.product(range(3), repeat=size), repeat=2))[::5]
    answers = [[(a[0] + b[i % size]) % (3 if i else 2) for i in range(4)] for a, b in rows]
    if name != "add":
        answers = [answer[:3] for answer in answers]
    if name == "sort":
        answers = [sorted(a) if i % 2 else list(a) for i, (a, _) in enumerate(rows)]
    pairs = [({"a": a, "b": b}, out) for (a, b), out in zip(rows, answers, strict=True)]
    cells = Cells(program.holes)
    task, _ = tasks(program, as_examples(pairs, program))
    random = torch.Generator().manual_seed(3)
    weights = {
        parameter_name(key): torch.randn(
            2, *p.shape, p.count, generator=random, dtype=torch.float64
        ).requires_grad_()
        for key, p in cells.parts.items()
    }
    exact = Exact(task, cells, Likelihood())
    loss = exact.loss(0, weights, random, 1.0)
    found = torch.autograd.grad(loss.objective.sum(), list(weights.values()))
    return loss, dict(zip(weights, found, strict=True)), exact.arcs


def keeping(
    graph: Graph,
    inputs: Mapping[str, Tensor],
    targets: Sequence[Tensor],
    cells: Cells,
    decider: Replay,
) -> Machine:
    """Make a machine that drops nothing."""
    return Machine(cells, decider, merging=True)


@pytest.mark.parametrize("name", PROGRAMS)
def test_dropping_changes_no_loss(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loss, gradient and the number of impossible rows are those of the machine that keeps all."""
    dropped, gradient, _ = losses(name)
    monkeypatch.setattr(compiled, "Dropping", keeping)
    kept, wanted, _ = losses(name)
    assert torch.allclose(dropped.value, kept.value, rtol=1e-12)
    assert dropped.impossible == kept.impossible
    for key, value in wanted.items():
        assert torch.allclose(gradient[key], value, rtol=1e-10, atol=1e-12)


def test_long_addition_stays_small() -> None:
    """States are carries: twelve digits at once fit in a budget of a few states a row."""
    text = ADD.replace("size n = 3", "size n = 12")
    program = loads(text)
    rows = [([i % 3] * 12, [j % 3] * 12) for i in range(3) for j in range(3)]
    pairs = [
        ({"a": a, "b": b}, [0, *((x + y) % 3 for x, y in zip(a, b, strict=True))]) for a, b in rows
    ]
    task, _ = tasks(program, as_examples(pairs, program))
    exact = Exact(task, Cells(program.holes), Likelihood(), limit=9 * 12)
    assert exact.arcs < 9 * 12 * 10
