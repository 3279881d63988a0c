"""Questions about tables, and their answers: the task of the Neural Programmer.

    python examples/tables/data.py --columns 3 --count 5 --seed 0

prints examples as JSON lines. A question asks for a sum, a count, or for cells to be shown; of all
rows, or of those where one or two comparisons hold. With `--texts 2` tables have two columns of
text too, with `--varied` each part of a question is said in one of many ways.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import diffprog as dp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from examples.bench import Pair

LENGTH = 24
NUMBERS = 2
"""Words and numbers that a question has at most."""
TRAIN_ROWS = range(30, 101, 10)
"""Rows of the tables that are trained on."""
SPREAD, NEAR = 100.0, 60.0
"""How far numbers of a table, and those of a question, are from 0."""
ENTRIES = 8
"""Different words in a column of text."""
SAYS: dict[str, tuple[str, ...]] = {
    "sum": ("sum of {}", "total of {}", "sum {}", "what is the total of {}", "total {}"),
    "count": ("count rows", "how many rows are there", "number of rows", "how many rows"),
    "show": ("show {}", "list {}", "print {}", "what are the {}", "list all {}"),
    "where": ("where", "in rows where", "whose", "with", "for which", "such that"),
    ">": ("{} is greater than {}", "{} is more than {}", "{} above {}", "{} exceeds {}"),
    "<": ("{} is less than {}", "{} is smaller than {}", "{} below {}", "{} is under {}"),
    "=": ("{} is {}", "{} equals {}", "{} reads {}"),
    "and": ("and", "and also", "but also"),
    "or": ("or", "or else", "or that"),
}
"""Each part of a question in its ways; the first is the plain one."""


@dataclass(frozen=True)
class Table:
    """A table: numbers, and columns of text as numbers of words."""

    numbers: NDArray[np.float64]
    texts: NDArray[np.int64]


@dataclass(frozen=True)
class Asked:
    """A question: what is done with which column, for the rows where comparisons hold.

    Attributes:
        aim: `sum`, `count` or `show`.
        column: of what: its word, `c0` for the first column of numbers, `t0` of text.
        tests: the word of a column, `>`, `<` or `=`, and with what it is compared.
        joint: `and` or `or`, between two tests.
    """

    aim: str
    column: str
    tests: tuple[tuple[str, str, float], ...]
    joint: str

    @property
    def numbers(self) -> list[float]:
        """The numbers that it names, in order."""
        return [n for _, sign, n in self.tests if sign != "="]

    def words(self, rng: random.Random, *, varied: bool) -> list[str]:
        """Say it; `n0` is its first number, `entry` a word of a table."""

        def say(part: str) -> str:
            return rng.choice(SAYS[part]) if varied else SAYS[part][0]

        text, given = [say(self.aim).format(self.column)], 0
        for i, (column, sign, _) in enumerate(self.tests):
            named = "entry" if sign == "=" else f"n{given}"
            given += sign != "="
            text += [say(self.joint) if i else say("where"), say(sign).format(column, named)]
        return " ".join(text).split()

    def marks(self, table: Table) -> NDArray[np.bool_]:
        """Return the rows that it is about."""
        found = [_mark(table, *test) for test in self.tests]
        if not found:
            return np.full(len(table.numbers), fill_value=True)
        return np.logical_or.reduce(found) if self.joint == "or" else np.logical_and.reduce(found)

    def answer(self, table: Table) -> tuple[float, NDArray[np.bool_], NDArray[np.bool_]]:
        """Return the number, and the cells of numbers and of text, that it asks for."""
        rows, place = self.marks(table), int(self.column[1:])
        shown = {"c": np.zeros(table.numbers.shape, bool), "t": np.zeros(table.texts.shape, bool)}
        result = 0.0
        if self.aim == "show":
            shown[self.column[0]][:, place] = rows
        elif self.aim == "sum":
            result = float(table.numbers[rows, place].sum())
        else:
            result = float(rows.sum())
        return result, shown["c"], shown["t"]


def _mark(table: Table, column: str, sign: str, value: float) -> NDArray[np.bool_]:
    place = int(column[1:])
    if sign == "=":
        return np.equal(table.texts[:, place], value)
    cells = table.numbers[:, place]
    return np.greater(cells, value) if sign == ">" else np.less(cells, value)


@dataclass(frozen=True)
class Form:
    """What tables and questions are like.

    Attributes:
        columns: of numbers.
        texts: columns of text.
        varied: whether questions are said in many ways.
        rows: of the tables that are trained on.
    """

    columns: int
    texts: int = 0
    varied: bool = False
    rows: Sequence[int] = TRAIN_ROWS

    def asked(self, rng: random.Random) -> Asked:
        """Draw a question: none, one or two comparisons, equally often; of text one at most."""
        aim, joint = rng.choice(("sum", "count", "show")), rng.choice(("and", "or"))
        tests: list[tuple[str, str, float]] = []
        for _ in range(rng.randrange(3)):
            if self.texts and not any(s == "=" for _, s, _ in tests) and rng.random() < 0.5:
                column = f"t{rng.randrange(self.texts)}"
                tests.append((column, "=", float(rng.randrange(ENTRIES))))
            else:
                number = round(rng.uniform(-NEAR, NEAR), 2)
                tests.append((f"c{rng.randrange(self.columns)}", rng.choice("<>"), number))
        column = f"c{rng.randrange(self.columns)}"
        if aim == "show" and self.texts and rng.random() < 0.5:
            column = f"t{rng.randrange(self.texts)}"
        return Asked(aim, column, tuple(tests), joint)

    def batch(self, rng: random.Random, count: int, rows: int) -> Any:
        """Draw questions, each with a table of its own: arrays of a row each."""
        questions = [self.asked(rng) for _ in range(count)]
        draw = np.random.default_rng(rng.randrange(2**32))
        numbers = draw.uniform(-SPREAD, SPREAD, (count, rows, self.columns)).round(2)
        texts = draw.integers(0, ENTRIES, (count, rows, max(1, self.texts)))
        tables = [Table(n, t) for n, t in zip(numbers, texts, strict=True)]
        words = [q.words(rng, varied=self.varied) for q in questions]
        answers = [q.answer(t) for q, t in zip(questions, tables, strict=True)]
        given = [q.numbers for q in questions]
        inputs = {
            "question": np.array([_places(text) for text in words]),
            "number": np.array([[*n, *[0.0] * (NUMBERS - len(n))] for n in given]),
            "known": np.array([[i < len(n) for i in range(NUMBERS)] for n in given]),
            "table": numbers,
            "there": np.full((count, self.columns), fill_value=True),
            "said": np.array([_said(q, t) for q, t in zip(questions, tables, strict=True)]),
            "written": np.full((count, max(1, self.texts)), self.texts > 0),
        }
        return inputs, tuple(np.array(column) for column in zip(*answers, strict=True))

    def stream(self, count: int) -> Callable[[np.random.Generator], Any]:
        """Return what draws a batch, its tables of one height."""

        def draw(drawn: np.random.Generator) -> Any:
            rng = random.Random(int(drawn.integers(2**32)))
            return self.batch(rng, count, rng.choice(self.rows))

        return draw

    def pairs(self, count: int, rows: int, seed: int) -> list[Pair]:
        """Draw questions as examples."""
        inputs, answers = self.batch(random.Random(seed), count, rows)
        inputs["question"] = np.array(WORDS)[inputs["question"]]
        return [({name: value[i].tolist() for name, value in inputs.items()},
                 [part[i].tolist() for part in answers]) for i in range(count)]  # fmt: skip


def _said(question: Asked, table: Table) -> NDArray[np.bool_]:
    """Return which cells of text hold a word that the question says."""
    words = [value for _, sign, value in question.tests if sign == "="]
    return np.isin(table.texts, words)


def _vocabulary() -> tuple[str, ...]:
    """Return the words that the program knows, in order."""
    program = dp.load(Path(__file__).parent / "tables.dp", rows=1)
    question: Any = program.parameters["question"]
    return tuple(question.item.members)


WORDS = _vocabulary()


def _places(text: Sequence[str]) -> list[int]:
    """Return the numbers of the words of a question; a word of the language has a `_`."""
    found = [WORDS.index(word if word in WORDS else f"{word}_") for word in text]
    return found + [WORDS.index("blank")] * (LENGTH - len(found))


def main() -> None:
    """Print examples."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("columns", 3), ("texts", 0), ("rows", 30), ("count", 256), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=usual, help="%(default)s")
    parser.add_argument("--varied", action="store_true", help="questions in many ways")
    given = parser.parse_args()
    form = Form(given.columns, given.texts, given.varied)
    for inputs, output in form.pairs(given.count, given.rows, given.seed):
        print(json.dumps({"in": inputs, "out": output}))


if __name__ == "__main__":
    main()
