"""Each row's soft rule is the multilinear extension of its crisp function, in every form."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffprog.ops import OPS, RuleError
from diffprog.soft import rows
from diffprog.soft.single import apply_row
from diffprog.types import BOOL, Array, Bool, Enum, Int, Real, Type
from tests.unit.soft.soften import expectation, random_value, soft, soft_value

SCALARS: list[Type] = [
    BOOL,
    Int(0, 3),
    Int(-2, 3),
    Int(1, 4),
    Int(2, 3),
    Enum("E", ("a", "b", "c")),
]
FINITE = [row for row in OPS.values() if row.lifts]


def signatures(arity: int, op: str) -> list[tuple[Type, ...]]:
    """Return argument types on which a row is finite."""
    found = []
    for types in product(SCALARS, repeat=arity):
        try:
            if OPS[op].is_finite_on(types):
                found.append(types)
        except RuleError:
            continue
    return found


def generator(seed: int) -> torch.Generator:
    """Return a generator of numbers."""
    return torch.Generator().manual_seed(seed)


CASES = [(row.name, types) for row in FINITE for types in signatures(row.arity, row.name)]


@pytest.mark.parametrize("op", sorted({op for op, _ in CASES}))
def test_kernel_is_derived(op: str) -> None:
    """On every signature: the kernel, with leading axes that broadcast, equals the definition."""
    for name, types in CASES:
        if name != op:
            continue
        g = generator(len(types))
        leads = [(2, 3), (3,), ()]
        xs = [random_value(t, g, lead) for t, lead in zip(types, leads, strict=False)]
        result = OPS[op].rule(types)
        got = apply_row(op, types, result, xs)
        want = expectation(OPS[op].crisp, xs, types, result)
        assert torch.allclose(got, want.expand_as(got), rtol=1e-12, atol=1e-15), types
        assert got.shape[:2] == (2, 3)


@pytest.mark.parametrize("op", sorted({op for op, _ in CASES}))
def test_vertices_are_exact(op: str) -> None:
    """At crisp values the result is a one-hot, to the bit, in single precision too."""
    for name, types in CASES:
        if name != op:
            continue
        result = OPS[op].rule(types)
        for values in product(*(t.values() for t in types if isinstance(t, Bool | Int | Enum))):
            xs = [soft_value(v, t).float() for v, t in zip(values, types, strict=True)]
            got = apply_row(op, types, result, xs)
            assert torch.equal(got, soft_value(OPS[op].crisp(*values), result).float()), values


@settings(max_examples=15)
@given(st.sampled_from(CASES), st.integers(0, 9))
def test_rows_lift(case: tuple[str, tuple[Type, ...]], seed: int) -> None:
    """Arrays go cell by cell; a scalar goes with every cell."""
    op, types = case
    g = generator(seed)
    scalars = [random_value(t, g) for t in types]
    wide = Array((2, 2), types[0])  # type: ignore[arg-type]
    block = torch.stack([torch.stack([random_value(types[0], g) for _ in "ab"]) for _ in "ab"])
    result = OPS[op].rule(types)
    got = apply_row(op, [wide, *types[1:]], Array((2, 2), result), [block, *scalars[1:]])  # type: ignore[arg-type]
    for i, j in product(range(2), repeat=2):
        one = apply_row(op, types, result, [block[i, j], *scalars[1:]])
        assert torch.allclose(got[i, j], one, rtol=1e-12)


@pytest.mark.parametrize("op", ["add", "sub", "lt", "le", "gt", "ge", "ne", "eq"])
def test_large_forms(op: str) -> None:
    """Convolutions and cumulative sums, for tables that would be too large, are the same."""
    types = (Int(-3, 70), Int(2, 75))
    g = generator(1)
    xs = [random_value(t, g, (2,)) for t in types]
    result = OPS[op].rule(types)
    got = apply_row(op, types, result, xs)
    want = expectation(OPS[op].crisp, xs, types, result)
    assert torch.allclose(got, want, rtol=1e-11, atol=1e-14)
    assert rows.TABLE_LIMIT < 73 * 73 * 145


KNOWN = """
const table: int<4>[3] = [3, 1, 2]

program known(x: int<4>, flags: bool[3]) -> (int<10>, int<4>[3], bool[3], bool):
    total: int<10> = 0
    out: int<4>[3] = 0
    less: bool[3] = false
    odd = false
    for i in 0 .. 3:
        total = clamp(x + i + table[i], 0, 9)
        out[i] = max(x, i) if i != 1 else table[i]
        less[i] = (x - i < 1) and flags[i]
        odd = odd xor (x == i)
    return total, out, less, odd
"""


def test_known_operands() -> None:
    """Counters and constants stay numbers: shifts, slices, tables cut at run time."""
    module = soft(KNOWN)
    assert "range(0, 3)" in module.source
    for x in range(4):
        got = module(x=torch.tensor([x]), flags=torch.tensor([[True, False, True]]))
        less = [x - i < 1 and i != 1 for i in range(3)]
        want: list[Any] = [min(x + 4, 9), [max(x, 0), 1, max(x, 2)], less, x < 3]
        types = [Int(0, 10), Array((3,), Int(0, 4)), Array((3,), BOOL), BOOL]
        for a, b, t in zip(got, want, types, strict=True):
            assert torch.equal(a[0], soft_value(b, t))


def test_real_of_int_is_its_mean() -> None:
    """`real(x)` and assignment to a real take the mean; an operation is extended over the int."""
    p = torch.tensor([0.25, 0.25, 0.5], dtype=torch.float64)
    r = torch.tensor(1.5, dtype=torch.float64)
    types = (Int(0, 3), Real())
    assert apply_row("real", types[:1], Real(), [p]).item() == 1.25
    got = apply_row("max", types, Real(), [p, r])
    assert torch.isclose(got, 0.5 * r + 0.5 * 2.0)
    for op in ("lt", "eq", "ge"):
        got = apply_row(op, types, BOOL, [p, r], temperature=0.5)
        at = [
            apply_row(op, (Real(), Real()), BOOL, [torch.full_like(r, v), r], temperature=0.5)
            for v in (0.0, 1.0, 2.0)
        ]
        assert torch.isclose(got, (p * torch.stack(at)).sum())
