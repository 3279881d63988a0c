"""Arithmetic in words and symbols: drawn at random, products before sums.

    python examples/calculator/data.py --length 4 --count 256 > train.jsonl

``what is 7 times 2 less 3`` becomes the words *what is # times # less #*, and the numbers 7, 2, 3.
"""

from __future__ import annotations

import random
from math import prod

from examples.bench import Pair, write_lines

SIGNS = {
    "+": ("+", "plus", "added to"),
    "-": ("-", "minus", "less"),
    "*": ("*", "times", "multiplied by"),
}
"""How each operator may be written."""
OPENINGS = ("", "what is", "compute")
NUMBER = "#"
"""The word that stands for a number."""
WORDS = ["", *sorted({NUMBER, *" ".join((*OPENINGS, *sum(SIGNS.values(), ()))).split()})]
"""The words that there are; a word's number is its place, and the first is a blank."""
MOST = 4
"""Operators of the longest expression of training."""


def length(operators: int) -> int:
    """Return how many words an expression may have."""
    return 2 + 1 + 3 * operators


def generated(operators: int, count: int, seed: int, least: int = 1) -> list[Pair]:
    """Draw expressions of `least` to `operators` operators, and what they come to."""
    rng = random.Random(f"{seed} {operators}")
    return [_drawn(rng, rng.randint(least, operators)) for _ in range(count)]


def read(text: str) -> dict[str, object]:
    """Return the inputs for an expression, in words that are known, numbers as digits.

    >>> read("2 plus 3")["number"]
    [2.0, 3.0]
    """
    words = text.split()
    numbers = [float(word) for word in words if word.isdigit()]
    places = [WORDS.index(NUMBER if word.isdigit() else word) for word in words]
    blank = [0] * (length(len(numbers) - 1) - len(places))
    return {"text": places + blank, "number": numbers}


def spelled(inputs: dict[str, object]) -> tuple[object, ...]:
    """Return the words of an expression without its numbers: what makes two the same."""
    text = inputs["text"]
    assert isinstance(text, list)
    return tuple(text)


def _drawn(rng: random.Random, operators: int) -> Pair:
    numbers = [rng.randrange(1, 10) for _ in range(operators + 1)]
    signs = [rng.choice("+-*") for _ in range(operators)]
    words = [rng.choice(OPENINGS), str(numbers[0])]
    for sign, number in zip(signs, numbers[1:], strict=True):
        words += [rng.choice(SIGNS[sign]), str(number)]
    return read(" ".join(words)), float(computed(numbers, signs))


def computed(numbers: list[int], signs: list[str]) -> int:
    """Return the value of an expression: products first, then from the left.

    >>> computed([2, 3, 4], ["-", "*"])
    -10
    """
    terms = [[numbers[0]]]
    for sign, number in zip(signs, numbers[1:], strict=True):
        if sign == "*":
            terms[-1].append(number)
        else:
            terms.append([number if sign == "+" else -number])
    return sum(map(prod, terms))


if __name__ == "__main__":
    write_lines(generated, "Print expressions and what they come to, as JSON lines.", MOST)
