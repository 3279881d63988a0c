"""Native code is the torch source on generated programs: values and gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from diffprog.native import build
from diffprog.native.backend import native
from diffprog.native.function import Native
from diffprog.native.generate import supported
from diffprog.types import Tuple
from tests.laws.harness import LAW, graph_of, leaves, load_weights, module_of, soft_inputs
from tests.strategies import Generated, hole_weights, programs
from tests.unit.native.test_native import along

if TYPE_CHECKING:
    from diffprog.soft.module import SoftProgram
    from diffprog.types import Type

FEWER = settings(LAW, max_examples=30)
FAST = ("-O0", "-std=gnu11", "-fPIC", "-shared", "-w")


def outcome(module: SoftProgram, inputs: dict[str, Any], result: Type) -> list[torch.Tensor]:
    """Return outputs and gradients of one call."""
    flat = [x for v in inputs.values() for x in (v if isinstance(v, tuple) else (v,))]
    wanted = [*(x.requires_grad_() for x in flat), *module.parameters()]
    outputs = [x for x, _ in leaves(module(**inputs), result)]
    total = torch.zeros((), dtype=torch.float64)
    for k, x in enumerate(outputs):
        total = total + (k + 1) * (x * x).mean()
    grads: tuple[torch.Tensor | None, ...] = (None,) * len(wanted)
    if total.requires_grad and wanted:
        grads = torch.autograd.grad(total, wanted, allow_unused=True)
    filled = [torch.zeros_like(x) if g is None else g for g, x in zip(grads, wanted, strict=True)]
    types = [leaf for t in (t for _, t in module.params) for leaf in leaf_types(t)]
    return [*outputs, *map(along, filled, types), *filled[len(types) :]]


def leaf_types(t: Type) -> list[Type]:
    """Return the types of the parts of a type."""
    return [x for i in t.items for x in leaf_types(i)] if isinstance(t, Tuple) else [t]


@FEWER
@given(programs(), st.data())
def test_the_same_as_torch(program: Generated, data: st.DataObject) -> None:
    """What is supported has the same values and gradients, at interior points."""
    graph = graph_of(program)
    assume(supported(graph) is None)
    module = module_of(program)
    load_weights(module, data.draw(hole_weights(program.checked, interior=True)))
    rows = [data.draw(program.soft_inputs(interior=True)) for _ in range(3)]
    inputs = soft_inputs(rows, program.params)
    result = program.checked.main.result
    want = outcome(module, inputs, result)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "FLAGS", FAST)
        if build.compiler() is None:
            with pytest.raises(build.BuildError, match="no C compiler"):
                build.library("", "double")
            return
        module._function = native(graph, module._function)
        got = outcome(module, inputs, result)
    assert isinstance(module._function, Native)
    for a, b in zip(got, want, strict=True):
        torch.testing.assert_close(a, b.expand_as(a), rtol=1e-10, atol=1e-10)
