"""Learn to write the program for an expression, from answers alone; test it on others."""

from __future__ import annotations

import sys
from pathlib import Path

import diffprog as dp
from examples.bench import Bench, Pair, written
from examples.calculator.data import MOST, generated, length, spelled

HERE = Path(__file__).parent
TRAIN, DEV, TEST, LONG = 2_000, 500, 200, 50
DOUBLE = 2 * MOST
"""Operators of expressions that are longer than any in training."""


def unseen(train: list[Pair], operators: int, count: int, seed: int) -> list[Pair]:
    """Draw expressions whose words stand nowhere in training, whatever their numbers."""
    known = {spelled(inputs) for inputs, _ in train}
    drawn = generated(operators, 10 * count, seed)
    return [pair for pair in drawn if spelled(pair[0]) not in known][:count]


def learn(
    train: list[Pair], dev: list[Pair], seed: int, *, operators: int = MOST, steps: int = 1_000
) -> dp.Result:
    """Train until all answers are right, on unseen expressions too."""
    sizes = {"length": length(operators), "numbers": operators + 1}
    return dp.fit(
        dp.load(HERE / "calculator.dp", **sizes),
        train,
        dev=dev,
        estimator="exact",
        batch=128,
        steps=steps,
        every=50,
        network_lr=5e-3,
        fall=0.1,
        seed=seed,
        progress=False,
    )


def main() -> int:
    """Measure; print the table."""
    bench = Bench("calculator", __doc__, count=5)
    setup = f"up to {MOST} operators"
    for seed in bench.seeds:
        train = generated(MOST, TRAIN, seed)
        with bench.timed() as clock:
            result = learn(train, unseen(train, MOST, DEV, 1_000 + seed), seed)
        right, agreed = written(result, unseen(train, MOST, TEST, 2_000 + seed))
        bench.add(setup, "exact %, unseen", 100 * right, seed=seed, seconds=clock.seconds)
        bench.add(setup, "program = network %", 100 * agreed, seed=seed)
        right, agreed = written(result, generated(DOUBLE, LONG, 3_000 + seed, least=DOUBLE))
        bench.add(setup, f"exact %, {DOUBLE} operators", 100 * right, seed=seed)
        bench.add(setup, f"program = network %, {DOUBLE} operators", 100 * agreed, seed=seed)
    bench.expect(setup, "exact %, unseen", least=100)
    bench.expect(setup, "program = network %", least=100)
    bench.expect(setup, f"program = network %, {DOUBLE} operators", least=100)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
