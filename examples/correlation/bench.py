"""Small programs whose values belong together: by enumeration, softly, and by composed marginals.

The table of docs/correlation.md: `bench.py --table` prints it alone.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import torch

import diffprog as dp
from examples.bench import Bench
from examples.correlation import composed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

HERE = Path(__file__).parent
TEMPERATURES = [0.1, 0.01]


@dataclass(frozen=True)
class Case:
    """A program with uncertain inputs, and what is asked of its answer.

    Attributes:
        name: of the program's file.
        shown: the program in a few characters.
        inputs: the weights of each input's values, from the first value on.
        value: the value of the answer whose probability is asked.
        given: the inputs in words.
    """

    name: str
    shown: str
    inputs: Mapping[str, Sequence[float]]
    value: int
    given: str


CASES = [
    Case("minus", "`x - x`", {"x": [1 / 3] * 3}, 0, "x is 0, 1 or 2"),
    Case("plus", "`x + x`", {"x": [0, 0.5, 0.5]}, 3, "x is 1 or 2"),
    Case("upto", "`while x < 3: x = x + 1`", {"x": [0.25] * 4}, 3, "x is 0, 1, 2 or 3"),
    Case(
        "smaller",
        "`if a > b: swap a, b`, then `a`",
        {"a": [0, 0.5, 0.5], "b": [0, 0.5, 0.5]},
        1,
        "a and b are 1 or 2",
    ),
    Case(
        "ordered",
        "`if a > b: swap a, b`, then `a <= b`",
        {"a": [0, 0.5, 0.5], "b": [0, 0.5, 0.5]},
        1,
        "a and b are 1 or 2",
    ),
    Case("cells", "`m[i] = true; count(m)`", {"i": [0.25] * 4}, 1, "i is 0, 1, 2 or 3"),
]


def exactly(case: Case) -> float:
    """Return the probability by running the program crisply on every input."""
    program = dp.load(HERE / f"{case.name}.dp")
    total = 0.0
    for values in product(*(range(len(p)) for p in case.inputs.values())):
        weight = prod(p[v] for p, v in zip(case.inputs.values(), values, strict=True))
        if weight and program.run(**dict(zip(case.inputs, values, strict=True))) == case.value:
            total += weight
    return total


def softly(case: Case) -> float:
    """Return the probability that the softened program gives, in one run."""
    program = dp.load(HERE / f"{case.name}.dp")
    module = program.soften().double()
    inputs = {n: torch.tensor(p, dtype=torch.float64) for n, p in case.inputs.items()}
    answer = module(**inputs)
    if answer.dim() == 0:
        return float(answer)
    lo = getattr(program.result, "lo", 0)
    return float(answer[case.value - lo])


def by_marginals(case: Case) -> float:
    """Return the probability by composed marginals."""
    rule: Callable[..., composed.Weights] = getattr(composed, case.name)
    return rule(*(dict(enumerate(p)) for p in case.inputs.values())).get(case.value, 0.0)


def warned(case: Case) -> bool:
    """Say whether the compiler warns that something is lost."""
    return any(d.code == "DP901" for d in dp.load(HERE / f"{case.name}.dp").warnings)


def reached(temperature: float) -> tuple[float, float, float]:
    """Return where the loop on reals ends from 5: crisply, softly, by the plain logistic."""
    program = dp.load(HERE / "reach.dp")
    module = program.soften().double()
    module.temperature = temperature
    crisp = program.run(x=5.0)
    assert isinstance(crisp, float)
    return crisp, float(module(x=5.0)), composed.reach(5.0, temperature)


def shown(value: float) -> str:
    """Return a probability, as a fraction where it is a simple one."""
    near = Fraction(value).limit_denominator(99)
    return str(near) if abs(near - Fraction(value)) < 1e-9 else f"{value:.4g}"


def table() -> str:
    """Return the table of the documentation."""
    lines = [
        "| program | asked | every run | softened | composed marginals |",
        "|---|---|---|---|---|",
    ]
    for case in CASES:
        asked = f"{case.given}: P({'true' if case.name == 'ordered' else case.value})"
        soft = shown(softly(case)) + (", with a warning" if warned(case) else "")
        lines.append(
            f"| {case.shown} | {asked} | {shown(exactly(case))} | {soft} "
            f"| {shown(by_marginals(case))} |"
        )
    for temperature in TEMPERATURES:
        crisp, soft, plain = reached(temperature)
        lines.append(
            f"| `while x < 5: x = x + 1.0` | x is 5.0, at temperature {temperature}: the mean "
            f"| {crisp:.4g} | {soft:.4g} | {plain:.4g} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Measure; print the table."""
    bench = Bench("correlation", __doc__, count=1)
    bench.parser.add_argument("--table", action="store_true", help="print the table of the docs")
    if bench.arguments.table:
        print(table())
        return 0
    for case in CASES:
        setup = f"{case.shown.replace('`', '')}: {case.given}"
        exact, soft = exactly(case), softly(case)
        bench.add(setup, "every run", exact)
        bench.add(setup, "softened", soft)
        bench.add(setup, "composed marginals", by_marginals(case))
        silent = abs(soft - exact) > 1e-9 and not warned(case)
        bench.add(setup, "wrong without a warning", silent)
        bench.expect(setup, "wrong without a warning", most=0)
    for temperature in TEMPERATURES:
        setup = f"while x < 5 from 5.0, temperature {temperature}"
        crisp, soft, plain = reached(temperature)
        bench.add(setup, "every run", crisp)
        bench.add(setup, "softened", soft)
        bench.add(setup, "composed marginals", plain)
        bench.expect(setup, "softened", least=crisp, most=crisp + temperature)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
