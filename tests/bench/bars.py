"""The bars of the benchmark: which variant has to be how many times as fast as which.

In: rows. Out: for each bar whose rows are there, the ratio that was measured and whether it is
enough. Two variants are compared round by round, as they took turns: what slows the machine for a
while slows both. The ratio is the median of the rounds.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING

from tests.bench.measure import quartiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tests.bench.measure import Row


@dataclass(frozen=True)
class Bar:
    """A variant has to be at least `least` times as fast as another."""

    program: str
    setup: str
    other: str
    least: float
    variant: str = "ours auto"


BARS = (
    Bar("bubble sort", "n 10, batch 64", "AlgoVision", 150),
    Bar("bubble sort", "n 10, batch 1024", "AlgoVision", 100),
    Bar("bubble sort", "n 10, batch 64", "hand compiled", 4),
    Bar("bubble sort", "n 10, batch 1024", "hand compiled", 4),
    Bar("Levenshtein", "length 16, batch 64", "AlgoVision", 200),
    Bar("Levenshtein", "length 16, batch 64", "hand compiled", 3),
    Bar("shortest path", "8 x 8, batch 64", "AlgoVision", 20),
    Bar("shortest path", "12 x 12, batch 64", "AlgoVision", 15),
    Bar("counter", "256 steps, batch 64", "hand compiled", 15),
    Bar("register machine", "16 restarts, batch 4", "hand compiled", 3),
    Bar("NTM", "length 20, batch 32", "hand compiled", 1),
    Bar("ACT", "mean 2 of 50, batch 128", "hand padded", 15),
)
EAGER, COMPILED = 0.95, 0.9
"""How fast the torch source has to be, beside hand-written torch."""
PER_STEP, RESTARTS, BUILD_S, LOAD_S = 1.0, 20.0, 1.5, 0.05
NOISE = 1.05
"""What two equal times may differ by."""


@dataclass(frozen=True)
class Verdict:
    """A bar, and what was measured; a ratio's quartiles over the rounds too."""

    what: str
    wanted: str
    measured: float
    met: bool
    quartiles: tuple[float, float] | None = None

    @property
    def found(self) -> str:
        """What was measured, as text."""
        if self.quartiles is None:
            return f"{self.measured:.3g}"
        return "{:.3g} ({:.3g} to {:.3g})".format(self.measured, *self.quartiles)

    def as_json(self) -> dict[str, object]:
        """Return it as JSON."""
        return asdict(self)


def verdicts(rows: Sequence[Row], tools: Sequence[Row]) -> list[Verdict]:
    """Return the bars that the rows can be held against."""
    at = {(r.program, r.setup, r.variant): r for r in rows if r.rounds_s}
    return [*_ratios(at), *_scaling(at), *_builds(rows, tools)]


def _ratios(at: Mapping[tuple[str, str, str], Row]) -> Iterator[Verdict]:
    for bar in (*BARS, *_source(at)):
        ours, theirs = (at.get((bar.program, bar.setup, v)) for v in (bar.variant, bar.other))
        if ours is not None and theirs is not None:
            ratios = [b / a for a, b in zip(ours.rounds_s, theirs.rounds_s, strict=True)]
            what = f"{bar.program}, {bar.setup}: {bar.variant} and {bar.other}"
            ratio = median(ratios)
            met = ratio >= bar.least
            yield Verdict(what, f"≥ {bar.least:g}x", ratio, met, quartiles(ratios))


def _source(at: Iterable[tuple[str, str, str]]) -> Iterator[Bar]:
    for program, setup in dict.fromkeys(key[:2] for key in at):
        yield Bar(program, setup, "hand eager", EAGER, "ours torch")
        yield Bar(program, setup, "hand compiled", COMPILED, "ours compile")


def _scaling(at: Mapping[tuple[str, str, str], Row]) -> Iterator[Verdict]:
    short, long = (at.get(("counter", f"{n} steps, batch 64", "ours auto")) for n in (256, 4096))
    if short and long:
        ratio = long.median_s / short.median_s * 256 / 4096
        what = "counter: time of a step, at 4096 steps and at 256"
        yield Verdict(what, f"≤ {PER_STEP:g}x", ratio, ratio <= PER_STEP * NOISE)
    few = (("turing", f"{n}, batch 5", "ours auto") for n in ("1 restart", "128 restarts"))
    one, many = map(at.get, few)
    if one and many:
        ratio = many.median_s / one.median_s
        what = "turing: 128 restarts and one"
        yield Verdict(what, f"≤ {RESTARTS:g}x", ratio, ratio <= RESTARTS)


def _builds(rows: Sequence[Row], tools: Sequence[Row]) -> Iterator[Verdict]:
    builds = [r.compile_s for r in rows if r.variant == "ours native" and not r.note]
    if builds:
        worst = max(builds)
        yield Verdict("native: longest compilation", f"≤ {BUILD_S:g} s", worst, worst <= BUILD_S)
    loads = [r.median_s for r in tools if r.variant == "load native code again"]
    if loads:
        worst = max(loads)
        yield Verdict(
            "native: longest load from the cache", f"≤ {LOAD_S:g} s", worst, worst <= LOAD_S
        )
