"""Find circuits from their truth tables: by gradient, and by local search over hardened holes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import diffprog as dp
from examples.bench import Bench, accuracy
from examples.circuits.data import TASKS

if TYPE_CHECKING:
    from diffprog.learn.fit import Result

HERE = Path(__file__).parent
METHODS: dict[str, dict[str, Any]] = {
    "gradient": {"estimator": "soft", "restarts": 256, "steps": 300, "start": 1.5},
    "search": {"estimator": "search", "restarts": 256, "steps": 10_000, "every": 100},
}
RECIPES: dict[str, dict[str, Any]] = {
    "plain": {"start": 0.5},
    "wide start": {"start": 1.5},
    "very wide start": {"start": 4.0},
    "wide start, noise": {"noise": 0.3},
    "wide start, entropy": {"entropy": 0.1},
    "wide start, annealing": {"anneal": (2.0, 0.5)},
}


def learn(name: str, method: str, seed: int, **options: Any) -> Result:
    """Look for a circuit with a few gates to spare."""
    task = TASKS[name]
    program = dp.load(HERE / "circuit.dp", **task.sizes)
    chosen = {**METHODS[method], **options}
    return dp.fit(program, task.examples(), seed=seed, progress=False, **chosen)


def measure(bench: Bench, name: str, seed: int) -> None:
    """Try each method on one circuit."""
    for method in bench.arguments.methods:
        with bench.timed() as clock:
            found = learn(name, method, seed)
        setup = f"{name}, {method}"
        right = 100 * accuracy(found.program, TASKS[name].examples())
        bench.add(setup, "right on % of rows", right, seed=seed, seconds=clock.seconds)
        if found.best.train == 1:
            bench.add(setup, "found at step", found.best.step, seed=seed)


def compare(bench: Bench, name: str, seed: int) -> None:
    """Count the restarts that fit by gradient, recipe by recipe."""
    for recipe, options in RECIPES.items():
        with bench.timed() as clock:
            found = learn(name, "gradient", seed, stop_when_exact=False, **options)
        setup, fits = f"{name}, {recipe}", 100 * found.share
        bench.add(setup, "restarts that fit %", fits, seed=seed, seconds=clock.seconds)


def main() -> int:
    """Measure; print the table."""
    bench = Bench("circuits", __doc__)
    bench.parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    bench.parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    bench.parser.add_argument("--recipes", action="store_true", help="compare ways to train")
    for name in bench.arguments.tasks:
        for seed in bench.seeds:
            (compare if bench.arguments.recipes else measure)(bench, name, seed)
        metric = "right on % of rows"
        bench.published(f"{name}, gradient", metric, "TerpreT: not found")
        bench.published(f"{name}, search", metric, "Sketch: found")
        bench.expect(f"{name}, search", metric, least=100, share=0.9)
    bench.expect("full adder, gradient", "right on % of rows", least=100, share=0.9)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
