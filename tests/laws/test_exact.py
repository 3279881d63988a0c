"""Law 3, Expectation, second half: `exact` is the expectation over choices, in every program.

For crisp inputs and every answer that the interpreter can give, the estimator's likelihood is the
total probability of the sequences of decisions that lead there. It holds for every finite program:
correlations, conditions, loops and decisions met again and again included.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import torch
from hypothesis import given
from hypothesis import strategies as st

from diffprog.crisp.enumerate import enumerate_runs
from diffprog.learn.beam import Beam
from diffprog.learn.cells import Cells, parameter_name
from diffprog.learn.estimators import Exact, Weighed
from diffprog.learn.examples import Example
from diffprog.learn.outcomes import Likelihood
from diffprog.learn.relaxed import relax
from diffprog.learn.rows import Task, as_rows
from diffprog.lower.value import flat_types
from tests.laws.harness import LAW, graph_of, weight
from tests.strategies import Generated, domain, hole_weights, programs
from tests.strategies.values import domain_size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.learn.estimators import Loss
    from diffprog.types import Value

MOST = 12
"""Answers whose likelihood is asked, of one program."""


def answers(
    program: Generated, inputs: Mapping[str, Value], weights: Sequence[Mapping[str, Any]]
) -> dict[str, tuple[Value, list[float]]]:
    """Return each answer that some choices give, with its probability under each weights."""
    found: dict[str, Value] = {}
    total: dict[str, list[float]] = defaultdict(lambda: [0.0] * len(weights))
    for run in enumerate_runs(program.checked, inputs):
        assert run.value is not None
        found[repr(run.value)] = run.value
        total[repr(run.value)] = [
            old + weight(run, w) for old, w in zip(total[repr(run.value)], weights, strict=True)
        ]
    return {key: (value, total[key]) for key, value in found.items()}


def losses(
    program: Generated,
    examples: Sequence[Example],
    weights: Sequence[Mapping[str, Any]],
) -> list[Loss]:
    """Return what all forms of exact inference lose: compiled once, run anew, as a wide beam."""
    checked = program.checked
    cells = Cells(checked.holes)
    rows = as_rows(examples, program.params, checked.main.result)
    tasks = [Task(graph_of(program), tuple(flat_types(checked.main.result)), rows)]
    logits = {
        parameter_name(key): torch.tensor([w[key] for w in weights], dtype=torch.float64).log()
        for key in checked.holes
    }
    exact = Exact(tasks, cells, Likelihood())
    weighed = Weighed(tasks, cells, Likelihood(), relax())
    beam = Beam(tasks, cells, Likelihood(), relax(), width=2**30)
    return [e.loss(0, logits, torch.Generator(), 1.0) for e in (exact, weighed, beam) if logits]


@LAW
@given(programs(finite_only=True), st.data())
def test_answers_have_their_probability(program: Generated, data: st.DataObject) -> None:
    """The likelihood of each answer is the sum over the runs that give it, for each restart."""
    weights = data.draw(
        st.lists(hole_weights(program.checked, interior=True), min_size=1, max_size=2)
    )
    rows = data.draw(st.lists(program.inputs(), min_size=1, max_size=3))
    examples, logs = [], []
    for inputs in rows:
        for value, masses in list(answers(program, inputs, weights).values())[:MOST]:
            examples.append(Example(inputs, value))
            logs.append([-torch.tensor(m, dtype=torch.float64).log() for m in masses])
    want = torch.tensor(logs, dtype=torch.float64).mean(0)
    for loss in losses(program, examples, weights):
        assert loss.impossible == 0
        torch.testing.assert_close(loss.value.double(), want, rtol=1e-9, atol=1e-9)


@LAW
@given(programs(finite_only=True), st.data())
def test_other_answers_are_impossible(program: Generated, data: st.DataObject) -> None:
    """An answer that no choices give has no likelihood, and its row is reported."""
    weights = [data.draw(hole_weights(program.checked, interior=True))]
    inputs = data.draw(program.inputs())
    possible = answers(program, inputs, weights)
    result = program.checked.main.result
    if domain_size(result) > 512:
        return
    others = [v for v in domain(result) if repr(v) not in possible][:MOST]
    examples = [Example(inputs, v) for v in others]
    for loss in losses(program, examples, weights) if examples else []:
        assert loss.impossible == len(others)
