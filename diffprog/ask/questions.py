"""Questions in words: what a program that asks tables takes.

In: a question, a table, the program's parameters. Out: inputs by name. The words are members of
the enumeration that the program's `question` is made of: `n0` is the first number of a question,
`c0` the first column of numbers, `t0` the first of text, `entry` what stands in a cell of text,
`blank` no word, `unknown` any other; a word of the language has a `_`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diffprog.ask.tables import Table, number
from diffprog.errors import fail
from diffprog.types import REAL, Array, Bool, Enum

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.pipeline import Program
    from diffprog.types import Type

_WORD = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?|[^\W\d_]+|\x00\d+\x00|\x01")
ENTRY = "\x01"
"""What stands for a cell's text in a question that is being read."""


@dataclass(frozen=True)
class Asked:
    """A question put to a table, as a program takes it.

    Attributes:
        inputs: by name.
        columns: of numbers, those that the program sees, in order.
        texts: of text, likewise.
        rows: of the table, those that have a number in each of these columns.
        unknown: words of the question that the program does not know.
    """

    inputs: dict[str, list[Any]]
    columns: tuple[int, ...]
    texts: tuple[int, ...]
    rows: tuple[int, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Shape:
    """What a program takes: its words, its most words, numbers and columns of each sort."""

    words: tuple[str, ...]
    length: int
    numbers: int
    columns: int
    texts: int


def put(question: str, table: Table, program: Program) -> Asked:
    """Return a question as inputs.

    Raises:
        DiffprogError: DP652 for a table without a row that can be used, DP653 for a program that
            asks no tables, DP654 for a question that it does not understand.
    """
    shape = _shape(program)
    text, named = _marked(question.lower(), table)
    columns = _seen(named, list(table.numbers), table, shape.columns)
    texts = _seen(named, table.texts, table, shape.texts)
    text, entries = _entered(text, table, texts, shape.words)
    tokens = _WORD.findall(text)
    if not tokens:
        fail("DP654", "the question is empty", hint='ask in words: "how many rows are there"')
    found, given = _read(tokens, columns, texts, shape.words)
    if len(tokens) > shape.length:
        message = f"the question has {len(tokens)} words; the program reads {shape.length}"
        fail("DP654", message, hint="ask shorter")
    if len(given) > shape.numbers:
        fail("DP654", f"the question has {len(given)} numbers; the program takes {shape.numbers}")
    rows = _whole(table, columns)
    spare = [0.0] * (shape.columns - len(columns))
    free = [False] * (shape.texts - len(texts))
    said = [[*(table.rows[i][c].strip().lower() in entries for c in texts), *free] for i in rows]
    inputs: dict[str, list[Any]] = {
        "question": found + ["blank"] * (shape.length - len(found)),
        "number": given + [0.0] * (shape.numbers - len(given)),
        "known": [i < len(given) for i in range(shape.numbers)],
        "table": [[*(table.numbers[c][i] for c in columns), *spare] for i in rows],
        "there": [i < len(columns) for i in range(shape.columns)],
        "said": said,
        "written": [i < len(texts) for i in range(shape.texts)],
    }
    unknown = tuple(t for t, w in zip(tokens, found, strict=True) if w == "unknown")
    return Asked(inputs, columns, texts, tuple(rows), unknown)


def _shape(program: Program) -> _Shape:
    found: _Shape | None = None
    p: Mapping[str, Type] = program.parameters
    names = ("question", "number", "known", "table", "there", "said", "written")
    match [p.get(n) for n in names]:
        case [Array((length,), Enum() as words), Array((most,), real), Array((_,), Bool()),
              Array((_, columns), cell), Array((_,), Bool()),
              Array((_, texts), Bool()), Array((_,), Bool())] if real == cell == REAL and (
                  len(p) == len(names) and {"blank", "unknown", "entry"} <= {*words.members}
              ):  # fmt: skip
            found = _Shape(words.members, length, most, columns, texts)
    if found is None:
        hint = f"its parameters are {', '.join(names)}: see `diffprog ask --help`"
        fail("DP653", f"{program.name} asks no tables", program.syntax.main.span, hint=hint)
    return found


def _marked(text: str, table: Table) -> tuple[str, list[int]]:
    """Return a question in which names of columns are marks, and which columns those are."""
    named: list[int] = []
    order = sorted(range(len(table.header)), key=lambda c: -len(table.header[c]))
    for column in order:
        marked = _replaced(text, table.header[column].lower(), f"\x00{column}\x00")
        if marked != text:
            text = marked
            named.append(column)
    return text, named


def _entered(
    text: str, table: Table, texts: Sequence[int], words: Sequence[str]
) -> tuple[str, set[str]]:
    """Return a question in which texts of cells are marks, and which texts those are."""
    cells = {table.rows[i][c].strip().lower() for c in texts for i in range(len(table.rows))}
    near = [c for c in cells if c and c in text and c not in words and f"{c}_" not in words]
    entries: set[str] = set()
    for cell in sorted(near, key=lambda c: (-len(c), c)):
        marked = _replaced(text, cell, ENTRY) if number(cell) is None else text
        if marked != text:
            text = marked
            entries.add(cell)
    return text, entries


def _replaced(text: str, name: str, mark: str) -> str:
    """Put a mark for a name wherever it stands as a word."""
    pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
    return re.sub(pattern, f" {mark} ", text) if name else text


def _seen(named: Sequence[int], all_: Sequence[int], table: Table, width: int) -> tuple[int, ...]:
    """Return the columns that the program sees: those that are named, then others that fit in."""
    wanted = [c for c in named if c in all_]
    if len(wanted) > width:
        names = ", ".join(table.header[c] for c in sorted(wanted))
        message = f"the question names {len(wanted)} columns of a kind ({names}); the program "
        fail("DP654", f"{message}sees {width}", hint="train it with `--set columns=…`")
    others = [c for c in all_ if c not in wanted]
    return tuple(sorted(wanted + others[: width - len(wanted)]))


def _whole(table: Table, columns: Sequence[int]) -> list[int]:
    """Return the rows that have a number in each of some columns."""
    rows = [i for i in range(len(table.rows))
            if not any(math.isnan(table.numbers[c][i]) for c in columns)]  # fmt: skip
    if not rows:
        names = ", ".join(table.header[c] for c in columns)
        fail("DP652", f"no row of {table.name} has a number in each of {names}")
    return rows


def _read(
    tokens: Sequence[str], columns: Sequence[int], texts: Sequence[int], words: Sequence[str]
) -> tuple[list[str], list[float]]:
    """Return the words that the program knows, and the numbers in order."""
    found: list[str] = []
    given: list[float] = []
    for token in tokens:
        if token.startswith("\x00"):
            column = int(token.strip("\x00"))
            sort, of = ("c", columns) if column in columns else ("t", texts)
            found.append(f"{sort}{of.index(column)}")
        elif token == ENTRY:
            found.append("entry")
        elif (value := number(token)) is not None:
            found.append(f"n{len(given)}")
            given.append(value)
        else:
            near = [w for w in (token, f"{token}_") if w in words]
            found.append(near[0] if near else "unknown")
    if set(found) <= {"unknown"}:
        some = ", ".join(w.rstrip("_") for w in words[2:] if not w[-1].isdecimal() and w != "entry")
        fail("DP654", "no word of the question is known", hint=f"known words: {some}")
    return found, given
