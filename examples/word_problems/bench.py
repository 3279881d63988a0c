"""Learn to write the arithmetic of word problems from their answers; test it on unseen ones.

Without `--data` the problems are drawn from our own templates. `--cv` compares set-ups by
cross-validation inside the training problems, and touches nothing else.
"""

from __future__ import annotations

import random
import sys
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev

import diffprog as dp
from examples.bench import Bench, accuracy, written
from examples.word_problems.data import LENGTH, Problem, encoded, generated, read, vocabulary

HERE = Path(__file__).parent
TRAIN, DEV, TEST = 300, 100, 200
FOLDS = 5
READER = "conv(hidden = 64, blank = 0, drop = 0.15)"
"""The reader that `by_order.dp` has."""
SETUPS = {
    "conv": ("by_order.dp", READER),
    "conv, drop 0.3": ("by_order.dp", "conv(hidden = 64, blank = 0, drop = 0.3)"),
    "lstm": ("by_order.dp", "lstm(hidden = 64, blank = 0, drop = 0.15)"),
    "gru": ("by_order.dp", "gru(hidden = 64, blank = 0, drop = 0.15)"),
    "any three numbers": ("word_problem.dp", READER),
}
"""What is compared: a program, and what reads the text in it."""
STEPS = 280


def program(setup: str, words: dict[str, int]) -> dp.Program:
    """Return the program of a set-up, for the words that there are."""
    file, reader = SETUPS[setup]
    text = (HERE / file).read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.strip().startswith("controller"))
    changed = f"{line[: line.index('=')]}= {reader} reads text"
    return dp.loads(text.replace(line, changed), file, length=LENGTH, words=len(words) + 2)


def learn(
    train: list[Problem],
    dev: list[Problem] | None,
    seed: int,
    *,
    setup: str = "conv",
    steps: int = STEPS,
    estimator: str = "exact",
) -> dp.Result:
    """Train on answers; the best on dev is kept, or without dev the last."""
    words = vocabulary(train)
    return dp.fit(
        program(setup, words),
        encoded(train, words),
        dev=None if dev is None else encoded(dev, words),
        estimator=estimator,
        batch=32,
        steps=steps,
        every=20 if dev else steps,
        network_lr=3e-3,
        fall=0.02,
        seed=seed,
        stop_when_exact=False,
        progress=False,
    )


def split(folder: Path | None, seed: int) -> tuple[list[Problem], list[Problem], list[Problem]]:
    """Return problems to train on, to select by, and, where they are our own, to test on."""
    if folder is not None:
        return read(folder / "train.txt"), read(folder / "dev.txt"), []
    drawn = generated(TRAIN + DEV + TEST, seed)
    return drawn[:TRAIN], drawn[TRAIN : TRAIN + DEV], drawn[TRAIN + DEV :]


def folds(problems: list[Problem], seed: int) -> list[tuple[list[Problem], list[Problem]]]:
    """Return the parts of cross-validation: what is trained on, and what is held out."""
    mixed = random.Random(seed).sample(problems, len(problems))
    parts = [mixed[i::FOLDS] for i in range(FOLDS)]
    return [([p for q in parts if q is not part for p in q], part) for part in parts]


def validate(bench: Bench, setups: list[str]) -> None:
    """Compare set-ups inside the training problems: the last weights, no selection."""
    train, _, _ = split(bench.arguments.data, 0)
    for setup in setups:
        for seed in bench.seeds:
            for k, (some, held) in enumerate(folds(train, seed)):
                with bench.timed() as clock:
                    result = learn(some, None, FOLDS * seed + k, setup=setup)
                right = accuracy(result.program, encoded(held, vocabulary(some)))
                number = FOLDS * seed + k
                bench.add(setup, "held out, %", 100 * right, seed=number, seconds=clock.seconds)


def measure(bench: Bench) -> None:
    """Train with every seed; run the programs that are written for dev, and for the test."""
    folder = bench.arguments.data
    setup = "our templates" if folder is None else "Common Core"
    for seed in bench.seeds:
        train, dev, test = split(folder, seed)
        words = vocabulary(train)
        with bench.timed() as clock:
            result = learn(train, dev, seed)
        for name, problems in (("dev", dev), ("unseen", test)):
            if problems:
                right, agreed = written(result, encoded(problems, words))
                bench.add(setup, f"{name}, %", 100 * right, seed=seed, seconds=clock.seconds)
                bench.add(setup, f"{name}, program = network %", 100 * agreed, seed=seed)
                bench.expect(setup, f"{name}, program = network %", least=100)
    values = [row.value for row in bench.rows if row.metric == "dev, %"]
    if len(values) > 1:
        bench.add(setup, "dev, % ± at 95 %", 1.96 * stdev(values) / sqrt(len(values)))
    bench.add(setup, "dev, mean of seeds", fmean(values))
    bench.expect(setup, "dev, mean of seeds", least=97)
    bench.published(setup, "dev, mean of seeds", "∂4 96.0, DeepProbLog 96.5")


def main() -> int:
    """Measure; print the table."""
    bench = Bench("word_problems", __doc__, count=5, data="the folder of Common Core's files")
    bench.parser.add_argument("--cv", nargs="*", choices=SETUPS, metavar="SETUP", help="compare")
    asked = bench.arguments.cv
    if asked is None:
        measure(bench)
    else:
        validate(bench, asked or list(SETUPS))
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
