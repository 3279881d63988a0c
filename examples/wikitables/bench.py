"""Learn to write programs for questions about tables of Wikipedia, from answers alone.

With `--data` the questions are those of WikiTableQuestions, its first random split: trained on
train, the best weights chosen by a part of train that is held out, measured on dev. Without, tiny
tables of our own.
"""

from __future__ import annotations

import random
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import diffprog as dp
from diffprog.learn.cells import Cells
from diffprog.learn.evaluate import score
from diffprog.learn.networks import Networks
from diffprog.learn.outcomes import Likelihood
from diffprog.learn.scout import Scouted
from diffprog.learn.streams import Stream
from diffprog.pipeline.decided import program_for
from examples.bench import Bench
from examples.wikitables.data import Size, by_size, generated, read, stream
from examples.wikitables.data import batch as filled
from examples.wikitables.kinds import KINDS, kind
from examples.wikitables.questions import LENGTH, NOTHING, Encoded, Question, Vocabulary
from examples.wikitables.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diffprog.learn.rows import Task

HERE = Path(__file__).parent
OWN, OWN_DEV = 400, 200
"""Questions of our own, to train on and to measure."""
HELD = 512
"""Questions that are held out of training, at most, to choose the best weights by."""
BATCH, WIDTH = 32, 48
"""Questions of a step, sequences that are followed for each."""
TALL = 64
"""Taller tables are not trained on: they cost more than they teach."""
WARM, TIMED = 60, 40
"""Steps that are taken before steps are timed, and those that are."""
WRITTEN = 200
"""Questions of dev that programs are written out for."""
ORACLE = 128
"""Sequences that are followed to say what can be reached at all."""
AT_ONCE = 2**13
"""Values of all questions that are run together: memory is so many, times the sequences."""
RIGHT = "right, % of dev"


def learn(
    items: Sequence[Encoded], words: int, seed: int, *, batch: int = BATCH, **options: Any
) -> dp.Result:
    """Train on questions that can be answered; the best on those that are held out is kept."""
    fit = [item for item in items if item.reachable and len(item.sheet.numbers) <= TALL]
    fit = random.Random(seed).sample(fit, len(fit))
    some = min(HELD, len(fit) // 5)
    torch.manual_seed(seed)
    program = dp.load(HERE / "ask.dp", words=words).using(planner=Reader(words))
    chosen = {
        "estimator": "beam", "width": WIDTH, "network_lr": 3e-3, "fall": 0.1, "every": 100,
        "progress": False, "stop_when_exact": False, "seed": seed,
    }  # fmt: skip
    return dp.fit(
        program, stream(fit[some:], batch), dev=stream(fit[:some], batch), **(chosen | options)
    )


def steps_in(minutes: float, items: Sequence[Encoded], words: int) -> int:
    """Return how many steps fit in a time, by timing some."""
    learn(items, words, 0, steps=WARM, every=WARM)
    start = time.process_time()
    learn(items, words, 0, steps=TIMED, every=TIMED)
    each = (time.process_time() - start) / TIMED
    return max(1, int(60 * minutes / each))


# --- what was learned -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Learned:
    """A result, run on many questions at once."""

    program: dp.Program
    choices: dict[str, Any]

    @cached_property
    def networks(self) -> Networks:
        """Its networks, nothing left out."""
        return Networks.of(self.program.checked.nets, self.program.externs).eval()

    @cached_property
    def weights(self) -> dict[str, torch.Tensor]:
        """Their weights, of one restart."""
        found = {k: torch.as_tensor(v) for k, v in self.choices.items() if k.startswith("nets.")}
        return {k: v.unsqueeze(0) for k, v in found.items()}

    @cached_property
    def cells(self) -> Cells:
        """Its decisions."""
        return Cells(self.program.holes, list(self.weights))

    def tasks(self, items: Sequence[Encoded]) -> Iterator[tuple[list[Encoded], Task, dp.Program]]:
        """Yield questions in parts of one size, as rows."""
        for size, group in by_size(items).items():
            many = max(1, AT_ONCE // size.values)
            for first in range(0, len(group), many):
                part = group[first : first + many]
                yield part, *_task(self.program, part, size)

    def right(self, items: Sequence[Encoded]) -> dict[str, bool]:
        """Say of each question, by its place, whether it is answered."""
        found: dict[str, bool] = {}
        none = torch.zeros(1, len(self.cells.counts), dtype=torch.long)
        for part, task, _ in self.tasks(items):
            good, _ = score(task.graph, self.cells, none, task.rows, reals=self.weights,
                            networks=self.networks)  # fmt: skip
            found |= _placed(part, good[0])
        return found

    def reached(self, items: Sequence[Encoded], width: int) -> dict[str, bool]:
        """Say of each question whether one of its most probable programs answers it."""
        found: dict[str, bool] = {}
        beam = Scouted([], self.cells, Likelihood(), self.networks, width=width)
        for part, task, _ in self.tasks(items):
            found |= _placed(part, beam.reached(task, self.weights))
        return found


def _task(program: dp.Program, part: list[Encoded], size: Size) -> tuple[Task, dp.Program]:
    """Return questions as rows."""
    return Stream(lambda _: (*filled(part, size), size.bound), 0).task(program, 0)


def _placed(part: list[Encoded], good: torch.Tensor) -> dict[str, bool]:
    """Return what is said of questions by place; what stands in no table is not answered."""
    pairs = zip(part, good.tolist(), strict=True)
    return {item.source.place: bool(g) and item.reachable for item, g in pairs}


def written(result: dp.Result, item: Encoded) -> tuple[dp.Program, list[str]]:
    """Return the program that is written for a question, and the texts that it gives."""
    size = Size.of(item)
    inputs = {n: v[0].tolist() for n, v in filled([item], size)[0].items()}
    program = result.program.at(**size.bound)
    made = program_for(program, inputs)
    marks = made.run(**inputs)
    assert isinstance(marks, list)
    keys = {number: found for found, number in item.sheet.values.items()}
    return made, [keys[i] for i, mark in enumerate(marks) if mark and i != NOTHING]


def picture(result: dp.Result, item: Encoded, path: Path) -> None:
    """Draw what is decided for a question, round by round, and which rows are selected."""
    size = Size.of(item)
    inputs = {n: v[0].tolist() for n, v in filled([item], size)[0].items()}
    rows = [", ".join(row) for row in item.source.table.rows[: size.rows]]
    words = {
        "question": [*item.source.words, *[""] * (LENGTH - len(item.source.words))],
        "selected": [*rows, *[""] * (size.rows - len(rows))],
    }
    shown = ("question", "act", "at", "pivot", "selected")
    result.program.at(**size.bound).trace(**inputs).render(path, words, only=shown)


# --- measuring ------------------------------------------------------------------------------------


def measure(bench: Bench, seed: int, train: list[Question], dev: list[Question]) -> None:
    """Train with a seed; say what of dev is answered, by kind."""
    given = bench.arguments
    words = Vocabulary.of(train)
    items = [words.encoded(q) for q in train]
    held = [words.encoded(q) for q in dev]
    setup = "our own" if given.data is None else "WikiTableQuestions"
    steps = given.steps or steps_in(given.minutes, items, len(words.words))
    out = None if given.runs is None else given.runs / f"{seed}"
    with bench.timed() as clock:
        result = learn(items, len(words.words), seed, steps=steps, out=out)
    learned = Learned(result.program, result.choices)
    right = learned.right(held)
    if out is not None:
        result.curves(out / "curves.png")
        picture(result, next(i for i in held if right[i.source.place]), out / "question.png")
    bench.add(setup, "steps", steps, seed=seed)
    bench.add(setup, RIGHT, _share(right.values()), seed=seed, seconds=clock.seconds)
    bench.add(setup, "answers that cells or counts are, %", _share(i.reachable for i in held),
              seed=seed)  # fmt: skip
    some = random.Random(seed).sample(held, min(WRITTEN, len(held)))
    agreed = [_agrees(result, item, right[item.source.place]) for item in some]
    bench.add(setup, "programs agree with the model, %", _share(agreed), seed=seed)
    bench.expect(setup, "programs agree with the model, %", least=100)
    reached = learned.reached(held, ORACLE)
    bench.add(setup, f"among the {ORACLE} most probable, %", _share(reached.values()), seed=seed)
    _by_kind(bench, setup, seed, held, right, reached)


def _agrees(result: dp.Result, item: Encoded, right: bool) -> bool:
    """Say whether the written program is right where the model is."""
    _, texts = written(result, item)
    wanted = {k for k, n in item.sheet.values.items() if n in item.answer}
    return (item.reachable and set(texts) == wanted) == right


def _share(found: Any) -> float:
    return 100 * fmean(map(float, found))


def _by_kind(
    bench: Bench, setup: str, seed: int, held: list[Encoded],
    right: dict[str, bool], reached: dict[str, bool],
) -> None:  # fmt: skip
    """Note for each kind how many there are, how many are answered and could be."""
    groups: dict[str, list[str]] = defaultdict(list)
    for item in held:
        groups[kind(item.source.text)].append(item.source.place)
    for name in KINDS:
        if places := groups[name]:
            title = f"{setup}: {name}"
            bench.add(title, "share of dev, %", 100 * len(places) / len(held), seed=seed)
            bench.add(title, "right, %", _share(right[p] for p in places), seed=seed)
            bench.add(title, f"among {ORACLE}, %", _share(reached[p] for p in places), seed=seed)


def main() -> int:
    """Measure; print the table."""
    about = "the folder of WikiTableQuestions, with `csv` and `data`"
    bench = Bench("wikitables", __doc__, count=1, data=about)
    add = bench.parser.add_argument
    add("--minutes", type=float, default=1.0, help="of training, by the processor; %(default)s")
    add("--steps", type=int, help="of training, instead of a time")
    add("--runs", type=Path, metavar="DIR", help="leave the runs there")
    folder = bench.arguments.data
    for seed in bench.seeds:
        if folder is None:
            measure(bench, seed, generated(OWN, seed), generated(OWN_DEV, seed + 1_000))
        else:
            measure(bench, seed, read(folder, "train"), read(folder, "dev"))
            bench.published("WikiTableQuestions", RIGHT, "34.2 (one model)")
    return bench.finish()


if __name__ == "__main__":
    np.seterr(all="raise")
    sys.exit(main())
