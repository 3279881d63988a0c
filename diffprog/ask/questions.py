"""Questions in words: what a program that asks tables takes.

In: a question, a table, the program's parameters. Out: inputs by name. The words are members of
the enumeration that the program's `question` is made of: `n0` is the first number of a question,
`c0` the first column, `blank` no word, `unknown` any other; a word of the language has a `_`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffprog.ask.tables import Table, number
from diffprog.errors import fail
from diffprog.types import REAL, Array, Bool, Enum

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.pipeline import Program
    from diffprog.types import Type

_WORD = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?|[^\W\d_]+|\x00\d+\x00")


@dataclass(frozen=True)
class Asked:
    """A question put to a table, as a program takes it.

    Attributes:
        inputs: by name.
        columns: of the table, those that the program sees, in order.
        rows: of the table, those that have a number in each of these.
    """

    inputs: dict[str, object]
    columns: tuple[int, ...]
    rows: tuple[int, ...]


def put(question: str, table: Table, program: Program) -> Asked:
    """Return a question as inputs.

    Raises:
        DiffprogError: DP653 for a program that asks no tables, DP654 for a question that it does
            not understand.
    """
    words, most, width = _shapes(program)
    text, named = _marked(question.lower(), table)
    tokens = _WORD.findall(text)
    if not tokens:
        fail("DP654", "the question is empty", hint='ask in words: "how many rows are there"')
    columns = _columns(named, table, width)
    found, given = _tokens(tokens, columns, words.item)
    if len(tokens) > words.shape[0]:
        message = f"the question has {len(tokens)} words; the program reads {words.shape[0]}"
        fail("DP654", message, hint="ask shorter")
    if len(given) > most:
        fail("DP654", f"the question has {len(given)} numbers; the program takes {most}")
    rows = [i for i in range(len(table.rows))
            if not any(math.isnan(table.numbers[c][i]) for c in columns)]  # fmt: skip
    if not rows:
        names = ", ".join(table.header[c] for c in columns)
        fail("DP652", f"no row of {table.name} has a number in each of {names}")
    spare = [0.0] * (width - len(columns))
    inputs: dict[str, object] = {
        "question": found + ["blank"] * (words.shape[0] - len(found)),
        "number": given + [0.0] * (most - len(given)),
        "known": [i < len(given) for i in range(most)],
        "table": [[*(table.numbers[c][i] for c in columns), *spare] for i in rows],
        "there": [i < len(columns) for i in range(width)],
    }
    return Asked(inputs, columns, tuple(rows))


def _shapes(program: Program) -> tuple[Array, int, int]:
    """Return the type of a program's question, its most numbers, its columns."""
    p: Mapping[str, Type] = program.parameters
    found: tuple[Array, int, int] | None = None
    match [p.get(n) for n in ("question", "number", "known", "table", "there")]:
        case [Array((_,), Enum()) as words, Array((most,), item), Array((_,), Bool()),
              Array((_, width), cell), Array((_,), Bool())] if item == cell == REAL:  # fmt: skip
            found = words, most, width
    if found is None or len(p) != 5 or not {"blank", "unknown"} <= set(_members(found[0])):
        hint = (
            "its parameters are question, number, known, table and there: see `diffprog ask --help`"
        )
        fail("DP653", f"{program.name} asks no tables", program.syntax.main.span, hint=hint)
    return found


def _members(words: Array) -> tuple[str, ...]:
    assert isinstance(words.item, Enum)
    return words.item.members


def _marked(text: str, table: Table) -> tuple[str, list[int]]:
    """Return a question in which names of columns are marks, and which columns those are."""
    named: list[int] = []
    order = sorted(range(len(table.header)), key=lambda c: -len(table.header[c]))
    for column in order:
        name = table.header[column].lower()
        pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
        if name and re.search(pattern, text):
            text = re.sub(pattern, f" \x00{column}\x00 ", text)
            named.append(column)
    return text, named


def _columns(named: list[int], table: Table, width: int) -> tuple[int, ...]:
    """Return the columns that the program sees: those that are named, then others that fit in."""
    for column in named:
        if column not in table.numbers:
            hint = "columns of numbers: " + ", ".join(table.header[c] for c in table.numbers)
            fail("DP654", f"the column `{table.header[column]}` is not of numbers", hint=hint)
    if len(named) > width:
        message = f"the question names {len(named)} columns; the program sees {width}"
        fail("DP654", message, hint="train it with `--set columns=…`")
    others = [c for c in table.numbers if c not in named]
    return tuple(sorted(named + others[: width - len(named)]))


def _tokens(
    tokens: list[str], columns: tuple[int, ...], words: Type
) -> tuple[list[str], list[float]]:
    """Return the words that the program knows, and the numbers in order."""
    assert isinstance(words, Enum)
    found: list[str] = []
    given: list[float] = []
    for token in tokens:
        if token.startswith("\x00"):
            found.append(f"c{columns.index(int(token.strip(chr(0))))}")
        elif (value := number(token)) is not None:
            found.append(f"n{len(given)}")
            given.append(value)
        else:
            near = [w for w in (token, f"{token}_") if w in words.members]
            found.append(near[0] if near else "unknown")
    if set(found) <= {"unknown"}:
        some = ", ".join(w.rstrip("_") for w in words.members[2:] if not w[-1].isdecimal())
        fail("DP654", "no word of the question is known", hint=f"known words: {some}")
    return found, given
