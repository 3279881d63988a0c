"""Law 5, Gradient: right at interior points, finite at vertices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.laws.harness import LAW, leaves, load_weights, module_of, soft_inputs, vertex_inputs
from tests.strategies import Generated, choices, hole_weights, programs

if TYPE_CHECKING:
    from diffprog.types import Type

FEWER = settings(LAW, max_examples=LAW.max_examples // 2)


def scalar(value: Any, t: Type) -> torch.Tensor:
    """Return a number that depends on every entry of a result."""
    total = torch.zeros((), dtype=torch.float64)
    for k, (leaf, _) in enumerate(leaves(value, t)):
        steps = torch.arange(1, leaf.numel() + 1, dtype=leaf.dtype).reshape(leaf.shape)
        total = total + (leaf * torch.sin(steps + k)).sum()
    return total


def flat(inputs: dict[str, Any]) -> list[torch.Tensor]:
    """Return the tensors of inputs, ready for gradients."""
    out: list[torch.Tensor] = []
    for value in inputs.values():
        out += list(value) if isinstance(value, tuple) else [value]
    return [t.requires_grad_() for t in out]


@FEWER
@given(programs(finite_only=True), st.data())
def test_right_inside(program: Generated, data: st.DataObject) -> None:
    """Against differences, by the logits of the holes."""
    assume(program.checked.holes)
    module = module_of(program)
    load_weights(module, data.draw(hole_weights(program.checked, interior=True)))
    inputs = soft_inputs([data.draw(program.soft_inputs(interior=True))], program.params)
    result = program.checked.main.result
    names = [n for n, _ in module.named_parameters()]

    def of(*logits: torch.Tensor) -> torch.Tensor:
        called = torch.func.functional_call(
            module, dict(zip(names, logits, strict=True)), (), inputs
        )
        return scalar(called, result)

    start = tuple(p.detach().clone().requires_grad_() for p in module.parameters())
    assert torch.autograd.gradcheck(of, start, eps=1e-6, atol=1e-5, fast_mode=True)


@LAW
@given(programs(), st.data(), st.sampled_from([0.0, 0.5]))
def test_finite_at_vertices(program: Generated, data: st.DataObject, temperature: float) -> None:
    """No division by an empty case, no logarithm of zero."""
    module = module_of(program)
    module.temperature = temperature
    module.load_choices(data.draw(choices(program.checked)))
    inputs = vertex_inputs([data.draw(program.inputs())], program.params)
    wanted = [*flat(inputs), *module.parameters()]
    total = scalar(module(**inputs), program.checked.main.result)
    if not total.requires_grad:
        return
    for grad in torch.autograd.grad(total, wanted, allow_unused=True):
        assert grad is None or torch.isfinite(grad).all()
