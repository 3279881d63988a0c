"""Chance comes from the seed alone: no process, hash or history changes what training gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import torch

import diffprog as dp

TEXT = """
program write(text: int<4>[3], a: real, b: real) -> real:
    controller reader = conv(hidden = 8, blank = 0, drop = 0.4) reads text
    x = choose(a, b) by reader
    return choose(x + a, x * b) by reader
"""
ELSEWHERE = """
import json
from tests.unit.learn.test_chance import losses
print(json.dumps(losses()))
"""


def losses() -> list[object]:
    """Train with dropout, and return the loss after each step."""
    answers = ((4.0, 14.0), (9.0, 49.0))
    examples = [
        ({"text": [1 + i, j, 1], "a": 2.0, "b": 7.0}, answers[i % 2][j % 2])
        for i in range(3)
        for j in range(4)
    ]
    result = dp.fit(dp.loads(TEXT), examples, estimator="exact", batch=6, steps=5, every=1, seed=3,
                    stop_when_exact=False, progress=False)  # fmt: skip
    return [row["loss"] for row in result.metrics]


def test_two_processes_have_the_same_losses() -> None:
    """Dropout is drawn by the seed, and nothing hangs on the order of a set."""
    torch.rand(5)  # somebody drew numbers before, which is none of training's business
    before = torch.random.get_rng_state()
    own = losses()
    assert torch.equal(torch.random.get_rng_state(), before)
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    run = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], env=environment, check=True, capture_output=True,
        text=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert len(set(own)) > 1
    assert json.loads(run.stdout) == own
