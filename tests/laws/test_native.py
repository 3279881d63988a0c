"""The laws of soft programs, asked of native code: the same laws, with fewer examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffprog.native import build, calls
from diffprog.native.function import Native
from tests.laws import (
    harness,
    test_broadcast,
    test_expectation,
    test_gradient,
    test_limit,
    test_mass,
    test_vertex,
)
from tests.laws.harness import LAW
from tests.strategies import programs, read_once_programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LAWS: dict[str, tuple[Callable[..., None], tuple[Any, ...]]] = {
    "vertex": (test_vertex.test_at_temperature_zero, (programs(), st.data())),
    "vertex, rounding": (test_vertex.test_rounding, (programs(rough=True), st.data())),
    "vertex, warm": (
        test_vertex.test_at_every_temperature,
        (programs(finite_only=True), st.data(), st.sampled_from([0.01, 1.0, 3.0])),
    ),
    "mass": (
        test_mass.test_results,
        (programs(rough=True), st.data(), st.sampled_from([0.0, 0.3, 1.0])),
    ),
    "mass, unfinished": (test_mass.test_unfinished, (programs(), st.data())),
    "expectation": (test_expectation.test_read_once, (read_once_programs(), st.data())),
    "expectation of reals": (
        test_expectation.test_read_once_reals,
        (read_once_programs(finite_only=False), st.data()),
    ),
    "gradient": (test_gradient.test_right_inside, (programs(finite_only=True), st.data())),
    "gradient, finite": (
        test_gradient.test_finite_at_vertices,
        (programs(), st.data(), st.sampled_from([0.0, 0.5])),
    ),
    "broadcast, rows": (test_broadcast.test_rows, (programs(), st.data())),
    "broadcast, restarts": (test_broadcast.test_restarts, (programs(), st.data())),
    "limit": (test_limit.test_cold_is_crisp, (programs(), st.data())),
}
QUICK, MANY = 4, 60


@pytest.fixture
def counted(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[int]]:
    """Make the modules of the laws native, compiled fast; count the calls."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setattr(build, "FLAGS", ("-O0", "-std=gnu11", "-fPIC", "-shared", "-w"))
    monkeypatch.setattr(harness, "BACKEND", "auto")
    made: list[int] = []
    run = Native._run
    monkeypatch.setattr(Native, "_run", lambda *a, **k: (made.append(1), run(*a, **k))[1])
    yield made
    calls.code.cache_clear()


def ask(name: str, examples: int, made: list[int]) -> None:
    """Ask a law of native code, and that most of what it asks was native."""
    law, strategies = LAWS[name]
    inner = law.hypothesis.inner_test  # type: ignore[attr-defined]
    settings(LAW, max_examples=examples)(given(*strategies)(inner))()
    assert made or build.compiler() is None


@pytest.mark.filterwarnings("ignore:there is no C compiler")
@pytest.mark.parametrize("name", LAWS)
def test_law(name: str, counted: list[int]) -> None:
    """Each law, at a few programs."""
    ask(name, QUICK, counted)


@pytest.mark.slow
@pytest.mark.parametrize("name", LAWS)
def test_law_at_length(name: str, counted: list[int]) -> None:
    """Each law, at many programs."""
    ask(name, MANY, counted)
