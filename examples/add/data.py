"""Sums of two numbers, digit by digit: generated, or read from the files of ∂4's evaluation.

    python examples/add/data.py --length 4 --count 512 > train.jsonl

As in ∂4's files (Bošnjak et al. 2017, https://github.com/uclmr/d4, folder `data/add`), a length
counts the digits of *both* numbers: 8 is two numbers of four digits. A line there is
``[answer]<tab>[input]``; the input has the digits of the two numbers in turn, the most
significant first, then a carry that comes in, then how many digits each number has.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from examples.bench import Pair, write_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TRAIN, DEV, TEST = 512, 256, 128
"""How many sums ∂4 trains on and selects by, and how many drawn ones are tested on."""
DEV_LENGTH = 6


def generated(length: int, count: int, seed: int) -> list[Pair]:
    """Draw sums of uniform digits and a uniform carry; a length counts both numbers' digits."""
    rng = random.Random(f"{seed} {length}")
    return [_drawn(rng, length // 2) for _ in range(count)]


def _drawn(rng: random.Random, digits: int) -> Pair:
    a, b = ([rng.randrange(10) for _ in range(digits)] for _ in range(2))
    carry = rng.randrange(2)
    return {"a": a, "b": b, "carry": carry}, total(a, b, carry)


def total(a: Sequence[int], b: Sequence[int], carry: int) -> list[int]:
    """Return the digits of a sum, one more than each number has.

    >>> total([9, 9], [0, 1], 1)
    [1, 0, 1]
    """
    numbers = (int("".join(map(str, digits))) for digits in (a, b))
    return [int(digit) for digit in str(sum(numbers) + carry).zfill(len(a) + 1)]


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
        digits, carry, length = given[:-2], given[-2], given[-1]
        a, b = digits[::2], digits[1::2]
        if len(a) != length or len(b) != length or answer != total(a, b, carry):
            message = f"{path}:{number}: not two numbers in turn, a carry, their length, their sum"
            raise ValueError(message)
        found.append(({"a": a, "b": b, "carry": carry}, answer))
    return found


def published(folder: Path, train: int, test: int, split: str) -> list[Pair] | None:
    """Read a split of ∂4's set-up, None where there is no such file."""
    path = folder / "train_test_len" / f"train{train}_test{test}" / f"{split}.txt"
    return read(path) if path.exists() else None


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.strip().strip("[]").split()]


if __name__ == "__main__":
    write_lines(generated, "Print sums of two numbers as JSON lines.", 4)
