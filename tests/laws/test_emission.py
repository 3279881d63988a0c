"""Law 7, round trip: what is emitted parses to what was filled in, and runs as it did hardened.

Verbatim emission gives the answers of the hardened program on every input; generalised emission on
every example.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from diffprog.crisp.interpret import interpret
from diffprog.learn.decided import same
from diffprog.learn.emit import emit
from diffprog.learn.examples import Example, Examples
from diffprog.pipeline import Program
from tests.laws.harness import LAW, crisp
from tests.strategies import choices, programs

if TYPE_CHECKING:
    from diffprog.types import Value
    from tests.strategies import Generated


def answer(program: Program, inputs: dict[str, Value]) -> object:
    """Return the crisp answer of an emitted program, None where it is undefined."""
    judged = type("Emitted", (), {"checked": program.checked})()
    return crisp(judged, inputs, program.choices)


@LAW
@given(programs(halting=True), st.data())
def test_verbatim_emission_runs_as_the_hardened_program(
    program: Generated, data: st.DataObject
) -> None:
    """On every input, decided or not."""
    chosen = data.draw(choices(program.checked))
    emitted = Program(program.parsed).fill(chosen)
    assert not emitted.choices or emitted.holes
    for inputs in data.draw(st.lists(program.inputs(), min_size=1, max_size=5)):
        assert same(answer(emitted, inputs), crisp(program, inputs, chosen)), emitted.source


@LAW
@given(programs(finite_only=True), st.data())
def test_generalised_emission_answers_the_examples(program: Generated, data: st.DataObject) -> None:
    """On every example, whatever the expressions found."""
    chosen = data.draw(choices(program.checked))
    rows = data.draw(st.lists(program.inputs(), min_size=1, max_size=5))
    examples = Examples(
        tuple(Example(r, interpret(program.checked, r, chosen).value) for r in rows)
    )
    emitted = emit(Program(program.parsed), chosen, examples)
    for example in examples:
        assert same(answer(emitted, dict(example.inputs)), example.output), emitted.source
