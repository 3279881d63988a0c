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
    items_of,
    json_option,
    note,
    parse_words,
    program_of,
    set_option,
    show_json,
)
from diffprog.cli.show_page import show_page
from diffprog.lang import typed
from diffprog.nets import PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.pipeline import Program
    from diffprog.pipeline.tracing import SoftTrace
    from diffprog.types import Value


@click.command()
@click.argument("run")
@in_option
@click.option(
    "--input", "source", metavar="FILE", help="JSON inputs, or lines of examples; - is stdin."
)
@click.option(
    "-o", "--output", metavar="FILE", help="A picture over time: svg, png, pdf; a page: html."
)
@click.option("--view", is_flag=True, help="Open the page in a browser.")
@click.option(
    "--words",
    metavar="NAME=WORDS",
    multiple=True,
    callback=parse_words,
    help="What the cells of an array are called; of `answer`, what each read is for.",
)
@click.option("--only", metavar="NAME", multiple=True, help="A variable that a picture shows.")
@set_option
@json_option
def trace(
    run: str,
    inputs: Mapping[str, object],
    source: str | None,
    output: str | None,
    view: bool,
    words: Mapping[str, Sequence[str]],
    only: tuple[str, ...],
    sizes: Mapping[str, int],
    as_object: bool,
) -> None:
    """Show what a program does with one input, step by step.

    Of a learned program each statement is printed with what it changed. With `-o` it is run
    softly, with the weights that the run has learned, and drawn over time: memory, where it is
    read and written, the weights of branches and of halting; as a page with its text and its graph
    beside it, and with every input of the file. `--json` prints both. RUN is the folder of a run,
    or a program; one with open holes is run softly, with their first weights.
    """
    items = [{**item, **inputs} for item in (items_of(source) if source else [{}])]
    program = program_of(run, sizes)
    is_open = bool(program.holes.keys() - program.choices.keys())
    draws = output is not None or view
    steps = [] if is_open or (draws and not as_object) else _steps(program, items[0])
    watched = _watched(run, program, items) if is_open or draws or as_object else None
    if output is not None and watched is not None:
        note(f"{watched.render(output, words, only)}: written")
    if view and watched is not None:
        show_page(program.name, lambda path: watched.render(path, words))
    if as_object and watched is not None:
        soft = {"answer": watched.answer, "records": [s._asdict() for s in watched.steps]}
        show_json("trace", steps=[asdict(step) for step in steps], soft=soft)
    elif is_open and not draws and watched is not None:
        click.echo(watched.text)
    if as_object:
        return
    for step in steps:
        changed = "  ".join(f"{k} = {json.dumps(_short(v))}" for k, v in step.changed.items())
        where = f"{step.file}:{step.line}" if step.file else f"{step.line:>4}"
        click.echo(f"{where}  {step.text:<40}  {changed}")


def _short(value: Value) -> Value:
    """Return a value with its reals at four digits, for reading; `--json` has all of them."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    return type(value)(map(_short, value)) if isinstance(value, (list, tuple)) else value


def _watched(run: str, program: Program, items: Sequence[Mapping[str, object]]) -> SoftTrace:
    """Run softly: of a run, the program with its holes and the weights that they have."""
    from diffprog.pipeline.tracing import traced

    if not Path(run).is_dir():
        return traced(program, items)
    from diffprog.cli.emit import run_of
    from diffprog.learn.weights import run_weights

    source, report = run_of(run)
    choices = report["choices"]
    assert isinstance(choices, dict)
    networks = {k: v for k, v in program.choices.items() if k.startswith(PREFIX)}
    return traced(source.decide(choices | networks), items, run_weights(run))


@dataclass(frozen=True)
class Step:
    """A statement that changed something: its line, its text, and what variables are then.

    Of a statement in a module its file too.
    """

    line: int
    text: str
    changed: dict[str, Value]
    file: str = ""


def _steps(program: Program, given: Mapping[str, object]) -> list[Step]:
    """Return what changed, statement by statement; of `a, b = e` all that it assigns at once."""
    steps: list[Step] = []
    before: dict[int, tuple[object, dict[str, Value]]] = {}
    parts: list[object] = [None]  # the span of the `a, b = e` that is at work

    def told(statement: typed.TStatement, scope: Mapping[str, Value]) -> None:
        _, old = before.get(id(scope), (None, {}))
        changed = {k: deepcopy(v) for k, v in scope.items() if k not in old or old[k] != v}
        before[id(scope)] = scope, {**old, **changed}  # kept, so that no other gets its id
        named = {"answer" if k == typed.RESULT else k: v for k, v in changed.items()}
        written = {k: v for k, v in named.items() if "," not in k}
        begins = isinstance(statement, typed.Assign) and "," in statement.place.name
        if statement.span is parts[0] and not begins:
            steps[-1].changed.update(written)
            return
        parts[0] = statement.span if begins else None
        if changed or begins:
            text = statement.span.text.split("\n")[0].strip()
            source = statement.span.source.name
            file = "" if source == program.name else source
            steps.append(Step(statement.span.line, text, written, file))

    program.outcome(given, trace=told)
    return [step for step in steps if step.changed]
