"""Measure spurious programs: right for the numbers that they were trained on, wrong for others.

Controllers are trained on our own templates, whose rules are known, with numbers so small that many
programs give the same answer. Each program that is written for a text of the training is also run
with other numbers in the text's places.
"""

from __future__ import annotations

import random
import sys

from examples.bench import Bench
from examples.word_problems.bench import Texts, learn
from examples.word_problems.data import Problem, generated

TRAIN, MOST = 60, 9
"""Texts, and the largest number in them."""
STEPS = 120
OTHERS = 5
"""Other numbers that each program is run with."""
NEAR = 1e-3
WAYS = {
    "exact, one way to say a thing": "conv",
    "exact, any three numbers": "any three numbers",
}
"""What is compared: set-ups of the bench."""


def shares(setup: str, train: list[Problem], seed: int, steps: int = STEPS) -> tuple[float, float]:
    """Return how many programs for training texts are right, and how many with other numbers."""
    texts = Texts.of(train, setup)
    result = learn(train, seed, setup=setup, steps=steps)
    rng, right, always = random.Random(seed), 0, 0
    for problem in train:
        renumbered = [problem.renumbered(rng) for _ in range(OTHERS)]
        (inputs, answer), *others = texts.pairs([problem, *renumbered], sensible=False)
        program = result.program_for(**inputs)
        if abs(program.run(**inputs) - answer) <= NEAR:
            right += 1
            always += all(abs(program.run(**x) - y) <= NEAR for x, y in others)
    return right / len(train), always / len(train)


def main() -> int:
    """Measure; print the table."""
    bench = Bench("spurious", __doc__, count=2)
    for name, setup in WAYS.items():
        for seed in bench.seeds:
            with bench.timed() as clock:
                right, always = shares(setup, generated(TRAIN, seed, MOST), seed)
            bench.add(name, "right, %", 100 * right, seed=seed, seconds=clock.seconds)
            bench.add(name, "right with other numbers, %", 100 * always, seed=seed)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
