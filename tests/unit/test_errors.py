"""Diagnostics as text: places, carets, and long lines cut to what matters."""

from __future__ import annotations

import pytest

from diffprog.errors import WIDEST, Diagnostic, Source, Span


def excerpt(text: str, start: int, end: int) -> tuple[str, str]:
    """Render an error about a stretch of a one-line text: the line and the carets."""
    span = Span(Source("p.dp", text), start, end)
    _, _, line, carets = Diagnostic("DP100", "wrong", span).render().splitlines()
    return line.removeprefix("1 | "), carets.removeprefix("  | ")


def marked(text: str, start: int, end: int) -> str:
    """Return what the carets stand under."""
    line, carets = excerpt(text, start, end)
    return "".join(c for c, mark in zip(line, carets, strict=False) if mark == "^")


def test_a_line_of_ordinary_length_is_shown_whole() -> None:
    """Nothing is cut at the limit."""
    text = "x" * (WIDEST - 1) + "?"
    assert excerpt(text, WIDEST - 1, WIDEST) == (text, " " * (WIDEST - 1) + "^")


@pytest.mark.parametrize("at", [0, 10, 100, 500_000, 999_900, 999_999])
def test_of_a_long_line_a_window_is_shown(at: int) -> None:
    """The carets stand under what is wrong, wherever that is."""
    text = "x" * at + "?" + "x" * (999_999 - at)
    line, _ = excerpt(text, at, at + 1)
    assert len(line) <= WIDEST + 6
    assert marked(text, at, at + 1) == "?"
    assert line.startswith("...") == (at > WIDEST // 3)
    assert line.endswith("...") == (at < 999_900)


def test_carets_end_with_the_window() -> None:
    """A stretch longer than the window is marked as far as it is shown."""
    text = "(" * 100_000
    line, carets = excerpt(text, 0, 100_000)
    assert len(carets) == WIDEST
    assert len(line) == WIDEST + 3


def test_tabs_stay_in_line() -> None:
    """A tab before the carets is a tab above them, too."""
    assert excerpt("\t\tx = ?", 6, 7) == ("\t\tx = ?", "\t\t    ^")
