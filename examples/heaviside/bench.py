"""The derivative at 0 of a step that Gaussian noise of variance 0.25 smooths.

Analytic: the density of the noise at 0. Three ways: the noise as a soft input, one run; draws of
the noise through the softened program; draws and the score function, which needs no gradients.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import torch

import diffprog as dp
from examples.bench import Bench

HERE = Path(__file__).parent
VARIANCE = 0.25
ANALYTIC = 1 / math.sqrt(2 * math.pi * VARIANCE)
UNIT = 1 / 16
TEMPERATURE = 1.0
"""In units of the noise: the comparison alone is a logistic step of sd π/√3 · T / 16 = 0.11."""
DRAWS = 1000
REPEATS = 200


def softened() -> dp.SoftProgram:
    """Return the program in double precision, with the plain logistic step."""
    module = dp.load(HERE / "heaviside.dp").soften().double()
    module.temperature, module.ties = TEMPERATURE, False
    return module


def left() -> float:
    """Return the variance of the noise in units, less that of the logistic step itself."""
    return VARIANCE / UNIT**2 - (math.pi * TEMPERATURE) ** 2 / 3


def at_once() -> float:
    """Return the derivative with the noise as a distribution over its values."""
    values = torch.arange(-64, 65, dtype=torch.float64)
    noise = torch.softmax(-(values**2) / (2 * left()), -1)
    x = torch.zeros((), dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(softened()(x=x, noise=noise), x)
    return float(slope)


def by_draws(seed: int) -> float:
    """Return the mean derivative over draws of the noise."""
    drawn = torch.randn(DRAWS, generator=generator(seed), dtype=torch.float64)
    noise = (drawn * math.sqrt(left())).round().clamp(-64, 64).long()
    x = torch.zeros((), dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(softened()(x=x, noise=noise).mean(), x)
    return float(slope)


def by_score(seed: int) -> float:
    """Return the mean over draws of the crisp step times the score of the draw."""
    drawn = torch.randn(DRAWS, generator=generator(seed), dtype=torch.float64)
    noise = drawn * math.sqrt(VARIANCE)
    return float(((noise > 0).double() * noise / VARIANCE).mean())


def generator(seed: int) -> torch.Generator:
    """Return the generator of a seed."""
    return torch.Generator().manual_seed(seed)


def spread(values: list[float]) -> tuple[float, float]:
    """Return the mean and the variance."""
    found = torch.tensor(values, dtype=torch.float64)
    return float(found.mean()), float(found.var())


def main() -> int:
    """Measure; print the table."""
    bench = Bench("heaviside", __doc__, count=REPEATS)
    ways = {"noise as a distribution, one run": [at_once() for _ in bench.seeds[:2]]}
    ways[f"{DRAWS:,} draws, softened"] = [by_draws(seed) for seed in bench.seeds]
    ways[f"{DRAWS:,} draws, score function"] = [by_score(seed) for seed in bench.seeds]
    for setup, values in ways.items():
        mean, variance = spread(values)
        bench.add(setup, "derivative", mean)
        bench.add(setup, "% off the analytic 0.798", 100 * abs(mean / ANALYTIC - 1))
        bench.add(setup, "variance", variance)
    first, second, _ = ways
    for setup in (first, second):
        bench.expect(setup, "% off the analytic 0.798", most=1)
    bench.expect(first, "variance", most=0)
    bench.published(first, "derivative", "0.794 (DiscoGrad, 1,000 samples)")
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
