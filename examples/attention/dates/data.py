"""Dates from 1950 to 2049 as people write them, and as eight digits.

    python examples/attention/dates/data.py --count 5 --seed 0

prints examples as JSON lines. One date in ten is kept for the test: it is never trained on, in no
format.
"""

from __future__ import annotations

import argparse
import json
import random
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789 ,./-'"
FIRST, LAST = date(1950, 1, 1), date(2049, 12, 31)
MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FORMATS = (
    "{d} {month} {y}", "{d} {mon} {y}", "{d}. {month} {y}", "{th} {month} {y}",
    "{th} of {month}, {y}", "the {th} of {month} {y}", "{month} {d}, {y}", "{mon} {d}, {y}",
    "{month} {th}, {y}", "{month} {d} {y}", "{weekday} {d} {month} {y}",
    "{weekday}, {month} {d}, {y}", "{day} {d} {mon} {y}", "{day}, {mon} {d}, {y}",
    "{dd}/{mm}/{y}", "{d}/{m}/{y}", "{dd}.{mm}.{y}", "{d}.{m}.{y}", "{y}-{mm}-{dd}",
    "{y}/{mm}/{dd}", "{y}{mm}{dd}", "{dd}-{mon}-{y}", "{y} {mon} {d}", "{d} {month} '{yy}",
    "{mon} {d} '{yy}", "{dd}/{mm}/{yy}", "{d}.{m}.{yy}",
)  # fmt: skip
Date = tuple[str, list[int]]
"""A date as written, and its eight digits."""


def written(day: date, form: str) -> str:
    """Return a date in a format."""
    d, month, name = day.day, MONTHS[day.month - 1], WEEKDAYS[day.weekday()]
    tail = "th" if 10 < d < 14 else {1: "st", 2: "nd", 3: "rd"}.get(d % 10, "th")
    return form.format(
        d=d, dd=f"{d:02}", th=f"{d}{tail}", m=day.month, mm=f"{day.month:02}", month=month,
        mon=month[:3], y=day.year, yy=f"{day.year % 100:02}", weekday=name, day=name[:3],
    )  # fmt: skip


def drawn(count: int, seed: int, *, test: bool) -> list[Date]:
    """Return dates to train on or to test on, in random formats."""
    rng = random.Random(f"{seed} {test}")
    found: list[Date] = []
    while len(found) < count:
        number = rng.randrange((LAST - FIRST).days + 1)
        if (number * 7919 % 10 == 0) == test:
            day = FIRST + timedelta(number)
            digits = [int(c) for c in day.strftime("%Y%m%d")]
            found.append((written(day, rng.choice(FORMATS)), digits))
    return found


def numbers(text: str) -> list[int]:
    """Return the numbers of the letters of a text."""
    return [LETTERS.index(c) for c in text]


@lru_cache(maxsize=4)
def by_length(count: int, seed: int) -> tuple[list[Any], list[float]]:
    """Return dates to train on, those of one length together, and the share of each length."""
    rows: dict[int, list[tuple[list[int], list[int]]]] = {}
    for text, digits in drawn(count, seed, test=False):
        rows.setdefault(len(text), []).append((numbers(text), digits))
    groups = [rows[n] for n in sorted(rows)]
    arrays = [(np.array([t for t, _ in g]), np.array([d for _, d in g])) for g in groups]
    return arrays, [len(g) / count for g in groups]


def stream(batch: int, count: int, seed: int) -> Callable[[np.random.Generator], Any]:
    """Return what draws a batch of dates that are written with equally many letters."""

    def draw(random: np.random.Generator) -> Any:
        groups, shares = by_length(count, seed)
        texts, digits = groups[random.choice(len(groups), p=shares)]
        at = random.integers(0, len(texts), batch)
        return {"text": texts[at]}, digits[at]

    return draw


def main() -> None:
    """Print examples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=256, help="%(default)s")
    parser.add_argument("--seed", type=int, default=0, help="%(default)s")
    arguments = parser.parse_args()
    for text, digits in drawn(arguments.count, arguments.seed, test=False):
        print(json.dumps({"in": {"text": numbers(text)}, "out": digits}))


if __name__ == "__main__":
    main()
