"""What fills a hole: an alternative, tests, an expression, a table, or the value of a `learn`.

In: holes and choices for them, in the form of `diffprog.crisp.choices`. Out: fillings, which
`diffprog.lang.fill` writes into the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from diffprog.errors import InvariantError
from diffprog.types import Array, Bool, Enum, Int

if TYPE_CHECKING:
    from diffprog.lang import syntax as s
    from diffprog.lang.typed import Hole
    from diffprog.types import Type, Value


@dataclass(frozen=True)
class Chain:
    """The first alternative whose test holds, or else `otherwise`. Without tests: that one."""

    cases: tuple[tuple[s.Expr, int], ...]
    otherwise: int


@dataclass(frozen=True)
class Formula:
    """The value of an expression over the values that the choice is given."""

    expression: s.Expr


@dataclass(frozen=True)
class Verbatim:
    """The alternative at each point of the joint domain, row-major: printed as a table."""

    entries: tuple[int, ...]


@dataclass(frozen=True)
class Known:
    """The value of a `learn`."""

    value: Value


Filling: TypeAlias = Chain | Formula | Verbatim | Known


def misfit(node: s.Syntax, filling: Filling) -> NoReturn:
    """Stop: a hole was given what fills one of another kind."""
    message = f"{type(filling).__name__} cannot fill {type(node).__name__} at {node.span}"
    raise InvariantError(message)


def verbatim(hole: Hole, choice: object) -> Filling:
    """Return the filling that prints a choice as it is (its form: `diffprog.crisp.choices`)."""
    if hole.kind in ("table", "real"):
        return Known(_values(hole.type, choice))
    entries = tuple(flattened(choice))
    return Verbatim(entries) if hole.given else Chain((), entries[0])


def flattened(choice: object) -> list[int]:
    """Return the numbers in nested lists, row-major."""
    if isinstance(choice, Sequence):
        return [n for part in choice for n in flattened(part)]
    assert isinstance(choice, int)
    return [choice]


def _values(t: Type, choice: object) -> Value:
    """Turn the numbers of alternatives in a learned table into values."""
    if isinstance(choice, Sequence):
        return [_values(t, part) for part in choice]
    item = t.item if isinstance(t, Array) else t
    if isinstance(item, Bool | Int | Enum):
        assert isinstance(choice, int)
        return item.values()[choice]
    assert isinstance(choice, int | float)
    return float(choice)
