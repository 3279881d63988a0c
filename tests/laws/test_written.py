"""Law 7 for networks: the program that they write for an input answers it as they do.

Generated programs whose choices are decided by policies; a policy of random weights. Decisions in
branches, matches, loops and calls are put in, and the text, parsed again, is run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from diffprog.errors import DiffprogError
from diffprog.lang.format import format_program
from diffprog.learn.networks import Networks
from diffprog.pipeline import loads
from diffprog.pipeline.decided import program_for
from tests.laws.harness import LAW
from tests.laws.test_policies import by_policies
from tests.strategies import Generated, choices, programs

if TYPE_CHECKING:
    from diffprog.pipeline import Program


def drawn(program: Program, seed: int) -> dict[str, object]:
    """Draw the weights of all networks."""
    networks = Networks.of(program.checked.nets)
    generator = torch.Generator().manual_seed(seed)
    return {
        f"nets.{name}.{key}": torch.randn(*value.shape, generator=generator).double().tolist()
        for name in program.checked.nets
        for key, value in networks.layers.named_weights(name)
    }


@LAW
@given(programs(halting=True), st.data())
def test_what_networks_write_answers_as_they_do(program: Generated, data: st.DataObject) -> None:
    """Whole: the same value or none, no decision left, and no network that only decided."""
    other = Generated(by_policies(program.syntax))
    assume(other.checked.decisions)
    free = data.draw(choices(other.checked))
    filled = loads(format_program(other.syntax)).fill(free)
    filled = filled.decide(drawn(filled, data.draw(st.integers(0, 9))))
    inputs = {
        name: filled.parameters[name].decode(value)
        for name, value in data.draw(program.inputs()).items()
    }
    try:
        answer = filled.run(**inputs)
    except DiffprogError:
        assume(False)
    written = program_for(filled, inputs)
    assert written.run(**inputs) == answer
    assert not written.checked.decisions
    assert not written.checked.nets
