"""`diffprog trace`: what a program does, statement by statement."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diffprog.cli.say import (
    in_option,
    inputs_of,
    json_option,
    program_of,
    set_option,
    show_json,
)
from diffprog.lang import typed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.pipeline import Program
    from diffprog.types import Value


@click.command()
@click.argument("run")
@in_option
@click.option("--input", "source", metavar="FILE", help="A JSON object of inputs; - is stdin.")
@set_option
@json_option
def trace(
    run: str,
    inputs: Mapping[str, object],
    source: str | None,
    sizes: Mapping[str, int],
    as_object: bool,
) -> None:
    """Show what a learned program does, step by step.

    Each statement is printed with what it changed. RUN is the folder of a run, or a program
    without holes.
    """
    learned = Path(run) / "learned.dp"
    program = program_of(str(learned) if learned.is_file() else run, sizes)
    given = {**(inputs_of(source) if source else {}), **inputs}
    steps = _steps(program, given)
    if as_object:
        show_json("trace", steps=[asdict(step) for step in steps])
        return
    for step in steps:
        changed = "  ".join(f"{k} = {json.dumps(v)}" for k, v in step.changed.items())
        click.echo(f"{step.line:>4}  {step.text:<40}  {changed}")


@dataclass(frozen=True)
class Step:
    """A statement that changed something: its line, its text, and what variables are then."""

    line: int
    text: str
    changed: dict[str, Value]


def _steps(program: Program, given: Mapping[str, object]) -> list[Step]:
    steps: list[Step] = []
    before: dict[int, tuple[object, dict[str, Value]]] = {}

    def told(statement: typed.TStatement, scope: Mapping[str, Value]) -> None:
        _, old = before.get(id(scope), (None, {}))
        changed = {k: deepcopy(v) for k, v in scope.items() if k not in old or old[k] != v}
        before[id(scope)] = scope, {**old, **changed}  # kept, so that no other gets its id
        if changed:
            text = statement.span.text.split("\n")[0].strip()
            named = {"answer" if k == typed.RESULT else k: v for k, v in changed.items()}
            steps.append(Step(statement.span.line, text, named))

    program.outcome(given, trace=told)
    return steps
