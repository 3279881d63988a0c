"""The benchmark's peers compute what our programs compute, outputs and gradients alike."""

from __future__ import annotations

import pytest
import torch

from tests.bench.bars import Verdict, verdicts
from tests.bench.cases import CASES
from tests.bench.measure import AGREES, REFERENCE, Row, Step, difference
from tests.bench.speed import VARIANTS
from tests.bench.tables import put, tables

SMALL = (
    "n 5, batch 1",
    "length 8, batch 64",
    "16 steps, batch 64",
    "1 restart, batch 5",
    "length 1, batch 1",
    "mean 2 of 50, batch 128",
)


@pytest.mark.parametrize("setup", SMALL)
def test_hand_written_torch_is_the_same_program(setup: str) -> None:
    """In double precision there is no difference beyond rounding."""
    case = next(c for c in CASES if c.setup == setup)
    wanted = Step.of(case, REFERENCE, torch.float64, "cpu").found()
    for variant in ("ours torch", "hand padded", "hand module"):
        if case.has(variant, "cpu"):
            found = Step.of(case, variant, torch.float64, "cpu").found()
            assert difference(found, wanted) <= AGREES, variant


def test_a_bar_is_missed_by_what_is_too_slow() -> None:
    """A verdict is the median of the ratios of the rounds, and not the ratio of the medians."""
    key = ("Levenshtein", "length 16, batch 64")
    rows = [
        Row(*key, "ours auto", (1.0, 2.0, 1.0)),
        Row(*key, "hand compiled", (4.0, 8.0, 8.0)),
        Row(*key, "AlgoVision", (100.0, 100.0, 300.0)),
    ]
    algo, hand = verdicts(rows, [])
    assert (algo.wanted, algo.met, algo.found) == ("≥ 200x", False, "100 (50 to 300)")
    assert (hand.wanted, hand.met, hand.found) == ("≥ 3x", True, "4 (4 to 8)")


def test_a_gpu_is_given_many_rows() -> None:
    """There the restarts are 128 and 1,024, and a batch 1,024; each kind of step is offered."""
    setups = {c.setup for c in CASES if "cuda" in c.devices}
    assert {"128 restarts, batch 5", "1024 restarts, batch 5", "n 10, batch 1024"} <= setups
    case = next(c for c in CASES if c.setup == "1024 restarts, batch 5")
    offered = [v for v in VARIANTS if case.has(v, "cuda")]
    assert offered == [
        *("hand eager", "ours torch", "ours compile", "hand compiled"),
        *("hand graphed", "ours graphed"),
    ]


def test_the_tables_of_the_docs() -> None:
    """A table has a row for each set-up and a column for each variant, in place of an old one."""
    row = Row("counter", "16 steps", "ours auto", (0.001,)).as_json()
    other = Row("counter", "64 steps", "hand eager", (0.01,)).as_json()
    bar = Verdict("counter", "≥ 2x", 10.0, met=True, quartiles=(9.0, 11.0)).as_json()
    found = tables({"rows": [row, other], "bars": [bar]})
    assert found["times"].splitlines() == [
        "| one step, ms | hand eager | ours auto |",
        "| --- | --- | --- |",
        "| counter, 16 steps |  | 1 |",
        "| counter, 64 steps | 10 |  |",
    ]
    text = "a\n<!-- numbers: bars -->\nold\n<!-- end of numbers -->\nb"
    assert put(text, {"bars": found["bars"]}).splitlines()[3:5] == [
        "| --- | --- | --- | --- |",
        "| counter | ≥ 2x | 10 (9 to 11) | met |",
    ]
