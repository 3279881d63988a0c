"""Law 9, Determinism: the same seed gives the same text and the same tensors, in any process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
size n = 3

program sort(xs: int<4>[n]) -> int<4>[n]:
    for end in n - 1 .. 0 step -1:
        for i in 0 .. end:
            choose given xs[i], xs[i + 1]:
                swap xs[i], xs[i + 1]
                pass
    return xs
"""

SCRIPT = f"""
import torch
import diffprog as dp
program = dp.loads({PROGRAM!r}, name="sort.dp")
module = program.soften(restarts=3, seed=7)
print(program.stage("simplified"))
print(module.source)
answer = module(xs=torch.tensor([[3, 1, 2], [0, 0, 1]]))
print(answer.double().tolist())
for name, p in module.named_parameters():
    print(name, p.double().tolist())
"""


def run(seed: str) -> str:
    """Run the script in a process of its own, with its own order of hashes."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_two_processes_agree() -> None:
    """Nothing depends on the order of sets and dictionaries, or on the clock."""
    assert run("1") == run("2")
