"""Branches: mixtures by weight, and sources given their case."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.unit.soft.soften import soft


def point(*weights: float) -> Tensor:
    """Return a distribution in double precision."""
    return torch.tensor(weights, dtype=torch.float64)


def test_a_source_is_conditioned() -> None:
    """In a case x is what it can be there: x[v] P(test | v) / w."""
    module = soft(
        "program f(x: int<4>) -> (int<4>, int<4>):\n"
        "    low: int<4> = 0\n"
        "    high: int<4> = 3\n"
        "    if x < 2:\n"
        "        low = x\n"
        "    else:\n"
        "        high = x\n"
        "    return low, high\n"
    )
    low, high = module(x=point(0.1, 0.2, 0.3, 0.4))
    assert torch.allclose(low, point(0.1 + 0.7, 0.2, 0, 0))
    assert torch.allclose(high, point(0, 0, 0.3, 0.4 + 0.3))


def test_the_sort_of_two() -> None:
    """`if a > b: swap` gives the exact marginals of minimum and maximum."""
    module = soft(
        "program f(a: int<3>, b: int<3>) -> (int<3>, int<3>):\n"
        "    if a > b:\n"
        "        swap a, b\n"
        "    return a, b\n"
    )
    p, q = point(0.2, 0.5, 0.3), point(0.6, 0.1, 0.3)
    low, high = module(a=p, b=q)
    at_most = p.cumsum(0) * q.cumsum(0)
    assert torch.allclose(high.cumsum(0), at_most)
    assert torch.allclose(low.cumsum(0), 1 - (1 - p.cumsum(0)) * (1 - q.cumsum(0)))


def test_a_test_with_reals_is_conditioned_by_its_vertices() -> None:
    """Where the test is no table of finite values it is evaluated at every value of a source."""
    module = soft(
        "program f(x: int<3>, r: real) -> int<3>:\n"
        "    y: int<3> = 0\n"
        "    if x > r:\n"
        "        y = x\n"
        "    return y\n"
    )
    assert "vertices(3" in module.source
    x, r = point(0.2, 0.3, 0.5), point(0.5, 3.0)
    got = module(x=x, r=r)
    above = torch.sigmoid(torch.arange(3.0).double() - r[:, None])
    want = x * above
    want[:, 0] += 1 - (x * above).sum(-1)
    assert torch.allclose(got, want)


def test_cells_are_conditioned_each_by_itself() -> None:
    """A test of an array conditions every cell on its own."""
    module = soft(
        "program f(bits: bool[3]) -> bool[3]:\n"
        "    if any(bits):\n"
        "        bits[0] = bits[0]\n"
        "    else:\n"
        "        bits = [true, true, true]\n"
        "    return bits\n"
    )
    p = point(0.5, 0.25, 0.0)
    none = (1 - p).prod()
    got = module(bits=p)
    assert torch.allclose(got, p + none)


def test_a_match_mixes_its_cases() -> None:
    """sum_k w_k r_k, with values that share a case."""
    module = soft(
        "program f(x: int<4>, a: real) -> real:\n"
        "    match x:\n"
        "        case 0, 3:\n"
        "            a = 1.0\n"
        "        case 1:\n"
        "            a = 10.0\n"
        "        case 2:\n"
        "            pass\n"
        "    return a\n"
    )
    got = module(x=point(0.1, 0.2, 0.3, 0.4), a=point(100.0))
    assert got.item() == pytest.approx(0.5 + 2 + 30)


def test_a_dead_case_is_uniform_and_its_gradient_finite() -> None:
    """What cannot happen weighs nothing and does no harm, going forward or back."""
    module = soft(
        "program f(x: int<4>) -> real:\n"
        "    y = 0.0\n"
        "    if x < 2:\n"
        "        y = 1 / (x + 1)\n"
        "    else:\n"
        "        y = log(real(x - 1))\n"
        "    return y\n"
    )
    for v in range(4):
        x = torch.eye(4, dtype=torch.float64)[v].requires_grad_()
        got = module(x=x)
        assert got.item() == pytest.approx([1.0, 0.5, 0.0, 0.6931471805599453][v])
        assert torch.isfinite(torch.autograd.grad(got, x)[0]).all()


def test_a_known_test_is_an_if() -> None:
    """A test of counters costs nothing when the program runs."""
    module = soft(
        "program f(xs: real[4]) -> real:\n"
        "    total = 0.0\n"
        "    for i in 0 .. 4:\n"
        "        if i % 2 == 0:\n"
        "            total += xs[i]\n"
        "        else:\n"
        "            total -= xs[i]\n"
        "    return total\n"
    )
    body = module.source[module.source.index(f"def {module.generated.entry}") :]
    assert "if (i % 2) == 0:" in body or "if " in body
    assert "lerp" not in body
    assert module(xs=point(1, 2, 4, 8)).item() == -5


def test_a_hole_is_a_branch() -> None:
    """Alternatives are mixed by the weights; `given` values are summed over, softmax first."""
    module = soft(
        "program f(a: bool, x: real) -> real:\n"
        "    choose given a:\n"
        "        x = x + 1\n"
        "        x = x * 3\n"
        "        pass\n"
        "    return x\n"
    )
    (key,) = module.hole_types
    weights = module.weights()[key]
    a = point(0.25)
    got = module(a=a, x=point(2.0))
    mixed = 0.75 * weights[0] + 0.25 * weights[1]
    assert torch.allclose(got, mixed @ point(3.0, 6.0, 2.0))


def test_slopes() -> None:
    """Gradcheck through conditioning, by tables and by vertices."""
    module = soft(
        "program f(x: int<3>, y: int<3>, r: real) -> (int<3>, int<3>):\n"
        "    if x > y:\n"
        "        swap x, y\n"
        "    if y > r:\n"
        "        y = x\n"
        "    return x, y\n"
    )
    g = torch.Generator().manual_seed(1)
    x, y = (torch.rand(3, generator=g, dtype=torch.float64).requires_grad_() for _ in "xy")
    r = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda x, y, r: module(x.softmax(-1), y.softmax(-1), r), (x, y, r)
    )
