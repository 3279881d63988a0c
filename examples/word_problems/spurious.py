"""Measure spurious programs: right for the numbers that they were trained on, wrong for others.

Controllers are trained on our own templates, whose rules are known: each program that is written
for a text is also run with other numbers in the text's places.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass

from examples.bench import Bench
from examples.word_problems.bench import learn
from examples.word_problems.data import Problem, encoded, generated, vocabulary

TRAIN, ASKED = 120, 60
STEPS = 120
OTHERS = 5
"""Other numbers that each program is run with."""
NEAR = 1e-3


@dataclass(frozen=True, slots=True)
class Way:
    """A way to train: a set-up of the bench, an estimator."""

    name: str
    setup: str
    estimator: str


WAYS = (
    Way("exact, one way to say a thing", "conv", "exact"),
    Way("exact, any three numbers", "any three numbers", "exact"),
    Way("sample, one way to say a thing", "conv", "sample"),
)


def shares(way: Way, train: list[Problem], seed: int, steps: int = STEPS) -> tuple[float, float]:
    """Return how many programs for training texts are right, and how many with other numbers."""
    words = vocabulary(train)
    result = learn(train, None, seed, setup=way.setup, steps=steps, estimator=way.estimator)
    rng, right, always = random.Random(seed), 0, 0
    for problem in train[:ASKED]:
        (inputs, answer), *others = encoded(
            [problem, *(problem.renumbered(rng) for _ in range(OTHERS))], words
        )
        program = result.program_for(**inputs)
        if abs(program.run(**inputs) - answer) <= NEAR:
            right += 1
            always += all(abs(program.run(**x) - y) <= NEAR for x, y in others)
    return right / ASKED, always / ASKED


def main() -> int:
    """Measure; print the table."""
    bench = Bench("spurious", __doc__, count=2)
    for way in WAYS:
        for seed in bench.seeds:
            with bench.timed() as clock:
                right, always = shares(way, generated(TRAIN, seed), seed)
            bench.add(way.name, "right, %", 100 * right, seed=seed, seconds=clock.seconds)
            bench.add(way.name, "right with other numbers, %", 100 * always, seed=seed)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
