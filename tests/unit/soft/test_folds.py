"""Reductions are exact push-forwards of the fold over independent cells and masks."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor

from diffprog.ops import REDUCTIONS
from diffprog.soft import folds
from tests.unit.soft.soften import random_value, soft, soft_value

if TYPE_CHECKING:
    from diffprog.soft.module import SoftProgram

CELLS = 3
INTS = ["sum", "min", "max", "argmin", "argmax"]
BOOLS = ["count", "any", "all"]


def program(op: str, item: str, *, masked: bool, other: str = "") -> SoftProgram:
    """Return a module of one reduction."""
    n = CELLS
    results = {"sum": "int<-9..10>", "count": f"int<{n + 1}>", "any": "bool", "all": "bool"}
    result = "real" if item == "real" else item
    if op.startswith("arg"):
        result = f"int<{n}>"
    elif item != "real":
        result = results.get(op, "int<-2..5>")
    mask = " where m" if masked else ""
    return soft(
        f"program f(xs: {item}[{n}], m: bool[{n}]) -> {result}:\n    return {op}(xs{mask}{other})\n"
    )


def definition(op: str, module: SoftProgram, xs: Tensor, m: Tensor | None, other: Any) -> Tensor:
    """Return the expectation of the crisp fold, by enumerating cells and masks."""
    array, result = module.params[0][1], module.result
    total: Any = 0.0
    values = array.item.values()  # type: ignore[union-attr]
    for cells in product(values, repeat=CELLS):
        for chosen in product([False, True], repeat=CELLS):
            weight = torch.ones((), dtype=torch.float64)
            for j, (v, c) in enumerate(zip(cells, chosen, strict=True)):
                at = xs[j] if isinstance(v, bool) else xs[j, values.index(v)]
                weight = weight * (at if v is not False else 1 - at)
                weight = weight * (float(c) if m is None else m[j] if c else 1 - m[j])
            if weight == 0:
                continue
            picked = [p for p, c in zip(enumerate(cells), chosen, strict=True) if c]
            row = REDUCTIONS[op]
            value = row.crisp(picked) if picked else row.empty if other is None else other
            total = total + weight * soft_value(value, result)
    assert isinstance(total, Tensor)
    return total


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("op", INTS + BOOLS)
def test_finite_reductions(op: str, masked: bool) -> None:
    """Every fold of ints or bools, with and without a mask, is the derived one."""
    item = "bool" if op in BOOLS else "int<-2..2>"
    extreme = masked and op in ("min", "max")
    module = program(op, item, masked=masked, other=" else 4" if extreme else "")
    g = torch.Generator().manual_seed(5)
    xs = random_value(module.params[0][1], g)
    m = random_value(module.params[1][1], g)
    want = definition(op, module, xs, m if masked else None, 4 if extreme else None)
    assert torch.allclose(module(xs=xs, m=m), want, atol=1e-14)


@pytest.mark.parametrize("op", ["min", "max"])
def test_masked_extremes_of_reals(op: str) -> None:
    """The expectation over masks: a row of weight .01 wins with .01."""
    module = program(op, "real", masked=True, other=" else 5.0")
    xs = torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64)
    m = torch.tensor([0.5, 0.01, 0.25], dtype=torch.float64)
    want = 0.0
    for chosen in product([False, True], repeat=3):
        weight = 1.0
        for p, c in zip(m.tolist(), chosen, strict=True):
            weight *= p if c else 1 - p
        picked = [x for x, c in zip(xs.tolist(), chosen, strict=True) if c]
        want += weight * ({"min": min, "max": max}[op](picked) if picked else 5.0)
    assert module(xs=xs, m=m).item() == pytest.approx(want)


@pytest.mark.parametrize("op", ["argmin", "argmax"])
def test_places_of_reals_at_temperature_zero(op: str) -> None:
    """With crisp masks the first best selected cell, at ties too; of nothing place 0."""
    module = program(op, "real", masked=True)
    module.temperature = 0.0
    xs = torch.tensor([2.0, 2.0, 1.0])
    for chosen in product([False, True], repeat=3):
        got = module(xs=xs, m=torch.tensor(chosen)).argmax().item()
        picked = [(j, x) for j, (x, c) in enumerate(zip(xs.tolist(), chosen, strict=True)) if c]
        assert got == (REDUCTIONS[op].crisp(picked) if picked else 0)


def test_place_of_a_rare_row() -> None:
    """A soft mask says how often a row takes part, not how large it is; mass is kept."""
    module = program("argmax", "real", masked=True)
    module.temperature = 0.01
    xs, m = torch.tensor([1.0, 5.0, 2.0]), torch.tensor([0.5, 0.01, 0.0])
    got = module(xs=xs, m=m)
    assert got.sum().item() == pytest.approx(1.0)
    assert got[1].item() == pytest.approx(0.01)
    assert got[2].item() == 0.0


def test_vertices_and_slopes() -> None:
    """Bit-exact at crisp cells, and finite gradients there; gradcheck inside."""
    xs = torch.eye(4)[[1, 3, 3]].requires_grad_()
    m = torch.tensor([1.0, 1.0, 0.0], requires_grad=True)
    got = folds.place_of_largest(xs, m)
    assert got.tolist() == [0, 1, 0]
    sums = folds.total_of(folds.or_zero(xs, m, -1))
    assert sums.argmax().item() == 0 + 2 - (-3)
    grads = torch.autograd.grad(got[1] + sums.square().sum() + folds.any_of(m), [xs, m])
    assert all(torch.isfinite(g).all() for g in grads)
    inside = torch.rand(3, 4, dtype=torch.float64, requires_grad=True)
    mask = torch.rand(3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(folds.place_of_largest, (inside, mask))
    assert torch.autograd.gradcheck(folds.largest_of, (inside,))
    assert torch.autograd.gradcheck(
        lambda x, m: folds.place_of_largest_real(x[:, 0], m, 0.5, 0.7), (inside, mask)
    )
    nothing = torch.zeros((), dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda x, m: folds.largest_real(x[:, 0], m, nothing), (inside, mask)
    )


def test_products_do_not_divide() -> None:
    """Products before and after each place, with zeros among the factors."""
    x = torch.tensor([2.0, 0.0, 3.0, 5.0, 0.5])
    before = [1.0, 2.0, 0.0, 0.0, 0.0]
    after = [0.0, 7.5, 2.5, 0.5, 1.0]
    assert folds.products_before(x).tolist() == before
    assert folds.products_after(x).tolist() == after
    assert folds.product_of(x).item() == 0.0
