"""Answers from tables: the program that was written, how sure that is, what it gives.

In: a trained program, a table, a question. Out: `Answer`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from diffprog.ask.questions import put
from diffprog.crisp.recorded import recorded
from diffprog.pipeline.data import encode_inputs
from diffprog.pipeline.decided import program_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.ask.tables import Table
    from diffprog.lang.typed import TStatement
    from diffprog.pipeline import Program
    from diffprog.types import Value


SEEN = 50
"""So many rows are there when a program is written; it is run on all."""


@dataclass(frozen=True)
class Answer:
    """What a question came to.

    Attributes:
        program: the program that was written for it.
        weight: how probable its decisions are, all together.
        result: the number that it gives.
        cells: what it shows of the table: column, row, and the text there.
        selected: the rows that it selected last, by number; those of the table from 0.
        left_out: rows without a number in a column that the program sees.
        unknown: words of the question that the program does not know.
    """

    program: Program
    weight: float
    result: float
    cells: tuple[tuple[str, int, str], ...]
    selected: tuple[int, ...]
    left_out: int
    unknown: tuple[str, ...]


def answer(program: Program, table: Table, question: str) -> Answer:
    """Write the program that answers a question about a table, and run it.

    Raises:
        DiffprogError: DP653, DP654 for a question or a program that does not fit.
    """
    asked = put(question, table, program)
    first = {n: v[:SEEN] if n in ("table", "said") else v for n, v in asked.inputs.items()}
    bound = program.bound(first)
    values = encode_inputs(bound.syntax, bound.parameters, first)
    _, record = recorded(bound.checked, values, bound.choices, bound.networks)
    weight = prod(met.weights[met.chosen] for met in record.decisions if met.weights)
    written = program_for(program, first)
    chosen: list[Value] = []

    def watch(_: TStatement, scope: Mapping[str, Value]) -> None:
        if "selected" in scope:
            chosen[:] = [scope["selected"]]

    outcome, made = written.outcome(asked.inputs, trace=watch)
    found = made.result.decode(outcome.value)
    assert isinstance(found, list)
    result, *shown = found
    cells = [
        (table.header[column], row, table.rows[row][column])
        for marks, columns in zip(shown, (asked.columns, asked.texts), strict=True)
        for place, column in enumerate(columns)
        for i, row in enumerate(asked.rows)
        if marks[i][place]
    ]
    marks = chosen[0] if chosen else [True] * len(asked.rows)
    assert isinstance(marks, list)
    selected = tuple(row for row, mark in zip(asked.rows, marks, strict=True) if mark)
    left_out = len(table.rows) - len(asked.rows)
    return Answer(written, weight, float(result), tuple(cells), selected, left_out, asked.unknown)
