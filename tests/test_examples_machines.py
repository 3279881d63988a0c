"""Turing machines, circuits, a stack and a queue: goldens are exact, small ones are learned."""

from __future__ import annotations

from pathlib import Path

import pytest

import diffprog as dp
from examples.bench import accuracy
from examples.circuits import bench as circuits
from examples.circuits.data import TASKS as CIRCUITS
from examples.stack.data import draw as lists
from examples.turing import bench as turing
from examples.turing.data import TASKS as MACHINES
from examples.turing.data import draw, everything

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.mark.parametrize("name", MACHINES)
def test_learned_machines_are_right_on_all_tapes(name: str) -> None:
    """What is printed in the README's folder does its task on every string of one to four bits."""
    program = dp.load(EXAMPLES / "turing" / "learned" / f"{name}.dp")
    assert not program.holes
    assert accuracy(program, everything(name)) == 1


@pytest.mark.parametrize("name", CIRCUITS)
def test_learned_circuits_are_right_on_all_inputs(name: str) -> None:
    """A whole truth table, with at most three spare gates."""
    task = CIRCUITS[name]
    program = dp.load(EXAMPLES / "circuits" / "learned" / f"{name.replace(' ', '_')}.dp")
    assert not program.holes
    assert task.gates <= task.needed + 3
    assert accuracy(program, task.examples()) == 1


@pytest.mark.parametrize("name", ["reverse", "copy"])
def test_learned_policies_hold_for_long_lists(name: str) -> None:
    """Learned from lists of 8 to 16, exact at 128."""
    program = dp.load(EXAMPLES / "stack" / "learned" / f"{name}.dp")
    assert not program.holes
    assert accuracy(program, lists(name, 3, 77, [1, 40, 128])) == 1


def test_a_machine_is_learned_by_gradient() -> None:
    """From 20 tapes the machine that inverts bits is right on all 30."""
    found = turing.learn("invert", draw("invert", 20, 1), 1, restarts=16)
    assert accuracy(found.program, everything("invert")) == 1
    assert turing.restarts_right("invert", found) >= 1


def test_restarts_that_find_the_same_are_counted() -> None:
    """Every restart that fits is some solution's."""
    found = turing.learn("invert", draw("invert", 5, 0), 0, restarts=16, steps=20)
    assert sum(s.restarts for s in found.solutions) == round(16 * found.share)


def test_a_circuit_is_found_by_search() -> None:
    """A half adder of spare gates, by local search over hardened holes."""
    program = dp.load(EXAMPLES / "circuits" / "circuit.dp", inputs=2, outputs=2, gates=3)
    table = [({"signal": [a, b]}, [a != b, a and b]) for a in (False, True) for b in (False, True)]
    found = dp.fit(
        program, table, estimator="search", restarts=64, steps=300, seed=0, progress=False
    )
    assert found.estimator == "search"
    assert accuracy(found.program, table) == 1


@pytest.mark.slow
@pytest.mark.parametrize("method", ["gradient", "search"])
def test_a_full_adder_is_found(method: str) -> None:
    """By gradient and by search."""
    found = circuits.learn("full adder", method, 0)
    assert accuracy(found.program, CIRCUITS["full adder"].examples()) == 1


def test_a_policy_is_learned_from_short_lists() -> None:
    """A stack that reverses lists of 3 to 5 reverses lists of 40, by a rule and not by a table."""
    program = dp.load(EXAMPLES / "stack" / "reverse.dp")
    train = lists("reverse", 6, 0, range(3, 6))
    found = dp.fit(
        program, train, estimator="sample", restarts=16, samples=4, steps=100, seed=0, every=5,
        progress=False,
    )  # fmt: skip
    assert accuracy(found.program, lists("reverse", 2, 1, [40])) == 1
    assert "else:" in found.program.source
