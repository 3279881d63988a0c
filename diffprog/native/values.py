"""Terms: what a value is while the C is written, and how many numbers it takes.

In: types and crisp values. Out: places of numbers, known numbers, sizes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from diffprog.types import Array, Bool, Enum, Int, Tuple, Type, Value


class UnsupportedError(Exception):
    """Something that native code does not do; the text says what."""


@dataclass(frozen=True)
class Slot:
    """A soft value: `code` is the place of its first number.

    A place is a C expression of a pointer, with `@` for the letter that makes `@5` the values of
    stretch 5 (`x5`) or their adjoints (`d5`).
    """

    code: str
    type: Type

    @property
    def base(self) -> int:
        """The stretch that the value lies in."""
        return base(self.code)


@dataclass(frozen=True)
class Number:
    """A known value: a C expression of an integer, or a constant of any type."""

    code: str
    type: Type
    value: Value | None = None


Term: TypeAlias = Slot | Number


def base(code: str) -> int:
    """Return the number of the stretch that a place lies in."""
    found = re.search(r"@(\d+)", code)
    assert found is not None
    return int(found[1])


def values(code: str) -> str:
    """Return the C of where the numbers of a place lie."""
    return code.replace("@", "x")


def adjoints(code: str) -> str:
    """Return the C of where the adjoints of a place lie."""
    return code.replace("@", "d")


def value(code: str) -> str:
    """Return the C of the number at a place, of the rows of vector `u`."""
    return f"({values(code)})->v[u]"


def adjoint(code: str) -> str:
    """Return the C of the adjoint of the number at a place, of the rows of vector `u`."""
    return f"({adjoints(code)})->v[u]"


def item(t: Type) -> Type:
    """Return the type of the cells."""
    return t.item if isinstance(t, Array) else t


def cells(t: Type) -> int:
    """Return how many cells a value has."""
    return t.count if isinstance(t, Array) else 1


def shape(t: Type) -> tuple[int, ...]:
    """Return the shape of an array, () of a scalar."""
    return t.shape if isinstance(t, Array) else ()


def finite(t: Type) -> Bool | Int | Enum:
    """Return the type of the cells, which is finite."""
    found = item(t)
    assert isinstance(found, Bool | Int | Enum)
    return found


def width(t: Type) -> int:
    """Return how many numbers a cell takes."""
    found = item(t)
    assert not isinstance(found, Array | Tuple)
    return found.size if isinstance(found, Int | Enum) else 1


def room(t: Type) -> int:
    """Return how many numbers a value takes."""
    return cells(t) * width(t)


def soft_numbers(value: Value, t: Type) -> list[float]:
    """Return a crisp value as the numbers of a soft one."""
    if isinstance(value, list):
        inner = Array(t.shape[1:], t.item) if isinstance(t, Array) and len(t.shape) > 1 else item(t)
        return [x for v in value for x in soft_numbers(v, inner)]
    assert isinstance(value, int | float)
    if isinstance(t, Int | Enum):
        return [float(v == value) for v in range(t.lo, t.lo + t.size)]
    return [float(value)]
