"""Strings of bits and their parity.

python examples/parity/data.py --length 5 --count 32 > train.jsonl
"""

from __future__ import annotations

import random

from examples.bench import Pair, write_lines


def generated(length: int, count: int, seed: int) -> list[Pair]:
    """Draw strings of uniform bits; the answer is whether an odd number of them is set."""
    rng = random.Random(f"{seed} {length}")
    strings = [[rng.random() < 0.5 for _ in range(length)] for _ in range(count)]
    return [({"bits": bits}, sum(bits) % 2 == 1) for bits in strings]


if __name__ == "__main__":
    write_lines(generated, "Print strings of bits and their parity as JSON lines.", 5)
