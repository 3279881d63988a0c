"""The types of the language: what values there are, how they are written, and which fits which.

Crisp values are plain Python: ``bool``, ``int`` (also for a member of an enumeration: its
place), ``float``, nested lists for arrays, tuples for tuples. Every size here is a number:
sizes are bound before anything is checked. A new type is one class. Never imports torch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

Value: TypeAlias = bool | int | float | list["Value"] | tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class Bool:
    """Two values, false and true. Softly the probability of true, with no axis of its own."""

    def __str__(self) -> str:
        return "bool"

    @property
    def size(self) -> int:
        """The number of values."""
        return 2

    @property
    def lo(self) -> int:
        """The number of the first value, for tables."""
        return 0

    def values(self) -> list[Value]:
        """Every value, in order."""
        return [False, True]

    def encode(self, value: object) -> Value:
        """Turn JSON into a crisp value, or raise ``ValueError`` saying what was expected."""
        if not isinstance(value, bool):
            raise _unexpected(value, "true or false")
        return value

    def decode(self, value: Value) -> object:
        """Turn a crisp value into JSON."""
        return bool(value)


@dataclass(frozen=True, slots=True)
class Int:
    """The integers ``lo <= v < hi``. Softly a point of the simplex, on one trailing axis."""

    lo: int
    hi: int

    def __str__(self) -> str:
        return f"int<{self.hi}>" if self.lo == 0 else f"int<{self.lo}..{self.hi}>"

    @property
    def size(self) -> int:
        """The number of values."""
        return self.hi - self.lo

    def values(self) -> list[Value]:
        """Every value, in order."""
        return list(range(self.lo, self.hi))

    def encode(self, value: object) -> Value:
        """Turn JSON into a crisp value, or raise ``ValueError`` saying what was expected."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise _unexpected(value, f"an integer in {self.lo}..{self.hi}")
        if not self.lo <= value < self.hi:
            message = f"{value} is outside {self.lo}..{self.hi} (up to {self.hi - 1})"
            raise ValueError(message)
        return value

    def decode(self, value: Value) -> object:
        """Turn a crisp value into JSON."""
        return value


@dataclass(frozen=True, slots=True)
class Enum:
    """Named values. Softly a point of the simplex, on one trailing axis."""

    name: str
    members: tuple[str, ...]

    def __str__(self) -> str:
        return self.name

    @property
    def size(self) -> int:
        """The number of values."""
        return len(self.members)

    @property
    def lo(self) -> int:
        """The number of the first value, for tables."""
        return 0

    def values(self) -> list[Value]:
        """Every value, in order."""
        return list(range(len(self.members)))

    def encode(self, value: object) -> Value:
        """Turn JSON (a member's name) into a crisp value, or raise ``ValueError``."""
        if value not in self.members:
            raise _unexpected(value, "one of " + ", ".join(self.members))
        return self.members.index(str(value))

    def decode(self, value: Value) -> object:
        """Turn a crisp value into JSON."""
        assert isinstance(value, int)
        return self.members[value]


@dataclass(frozen=True, slots=True)
class Real:
    """A real number; soft and crisp alike."""

    def __str__(self) -> str:
        return "real"

    def encode(self, value: object) -> Value:
        """Turn JSON into a crisp value, or raise ``ValueError`` saying what was expected."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _unexpected(value, "a number")
        if not math.isfinite(value):
            raise _unexpected(value, "a finite number")
        return float(value)

    def decode(self, value: Value) -> object:
        """Turn a crisp value into JSON."""
        return value


Scalar: TypeAlias = Bool | Int | Enum | Real
Finite: TypeAlias = Bool | Int | Enum


@dataclass(frozen=True, slots=True)
class Array:
    """A block of scalars of one type, of any rank. Softly one leading axis per rank."""

    shape: tuple[int, ...]
    item: Scalar

    def __str__(self) -> str:
        return f"{self.item}[{', '.join(map(str, self.shape))}]"

    def encode(self, value: object) -> Value:
        """Turn nested JSON lists into a crisp value, or raise ``ValueError`` with the place."""
        return _encode_block(value, self.shape, self.item)

    def decode(self, value: Value) -> object:
        """Turn a crisp value into nested JSON lists."""
        assert isinstance(value, list)
        inner = Array(self.shape[1:], self.item) if len(self.shape) > 1 else self.item
        return [inner.decode(v) for v in value]

    @property
    def count(self) -> int:
        """The number of cells."""
        return math.prod(self.shape)

    def cells(self) -> Iterator[tuple[int, ...]]:
        """Every index, in row-major order."""
        return product(*(range(n) for n in self.shape))


@dataclass(frozen=True, slots=True)
class Tuple:
    """A few values of their own types, side by side."""

    items: tuple[Type, ...]

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.items))})"

    def encode(self, value: object) -> Value:
        """Turn a JSON list into a crisp tuple, or raise ``ValueError``."""
        if not isinstance(value, list | tuple) or len(value) != len(self.items):
            raise _unexpected(value, f"a list of {len(self.items)}")
        return tuple(t.encode(v) for t, v in zip(self.items, value, strict=True))

    def decode(self, value: Value) -> object:
        """Turn a crisp tuple into a JSON list."""
        assert isinstance(value, tuple)
        return [t.decode(v) for t, v in zip(self.items, value, strict=True)]


Type: TypeAlias = Scalar | Array | Tuple

BOOL = Bool()
REAL = Real()


def _unexpected(value: object, wanted: str) -> ValueError:
    shown = repr(value)
    shown = shown if len(shown) <= 40 else f"{shown[:37]}..."
    return ValueError(f"found {shown}, expected {wanted}")


def _encode_block(value: object, shape: tuple[int, ...], item: Scalar) -> Value:
    if not shape:
        return item.encode(value)
    if not isinstance(value, list | tuple):
        raise _unexpected(value, f"a list of {shape[0]}")
    if len(value) != shape[0]:
        message = f"found a list of {len(value)}, expected {shape[0]} values"
        raise ValueError(message)
    out: list[Value] = []
    for i, v in enumerate(value):
        try:
            out.append(_encode_block(v, shape[1:], item))
        except ValueError as problem:
            message = f"[{i}]{'' if str(problem).startswith('[') else ' '}{problem}"
            raise ValueError(message) from None
    return out


def is_finite(t: Type) -> bool:
    """Say whether every scalar in a type has finitely many values."""
    match t:
        case Bool() | Int() | Enum():
            return True
        case Real():
            return False
        case Array(_, item):
            return is_finite(item)
        case Tuple(items):
            return all(map(is_finite, items))


def fits(t: Type, wanted: Type) -> bool:
    """Say whether a value of type ``t`` may stand where ``wanted`` is asked.

    A subrange, an int for a real.
    """
    match t, wanted:
        case Int(lo, hi), Int(low, high):
            return low <= lo and hi <= high
        case Int(), Real():
            return True
        case Array(shape, item), Array(other, target):
            return shape == other and fits(item, target)
        case Tuple(items), Tuple(targets):
            return len(items) == len(targets) and all(map(fits, items, targets))
        case _:
            return t == wanted


def hull(a: Type, b: Type) -> Type | None:
    """Return the smallest type that both fit, or None."""
    match a, b:
        case Int(lo, hi), Int(low, high):
            return Int(min(lo, low), max(hi, high))
        case (Int(), Real()) | (Real(), Int()):
            return REAL
        case Array(shape, item), Array(other, target) if shape == other:
            joined = hull(item, target)
            return Array(shape, joined) if isinstance(joined, Scalar) else None
        case Tuple(items), Tuple(others) if len(items) == len(others):
            parts = [hull(x, y) for x, y in zip(items, others, strict=True)]
            return None if None in parts else Tuple(tuple(p for p in parts if p is not None))
        case _:
            return a if a == b else None


def trail(t: Type) -> int:
    """Return the number of trailing axes that a soft value of this type has (see DESIGN.

    Soft values).
    """
    match t:
        case Bool() | Real():
            return 0
        case Int() | Enum():
            return 1
        case Array(shape, item):
            return len(shape) + trail(item)
        case Tuple():
            message = "a tuple is several tensors, not one"
            raise TypeError(message)
