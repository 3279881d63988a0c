"""Learn to copy 1 to 20 vectors of bits with a Neural Turing Machine; test it on 20 and on 120."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import diffprog as dp
from examples.bench import Bench
from examples.ntm.copy.data import BITS, LONGEST, drawn

if TYPE_CHECKING:
    from diffprog.learn.fit import Result

HERE = Path(__file__).parent
BATCH = 16
HELD = 256
"""Sequences in each of the eight batches that say which look is kept."""
STEPS = 3200
EVERY = 800
OPTIONS: dict[str, Any] = {
    "optimiser": "graves",
    "network_lr": 3e-4,
    "fall": 0.1,
    "stop_when_exact": False,
    "backend": "auto",
}
"""What the benchmark trains with; small machines are quicker without a compiler."""
TESTS = {20: 512, 120: 32}
"""Sequences to test on, by length."""


def learn(seed: int, *, longest: int = LONGEST, **options: Any) -> Result:
    """Train; keep what is best at 2,048 sequences of the greatest length, drawn apart."""
    program = dp.load(HERE / "copy.dp", **options.pop("sizes", {}))
    bits = program.sizes["bits"]
    chosen = {"steps": STEPS, "every": EVERY, "network_lr": 1e-3, "clip": 10.0, "progress": False}
    return dp.fit(
        program,
        drawn(1, longest, BATCH, bits),
        dev=drawn(longest, longest, HELD, bits),
        select="soft",
        seed=seed,
        **(chosen | options),
    )


def wrong(program: dp.Program, length: int, count: int, seed: int) -> float:
    """Return how many bits of a sequence are wrong, on average, in the soft reading."""
    draw = drawn(length, length, count, program.sizes["bits"])
    inputs, answers = draw(np.random.default_rng([seed, length]))
    module = program.at(vectors=length).soften()
    with torch.no_grad():
        found = module(sequence=torch.as_tensor(inputs["sequence"])) >= 0.5
    return float((found.numpy() != answers).sum() / count)


def main() -> int:
    """Measure; print the table."""
    bench = Bench("ntm/copy", __doc__, count=3)
    bench.parser.add_argument("--steps", type=int, default=STEPS, help="at most; %(default)s")
    setup = f"1 to {LONGEST} vectors of {BITS} bits"
    for seed in bench.seeds:
        start = time.process_time()
        with bench.timed() as clock:
            result = learn(seed, steps=bench.arguments.steps, **OPTIONS)
        bench.add(setup, "CPU seconds to learn", time.process_time() - start, seed=seed)
        bench.add(setup, "steps", result.best.step, seed=seed)
        for length, count in TESTS.items():
            errors = wrong(result.program, length, count, 1_000 + seed)
            metric = f"wrong bits at {length}"
            bench.add(setup, metric, errors, seed=seed, seconds=clock.seconds)
    bench.expect(setup, "CPU seconds to learn", most=180)
    bench.expect(setup, "wrong bits at 20", most=0.01)
    bench.expect(setup, "wrong bits at 120", most=0.01 * 120 * BITS)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
