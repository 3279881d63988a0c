"""`diffprog fmt`: programs in their canonical form."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from diffprog.cli.say import CALL, FINDINGS, FINE, note, tell, text_of, wrong_call
from diffprog.errors import DiffprogError, Source
from diffprog.lang.format import format_program
from diffprog.lang.parse import is_module, parse


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit 1 if it would.")
def fmt(files: tuple[str, ...], only_check: bool) -> int:
    """Format programs in place, comments kept.

    `-` formats standard input to standard output.
    """
    return max(_formatted(path, only_check=only_check) for path in files)


def _formatted(path: str, *, only_check: bool) -> int:
    try:
        text, name = text_of(path)
        new = format_program(parse(Source(name, text), module=is_module(text)))
    except DiffprogError as problem:
        tell(problem.diagnostics)
        return CALL if wrong_call(problem) else FINDINGS
    if path == "-" and not only_check:
        click.echo(new, nl=False)
    elif text != new and only_check:
        note(f"{name}: would be reformatted")
        return FINDINGS
    elif text != new:
        _replace(Path(path), new)
        note(f"{name}: reformatted")
    return FINE


def _replace(path: Path, text: str) -> None:
    """Write a file at once or not at all."""
    mode = path.stat().st_mode
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
        out.write(text)
    Path(name).chmod(mode)
    Path(name).replace(path)
