"""Learn the parity of 40 numbers by thinking longer: by act, by ponder, and in one step only."""

from __future__ import annotations

import sys
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import diffprog as dp
from diffprog.trace import TraceStep
from diffprog.view.plot import plot
from examples.act.parity.data import WIDTH, drawn, growing
from examples.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.learn.fit import Result
    from diffprog.soft.module import SoftProgram

HERE = Path(__file__).parent
BATCH = 128
HELD = 2000
"""Rows by which the best is chosen: at 98 % right, 128 would say little."""
SETUPS: dict[str, tuple[str, dict[str, int], dict[str, Any]]] = {
    "by act": ("act", {}, {"steps": 12_000, "cost": 1e-3}),
    "by ponder": ("ponder", {}, {"steps": 12_000, "cost": (0.1, 5e-3)}),
    "one step": ("act", {"most": 1}, {"steps": 32_000}),
}
"""A program, its sizes and how it is trained, by what it is called; all take about as long."""
COUNTS = (1, 4, 8, 16, 32, 40)
"""How many numbers are not 0 where the steps are counted."""
SHOWN = 20
"""Rows of which a picture shows the mean."""


def learn(
    setup: str, seed: int, *, width: int = WIDTH, most: int = WIDTH, **options: Any
) -> Result:
    """Train on rows with 1 to `most` numbers that are not 0."""
    name, sizes, way = SETUPS[setup]
    program = dp.load(HERE / f"{name}.dp", width=width, **(sizes | options.pop("sizes", {})))
    chosen = {
        "network_lr": 1e-3, "fall": 0.05, "progress": False, "select": "soft", "every": 1000,
        "stop_when_exact": False,
    }  # fmt: skip
    train, dev = growing(most, BATCH, width), drawn(1, most, HELD, width)
    return dp.fit(program, train, dev=dev, seed=seed, **(chosen | way | options))


def rows(fewest: int, most: int, count: int, width: int, seed: int) -> tuple[torch.Tensor, Any]:
    """Return rows to test on, and their answers."""
    inputs, answers = drawn(fewest, most, count, width)(np.random.default_rng([seed, most]))
    return torch.as_tensor(inputs["row"]), answers


def crisp(program: dp.Program) -> SoftProgram:
    """Return a program as a module that does what its crisp runs do."""
    module = program.soften()
    module.temperature = module.choice_temperature = 0.0
    return module


def error(program: dp.Program, fewest: int, most: int, seed: int, count: int = 4000) -> float:
    """Return how many answers are wrong, run crisply, in %."""
    row, answers = rows(fewest, most, count, program.sizes["width"], seed)
    with torch.no_grad():
        found = crisp(program)(row=row).reshape(len(row)) >= 0.5
    return float(100 * (found.numpy() != answers).mean())


def thought(program: dp.Program, numbers: int, seed: int, count: int = 500) -> float:
    """Return how many steps are taken for rows with so many numbers that are not 0."""
    row, _ = rows(numbers, numbers, count, program.sizes["width"], seed)
    module = program.soften()
    with torch.no_grad():
        weights = module.outcomes(row=row).weights
    if len(weights) > 1:
        steps = torch.arange(1, len(weights) + 1, dtype=weights.dtype)
        return float((weights.reshape(len(weights), -1).T @ steps).mean())
    return float(sum(module.costs.values()).mean())  # Graves' ponder time: steps and remainder


def picture(program: dp.Program, path: Path, counts: Sequence[int] = COUNTS) -> Path:
    """Draw how probable each step is as the last, on average, for rows of ever more numbers."""
    module, steps = program.soften(), list[TraceStep]()
    for numbers in counts:
        row, _ = rows(numbers, numbers, SHOWN, program.sizes["width"], 0)
        runs = [[s for s in module.trace(row=r)[1] if s.kind == "halting"] for r in row.tolist()]
        values = [[s.values for s in run] for run in runs]
        for i, weights in enumerate(zip_longest(*values, fillvalue=(0.0, 0.0))):
            mean = tuple(sum(each) / SHOWN for each in zip(*weights, strict=True))
            said = "number that is" if numbers == 1 else "numbers that are"
            name = f"{numbers:>2} {said} not 0"
            steps.append(TraceStep("halting", name, runs[0][0].line, i, mean))
    return plot(steps, path, title=f"{program.name}: the last step, mean of {SHOWN} rows")


def main() -> int:
    """Measure; print the table."""
    bench = Bench("act/parity", __doc__, count=3)
    bench.parser.add_argument("--setups", nargs="+", default=[*SETUPS], choices=SETUPS)
    bench.parser.add_argument("--part", type=float, default=1.0, help="of the training's steps")
    bench.parser.add_argument("--short", action="store_true", help="train on rows half as long")
    bench.parser.add_argument("--picture", type=Path, metavar="DIR", help="draw the steps there")
    given = bench.arguments
    most = WIDTH // 2 if given.short else WIDTH
    for name in given.setups:
        setup = f"{name}, 1 to {most}"
        steps = int(given.part * SETUPS[name][2]["steps"])
        for seed in bench.seeds:
            with bench.timed() as clock:
                learned = learn(name, seed, most=most, steps=steps).program
            if given.picture is not None and seed == 0 and name != "one step":
                given.picture.mkdir(parents=True, exist_ok=True)
                picture(learned, given.picture / f"{name.replace(' ', '_')}.svg")
            wrong = error(learned, 1, most, 1000 + seed)
            bench.add(setup, "error %", wrong, seed=seed, seconds=clock.seconds)
            if given.short:
                far = error(learned, most + 1, WIDTH, 1000 + seed)
                bench.add(setup, f"error % at {most + 1} to {WIDTH}", far, seed=seed)
            for numbers in COUNTS if name != "one step" else ():
                steps_taken = thought(learned, numbers, 1000 + seed)
                bench.add(setup, f"steps at {numbers}", steps_taken, seed=seed)
        if name == "one step":
            bench.expect(setup, "error %", least=30)
        else:
            bench.expect(setup, "error %", most=5)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
