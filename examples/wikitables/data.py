"""Questions about tables: WikiTableQuestions (Pasupat & Liang 2015), or tiny ones of our own.

    python examples/wikitables/data.py --count 5 --seed 0
    python examples/wikitables/data.py --data DIR --count 5

print questions with their answers. DIR holds `data/random-split-1-train.tsv`,
`data/random-split-1-dev.tsv` and the folder `csv`, as they are published
(https://github.com/ppasupat/WikiTableQuestions).
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from examples.wikitables.answers import listed
from examples.wikitables.questions import COLUMNS, NOTHING, NUMBERS, TITLE, Question
from examples.wikitables.tables import Table, read_table, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from examples.wikitables.questions import Encoded

SPLIT = "random-split-1"
ROWS = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
VALUES = (64, 128, 192, 256, 384, 512, 768, 1024, 1536, 2880)
"""Tables and values are filled up to such sizes, so that few are met."""


# --- from files -----------------------------------------------------------------------------------


def read(folder: Path, part: str) -> list[Question]:
    """Read the questions of `train` or `dev`.

    Raises:
        ValueError: naming the line that is not as published.
    """
    path = folder / "data" / f"{SPLIT}-{part}.tsv"
    tables: dict[str, Table] = {}
    found = []
    lines = path.read_text(encoding="utf-8").split("\n")
    for i, line in enumerate(lines[1:], 2):
        if not line:
            continue
        cells = line.split("\t")
        if len(cells) != 4:
            message = f"{path}:{i}: {len(cells)} cells; id, utterance, context, targetValue are 4"
            raise ValueError(message)
        name, text, context, answer = cells
        if context not in tables:
            tables[context] = read_table(folder / context)
        found.append(Question(name, text, tables[context], tuple(listed(answer))))
    return found


# --- of our own -----------------------------------------------------------------------------------

TEAMS = (
    "lions",
    "bears",
    "eagles",
    "wolves",
    "sharks",
    "tigers",
    "hawks",
    "foxes",
    "ravens",
    "otters",
)
CITIES = ("rome", "oslo", "lima", "cairo", "paris", "tokyo", "quito", "delhi")


def generated(count: int, seed: int) -> list[Question]:
    """Draw questions, each about a tiny table of its own."""
    rng = random.Random(f"wikitables {seed}")
    return [_drawn(rng, f"own-{seed}-{i}") for i in range(count)]


def _drawn(rng: random.Random, place: str) -> Question:
    teams = rng.sample(TEAMS, rng.randrange(4, 8))
    rows = [[t.title(), rng.choice(CITIES).title(), str(rng.randrange(1950, 2020)),
             f"{rng.randrange(1, 90)},{rng.randrange(100, 999)}"] for t in teams]  # fmt: skip
    order = rng.sample(range(4), 4)
    names = ("Team", "City", "Founded", "Visitors")
    text, answer = rng.choice(_ASKED)(rng, rows)
    shown = table([names[i] for i in order], [[row[i] for i in order] for row in rows])
    return Question(place, text, shown, tuple(answer))


def _count(rng: random.Random, rows: list[list[str]]) -> tuple[str, list[str]]:
    city = rng.choice(rows)[1]
    number = sum(row[1] == city for row in rows)
    return f"how many teams are from {city.lower()}?", [str(number)]


def _all(rng: random.Random, rows: list[list[str]]) -> tuple[str, list[str]]:
    return "how many teams are listed?", [str(len(rows))]


def _lookup(rng: random.Random, rows: list[list[str]]) -> tuple[str, list[str]]:
    row = rng.choice(rows)
    column = rng.choice((1, 2, 3))
    asked = ("which city is home to {}?", "when was {} founded?", "how many visitors did {} have?")
    return asked[column - 1].format(f"the {row[0].lower()}"), [row[column]]


def _next(rng: random.Random, rows: list[list[str]]) -> tuple[str, list[str]]:
    i = rng.randrange(1, len(rows) - 1)
    word, step = rng.choice((("after", 1), ("before", -1)))
    return f"which team comes {word} the {rows[i][0].lower()}?", [rows[i + step][0]]


def _end(rng: random.Random, rows: list[list[str]]) -> tuple[str, list[str]]:
    word, place = rng.choice((("first", 0), ("last", -1)))
    return f"what is the {word} team?", [rows[place][0]]


def _most(rng: random.Random, rows: list[list[str]]) -> tuple[str, list[str]]:
    word, best = rng.choice((("most", max), ("fewest", min)))

    def visitors(row: list[str]) -> int:
        return int(row[3].replace(",", ""))

    wanted = visitors(best(rows, key=visitors))
    return f"which team has the {word} visitors?", [r[0] for r in rows if visitors(r) == wanted]


def _since(rng: random.Random, rows: list[list[str]]) -> tuple[str, list[str]]:
    year = int(rng.choice(rows)[2])
    number = sum(int(row[2]) > year for row in rows)
    return f"how many teams were founded after {year}?", [str(number)]


_ASKED: tuple[Callable[[random.Random, list[list[str]]], tuple[str, list[str]]], ...] = (
    _count, _all, _lookup, _lookup, _next, _end, _most, _since,
)  # fmt: skip


# --- as batches -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Size:
    """What tables of a batch are filled up to."""

    rows: int
    values: int

    @property
    def bound(self) -> dict[str, int]:
        """The sizes of the program."""
        return {"rows": self.rows, "values": self.values}

    @staticmethod
    def of(item: Encoded) -> Size:
        """Return the smallest size that a question fits in."""
        rows, width = len(item.sheet.numbers), NOTHING + 1 + len(item.sheet.values)
        return Size(
            next(n for n in ROWS if n >= rows), next((n for n in VALUES if n >= width), width)
        )


def by_size(items: Sequence[Encoded]) -> dict[Size, list[Encoded]]:
    """Return questions by the size of their tables, small ones first."""
    found: dict[Size, list[Encoded]] = defaultdict(list)
    for item in items:
        found[Size.of(item)].append(item)
    return dict(sorted(found.items(), key=lambda pair: (pair[0].rows, pair[0].values)))


def stream(items: Sequence[Encoded], count: int) -> Callable[[np.random.Generator], Any]:
    """Return what draws a batch: questions about tables of one size, each as probable."""
    groups = list(by_size(items).items())
    shares = np.array([len(group) for _, group in groups], dtype=float)
    shares /= shares.sum()

    def draw(random: np.random.Generator) -> Any:
        size, group = groups[int(random.choice(len(groups), p=shares))]
        drawn = random.choice(len(group), count, replace=len(group) < count)
        return *batch([group[int(i)] for i in drawn], size, random), size.bound

    return draw


def batch(
    items: Sequence[Encoded], size: Size, random: np.random.Generator | None = None
) -> tuple[dict[str, Any], Any]:
    """Return questions as inputs by name and answers, an array of a row each.

    Args:
        items: the questions.
        size: what their tables are filled up to.
        random: puts columns in an order of its own; without, they stand as in the table.
    """
    rows = [_row(item, size, random) for item in items]
    inputs = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    answers = np.zeros((len(items), size.values), dtype=bool)
    for i, item in enumerate(items):
        answers[i, list(item.answer)] = True
    return inputs, answers


def _row(item: Encoded, size: Size, random: np.random.Generator | None) -> dict[str, Any]:
    sheet, seen = item.sheet, list(item.columns)
    if random is not None:
        seen = [seen[i] for i in random.permutation(len(seen))]
    high, wide = len(sheet.numbers), len(seen)

    def filled(cells: Any, shape: tuple[int, ...], usual: Any) -> Any:
        out = np.full(shape, usual, dtype=cells.dtype)
        out[tuple(slice(n) for n in cells.shape)] = cells
        return out

    grid = (size.rows, COLUMNS)
    given = item.given + (0.0,) * (NUMBERS - len(item.given))
    counted = sheet.counted
    return {
        "question": item.words,
        "names": filled(sheet.names[seen], (COLUMNS, TITLE), 0).reshape(-1),
        "about": filled(item.about[seen], (COLUMNS, item.about.shape[1]), 0.0),
        "number": np.array(given),
        "known": np.arange(NUMBERS) < len(item.given),
        "table": filled(sheet.numbers[:, seen], grid, 0.0),
        "numeric": filled(sheet.numeric[:, seen], grid, False),
        "said": filled(item.said[:, seen], grid, False),
        "alike": filled(sheet.alike[:, seen], grid, 0),
        "value": filled(sheet.value[:, seen], grid, NOTHING),
        "counted": filled(counted, (size.rows + 1,), NOTHING),
        "there": np.arange(size.rows) < high,
        "named": np.arange(COLUMNS) < wide,
        "spoken": filled(item.said[:, seen].any(0), (COLUMNS,), False),
        "measured": filled(sheet.numeric[:, seen].any(0), (COLUMNS,), False),
    }


def main() -> None:
    """Print questions and answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, metavar="DIR", help="of WikiTableQuestions")
    for name, usual in (("count", 10), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=usual, help="%(default)s")
    given = parser.parse_args()
    drawn = generated(given.count, given.seed) if given.data is None else read(given.data, "dev")
    for question in drawn[: given.count]:
        print(f"{question.text} -> {', '.join(question.answer)}")


if __name__ == "__main__":
    main()
