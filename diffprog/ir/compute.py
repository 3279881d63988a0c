"""Plain values of nodes, where the arguments are known.

In: a node and crisp values, None for those that are not known. Out: the crisp result, or None.
Analyses use it to follow indices and bounds; what a program means is said by the interpreter.
Never imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diffprog.errors import InvariantError
from diffprog.ir.graph import Apply, Const, Table
from diffprog.ops import OPS
from diffprog.types import Array, Bool, Enum, Int

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Node
    from diffprog.types import Finite, Type


def scalar(node: Node, values: Sequence[Any], types: Sequence[Type]) -> Any:
    """Compute a constant, a row or a table on known finite scalars."""
    match node:
        case Const(value):
            return value
        case Apply():
            return plain(node, values, types)
        case Table():
            return entry(node, values, types)
        case _:
            message = f"{type(node).__name__} on finite scalars"
            raise InvariantError(message)


def entry(node: Table, values: Sequence[Any], types: Sequence[Type]) -> Any:
    """Look a combination of known values up."""
    place = 0
    for value, t in zip(values, map(finite, types), strict=True):
        place = place * t.size + int(value) - t.lo
    return finite(node.type).values()[node.entries[place]]


def finite(t: Type) -> Finite:
    """Return a finite scalar type as one."""
    assert isinstance(t, Bool | Int | Enum)
    return t


def plain(node: Apply, values: Sequence[Any], types: Sequence[Type]) -> Any:
    """Compute a row on known scalars or cells, or return None."""
    if any(v is None for v in values):
        return None
    match node.op:
        case "array":
            return values
        case "convert" | "narrow":
            if isinstance(node.type, Array) and not isinstance(types[0], Array):
                return None
            return values[0]
        case "choose":
            return values[1] if values[0] else values[2]
        case _:
            return None if _arrays(node, types) else _computed(node, values)


def _arrays(node: Apply, types: Sequence[Type]) -> bool:
    return any(isinstance(t, Array) for t in (*types, node.type))


def _computed(node: Apply, values: Sequence[Any]) -> Any:
    try:
        return OPS[node.op].crisp(*values)
    except ArithmeticError:
        return None
