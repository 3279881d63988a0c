"""Law 6, Broadcast: leading axes are free; a stack of rows or restarts is each one alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from diffprog.soft import round as round_
from tests.laws.harness import LAW, depth, leaves, load_weights, module_of, row_of, soft_inputs
from tests.strategies import Generated, hole_weights, programs

if TYPE_CHECKING:
    from diffprog.types import Type


def assert_same(one: Any, other: Any, t: Type) -> None:
    """Assert that two soft values are equal up to rounding."""
    for (a, leaf), (b, _) in zip(leaves(one, t), leaves(other, t), strict=True):
        shape = torch.broadcast_shapes(a.shape, b.shape)
        assert a.dim() >= depth(leaf)
        torch.testing.assert_close(a.expand(shape), b.expand(shape), rtol=1e-12, atol=1e-12)


@LAW
@given(programs(), st.data())
def test_rows(program: Generated, data: st.DataObject) -> None:
    """A batch is each of its rows alone."""
    with pytest.MonkeyPatch.context() as patch:  # else loops this short never ask who has halted
        patch.setattr(round_, "LOOK", 1)
        module = module_of(program)
    load_weights(module, data.draw(hole_weights(program.checked)))
    rows = data.draw(st.lists(program.soft_inputs(), min_size=2, max_size=4))
    result = program.checked.main.result
    together = module(**soft_inputs(rows, program.params))
    for k, row in enumerate(rows):
        alone = module(**soft_inputs([row], program.params))
        assert_same(row_of(together, result, k), row_of(alone, result, 0), result)


@LAW
@given(programs(), st.data())
def test_restarts(program: Generated, data: st.DataObject) -> None:
    """Restarts on a leading axis are modules of their own."""
    checked = program.checked
    weights = data.draw(st.lists(hole_weights(checked), min_size=2, max_size=3))
    rows = data.draw(st.lists(program.soft_inputs(), min_size=1, max_size=3))
    inputs = soft_inputs(rows, program.params)
    together = module_of(program, restarts=len(weights))
    for k, w in enumerate(weights):
        load_weights(together, w, k)
    result = checked.main.result
    stacked = together(**inputs)
    for k, w in enumerate(weights):
        one = module_of(program)
        load_weights(one, w)
        for (a, leaf), (b, _) in zip(
            leaves(stacked, result), leaves(one(**inputs), result), strict=True
        ):
            mine = a[k] if a.dim() == depth(leaf) + 2 else a
            shape = torch.broadcast_shapes(mine.shape, b.shape)
            torch.testing.assert_close(mine.expand(shape), b.expand(shape), rtol=1e-12, atol=1e-12)
