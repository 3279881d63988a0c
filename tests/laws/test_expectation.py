"""Law 3, Expectation: where the compiler says that nothing is lost, soft is the expectation."""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffprog.crisp.enumerate import enumerate_runs
from diffprog.errors import Source
from diffprog.ir.sources import analyse
from diffprog.lang.parse import parse
from diffprog.types import Array, Bool, Real, Tuple, Type
from tests.laws.harness import (
    LAW,
    graph_of,
    leaves,
    load_weights,
    module_of,
    soft_inputs,
    tensors,
    weight,
)
from tests.strategies import (
    Generated,
    domain,
    hole_weights,
    meetings,
    one_hot,
    programs,
    read_once_programs,
)
from tests.strategies.meetings import MEETINGS, TIES, Tie
from tests.strategies.values import domain_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from diffprog.types import Value

MOST = 600
"""Inputs to enumerate; larger programs are passed over."""


def likelihood(soft: Any, value: Value, t: Type) -> float:
    """Return the probability of a crisp value under a product of marginals."""
    match t:
        case Array(shape, item):
            inner = Array(shape[1:], item) if shape[1:] else item
            assert isinstance(value, list)
            return prod(likelihood(s, v, inner) for s, v in zip(soft, value, strict=True))
        case Tuple(items):
            assert isinstance(value, tuple)
            return prod(likelihood(s, v, i) for s, v, i in zip(soft, value, items, strict=True))
        case Real():
            return 1.0
        case Bool():
            return float(soft if value else 1 - soft)
        case _:
            assert isinstance(value, int)
            return float(soft[value - t.lo])


def crisp_values(t: Type, soft: Any) -> Iterator[Value]:
    """Yield the values of an input; a real has the one that it is."""
    match t:
        case Array(shape, item):
            inner = Array(shape[1:], item) if shape[1:] else item
            for cells in product(*(list(crisp_values(inner, s)) for s in soft)):
                yield list(cells)
        case Tuple(items):
            parts = (list(crisp_values(i, s)) for i, s in zip(items, soft, strict=True))
            yield from product(*parts)
        case Real():
            yield soft
        case _:
            yield from domain(t)


def expectation(program: Generated, soft: Mapping[str, Any], weights: Mapping[str, Any]) -> Any:
    """Return the expected result, as tensors, or None where some outcome is undefined."""
    params = program.params
    reals = {k: weights[k] for k, h in program.checked.holes.items() if h.kind == "real"}
    result = program.checked.main.result
    total: dict[int, Any] = defaultdict(lambda: 0.0)
    for values in product(*(list(crisp_values(t, soft[n])) for n, t in params.items())):
        inputs = dict(zip(params, values, strict=True))
        p = prod(likelihood(soft[n], inputs[n], t) for n, t in params.items())
        if p == 0:
            continue
        for run in enumerate_runs(program.checked, inputs, reals):
            w = weight(run, weights)
            if w != w or run.value is None:
                return None
            for k, (leaf, _) in enumerate(
                leaves(tensors(one_hot(run.value, result), result), result)
            ):
                total[k] = total[k] + p * w * leaf
    return [total[k] for k in sorted(total)]


def assert_expectation(program: Generated, data: st.DataObject) -> bool:
    """Assert the law where it applies; say whether it does."""
    graph = graph_of(program)
    if not analyse(graph).exact:
        return False
    if prod(domain_size(t) for t in program.params.values()) > MOST:
        return False
    soft = data.draw(program.soft_inputs())
    weights = data.draw(hole_weights(program.checked, interior=True))
    want = expectation(program, soft, weights)
    if want is None:
        return False
    module = module_of(program, graph)
    module.temperature = 0.0
    load_weights(module, weights)
    got = module(**soft_inputs([soft], program.params))
    for (tensor, _), mean in zip(leaves(got, program.checked.main.result), want, strict=True):
        torch.testing.assert_close(
            tensor.squeeze(0).expand_as(mean) if tensor.dim() > mean.dim() else tensor,
            mean,
            rtol=1e-9,
            atol=1e-9,
        )
    return True


@LAW
@given(read_once_programs(), st.data())
def test_read_once(program: Generated, data: st.DataObject) -> None:
    """Programs that use every uncertain value once."""
    assert_expectation(program, data)


@LAW
@given(read_once_programs(finite_only=False), st.data())
def test_read_once_reals(program: Generated, data: st.DataObject) -> None:
    """The same with reals that are added and scaled."""
    assert_expectation(program, data)


@LAW
@given(programs(max_size=12, max_domain=64, max_runs=16), st.data())
def test_whatever_is_clean(program: Generated, data: st.DataObject) -> None:
    """Any program that the analysis calls clean: the same function prints DP901."""
    assert_expectation(program, data)


@LAW
@given(meetings(), st.data())
def test_what_meets(program: Generated, data: st.DataObject) -> None:
    """One operation on values that one statement may have tied: no loss is overlooked."""
    assert_expectation(program, data)


@pytest.mark.slow
@pytest.mark.parametrize("tie", TIES, ids=[t[0] or "nothing" for t in TIES])
def test_each_tie(tie: Tie) -> None:
    """The same, at length: each way to tie with every operation, about twice."""

    @settings(LAW, max_examples=2 * len(MEETINGS))
    @given(meetings((tie,)), st.data())
    def law(program: Generated, data: st.DataObject) -> None:
        assert_expectation(program, data)

    law()


TESTED = """
program main(a: int<{given}>) -> int<{values}>:
    c = choose int<{values}> given a
    {test}:
        c = (c + {by}) % {values}
    return c
"""


@LAW
@given(st.integers(2, 4), st.integers(2, 4), st.integers(1, 3), st.booleans(), st.data())
def test_a_choice_that_is_tested(
    given: int, values: int, by: int, loop: bool, data: st.DataObject
) -> None:
    """What a choice gave is what its test saw: the case reads it, and does not choose again."""
    at = data.draw(st.integers(1, values - 1))
    test = f"while c < {at} max 3" if loop else f"if c < {at}"
    text = TESTED.format(given=given, values=values, by=by, test=test)
    assert assert_expectation(Generated(parse(Source("tested.dp", text))), data)


@pytest.mark.parametrize(("kind", "share"), [(read_once_programs, 0.5), (meetings, 0.2)])
def test_clean_programs_are_common(
    kind: Callable[[], st.SearchStrategy[Generated]], share: float
) -> None:
    """The law is not empty: of the programs above, many are clean."""
    met = []

    @LAW
    @given(kind(), st.data())
    def law(program: Generated, data: st.DataObject) -> None:
        met.append(assert_expectation(program, data))

    law()
    assert sum(met) > len(met) * share
