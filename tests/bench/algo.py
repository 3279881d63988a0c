"""The benchmark's programs in AlgoVision (Petersen et al. 2021), where it has them.

Its conditions and minimum are relaxed as in the `.dp` files: a plain logistic function of
inverse temperature `beta`, a softened minimum, equality by the inner product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812
from algovision import GT, Algorithm, For, If, Input, IsTrue, Let, Output, Var, VarInt, While
from algovision.core import Condition

from tests.bench.hand import WAYS

if TYPE_CHECKING:
    from torch import Tensor

FAR = 1e12


def bubble(n: int, beta: float) -> Any:
    """Bubble sort, as in AlgoVision's own examples."""
    return Algorithm(
        Input("array"),
        Var("a", torch.tensor(0.0)),
        Var("b", torch.tensor(0.0)),
        Var("swapped", torch.tensor(1.0)),
        Var("swaps", torch.tensor(0.0)),
        VarInt("n", lambda array: array.shape[1] - 1),
        While(
            IsTrue("swapped"),
            Let("swapped", 0),
            For(
                "i",
                "n",
                Let("a", "array", ["i"]),
                Let("b", "array", [lambda i: i + 1]),
                If(
                    GT("a", "b"),
                    if_true=[
                        Let("array", [lambda i: i + 1], "a"),
                        Let("array", ["i"], "b"),
                        Let("swapped", 1.0),
                        Let("swaps", lambda swaps: swaps + 1.0),
                    ],
                ),
            ),
            max_iter=n - 1,
        ),
        Output("array"),
        Output("swaps"),
        beta=beta,
        epsilon=0.0,
    )


class Same(Condition):
    """Equality of two distributions: the probability that two draws agree."""

    def __call__(self, state: Any) -> Tensor:
        """Return it for each row."""
        return (self.get_left(state) * self.get_right(state)).sum(-1)


def levenshtein(m: int, n: int, beta: float) -> Any:
    """Edit distance, cell by cell."""

    def least(d: Tensor, i: int, j: int, cost: Tensor) -> Tensor:
        ways = torch.stack((d[:, i - 1, j] + 1, d[:, i, j - 1] + 1, d[:, i - 1, j - 1] + cost), -1)
        return (F.softmin(ways * beta, -1) * ways).sum(-1)

    edges = torch.arange(max(m, n) + 1.0)
    start = torch.zeros(m + 1, n + 1)
    start[:, 0], start[0, :] = edges[: m + 1], edges[: n + 1]
    return Algorithm(
        Input("s"),
        Input("t"),
        Var("d", lambda s: start.to(s.dtype)),
        Var("cost", torch.tensor(0.0)),
        Var("new", torch.tensor(0.0)),
        For(
            "i",
            range(1, m + 1),
            For(
                "j",
                range(1, n + 1),
                If(
                    Same(lambda s, i: s[:, i - 1], lambda t, j: t[:, j - 1]),
                    if_true=Let("cost", 0.0),
                    if_false=Let("cost", 1.0),
                ),
                Let("new", least),
                Let("d", ["i", "j"], "new"),
            ),
        ),
        Let("new", lambda d: d[:, m, n]),
        Output("new"),
        beta=beta,
        epsilon=0.0,
    )


def path(height: int, width: int, rounds: int, beta: float) -> Any:
    """The cheapest way across a grid, as in AlgoVision's own examples."""

    def relax(d: Tensor, cost: Tensor) -> tuple[Tensor, Tensor]:
        near = F.unfold(d.unsqueeze(1), kernel_size=(3, 3)).transpose(-2, -1)
        near = torch.cat([near[..., :4], near[..., 5:]], -1).view(-1, height, width, 8)
        share = F.softmin(near * beta, -1)
        new = F.pad((share * near).sum(-1) + cost, (1, 1, 1, 1), "constant", FAR)
        return new, share

    def back(here: Tensor, came: Tensor) -> Tensor:
        moving = F.pad(here.unsqueeze(-1) * came, (0, 0, 1, 1, 1, 1))
        slices = {0: slice(2, None), 1: slice(1, -1), 2: slice(0, -2)}
        found: Any = 0.0
        for k, (y, x) in enumerate(WAYS):
            found = found + moving[:, slices[y], slices[x], k]
        return found

    return Algorithm(
        Input("cost"),
        Var("d", lambda cost: torch.full((height + 2, width + 2), FAR, dtype=cost.dtype)),
        Var("came", lambda cost: torch.zeros(height, width, 8, dtype=cost.dtype)),
        Var("here", lambda cost: torch.zeros(height, width, dtype=cost.dtype)),
        Var("seen", lambda cost: torch.zeros(height, width, dtype=cost.dtype)),
        Let("d", [1, 1], 0.0),
        Let("here", [-1, -1], 1.0),
        For("i", rounds, Let(["d", "came"], relax), Let("d", [1, 1], 0.0)),
        For(
            "j",
            rounds,
            Let("seen", lambda seen, here: seen + here - seen * here),
            Let("here", back),
        ),
        Output("seen"),
        beta=beta,
        epsilon=0.0,
    )
