"""`diffprog run`: a program, crisply."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from diffprog.cli.say import (
    in_option,
    inputs_of,
    json_option,
    note,
    program_of,
    set_option,
    show_json,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command()
@click.argument("file")
@in_option
@click.option("--input", "source", metavar="FILE", help="A JSON object of inputs; - is stdin.")
@set_option
@json_option
def run(
    file: str,
    inputs: Mapping[str, object],
    source: str | None,
    sizes: Mapping[str, int],
    as_object: bool,
) -> None:
    r"""Run a program, or what a run has learned, crisply, and print its answer as JSON.

    FILE is a program, or the folder of a run. Sizes that are not set are bound by the shapes of the
    inputs.

    \b
    diffprog run sort.dp --in xs='[3, 1, 2]'
    """
    program = program_of(file, sizes)
    given = {**(inputs_of(source) if source else {}), **inputs}
    outcome, bound = program.outcome(given)
    answer = bound.result.decode(outcome.value)
    if as_object:
        unfinished = {str(line): n for line, n in outcome.unfinished.items()}
        show_json("run", out=answer, unfinished=unfinished, steps=outcome.steps)
        return
    click.echo(json.dumps(answer))
    for line, count in outcome.unfinished.items():
        note(f"note: the loop of line {line} reached its bound ({count:g} unfinished)")
