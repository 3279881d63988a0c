"""Sounds of one to four digits, and the digits.

The digits are recordings of the Free Spoken Digit Dataset, where its folder is at hand (files
`7_jackson_32.wav`; those numbered 0 to 4 are kept for the test), or the tones of a telephone in
noise. Strings are made by joining digits, with gaps that make all sounds of a batch equally long.
"""

from __future__ import annotations

import re
import wave
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

RATE = 8_000
HOP = 160
"""Samples from one frame to the next."""
WINDOW = 256
BANDS = 24
QUIET = 1e-3
"""What is added to energies before the logarithm: that of silence."""
FEWEST, MOST = 1, 4
GROWS = 0.4
"""The share of the training after which sounds have up to four digits: first one."""
KIND = re.compile(r"\d_[^_]+_\d+\.wav")
STEP = 8
"""Sounds have a multiple of so many frames: few lengths, for each of which a program is made."""
END = 10
"""What is said when there are no more digits."""
HELD = 5
"""The recordings of each speaker and digit that are tested on."""
LOW, HIGH = (697, 770, 852, 941), (1209, 1336, 1477)
KEYS = "123456789*0#"

Numbers = NDArray[np.float64]
Digit = tuple[int, Numbers]
"""Which it is, and its frames: [frames, bands]."""
Batch = tuple[dict[str, Any], Any]


def heard(samples: Numbers) -> Numbers:
    """Return the logarithm of the energy in each band, the lower ones narrower, by frame."""
    count = 1 + max(0, len(samples) - WINDOW) // HOP
    samples = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    starts = HOP * np.arange(count)[:, None] + np.arange(WINDOW)
    power = np.abs(np.fft.rfft(samples[starts] * np.hanning(WINDOW))) ** 2 / WINDOW
    edges = (RATE / 2) * (np.geomspace(1, 11, BANDS + 1) - 1) / 10
    band = np.digitize(np.fft.rfftfreq(WINDOW, 1 / RATE), edges[1:-1])
    energy = np.stack([power[:, band == b].sum(1) for b in range(BANDS)], 1)
    return (np.log(energy + QUIET) - np.log(QUIET)) / 4


def digits(folder: Path | None, part: str, seed: int = 0) -> list[Digit]:
    """Return the digits to train on (`train`) or to test on (`test`)."""
    if folder is None:
        random = np.random.default_rng([seed, part == "test"])
        return [(d, heard(_tones(d, random))) for d in range(10) for _ in range(30)]
    found = []
    for path in _recordings(folder):
        digit, _, number = path.stem.split("_")
        if (int(number) < HELD) == (part == "test"):
            found.append((int(digit), heard(_samples(path))))
    return found


def _recordings(folder: Path) -> list[Path | zipfile.Path]:
    """Return the files of a folder, or of the archive in it, by name."""
    packed = folder / "recordings.zip"
    inside = zipfile.Path(packed, "recordings/") if packed.exists() else folder
    found = [path for path in inside.iterdir() if KIND.fullmatch(path.name)]
    return sorted(found, key=lambda path: path.name)


def _samples(path: Path | zipfile.Path) -> Numbers:
    """Return a recording, as loud as the others."""
    with path.open("rb") as raw, wave.open(raw) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
    return samples / max(1.0, np.abs(samples).max())


def _tones(digit: int, random: np.random.Generator) -> Numbers:
    """Return the two tones of a telephone's key, for 0.2 to 0.5 seconds, in noise."""
    place = KEYS.index(str(digit))
    times = np.arange(random.integers(RATE // 5, RATE // 2)) / RATE
    turns = [pitch * times + random.random() for pitch in (LOW[place // 3], HIGH[place % 3])]
    tones = random.uniform(0.1, 0.5) * sum(np.sin(2 * np.pi * t) for t in turns)
    sound = np.pad(tones, WINDOW)  # so that a digit said twice can be told from a long one
    return sound + random.normal(0, 0.1, len(sound))


def drawn(known: Sequence[Digit], count: int) -> Callable[[np.random.Generator], Batch]:
    """Return what draws sounds, all of a batch equally long."""

    def draw(random: np.random.Generator) -> Batch:
        return _batch(known, count, random, MOST)

    draw.__qualname__ = f"drawn({len(known)}, {count})"
    return draw


def growing(known: Sequence[Digit], count: int) -> Callable[[np.random.Generator, float], Batch]:
    """Return what draws sounds to train on: first of one digit, then of more, in the end all."""

    def draw(random: np.random.Generator, done: float) -> Batch:
        return _batch(known, count, random, min(MOST, FEWEST + int(MOST * done / GROWS)))

    draw.__qualname__ = f"growing({len(known)}, {count})"
    return draw


def _batch(known: Sequence[Digit], count: int, random: np.random.Generator, most: int) -> Batch:
    """Return sounds with at most so many digits."""
    strings = [
        [known[i] for i in random.integers(len(known), size=n)]
        for n in random.integers(FEWEST, most + 1, count)
    ]
    longest = max(sum(len(frames) for _, frames in string) for string in strings)
    length = STEP * ((longest + int(random.integers(2, 12))) // STEP + 1)
    answers = np.full((count, MOST), END)
    for row, string in zip(answers, strings, strict=True):
        row[: len(string)] = [digit for digit, _ in string]
    sounds = [_joined([frames for _, frames in s], length, random) for s in strings]
    return {"sound": np.stack(sounds)}, answers


def _joined(parts: Sequence[Numbers], length: int, random: np.random.Generator) -> Numbers:
    """Return parts one after another with silence around them, so many frames in all."""
    sound = np.zeros((length, BANDS))
    free = length - sum(map(len, parts))
    at = 0
    for gap, part in zip(
        np.diff(np.sort(random.integers(free + 1, size=len(parts))), prepend=0), parts, strict=True
    ):
        at += gap
        sound[at : at + len(part)] = part
        at += len(part)
    return sound
