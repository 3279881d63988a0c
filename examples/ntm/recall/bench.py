"""Learn associative recall of 2 to 6 items with a Neural Turing Machine; test it on 6 to 20."""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import diffprog as dp
from examples.bench import Bench, tried
from examples.ntm.recall.data import BITS, FEWEST, MOST, VECTORS, drawn, growing

if TYPE_CHECKING:
    from diffprog.learn.fit import Result

HERE = Path(__file__).parent
BATCH = 16
HELD = 64
"""Episodes with the most items in each of the eight batches that say when to stop."""
STEPS = 12_000
EVERY = 1000
TRIES = 8
"""Trainings at most: where one does not come to answer rightly, the next has other weights."""
OPTIONS: dict[str, Any] = {
    "optimiser": "graves",
    "network_lr": 4e-4,
    "fall": 0.32,
    "stop_when_exact": 2,
    "backend": "auto",
}
"""What the benchmark trains with; small machines are quicker without a compiler."""
TESTS = [6, 10, 15, 20]
"""Items to test on."""
COUNT = 1024
PUBLISHED = {15: "0 (LSTM)", 20: "0.97 (LSTM)"}
"""Wrong bits of a sequence, third-party reports of Graves 2014."""


def learn(seed: int, *, most: int = MOST, **options: Any) -> Result:
    """Train until 512 episodes with the most items, drawn apart, are answered rightly twice."""
    program = dp.load(HERE / "recall.dp", **options.pop("sizes", {}))
    item = program.sizes["vectors"], program.sizes["bits"]
    chosen = {"steps": STEPS, "every": EVERY, "network_lr": 1e-3, "clip": 10.0, "progress": False}
    return dp.fit(
        program,
        growing(most, BATCH, *item),
        dev=drawn(most, most, HELD, *item),
        select="soft",
        seed=seed,
        **(chosen | options),
    )


def wrong(program: dp.Program, items: int, count: int, seed: int) -> float:
    """Return how many bits of an answer are wrong, on average, in the soft reading."""
    item = program.sizes["vectors"], program.sizes["bits"]
    inputs, answers = drawn(items, items, count, *item)(np.random.default_rng([seed, items]))
    module = program.at(items=items).soften()
    with torch.no_grad():
        found = module(**{name: torch.as_tensor(value) for name, value in inputs.items()}) >= 0.5
    return float((found.numpy() != answers).sum() / count)


def main() -> int:
    """Measure; print the table."""
    bench = Bench("ntm/recall", __doc__, count=3)
    bench.parser.add_argument("--steps", type=int, default=STEPS, help="at most; %(default)s")
    setup = f"{FEWEST} to {MOST} items of {VECTORS} x {BITS} bits"
    for seed in bench.seeds:
        start = time.process_time()
        with bench.timed() as clock:
            train = partial(learn, steps=bench.arguments.steps, **OPTIONS)
            found = tried(train, seed, TRIES)
        result = found[-1]
        bench.add(setup, "CPU seconds to learn", time.process_time() - start, seed=seed)
        bench.add(setup, "trainings", len(found), seed=seed)
        bench.add(setup, "steps", result.best.step, seed=seed)
        for items in TESTS:
            errors = wrong(result.program, items, COUNT, 1_000 + seed)
            bench.add(setup, f"wrong bits at {items}", errors, seed=seed, seconds=clock.seconds)
    bench.expect(setup, f"wrong bits at {MOST}", most=0.05)
    for items, figure in PUBLISHED.items():
        bench.published(setup, f"wrong bits at {items}", figure)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
