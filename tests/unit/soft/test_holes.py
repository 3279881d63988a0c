"""Holes: softmax first, mask and all, then the expectation over what a choice is given."""

from __future__ import annotations

import torch

from tests.unit.soft.soften import soft

TEXT = """
enum Colour: red, green, blue

program main(a: bool, b: int<2>) -> (Colour, bool):
    first = choose Colour given a, b where [true, false, true]
    second = choose bool given a where [true, true]
    return first, second
"""


def test_a_mask_stands_in_the_softmax_of_each_entry() -> None:
    """Entries that lose different weights to the mask count by what they are given alone."""
    module = soft(TEXT).double()
    table = torch.tensor([[[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]], [[0.0, 0.5, 0.5], [1, 0, 0]]])
    coin = torch.tensor([[0.25, 0.75], [0.5, 0.5]])
    with torch.no_grad():
        module.hole("main.first#0").copy_(table.clamp_min(1e-300).log())
        module.hole("main.second#0").copy_(coin.log())
    a, b = torch.tensor([0.5, 0.25]).double(), torch.tensor([[0.5, 0.5], [1.0, 0.0]]).double()
    first, second = module(a=a, b=b)
    kept = table * torch.tensor([1.0, 0.0, 1.0])
    kept = (kept / kept.sum(-1, keepdim=True)).double()
    want = torch.einsum("na,nb,abk->nk", torch.stack((1 - a, a), -1), b, kept)
    torch.testing.assert_close(first, want, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(second, torch.tensor([0.625, 0.6875]).double(), rtol=1e-6, atol=1e-9)
