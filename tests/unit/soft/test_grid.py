"""Loops whose iterations are independent run at once, and give what they give one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

import diffprog as dp

if TYPE_CHECKING:
    from diffprog.soft.module import SoftProgram

HEAD = "size m = 4\nsize n = 5\n\n"
INDEPENDENT = {
    "a slice": """\
program p(xs: real[n]) -> real[n]:
    for i in 0 .. n - 1:
        xs[i] = xs[i] * xs[i] + 1.0
    return xs
""",
    "shifted reads": """\
program p(xs: real[n]) -> real[n]:
    out: real[n] = 0.5
    for i in 1 .. n - 1:
        out[i] = xs[i - 1] - xs[i + 1]
    return out
""",
    "downwards": """\
program p(xs: real[n]) -> real[n]:
    out: real[n] = 0.5
    for i in n - 1 .. 0 step -1:
        out[i] = xs[i - 1] + i
    return out
""",
    "two loops, the second axis first": """\
program p(xs: real[n, m]) -> real[m, n]:
    out: real[m, n] = 0.0
    for i in 0 .. n:
        for j in 0 .. m:
            out[j, i] = xs[i, j] * (i + 1)
    return out
""",
    "one counter each": """\
program p(a: real[m], b: real[n]) -> real[m, n]:
    out: real[m, n] = 0.0
    for i in 0 .. m:
        for j in 0 .. n:
            out[i, j] = a[i] * b[j] - a[i]
    return out
""",
    "an inner axis": """\
program p(xs: real[m, n], k: int<n>) -> real[m, n]:
    for i in 0 .. m:
        xs[i, k] = xs[i, 2] + 1.0
        xs[i, 0] = xs[i, k]
    return xs
""",
    "finite cells and a branch": """\
program p(xs: int<4>[n]) -> int<4>[n]:
    for i in 0 .. n:
        if xs[i] < 3:
            xs[i] = (xs[i] + 1) % 4
    return xs
""",
    "counters among reals": """\
program p(xs: real[n]) -> real[n]:
    for i in 0 .. n:
        xs[i] = (i + 2) * xs[i] - i / 3.0 + 1.0 / (i + 1)
    return xs
""",
    "a loop within": """\
program p(xs: real[m, n]) -> real[m]:
    out: real[m] = 0.0
    for i in 0 .. m:
        row = xs[i]
        total = 0.0
        for j in 0 .. n:
            total = total + row[j] * total + row[j]
        out[i] = total
    return out
""",
}
DEPENDENT = {
    "a sum so far": """\
program p(xs: real[n]) -> real[n]:
    for i in 1 .. n:
        xs[i] = xs[i] + xs[i - 1]
    return xs
""",
    "one cell": """\
program p(xs: real[n]) -> real[n]:
    for i in 1 .. n:
        xs[0] = xs[0] * xs[i]
    return xs
""",
    "a variable": """\
program p(xs: real[n]) -> real:
    last = 1.0
    for i in 0 .. n:
        last = last * xs[i] - 1.0
    return last
""",
    "a counter tested": """\
program p(xs: real[n]) -> real[n]:
    for i in 0 .. n:
        if i > 2:
            xs[i] = xs[i] * 2.0
    return xs
""",
    "a counter kept": """\
program p(xs: real[n], at: int<n>[n]) -> int<n>[n]:
    for i in 0 .. n:
        at[i] = i if xs[i] * i > 1.0 else at[i]
    return at
""",
    "a read within a branch": """\
program p(a: real[n], b: real[n]) -> real[n]:
    for i in 0 .. n:
        a[i] = a[i] if a[i] > 0.0 else b[i]
    return a
""",
    "every second place": """\
program p(xs: real[n]) -> real[n]:
    for i in 0 .. n - 1 step 2:
        xs[i] = xs[i + 1]
    return xs
""",
    "twice the counter": """\
program p(xs: real[n]) -> real[n]:
    for i in 0 .. 3:
        xs[i * 2] = xs[i] + 1.0
    return xs
""",
}


def loops(module: SoftProgram, counter: str = "i") -> list[str]:
    """Return the lines of the source that begin a loop over a counter."""
    return [line for line in module.source.split("\n") if line.strip().startswith(f"for {counter}")]


def drawn(program: dp.Program, *lead: int) -> list[torch.Tensor]:
    """Return soft inputs of a program with leading axes."""
    made, found = torch.Generator().manual_seed(0), []
    for shape in [tuple(x.shape) for x in _crisp(program)]:
        found.append(torch.randn([*lead, *shape], generator=made, dtype=torch.float64))
    return found


def _crisp(program: dp.Program) -> list[torch.Tensor]:
    out = []
    for t in program.parameters.values():
        shape = getattr(t, "shape", ())
        size = getattr(getattr(t, "item", t), "size", None)
        out.append(torch.zeros([*shape, *([] if size is None else [size])]))
    return out


def soft(program: dp.Program, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return inputs with the distributions among them normalised."""
    found = []
    for x, t in zip(inputs, program.parameters.values(), strict=True):
        finite = hasattr(getattr(t, "item", t), "size")
        found.append((torch.softmax(x, -1) if finite else x).requires_grad_())
    return found


@pytest.mark.parametrize("name", [*INDEPENDENT, *DEPENDENT])
@pytest.mark.parametrize("lead", [(), (3,)])
def test_at_once_is_one_after_another(name: str, lead: tuple[int, ...]) -> None:
    """A traced run goes round after round; outputs of both are the same, and have slopes."""
    program = dp.loads(HEAD + {**INDEPENDENT, **DEPENDENT}[name])
    module = program.soften().double()
    inputs = soft(program, drawn(program, *lead))
    found, wanted = module(*inputs), module.trace(*inputs)[0]
    torch.testing.assert_close(found, wanted.expand_as(found), rtol=1e-12, atol=1e-12)
    slopes = torch.autograd.grad((found * found).sum(), inputs, allow_unused=True)
    assert any(s is not None and bool(s.abs().sum() > 0) for s in slopes)


@pytest.mark.parametrize("name", INDEPENDENT)
def test_independent_iterations_run_at_once(name: str) -> None:
    """Of the outermost loop nothing is left in the source."""
    assert not loops(dp.loads(HEAD + INDEPENDENT[name]).soften())


@pytest.mark.parametrize("name", DEPENDENT)
def test_dependent_iterations_do_not(name: str) -> None:
    """They run one after another."""
    assert loops(dp.loads(HEAD + DEPENDENT[name]).soften())


def test_learned_rows_stand_beside_the_iterations() -> None:
    """Restarts stay left of the batch, and the batch left of the iterations."""
    text = """\
program p(xs: real[n]) -> real[n]:
    learn slope: real
    learn turn: int<2>[n]
    for i in 0 .. n:
        xs[i] = xs[i] * slope + turn[i]
    return xs
"""
    program = dp.loads(HEAD + text)
    module = program.soften(restarts=2).double()
    xs = torch.randn(3, 5, dtype=torch.float64)
    assert not loops(module)
    found = module(xs)
    assert found.shape == (2, 3, 5)
    torch.testing.assert_close(found, module.trace(xs)[0])
