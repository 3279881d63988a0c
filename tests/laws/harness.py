"""What the laws share: soft modules of generated programs, tensors of values, comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from hypothesis import HealthCheck, settings

from diffprog.crisp.interpret import interpret
from diffprog.errors import DiffprogError
from diffprog.native.backend import backed
from diffprog.pipeline import stages
from diffprog.soft.choices import GAP
from diffprog.soft.module import SoftProgram
from diffprog.types import Array, Real, Tuple, Type, is_finite
from tests.strategies import one_hot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.crisp.enumerate import Run
    from diffprog.ir.graph import Graph
    from diffprog.types import Value
    from tests.strategies import Generated

LAW = settings(deadline=None, suppress_health_check=list(HealthCheck))

BACKEND = "torch"
"""What runs the modules of the laws; `test_native` changes it."""

UNDEFINED = {"DP601", "DP602"}
"""Diagnostics of runs that divide by zero and the like: they have no result to compare."""


def graph_of(program: Generated, *, simplify: bool = True) -> Graph:
    """Return the graph of a program."""
    graph = stages.lowered(program.checked)
    return stages.simplified(graph) if simplify else graph


def module_of(
    program: Generated, graph: Graph | None = None, *, restarts: int | None = None
) -> SoftProgram:
    """Return the soft module of a program, in float64, on the backend that is asked."""
    checked, graph = program.checked, graph or graph_of(program)
    module = SoftProgram(
        graph,
        checked.holes,
        checked.main.params,
        checked.main.result,
        restarts=restarts,
    ).double()
    module._function = backed(BACKEND, graph, module._function)
    return module


def load_weights(
    module: SoftProgram, weights: Mapping[str, Any], restart: int | None = None
) -> None:
    """Give the holes of a module these weights, and its learned reals these values."""
    with torch.no_grad():
        for key, nested in weights.items():
            value = torch.tensor(nested, dtype=torch.float64)
            if module.hole_types[key].kind != "real":
                value = torch.where(value > 0, value.clamp_min(1e-300).log(), -GAP)
            target = module.hole(key) if restart is None else module.hole(key)[restart]
            target.copy_(value)


def crisp(program: Generated, inputs: Mapping[str, Value], choices: Mapping[str, Any]) -> Any:
    """Return the crisp result, or None where it is undefined."""
    try:
        return interpret(program.checked, inputs, choices).value
    except DiffprogError as error:
        if error.diagnostics[0].code in UNDEFINED:
            return None
        raise


def weight(run: Run, weights: Mapping[str, Any]) -> float:
    """Return the probability of a run's decisions; NaN where all that is allowed weighs 0."""
    total = 1.0
    for d in run.decisions:
        at = weights[d.key]
        for k in d.path:
            at = at[k]
        mask = d.mask or [True] * len(at)
        left = sum(w for w, m in zip(at, mask, strict=True) if m)
        if left == 0:
            return float("nan")
        total *= at[d.alternative] / left
    return total


def tensors(nested: Any, t: Type) -> Any:
    """Return a soft value, given as nested lists, as tensors."""
    if isinstance(t, Tuple):
        return tuple(tensors(n, i) for n, i in zip(nested, t.items, strict=True))
    return torch.tensor(nested, dtype=torch.float64)


def stacked(rows: Sequence[Any], t: Type) -> Any:
    """Return several soft values as one, on a leading axis."""
    if isinstance(t, Tuple):
        return tuple(stacked([r[i] for r in rows], item) for i, item in enumerate(t.items))
    return torch.stack([tensors(r, t) for r in rows])


def soft_inputs(rows: Sequence[Mapping[str, Any]], params: Mapping[str, Type]) -> dict[str, Any]:
    """Return rows of soft inputs as one batch."""
    return {name: stacked([r[name] for r in rows], t) for name, t in params.items()}


def vertex_inputs(
    rows: Sequence[Mapping[str, Value]], params: Mapping[str, Type]
) -> dict[str, Any]:
    """Return rows of crisp inputs as one batch of one-hot values."""
    return soft_inputs([{n: one_hot(r[n], t) for n, t in params.items()} for r in rows], params)


def leaves(value: Any, t: Type) -> list[tuple[torch.Tensor, Type]]:
    """Return the tensors of a soft value with their types."""
    if isinstance(t, Tuple):
        return [leaf for v, i in zip(value, t.items, strict=True) for leaf in leaves(v, i)]
    return [(value, t)]


def row_of(value: Any, t: Type, row: int) -> Any:
    """Return one row of a batched soft value (a value that no input reaches has no batch axis)."""
    if isinstance(t, Tuple):
        return tuple(row_of(v, i, row) for v, i in zip(value, t.items, strict=True))
    return value[row] if value.dim() > depth(t) else value


def depth(t: Type) -> int:
    """Return how many trailing axes a soft value has."""
    match t:
        case Array(shape, item):
            return len(shape) + depth(item)
        case _:
            return int(is_finite(t) and str(t) != "bool")


def assert_crisp(soft: Any, value: Value, t: Type) -> None:
    """Assert that a soft value is a crisp one: finite values to the bit, reals to 1e-12."""
    for (got, leaf), (want, _) in zip(
        leaves(soft, t), leaves(tensors(one_hot(value, t), t), t), strict=True
    ):
        item = leaf.item if isinstance(leaf, Array) else leaf
        if isinstance(item, Real):
            torch.testing.assert_close(got.expand_as(want), want, rtol=1e-12, atol=1e-12)
        else:
            assert torch.equal(got.expand_as(want), want), f"{got.tolist()} is not {want.tolist()}"


def assert_mass(soft: Any, t: Type, tolerance: float = 1e-9) -> None:
    """Assert that a soft value lies on its simplex."""
    for got, leaf in leaves(soft, t):
        item = leaf.item if isinstance(leaf, Array) else leaf
        assert torch.isfinite(got).all()
        if isinstance(item, Real):
            continue
        assert (got >= -tolerance).all()
        assert (got <= 1 + tolerance).all()
        if depth(item):
            total = got.sum(-1)
            torch.testing.assert_close(total, torch.ones_like(total), rtol=0, atol=tolerance)
