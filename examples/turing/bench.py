"""Learn the tables of a Turing machine from a few tapes; count the restarts that find them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import diffprog as dp
from diffprog.learn.decided import Judge
from diffprog.learn.examples import as_examples
from examples.bench import Bench, Pair, accuracy
from examples.turing.data import TASKS, draw, everything

if TYPE_CHECKING:
    from diffprog.learn.fit import Result

HERE = Path(__file__).parent
RESTARTS = 256
STEPS = 200
MOST = 1000
FEW, MANY = 5, 20
PUBLISHED = {"invert": "100", "prepend": "60", "decrement": "5"}
"""Percent of restarts of gradient descent (Gaunt 2016, from memory)."""
STARTS = {"invert": 0.5, "prepend": 1.5, "decrement": 1.5}
"""The spread of the first logits; `--recipes` compares."""
RECIPES: dict[str, dict[str, Any]] = {
    "plain": {"start": 0.5},
    "wide start": {"start": 1.5},
    "very wide start": {"start": 4.0},
    "noise": {"start": 0.5, "noise": 0.3},
    "entropy": {"start": 0.5, "entropy": 0.1},
    "annealing": {"start": 0.5, "anneal": (2.0, 0.5)},
    "large steps": {"start": 0.5, "lr": 0.3},
    "RMSProp": {"start": 0.5, "optimiser": "rmsprop"},
    "wide start, noise": {"start": 1.5, "noise": 0.3},
    "wide start, entropy": {"start": 1.5, "entropy": 0.1},
    "wide start, annealing": {"start": 1.5, "anneal": (2.0, 0.5)},
}


def machine(name: str) -> dp.Program:
    """Return the machine with its unknown tables, as large as a task wants it."""
    task = TASKS[name]
    return dp.load(HERE / "turing.dp", states=task.states, steps=task.steps)


def learn(name: str, tapes: list[Pair], seed: int, **options: Any) -> Result:
    """Train on tapes, all restarts at once."""
    options = {"restarts": RESTARTS, "steps": STEPS, "start": STARTS[name], **options}
    return dp.fit(
        machine(name),
        tapes,
        estimator="soft",
        seed=seed,
        progress=False,
        **options,
    )


def restarts_right(name: str, found: Result) -> int:
    """Count the restarts whose machine is right on all inputs of one to four bits."""
    program = machine(name)
    judge = Judge(program, as_examples(everything(name), program))
    return sum(s.restarts for s in found.solutions if judge.accuracy(s.choices) == 1)


def measure(bench: Bench, name: str, seed: int) -> None:
    """Train on few tapes, the best chosen by as many others, and on many."""
    tapes = draw(name, 2 * FEW, seed)
    setup = f"{name}, {FEW} tapes"
    with bench.timed() as clock:
        found = learn(name, tapes[:FEW], seed, dev=tapes[FEW:], stop_when_exact=False)
    fits = 100 * found.share
    bench.add(setup, "restarts that fit %", fits, seed=seed, seconds=clock.seconds)
    right = 100 * restarts_right(name, found) / RESTARTS
    bench.add(setup, "restarts right on all %", right, seed=seed)
    best = accuracy(found.program, everything(name))
    bench.add(setup, "emitted, right on % of all", 100 * best, seed=seed)
    setup = f"{name}, {MANY} tapes"
    with bench.timed() as clock:
        found = learn(name, draw(name, MANY, seed), seed, steps=MOST)
    best = accuracy(found.program, everything(name))
    bench.add(setup, "emitted, right on % of all", 100 * best, seed=seed, seconds=clock.seconds)


def compare(bench: Bench, name: str, seed: int) -> None:
    """Count the restarts that fit few tapes, recipe by recipe."""
    for recipe, options in RECIPES.items():
        with bench.timed() as clock:
            found = learn(name, draw(name, FEW, seed), seed, stop_when_exact=False, **options)
        setup, fits = f"{name}, {recipe}", 100 * found.share
        bench.add(setup, "restarts that fit %", fits, seed=seed, seconds=clock.seconds)


def main() -> int:
    """Measure; print the table."""
    bench = Bench("turing", __doc__)
    bench.parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    bench.parser.add_argument("--recipes", action="store_true", help="compare ways to train")
    for name in bench.arguments.tasks:
        for seed in bench.seeds:
            (compare if bench.arguments.recipes else measure)(bench, name, seed)
        few = f"{name}, {FEW} tapes"
        bench.published(few, "restarts that fit %", f"TerpreT ~{PUBLISHED[name]}")
        bench.expect(few, "restarts that fit %", least=100 / RESTARTS)
        bench.expect(f"{name}, {MANY} tapes", "emitted, right on % of all", least=100, share=0.9)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
