"""Truth tables of three circuits (Gaunt 2016), whole: all inputs are training examples.

    python examples/circuits/data.py "full adder"

prints them as JSON lines.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from examples.bench import Pair

Bits = tuple[bool, ...]


def controlled_shift(signal: Bits) -> Bits:
    """Shift two bits to the right where the first input says so: three outputs."""
    shift, a, b = signal
    return (False, a, b) if shift else (a, b, False)


def full_adder(signal: Bits) -> Bits:
    """Add three bits: sum and carry."""
    total = sum(signal)
    return (total % 2 == 1, total >= 2)


def two_bit_adder(signal: Bits) -> Bits:
    """Add two numbers of two bits: three bits, the most significant first."""
    a, b, c, d = map(int, signal)
    total = 2 * a + b + 2 * c + d
    return tuple(total >> k & 1 == 1 for k in (2, 1, 0))


@dataclass(frozen=True)
class Task:
    """A circuit.

    Attributes:
        answer: what it computes.
        inputs: how many wires come in.
        outputs: how many go out.
        gates: how many gates it is given, spare ones included.
        needed: how many do.
    """

    answer: Callable[[Bits], Bits]
    inputs: int
    outputs: int
    gates: int
    needed: int

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes of the program."""
        return {"inputs": self.inputs, "outputs": self.outputs, "gates": self.gates}

    def examples(self) -> list[Pair]:
        """Return the truth table."""
        rows = product((False, True), repeat=self.inputs)
        return [({"signal": list(row)}, list(self.answer(row))) for row in rows]


TASKS = {
    "controlled shift": Task(controlled_shift, 3, 3, 8, 5),
    "full adder": Task(full_adder, 3, 2, 8, 5),
    "2-bit adder": Task(two_bit_adder, 4, 3, 10, 7),
}


def main() -> None:
    """Print a truth table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=TASKS)
    for inputs, answer in TASKS[parser.parse_args().task].examples():
        print(json.dumps({"in": inputs, "out": answer}))


if __name__ == "__main__":
    main()
