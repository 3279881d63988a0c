"""`diffprog ask`: a question about a table, answered by the program that a run writes for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from diffprog.cli.say import FINDINGS, FINE, json_option, note, show_json
from diffprog.pipeline import load

if TYPE_CHECKING:
    from diffprog.ask.answers import Answer
    from diffprog.ask.tables import Table

SHOWN = 10
"""How many rows are printed."""


@click.command()
@click.argument("run")
@click.argument("file", metavar="TABLE")
@click.argument("question")
@click.option(
    "--least",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="The weight that the program must have to be run.",
)
@json_option
def ask(run: str, file: str, question: str, least: float, as_object: bool) -> int:
    """Ask a table in words.

    TABLE is a CSV whose first line names the columns. The answer goes to standard output; the
    program, how probable it is and the rows that it selected go to standard error.

    RUN has learned a program with the parameters `question: Word[length]`, `number: real[k]`,
    `known: bool[k]`, `table: real[rows, columns]`, `there: bool[columns]`, `said: bool[rows,
    texts]` (where the question says what stands in a cell of text) and `written: bool[texts]`. It
    gives a number and the cells to show, `bool[rows, columns]` and `bool[rows, texts]`. `Word` is
    an enumeration with `blank`, `unknown`, `entry`, `n0`, `n1`, … for numbers, `c0`, `c1`, … for
    columns of numbers, `t0`, `t1`, … for those of text, and the words that it knows (`where_` for a
    word of the language).
    """
    from diffprog.ask.answers import answer
    from diffprog.ask.tables import read_table

    learned = Path(run) / "learned.dp"
    if not learned.is_file():
        message = f"{run} is not the folder of a finished run (there is no {learned.name} in it)"
        raise click.UsageError(message)
    table = read_table(file)
    found = answer(load(learned), table, question)
    sure = found.weight >= least
    if as_object:
        _object(found, sure)
    else:
        _show(found, table, least, sure)
    return FINE if sure else FINDINGS


def _object(found: Answer, sure: bool) -> None:
    show_json(
        "ask", sure=sure, weight=found.weight, result=found.result if sure else None,
        cells=[list(c) for c in found.cells] if sure else [], selected=list(found.selected),
        program=found.program.source, unknown=list(found.unknown),
    )  # fmt: skip


def _show(found: Answer, table: Table, least: float, sure: bool) -> None:
    # Without its declarations: they are those of the run, and longer than it is.
    note(found.program.syntax.main.span.text)
    if found.unknown:
        note(f"words that it does not know: {', '.join(found.unknown)}")
    note(f"weight of this program: {found.weight:.3f}")
    if not sure:
        note(f"no answer: that is less than {least:g} (--least)")
        return
    if found.left_out:
        note(f"{found.left_out} rows have no number in a column that it sees: left out")
    note(f"rows selected: {len(found.selected)} of {len(table.rows)}")
    for row in found.selected[:SHOWN]:
        note("  " + ", ".join(table.rows[row]))
    if len(found.selected) > SHOWN:
        note(f"  … and {len(found.selected) - SHOWN} more")
    if found.cells:
        for _, _, text in found.cells:
            click.echo(text)
    else:
        click.echo(f"{found.result:.10g}")
