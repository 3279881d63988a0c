"""The weights of a run: how sure its best restart is of each choice.

In: the folder of a run, or the logits of its record. Out: by hole, the softmaxed weights of the
alternatives, as nested lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from diffprog.learn.record import WEIGHTS, within
from diffprog.learn.runs import Run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor


def softmaxed(logits: Mapping[str, Tensor]) -> dict[str, object]:
    """Return weights by the keys of holes, of logits by parameter name."""
    return {
        name.replace(":", "."): torch.softmax(value, -1).tolist() for name, value in logits.items()
    }


def run_weights(folder: str | Path) -> dict[str, object]:
    """Return the weights of a run's best restart when it was found, by the keys of finite holes.

    A run by an estimator without weights (`search`) has none.

    Raises:
        DiffprogError: DP625 where the checkpoint cannot be read.
    """
    return softmaxed(within(Run(folder).checkpoint()["tensors"], WEIGHTS))
