"""Strategies of types, of crisp values, and of points of the simplex."""

from __future__ import annotations

import math
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from diffprog.types import BOOL, REAL, Array, Bool, Enum, Int, Real, Scalar, Tuple, Type, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

ENUM = Enum("Colour", ("red", "green", "blue"))
"""The enumeration that generated programs declare."""

EIGHTHS = st.integers(-24, 24).map(lambda n: n / 8)
"""Reals that arithmetic keeps exact: multiples of 1/8 from -3 to 3."""

BETWEEN = EIGHTHS.map(lambda x: x + 3 / 64)
"""Reals beside those that programs name: there comparisons have no tie, and bounds no kink."""


@cache
def ints(max_size: int = 4) -> st.SearchStrategy[Int]:
    """Give small ranges, some of them below zero."""
    return st.builds(
        lambda lo, size: Int(lo, lo + size),
        st.sampled_from([0, 0, 0, 1, -1, -2]),
        st.integers(2, max_size) | st.just(1),
    )


@cache
def scalars(*, finite: bool) -> st.SearchStrategy[Scalar]:
    """Give scalar types."""
    kinds = [ints(), st.just(BOOL), st.just(ENUM)]
    return st.one_of(*kinds) if finite else st.one_of(*kinds, st.just(REAL))


@cache
def arrays(*, finite: bool) -> st.SearchStrategy[Array]:
    """Give array types of rank 1 and 2 with at most four cells."""
    shapes = st.sampled_from([(2,), (3,), (1,), (4,), (2, 2), (1, 2), (2, 1)])
    return st.builds(Array, shapes, scalars(finite=finite))


@cache
def types(*, finite: bool) -> st.SearchStrategy[Type]:
    """Give types of variables."""
    tuples = st.lists(scalars(finite=finite), min_size=2, max_size=2).map(
        lambda items: Tuple(tuple(items))
    )
    return st.one_of(scalars(finite=finite), arrays(finite=finite), tuples)


def domain_size(t: Type) -> int:
    """Count the values of a type; a real counts as one, for it is never enumerated."""
    match t:
        case Real():
            return 1
        case Array(_, item):
            return domain_size(item) ** t.count
        case Tuple(items):
            return math.prod(map(domain_size, items))
        case _:
            return t.size


def domain(t: Type) -> Iterator[Value]:
    """Yield every value of a finite type, in order."""
    match t:
        case Array(shape, item):
            inner = Array(shape[1:], item) if shape[1:] else item
            yield from map(list, product(list(domain(inner)), repeat=shape[0]))
        case Tuple(items):
            yield from product(*map(domain, items))
        case Real():
            message = "the reals are not enumerated"
            raise ValueError(message)
        case _:
            yield from t.values()


@cache
def values(t: Type) -> st.SearchStrategy[Value]:
    """Give crisp values of a type."""
    match t:
        case Array(shape, item):
            inner = Array(shape[1:], item) if shape[1:] else item
            return st.lists(values(inner), min_size=shape[0], max_size=shape[0])
        case Tuple(items):
            return st.tuples(*map(values, items))
        case Real():
            return EIGHTHS
        case _:
            return st.sampled_from(t.values())


@cache
def simplex(size: int, *, interior: bool = False) -> st.SearchStrategy[list[float]]:
    """Give points of the simplex, among them vertices and edges unless `interior`.

    Weights are small whole numbers over their sum, so that equal weights and zeros are common.
    """
    weights = st.lists(st.integers(int(interior), 8), min_size=size, max_size=size)
    return weights.filter(any).map(lambda ws: [w / sum(ws) for w in ws])


@cache
def soft_values(t: Type, *, interior: bool = False) -> st.SearchStrategy[object]:
    """Give soft values as nested lists: see DESIGN, soft values."""
    match t:
        case Array(shape, item):
            inner = Array(shape[1:], item) if shape[1:] else item
            cell = soft_values(inner, interior=interior)
            return st.lists(cell, min_size=shape[0], max_size=shape[0])
        case Tuple(items):
            return st.tuples(*(soft_values(i, interior=interior) for i in items))
        case Real():
            return BETWEEN if interior else EIGHTHS
        case Bool():
            return simplex(2, interior=interior).map(lambda p: p[1])
        case Int() | Enum():
            return simplex(t.size, interior=interior)


def one_hot(value: Value, t: Type) -> object:
    """Return the soft value that is a crisp one."""
    match t:
        case Array(shape, item):
            assert isinstance(value, list)
            inner = Array(shape[1:], item) if shape[1:] else item
            return [one_hot(v, inner) for v in value]
        case Tuple(items):
            assert isinstance(value, tuple)
            return tuple(one_hot(v, i) for v, i in zip(value, items, strict=True))
        case Real() | Bool():
            return float(value)  # type: ignore[arg-type] # a scalar, by the type
        case Int() | Enum():
            return [float(value == v) for v in t.values()]
