"""Word problems of three numbers: drawn from our own templates, or read from Common Core's files.

    python examples/word_problems/data.py --count 300 > train.jsonl

Common Core (Roy & Roth 2015, as split by ∂4, https://github.com/uclmr/d4, folder `data/wap`): a
line ``answer<tab>words`` for each problem, 300 to train on and 100 to select by.

In a text the first number becomes the word ``<0>``, the second ``<1>``, the third ``<2>``; behind
the text stands how large each is, as a word of its own. A word that training does not hold twice is
unknown. A controller reads the words; for a policy a text is the stretches of words that it has.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from examples.word_problems.templates import NAMES, TEMPLATES, THINGS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from examples.bench import Pair

NUMBERS = 3
LENGTH = 52
"""Words of the longest text, and of the sizes of its numbers."""
BLANK, UNKNOWN = 0, 1
"""What stands behind a text's last word, and for words that are not known."""
SIZES = (10, 20, 50)
"""Numbers from which on a number counts as larger."""
STRETCH = 3
"""Words of the longest stretch."""
LEAST = 2
"""Places, and texts, that training needs for a word, and for a stretch of words, to be known."""
MOST = 1_000
"""Words at most; `word_problem.dp` has as many."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A text in words, its numbers in their order, and the answer.

    Attributes:
        words: with ``<0>``, ``<1>``, ``<2>`` for the numbers.
        numbers: the numbers.
        answer: what it comes to.
        rule: what computes the answer from the numbers, where that is known.
    """

    words: tuple[str, ...]
    numbers: tuple[float, ...]
    answer: float
    rule: str = ""

    @property
    def read(self) -> tuple[str, ...]:
        """What a controller reads: the text, and for each number a word for its size."""
        sizes = (sum(n >= size for size in SIZES) for n in self.numbers)
        return (*self.words, *(f"<{place}~{size}>" for place, size in enumerate(sizes)))

    def renumbered(self, rng: random.Random, most: int = 50) -> Problem:
        """Return the same text with other numbers, for which the rule is whole and positive."""
        while True:
            numbers = tuple(float(rng.randint(2, most)) for _ in range(NUMBERS))
            answer = computed(self.rule, numbers)
            if answer is not None:
                return Problem(self.words, numbers, answer, self.rule)


def computed(rule: str, numbers: Sequence[float]) -> float | None:
    """Return what a rule gives, None where a step of it is no whole number above zero.

    A rule names two operations and the place of the number that comes in last.

    >>> computed("+/2", [4, 6, 5])
    2.0
    """
    last = int(rule[2])
    a, b = (n for i, n in enumerate(numbers) if i != last)
    step = _applied(rule[0], a, b)
    return None if step is None else _applied(rule[1], step, numbers[last])


def _applied(sign: str, a: float, b: float) -> float | None:
    found = {"+": a + b, "-": a - b, "*": a * b, "/": a / b}[sign]
    return float(found) if found > 0 and found == int(found) else None


def generated(count: int, seed: int, most: int = 50) -> list[Problem]:
    """Draw problems from the templates, with numbers from 2 to `most`."""
    rng = random.Random(f"word problems {seed}")
    return [_drawn(rng, most) for _ in range(count)]


def _drawn(rng: random.Random, most: int) -> Problem:
    rule, text = rng.choice(TEMPLATES)
    filled = text.format("<0>", "<1>", "<2>", name=rng.choice(NAMES), thing=rng.choice(THINGS))
    return Problem(tuple(filled.split()), (), 0.0, rule).renumbered(rng, most)


def read(path: Path) -> list[Problem]:
    """Read one of Common Core's files.

    Raises:
        ValueError: naming the line that is not as described.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_parsed(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line]


def _parsed(line: str, place: str) -> Problem:
    answer, _, text = line.partition("\t")
    numbers: list[float] = []
    words: list[str] = []
    for word in text.lower().split():
        if word.isdigit():
            words.append(f"<{len(numbers)}>")
            numbers.append(float(word))
        else:
            words.append(word)
    if len(numbers) != NUMBERS or len(words) > LENGTH - NUMBERS:
        message = f"{place}: not an answer, a tab and a text of three numbers"
        raise ValueError(message)
    try:
        return Problem(tuple(words), tuple(numbers), float(answer))
    except ValueError:
        message = f"{place}: the answer {answer!r} is no number"
        raise ValueError(message) from None


def vocabulary(problems: Sequence[Problem]) -> dict[str, int]:
    """Number the words that stand in at least `LEAST` places."""
    counts = Counter(word for problem in problems for word in problem.read)
    kept = sorted(word for word, count in counts.items() if count >= LEAST)[: MOST - UNKNOWN - 1]
    return {word: UNKNOWN + 1 + i for i, word in enumerate(kept)}


def encoded(problems: Sequence[Problem], words: dict[str, int], **more: object) -> list[Pair]:
    """Return problems as examples: places of words, blanks behind them; `more` inputs in each."""
    texts = [[words.get(word, UNKNOWN) for word in p.read] for p in problems]
    padded = [text + [BLANK] * (LENGTH - len(text)) for text in texts]
    return [
        ({"text": text, "number": list(p.numbers), **more}, p.answer)
        for text, p in zip(padded, problems, strict=True)
    ]


def stretches(problem: Problem, words: dict[str, int]) -> set[str]:
    """Return the stretches of a text: all its words, two and three that stand side by side.

    >>> sorted(stretches(Problem(("pens", "cost"), (), 0.0), {"pens": 2}))
    ['?', 'pens', 'pens ?']
    """
    read = [word if word in words else "?" for word in problem.read]
    lengths = range(1, STRETCH + 1)
    return {" ".join(read[k : k + n]) for n in lengths for k in range(len(read) - n + 1)}


def grams(problems: Sequence[Problem], words: dict[str, int]) -> list[str]:
    """Return the stretches that at least `LEAST` texts have, in order."""
    counts = Counter(gram for problem in problems for gram in stretches(problem, words))
    return sorted(gram for gram, count in counts.items() if count >= LEAST)


def marked(
    problems: Sequence[Problem], words: dict[str, int], known: Sequence[str], **more: object
) -> list[Pair]:
    """Return problems as examples: which of the known stretches each has."""
    own = [stretches(p, words) for p in problems]
    return [
        ({"has": [gram in found for gram in known], "number": list(p.numbers), **more}, p.answer)
        for found, p in zip(own, problems, strict=True)
    ]


def main() -> None:
    """Print problems for `by_order.dp` as JSON lines."""
    parser = argparse.ArgumentParser(description="Print word problems as JSON lines.")
    parser.add_argument("--count", type=int, default=300, help="%(default)s")
    parser.add_argument("--seed", type=int, default=0, help="%(default)s")
    given = parser.parse_args()
    problems = generated(given.count, given.seed)
    for inputs, output in encoded(problems, vocabulary(problems), sensible=False):
        print(json.dumps({"in": inputs, "out": output}))


if __name__ == "__main__":
    main()
