"""What is done to crisp values: copying, converting, reading and writing cells, mixing.

In: plain Python values and their types (see `diffprog.types`). Out: new values; only `write`
changes a list that it is handed. Never imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeGuard

from diffprog.errors import InvariantError
from diffprog.types import Array, Bool, Enum, Finite, Int, Real, Tuple, Type, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Scalar: TypeAlias = "bool | int | float"
At: TypeAlias = "tuple[int | range, ...]"
"""Where in an array: for each axis a place, or the places of a slice."""


def is_scalar(value: Value) -> TypeGuard[Scalar]:
    """Say whether a value is a single truth value or number."""
    return not isinstance(value, list | tuple)


def copied(value: Value) -> Value:
    """Return a value that shares no list with the given one."""
    if isinstance(value, list):
        return [copied(v) for v in value]
    if isinstance(value, tuple):
        return tuple(copied(v) for v in value)
    return value


def number(value: Value, t: Finite) -> int:
    """Return the place of a value among the values of its type: `v - lo`."""
    assert is_scalar(value)
    return int(value) - t.lo


def checked(value: Scalar, t: Type) -> Scalar:
    """Return a scalar, made a float where the type is real; the type must hold it.

    Raises:
        InvariantError: the checker gave a type that does not hold what the program computes.
    """
    match t:
        case Real():
            return float(value)
        case Bool():
            fine = isinstance(value, bool)
        case Int() | Enum():
            fine = type(value) is int and t.lo <= value < t.lo + t.size
        case Array() | Tuple():
            fine = False
    if not fine:
        message = f"{value!r} is not a value of `{t}`"
        raise InvariantError(message)
    return value


def verified(value: Value, t: Type) -> Value:
    """Return a copy of a value that is exactly of a type, or complain of the earlier stages.

    Raises:
        InvariantError: the typed tree puts a value where its type has no room for it.
    """
    same = converted(value, t)
    if repr(same) != repr(value):  # an int is no float here: `Convert` has to say so
        message = f"{value!r} is not a value of `{t}`"
        raise InvariantError(message)
    return same


def converted(value: Value, t: Type) -> Value:
    """Return a value in a wider type: int to real, cell by cell; a scalar fills an array."""
    match t:
        case Tuple(items):
            assert isinstance(value, tuple)
            return tuple(converted(v, i) for v, i in zip(value, items, strict=True))
        case Array(shape, item):
            return _block(value, shape, item)
        case _:
            assert is_scalar(value)
            return checked(value, t)


def _block(value: Value, shape: tuple[int, ...], item: Type) -> Value:
    if not shape:
        return converted(value, item)
    cells = value if isinstance(value, list) else [value] * shape[0]
    if len(cells) != shape[0]:
        message = f"{len(cells)} cells where {shape[0]} belong"
        raise InvariantError(message)
    return [_block(v, shape[1:], item) for v in cells]


def cells(value: Value) -> Iterator[Scalar]:
    """Yield the scalars of an array, in row-major order."""
    if isinstance(value, list):
        for v in value:
            yield from cells(v)
    else:
        assert is_scalar(value)
        yield value


def lifted(function: Callable[..., Value], args: Sequence[Value]) -> Value:
    """Apply a function of scalars cell by cell; scalars go with every cell."""
    lengths = {len(a) for a in args if isinstance(a, list)}
    if not lengths:
        return function(*args)
    (length,) = lengths  # arrays that meet have one shape
    return [
        lifted(function, [a[i] if isinstance(a, list) else a for a in args]) for i in range(length)
    ]


def read(value: Value, at: At) -> Value:
    """Return a copy of the cells at a place; axes that `at` does not name are taken whole."""
    if not at:
        return copied(value)
    assert isinstance(value, list)
    first, rest = at[0], at[1:]
    if isinstance(first, range):
        return [read(value[_inside(i, value)], rest) for i in first]
    return read(value[_inside(first, value)], rest)


def write(value: Value, at: At, new: Value) -> Value:
    """Put new cells at a place of an array, in that array, and return it."""
    if not at:
        return copied(new)
    assert isinstance(value, list)
    first, rest = at[0], at[1:]
    if isinstance(first, range):
        assert isinstance(new, list)
        for i, cell in zip(first, new, strict=True):
            value[_inside(i, value)] = write(value[i], rest, cell)
    else:
        value[_inside(first, value)] = write(value[first], rest, new)
    return value


def _inside(place: int, array: list[Value]) -> int:
    # A negative place would silently count from the end.
    if not 0 <= place < len(array):
        message = f"place {place} of an array of {len(array)} cells"
        raise InvariantError(message)
    return place


def mixed(weights: Sequence[float], values: Sequence[Value], t: Type) -> Value:
    """Return the weighted sum of values, real by real; what is finite is as in the last."""
    match t:
        case Real():
            return float(sum(w * _real(v) for w, v in zip(weights, values, strict=True)))
        case Tuple(items):
            columns = zip(*map(_parts, values), strict=True)
            return tuple(mixed(weights, c, i) for c, i in zip(columns, items, strict=True))
        case Array(shape, item):
            inner = Array(shape[1:], item) if shape[1:] else item
            rows = zip(*map(_parts, values), strict=True)
            return [mixed(weights, row, inner) for row in rows]
        case _:
            return copied(values[-1])


def _real(value: Value) -> float:
    assert is_scalar(value)
    return float(value)


def _parts(value: Value) -> Sequence[Value]:
    assert isinstance(value, list | tuple)
    return value
