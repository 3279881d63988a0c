"""Law 4, Limit: as the temperature falls, soft becomes crisp, but at exact ties of `pick`."""

from __future__ import annotations

import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from diffprog.ir.graph import Apply, Loop, Reduce, walk
from diffprog.types import is_finite
from tests.laws.harness import (
    LAW,
    crisp,
    graph_of,
    leaves,
    module_of,
    tensors,
    vertex_inputs,
)
from tests.strategies import Generated, choices, one_hot, programs

COLD = 1e-4
"""Reals are multiples of 1/8 here, or sums and products of a few: this is far below their gaps."""


def may_tie(program: Generated) -> bool:
    """Say whether a program has an operation that the law excepts at ties."""
    for node in walk(graph_of(program)):
        if isinstance(node, Apply) and node.op in ("pick", "chance"):
            return True
        if isinstance(node, Reduce) and node.op.startswith("arg"):
            return True
        if isinstance(node, Loop) and node.halting.kind != "plain":
            return True
    return False


@LAW
@given(programs(), st.data())
def test_cold_is_crisp(program: Generated, data: st.DataObject) -> None:
    """At a low temperature, comparisons of reals are crisp, at ties too."""
    assume(not may_tie(program))
    chosen = data.draw(choices(program.checked))
    inputs = data.draw(program.inputs())
    value = crisp(program, inputs, chosen)
    assume(value is not None)
    module = module_of(program)
    module.temperature = COLD
    module.load_choices(chosen)
    result = program.checked.main.result
    soft = module(**vertex_inputs([inputs], program.params))
    want = tensors(one_hot(value, result), result)
    for (got, leaf), (mean, _) in zip(leaves(soft, result), leaves(want, result), strict=True):
        tolerance = 1e-3 if is_finite(leaf) else 1e-2
        torch.testing.assert_close(
            got.expand_as(mean[None])[0], mean, rtol=tolerance, atol=tolerance
        )
