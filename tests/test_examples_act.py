"""Adaptive computation time: the examples at a small size, both kinds of halting."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from diffprog.pipeline.tracing import traced
from examples.act.parity import bench
from examples.act.parity.data import drawn

if TYPE_CHECKING:
    from pathlib import Path

WIDTH = 3


def test_rows_of_parity() -> None:
    """Numbers that are not 0 stand at the front; the answer is whether the ones are odd."""
    inputs, answers = drawn(2, 4, 200, 6)(np.random.default_rng(0))
    row = inputs["row"]
    counts = (row != 0).sum(1)
    assert set(counts.tolist()) == {2, 3, 4}
    assert all((r[:n] != 0).all() for r, n in zip(row, counts, strict=True))
    assert answers.tolist() == [r.tolist().count(1) % 2 == 1 for r in row]


@pytest.mark.parametrize("setup", ["by act", "by ponder"])
def test_parity_is_learned(setup: str, tmp_path: Path) -> None:
    """Of three numbers it is learned; crisp runs are the soft ones at temperature 0; drawn."""
    found = bench.learn(
        setup, 0, width=WIDTH, most=WIDTH, sizes={"hidden": 12, "most": 3}, steps=160, every=80,
        network_lr=2e-2,
    )  # fmt: skip
    first, last = found.metrics[0], found.metrics[-1]
    assert float(str(last["loss"])) < float(str(first["loss"])) < 0.6
    program = found.program
    assert bench.error(program, 1, WIDTH, 1, count=200) < 10
    row, _ = bench.rows(1, WIDTH, 6, WIDTH, 2)
    answers = (bench.crisp(program)(row=row).reshape(-1) >= 0.5).tolist()
    assert answers == [program.run(row=r) for r in row.tolist()]
    assert 1 <= bench.thought(program, 2, 3) <= 5
    trace = traced(program, [{"row": row[0].tolist()}])
    halting = [s for s in trace.steps if s.kind == "halting"]
    assert sum(map(sum, (s.values for s in halting))) == pytest.approx(1)
    picture = trace.render(tmp_path / "p.svg")
    assert re.search(r"<!-- repeat max most by", picture.read_text())


def test_one_step_is_the_same_cell() -> None:
    """What it is compared with has the same weights, and takes one step."""
    torch.manual_seed(0)
    found = bench.learn(
        "one step", 0, width=WIDTH, most=WIDTH, sizes={"hidden": 4}, steps=2, every=1
    )
    assert bench.thought(found.program, 2, 3) == pytest.approx(2)  # one step, and all the remainder
