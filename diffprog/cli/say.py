"""What commands say, and where: diagnostics in colour on standard error, JSON on standard output.

In: diagnostics, results. Out: text on the two streams, exit codes. Reads files for commands,
with ``-`` for standard input.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diffprog.pipeline import clipped, load, loads, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from diffprog.errors import Diagnostic, DiffprogError, Span
    from diffprog.pipeline import Program

FINE, FINDINGS, CALL, OURS, INTERRUPTED = 0, 1, 2, 3, 130

CALL_CODES = (
    *("DP0", "DP420", "DP603", "DP604", "DP605", "DP63"),  # files, sizes, inputs, data
    *(
        "DP620",
        "DP621",
        "DP622",
        "DP624",
        "DP625",
        "DP626",
        "DP627",
        "DP64",
        "DP65",
    ),  # options, tools
)
"""Codes about the call: what was asked for does not fit the program or the machine."""

ISSUES = "https://github.com/diffprog/diffprog/issues"


def wrong_call(problem: DiffprogError) -> bool:
    """Say whether an error is about the call and not about the program."""
    return all(d.code.startswith(CALL_CODES) for d in problem.diagnostics)


def coloured() -> bool:
    """Say whether standard error shows colours: a terminal, and the user does not object."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")


def tell(diagnostics: Iterable[Diagnostic]) -> None:
    """Print diagnostics to standard error, a blank line between them."""
    for i, found in enumerate(diagnostics):
        head, _, rest = found.render().partition("\n")
        if coloured():
            word, colon, message = head.partition(": ")
            colour = "red" if found.severity == "error" else "yellow"
            head = click.style(word, fg=colour, bold=True) + click.style(colon + message, bold=True)
        lead = "\n" if i else ""
        click.echo(f"{lead}{head}\n{rest}" if rest else f"{lead}{head}", err=True)


def note(text: str) -> None:
    """Print a remark to standard error."""
    click.echo(text, err=True)


def show_json(schema: str, **fields: object) -> None:
    """Print one JSON object to standard output; `schema` says what its fields are."""
    click.echo(json.dumps({"schema": f"diffprog.{schema}/1", **fields}, ensure_ascii=False))


def as_json(found: Diagnostic) -> dict[str, object]:
    """Return a diagnostic as JSON: lines and columns count from 1, in code points."""
    return {
        "code": found.code,
        "severity": found.severity,
        "message": found.message,
        **_place(found.span),
        "label": found.label,
        "help": found.help,
        "others": [{**_place(other.span), "label": other.text} for other in found.others],
    }


def _place(span: Span | None) -> dict[str, object]:
    if span is None:
        return {"file": None, "line": None, "column": None, "end_line": None, "end_column": None}
    line, column = span.source.place(span.start)
    end_line, end_column = span.source.place(span.end)
    return {
        "file": span.source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }


def own_fault(problem: Exception) -> None:
    """Print a fault of diffprog's own, with all that a report of it needs."""
    lines = traceback.format_exception(problem)
    click.echo("".join(lines), err=True, nl=False)
    click.echo(
        "\nThis is a fault of diffprog, not of your program. Please report it, with the lines above"
        f"\nand the program, at {ISSUES}",
        err=True,
    )


# --- what commands read ---------------------------------------------------------------------------


def text_of(path: str) -> tuple[str, str]:
    """Return the text of a file and the name it goes by; ``-`` is standard input."""
    if path == "-":
        try:
            return sys.stdin.buffer.read().decode(), "<stdin>"
        except UnicodeDecodeError as problem:
            message = f"standard input is not UTF-8 text (byte {problem.start})"
            raise click.UsageError(message) from None
    return read_text(path), path


def program_of(path: str, sizes: Mapping[str, int]) -> Program:
    """Load a program: of a file, of standard input, or the one that a run has learned.

    What a run has learned of networks and of blocks of reals is loaded with it.
    """
    if path == "-":
        text, name = text_of(path)
        return loads(text, name, **sizes)
    return load(learned_in(path) if Path(path).is_dir() else path, **sizes)


def learned_in(run: str) -> Path:
    """Return where the learned program of a run is."""
    learned = Path(run) / "learned.dp"
    if not learned.is_file():
        message = f"{run} is not the folder of a finished run (there is no {learned.name} in it)"
        raise click.UsageError(message)
    return learned


def parse_sizes(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:
    """Turn ``--set n=3`` into sizes."""
    sizes = {}
    for setting in given:
        name, equals, number = setting.partition("=")
        if not equals or not name or not number.isdecimal():
            message = f"{clipped(setting)!r} does not read NAME=NUMBER, such as n=3"
            raise click.BadParameter(message)
        sizes[name] = int(number)
    return sizes


def parse_inputs(
    _: click.Context, __: click.Parameter, given: tuple[str, ...]
) -> dict[str, object]:
    """Turn ``--in xs=[3,1,2]`` into inputs."""
    inputs = {}
    for setting in given:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            message = f"{clipped(setting)!r} does not read NAME=JSON, such as xs='[3, 1, 2]'"
            raise click.BadParameter(message)
        inputs[name] = read_json(f"--in {name}", text)
    return inputs


def parse_words(
    _: click.Context, __: click.Parameter, given: tuple[str, ...]
) -> dict[str, list[str]]:
    """Turn ``--words text='the old cat'`` or a JSON list into the names of cells."""
    words = {}
    for setting in given:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            message = f"{clipped(setting)!r} does not read NAME=WORDS, such as text='the old cat'"
            raise click.BadParameter(message)
        found = read_json(f"--words {name}", text) if text.startswith("[") else text.split()
        words[name] = list(map(str, found)) if isinstance(found, list) else [str(found)]
    return words


def read_json(what: str, text: str) -> object:
    """Read JSON, or say that the call is wrong."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as problem:
        message = (
            f"{what}: {clipped(text)!r} is not JSON: {problem.msg} (character {problem.pos + 1})"
        )
    except (ValueError, RecursionError) as problem:
        message = f"{what}: {clipped(text)!r} cannot be read: {problem}"
    raise click.UsageError(message)


def inputs_of(path: str) -> dict[str, object]:
    """Read a JSON object of inputs by name from a file; the ``in`` of an example will do too."""
    text, name = text_of(path)
    return _inputs(name, text, read_json(name, text))


def items_of(path: str) -> list[dict[str, object]]:
    """Read inputs from a file: an object of them, a list of objects, or an object a line."""
    text, name = text_of(path)
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and all(line.startswith("{") and line.rstrip()[-1] == "}" for line in lines):
        found = [read_json(f"{name}:{k}", line) for k, line in enumerate(lines[:MOST_ITEMS], 1)]
    else:
        whole = read_json(name, text)
        found = whole[:MOST_ITEMS] if isinstance(whole, list) and whole else [whole]
    return [_inputs(name, json.dumps(item), item) for item in found]


def _inputs(name: str, text: str, found: object) -> dict[str, object]:
    if isinstance(found, dict) and set(found) == {"in", "out"} and isinstance(found["in"], dict):
        found = found["in"]
    if not isinstance(found, dict):
        message = f"{name}: found {clipped(text.strip())}, expected an object of inputs by name"
        raise click.UsageError(message)
    return found


MOST_ITEMS = 32
"""So many inputs of a file are watched."""

set_option = click.option(
    "--set",
    "sizes",
    metavar="NAME=NUMBER",
    multiple=True,
    callback=parse_sizes,
    help="Bind a size. Repeat for several.",
)
in_option = click.option(
    "--in",
    "inputs",
    metavar="NAME=JSON",
    multiple=True,
    callback=parse_inputs,
    help="An input of the program. Repeat for several.",
)
json_option = click.option("--json", "as_object", is_flag=True, help="Print one JSON object.")
