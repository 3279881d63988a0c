"""Learn to write the arithmetic of word problems from their answers; test it on unseen ones.

Without `--data` the problems are drawn from our own templates. `--cv` compares set-ups by
cross-validation inside the training problems, and touches nothing else. `--curve` trains on fewer
of them as well.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from time import process_time
from typing import TYPE_CHECKING

import diffprog as dp
from examples.bench import Bench, Pair, written
from examples.word_problems import data

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from examples.word_problems.data import Problem

HERE = Path(__file__).parent
TRAIN, DEV, TEST = 300, 100, 200
FOLDS = 10
SIZES = (100, 150, 200, 250)
"""Problems of training in the learning curve, beside all."""
READING: Mapping[str, object] = {"batch": 32, "steps": 280, "network_lr": 3e-3, "fall": 0.02}
"""How controllers are trained."""
COUNTING: Mapping[str, object] = {
    "steps": 60,
    "network_lr": 0.01,
    "fall": 0.1,
    "optimiser": "rmsprop",
    "weight_decay": 6e-3,
}
"""How a policy of stretches is trained: on all problems at once, its weights kept small."""
NEAR = 1e-3


@dataclass(frozen=True)
class Setup:
    """A program, what reads the text in it, and how it is trained.

    Attributes:
        file: the program.
        reader: of its controller; empty where a policy decides.
        options: of `fit`.
        voters: how many are trained for a seed, and vote.
    """

    file: str
    reader: str = ""
    options: Mapping[str, object] = field(default_factory=lambda: READING)
    voters: int = 1


GRAMS, ORDER, ANY = "by_grams.dp", "by_order.dp", "word_problem.dp"
CONV = "conv(hidden = 64, blank = 0, drop = 0.15)"
BEST = "stretches"
SETUPS = {
    BEST: Setup(GRAMS, options=COUNTING),
    "conv": Setup(ORDER, CONV),
    "three conv": Setup(ORDER, CONV, voters=3),
    "lstm": Setup(ORDER, "lstm(hidden = 64, blank = 0, drop = 0.15)"),
    "gru": Setup(ORDER, "gru(hidden = 64, blank = 0, drop = 0.15)"),
    "any three numbers": Setup(ANY, CONV),
}
"""What is compared."""


@dataclass(frozen=True)
class Texts:
    """What training knows of texts: so they become inputs of a set-up's program.

    Attributes:
        setup: the set-up.
        words: that are known, and their numbers.
        grams: the stretches that are known.
    """

    setup: Setup
    words: dict[str, int]
    grams: list[str]

    @classmethod
    def of(cls, train: Sequence[Problem], setup: str = BEST) -> Texts:
        """Return what problems of training teach."""
        words = data.vocabulary(train)
        return cls(SETUPS[setup], words, data.grams(train, words))

    @property
    def program(self) -> dp.Program:
        """The set-up's program, for the words that there are."""
        file = self.setup.file
        text = (HERE / file).read_text(encoding="utf-8")
        if file == GRAMS:
            return dp.loads(text, file, grams=len(self.grams))
        line = next(line for line in text.splitlines() if line.strip().startswith("controller"))
        changed = f"{line[: line.index('=')]}= {self.setup.reader} reads text"
        sizes = {"length": data.LENGTH, "words": len(self.words) + 2}
        return dp.loads(text.replace(line, changed), file, **sizes)

    def pairs(self, problems: Sequence[Problem], *, sensible: bool = True) -> list[Pair]:
        """Return problems as examples.

        To be learned from, programs that make no sense take part; to be asked, they do not.
        """
        if self.setup.file == GRAMS:
            return data.marked(problems, self.words, self.grams, sensible=sensible)
        more = {"sensible": sensible} if self.setup.file == ORDER else {}
        return data.encoded(problems, self.words, **more)


def learn(
    train: Sequence[Problem], seed: int, *, setup: str = BEST, steps: int | None = None
) -> dp.Result:
    """Train on answers; the last weights are kept."""
    texts = Texts.of(train, setup)
    options = {**texts.setup.options} | ({} if steps is None else {"steps": steps})
    return dp.fit(
        texts.program,
        texts.pairs(train, sensible=False),
        estimator="exact",
        every=options["steps"],
        seed=seed,
        stop_when_exact=False,
        progress=False,
        **options,  # type: ignore[arg-type]
    )


def voters(train: Sequence[Problem], seed: int, setup: str = BEST) -> list[dp.Result]:
    """Train those that vote."""
    count = SETUPS[setup].voters
    return [learn(train, count * seed + i, setup=setup) for i in range(count)]


def wrong(results: Sequence[dp.Result], asked: Sequence[Pair]) -> set[int]:
    """Return for which examples the program that most write does not give the answer."""
    programs = [r.program for r in results]
    return {k for k, (x, answer) in enumerate(asked) if not _right(dp.vote(programs, x), x, answer)}


def _right(written: dp.Program, inputs: dict[str, object], answer: object) -> bool:
    found = written.run(**inputs)
    assert isinstance(found, int | float)
    assert isinstance(answer, int | float)
    return abs(found - answer) <= NEAR


def split(folder: Path | None, seed: int) -> tuple[list[Problem], dict[str, list[Problem]]]:
    """Return problems to train on, and others by name: of a folder, or of our own templates."""
    if folder is not None:
        named = {n: folder / f"{n}.txt" for n in ("dev", "test")}
        others = {n: data.read(p) for n, p in named.items() if p.exists()}
        return data.read(folder / "train.txt"), others
    drawn = data.generated(TRAIN + DEV + TEST, seed)
    return drawn[:TRAIN], {"dev": drawn[TRAIN : TRAIN + DEV], "unseen": drawn[TRAIN + DEV :]}


def folds(problems: list[Problem], seed: int) -> list[tuple[list[Problem], list[Problem]]]:
    """Return the parts of cross-validation: what is trained on, and what is held out."""
    mixed = random.Random(seed).sample(problems, len(problems))
    parts = [mixed[i::FOLDS] for i in range(FOLDS)]
    return [([p for q in parts if q is not part for p in q], part) for part in parts]


def validate(bench: Bench) -> None:
    """Compare set-ups inside the training problems: a seed is a way to cut them into parts."""
    train, _ = split(bench.arguments.data, 0)
    for setup in bench.arguments.cv or SETUPS:
        for seed in bench.seeds:
            missed, begun = 0, process_time()
            for k, (some, held) in enumerate(folds(train, seed)):
                results = voters(some, FOLDS * seed + k, setup)
                missed += len(wrong(results, Texts.of(some, setup).pairs(held)))
            bench.add(setup, "held out, %", 100 - 100 * missed / len(train), seed=seed,
                      seconds=process_time() - begun)  # fmt: skip


def curve(bench: Bench) -> None:
    """Train on fewer problems as well, drawn by the seed."""
    for seed in bench.seeds:
        train, others = split(bench.arguments.data, seed)
        for count in (*SIZES, len(train)):
            some = random.Random(seed).sample(train, count)
            results, asked = voters(some, seed), Texts.of(some).pairs(others["dev"])
            missed = len(wrong(results, asked))
            bench.add(f"{count} problems", "dev, %", 100 - 100 * missed / len(asked), seed=seed)


def measure(bench: Bench) -> None:
    """Train with every seed; run the programs that are written for problems that took no part."""
    folder, setup = bench.arguments.data, bench.arguments.setup
    name = "our templates" if folder is None else "Common Core"
    missed: dict[str, list[set[int]]] = {}
    for seed in bench.seeds:
        train, others = split(folder, seed)
        begun = process_time()
        results = voters(train, seed, setup)
        bench.add(name, "CPU seconds", process_time() - begun, seed=seed)
        bench.expect(name, "CPU seconds", most=180)
        for part, problems in others.items():
            asked = Texts.of(train, setup).pairs(problems)
            missed.setdefault(part, []).append(wrong(results, asked))
            share = 100 - 100 * len(missed[part][-1]) / len(asked)
            bench.add(name, f"{part}, %", share, seed=seed)
            agreed = min(written(r, asked)[1] for r in results)
            bench.add(name, f"{part}, program = network %", 100 * agreed, seed=seed)
            bench.expect(name, f"{part}, program = network %", least=100)
    for part, sets in missed.items():
        _together(bench, name, part, sets, fixed=folder is not None)
    bench.expect(name, "dev, mean of seeds", least=97)
    bench.published(name, "dev, mean of seeds", "∂4 96.0, DeepProbLog 96.5")


def _together(
    bench: Bench, name: str, part: str, missed: Sequence[set[int]], *, fixed: bool
) -> None:
    """Say what the seeds reach together; where all have the same problems, what all get wrong."""
    values = [row.value for row in bench.rows if row.metric == f"{part}, %"]
    if fixed:
        bench.add(name, f"{part}, wrong for every seed", len(set.intersection(*missed)))
    if len(values) > 1:
        bench.add(name, f"{part}, % ± at 95 %", 1.96 * stdev(values) / sqrt(len(values)))
    bench.add(name, f"{part}, mean of seeds", fmean(values))


def main() -> int:
    """Measure; print the table."""
    bench = Bench("word_problems", __doc__, count=5, data="the folder of Common Core's files")
    bench.parser.add_argument("--setup", choices=SETUPS, default=BEST, help="%(default)s")
    bench.parser.add_argument("--cv", nargs="*", choices=SETUPS, metavar="SETUP", help="compare")
    bench.parser.add_argument("--curve", action="store_true", help="train on fewer problems too")
    asked = bench.arguments
    way: Callable[[Bench], None] = measure
    if asked.cv is not None or asked.curve:
        way = curve if asked.curve else validate
    way(bench)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
