"""Reading the digits of a scene: the data, a small training, its picture, both readings."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from examples.attention.image import bench
from examples.attention.image.data import END, FEWEST, MOST, Digits, digits, drawn, growing

if TYPE_CHECKING:
    from pathlib import Path

SMALL = {"channels": 8, "units": 4, "hidden": 8}


@pytest.fixture(scope="module")
def known() -> Digits:
    """The digits that are trained on."""
    return digits(None, "train")


def test_scenes_show_their_digits(known: Digits) -> None:
    """The points of a scene are those of its digits, which are none of the test's."""
    pictures = np.array([np.full((8, 8), float(name + 1)) for name in range(10)])
    inputs, answers = drawn(Digits(pictures, np.arange(10)), 50)(np.random.default_rng(0))
    assert {(row != END).sum() for row in answers} == set(range(FEWEST, MOST + 1))
    for scene, row in zip(inputs["scene"], answers, strict=True):
        columns = [scene[:, x].max() for x in range(scene.shape[1])]
        read = [c - 1 for c in columns if c]
        assert read == [d for d in row if d != END for _ in range(8)]
    assert len(known.names) + len(digits(None, "test").names) == 1797


def test_few_digits_to_train_on_are_worn_and_nothing_else_is() -> None:
    """Twice the same digit is not the same, and there is no noise between digits."""
    points = np.random.default_rng(1).uniform(0.4, 0.6, (1, 8, 8))
    many = growing(Digits(points, np.array([3])), 20)(np.random.default_rng(0), 0.0)[0]["scene"]
    assert np.ptp(many.sum((1, 2))) < 1e-9
    known = Digits(points, np.array([3]), few=True)
    scenes = growing(known, 20)(np.random.default_rng(0), 0.0)[0]["scene"]
    tops, lefts = ((scenes > 0).any(axis).argmax(1) for axis in (2, 1))
    for scene, top, left in zip(scenes, tops, lefts, strict=True):
        digit = scene[top : top + 8, left : left + 8]
        assert digit.sum() == pytest.approx(scene.sum())
        assert 0 < abs(digit - points[0]).max() < 1
    assert len(np.unique(scenes.sum((1, 2)))) == len(scenes)
    assert scenes.min() == 0
    assert scenes.max() <= 1


def test_mnist_is_read_from_its_files(tmp_path: Path) -> None:
    """Headers are left out, points halved in number; scenes are larger."""
    points = np.zeros((2, 28, 28), np.uint8)
    points[1, :2, :2] = 255
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(
        struct.pack(">4i", 0, 2, 28, 28) + points.tobytes()
    )
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 0, 2) + bytes([3, 7]))
    found = digits(tmp_path, "test")
    assert found.names.tolist() == [3, 7]
    assert found.pictures.shape == (2, 14, 14)
    assert found.pictures[1, 0, 0] == 1
    assert found.pictures.sum() == 1
    assert found.grid == {"rows": 4, "columns": 19}


def test_reading_a_scene_is_learned(known: Digits, tmp_path: Path) -> None:
    """The loss falls, the crisp run is the module without temperature, the picture is drawn."""
    result = bench.learn(known, 0, sizes=SMALL, batch=8, steps=30, every=15, network_lr=0.02)
    assert result.metrics[-1]["loss"] < result.metrics[0]["loss"]  # type: ignore[operator]
    inputs, _ = drawn(known, 3)(np.random.default_rng(1))
    program = result.program
    module = program.soften().double()
    module.temperature = module.choice_temperature = 0.0
    said = module(scene=torch.tensor(inputs["scene"])).argmax(-1)
    assert said.tolist() == [program.run(scene=scene) for scene in inputs["scene"].tolist()]
    each, whole = bench.right(program, known, 4, 0)
    assert 0 <= whole <= each <= 1
    assert bench.picture(result, known, tmp_path / "scene.png").stat().st_size > 1000
