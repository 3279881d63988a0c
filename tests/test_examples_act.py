"""Adaptive computation time: the examples at a small size, both kinds of halting."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from diffprog.pipeline.tracing import traced
from examples.act.logic import bench as logic
from examples.act.logic.data import drawn as vectors
from examples.act.logic.data import growing
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
        setup, 0, width=WIDTH, most=WIDTH, sizes={"hidden": 12, "most": 3}, steps=160, every=20,
        network_lr=2e-2,
    )  # fmt: skip
    first, last = found.metrics[0], found.metrics[-1]
    assert float(str(last["loss"])) < min(0.6, float(str(first["loss"])))
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
    drawn_rows = bench.picture(program, tmp_path / "q.svg", (1, WIDTH)).read_text()
    assert drawn_rows.index("1 number that is") < drawn_rows.index(f"{WIDTH} numbers that are")


def test_one_step_is_the_same_cell() -> None:
    """What it is compared with has the same weights, and takes one step."""
    torch.manual_seed(0)
    found = bench.learn(
        "one step", 0, width=WIDTH, most=WIDTH, sizes={"hidden": 4}, steps=2, every=1
    )
    assert bench.thought(found.program, 2, 3) == pytest.approx(2)  # one step, and all the remainder


def test_vectors_of_logic() -> None:
    """Each gate takes the last two results, the first the answer before and the second bit."""
    nor, nand, either = 0, 4, 9
    inputs, answers = vectors(1, 2, 400, 2, vectors=(2, 2))(np.random.default_rng(0))
    for row, said in zip(inputs["shown"].tolist(), answers.tolist(), strict=True):
        assert not row[1][0]
        for t, vector in enumerate(row):
            first, now = (said[0] if t else vector[0]), vector[1]
            for gate in (vector[2:12], vector[12:]):
                if not any(gate):
                    continue
                found = _gate(gate.index(True), now, first)
                first, now = now, found
            assert now == said[t]
    assert _gate(nor, False, False)
    assert not _gate(nand, True, True)
    assert not _gate(either, False, False)


def test_gates_grow() -> None:
    """First there is one gate, later up to all; the same as in the test at the end."""
    draw, random = growing(3, 40), np.random.default_rng(0)
    counts = [int(draw(random, done)[0]["shown"][..., 2:].sum(-1).max()) for done in (0.0, 0.2, 1)]
    assert counts == [1, 2, 3]


def _gate(kind: int, p: bool, q: bool) -> bool:
    """Say what a gate gives, by its formula."""
    found = [
        not (p or q), q and not p, p and not q, p != q, not (p and q), p and q,
        p == q, not p or q, p or not q, p or q,
    ]  # fmt: skip
    return found[kind]


def test_logic_is_learned() -> None:
    """One gate is learned; crisp runs are the module at temperature 0; two vectors can be asked."""
    sizes = {"hidden": 10, "most": 3}
    found = logic.learn(
        "by act", 0, gates=1, sizes=sizes, vectors=(1, 1), steps=240, every=120, network_lr=2e-2
    )
    assert found.metrics[-1]["loss"] < found.metrics[0]["loss"]  # type: ignore[operator]
    assert found.metrics[-1]["dev"] >= 0.95  # type: ignore[operator]
    program = found.program
    inputs, _ = vectors(1, 1, 6, 1, vectors=(2, 2))(np.random.default_rng(1))
    said = bench.crisp(program)(shown=torch.as_tensor(inputs["shown"])) >= 0.5
    assert said.tolist() == [program.run(shown=row) for row in inputs["shown"].tolist()]
    wrong, steps = logic.measured(program, 1, 1, 3, count=50)
    assert 0 <= wrong <= 100
    assert 1 < steps <= 4
