"""Settings of the whole suite: the hypothesis profiles, and the option that rewrites goldens.

`dev` explores new examples at every run; `ci` repeats the same, more of them. Choose with
`HYPOTHESIS_PROFILE=ci`. The laws take about a minute of one core by `dev`, three by `ci`.
`--update-goldens` writes what is printed now into the golden files: look at the difference before
you keep it.
"""

import os

import pytest
from hypothesis import Phase, settings
from hypothesis.internal.conjecture import engine

from tests.browser import left_out

# Wall time per example says more about the machine than about the code: no deadlines.
settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=200, deadline=None, derandomize=True)
# For `tests/laws/mutants.py`: enough programs that a broken line shows, made smaller for a while.
settings.register_profile(
    "mutants",
    max_examples=800,
    deadline=None,
    database=None,
    report_multiple_bugs=False,
    phases=[Phase.generate, Phase.shrink],
)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "dev")
if PROFILE == "mutants":
    engine.MAX_SHRINKING_SECONDS = 15
settings.load_profile(PROFILE)

collect_ignore = ["bench/algo.py"]
"""A peer of the benchmark: its package, the extra `bench`, is not there in a plain `make test`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-goldens`."""
    parser.addoption(
        "--update-goldens", action="store_true", help="rewrite the expected texts of goldens"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests by browser out where there is none; `.ci/run` wants one."""
    if left_out():
        without = [item for item in items if item.get_closest_marker("browser")]
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in without]


@pytest.fixture
def update_goldens(request: pytest.FixtureRequest) -> bool:
    """Whether expected texts are to be rewritten."""
    return bool(request.config.getoption("--update-goldens"))
