"""The programs whose values belong together: what the documentation's table says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.correlation import bench, composed
from examples.heaviside import bench as heaviside

DOCS = Path(__file__).parent.parent / "docs" / "correlation.md"


def test_the_table_of_the_docs_is_as_printed() -> None:
    """The numbers are those that the bench computes."""
    text = DOCS.read_text(encoding="utf-8")
    _, rest = text.split("<!-- numbers: correlation -->\n")
    assert rest.split("\n<!-- end of numbers -->")[0] == bench.table()


@pytest.mark.parametrize("case", bench.CASES, ids=lambda c: c.name)
def test_what_is_not_exact_is_warned_of(case: bench.Case) -> None:
    """The softened program is exact, or the compiler says that it is not."""
    wrong = abs(bench.softly(case) - bench.exactly(case)) > 1e-9
    assert wrong == bench.warned(case)
    assert abs(bench.by_marginals(case) - bench.exactly(case)) > 0.2


def test_composed_marginals_are_exact_where_nothing_is_shared() -> None:
    """The re-implementation does what it says: independent arguments give the right answer."""
    fair = {0: 0.5, 1: 0.5}
    assert composed.applied(lambda a, b: a + b, fair, fair) == {0: 0.25, 1: 0.5, 2: 0.25}
    assert composed.smaller({1: 1.0}, {0: 1.0}) == {0: 1.0, 1: 0.0}
    assert composed.cells({2: 1.0})[1] == 1


def test_a_tie_of_reals() -> None:
    """At a tie the softened loop tends to the crisp answer."""
    for temperature in (0.1, 0.01, 0.001):
        crisp, soft, plain = bench.reached(temperature)
        assert crisp <= soft <= crisp + temperature
        assert plain >= crisp + 0.5


def test_the_smoothed_step() -> None:
    """The derivative is within 1 % of the analytic one, from one run."""
    assert heaviside.at_once() == pytest.approx(heaviside.ANALYTIC, rel=0.01)
    mean, variance = heaviside.spread([heaviside.by_draws(seed) for seed in range(20)])
    assert mean == pytest.approx(heaviside.ANALYTIC, abs=5 * (variance / 20) ** 0.5)
