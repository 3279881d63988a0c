"""Loops that read what stands before them run by diagonals, and give the same as cell by cell."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import torch

import diffprog as dp
from diffprog.soft.memory import by_diagonal, diagonals, of_diagonals
from tests.unit.soft.test_grid import drawn, loops, soft

whole = partial(torch.compile, backend="eager", fullgraph=True)

HEAD = "size m = 4\nsize n = 5\n\n"
DIAGONAL = {
    "an edit distance": """\
program p(s: int<3>[m], t: int<3>[n]) -> real:
    d: real[m + 1, n + 1] = 0.0
    for i in 1 .. m + 1:
        for j in 1 .. n + 1:
            cost = 0.0 if s[i - 1] == t[j - 1] else 1.0
            ways = [d[i - 1, j] + i, d[i, j - 1] + j / 2, d[i - 1, j - 1] + cost]
            d[i, j] = ways[pick(-ways)]
    return d[m, n]
""",
    "two back, with what was there": """\
program p(xs: real[m, n]) -> real[m, n]:
    for i in 1 .. m:
        for j in 2 .. n:
            xs[i, j] = xs[i - 1, j] * 0.5 + xs[i, j] * xs[i, j - 2]
    return xs
""",
    "finite cells": """\
program p(xs: int<3>[m, n]) -> int<3>[m, n]:
    for i in 1 .. m:
        for j in 1 .. n:
            xs[i, j] = (xs[i, j - 1] + xs[i - 1, j]) % 3
    return xs
""",
    "two arrays": """\
program p(a: real[m, n], b: real[m, n]) -> (real[m, n], real[m, n]):
    for i in 1 .. m:
        for j in 1 .. n:
            a[i, j] = a[i - 1, j] + b[i, j - 1]
            b[i, j] = a[i, j] * 0.5
    return a, b
""",
    "what neighbours have in common": """\
program p(xs: real[m, n], gap: real) -> real[m, n]:
    learn bonus: real
    for i in 1 .. m:
        for j in 1 .. n:
            down = [xs[i - 1, j] - gap, 2.0 - xs[i - 1, j], xs[i - 1, j] + bonus]
            across = [xs[i, j - 1] - gap, 2.0 - xs[i, j - 1], xs[i, j - 1] + bonus]
            xs[i, j] = down[pick(down)] + across[pick(across)]
    return xs
""",
}
NOT = {
    "the rows of a column": """\
program p(xs: real[m, n]) -> real[m, n]:
    for i in 1 .. m:
        for j in 0 .. n:
            xs[i, j] = xs[i - 1, j] * 0.5
    return xs
""",
    "what comes after": """\
program p(xs: real[m, n]) -> real[m, n]:
    for i in 1 .. m:
        for j in 0 .. n - 1:
            xs[i, j] = xs[i - 1, j + 1] * 0.5
    return xs
""",
    "the other way round": """\
program p(xs: real[m, n]) -> real[m, n]:
    for i in 0 .. n:
        for j in 1 .. m:
            xs[j, i] = xs[j - 1, i] * 0.5
    return xs
""",
}


@pytest.mark.parametrize("name", [*DIAGONAL, *NOT])
@pytest.mark.parametrize("lead", [(), (3,)])
def test_diagonals_are_cell_by_cell(name: str, lead: tuple[int, ...]) -> None:
    """A traced run goes cell by cell, and native code has slopes of its own: all agree."""
    program = dp.loads(HEAD + {**DIAGONAL, **NOT}[name])
    inputs = soft(program, drawn(program, *lead))
    found, slopes = [], []
    for backend in ("torch", "native"):
        module = program.soften(backend=backend).double()
        out = module(*inputs)
        found.append(out if isinstance(out, tuple) else (out,))
        loss = sum((x * x).sum() for x in found[-1])
        slopes.append(torch.autograd.grad(loss, inputs))
    told = program.soften().double().trace(*inputs)[0]
    told = told if isinstance(told, tuple) else (told,)
    for one, other, traced in zip(*found, told, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(
            one[(0,) * len(lead)], traced[(0,) * (traced.dim() - one.dim() + len(lead))]
        )
    torch.testing.assert_close(slopes[0], slopes[1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("rows", "width"), [(3, 4), (4, 2), (4, 1), (1, 4), (1, 1)])
def test_order_of_diagonals(rows: int, width: int) -> None:
    """Cells of a diagonal have one sum of row and column, the upper first; there and back."""
    order = by_diagonal(rows, width, torch.zeros(()))
    cells = torch.arange(2 * rows * width).reshape(2, rows, width)
    lines = diagonals(cells, order, 2)
    for k, line in enumerate(lines):
        assert line.tolist() == [
            [int(m[i, k - i]) for i in range(rows) if 0 <= k - i < width] for m in cells
        ]
    assert torch.equal(of_diagonals(lines, order, width, 2), cells)
    for one, other in zip(lines, whole(diagonals)(cells, order, 2), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("name", DIAGONAL)
def test_by_diagonals(name: str) -> None:
    """Of both loops one over the diagonals is left."""
    source = dp.loads(HEAD + DIAGONAL[name]).soften()
    assert len(loops(source, "diagonal")) == 1
    assert not loops(source)
    assert not loops(source, "j")


@pytest.mark.parametrize("name", NOT)
def test_others_are_not(name: str) -> None:
    """What a diagonal does not have ready is run cell by cell."""
    assert not loops(dp.loads(HEAD + NOT[name]).soften(), "diagonal")


def test_only_what_depends_on_other_iterations_is_computed_by_diagonals() -> None:
    """The costs of all cells are there before; an array is a list of diagonals meanwhile."""
    folder = Path(__file__).parents[2] / "bench" / "programs"
    source = dp.load(folder / "levenshtein.dp").soften().source
    text = source[source.index("def distance(") :]
    before, _, after = text.partition("for diagonal in range(")
    assert "(s_all * t_all)" in before
    assert "(s_all * t_all)" not in after
    assert "of_diagonals(" not in after  # one cell is read of it, no more


def test_what_cells_of_a_diagonal_have_in_common_is_computed_once() -> None:
    """The diagonal before gets longer by one edit, whether the cell is above or to the left."""
    folder = Path(__file__).parents[2] / "bench" / "programs"
    source = dp.load(folder / "levenshtein.dp").soften().source
    assert source.partition("for diagonal in range(")[2].count("+ one") == 1
    other = dp.loads(HEAD + DIAGONAL["what neighbours have in common"]).soften().source
    rounds = other.partition("for diagonal in range(")[2]
    assert rounds.count(" - gap_each") == rounds.count("bonus_0_each") == 1
    assert rounds.count("number_2_0 - ") == 1
