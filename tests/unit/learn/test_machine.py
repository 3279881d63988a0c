"""The machine for many particles: as the interpreter says, whatever the decider."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffprog.crisp.enumerate import enumerate_runs
from diffprog.crisp.interpret import interpret
from diffprog.errors import DiffprogError
from diffprog.learn.cells import Cells
from diffprog.learn.dag import build
from diffprog.learn.evaluate import answers
from diffprog.learn.expand import ZERO, Arcs, Expand
from diffprog.learn.machine import Machine
from diffprog.learn.particles import start
from diffprog.learn.rows import columns, encode_inputs
from diffprog.pipeline import loads
from diffprog.pipeline.stages import lowered, simplified
from tests.strategies import choices, programs

if TYPE_CHECKING:
    from diffprog.lang.typed import Checked
    from diffprog.types import Value
    from tests.strategies import Generated


def close(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Say whether finite values are equal and reals all but."""
    return torch.allclose(a.double(), b.double(), rtol=1e-12, atol=1e-12)


@given(st.data())
def test_replay_is_the_interpreter(data: st.DataObject) -> None:
    """Written choices give the interpreter's answers, row by row and restart by restart."""
    program: Generated = data.draw(programs(halting=True))
    checked = program.checked
    rows = data.draw(st.lists(program.inputs(), min_size=1, max_size=3))
    written = data.draw(st.lists(choices(checked), min_size=1, max_size=3))
    cells = Cells(checked.holes)
    found = answers(
        lowered(checked),
        cells,
        cells.flat(written),
        encode_inputs(rows, program.params),
        reals=cells.real_values(written),
    )
    for r, choice in enumerate(written):
        for b, row in enumerate(rows):
            judged = ran(checked, row, choice)
            assert found.undefined[r, b] == (judged is None)
            if judged is not None:
                for value, part in zip(
                    found.values, columns([judged], checked.main.result), strict=True
                ):
                    assert close(value[r, b], part[0])


def ran(checked: Checked, row: dict[str, Value], choice: dict[str, object]) -> Value | None:
    """Run the interpreter; None where it meets something undefined."""
    try:
        return interpret(checked, row, choice).value
    except DiffprogError as error:
        if error.diagnostics[0].code not in ("DP601", "DP602", "DP322"):
            raise
        return None


@settings(max_examples=30)
@given(st.data())
def test_exact_is_the_expectation(data: st.DataObject) -> None:
    """Every alternative, weighted: what all runs give together; merged or not."""
    program: Generated = data.draw(programs(finite_only=True))
    checked = program.checked
    rows = data.draw(st.lists(program.inputs(), min_size=1, max_size=2))
    seed = data.draw(st.integers(0, 1000))
    cells = Cells(checked.holes)
    logits = torch.randn(
        cells.leaves, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    for merging in (True, False):
        found = distributions(checked, rows, cells, logits, merging=merging)
        for row, distribution in zip(rows, found, strict=True):
            assert distribution == pytest.approx(by_enumeration(checked, row, cells, logits))


def test_deciding_a_test_takes_the_carried_values_along() -> None:
    """A free choice that a loop's test meets first parts the particles in the middle of a round."""
    text = """enum Colour: red, green, blue

program main(a1: bool, a2: Colour) -> Colour:
    a1 = not false
    choose given a2:
        while choose bool xor a2 == a2 max 2:
            a2 = a2
            v3: bool = a2 == (choose Colour where [true, false, true])
        do:
            v4: bool = choose bool
            a2 = a2
    if a1:
        match a1:
            case false, true:
                a1 = not a1
    while a1 max 1:
        v5: Colour = a2 if a1 else a2
    return a2
"""
    checked = loads(text).checked
    cells = Cells(checked.holes)
    logits = torch.linspace(-1, 1, cells.leaves, dtype=torch.float64)
    rows: list[dict[str, Value]] = [
        {"a1": False, "a2": 1},
        {"a1": True, "a2": 2},
        {"a1": False, "a2": 2},
    ]
    for row, found in zip(
        rows, distributions(checked, rows, cells, logits, merging=True), strict=True
    ):
        assert found == pytest.approx(by_enumeration(checked, row, cells, logits))


def distributions(
    checked: Checked,
    rows: list[dict[str, Value]],
    cells: Cells,
    logits: torch.Tensor,
    *,
    merging: bool,
) -> list[dict[str, float]]:
    """Return what the machine says: for each row, the probability of each answer."""
    decider = Expand(cells, len(rows), 10**6)
    world = start(len(rows), cells.free)
    inputs = encode_inputs(rows, dict(checked.main.params))
    machine = Machine(cells, decider, merging=merging)
    ran = machine.start(simplified(lowered(checked)), inputs, world, torch.arange(len(rows)))
    everyone = torch.arange(ran.world.count)
    final = Arcs(ran.world.node, everyone, torch.full_like(everyone, ZERO))
    weights = build(
        decider.arcs, decider.nodes, len(rows), final, None, decider.leaves, len(everyone)
    )(leaf_log_probs(cells, decider, logits).unsqueeze(1)).exp()[:, 0]
    out: list[dict[str, float]] = [defaultdict(float) for _ in rows]
    for i in everyone.tolist():
        answer = repr([v[i].tolist() for v in ran.results if isinstance(v, torch.Tensor)])
        key = "undefined" if ran.world.undefined[i] else answer
        out[int(ran.world.unit[i])][key] += float(weights[i])
    return out


def leaf_log_probs(cells: Cells, decider: Expand, logits: torch.Tensor) -> torch.Tensor:
    """Return the log-probability of each leaf of an enumeration, masked ones last."""
    stretches = torch.split(logits, cells.counts.tolist()) if cells.size else ()
    parts = [torch.log_softmax(s, 0) for s in stretches]
    for cell, mask in decider.masked:
        own = stretches[cell].masked_fill(~torch.tensor(mask), -math.inf)
        parts.append(torch.log_softmax(own, 0))
    return torch.cat(parts) if parts else torch.zeros(0, dtype=torch.float64)


def by_enumeration(
    checked: Checked, row: dict[str, Value], cells: Cells, logits: torch.Tensor
) -> dict[str, float]:
    """Return what the interpreter says, run by run."""
    out: dict[str, float] = defaultdict(float)
    stretches = torch.split(logits, cells.counts.tolist()) if cells.size else ()
    for run in enumerate_runs(checked, row):
        weight = 1.0
        for d in run.decisions:
            part = cells.parts[d.key]
            number = 0
            for i, size in zip(d.path, part.shape, strict=True):
                number = number * size + i
            own = stretches[part.first + number].tolist()
            allowed = [d.mask is None or d.mask[k] for k in range(len(own))]
            total = sum(math.exp(v) for v, fine in zip(own, allowed, strict=True) if fine)
            weight *= math.exp(own[d.alternative]) / total
        answer = "undefined"
        if run.value is not None:
            parts = columns([run.value], checked.main.result)
            answer = repr([p[0].tolist() for p in parts])
        out[answer] += weight
    return out
