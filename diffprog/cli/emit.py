"""`diffprog emit`: the program that a run has learned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diffprog.cli.say import inputs_of, note, program_of
from diffprog.pipeline import loads
from diffprog.pipeline.decided import vote

if TYPE_CHECKING:
    from diffprog.learn.emit import Mode
    from diffprog.pipeline import Program


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option("-o", "--output", metavar="FILE", help="Where to; standard output by default.")
@click.option(
    "--mode",
    type=click.Choice(("auto", "general", "verbatim")),
    default="auto",
    show_default=True,
    help="Print expressions where short ones are found, longer ones too, or tables as they are.",
)
@click.option("--data", metavar="FILE", help="The examples it was trained on.")
@click.option(
    "--for",
    "question",
    metavar="FILE",
    help="A JSON object of inputs: print the program that networks write for them; - is stdin.",
)
@click.option(
    "--explain", is_flag=True, help="With --for: say how sure they were, and what came next."
)
def emit(
    runs: tuple[str, ...],
    output: str | None,
    mode: Mode,
    data: str | None,
    question: str | None,
    explain: bool,
) -> None:
    """Print the program that a run has learned.

    What was emitted at the end of the run is printed again. With `--mode` or `--data` it is emitted
    anew; without data, expressions agree with every entry of a table, also where no answer depends
    on it.

    With `--for`, decisions by networks are those for one input: loops over them are unrolled, and
    what then does nothing is gone. Several runs vote: what most of them write is printed.
    """
    run, *others = runs
    learned = Path(run) / "learned.dp"
    if explain and question is None:
        message = "`--explain` goes with `--for`"
        raise click.UsageError(message)
    if others and question is None:
        message = "several runs vote on the program for one input: that goes with `--for`"
        raise click.UsageError(message)
    if question is not None:
        voters = [program_of(r, {}) for r in runs]
        program = vote(voters, inputs_of(question), explain=explain)
    elif mode == "auto" and data is None and learned.is_file():
        program = loads(learned.read_text(encoding="utf-8"), str(learned))
    else:
        program = _emitted(run, mode, data)
    if output is None or output == "-":
        click.echo(program.source, nl=False)
        return
    program.save(output)
    note(f"{output}: written")


def _emitted(run: str, mode: Mode, data: str | None) -> Program:
    from diffprog.learn.emit import emit as emitted
    from diffprog.learn.examples import read_examples
    from diffprog.learn.weights import run_weights

    program, report = run_of(run)
    examples = None if data is None else read_examples(data, program)
    choices = report["choices"]
    assert isinstance(choices, dict)
    return emitted(program, choices, examples, mode=mode, weights=run_weights(run) or None)


def run_of(run: str) -> tuple[Program, dict[str, object]]:
    """Return the program of a run, with its holes, and the report."""
    folder = Path(run)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        program = loads(config["program"], str(folder / "program.dp"), **config["sizes"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        about = (
            f"{problem.strerror}: {problem.filename}" if isinstance(problem, OSError) else problem
        )
        message = f"{run} is not the folder of a finished run ({about})"
        raise click.UsageError(message) from None
    return program, report
