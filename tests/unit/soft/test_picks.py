"""The largest or least of a few scalars, and its place: one operation each on whole tensors."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import diffprog as dp
from tests.unit.soft.test_grid import drawn

FIRST = {
    "the largest": """program p(a: real, b: real, c: real) -> real:
    xs = [a, b, c]
    return xs[pick(xs)]
""",
    "the least, and its place": """program p(a: real, b: real, c: real) -> (real, int<3>):
    xs = [a, b, c]
    k = pick(-xs)
    return xs[k], k
""",
    "both": """program p(a: real, b: real, c: real) -> real:
    xs = [a, 0.25, b * c]
    return xs[pick(xs)] - xs[pick(-xs)]
""",
    "in loops": """program p(a: real, b: real, c: real) -> (real, real[4]):
    out: real[4] = 0.0
    for i in 0 .. 4:
        ways = [a + i, b, c - a]
        out[i] = ways[pick(-ways)]
        a = a * 0.5
    while a < b max 3:
        ways = [a + 1.0, b]
        a = a + ways[pick(ways)]
    return a, out
""",
    "of cells that change": """program p(a: real, b: real, c: real) -> (real, real[3]):
    xs: real[3] = 0.0
    total = 0.0
    for i in 0 .. 3:
        xs[i] = a + i
    while total < b max 3:
        ways = [xs[0], xs[2], c]
        xs[0] = xs[1] + total
        xs[1] = ways[pick(-ways)]
        total = total + 0.5
    return total, xs
""",
    "at a written place": """program p(a: real, b: real, c: real) -> (real[3], real):
    xs = [a, b, c]
    best = pick(xs)
    found: real[3] = 0.0
    found[best] += 1.0
    if best == 1:
        found[best] = c
    return found, 2.0 * best
""",
}
LAST = {
    "of another array": """program p(a: real, b: real, c: real) -> real:
    xs, ys = [a, b, c], [c, 1.0, a * b]
    return ys[pick(xs)]
""",
    "read besides": """program p(a: real, b: real, c: real) -> (real, real[3], real):
    xs = [a, b, c]
    return xs[pick(xs)], xs, max(xs)
""",
}
ALL = {**FIRST, **LAST}


@pytest.mark.parametrize("name", FIRST)
def test_the_scalars_stand_on_the_first_axis(name: str) -> None:
    """No array of them is put together besides."""
    _, _, body = dp.loads(FIRST[name]).soften().source.partition("\ndef p(")
    assert "= stacked((" in body
    assert "= side_by_side((" not in body
    assert "= read(" not in body


def test_what_looks_on_sees_the_array() -> None:
    """A search for what is not finite names the operations that the program has."""
    module = dp.loads(FIRST["the largest"]).soften()
    found = module.find_nan(torch.tensor(float("nan")), torch.ones(()), torch.ones(()))
    assert found is not None
    assert "[a, b, c]" in str(found)


@pytest.mark.parametrize("name", ["neg", "xs"])
def test_an_array_of_any_name(name: str) -> None:
    """One that is called like the minus, and is not put together yet, is not taken for one."""
    text = f"""program p({name}: real[6], half: real[4]) -> int<6>:
    for i in 1 .. 5:
        {name}[i] = half[i - 1] * 2.0
    return pick({name})
"""
    given = torch.arange(6) / 9, torch.tensor([0.5, -0.25, 1.0, 0.125])
    found, want = (dp.loads(text).soften(backend=b)(*given) for b in ("torch", "native"))
    torch.testing.assert_close(found, want)
    assert found.argmax() == 3


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("temperature", [0.0, 0.4, 1.0])
def test_values_and_slopes_are_those_of_native_code(name: str, temperature: float) -> None:
    """It knows no axes; with inputs of different leading ones, and without any."""
    check(name, "torch", temperature)


@pytest.mark.parametrize("name", ["the least, and its place", "read besides"])
def test_compiled_too(name: str) -> None:
    """There arrays are laid out with their cells first in any case."""
    check(name, "compile", 0.4)


def check(name: str, backend: str, temperature: float) -> None:
    """Compare a backend with native code."""
    program = dp.loads(ALL[name])
    a, b, c = drawn(program, 2, 5)
    for given in ([a[0], b[:1, :1], c], [a[0, 0], b[0, 0], c[0, 0]]):
        found: list[list[torch.Tensor]] = []
        for which in ("native", backend):
            module = program.soften(backend=which).double()
            module.temperature = temperature
            own = [x.clone().requires_grad_() for x in given]
            out = results(module(*own))
            if found:
                out = [x.expand_as(other) for x, other in zip(out, found[0], strict=False)]
            loss = sum(((k + 2) * x.sin()).sum() for k, x in enumerate(out))
            found.append([*out, *torch.autograd.grad(loss, own, materialize_grads=True)])
        for one, other in zip(*found, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("given", [(1.0, 1.0, 0.5), (-1.0, -2.0, -2.0), (0.25, 2.0, 3.0)])
def test_crisply_the_first_of_equals(name: str, given: tuple[float, ...]) -> None:
    """At a temperature of 0, as the interpreter."""
    program = dp.loads(ALL[name])
    module = program.soften().double()
    module.temperature = 0
    soft, crisp = module(*given), program.run(**dict(zip("abc", given, strict=True)))
    for one, other in zip(
        *((soft, crisp) if isinstance(soft, tuple) else ([soft], [crisp])), strict=True
    ):
        one = one.argmax() if isinstance(other, int) else one
        assert one.tolist() == pytest.approx(other)


def results(found: Any) -> list[Any]:
    """Return the parts of a result."""
    return list(found) if isinstance(found, tuple) else [found]
