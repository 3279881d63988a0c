"""Law 2, Mass: every soft value stays on its simplex, whatever the inputs and weights."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.laws.harness import LAW, assert_mass, load_weights, module_of, soft_inputs
from tests.strategies import Generated, hole_weights, programs


def soft_run(program: Generated, data: st.DataObject, temperature: float) -> Any:
    """Run a program softly at drawn inputs and weights."""
    module = module_of(program)
    module.temperature = temperature
    load_weights(module, data.draw(hole_weights(program.checked)))
    rows = data.draw(st.lists(program.soft_inputs(), min_size=1, max_size=3))
    return module, module(**soft_inputs(rows, program.params))


@LAW
@given(programs(rough=True), st.data(), st.sampled_from([0.0, 0.3, 1.0]))
def test_results(program: Generated, data: st.DataObject, temperature: float) -> None:
    """Results are distributions."""
    _, soft = soft_run(program, data, temperature)
    assert_mass(soft, program.checked.main.result)


@LAW
@given(programs(halting=True), st.data())
def test_unfinished(program: Generated, data: st.DataObject) -> None:
    """What a loop leaves unfinished is a part of its mass, reported and not lost."""
    module, soft = soft_run(program, data, 1.0)
    assert_mass(soft, program.checked.main.result)
    for mass in module.report["unfinished"].values():
        assert (mass >= -1e-12).all()
        assert (mass <= 1 + 1e-9).all()
