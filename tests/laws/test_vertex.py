"""Law 1, Vertex: at one-hot inputs and one-hot weights of holes, soft is crisp."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws.harness import LAW, assert_crisp, crisp, module_of, row_of, vertex_inputs
from tests.strategies import Generated, choices, programs, read_once_programs


def assert_vertex(program: Generated, data: st.DataObject, temperature: float) -> None:
    """Assert the law for one program at several inputs, which are one batch."""
    chosen = data.draw(choices(program.checked))
    rows = data.draw(st.lists(program.inputs(), min_size=1, max_size=4))
    module = module_of(program)
    module.temperature = temperature
    module.load_choices(chosen)
    result = program.checked.main.result
    soft = module(**vertex_inputs(rows, program.params))
    for k, row in enumerate(rows):
        value = crisp(program, row, chosen)
        if value is not None:
            assert_crisp(row_of(soft, result, k), value, result)


@LAW
@given(programs(halting=True), st.data())
def test_at_temperature_zero(program: Generated, data: st.DataObject) -> None:
    """Every program, with reals, at ties and at the bounds of loops."""
    assert_vertex(program, data, 0.0)


@LAW
@given(programs(rough=True), st.data())
def test_rounding(program: Generated, data: st.DataObject) -> None:
    """Reals that leave the multiples of 1/8 agree up to rounding."""
    assert_vertex(program, data, 0.0)


@LAW
@given(programs(finite_only=True), st.data(), st.sampled_from([0.01, 1.0, 3.0]))
def test_at_every_temperature(program: Generated, data: st.DataObject, temperature: float) -> None:
    """Where no finite value depends on a real, the temperature has no say."""
    assert_vertex(program, data, temperature)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_read_once(temperature: float) -> None:
    """Programs that use every value once."""

    @LAW
    @given(read_once_programs(), st.data())
    def law(program: Generated, data: st.DataObject) -> None:
        assert_vertex(program, data, temperature)

    law()
