"""Metrics for TensorBoard: written where its package is, silently left out where it is not."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

from diffprog.learn.board import Board

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ROWS: list[dict[str, object]] = [
    {"step": 10, "loss": 0.5, "fit": 1, "note": "text"},
    {"step": 20, "loss": 0.25, "fit": 2, "note": "text"},
]


def test_each_number_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that were told are not told again; texts are left out."""
    told: list[tuple[str, object, object]] = []

    class Writer:
        def __init__(self, folder: str, purge_step: int) -> None:
            assert folder.startswith(str(tmp_path))
            assert purge_step == 0

        def add_scalar(self, name: str, value: object, step: object) -> None:
            told.append((name, value, step))

        def flush(self) -> None:
            pass

    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    board = Board(tmp_path)
    board.metrics(ROWS[:1])
    board.metrics(ROWS)
    assert told == [("loss", 0.5, 10), ("fit", 1, 10), ("loss", 0.25, 20), ("fit", 2, 20)]


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written, nothing is said."""
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    Board(tmp_path).metrics(ROWS)
    assert not list(tmp_path.iterdir())
