"""Learn to read dates in many formats, with additive attention; test on dates never seen."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

import diffprog as dp
from examples.attention.dates.data import drawn, numbers, stream
from examples.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.learn.fit import Result
    from examples.attention.dates.data import Date

HERE = Path(__file__).parent
BATCH = 64
TRAIN = 100_000
TEST = 2_000
STEPS = 2_000
EVERY = 500
COOL = (1.0, 0.1)
"""The temperature of where the program looks, at the first and the last step."""


def learn(
    seed: int,
    *,
    sizes: Mapping[str, int] | None = None,
    batch: int = BATCH,
    dates: int = TRAIN,
    **options: Any,
) -> Result:
    """Train on dates of one length at a time, ever less by looking at several letters at once."""
    program = dp.load(HERE / "dates.dp", **(sizes or {}))
    chosen = {"steps": STEPS, "every": EVERY, "network_lr": 3e-3, "fall": 0.03, "cool": COOL}
    chosen |= {"stop_when_exact": False, "progress": False}
    return dp.fit(program, stream(batch, dates, seed), seed=seed, **(chosen | options))


def exact(program: dp.Program, dates: list[Date], temperature: float = 1.0) -> float:
    """Return the share of dates all of whose digits are right, in one batch of mixed lengths."""
    module = program.soften()
    module.temperature = module.choice_temperature = temperature
    with torch.no_grad():
        said = module(text=[torch.tensor(numbers(text)) for text, _ in dates])
    wanted = torch.tensor([digits for _, digits in dates])
    return float((said.argmax(-1) == wanted).all(-1).double().mean())


def picture(result: Result, text: str, path: Path) -> Path:
    """Draw where the program looks in a text for each digit that it writes."""
    words = {"states": list(text), "answer": list("yyyymmdd")}
    return result.trace(text=numbers(text)).render(path, words)


def main() -> int:
    """Measure; print the table."""
    bench = Bench("attention/dates", __doc__, count=3)
    bench.parser.add_argument("--steps", type=int, default=STEPS, help="%(default)s")
    bench.parser.add_argument("--picture", type=Path, metavar="OUT", help="draw an alignment there")
    setup = f"{TRAIN} dates, additive attention"
    for seed in bench.seeds:
        start = time.process_time()
        with bench.timed() as clock:
            result = learn(seed, steps=bench.arguments.steps)
        bench.add(setup, "CPU seconds to learn", time.process_time() - start, seed=seed)
        dates = drawn(TEST, 1_000 + seed, test=True)
        for way, temperature in (("crisply", 0.0), (f"at temperature {COOL[1]}", COOL[1])):
            right = 100 * exact(result.program, dates, temperature)
            bench.add(setup, f"exact % {way}", right, seed=seed, seconds=clock.seconds)
        if bench.arguments.picture is not None and seed == 0:
            picture(result, "thursday, may 3, 1979", bench.arguments.picture)
    bench.expect(setup, "exact % crisply", least=99)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
