"""The vectorised rows: as the table of operations says."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from diffprog.learn import vector
from diffprog.ops import OPS, REDUCTIONS, RuleError
from diffprog.types import BOOL, REAL, Array, Int, Type

FINITE: list[Type] = [BOOL, Int(0, 3), Int(-2, 3), Int(1, 4)]
REALS = [-1.5, -0.5, 0.0, 0.25, 0.5, 2.0]


def results(op: str, types: tuple[Type, ...]) -> Type | None:
    """Return the result type, None where there is none."""
    try:
        return OPS[op].rule(types)
    except (RuleError, AttributeError):
        return None


@pytest.mark.parametrize("op", [name for name, row in OPS.items() if row.lifts])
def test_rows_on_finite_values(op: str) -> None:
    """Each row on every combination of small finite types, over their whole joint domain."""
    for types in product(FINITE, repeat=OPS[op].arity):
        t = results(op, types)
        if t is None or op in ("div", "log", "sqrt", "exp", "tanh", "sigmoid", "sin", "cos"):
            continue
        points = list(product(*(u.values() for u in types if not isinstance(u, Array))))  # type: ignore[union-attr]
        args = [torch.tensor([int(p[i]) for p in points]) for i in range(len(types))]
        found = vector.apply(op, args, types, t).tolist()
        wanted = [OPS[op].crisp(*p) for p in points]
        assert found == pytest.approx([float(w) for w in wanted]), (op, types)


@pytest.mark.parametrize("op", [name for name, row in OPS.items() if row.lifts and row.formula])
def test_rows_on_reals(op: str) -> None:
    """Each row on reals; not finite where the crisp function is undefined."""
    types = (REAL,) * OPS[op].arity
    t = results(op, types)
    if t is None:
        pytest.skip("not on reals")
    points = list(product(REALS, repeat=len(types)))
    args = [torch.tensor([p[i] for p in points], dtype=torch.float64) for i in range(len(types))]
    for found, p in zip(vector.apply(op, args, types, t).tolist(), points, strict=True):
        try:
            wanted = float(OPS[op].crisp(*p))
        except (ValueError, ZeroDivisionError):
            assert not math.isfinite(found)
        else:
            assert found == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("op", REDUCTIONS)
def test_reductions(op: str) -> None:
    """Each reduction over every mask of three cells; ties go to the first."""
    cells = list(product((0, 1), repeat=3))
    masks = list(product((False, True), repeat=3))
    for c, m in product(cells, masks):
        chosen = [(i, v) for i, (v, take) in enumerate(zip(c, m, strict=True)) if take]
        row = REDUCTIONS[op]
        wanted = row.crisp(chosen) if chosen else (7 if row.empty is None else row.empty)
        otherwise = torch.tensor([7]) if row.empty is None else None
        found = vector.reduce(op, torch.tensor([c]), torch.tensor([m]), otherwise)
        assert int(found) == int(wanted)
