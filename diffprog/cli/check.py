"""`diffprog check`: all errors and warnings of all files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from diffprog.cli.say import (
    CALL,
    FINDINGS,
    FINE,
    as_json,
    json_option,
    note,
    program_of,
    set_option,
    show_json,
    tell,
    wrong_call,
)
from diffprog.errors import DiffprogError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.errors import Diagnostic


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@set_option
@json_option
def check(files: tuple[str, ...], sizes: Mapping[str, int], as_object: bool) -> int:
    """Tell all errors and warnings of programs.

    Exits 1 when there is an error. `-` is standard input.
    """
    codes: list[int] = []
    reports: list[dict[str, object]] = []
    for path in files:
        code, found = _checked(path, sizes)
        listed = [as_json(d) for d in found]
        if not as_object and found:
            if any(report["diagnostics"] for report in reports):
                note("")
            tell(found)
        codes.append(code)
        reports.append({"file": path, "ok": code == FINE, "diagnostics": listed})
    if as_object:
        show_json("check", ok=not any(codes), files=reports)
    return max(codes)


def _checked(path: str, sizes: Mapping[str, int]) -> tuple[int, tuple[Diagnostic, ...]]:
    try:
        return FINE, program_of(path, sizes).warnings
    except DiffprogError as problem:
        return (CALL if wrong_call(problem) else FINDINGS), problem.diagnostics
