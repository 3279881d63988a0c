"""Questions about tables as the program takes them: inputs by name, and the values that answer.

In: a question in words, a table, the words that are known. Out: `Encoded`. A number of the question
is the word `<n0>`, `<n1>`; a word that stands in a cell and is not known is `<entry>`. Where a
question says what stands in cells (`said`) is found by the longest stretches of words that both
have, beyond `SMALL` words.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from examples.wikitables.answers import as_number, keys
from examples.wikitables.tables import Table, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

LENGTH, TITLE, COLUMNS, NUMBERS, HINTS = 24, 3, 10, 2, 8
"""Words of a question, of a column's name, columns, numbers of a question, numbers about a column:
what the program takes at most."""
MOST_ROWS = 256
"""Rows beyond are left out."""
SPECIAL = ("<blank>", "<unknown>", "<entry>", "<n0>", "<n1>", "<n>")
BLANK, UNKNOWN, ENTRY = range(3)
OFTEN, OFTEN_NAMED = 5, 3
"""How often a word has to stand in questions, or in names of columns, to be known."""
NOTHING = 0
"""The value that no cell and no count is."""
_SMALL = """a an the of in at on for to and or by with from as is was were are be been did do does
has have had how many much what which who whom whose when where why that this these
those than then it its their there they he she his her not no only same each all any
between more most less least fewer after before above below over under first last next
previous top bottom number total year years name names list rank times time other
another"""
SMALL = frozenset(_SMALL.split())
"""Words that say nothing about which cells are meant."""


@dataclass(frozen=True)
class Question:
    """A question, its table, and the items of its answer.

    Attributes:
        place: where it comes from.
        text: in words.
        table: what it is about.
        answer: the items, as texts.
    """

    place: str
    text: str
    table: Table
    answer: tuple[str, ...]

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Its words, in small letters."""
        return words(self.text)[:LENGTH]


@dataclass(frozen=True)
class Sheet:
    """A table as the program sees it, its columns as they stand there.

    Attributes:
        names: words of the names, [columns, title].
        numbers, numeric: what cells are, and whether they are numbers, [rows, columns].
        alike: the first row that has the cell of a row in this column, [rows, columns].
        value: which value each cell is, [rows, columns].
        counted: which value the number of so many rows is, [rows + 1].
        values: the number of each key.
        shares: of each column: numeric cells, different cells, [columns, 2].
    """

    names: NDArray[np.int64]
    numbers: NDArray[np.float64]
    numeric: NDArray[np.bool_]
    alike: NDArray[np.int64]
    value: NDArray[np.int64]
    counted: NDArray[np.int64]
    values: dict[str, int]
    shares: NDArray[np.float64]


@dataclass(frozen=True)
class Encoded:
    """A question with its sheet, and which of its columns the program sees.

    Attributes:
        source: what it was made from.
        words: its words, by number, [length].
        given: its numbers.
        said: which cells of the sheet it says, [rows, columns].
        about: what it has to do with each column, [columns, hints].
        columns: those that the program sees, in order.
        answer: the values that answer it; `NOTHING` where the table has none of them.
    """

    source: Question
    sheet: Sheet
    words: NDArray[np.int64]
    given: tuple[float, ...]
    said: NDArray[np.bool_]
    about: NDArray[np.float64]
    columns: tuple[int, ...]
    answer: tuple[int, ...]

    @property
    def reachable(self) -> bool:
        """Whether its answer is made of cells, or of a count."""
        return NOTHING not in self.answer


class Vocabulary:
    """The words that are known, by number."""

    def __init__(self, found: Sequence[str]) -> None:
        self.words = (*SPECIAL, *found)
        self.numbers = {word: i for i, word in enumerate(self.words)}
        self._sheets: dict[int, tuple[Table, Sheet]] = {}

    @staticmethod
    def of(questions: Iterable[Question]) -> Vocabulary:
        """Return the words that stand often enough in questions or names of columns."""
        said: Counter[str] = Counter()
        named: Counter[str] = Counter()
        seen: set[int] = set()
        for question in questions:
            said.update(w for w in question.words if as_number(w) is None)
            if id(question.table) not in seen:
                seen.add(id(question.table))
                named.update(w for name in question.table.header for w in words(name)[:TITLE])
        often = {w for w, n in said.items() if n >= OFTEN}
        often |= {w for w, n in named.items() if n >= OFTEN_NAMED and as_number(w) is None}
        return Vocabulary(sorted(often))

    def number(self, word: str) -> int:
        """Return the number of a word."""
        return self.numbers.get(word, UNKNOWN)

    def sheet(self, table: Table) -> Sheet:
        """Return a table as the program sees it; made once."""
        if id(table) not in self._sheets:
            self._sheets[id(table)] = (table, _sheet(table, self))
        return self._sheets[id(table)][1]

    def encoded(self, question: Question) -> Encoded:
        """Return a question as the program takes it."""
        sheet, table = self.sheet(question.table), question.table
        said, runs = _said(question, len(sheet.numbers))
        about = _about(question, sheet, said)
        width = len(table.header)
        # Of many columns those that the question has to do with, then those that stand first.
        order = sorted(range(width), key=lambda c: (-about[c, :3].sum(), c))
        columns = tuple(sorted(order[:COLUMNS]))
        found, given = self._text(question, runs)
        answer = tuple(sheet.values.get(k, NOTHING) for k in sorted(keys(list(question.answer))))
        return Encoded(question, sheet, found, given, said, about, columns, answer)

    def _text(
        self, question: Question, runs: Sequence[tuple[int, int]]
    ) -> tuple[NDArray[np.int64], tuple[float, ...]]:
        """Return the words of a question by number, and the numbers that it names."""
        entries = {i for start, length in runs for i in range(start, start + length)}
        found, given = np.full(LENGTH, BLANK), list[float]()
        for i, word in enumerate(question.words):
            value = as_number(word)
            if value is not None:
                special = f"<n{len(given)}>" if len(given) < NUMBERS else "<n>"
                given.append(value)
                found[i] = self.number(special)
            else:
                known = self.number(word)
                found[i] = ENTRY if known == UNKNOWN and i in entries else known
        return found, tuple(given[:NUMBERS])


def _sheet(table: Table, vocabulary: Vocabulary) -> Sheet:
    rows, width = table.rows[:MOST_ROWS], len(table.header)
    names = np.full((width, TITLE), BLANK)
    for c, name in enumerate(table.header):
        for i, word in enumerate(words(name)[:TITLE]):
            names[c, i] = vocabulary.number(word)
    values: dict[str, int] = {}
    counted = [_numbered(values, f"= {n}") for n in range(len(rows) + 1)]
    value = [[_numbered(values, k) for k in row] for row in table.keys[: len(rows)]]
    cells = table.numbers[: len(rows)]
    numbers = np.array([[0.0 if n is None else n for n in row] for row in cells])
    numeric = np.array([[n is not None for n in row] for row in cells])
    whole = np.array(value, dtype=np.int64).reshape(len(rows), width)
    alike = np.zeros_like(whole)
    for c in range(width):
        _, first, of = np.unique(whole[:, c], return_index=True, return_inverse=True)
        alike[:, c] = first[of]
    numeric = numeric.reshape(whole.shape).astype(bool)
    many = max(1, len(rows))
    different = [len(set(whole[:, c].tolist())) / many for c in range(width)]
    shares = np.stack((numeric.sum(0) / many, np.array(different)), 1)
    return Sheet(names, numbers.reshape(whole.shape), numeric, alike, whole, np.array(counted),
                 values, shares)  # fmt: skip


def _numbered(values: dict[str, int], found: str) -> int:
    return values.setdefault(found, NOTHING + 1 + len(values))


# --- what a question says of cells and columns ----------------------------------------------------


def _said(question: Question, rows: int) -> tuple[NDArray[np.bool_], list[tuple[int, int]]]:
    """Return which cells a question says, and its stretches of words that say them."""
    table, asked = question.table, question.words
    telling = {w for w in asked if w not in SMALL}
    said = np.zeros((rows, len(table.header)), dtype=bool)
    kept: set[tuple[int, int]] = set()
    for c in range(len(table.header)):
        found: dict[tuple[int, int], list[tuple[int, bool]]] = defaultdict(list)
        known: dict[tuple[str, ...], tuple[int, int] | None] = {}
        for i in range(rows):
            cell = table.words[i][c]
            if telling.isdisjoint(cell):
                continue
            if cell not in known:
                known[cell] = _longest(asked, cell)
            if (run := known[cell]) is not None:
                found[run].append((i, len(cell) == run[1]))
        for run in _outermost(found):
            whole = any(full for _, full in found[run])
            said[[i for i, full in found[run] if full or not whole], c] = True
            kept.add(run)
    return said, sorted(kept)


def _longest(asked: Sequence[str], cell: Sequence[str]) -> tuple[int, int] | None:
    """Return start and length of the longest stretch that a question shares with a cell."""
    best: tuple[int, int] | None = None
    for start in range(len(asked)):
        for at in range(len(cell)):
            length = 0
            while (
                start + length < len(asked)
                and at + length < len(cell)
                and asked[start + length] == cell[at + length]
            ):
                length += 1
            telling = any(w not in SMALL for w in asked[start : start + length])
            if telling and (best is None or length > best[1]):
                best = (start, length)
    return best


def _outermost(runs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the stretches that lie in no longer one.

    >>> _outermost([(3, 1), (3, 2), (7, 1)])
    [(3, 2), (7, 1)]
    """
    found = list(runs)
    return [
        (s, n) for s, n in found if not any(m > n and t <= s and s + n <= t + m for t, m in found)
    ]


def _about(question: Question, sheet: Sheet, said: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return what a question has to do with each column, [columns, hints]."""
    asked = question.words
    stems = {_stem(w) for w in asked}
    about = np.zeros((len(question.table.header), HINTS))
    for c, name in enumerate(question.table.header):
        named = words(name)
        telling = [w for w in named if w not in SMALL] or list(named)
        common = sum(_stem(w) in stems for w in telling)
        about[c, 0] = common / max(1, len(telling))
        about[c, 1] = bool(named) and _within(named, asked)
    rows = max(1, len(said))
    about[:, 2] = said.any(0)
    about[:, 3] = said.sum(0) / rows
    about[:, 4:6] = sheet.shares
    about[:, 6] = np.arange(len(about)) / max(1, len(about) - 1)
    about[:, 7] = 1.0
    return about


def _stem(word: str) -> str:
    """Return a word without a plural's ending."""
    return word.removesuffix("s") if len(word) > 3 else word


def _within(part: Sequence[str], whole: Sequence[str]) -> bool:
    n = len(part)
    return any(tuple(whole[i : i + n]) == tuple(part) for i in range(len(whole) - n + 1))
