"""Alignments: over words, sound and pictures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from diffprog import DiffprogError
from diffprog.trace import TraceStep
from diffprog.view.alignment import alignment
from tests.unit.view.pages import WORDS, attention_trace

if TYPE_CHECKING:
    from pathlib import Path


def reads(*cells: int, count: int) -> list[TraceStep]:
    """Return reads of `states`, each mostly of one cell."""
    return [
        TraceStep(
            "read", "states", 3, step, tuple(0.8 if k == c else 0.2 / count for k in range(count))
        )
        for step, c in enumerate(cells)
    ]


def said(path: Path) -> set[str]:
    """Return the texts of an SVG file: matplotlib says each in a comment above its letters."""
    return set(re.findall(r"<!-- (.*?) -->", path.read_text()))


def test_over_words(tmp_path: Path) -> None:
    """The words stand on both axes; the same bytes each time."""
    trace = attention_trace()
    path = trace.alignment(tmp_path / "a.svg", "keys", words=WORDS)
    assert {"the", "old", "cat", "le", "chat"} <= said(path)
    again = trace.alignment(tmp_path / "b.svg", "keys", words=WORDS)
    assert path.read_bytes() == again.read_bytes()


def test_over_sound(tmp_path: Path) -> None:
    """The sound is drawn above its cells."""
    sound = np.random.default_rng(0).random((12, 5))
    path = alignment(reads(1, 5, 9, count=12), tmp_path / "a.svg", "states", over=sound)
    assert {"sound", "answer", "cell"} <= said(path)
    assert path.read_text().count("<image") == 2


def test_over_a_picture(tmp_path: Path) -> None:
    """The picture is drawn once for each read, and where it looked over it and framed."""
    picture = np.random.default_rng(0).random((6, 8))
    path = alignment(
        reads(1, 5, 9, 11, 0, count=12), tmp_path / "a.svg", "states", over=picture, grid=(3, 4),
        answer=["one", "two"],
    )  # fmt: skip
    assert {"one", "two", "read 2", "read 4"} <= said(path)
    assert path.read_text().count("<image") == 10
    assert path.read_text().count("stroke: #0f766e") == 5


@pytest.mark.parametrize(
    ("array", "over", "grid", "code"),
    [
        ("other", None, None, "DP645"),
        ("states", np.zeros((5, 2)), None, "DP646"),
        ("states", np.zeros((6, 2)), (2, 2), "DP646"),
        ("states", np.zeros(6), None, "DP646"),
    ],
)
def test_what_does_not_fit(
    tmp_path: Path, array: str, over: Any, grid: tuple[int, int] | None, code: str
) -> None:
    """An array that is not read, sound or a picture of other cells."""
    with pytest.raises(DiffprogError) as caught:
        alignment(reads(1, count=6), tmp_path / "a.png", array, over=over, grid=grid)
    assert caught.value.diagnostics[0].code == code
