"""Tables of Wikipedia as files have them, and as the program sees them.

In: a CSV in which a quote inside a cell stands behind a backslash. Out: `Table`. Rows of different
lengths are filled up with empty cells; cells beyond the header are left out.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from examples.wikitables.answers import key, unaccented

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBER = re.compile(
    r"[^\w.]{0,3}?([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[+-]?\.\d+)(.*)", re.S
)
_DATE = re.compile(
    rf"(?:(\d{{1,2}})\s+)?({'|'.join(MONTHS)})[a-z]*\.?,?(?:\s+(\d{{1,2}})(?!\d))?,?(?:\s+(\d{{4}}))?"
)
WORD = re.compile(r"\d[\d,]*(?:\.\d+)?|[^\W\d_]+(?:'[^\W\d_]+)?|[$%#]")
"""A word of a question, a name or a cell: a number, letters, or a sign that counts."""


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes:
        header: a name for each column.
        rows: texts, as many in each as there are columns.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @cached_property
    def keys(self) -> list[list[str]]:
        """What each cell means: equal for cells that answer a question alike."""
        return [[key(cell) for cell in row] for row in self.rows]

    @cached_property
    def numbers(self) -> list[list[float | None]]:
        """The number that each cell begins with, or the date that it is."""
        return [[measured(cell) for cell in row] for row in self.rows]

    @cached_property
    def words(self) -> list[list[tuple[str, ...]]]:
        """The words of each cell."""
        return [[words(cell) for cell in row] for row in self.rows]


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text, in small letters and without accents.

    >>> words("Élan's 1,200 m (#2)")
    ("elan's", '1200', 'm', '#', '2')
    """
    return tuple(w.replace(",", "") for w in WORD.findall(unaccented(text).lower()))


def measured(text: str) -> float | None:
    """Return the number that a cell begins with; of a date, years.

    >>> measured("1,234 km"), measured("$5.50"), measured("Rome"), measured("July 1, 1990")
    (1234.0, 5.5, None, 1990.5)
    """
    small = unaccented(text).strip().lower()
    date = _DATE.search(small)
    if date is not None and (date[1] or date[3] or date[4]):
        month = MONTHS.index(date[2])
        day = int(date[1] or date[3] or 1)
        return int(date[4] or 0) + month / 12 + (day - 1) / 372
    found = _NUMBER.match(small)
    return None if found is None else float(found[1].replace(",", ""))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table whose rows are all as long as its header."""
    width = len(header)
    even = (tuple(row[:width]) + ("",) * (width - len(row)) for row in rows)
    return Table(tuple(header), tuple(even))


def read_table(path: Path) -> Table:
    """Read a CSV whose first line is the header.

    Raises:
        ValueError: where there is no line.
    """
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file, doublequote=False, escapechar="\\"))
    if not lines:
        message = f"{path} is empty: its first line names the columns"
        raise ValueError(message)
    return table(lines[0], lines[1:])
