"""`diffprog train`: learn the holes of a program from examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from diffprog.cli.say import FINDINGS, FINE, json_option, note, program_of, set_option, show_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.learn.examples import Examples
    from diffprog.learn.fit import Result
    from diffprog.pipeline import Program

OPTIMISERS = ("adam", "rmsprop", "graves")
ESTIMATORS = ("auto", "exact", "beam", "sample", "soft", "search")


@click.command()
@click.argument("file")
@click.option(
    "--data", required=True, metavar="FILE", help="JSON lines, or a program that answers."
)
@click.option("--dev", metavar="FILE", help="Held-out examples: what the best is chosen by.")
@click.option("--test", metavar="FILE", help="Examples that the learned program is run on.")
@click.option("--count", default=1000, show_default=True, help="Examples drawn, if from a program.")
@set_option
@click.option("--restarts", type=int, help="Trained side by side: 32, or 1 with networks.")
@click.option("--estimator", type=click.Choice(ESTIMATORS), default="auto", show_default=True)
@click.option("--width", default=64, show_default=True, help="Sequences a row, for `beam`.")
@click.option("--samples", default=16, show_default=True, help="Draws a row, for `sample`.")
@click.option(
    "--straight-through", is_flag=True, help="Let `sample` take gradients through its draws."
)
@click.option("--steps", default=1000, show_default=True, help="The most steps taken.")
@click.option("--batch", type=int, help="Rows that a step sees; all by default.")
@click.option("--lr", type=float, help="Of choices; by default what suits the estimator.")
@click.option("--network-lr", default=1e-3, show_default=True, help="Of networks.")
@click.option("--fall", default=1.0, show_default=True, help="Share of the rates at the end.")
@click.option("--weight-decay", default=0.0, show_default=True, help="Of the optimiser.")
@click.option("--optimiser", type=click.Choice(OPTIMISERS), default="adam", show_default=True)
@click.option("--clip", default=1.0, show_default=True, help="The largest gradient norm.")
@click.option("--every", default=10, show_default=True, help="Steps between evaluations.")
@click.option(
    "--select",
    type=click.Choice(("crisp", "soft")),
    default="crisp",
    show_default=True,
    help="What the best is chosen by.",
)
@click.option("--seed", default=0, show_default=True, help="Of everything random.")
@click.option("--cost", default=0.01, show_default=True, help="Weight of `by act`, `by ponder`.")
@click.option("--out", metavar="RUN", help="The folder of the run; one stopped there goes on.")
@click.option("--require-solved", is_flag=True, help="Exit 1 unless all answers are right.")
@json_option
def train(
    file: str,
    data: str,
    dev: str | None,
    test: str | None,
    count: int,
    sizes: Mapping[str, int],
    out: str | None,
    require_solved: bool,
    as_object: bool,
    **options: Any,
) -> int:
    """Learn the holes of a program from examples.

    The program with its choices written in goes to standard output. Examples are JSON lines
    `{"in": {...}, "out": ...}`, or drawn and answered by another program (a file that ends
    in .dp). Progress and figures go to standard error.
    """
    from diffprog.learn.fit import fit

    program = program_of(file, sizes)
    seed = options["seed"]
    train_examples = examples_of(program, data, count, seed)
    held = None if dev is None else examples_of(program, dev, count, seed + 1)
    tested = None if test is None else examples_of(program, test, count, seed + 2)
    try:
        result = fit(program, train_examples, dev=held, out=out, progress=not as_object, **options)
    except KeyboardInterrupt:
        if out is not None:
            note(f"stopped; the same command goes on from the checkpoint in {out}")
        raise
    share = None if tested is None else accuracy(result.program, tested)
    figures = {"train": result.best.train, "dev": result.best.dev, "test": share}
    if as_object:
        text = result.program.source
        report = {k: v for k, v in result.report.items() if k != "schema"}
        show_json("train", **{**report, **figures, "program": text})
    else:
        _show(result, figures, out)
    solved = all(figure in (1, None) for figure in figures.values())
    return FINE if solved or not require_solved else FINDINGS


def _show(result: Result, figures: Mapping[str, float | None], out: str | None) -> None:
    note(f"estimator: {result.estimator} ({result.why})")
    known = [f"{name} {figure:.1%}" for name, figure in figures.items() if figure is not None]
    fit = f"{result.share:.0%} of the restarts fit the training examples"
    note(f"the learned program, run crisply: {', '.join(known)}; {fit}")
    if out is not None:
        note(f"run: {out}")
    click.echo(result.program.source, nl=False)


def examples_of(program: Program, path: str, count: int, seed: int) -> Examples:
    """Read examples, or let a program that ends in .dp answer drawn inputs."""
    from diffprog.learn.examples import generate, read_examples

    if not path.endswith(".dp"):
        return read_examples(path, program)
    return generate(program, program_of(path, {}), count, seed=seed, name=path)


def accuracy(program: Program, examples: Examples) -> float:
    """Return the share of examples that a program without holes answers rightly."""
    from diffprog.learn.decided import Judge

    return Judge(program, examples).accuracy()
