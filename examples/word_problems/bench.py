"""Learn to write the arithmetic of word problems from their answers; test it on unseen ones.

For each seed several controllers are trained, and vote. Without `--data` the problems are drawn
from our own templates. `--cv` compares set-ups by cross-validation inside the training problems,
and touches nothing else.
"""

from __future__ import annotations

import random
import sys
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from time import process_time

import diffprog as dp
from examples.bench import Bench, Pair, accuracy, written
from examples.word_problems.data import LENGTH, Problem, encoded, generated, read, vocabulary

HERE = Path(__file__).parent
TRAIN, DEV, TEST = 300, 100, 200
FOLDS = 10
VOTERS = 3
"""Controllers that are trained for a seed, and vote."""
READER = "conv(hidden = 64, blank = 0, drop = 0.15)"
"""The reader that `by_order.dp` has."""
BY_ORDER = "by_order.dp"
SETUPS = {
    "conv": (BY_ORDER, READER),
    "conv, drop 0.3": (BY_ORDER, "conv(hidden = 64, blank = 0, drop = 0.3)"),
    "lstm": (BY_ORDER, "lstm(hidden = 64, blank = 0, drop = 0.15)"),
    "gru": (BY_ORDER, "gru(hidden = 64, blank = 0, drop = 0.15)"),
    "any three numbers": ("word_problem.dp", READER),
}
"""What is compared: a program, and what reads the text in it."""
STEPS = 280
NEAR = 1e-3


def program(setup: str, words: dict[str, int]) -> dp.Program:
    """Return the program of a set-up, for the words that there are."""
    file, reader = SETUPS[setup]
    text = (HERE / file).read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.strip().startswith("controller"))
    changed = f"{line[: line.index('=')]}= {reader} reads text"
    return dp.loads(text.replace(line, changed), file, length=LENGTH, words=len(words) + 2)


def pairs(
    problems: list[Problem], words: dict[str, int], setup: str = "conv", *, sensible: bool = True
) -> list[Pair]:
    """Return problems as examples of a set-up's program.

    To be learned from, programs that make no sense take part; to be asked, they do not.
    """
    more = {"sensible": sensible} if SETUPS[setup][0] == BY_ORDER else {}
    return encoded(problems, words, **more)


def learn(
    train: list[Problem],
    seed: int,
    *,
    setup: str = "conv",
    steps: int = STEPS,
) -> dp.Result:
    """Train on answers; the last weights are kept."""
    words = vocabulary(train)
    return dp.fit(
        program(setup, words),
        pairs(train, words, setup, sensible=False),
        estimator="exact",
        batch=32,
        steps=steps,
        every=steps,
        network_lr=3e-3,
        fall=0.02,
        seed=seed,
        stop_when_exact=False,
        progress=False,
    )


def voters(train: list[Problem], seed: int, setup: str = "conv") -> list[dp.Result]:
    """Train those that vote."""
    return [learn(train, VOTERS * seed + i, setup=setup) for i in range(VOTERS)]


def voted(results: list[dp.Result], asked: list[Pair]) -> float:
    """Return the share of examples for which the program that most write gives the answer."""
    programs = [r.program for r in results]
    marks = [_right(dp.vote(programs, inputs), inputs, answer) for inputs, answer in asked]
    return sum(marks) / len(marks)


def _right(written: dp.Program, inputs: dict[str, object], answer: object) -> bool:
    found = written.run(**inputs)
    assert isinstance(found, int | float)
    assert isinstance(answer, int | float)
    return abs(found - answer) <= NEAR


def split(folder: Path | None, seed: int) -> tuple[list[Problem], dict[str, list[Problem]]]:
    """Return problems to train on, and others by name: of a folder, or of our own templates."""
    if folder is not None:
        named = {n: folder / f"{n}.txt" for n in ("dev", "test")}
        return read(folder / "train.txt"), {n: read(p) for n, p in named.items() if p.exists()}
    drawn = generated(TRAIN + DEV + TEST, seed)
    return drawn[:TRAIN], {"dev": drawn[TRAIN : TRAIN + DEV], "unseen": drawn[TRAIN + DEV :]}


def folds(problems: list[Problem], seed: int) -> list[tuple[list[Problem], list[Problem]]]:
    """Return the parts of cross-validation: what is trained on, and what is held out."""
    mixed = random.Random(seed).sample(problems, len(problems))
    parts = [mixed[i::FOLDS] for i in range(FOLDS)]
    return [([p for q in parts if q is not part for p in q], part) for part in parts]


def validate(bench: Bench, setups: list[str]) -> None:
    """Compare set-ups inside the training problems: one controller, and several that vote."""
    train, _ = split(bench.arguments.data, 0)
    for setup in setups:
        for seed in bench.seeds:
            for k, (some, held) in enumerate(folds(train, seed)):
                asked = pairs(held, vocabulary(some), setup)
                number = FOLDS * seed + k
                with bench.timed() as clock:
                    results = voters(some, number, setup)
                alone = fmean(accuracy(r.program, asked) for r in results)
                bench.add(setup, "held out, one, %", 100 * alone, seed=number)
                bench.add(setup, "held out, %", 100 * voted(results, asked), seed=number,
                          seconds=clock.seconds)  # fmt: skip


def measure(bench: Bench) -> None:
    """Train with every seed; run the programs that are written for problems that took no part."""
    folder = bench.arguments.data
    setup = "our templates" if folder is None else "Common Core"
    for seed in bench.seeds:
        train, others = split(folder, seed)
        begun = process_time()
        results = voters(train, seed)
        bench.add(setup, "CPU seconds", process_time() - begun, seed=seed)
        bench.expect(setup, "CPU seconds", most=180)
        for name, problems in others.items():
            _ask(bench, (setup, name, seed), results, pairs(problems, vocabulary(train)))
    values = [row.value for row in bench.rows if row.metric == "dev, %"]
    if len(values) > 1:
        bench.add(setup, "dev, % ± at 95 %", 1.96 * stdev(values) / sqrt(len(values)))
    bench.add(setup, "dev, mean of seeds", fmean(values))
    bench.expect(setup, "dev, mean of seeds", least=97)
    bench.published(setup, "dev, mean of seeds", "∂4 96.0, DeepProbLog 96.5")


def _ask(
    bench: Bench, about: tuple[str, str, int], results: list[dp.Result], asked: list[Pair]
) -> None:
    """Measure the programs that are written: by one controller, by the vote of several."""
    setup, name, seed = about
    bench.add(setup, f"{name}, %", 100 * voted(results, asked), seed=seed)
    marks = [[_right(r.program_for(**x), x, y) for x, y in asked] for r in results]
    for one in marks:
        bench.add(setup, f"{name}, one controller, %", 100 * fmean(one), seed=seed)
    never = fmean(not any(own) for own in zip(*marks, strict=True))
    bench.add(setup, f"{name}, none is right, %", 100 * never, seed=seed)
    agreed = min(written(r, asked)[1] for r in results)
    bench.add(setup, f"{name}, program = network %", 100 * agreed, seed=seed)
    bench.expect(setup, f"{name}, program = network %", least=100)


def main() -> int:
    """Measure; print the table."""
    bench = Bench("word_problems", __doc__, count=5, data="the folder of Common Core's files")
    bench.parser.add_argument("--cv", nargs="*", choices=SETUPS, metavar="SETUP", help="compare")
    asked = bench.arguments.cv
    if asked is None:
        measure(bench)
    else:
        validate(bench, asked or list(SETUPS))
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
