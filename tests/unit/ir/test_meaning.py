"""Passes keep the composed soft meaning, and clean graphs mean the expectation: by a plain judge.

The laws test the same with torch; here the judge is `reference.py`, which shares no code with it.
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from diffprog.crisp.enumerate import enumerate_runs
from diffprog.ir.rules import simplify
from diffprog.ir.sources import analyse
from diffprog.ir.verify import verify
from diffprog.pipeline.stages import lowered
from diffprog.types import Tuple
from tests.strategies import hole_weights, programs
from tests.strategies.values import domain, domain_size
from tests.unit.ir.reference import Reference, close, dist, flat, mixed, sure

if TYPE_CHECKING:
    from diffprog.types import Type
    from tests.strategies import Generated

GENERATED = settings(deadline=None, suppress_health_check=list(HealthCheck))


def parts(value: Any, t: Type) -> list[tuple[Any, Type]]:
    """Take tuples apart, as lowering does."""
    if isinstance(t, Tuple):
        return [p for v, u in zip(value, t.items, strict=True) for p in parts(v, u)]
    return [(value, t)]


def arguments(program: Generated, inputs: dict[str, Any]) -> list[Any]:
    """Return soft inputs as the graph's arguments."""
    named = [(inputs[name], t) for name, t in program.params.items()]
    return [dist(v, u) for value, t in named for v, u in parts(value, t)]


@GENERATED
@given(programs(finite_only=True, max_size=15, max_domain=128), st.data())
def test_simplify_keeps_soft_results(program: Generated, data: st.DataObject) -> None:
    """Law 8 on finite programs: any inputs, any weights."""
    before = lowered(program.checked)
    after = simplify(verify(before))
    weights = data.draw(hole_weights(program.checked, interior=True))
    args = arguments(program, data.draw(program.soft_inputs()))
    one, other = (Reference(weights).run(g, args) for g in (before, after))
    assert all(map(close, one, other))


def chance(run: Any, weights: dict[str, Any]) -> float:
    """Return the probability of a run's decisions."""
    total = 1.0
    for d in run.decisions:
        at = weights[d.key]
        for k in d.path:
            at = at[k]
        mask = d.mask or [True] * len(at)
        total *= at[d.alternative] / sum(w for w, m in zip(at, mask, strict=True) if m)
    return total


@GENERATED
@given(programs(finite_only=True, max_size=8, max_domain=64, max_runs=32), st.data())
def test_clean_means_expectation(program: Generated, data: st.DataObject) -> None:
    """Law 3 on finite programs: where no correlation is lost, soft is the expectation."""
    graph = lowered(program.checked)
    clean = analyse(graph).exact
    event(f"clean: {clean}")
    assume(clean)
    params = program.params
    assume(prod(map(domain_size, params.values())) <= 64)
    weights = data.draw(hole_weights(program.checked, interior=True))
    inputs = data.draw(program.soft_inputs(interior=True))
    found = Reference(weights).run(graph, arguments(program, inputs))
    assert all(map(close, found, expected(program, inputs, weights)))


def expected(program: Generated, inputs: dict[str, Any], weights: dict[str, Any]) -> list[Any]:
    """Return the marginals of the results over all inputs and decisions."""
    outcomes = []
    result = program.checked.main.result
    for values in product(*(domain(t) for t in program.params.values())):
        crisp = dict(zip(program.params, values, strict=True))
        share = prod(
            d.get(leaf, 0.0)
            for name, t in program.params.items()
            for (soft, u), (v, _) in zip(parts(inputs[name], t), parts(crisp[name], t), strict=True)
            for d, leaf in zip(_cells(dist(soft, u)), flat(v), strict=True)
        )
        for run in enumerate_runs(program.checked, crisp) if share else ():
            assume(run.value is not None)
            leaves = [sure(v, u) for v, u in parts(run.value, result)]
            outcomes.append((share * chance(run, weights), leaves))
    count = len(outcomes[0][1])
    return [mixed([(w, leaves[i]) for w, leaves in outcomes]) for i in range(count)]


def _cells(soft: Any) -> list[Any]:
    return soft if isinstance(soft, list) else [soft]
