"""`diffprog check`: all errors and warnings of all files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from diffprog.cli.say import (
    CALL,
    FINDINGS,
    FINE,
    as_json,
    json_option,
    note,
    set_option,
    show_json,
    tell,
    text_of,
    wrong_call,
)
from diffprog.errors import DiffprogError, Span
from diffprog.pipeline import findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from diffprog.errors import Diagnostic

LOST = "DP901"
MOST_LOST = 3
"""Places of lost correlation that are shown unless all are asked for."""
WIDEST = 60
"""Columns that are underlined at such a place: it may be a whole block."""


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--all", "show_all", is_flag=True, help="Each place where correlation is lost.")
@set_option
@json_option
def check(files: tuple[str, ...], show_all: bool, sizes: Mapping[str, int], as_object: bool) -> int:
    """Tell all errors and warnings of programs and of modules.

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
            _tell(found, show_all=show_all)
        codes.append(code)
        reports.append({"file": path, "ok": code == FINE, "diagnostics": listed})
    if as_object:
        show_json("check", ok=not any(codes), files=reports)
    return max(codes)


def _checked(path: str, sizes: Mapping[str, int]) -> tuple[int, tuple[Diagnostic, ...]]:
    try:
        text, name = text_of(path)
        return FINE, findings(text, name, **sizes)
    except DiffprogError as problem:
        return (CALL if wrong_call(problem) else FINDINGS), problem.diagnostics


def _tell(found: Iterable[Diagnostic], *, show_all: bool) -> None:
    """Print findings: of lost correlation one a line of the program, and not many."""
    shown: list[Diagnostic] = []
    lines: set[object] = set()
    left: set[object] = set()
    for d in found:
        if d.code != LOST or d.span is None:
            shown.append(d)
            continue
        place = d.span.source.name, d.span.line
        if not show_all and (place in lines or len(lines) == MOST_LOST):
            left |= {place} - lines
            continue
        lines.add(place)
        end = min(d.span.end, d.span.start + WIDEST)
        shown.append(replace(d, span=Span(d.span.source, d.span.start, end)))
    tell(shown)
    if left:
        places = "place" if len(left) == 1 else "places"
        note(f"\nand {len(left)} more {places} where correlation is lost (--all shows them)")
