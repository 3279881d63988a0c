"""Lists of digits and what they are backwards, or unchanged.

    python examples/stack/data.py reverse --count 18 --seed 0

prints examples as JSON lines, of lengths 8 to 16 in turn.
"""

from __future__ import annotations

import argparse
import json
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from examples.bench import Pair

DIGITS = 10
TRAINED = range(8, 17)
TASKS = ("reverse", "copy")


def answer(task: str, xs: list[int]) -> list[int]:
    """Return what a task makes of a list."""
    return xs[::-1] if task == "reverse" else xs


def draw(task: str, count: int, seed: int, lengths: Sequence[int] = TRAINED) -> list[Pair]:
    """Return examples of the given lengths in turn."""
    rng = random.Random(seed)
    lists = [
        [rng.randrange(DIGITS) for _ in range(lengths[i % len(lengths)])] for i in range(count)
    ]
    return [({"xs": xs}, answer(task, xs)) for xs in lists]


def main() -> None:
    """Print examples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--count", type=int, default=18)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for inputs, output in draw(arguments.task, arguments.count, arguments.seed):
        print(json.dumps({"in": inputs, "out": output}))


if __name__ == "__main__":
    main()
