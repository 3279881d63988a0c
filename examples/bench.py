"""What the examples share: arguments, seeds, timing, a table, a JSON object; examples as lines.

    bench = Bench("sort", "Learn a comparison from sorted lists.")
    for seed in bench.seeds:
        with bench.timed() as clock:
            learned = ...
        bench.add("train 3", "right at 64", accuracy, seed=seed, seconds=clock.seconds)
    bench.expect("train 3", "right at 64", least=1.0, share=0.9)
    sys.exit(bench.finish())

Progress goes to stderr, one line for each measurement; the table goes to stdout; `--json OUT`
writes one object: ``{"schema", "task", "environment", "rows", "summary"}``.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING

import torch
from rich.console import Console
from rich.table import Table

from diffprog.learn.decided import Judge
from diffprog.learn.examples import as_examples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import diffprog as dp
    from diffprog.learn.fit import Result

Pair = tuple[dict[str, object], object]
"""An example: inputs by name, and the answer."""

SCHEMA = "diffprog.bench/1"


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: which task and set-up, which seed, what was measured, and how long it took.

    Attributes:
        task: the example.
        setup: what was varied, in words.
        seed: of everything random; None where nothing is.
        metric: what was measured.
        value: the number.
        seconds: what the measured training (or computation) took; None where it was not timed.
    """

    task: str
    setup: str
    seed: int | None
    metric: str
    value: float
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """What a metric has to reach: at least `least`, or at most `most`, in a share of the rows."""

    least: float | None = None
    most: float | None = None
    share: float = 1.0

    def met(self, values: list[float]) -> bool:
        """Say whether enough values are good."""
        good = [v for v in values if self._good(v)]
        return bool(values) and len(good) >= self.share * len(values) - 1e-9

    def _good(self, value: float) -> bool:
        above = self.least is None or value >= self.least - 1e-12
        return above and (self.most is None or value <= self.most + 1e-12)

    def text(self, count: int) -> str:
        """Return the bar in a few characters, for so many rows."""
        sides = [f"≥ {_number(self.least)}" if self.least is not None else ""]
        sides += [f"≤ {_number(self.most)}" if self.most is not None else ""]
        needed = f" in {round(self.share * count)} of {count}" if self.share < 1 else ""
        return " ".join(filter(None, sides)) + needed


@dataclass
class Clock:
    """Seconds, known when the block has ended."""

    seconds: float = 0.0


@dataclass(frozen=True)
class Summary:
    """All rows of one set-up and metric together."""

    setup: str
    metric: str
    values: list[float]
    seconds: list[float]
    published: str = ""
    bar: Bar | None = None

    def as_json(self) -> dict[str, object]:
        """Return what the JSON object says of it."""
        out: dict[str, object] = {"setup": self.setup, "metric": self.metric}
        out |= {"count": len(self.values), "mean": fmean(self.values)}
        out |= {"min": min(self.values), "median": median(self.values), "max": max(self.values)}
        out["seconds"] = fmean(self.seconds) if self.seconds else None
        out["seconds_max"] = max(self.seconds, default=None)
        if self.bar is not None:
            out |= {"bar": self.bar.text(len(self.values)), "met": self.bar.met(self.values)}
        return out

    def cells(self) -> list[str]:
        """Return a line of the table."""
        values = self.values
        spread = f"{_number(min(values))} … {_number(max(values))}" if len(values) > 1 else ""
        seconds = ""
        if self.seconds:
            seconds = f"{fmean(self.seconds):.1f} (≤ {max(self.seconds):.1f})"
        bar = ""
        if self.bar is not None:
            bar = f"{self.bar.text(len(values))}: {'met' if self.bar.met(values) else 'MISSED'}"
        mean = _number(fmean(values))
        return [
            self.setup,
            self.metric,
            mean,
            spread,
            str(len(values)),
            seconds,
            self.published,
            bar,
        ]


@dataclass
class Bench:
    """One benchmark: its arguments, what it has measured, what that is held against.

    Attributes:
        task: the example's name.
        about: what is measured; the first lines of `--help`.
        count: how many seeds there are unless `--seeds` says otherwise.
        data: what `--data` is to point at; empty where there is no such option.
    """

    task: str
    about: str
    count: int = 10
    data: str = ""
    rows: list[Row] = field(default_factory=list)
    _bars: dict[tuple[str, str], Bar] = field(default_factory=dict)
    _published: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.parser = argparse.ArgumentParser(description=self.about)
        self.parser.add_argument("--json", type=Path, metavar="OUT", help="write the rows there")
        self.parser.add_argument(
            "--seeds", type=int, default=self.count, help="how many; %(default)s"
        )
        self.parser.add_argument(
            "--first", type=int, default=0, metavar="SEED", help="the first of them; %(default)s"
        )
        self.parser.add_argument("--threads", type=int, default=1, help="of torch; %(default)s")
        if self.data:
            self.parser.add_argument("--data", type=Path, metavar="DIR", help=self.data)
        self._arguments: argparse.Namespace | None = None

    @property
    def arguments(self) -> argparse.Namespace:
        """The command line, read when it is first asked for: add options to `parser` before."""
        if self._arguments is None:
            self._arguments = self.parser.parse_args()
            torch.set_num_threads(self._arguments.threads)
        return self._arguments

    @property
    def seeds(self) -> range:
        """The seeds."""
        first = self.arguments.first
        return range(first, first + self.arguments.seeds)

    @contextmanager
    def timed(self) -> Iterator[Clock]:
        """Measure the wall time of a block."""
        clock, start = Clock(), time.perf_counter()
        try:
            yield clock
        finally:
            clock.seconds = time.perf_counter() - start

    def add(
        self,
        setup: str,
        metric: str,
        value: float,
        *,
        seed: int | None = None,
        seconds: float | None = None,
    ) -> None:
        """Note a measurement and say it on stderr."""
        self.rows.append(Row(self.task, setup, seed, metric, float(value), seconds))
        at = "" if seed is None else f" seed {seed}:"
        took = "" if seconds is None else f" ({seconds:.1f} s)"
        print(f"{self.task}, {setup}:{at} {metric} {_number(value)}{took}", file=sys.stderr)

    def expect(
        self,
        setup: str,
        metric: str,
        *,
        least: float | None = None,
        most: float | None = None,
        share: float = 1.0,
    ) -> None:
        """Say what a metric has to reach, in which share of its rows."""
        self._bars[setup, metric] = Bar(least, most, share)

    def published(self, setup: str, metric: str, figure: str) -> None:
        """Say what was published for a metric: a number and whose."""
        self._published[setup, metric] = figure

    def summaries(self) -> list[Summary]:
        """Return the rows by set-up and metric, in the order of their first appearance."""
        groups: dict[tuple[str, str], list[Row]] = {}
        for row in self.rows:
            groups.setdefault((row.setup, row.metric), []).append(row)
        found = []
        for key, rows in groups.items():
            values = [r.value for r in rows]
            seconds = [r.seconds for r in rows if r.seconds is not None]
            published, bar = self._published.get(key, ""), self._bars.get(key)
            found.append(Summary(*key, values, seconds, published, bar))
        return found

    def finish(self) -> int:
        """Print the table, write the JSON object; return 1 if a bar was missed, else 0."""
        summaries = self.summaries()
        Console(width=None if sys.stdout.isatty() else 140).print(_table(self.task, summaries))
        if self.arguments.json is not None:
            self.arguments.json.parent.mkdir(parents=True, exist_ok=True)
            report = {
                "schema": SCHEMA,
                "task": self.task,
                "environment": environment(),
                "rows": [asdict(row) for row in self.rows],
                "summary": [s.as_json() for s in summaries],
            }
            self.arguments.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        return int(any(s.bar is not None and not s.bar.met(s.values) for s in summaries))


def tried(learn: Callable[[int], Result], seed: int, most: int) -> list[Result]:
    """Train from ever other first weights until one training is right on its dev rows.

    Returns all trainings that this took, at most so many, the best last.
    """
    found: list[Result] = []
    for attempt in range(most):
        found.append(learn(seed + 1000 * attempt))
        if found[-1].best.dev == 1:
            return found
    return sorted(found, key=lambda result: result.best.dev or 0.0)


def accuracy(program: dp.Program, pairs: list[Pair]) -> float:
    """Return the share of examples whose whole answer a program without holes gives, run crisply.

    The program's sizes are taken from the inputs.
    """
    return Judge(program, as_examples(pairs, program)).accuracy()


def written(result: dp.Result, pairs: list[Pair], tolerance: float = 1e-3) -> tuple[float, float]:
    """Let networks write a program for each example, parse it, and run it.

    Returns:
        The share of programs that give the right number, and the share of those that give what
        the networks themselves give: the softened program, all examples at once, at temperature 0.
    """
    module = result.program.soften().eval()
    module.temperature = module.choice_temperature = 0.0
    columns = {name: [inputs[name] for inputs, _ in pairs] for name in pairs[0][0]}
    with torch.no_grad():
        given = [float(answer) for answer in module(columns)]
    found = [result.program_for(**inputs).run(**inputs) for inputs, _ in pairs]

    def share(answers: list[object]) -> float:
        near = [abs(f - a) <= tolerance for f, a in zip(found, answers, strict=True)]  # type: ignore[operator]
        return sum(near) / len(near)

    return share([answer for _, answer in pairs]), share(list(given))


def write_lines(draw: Callable[[int, int, int], list[Pair]], about: str, length: int) -> None:
    """Print generated examples as JSON lines: the command line of every `data.py`.

    Args:
        draw: returns examples, from a length, a count and a seed.
        about: what they are.
        length: the usual one.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--length", type=int, default=length, help="%(default)s")
    parser.add_argument("--count", type=int, default=256, help="%(default)s")
    parser.add_argument("--seed", type=int, default=0, help="%(default)s")
    given = parser.parse_args()
    for inputs, output in draw(given.length, given.count, given.seed):
        print(json.dumps({"in": inputs, "out": output}))


def environment() -> dict[str, object]:
    """Return what the numbers were measured with."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
    }


def _table(title: str, summaries: list[Summary]) -> Table:
    names = ("set-up", "metric", "mean", "min … max", "seeds", "seconds", "published", "bar")
    lines = [s.cells() for s in summaries]
    shown = [c for c in range(len(names)) if c < 3 or any(line[c] for line in lines)]
    table = Table(title=title)
    for c in shown:
        numbers = names[c] in ("mean", "seeds", "seconds")
        table.add_column(names[c], justify="right" if numbers else "left")
    before = ""
    for line in lines:
        setup = "" if line[0] == before else line[0]
        before = line[0]
        table.add_row(setup, *(line[c] for c in shown[1:]))
    return table


def _number(value: float) -> str:
    return f"{value:.4g}"
