"""Lists of digits to sort: generated, or read from the files that ∂4 was evaluated on.

    python examples/sort/data.py --length 3 --count 256 > train.jsonl

∂4's files (Bošnjak et al. 2017, https://github.com/uclmr/d4, folder `data/sort`) hold a line
``[answer]<tab>[input]`` for each list. They sort in descending order, and the last number of an
input is the list's length. Generated lists are drawn alike (uniform digits) and sort ascending.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from examples.bench import Pair, write_lines

if TYPE_CHECKING:
    from pathlib import Path

TRAIN, DEV, TEST = 256, 32, 32
"""How many lists ∂4 trains on, selects by and tests on."""
DEV_LENGTH = 8


def generated(length: int, count: int, seed: int) -> list[Pair]:
    """Draw lists of uniform digits; their answers are sorted, ascending."""
    rng = random.Random(f"{seed} {length}")
    lists = [[rng.randrange(10) for _ in range(length)] for _ in range(count)]
    return [({"xs": xs}, sorted(xs)) for xs in lists]


def read(path: Path) -> list[Pair]:
    """Read one of ∂4's files.

    Raises:
        ValueError: naming the line that is not as described.
    """
    found: list[Pair] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        answer, given = (_numbers(part) for part in line.split("\t"))
        xs, length = given[:-1], given[-1]
        if len(xs) != length or answer != sorted(xs, reverse=True):
            message = f"{path}:{number}: not a list, its length, and the list in descending order"
            raise ValueError(message)
        found.append(({"xs": xs}, answer))
    return found


def published(folder: Path, train: int, test: int, split: str) -> list[Pair] | None:
    """Read a split of ∂4's set-up, None where there is no such file."""
    path = folder / "train_test_len" / f"train{train}_test{test}" / f"{split}.txt"
    return read(path) if path.exists() else None


def descending(pairs: list[Pair]) -> list[Pair]:
    """Return the same lists with answers in descending order, as in ∂4's files."""
    return [(inputs, sorted(answer, reverse=True)) for inputs, answer in pairs]  # type: ignore[call-overload]


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.strip().strip("[]").split()]


if __name__ == "__main__":
    write_lines(generated, "Print lists of digits, and the same sorted, as JSON lines.", 3)
