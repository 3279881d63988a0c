"""Tables of a file: columns of numbers where each cell is one, else text.

In: the path of a CSV. Out: `Table`. The file is read by pandas (extra `ask`).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffprog.errors import fail

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBER = re.compile(r"\D{0,3}?([+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?|[+-]?\.\d+)\s*[^\d.,]*")
"""A number, also with commas between thousands, a currency before it or a unit behind it."""


@dataclass(frozen=True)
class Table:
    """A table: its header, its cells as text, and the numbers of the columns that hold numbers.

    Attributes:
        name: of the file.
        header: a name for each column.
        rows: the cells as they stand there.
        numbers: by column, a number for each row; nan where a cell is empty.
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: dict[int, list[float]]

    @property
    def texts(self) -> list[int]:
        """The columns that hold something else."""
        return [i for i in range(len(self.header)) if i not in self.numbers]


def number(text: str) -> float | None:
    """Return the number that a cell is; nan of an empty one, None of anything else.

    >>> number("1,234"), number("$5.50"), number("-3 km"), number("Rome"), number("2, 3")
    (1234.0, 5.5, -3.0, None, None)
    """
    if not text.strip():
        return math.nan
    found = _NUMBER.fullmatch(text.strip().replace("−", "-"))
    return float(found[1].replace(",", "")) if found else None


def read_table(path: str) -> Table:
    """Read a CSV.

    Raises:
        DiffprogError: DP650 without pandas, DP651 for a file that is no table.
    """
    cells = _cells(path)
    if not cells or not cells[0]:
        fail("DP651", f"{path} is empty", hint="the first line names the columns")
    header, rows = tuple(c.strip() for c in cells[0]), cells[1:]
    if all(number(c) is not None for c in header):
        message = f"{path} has no header: its first line holds numbers"
        fail("DP651", message, hint="the first line names the columns")
    if not rows:
        fail("DP651", f"{path} has a header and no rows")
    columns = {i: _numbers([row[i] for row in rows]) for i in range(len(header))}
    numbers = {i: column for i, column in columns.items() if column is not None}
    return Table(path, header, tuple(map(tuple, rows)), numbers)


def _numbers(cells: Sequence[str]) -> list[float] | None:
    found = [n for n in map(number, cells) if n is not None]
    return found if len(found) == len(cells) and not all(map(math.isnan, found)) else None


def _cells(path: str) -> list[list[str]]:
    try:
        import pandas as pd
    except ImportError:
        hint = "install it: `pip install 'diffprog[ask]'`"
        fail("DP650", "reading a table needs pandas, which is not installed", hint=hint)
    try:
        frame = pd.read_csv(path, header=None, dtype=str, keep_default_na=False, na_filter=False,
                            encoding="utf-8-sig", skipinitialspace=True)  # fmt: skip
    except pd.errors.EmptyDataError:
        return []
    except (OSError, UnicodeDecodeError, pd.errors.ParserError) as problem:
        about = problem.strerror if isinstance(problem, OSError) else str(problem).strip()
        hint = "each line has as many cells as the first; a cell with a comma stands in quotes"
        fail("DP651", f"{path} is not a table in UTF-8: {about}", hint=hint)
    return [[str(c) for c in row] for row in frame.itertuples(index=False)]
