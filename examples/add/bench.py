"""Learn the digit and carry rules of long addition from short sums; test them on long ones."""

from __future__ import annotations

import sys
from pathlib import Path

import diffprog as dp
from examples.add.data import DEV, DEV_LENGTH, TEST, TRAIN, generated, published
from examples.bench import Bench, Pair, accuracy

HERE = Path(__file__).parent
LENGTHS = [2, 4, 8]
TESTS = [8, 64, 128]
RESTARTS = 8
STEPS = 100
RULES = (
    "total[i + 1] = (a[i] + b[i] + carry) % 10",
    "carry = (a[i] + b[i] + carry) // 10",
)
"""What the two choices have to become."""


def learn(
    length: int, train: list[Pair], dev: list[Pair] | None, seed: int, estimator: str = "auto"
) -> dp.Program:
    """Train from sums of one length, and return the emitted program."""
    program = dp.load(HERE / "add.dp", n=length // 2)
    return dp.fit(
        program,
        train,
        dev=dev,
        estimator=estimator,
        restarts=RESTARTS,
        steps=STEPS,
        seed=seed,
        progress=False,
    ).program


def sums(folder: Path | None, train: int, test: int, split: str, seed: int) -> list[Pair]:
    """Return the sums of a split: ∂4's where there are any, else drawn alike."""
    found = None if folder is None else published(folder, train, test, split)
    if found is not None:
        return found
    length = {"train": train, "dev": DEV_LENGTH, "test": test}[split]
    count = {"train": TRAIN, "dev": DEV, "test": TEST}[split]
    return generated(length, count, {"train": 0, "dev": 1_000, "test": 2_000}[split] + seed)


def main() -> int:
    """Measure; print the table."""
    bench = Bench("add", __doc__, data="∂4's files: the folder of `train_test_len`")
    bench.parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS, help="to train on")
    bench.parser.add_argument("--tests", type=int, nargs="+", default=TESTS, help="to test on")
    bench.parser.add_argument("--estimator", default="auto", help="%(default)s")
    given = bench.arguments
    for length in given.lengths:
        setup = f"train {length}"
        for seed in bench.seeds:
            train, dev = (
                sums(given.data, length, TESTS[0], split, seed) for split in ("train", "dev")
            )
            with bench.timed() as clock:
                learned = learn(length, train, dev, seed, given.estimator)
            for test in given.tests:
                right = 100 * accuracy(learned, sums(given.data, length, test, "test", seed))
                bench.add(setup, f"exact % at {test}", right, seed=seed, seconds=clock.seconds)
            rules = all(rule in learned.source for rule in RULES)
            bench.add(setup, "both rules readable", rules, seed=seed)
        for test in given.tests:
            bench.expect(setup, f"exact % at {test}", least=100, share=0.9)
            if test <= 64:
                bench.published(setup, f"exact % at {test}", "DeepProbLog 97.7 to 100")
        bench.expect(setup, "both rules readable", least=1, share=0.9)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
