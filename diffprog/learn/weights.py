"""The weights of a run: how sure its best restart is of each choice.

In: the folder of a run. Out: by hole, the softmaxed weights of the alternatives, as nested lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from diffprog.learn.runs import Run

if TYPE_CHECKING:
    from pathlib import Path

_PREFIX = "weights/"


def run_weights(folder: str | Path) -> dict[str, object]:
    """Return the weights of a run's best restart, by the keys of its finite holes.

    A run by an estimator without weights (`search`) has none.

    Raises:
        DiffprogError: DP625 where the checkpoint cannot be read.
    """
    tensors = Run(folder).checkpoint()["tensors"]
    best = int(tensors["record/best"])
    return {
        name.removeprefix(_PREFIX).replace(":", "."): torch.softmax(logits[best], -1).tolist()
        for name, logits in tensors.items()
        if name.startswith(_PREFIX)
    }
