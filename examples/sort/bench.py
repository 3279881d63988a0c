"""Learn the comparison of a bubble sort from short lists; test what is emitted on long ones."""

from __future__ import annotations

import sys
from pathlib import Path

import diffprog as dp
from examples.bench import Bench, Pair, accuracy
from examples.sort.data import DEV, DEV_LENGTH, TEST, TRAIN, descending, generated, published

HERE = Path(__file__).parent
LENGTHS = [2, 3, 4, 5, 6]
TESTS = [8, 64]
RESTARTS = 8
STEPS = 50
PUBLISHED = {2: {8: "100", 64: "100"}, 3: {8: "100", 64: "100"}, 4: {8: "49.2", 64: "20.6"}}
"""Exact % of ∂4, `Compare` (Bošnjak et al. 2017), at second hand."""
TAKEN = {2: (61, 11), 3: (390, 14), 4: (None, 32), 5: (None, 114), 6: (None, 245)}
"""Seconds to 100 % at length 8 on other CPUs: ∂4, DeepProbLog (Manhaeve 2018), at second hand."""
RULES = ("if xs[i] > xs[i + 1]:", "if xs[i] < xs[i + 1]:")
"""What the choice has to become: the first for ascending lists, the second for descending."""


def learn(length: int, train: list[Pair], dev: list[Pair] | None, seed: int) -> dp.Program:
    """Train from lists of one length, and return the emitted program."""
    program = dp.load(HERE / "sort.dp", n=length)
    return dp.fit(
        program, train, dev=dev, restarts=RESTARTS, steps=STEPS, seed=seed, progress=False
    ).program


def lists(folder: Path | None, train: int, test: int, split: str, seed: int) -> list[Pair]:
    """Return the lists of a split: ∂4's where there are any, else drawn alike."""
    found = None if folder is None else published(folder, train, test, split)
    if found is not None:
        return found
    length = {"train": train, "dev": DEV_LENGTH, "test": test}[split]
    count = {"train": TRAIN, "dev": DEV, "test": TEST}[split]
    drawn = generated(length, count, {"train": 0, "dev": 1_000, "test": 2_000}[split] + seed)
    return drawn if folder is None else descending(drawn)


def main() -> int:
    """Measure; print the table."""
    bench = Bench("sort", __doc__, data="∂4's files: the folder of `train_test_len`")
    bench.parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS, help="to train on")
    bench.parser.add_argument("--tests", type=int, nargs="+", default=TESTS, help="to test on")
    given = bench.arguments
    for length in given.lengths:
        setup = f"train {length}"
        for seed in bench.seeds:
            train, dev = (
                lists(given.data, length, TESTS[0], split, seed) for split in ("train", "dev")
            )
            with bench.timed() as clock:
                learned = learn(length, train, dev, seed)
            for test in given.tests:
                right = 100 * accuracy(learned, lists(given.data, length, test, "test", seed))
                bench.add(setup, f"exact % at {test}", right, seed=seed, seconds=clock.seconds)
            rule = any(rule in learned.source for rule in RULES)
            bench.add(setup, "a comparison", rule, seed=seed)
            bench.add(setup, "seconds to learn", clock.seconds, seed=seed)
        for test in given.tests:
            bench.expect(setup, f"exact % at {test}", least=100, share=0.9)
            if figure := PUBLISHED.get(length, {}).get(test):
                bench.published(setup, f"exact % at {test}", f"∂4 {figure}")
        if length in TAKEN:
            peers = zip(("∂4", "DeepProbLog"), TAKEN[length], strict=True)
            figures = ", ".join(f"{peer} {figure}" for peer, figure in peers if figure)
            bench.published(setup, "seconds to learn", figures)
        bench.expect(setup, "a comparison", least=1, share=0.9)
        bench.expect(setup, "seconds to learn", most=60)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
