"""Places that are moved round the ends, in the place of a product with a table."""

from __future__ import annotations

import pytest
import torch

import diffprog as dp
from diffprog.soft import tabulated
from diffprog.soft.kernels import cosine

TOP = "enum Move: back, stay, distant\n\n"
MOVES = {
    "bool": "program p(at: int<32>, far: bool) -> int<32>:\n"
    "    return (at + 1) % 32 if far else at\n",
    "bool first": "program p(far: bool, at: int<32>) -> int<32>:\n"
    "    return (at + 31) % 32 if far else (at + 5) % 32\n",
    "below zero": "program p(at: int<32>, far: int<-1..2>) -> int<32>:\n"
    "    return (at + far + 0) % 32 if far != 0 else at\n",
    "places from one": "program p(far: int<3>, at: int<1..25>) -> int<1..25>:\n"
    "    return (at - 1 + 2 * far) % 24 + 1\n",
    "enumeration": TOP + "program p(at: int<24>, far: Move) -> int<24>:\n    match far:\n"
    "        case Move.back:\n            return (at + 23) % 24\n"
    "        case Move.stay:\n            return at\n"
    "        case Move.distant:\n            return (at + 9) % 24\n",
    "cells": "program p(at: int<32>[2], far: bool[2]) -> int<32>[2]:\n    to: int<32>[2] = 0\n"
    "    for i in 0 .. 2:\n        to[i] = (at[i] + 1) % 32 if far[i] else at[i]\n    return to\n",
}
"""Programs that move a place, and which kind of value says how far."""


def found(name: str, most: int, monkeypatch: pytest.MonkeyPatch) -> tuple[str, list[torch.Tensor]]:
    """Return the source, and what uncertain inputs give and have as slopes."""
    monkeypatch.setattr(tabulated, "TURNED", most)
    module = dp.loads(MOVES[name]).soften().double()
    made, inputs = torch.Generator().manual_seed(1), {}
    for key, t in module.params:
        shape = (3, *(() if not hasattr(t, "shape") else t.shape))
        item = getattr(t, "item", t)
        if str(item) == "bool":
            inputs[key] = torch.rand(shape, generator=made, dtype=torch.float64)
        else:
            drawn = torch.randn(*shape, item.size, generator=made, dtype=torch.float64)
            inputs[key] = drawn.softmax(-1)
        inputs[key].requires_grad_()
    out = module(**inputs)
    weights = torch.randn(out.shape, generator=made, dtype=torch.float64)
    return module.source, [out, *torch.autograd.grad((out * weights).sum(), list(inputs.values()))]


@pytest.mark.parametrize("name", MOVES)
def test_it_is_the_product_with_the_table(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs and slopes, whatever kind of value moves the place and wherever it stands."""
    _, wanted = found(name, 10**6, monkeypatch)
    _, moved = found(name, 8, monkeypatch)
    torch.testing.assert_close(moved, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["bool", "bool first", "cells"])
def test_it_is_taken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place among many is moved; a small one is not."""
    assert "= turned(" in found(name, 8, monkeypatch)[0]
    assert "= turned(" not in found(name, 10**6, monkeypatch)[0]


def test_a_vector_of_nothing_is_like_none() -> None:
    """It has a similarity of 0, and no slope that is not a number."""
    memory = torch.randn(2, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    memory[0, 1] = 0
    key = torch.stack([torch.zeros(3), torch.ones(3)]).double().requires_grad_()
    memory.requires_grad_()
    like = cosine(memory, key)
    assert like[0].eq(0).all()
    wanted = torch.nn.functional.cosine_similarity(memory[1], key[1], dim=-1)
    torch.testing.assert_close(like[1], wanted)
    like.sum().backward()
    assert key.grad is not None
    assert memory.grad is not None
    assert key.grad.isfinite().all()
    assert memory.grad.isfinite().all()
