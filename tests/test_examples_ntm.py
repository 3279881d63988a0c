"""The Neural Turing Machines: they train, at small sizes, and are one program in both readings."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from examples.ntm.copy import bench as copy
from examples.ntm.copy import data as copies
from examples.ntm.recall import bench as recall
from examples.ntm.recall import data as recalls
from examples.ntm.repeat_copy import bench as repeat_copy
from examples.ntm.repeat_copy import data as repeats

if TYPE_CHECKING:
    from diffprog.learn.fit import Result

SMALL = {"bits": 2, "cells": 5, "width": 4, "hidden": 12}
OPTIONS = {"sizes": SMALL, "network_lr": 0.02, "every": 20}


@pytest.fixture(scope="module")
def copied() -> Result:
    """A machine trained to copy one or two vectors of two bits."""
    return copy.learn(0, longest=2, steps=200, **OPTIONS)


def test_copy_is_learned(copied: Result) -> None:
    """Most sequences of two come out right, where guessing gives a sixteenth; the loss falls.

    A loss is that of one batch, whose sequences have one or two vectors: five of them are compared.
    """
    losses = [float(str(row["loss"])) for row in copied.metrics]
    assert fmean(losses[-5:]) < fmean(losses[:5]) / 2
    assert copied.best.dev is not None
    assert copied.best.dev > 0.7
    assert copy.wrong(copied.program, 2, 64, 5) < 0.5


def test_the_crisp_machine_is_the_soft_one_without_temperature(copied: Result) -> None:
    """With the trained weights: heads then stand at one place."""
    inputs, _ = copies.drawn(2, 2, 6, 2)(np.random.default_rng(3))
    assert_same(copied, {"vectors": 2}, inputs)


def test_recall_trains() -> None:
    """The loss falls, and the crisp machine is the soft one without temperature."""
    sizes = {**SMALL, "vectors": 1}
    result = recall.learn(0, most=2, steps=20, **{**OPTIONS, "every": 10, "sizes": sizes})
    first, last = result.metrics[0]["loss"], result.metrics[-1]["loss"]
    assert isinstance(first, float)
    assert isinstance(last, float)
    assert last < first
    inputs, _ = recalls.drawn(3, 3, 4, 1, 2)(np.random.default_rng(3))
    assert_same(result, {"items": 3}, inputs)


def test_repeat_copy_trains() -> None:
    """Batches of all lengths and repeats; the crisp machine is the soft one."""
    result = repeat_copy.learn(0, most=2, steps=8, **{**OPTIONS, "every": 4, "sizes": SMALL})
    assert len(result.metrics) == 2
    inputs, _, sizes = repeats.drawn((2, 2), (3, 3), 4, 2)(np.random.default_rng(3))
    assert_same(result, {"vectors": 2, **sizes}, inputs)


def assert_same(result: Result, sizes: dict[str, int], inputs: dict[str, Any]) -> None:
    """Assert that the interpreter answers as the module does where all temperatures are 0."""
    program = result.program.at(**sizes)
    module = program.soften().double()
    module.temperature = module.choice_temperature = 0.0
    with torch.no_grad():
        found = module(**{name: torch.as_tensor(value) for name, value in inputs.items()})
    count = len(next(iter(inputs.values())))
    rows = [{name: value[i].tolist() for name, value in inputs.items()} for i in range(count)]
    assert [program.run(**row) for row in rows] == found.bool().tolist()
