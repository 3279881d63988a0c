"""Learn the operator and the start of a fold from strings of 5 bits; test it on 1,000 bits."""

from __future__ import annotations

import sys
from pathlib import Path

import diffprog as dp
from examples.bench import Bench, Pair, accuracy
from examples.parity.data import generated

HERE = Path(__file__).parent
LENGTH = 5
TESTS = [64, 1000]
TRAIN, TEST = 32, 100
RESTARTS = 32
STEPS = 200
ESTIMATORS = ["exact", "soft"]
RULE = "state = state xor b"
"""What the operator has to become."""


def learn(train: list[Pair], seed: int, estimator: str = "auto") -> dp.Program:
    """Train from short strings, and return the emitted program."""
    program = dp.load(HERE / "parity.dp", n=LENGTH)
    return dp.fit(
        program,
        train,
        estimator=estimator,
        restarts=RESTARTS,
        steps=STEPS,
        seed=seed,
        progress=False,
    ).program


def main() -> int:
    """Measure; print the table."""
    bench = Bench("parity", __doc__)
    bench.parser.add_argument("--estimators", nargs="+", default=ESTIMATORS, help="to train with")
    given = bench.arguments
    for estimator in given.estimators:
        setup = f"train {LENGTH} bits, {estimator}"
        for seed in bench.seeds:
            with bench.timed() as clock:
                learned = learn(generated(LENGTH, TRAIN, seed), seed, estimator)
            for test in TESTS:
                right = 100 * accuracy(learned, generated(test, TEST, 2_000 + seed))
                bench.add(setup, f"exact % at {test}", right, seed=seed, seconds=clock.seconds)
            bench.add(setup, "the rule is xor", RULE in learned.source, seed=seed)
        for test in TESTS:
            bench.expect(setup, f"exact % at {test}", least=100)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
