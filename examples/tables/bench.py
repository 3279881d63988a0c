"""Learn to write programs for questions about tables, from answers alone; test on longer tables."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

import diffprog as dp
from examples.bench import Bench
from examples.tables.data import TRAIN_ROWS, Form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from examples.bench import Pair

HERE = Path(__file__).parent
DEV, TEST = 128, 256
"""Questions that seeds are chosen by, and that they are tested on."""
TEST_ROWS = 120
BATCH, WIDTH, STEPS = 32, 48, 400
"""Questions of a step, sequences that are followed for each, steps at most."""
NAME = "right % of the programs, 120 rows"
FORMS = {
    "1": Form(columns=1),
    "3": Form(columns=3),
    "5": Form(columns=5),
    "10": Form(columns=10),
    "text": Form(columns=3, texts=2),
    "varied": Form(columns=3, varied=True),
    "asked": Form(columns=3, texts=2, varied=True),
}
"""The set-ups, by what `--only` calls them."""
OPTIONS = {"1": {"width": 2048}}
"""Options of `fit` beside the usual ones. Of one column all sequences are followed: a program with
one comparison is so often right that those with two are no longer among the most probable."""
PUBLISHED = {"1": "100", "3": "99.02", "5": "99.11", "10": "99.13"}


def learn(seed: int, form: Form, **options: Any) -> dp.Result:
    """Train on questions that are drawn anew in every step."""
    sizes = {"columns": form.columns, "texts": max(1, form.texts), "rows": form.rows[0]}
    program = dp.load(HERE / "tables.dp", **sizes)
    chosen = {"steps": STEPS, "width": WIDTH, "every": 25, "network_lr": 3e-3, "progress": False}
    return dp.fit(program, form.stream(BATCH), estimator="beam", seed=seed, **(chosen | options))


def model(program: dp.Program, pairs: list[Pair]) -> list[Any]:
    """Return what the model, at temperature 0, answers to each question."""
    module = program.bound(pairs[0][0]).soften().double()
    module.temperature = module.choice_temperature = 0.0
    with torch.no_grad():
        found = module(**{name: [inputs[name] for inputs, _ in pairs] for name in pairs[0][0]})
    numbers, *cells = (part.tolist() for part in found)
    marks = [[[[cell == 1 for cell in row] for row in rows] for rows in part] for part in cells]
    return list(zip(numbers, *marks, strict=True))


def written(result: dp.Result, pairs: list[Pair]) -> list[Any]:
    """Return what the program that is written for each question, run crisply, answers."""
    return [result.program_for(**inputs).run(**inputs) for inputs, _ in pairs]


def same(found: Any, answer: Any) -> bool:
    """Say whether two answers are one."""
    return abs(found[0] - answer[0]) <= 1e-3 and list(found[1:]) == list(answer[1:])


def share(found: Sequence[Any], answers: Sequence[Any]) -> float:
    """Return how many answers are those wanted, in %."""
    return 100 * sum(map(same, found, answers)) / len(answers)


def measure(bench: Bench, name: str, form: Form, runs: Path | None) -> None:
    """Train and test every seed of a set-up."""
    setup, best = f"{name} columns" if name.isdigit() else f"3 columns, {name}", (-1.0, 0.0)
    for seed in bench.seeds:
        with bench.timed() as clock:
            out = None if runs is None else runs / f"{name}_{seed}"
            result = learn(seed, form, out=out, **OPTIONS.get(name, {}))
        dev, test = form.pairs(DEV, TRAIN_ROWS[0], -1), form.pairs(TEST, TEST_ROWS, -2)
        programs = written(result, dev)
        agree = share(programs, model(result.program, dev))
        bench.add(setup, "programs agree with the model, % of dev", agree, seed=seed)
        right = share(model(result.program, test), [answer for _, answer in test])
        bench.add(setup, NAME, right, seed=seed, seconds=clock.seconds)
        best = max(best, (share(programs, [answer for _, answer in dev]), right))
    bench.add(setup, "of the seed chosen on dev", best[1])
    bench.expect(setup, "programs agree with the model, % of dev", least=100)
    if name in PUBLISHED:
        bench.published(setup, NAME, PUBLISHED[name])
    if name in ("1", "3", "5"):
        bench.expect(setup, NAME, least=99, share=0.3)
        bench.expect(setup, "of the seed chosen on dev", least=99)


def main() -> int:
    """Measure; print the table."""
    bench = Bench("tables", __doc__)
    bench.parser.add_argument("--only", nargs="*", choices=FORMS, default=list(FORMS))
    bench.parser.add_argument("--runs", type=Path, metavar="DIR", help="leave the runs there")
    for name in bench.arguments.only:
        measure(bench, name, FORMS[name], bench.arguments.runs)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
