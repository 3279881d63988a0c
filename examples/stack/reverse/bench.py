"""Learn to reverse lists with a neural stack; test on lists twice and four times as long."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import diffprog as dp
from examples.bench import Bench
from examples.stack.reverse.data import drawn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.learn.fit import Result

HERE = Path(__file__).parent
BATCH = 16
TRAINED = (8, 32)
TESTS = ((33, 64), (65, 128))
TESTED = 200
STEPS = 1_000
EVERY = 250


def learn(
    seed: int,
    *,
    sizes: Mapping[str, int] | None = None,
    lengths: tuple[int, int] = TRAINED,
    **options: Any,
) -> Result:
    """Train on lists of one length at a time; keep what does best on lists four times as long.

    At its own lengths it is right long before its pushes and pops are whole ones.
    """
    program = dp.load(HERE / "reverse.dp", **(sizes or {}))
    chosen = {"steps": STEPS, "every": EVERY, "network_lr": 5e-3, "fall": 0.05, "select": "soft"}
    symbols, longer = program.sizes["symbols"], (2 * lengths[1] + 1, 4 * lengths[1])
    draw, dev = drawn(*lengths, BATCH, symbols), drawn(*longer, BATCH, symbols)
    chosen |= {"stop_when_exact": False, "progress": False}
    return dp.fit(program, draw, dev=dev, seed=seed, **(chosen | options))


def exact(program: dp.Program, lengths: tuple[int, int], count: int, seed: int) -> float:
    """Return the share of lists that come back wholly right, of mixed lengths in one batch."""
    draw = drawn(*lengths, 1, program.sizes["symbols"])
    random = np.random.default_rng([seed, *lengths])
    pairs = [draw(random) for _ in range(count)]
    with torch.no_grad():
        said = program.soften()(xs=[torch.as_tensor(given["xs"][0]) for given, _ in pairs])
    right = [
        bool((own.argmax(-1).numpy() == answer[0]).all())
        for own, (_, answer) in zip(said, pairs, strict=True)
    ]
    return sum(right) / count


def main() -> int:
    """Measure; print the table."""
    bench = Bench("stack/reverse", __doc__, count=3)
    bench.parser.add_argument("--steps", type=int, default=STEPS, help="at most; %(default)s")
    setup = f"neural stack, train {TRAINED[0]} to {TRAINED[1]}"
    for seed in bench.seeds:
        start = time.process_time()
        with bench.timed() as clock:
            result = learn(seed, steps=bench.arguments.steps)
        bench.add(setup, "CPU seconds to learn", time.process_time() - start, seed=seed)
        bench.add(setup, "steps", result.best.step, seed=seed)
        for lengths in TESTS:
            right = exact(result.program, lengths, TESTED, 1_000 + seed)
            metric = f"exact at {lengths[0]} to {lengths[1]}"
            bench.add(setup, metric, right, seed=seed, seconds=clock.seconds)
    for lengths in TESTS:
        bench.expect(setup, f"exact at {lengths[0]} to {lengths[1]}", least=1)
    bench.published(setup, f"exact at {TESTS[-1][0]} to {TESTS[-1][1]}", "1.00 (8 to 64 → 128)")
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
