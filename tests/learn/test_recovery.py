"""Programs that are found again from examples: a small one for each capability, fixed seeds."""

from __future__ import annotations

import itertools
import random

import pytest

from diffprog.learn.fit import fit
from diffprog.pipeline import load, loads

TABLE = """program look(a: int<3>, b: int<2>) -> int<3>:
    learn table: int<3>[3, 2]
    return table[a, b]
"""


def lists(n: int, count: int, seed: int = 0) -> list[tuple[dict[str, object], object]]:
    """Draw lists of digits, and sort them."""
    rng = random.Random(seed)
    drawn = [[rng.randrange(10) for _ in range(n)] for _ in range(count)]
    return [({"xs": xs}, sorted(xs)) for xs in drawn]


@pytest.mark.parametrize("n", [3, pytest.param(6, marks=pytest.mark.slow)])
def test_sort(n: int) -> None:
    """The comparison of a bubble sort, by exact inference; right on longer lists."""
    program = load("examples/sort/sort.dp", n=n)
    result = fit(program, lists(n, 256), dev=lists(n, 64, seed=1), restarts=8, progress=False)
    assert result.estimator == "exact"
    assert (result.best.train, result.best.dev) == (1, 1)
    assert ">" in result.program.source
    for inputs, answer in lists(12, 5, seed=2):
        assert result.at(n=12).run(**inputs) == answer


def test_table_by_soft() -> None:
    """A learned table, by gradients through attention."""
    wanted = [[2, 0], [1, 1], [0, 2]]
    examples = [({"a": a, "b": b}, wanted[a][b]) for a, b in itertools.product(range(3), range(2))]
    result = fit(
        loads(TABLE, "look.dp"), examples, estimator="soft", restarts=2, steps=100, progress=False
    )
    assert result.best.train == 1
    assert list(result.choices.values()) == [wanted]


def test_the_same_seed_gives_the_same_result() -> None:
    """Choices and metrics are functions of the seed."""
    program = load("examples/sort/sort.dp", n=3)
    first, again = (
        fit(program, lists(3, 32), restarts=4, steps=20, noise=0.1, progress=False)
        for _ in range(2)
    )
    assert first.choices == again.choices
    assert first.metrics == again.metrics
