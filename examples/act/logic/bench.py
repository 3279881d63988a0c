"""Learn chains of logic gates by thinking longer (by act), and in one step only."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import diffprog as dp
from examples.act.logic.data import VECTORS, drawn, growing
from examples.bench import Bench

if TYPE_CHECKING:
    from diffprog.learn.fit import Result

HERE = Path(__file__).parent
GATES = 6
BATCH = 128
STEPS = 16_000
COST = 1e-2, 1e-4
"""What a step costs, first and last: to answer early is learned while there are few gates."""
SETUPS = {"by act": {}, "one step": {"most": 1}}
"""Sizes, by what it is called."""
LONGER = 3
"""How many times as many training steps thinking once takes in the time of thinking longer."""


def learn(
    setup: str, seed: int, *, gates: int = GATES, sizes: dict[str, int] | None = None,
    vectors: tuple[int, int] = VECTORS, **options: Any,
) -> Result:  # fmt: skip
    """Train on vectors with 1 to `gates` gates."""
    program = dp.load(HERE / "logic.dp", gates=gates, **(SETUPS[setup] | (sizes or {})))
    chosen = {
        "steps": STEPS, "network_lr": 3e-3, "fall": 0.05, "cost": COST, "progress": False,
        "select": "soft",
    }  # fmt: skip
    train = growing(gates, BATCH, vectors=vectors)
    dev = drawn(1, gates, BATCH, gates, vectors=vectors)
    return dp.fit(program, train, dev=dev, seed=seed, **(chosen | options))


def measured(
    program: dp.Program, fewest: int, most: int, seed: int, count: int = 2000
) -> tuple[float, float]:
    """Return how many rows of three vectors are wrong, in %, and the steps a vector took."""
    gates = program.sizes["gates"]
    random = np.random.default_rng([seed, fewest, most])
    draw = drawn(fewest, most, count, gates, vectors=(VECTORS[1], VECTORS[1]))
    inputs, answers = draw(random)
    module = program.soften()
    with torch.no_grad():
        found = module(shown=torch.as_tensor(inputs["shown"])) >= 0.5
    wrong = 100 * float((found.numpy() != answers).any(-1).mean())
    steps = float(sum(cost.mean() for cost in module.costs.values())) / answers.shape[1]
    return wrong, steps


def main() -> int:
    """Measure; print the table."""
    bench = Bench("act/logic", __doc__, count=3)
    bench.parser.add_argument("--setups", nargs="+", default=[*SETUPS], choices=SETUPS)
    bench.parser.add_argument("--steps", type=int, default=STEPS, help="%(default)s")
    given = bench.arguments
    for setup in given.setups:
        steps = given.steps * (LONGER if setup == "one step" else 1)
        for seed in bench.seeds:
            with bench.timed() as clock:
                learned = learn(setup, seed, steps=steps, every=steps // 16).program
            wrong, _ = measured(learned, 1, GATES, 1_000 + seed)
            bench.add(setup, "sequence error %", wrong, seed=seed, seconds=clock.seconds)
            for gates in range(1, GATES + 1) if setup != "one step" else ():
                _, taken = measured(learned, gates, gates, 1_000 + seed, 500)
                bench.add(setup, f"steps at {gates}", taken, seed=seed)
    bench.published("by act", "sequence error %", "~0 (10 gates)")
    bench.published("one step", "sequence error %", "~20 (10 gates)")
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
