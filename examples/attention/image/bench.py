"""Learn to read the digits of a scene from left to right; test on digits never seen."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import diffprog as dp
from examples.attention.image.data import END, digits, drawn, growing
from examples.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.learn.fit import Result
    from examples.attention.image.data import Digits

HERE = Path(__file__).parent
BATCH = 64
STEPS = 4_000
EVERY = 1_000
TESTED = 2_000


def learn(
    known: Digits, seed: int, *, sizes: Mapping[str, int] | None = None, batch: int = BATCH,
    **options: Any,
) -> Result:  # fmt: skip
    """Train on scenes of digits."""
    program = dp.load(HERE / "read.dp", **(known.grid | dict(sizes or {})))
    chosen = {"steps": STEPS, "every": EVERY, "network_lr": 5e-3, "fall": 0.03, "select": "soft"}
    chosen |= {"stop_when_exact": False, "progress": False}
    return dp.fit(program, growing(known, batch), seed=seed, **(chosen | options))


def right(
    program: dp.Program, known: Digits, count: int, seed: int, temperature: float = 1.0
) -> tuple[float, float]:
    """Return the shares of digits, and of whole scenes, that are read rightly."""
    inputs, answers = drawn(known, count)(np.random.default_rng([seed, count]))
    module = program.soften()
    module.temperature = module.choice_temperature = temperature
    with torch.no_grad():
        parts = torch.as_tensor(inputs["scene"], dtype=torch.float32).split(200)
        said = torch.cat([module(scene=part) for part in parts]).argmax(-1).numpy()
    same = said == answers
    return float(same[answers != END].mean()), float(same.all(-1).mean())


def picture(result: Result, known: Digits, path: Path) -> Path:
    """Draw where the program looks in a scene for each digit that it says."""
    inputs, answers = drawn(known, 1)(np.random.default_rng(0))
    scene, grid = inputs["scene"][0], (result.source.sizes["rows"], result.source.sizes["columns"])
    words = {"answer": ["end" if d == END else str(d) for d in answers[0]]}
    return result.trace(scene=scene).alignment(path, "cells", over=scene, grid=grid, words=words)


def main() -> int:
    """Measure; print the table."""
    bench = Bench("attention/image", __doc__, count=3, data="MNIST's four files")
    bench.parser.add_argument("--steps", type=int, default=STEPS, help="%(default)s")
    bench.parser.add_argument("--picture", type=Path, metavar="OUT", help="draw a scene there")
    given = bench.arguments
    train, test = digits(given.data, "train"), digits(given.data, "test")
    setup = f"3 to 5 digits, {'scikit-learn' if given.data is None else 'MNIST'}"
    for seed in bench.seeds:
        start = time.process_time()
        with bench.timed() as clock:
            result = learn(train, seed, steps=given.steps)
        bench.add(setup, "CPU seconds to learn", time.process_time() - start, seed=seed)
        for way, temperature in (("softly", 1.0), ("crisply", 0.0)):
            each, whole = right(result.program, test, TESTED, 1_000 + seed, temperature)
            metric = f"digits right % {way}"
            bench.add(setup, metric, 100 * each, seed=seed, seconds=clock.seconds)
            bench.add(setup, f"scenes right % {way}", 100 * whole, seed=seed)
        if given.picture is not None and seed == 0:
            picture(result, test, given.picture)
    bench.expect(setup, "digits right % softly", least=95)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
