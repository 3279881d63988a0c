"""Learn to copy 1 to 10 vectors 1 to 10 times with a Neural Turing Machine; test it on 20 x 20."""

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
from examples.ntm.repeat_copy.data import MOST, drawn

if TYPE_CHECKING:
    from diffprog.learn.fit import Result

HERE = Path(__file__).parent
BATCH = 16
HELD = 64
"""Sequences in each of the eight batches that say when to stop: of the extreme sizes, where it is
hardest."""
STEPS = 12_000
EVERY = 1000
TRIES = 6
"""Trainings at most: where one does not come to answer rightly, the next has other weights."""
OPTIONS: dict[str, Any] = {
    "optimiser": "graves",
    "network_lr": 8e-4,
    "fall": 0.15,
    "stop_when_exact": 2,
    "backend": "auto",
}
"""What the benchmark trains with; small machines are quicker without a compiler."""
TESTS = {
    (1, 1): 128, (10, 1): 128, (1, 10): 128, (10, 10): 128,
    (20, 10): 32, (10, 20): 32, (20, 20): 32,
}  # fmt: skip
"""Sequences to test on, by vectors and repeats."""


def learn(seed: int, *, most: int = MOST, **options: Any) -> Result:
    """Train until 512 sequences of extreme sizes, drawn apart, come out rightly at two looks."""
    program = dp.load(HERE / "repeat_copy.dp", **options.pop("sizes", {}))
    bits = program.sizes["bits"]
    chosen = {"steps": STEPS, "every": EVERY, "network_lr": 1e-3, "clip": 10.0, "progress": False}
    return dp.fit(
        program,
        drawn((1, most), (1, most), BATCH, bits),
        dev=drawn((1, most), (1, most), HELD, bits, extreme=True),
        select="soft",
        seed=seed,
        **(chosen | options),
    )


def wrong(program: dp.Program, vectors: int, repeats: int, count: int, seed: int) -> float:
    """Return how many bits of an answer are wrong, on average, in the soft reading."""
    draw = drawn((vectors, vectors), (repeats, repeats), count, program.sizes["bits"])
    inputs, answers, sizes = draw(np.random.default_rng([seed, vectors, repeats]))
    module = program.at(vectors=vectors, **sizes).soften()
    with torch.no_grad():
        found = module(sequence=torch.as_tensor(inputs["sequence"])) >= 0.5
    return float((found.numpy() != answers).sum() / count)


def main() -> int:
    """Measure; print the table."""
    bench = Bench("ntm/repeat_copy", __doc__, count=3)
    bench.parser.add_argument("--steps", type=int, default=STEPS, help="at most; %(default)s")
    setup = f"lengths and repeats 1 to {MOST}"
    for seed in bench.seeds:
        start = time.process_time()
        with bench.timed() as clock:
            train = partial(learn, steps=bench.arguments.steps, **OPTIONS)
            found = tried(train, seed, TRIES)
        result = found[-1]
        bench.add(setup, "CPU seconds to learn", time.process_time() - start, seed=seed)
        bench.add(setup, "trainings", len(found), seed=seed)
        bench.add(setup, "steps", result.best.step, seed=seed)
        for (vectors, repeats), count in TESTS.items():
            errors = wrong(result.program, vectors, repeats, count, 1_000 + seed)
            metric = f"wrong bits at {vectors} x {repeats}"
            bench.add(setup, metric, errors, seed=seed, seconds=clock.seconds)
    for vectors, repeats in TESTS:
        if max(vectors, repeats) <= MOST:
            bench.expect(setup, f"wrong bits at {vectors} x {repeats}", most=0.05)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
