"""Scenes with three to five digits at random places, and the digits from left to right.

The digits are those of scikit-learn, 8 x 8 points (the last 360 of 1,797 are kept for the test), or
those of MNIST where its four files are at hand, at half their size: 14 x 14.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FEWEST, MOST = 3, 5
GROWS = 0.4
"""The share of the training after which scenes have as many digits as in the test: first one."""
BRIGHT, NOISE = 0.3, 0.15
"""How much brighter or darker a digit to train on may be, and how noisy its points are."""
END = 10
"""What is said when there are no more digits."""
HELD = 360
MNIST = {"train": "train", "test": "t10k"}
Batch = tuple[dict[str, Any], Any]
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Digits:
    """Pictures of digits, [count, side, side] from 0 to 1, and which they are.

    `few` says that they are so few that those to train on are worn: no two then look alike.
    """

    pictures: Points
    names: NDArray[np.int64]
    few: bool = False

    @property
    def grid(self) -> dict[str, int]:
        """How many cells of 4 x 4 points a scene has, by the name of the program's size."""
        side = self.pictures.shape[1]
        return {"rows": side // 4 + 1, "columns": side * MOST // 4 + 2}


def digits(folder: Path | None, part: str) -> Digits:
    """Return the digits to train on (`train`) or to test on (`test`)."""
    if folder is None:
        from sklearn.datasets import load_digits

        found = load_digits()
        own = slice(None, -HELD) if part == "train" else slice(-HELD, None)
        return Digits(found.images[own] / 16, found.target[own].astype(int), few=True)
    pictures = _idx(folder / f"{MNIST[part]}-images-idx3-ubyte", 16).reshape(-1, 14, 2, 14, 2)
    names = _idx(folder / f"{MNIST[part]}-labels-idx1-ubyte", 8)
    return Digits(pictures.mean((2, 4)) / 255, names.astype(int))


def _idx(path: Path, header: int) -> NDArray[np.uint8]:
    """Return the bytes of one of MNIST's files after its header, packed or not."""
    packed = path.with_name(path.name + ".gz")
    read = path.read_bytes() if path.exists() else gzip.decompress(packed.read_bytes())
    return np.frombuffer(read, np.uint8)[header:]


def drawn(known: Digits, count: int) -> Callable[[np.random.Generator], Batch]:
    """Return what draws scenes."""

    def draw(random: np.random.Generator) -> Batch:
        return _batch(known, count, random, (FEWEST, MOST))

    draw.__qualname__ = f"drawn({len(known.names)}, {count})"
    return draw


def growing(known: Digits, count: int) -> Callable[[np.random.Generator, float], Batch]:
    """Return what draws scenes to train on: first of one digit, then of more, in the end all.

    Where there are few digits, none is seen twice alike: it is brighter or darker, and noisy.
    """

    def draw(random: np.random.Generator, done: float) -> Batch:
        most = 1 + int(MOST * done / GROWS)
        numbers = (FEWEST, MOST) if most > MOST else (1, most)
        return _batch(known, count, random, numbers, wear=known.few)

    draw.__qualname__ = f"growing({len(known.names)}, {count})"
    return draw


def worn(digit: Points, random: np.random.Generator) -> Points:
    """Return a digit brighter or darker, and noisy."""
    light = random.uniform(1 - BRIGHT, 1 + BRIGHT)
    return np.clip(light * digit + NOISE * random.standard_normal(digit.shape), 0, 1)


def _batch(
    known: Digits,
    count: int,
    random: np.random.Generator,
    numbers: tuple[int, int],
    *,
    wear: bool = False,
) -> Batch:
    """Return scenes with so many digits, from the least to the most."""
    each = (_scene(known, random, numbers, wear=wear) for _ in range(count))
    scenes, answers = zip(*each, strict=True)
    return {"scene": np.stack(scenes)}, np.stack(answers)


def _scene(
    known: Digits, random: np.random.Generator, numbers: tuple[int, int], *, wear: bool
) -> tuple[Points, NDArray[np.int64]]:
    """Return a scene, and its digits with the end mark after them."""
    side = known.pictures.shape[1]
    scene = np.zeros((4 * known.grid["rows"], 4 * known.grid["columns"]))
    chosen = random.integers(len(known.names), size=random.integers(numbers[0], numbers[1] + 1))
    free = scene.shape[1] - side * len(chosen)
    lefts = np.sort(random.integers(free + 1, size=len(chosen))) + side * np.arange(len(chosen))
    tops = random.integers(scene.shape[0] - side + 1, size=len(chosen))
    for i, left, top in zip(chosen, lefts, tops, strict=True):
        scene[top : top + side, left : left + side] = (
            worn(known.pictures[i], random) if wear else known.pictures[i]
        )
    answer = np.full(MOST, END)
    answer[: len(chosen)] = known.names[chosen]
    return scene, answer
