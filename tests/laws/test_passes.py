"""Law 8, Passes: simplification keeps every result, and the graph verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from hypothesis import given
from hypothesis import strategies as st

from diffprog.errors import Source
from diffprog.ir.rules import simplify
from diffprog.ir.text import text
from diffprog.ir.verify import verify
from diffprog.lang.parse import parse
from tests.laws.harness import LAW, graph_of, leaves, load_weights, module_of, soft_inputs
from tests.strategies import Generated, hole_weights, programs

if TYPE_CHECKING:
    from diffprog.soft.module import SoftProgram


@LAW
@given(programs(rough=True), st.data())
def test_soft_results_are_kept(program: Generated, data: st.DataObject) -> None:
    """Soft results before and after agree; so do crisp ones, which are soft ones at vertices."""
    assert_kept(program, data)


def assert_kept(program: Generated, data: st.DataObject) -> None:
    """Assert that simplifying keeps a program's soft results."""
    before = graph_of(program, simplify=False)
    after = simplify(before)
    verify(before)
    verify(after)
    weights = data.draw(hole_weights(program.checked))
    rows = data.draw(st.lists(program.soft_inputs(), min_size=1, max_size=3))
    result = program.checked.main.result

    def run(module: SoftProgram) -> list[torch.Tensor]:
        load_weights(module, weights)
        inputs = soft_inputs(rows, program.params)
        return [leaf for leaf, _ in leaves(module(**inputs), result)]

    for a, b in zip(run(module_of(program, before)), run(module_of(program, after)), strict=True):
        shape = torch.broadcast_shapes(a.shape, b.shape)
        torch.testing.assert_close(a.expand(shape), b.expand(shape), rtol=1e-9, atol=1e-12)


COMPOSED = ["y and y", "y or y", "y xor y", "(y or y) and y"]
"""Of 13 bits there are too many combinations to tabulate: y meets itself as if it were another."""


@LAW
@given(st.sampled_from(COMPOSED), st.data())
def test_nothing_is_assumed_of_what_meets_itself(code: str, data: st.DataObject) -> None:
    """`y and y` is p², which is what DP901 warns of: no pass may make p of it."""
    text = f"program main(xs: bool[13]) -> bool:\n    y = any(xs)\n    return {code}\n"
    program = Generated(parse(Source("composed.dp", text)))
    assert_kept(program, data)


@LAW
@given(programs())
def test_simplified_is_simple(program: Generated) -> None:
    """Simplifying again changes nothing."""
    once = graph_of(program)
    assert text(simplify(once)) == text(once)
