"""Relaxed rows and rows at their edges: the crisp side at temperature 0, limits, slopes."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from diffprog.ops import OPS
from diffprog.soft import kernels
from diffprog.soft.single import LINE, apply_row
from diffprog.types import BOOL, REAL, Array, Int, Type

COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge"]
SMOOTH = [
    row.name
    for row in OPS.values()
    if row.lifts and row.formula and row.name not in (*COMPARISONS, "chance")
]
VECTOR = Array((3,), REAL)
WHOLE: list[tuple[str, tuple[Type, ...], Type]] = [
    ("pick", (VECTOR,), Int(0, 3)),
    ("sharpen", (Int(0, 3), REAL), Int(0, 3)),
    ("sharpen", (Int(0, 3), Int(1, 4)), Int(0, 3)),
    ("matmul", (VECTOR, VECTOR), REAL),
    ("matmul", (Array((2, 3), REAL), VECTOR), Array((2,), REAL)),
    ("matmul", (VECTOR, Array((3, 2), REAL)), Array((2,), REAL)),
    ("matmul", (Array((2, 3), REAL), Array((3, 2), REAL)), Array((2, 2), REAL)),
    ("cosine", (Array((2, 3), REAL), VECTOR), Array((2,), REAL)),
    ("sums_before", (VECTOR,), VECTOR),
    ("sums_after", (VECTOR,), VECTOR),
]


def number(*values: float) -> Tensor:
    """Return numbers in double precision that want gradients."""
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("op", COMPARISONS)
@pytest.mark.parametrize("t", [0.0, 1e-3, 0.25, 1.0, torch.tensor(1e-3), torch.tensor(0.0)])
def test_comparisons_in_the_limit(op: str, t: float | Tensor) -> None:
    """As T falls the answer is the crisp one, at ties too; at 0 it is exactly that."""
    xs, ys = number(1.0, 2.0, -1.0), number(2.0, 2.0, -2.0)
    got = apply_row(op, (REAL, REAL), BOOL, [xs, ys], temperature=t)
    crisp = torch.tensor([OPS[op].crisp(x, y) for x, y in zip(xs, ys, strict=True)]).double()
    if float(t) <= 1e-3:
        assert torch.allclose(got, crisp, atol=2e-3 if isinstance(t, Tensor) or t else 0.0)
    grads = torch.autograd.grad(got.sum(), [xs, ys])
    assert all(torch.isfinite(g).all() for g in grads)


def test_comparisons_follow_their_formulas() -> None:
    """σ((x - y) / T ± c) with c = max(0, -log T); 0 without ties; parts add up."""
    x, y, t = number(0.3), number(0.5), 0.2
    c = -math.log(t)
    at_least = apply_row("ge", (REAL, REAL), BOOL, [x, y], temperature=t)
    assert torch.isclose(at_least, torch.sigmoid((x - y) / t + c))
    plain = apply_row("ge", (REAL, REAL), BOOL, [x, y], temperature=t, ties=False)
    assert torch.isclose(plain, torch.sigmoid((x - y) / t))
    at_most = apply_row("le", (REAL, REAL), BOOL, [x, y], temperature=t)
    equal = apply_row("eq", (REAL, REAL), BOOL, [x, y], temperature=t)
    assert torch.isclose(equal, at_least + at_most - 1)
    unequal = apply_row("ne", (REAL, REAL), BOOL, [x, y], temperature=t)
    assert torch.isclose(unequal, 1 - equal)


def test_equality_does_not_cancel() -> None:
    """Far from equal the probability is tiny and positive, not lost in rounding."""
    x, y = number(3.0), number(0.0)
    got = apply_row("eq", (REAL, REAL), BOOL, [x, y], temperature=0.05).item()
    assert 0 < got < 1e-20


@pytest.mark.parametrize("t", [0.0, 0.3, 1.0, torch.tensor(0.3)])
def test_chance(t: float | Tensor) -> None:
    """Itself at T = 1, sharper below, crisp at 0; finite slopes at 0 and 1."""
    p = number(0.0, 0.2, 0.5, 1.0)
    got = kernels.chance(p, t)
    if t == 1.0:
        assert torch.equal(got, p)
    if t == 0.0:
        assert got.tolist() == [0, 0, 1, 1]
    if t == 0.3:
        want = p ** (1 / 0.3) / (p ** (1 / 0.3) + (1 - p) ** (1 / 0.3))
        assert torch.allclose(got, want)
    assert torch.isfinite(torch.autograd.grad(got.sum(), p)[0]).all()


def test_pick_is_the_first_largest_at_zero() -> None:
    """Ties go to the lowest place; slopes are zero."""
    scores = number(1.0, 3.0, 3.0)
    got = apply_row("pick", (VECTOR,), Int(0, 3), [scores], temperature=0.0)
    assert got.tolist() == [0, 1, 0]
    assert torch.autograd.grad(got.sum(), scores)[0].tolist() == [0, 0, 0]


def test_pick_of_ints_is_exact() -> None:
    """Scores that are ints are compared as such: no temperature."""
    scores = torch.eye(4, dtype=torch.float64)[[1, 3, 3]]
    got = apply_row("pick", (Array((3,), Int(0, 4)),), Int(0, 3), [scores], temperature=1.0)
    assert got.tolist() == [0, 1, 0]


@pytest.mark.parametrize("op", SMOOTH)
def test_real_rows(op: str) -> None:
    """The formula computes what the crisp function does, with the right slopes."""
    row = OPS[op]
    values: list[Any] = [0.75, 1.5, 0.25][: row.arity]
    if op == "clamp":
        values = [0.75, 0.5, 1.0]
    types = (REAL,) * row.arity
    xs = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in values]
    got = apply_row(op, types, REAL, xs)
    assert got.item() == pytest.approx(row.crisp(*values), rel=1e-14)
    assert torch.autograd.gradcheck(lambda *a: apply_row(op, types, REAL, a), xs)


@pytest.mark.parametrize(("op", "types", "result"), WHOLE)
def test_slopes_of_whole_rows(op: str, types: tuple[Type, ...], result: Type) -> None:
    """Rows on whole arrays pass gradcheck, with leading axes that broadcast."""
    g = torch.Generator().manual_seed(0)
    xs = []
    for lead, t in zip([(2,), ()], types, strict=False):
        size = (t.size,) if isinstance(t, Int) else t.shape if isinstance(t, Array) else ()
        x = torch.rand((*lead, *size), generator=g, dtype=torch.float64) + 0.5
        xs.append((x / x.sum(-1, keepdim=True) if isinstance(t, Int) else x).requires_grad_())
    assert torch.autograd.gradcheck(lambda *a: apply_row(op, types, result, a, temperature=0.7), xs)


@pytest.mark.parametrize("op", COMPARISONS)
def test_slopes_of_comparisons(op: str) -> None:
    """Gradcheck, T included."""
    x, y, t = number(0.4, 0.1), number(0.2), torch.tensor(0.6, dtype=torch.float64)
    t.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, y, t: apply_row(op, (REAL, REAL), BOOL, [x, y], temperature=t), (x, y, t)
    )


@pytest.mark.parametrize(
    ("op", "values"), [("div", (1.0, 0.0)), ("log", (0.0,)), ("log", (-1.0,)), ("sqrt", (-1.0,))]
)
def test_undefined_is_reported(op: str, values: tuple[float, ...]) -> None:
    """Where a row is undefined it is 0 with slope 0, and its weight is reported."""
    # The root of 4 is exact: that of 2 is off by the last bit in some processors' vector units.
    xs = [number(v, 4.0) for v in values]
    report: dict[str, dict[int, Any]] = {}
    got = apply_row(op, (REAL,) * len(xs), REAL, xs, report=report)
    assert got[0] == 0
    assert got[1] == OPS[op].crisp(*(4.0 for _ in values))
    assert report["undefined"][LINE].tolist() == [1, 0]
    assert all(torch.isfinite(g).all() for g in torch.autograd.grad(got.sum(), xs))


def test_undefined_weight_of_an_int() -> None:
    """A divisor that is 0 with probability ¼ is undefined with weight ¼."""
    p = torch.tensor([0.25, 0.75], dtype=torch.float64)
    report: dict[str, dict[int, Any]] = {}
    got = apply_row("div", (REAL, Int(0, 2)), REAL, [number(3.0), p], report=report)
    assert got.item() == 2.25
    assert report["undefined"][LINE].item() == 0.25


def test_slopes_at_edges_are_finite() -> None:
    """At 0: the square root, the cosine of a zero vector, a power of a vertex."""
    zero = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    for value, x in [
        (kernels.root(zero), zero),
        (kernels.cosine(zero, zero[0]), zero),
        (kernels.sharpen(torch.eye(3, dtype=torch.float64), zero[0, 0] + 2.0), zero),
    ]:
        assert torch.isfinite(value).all()
        assert torch.isfinite(torch.autograd.grad(value.sum(), x)[0]).all()
    assert kernels.cosine(zero, zero[0]).tolist() == [0, 0]


def test_sharpen_is_exact_at_vertices() -> None:
    """A one-hot stays one to the bit, however large the power."""
    hot = torch.eye(4)
    for g in (1.0, 3.5, 1e3):
        assert torch.equal(kernels.sharpen(hot, g), hot)


def test_sharpen_of_what_underflows() -> None:
    """Powers that no number holds are compared all the same; what has no mass gets none."""
    p = torch.tensor([0.002, 0.001, 0.0, 0.997], requires_grad=True)
    small = kernels.sharpen(p[:3] / p[:3].sum(), p.new_tensor(150.0))
    assert small[:2].tolist() == pytest.approx([1, 0], abs=1e-6)
    one = kernels.sharpen(p, 1.0)
    assert torch.allclose(one, p, rtol=1e-6, atol=0)
    assert one[2] == 0
    (slope,) = torch.autograd.grad((one * torch.arange(4.0)).sum(), p)
    assert torch.isfinite(slope).all()


@pytest.mark.parametrize("n", [1, 3, 15, 16])
@pytest.mark.parametrize("lead", [(), (2,), (40, 9), (1000,)])
def test_shares_are_a_softmax(lead: tuple[int, ...], n: int) -> None:
    """Of few rows and of many, which are laid out another way; slopes too, and batched."""
    generator = torch.Generator().manual_seed(0)
    x, w = (torch.randn(*lead, n, dtype=torch.float64, generator=generator) for _ in range(2))
    mine, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    out, wanted = kernels.shares(mine), torch.softmax(theirs, -1)
    torch.testing.assert_close(out, wanted, rtol=0, atol=1e-15)
    (out * w).sum().backward()  # type: ignore[no-untyped-call]
    (wanted * w).sum().backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(mine.grad, theirs.grad, rtol=0, atol=1e-15)
    if lead:
        torch.testing.assert_close(torch.func.vmap(kernels.shares)(x), wanted.detach())
