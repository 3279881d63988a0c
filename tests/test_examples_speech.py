"""Hearing strings of digits: the data, a small training, its picture, both readings."""

from __future__ import annotations

import wave
import zipfile
from math import log
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from examples.attention.speech import bench
from examples.attention.speech.data import BANDS, END, FEWEST, MOST, RATE, digits, drawn, growing

if TYPE_CHECKING:
    from pathlib import Path

    from examples.attention.speech.data import Digit

SMALL = {"heard": 6, "units": 4, "hidden": 8}


@pytest.fixture(scope="module")
def known() -> list[Digit]:
    """The digits that are trained on."""
    return digits(None, "train")


def test_sounds_hold_their_digits(known: list[Digit]) -> None:
    """Each digit's frames stand in the sound, in order, once; the rest is silent."""
    steps = [(d, np.full((d + 1, BANDS), d + 1.0)) for d in range(10)]
    inputs, answers = drawn(steps, 40)(np.random.default_rng(0))
    assert {(row != END).sum() for row in answers} == set(range(FEWEST, MOST + 1))
    for sound, row in zip(inputs["sound"], answers, strict=True):
        frames = [int(f[0]) - 1 for f in sound if f[0]]
        assert frames == [d for d in row if d != END for _ in range(d + 1)]
    assert {d for d, _ in known} == set(range(10))


def test_recordings_are_read_and_kept_apart(tmp_path: Path) -> None:
    """The first five of a speaker are tested on; a low tone sounds in a low band."""
    times = np.arange(RATE // 4) / RATE
    for number, pitch in ((4, 200), (5, 3000)):
        samples = (1000 * np.sin(2 * np.pi * pitch * times)).astype("<i2")
        with wave.open(str(tmp_path / f"7_theo_{number}.wav"), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes(samples.tobytes())
    (test,), (train,) = digits(tmp_path, "test"), digits(tmp_path, "train")
    assert test[0] == train[0] == 7
    assert test[1].mean(0).argmax() < 6 < 18 < train[1].mean(0).argmax()
    with zipfile.ZipFile(tmp_path / "recordings.zip", "w") as archive:
        for path in tmp_path.glob("*.wav"):
            archive.write(path, f"recordings/{path.name}")
            path.unlink()
    (again,) = digits(tmp_path, "train")
    assert (again[1] == train[1]).all()


def test_sounds_grow(known: list[Digit]) -> None:
    """First there is one digit, later up to four."""
    draw, random = growing(known, 40), np.random.default_rng(0)
    counts = [(draw(random, done)[1] != END).sum(1).max() for done in (0.0, 0.15, 1.0)]
    assert counts == [FEWEST, 2, MOST]


def test_hearing_digits_is_learned(known: list[Digit], tmp_path: Path) -> None:
    """The loss falls, the crisp run is the module without temperature, the picture is drawn."""
    result = bench.learn(known, 0, sizes=SMALL, batch=16, steps=50, every=50, network_lr=0.02)
    assert result.metrics[-1]["loss"] < 0.9 * MOST * log(11)  # type: ignore[operator]
    inputs, _ = drawn(known, 2)(np.random.default_rng(1))
    program = result.program
    module = program.soften().double()
    module.temperature = module.choice_temperature = 0.0
    said = module(sound=torch.tensor(inputs["sound"])).argmax(-1)
    assert said.tolist() == [program.run(sound=sound) for sound in inputs["sound"].tolist()]
    assert bench.errors(program, known, 0, count=1) > 0
    assert bench.picture(result, known, tmp_path / "sound.png").stat().st_size > 1000


def test_strings_are_compared_by_changes() -> None:
    """One put in, one left out, one put for another."""
    assert bench.distance([1, 2, 3], [1, 2, 3]) == 0
    assert bench.distance([1, 3], [1, 2, 3]) == bench.distance([1, 2, 3, 3], [1, 2, 3]) == 1
    assert bench.distance([9, 2], [1, 2, 3]) == 2
