"""Arrays that are read in parts are taken apart once, and the parts are those that were read."""

from __future__ import annotations

import pytest
import torch

from tests.unit.soft.soften import soft
from tests.unit.soft.test_fewer import body, results, watched

PROGRAM = """\
program p(xs: real[9], m: real[7, 2], ks: int<3>[4], i: int<7>) -> (real, real[7, 2], int<3>[2]):
    head = xs[..6]
    total = head[1] + sum(head[2..4]) * head[5]
    if total > 0.0:
        total = total + xs[7]
    m[i, :] *= 1 - sigmoid(xs[6])
    m[i, 1] *= xs[8]
    return total + sum(m[1] * m[3 .. 4][0]), m[..7], {ints}
"""
INTS = {"apart": "[ks[0], ks[2]]", "overlapping": "[max(ks[1..3]), max(ks[2..])]"}


@pytest.mark.parametrize("ints", INTS.values(), ids=INTS)
def test_parts_are_those_that_were_read(ints: str) -> None:
    """Slices and cells, of a part too, of reals and of ints: values and slopes."""
    module = soft(PROGRAM.format(ints=ints))
    for a, b in zip(results(module), results(module, watched(module)), strict=True):
        assert torch.allclose(a, b, rtol=1e-12, atol=1e-14)


def test_an_array_is_taken_apart_once() -> None:
    """A part of a part is one of the whole; what overlaps is cut out by itself."""
    text = body(soft(PROGRAM.format(ints=INTS["apart"])))
    assert text.count("cut(xs, [1, 1, 2, 1, 1, 1, 1, 1], -1)") == 1
    assert text.count(" = xs[...,") == 1  # in the branch, a region of its own
    assert text.count("ks.unbind(-2)") == 1
    assert "ks.unbind" not in body(soft(PROGRAM.format(ints=INTS["overlapping"])))


def test_what_is_multiplied_by_one_less_something_is_not_subtracted_first() -> None:
    """Erasing by weight is one operation beside the product; so is any other factor."""
    text = body(soft(PROGRAM.format(ints=INTS["apart"])))
    assert "value=-1)" in text
    assert " = one - " not in text
    assert text.count("torch.lerp(one, ") == 1


def test_the_mean_of_a_bool_as_an_int_is_the_bool() -> None:
    """Nothing is spread over two values to be summed up again."""
    module = soft(
        "program p(b: bool[2], x: real) -> (real, int<2>[2], real):\n"
        "    return sum(real(int(b))) * x, int(b), 2.0 * int(b[0] xor b[1]) - x\n"
    )
    for a, b in zip(results(module), results(module, watched(module)), strict=True):
        assert torch.allclose(a, b, rtol=1e-12, atol=1e-14)
    assert " @ " not in body(module)
    assert body(module).count("both(") == 1
