"""Tapes of five cells: 0 is blank, 1 and 2 are the bits 0 and 1, the most significant bit first.

    python examples/turing/data.py invert --count 5 --seed 0

prints examples as JSON lines. There are 30 inputs, all strings of one to four bits, but only 26 to
decrement: those that are not zero. An answer is the tape, and that the machine has halted.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from examples.bench import Pair

CELLS = 5
Bits = tuple[int, ...]


def invert(bits: Bits) -> Bits:
    """Flip each bit."""
    return tuple(1 - b for b in bits)


def prepend(bits: Bits) -> Bits:
    """Put a zero in front."""
    return (0, *bits)


def decrement(bits: Bits) -> Bits:
    """Subtract one from a number that is not zero."""
    value = int("".join(map(str, bits)), 2) - 1
    return tuple(value >> k & 1 for k in reversed(range(len(bits))))


@dataclass(frozen=True)
class Task:
    """What a machine has to do, and the machine's size (Gaunt 2016).

    Attributes:
        answer: the bits on the tape when it has halted.
        states: how many states it has, beside having halted.
        steps: how many steps it may take.
    """

    answer: Callable[[Bits], Bits]
    states: int
    steps: int


TASKS = {
    "invert": Task(invert, 2, 6),
    "prepend": Task(prepend, 4, 6),
    "decrement": Task(decrement, 4, 9),
}


def tape(bits: Bits) -> list[int]:
    """Return bits as a tape, blanks behind them."""
    return [*(b + 1 for b in bits), *[0] * (CELLS - len(bits))]


def everything(name: str) -> list[Pair]:
    """Return all inputs of one to four bits with their answers."""
    strings = [s for n in range(1, CELLS) for s in product((0, 1), repeat=n)]
    if name == "decrement":
        strings = [s for s in strings if any(s)]
    return [({"tape": tape(s)}, (tape(TASKS[name].answer(s)), True)) for s in strings]


def draw(name: str, count: int, seed: int) -> list[Pair]:
    """Return some of them, none twice."""
    return random.Random(seed).sample(everything(name), count)


def main() -> None:
    """Print examples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--count", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for inputs, answer in draw(arguments.task, arguments.count, arguments.seed):
        print(json.dumps({"in": inputs, "out": answer}))


if __name__ == "__main__":
    main()
