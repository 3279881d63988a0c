"""Settings of the whole suite: the hypothesis profiles, and the option that rewrites goldens.

`dev` explores new examples at every run; `ci` repeats the same, more of them. Choose with
`HYPOTHESIS_PROFILE=ci`. `--update-goldens` writes what is printed now into the golden files: look
at the difference before you keep it.
"""

import os

import pytest
from hypothesis import settings

# Wall time per example says more about the machine than about the code: no deadlines.
settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=300, deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-goldens`."""
    parser.addoption(
        "--update-goldens", action="store_true", help="rewrite the expected texts of goldens"
    )


@pytest.fixture
def update_goldens(request: pytest.FixtureRequest) -> bool:
    """Whether expected texts are to be rewritten."""
    return bool(request.config.getoption("--update-goldens"))
