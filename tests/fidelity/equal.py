"""The comparison all fidelity tests make: outputs and all gradients, in double precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

import diffprog as dp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EXACT = {"rtol": 1e-10, "atol": 1e-10}


def numbers(*shapes: Sequence[int], seed: int = 0) -> list[Tensor]:
    """Return arrays of normal numbers that want gradients."""
    g = torch.Generator().manual_seed(seed)
    drawn = [torch.randn(tuple(s), generator=g, dtype=torch.float64) for s in shapes]
    return [x.requires_grad_() for x in drawn]


def same(
    text: str,
    paper: Callable[..., Sequence[Tensor] | Tensor],
    inputs: Sequence[Tensor],
    logits: Sequence[int] = (),
) -> None:
    """Hold a softened program to a transcription of a paper: outputs, gradients of all inputs.

    The inputs at the places `logits` give distributions by a softmax: off the simplex a gradient
    has no meaning.
    """
    module = dp.loads(text).soften().double()
    given = [x.softmax(-1) if i in logits else x for i, x in enumerate(inputs)]
    got, want = _listed(module(*given)), _listed(paper(*given))
    assert len(got) == len(want)
    for own, theirs in zip(got, want, strict=True):
        torch.testing.assert_close(own, theirs, **EXACT)
    for own, theirs in zip(_slopes(got, inputs), _slopes(want, inputs), strict=True):
        assert theirs.any(), "a gradient that is 0 everywhere shows nothing"
        torch.testing.assert_close(own, theirs, **EXACT)


def _listed(found: Sequence[Tensor] | Tensor) -> list[Tensor]:
    return [found] if isinstance(found, Tensor) else list(found)


def _slopes(outputs: Sequence[Tensor], inputs: Sequence[Tensor]) -> Sequence[Tensor]:
    g = torch.Generator().manual_seed(7)
    weighed = [(x * torch.randn(x.shape, generator=g, dtype=x.dtype)).sum() for x in outputs]
    return torch.autograd.grad(torch.stack(weighed).sum(), list(inputs), retain_graph=True)
