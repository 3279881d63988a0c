"""Laws 1 and 3 for choices by networks: a policy of finite values is a table that it has made.

A generated program whose choices are `given` values is rewritten: each is decided `by` a policy of
the same values. The policy, looked at in every case, is a table; so the rewritten program has to be
the old one with that table: crisply, softly at vertices, and by every estimator.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from diffprog.crisp.choices import alternatives
from diffprog.crisp.interpret import interpret
from diffprog.lang import syntax as s
from diffprog.learn.beam import Beam
from diffprog.learn.cells import Cells, parameter_name
from diffprog.learn.estimators import Exact, Weighed
from diffprog.learn.examples import Example
from diffprog.learn.networks import Networks
from diffprog.learn.outcomes import Likelihood
from diffprog.learn.relaxed import relax
from diffprog.learn.rows import Task, as_rows
from diffprog.lower.value import flat_types
from diffprog.pipeline.networks import crisp_networks
from diffprog.soft.choices import GAP
from diffprog.soft.module import SoftProgram
from tests.laws.harness import LAW, assert_crisp, crisp, graph_of, row_of, vertex_inputs
from tests.laws.test_exact import answers
from tests.strategies import Generated, hole_weights, programs
from tests.strategies.choices import masks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.lang.typed import Hole


def by_policies(node: Any) -> Any:
    """Let every choice that is given values be decided by a policy of them."""
    if isinstance(node, tuple):
        return tuple(map(by_policies, node))
    if isinstance(node, s.Decider) and node.given:
        network = s.Network("linear", (), by_policies(node.given), span=node.span)
        return replace(node, given=(), by=network, where=by_policies(node.where))
    if isinstance(node, s.Syntax) and is_dataclass(node):
        names = [f.name for f in fields(node) if f.name != "span"]
        return replace(node, **{n: by_policies(getattr(node, n)) for n in names})
    return node


def weights_of(program: Generated) -> dict[str, torch.Tensor]:
    """Draw the weights of all policies."""
    networks = Networks.of(program.checked.nets)
    generator = torch.Generator().manual_seed(1)
    return {
        f"nets.{name}.{key}": torch.randn(1, *value.shape, generator=generator).double()
        for name in program.checked.nets
        for key, value in networks.layers.named_weights(name)
    }


def tables(
    program: Generated, holes: Mapping[str, Hole], weights: Mapping[str, torch.Tensor]
) -> dict[str, Any]:
    """Return what the policy of each hole says in every case: probabilities, nested."""
    first = {key: value[0].tolist() for key, value in weights.items()}
    crisply = crisp_networks(program.checked.nets, first, {})
    found: dict[str, Any] = {}
    for key in program.checked.decisions:
        values = [t.values() for t in holes[key].given]  # type: ignore[union-attr]
        logits = [crisply[holes[key].network](*point) for point in product(*values)]
        rows = torch.softmax(torch.tensor(logits, dtype=torch.float64), -1)
        found[key] = rows.reshape(*map(len, values), -1).tolist()
    return found


def pair(program: Generated) -> tuple[Generated, Generated, dict[str, torch.Tensor]]:
    """Return a program, itself with policies, and their weights."""
    other = Generated(by_policies(program.syntax))
    assume(other.checked.decisions)
    return program, other, weights_of(other)


@LAW
@given(programs(halting=True), st.data())
def test_a_policy_is_its_table(program: Generated, data: st.DataObject) -> None:
    """Crisply, and softly at one-hot inputs and temperature 0."""
    program, other, weights = pair(program)
    table = tables(other, program.checked.holes, weights)
    free = data.draw(hole_weights(other.checked, interior=True))
    masked, holes = masks(program.checked), program.checked.holes
    chosen = {k: _best(v, holes[k], masked.get(k)) for k, v in {**free, **table}.items()}
    rows = data.draw(st.lists(program.inputs(), min_size=1, max_size=3))
    main = other.checked.main
    module = SoftProgram(
        graph_of(other), other.checked.holes, main.params, main.result, nets=other.checked.nets
    ).double()
    module.temperature = module.choice_temperature = 0.0
    first = {key: value[0].tolist() for key, value in weights.items()}
    own = {k: v for k, v in chosen.items() if k in other.checked.holes}
    module.load_choices({**own, **first})
    soft = module(**vertex_inputs(rows, other.params))
    nets = crisp_networks(other.checked.nets, first, {})
    for k, row in enumerate(rows):
        value = crisp(program, row, chosen)
        if value is not None:
            assert interpret(other.checked, row, own, nets=nets).value == value
            assert_crisp(row_of(soft, main.result, k), value, main.result)


def _best(weights: Any, hole: Hole, mask: Sequence[bool] | None) -> Any:
    """Return the best alternative of each entry; learned reals as they are."""
    if hole.kind == "real":
        return weights
    if isinstance(weights[0], list):
        return [_best(w, hole, mask) for w in weights]
    numbers = range(alternatives(hole).size)
    return max((k for k in numbers if mask is None or mask[k]), key=lambda k: weights[k])


@LAW
@given(programs(finite_only=True), st.data())
def test_inference_over_decisions(program: Generated, data: st.DataObject) -> None:
    """Every form of exact inference gives an answer the probability that the table gives it."""
    program, other, weights = pair(program)
    free = data.draw(hole_weights(other.checked, interior=True))
    whole = {**free, **tables(other, program.checked.holes, weights)}
    inputs = data.draw(program.inputs())
    possible = list(answers(program, inputs, [whole]).values())[:6]
    examples = [Example(inputs, value) for value, _ in possible]
    want = -torch.tensor([m[0] for _, m in possible], dtype=torch.float64).log().mean()
    checked = other.checked
    rows = as_rows(examples, other.params, checked.main.result)
    tasks = [Task(graph_of(other), tuple(flat_types(checked.main.result)), rows)]
    logits = {
        parameter_name(key): torch.tensor([free[key]], dtype=torch.float64).log().clamp_min(-GAP)
        for key in checked.holes
    }
    cells, networks = Cells(checked.holes), Networks.of(checked.nets)
    common = (tasks, cells, Likelihood())
    for estimator in (
        Exact(*common, networks=networks),
        Weighed(*common, relax(), networks=networks),
        Beam(*common, relax(), networks=networks, width=2**30),
    ):
        loss = estimator.loss(0, {**logits, **weights}, torch.Generator(), 1.0)
        torch.testing.assert_close(loss.value[0].double(), want, rtol=1e-6, atol=1e-6)
