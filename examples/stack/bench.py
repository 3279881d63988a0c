"""Learn when to push and when to pop from short lists; run what was learned on long ones."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import diffprog as dp
from examples.bench import Bench, accuracy
from examples.stack.data import TASKS, TRAINED, draw

if TYPE_CHECKING:
    from diffprog.learn.fit import Result

HERE = Path(__file__).parent
EXAMPLES = 9
TESTS = [64, 128]
TESTED = 20


def learn(task: str, seed: int) -> Result:
    """Train on one list of each length from 8 to 16."""
    return dp.fit(
        dp.load(HERE / f"{task}.dp"),
        draw(task, EXAMPLES, seed),
        estimator="sample",
        restarts=8,
        samples=4,
        steps=300,
        every=5,
        seed=seed,
        progress=False,
    )


def main() -> int:
    """Measure; print the table."""
    bench = Bench("stack", __doc__)
    bench.parser.add_argument("--tests", type=int, nargs="+", default=TESTS, help="lengths")
    for task in TASKS:
        setup = f"{task}, train {TRAINED[0]} to {TRAINED[-1]}"
        for seed in bench.seeds:
            with bench.timed() as clock:
                found = learn(task, seed)
            for length in bench.arguments.tests:
                pairs = draw(task, TESTED, 1_000 + seed, [length])
                right, metric = 100 * accuracy(found.program, pairs), f"exact % at {length}"
                bench.add(setup, metric, right, seed=seed, seconds=clock.seconds)
            rule = "choose" not in found.program.source and "if " in found.program.source
            bench.add(setup, "a rule, not a table", rule, seed=seed)
        for length in bench.arguments.tests:
            bench.expect(setup, f"exact % at {length}", least=100, share=0.9)
        bench.published(setup, "exact % at 128", "neural stack 100, LSTM 1 to 4 (8 to 64 → 128)")
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
