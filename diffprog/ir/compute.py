"""Plain values of nodes, where the arguments are known.

In: a node and crisp values, None for those that are not known. Out: the crisp result, or None.
Analyses use it to follow indices and bounds; what a program means is said by the interpreter.
Never imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diffprog.errors import InvariantError
from diffprog.ir.graph import Apply, Const, Param, Table
from diffprog.ir.known import is_scalar
from diffprog.ops import OPS
from diffprog.types import Array, Bool, Enum, Int

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.ir.graph import Graph, Node
    from diffprog.types import Finite, Type


def on_scalars(nodes: Sequence[Node]) -> bool:
    """Say whether nodes are constants, rows and tables on finite scalars."""
    return all(isinstance(n, Param | Const | Apply | Table) and is_scalar(n.type) for n in nodes)


def scalars(graph: Graph, nodes: Sequence[Node], given: Mapping[int, Any]) -> dict[int, Any]:
    """Compute nodes `on_scalars`, in order, from the values of parameters."""
    values = dict(given)
    for node in nodes:
        if not isinstance(node, Param):
            at = [values[i] for i in node.inputs]
            values[node.id] = _scalar(node, at, [graph[i].type for i in node.inputs])
    return values


def _scalar(node: Node, values: Sequence[Any], types: Sequence[Type]) -> Any:
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
    """Look a combination of known values up, or return None."""
    if any(v is None for v in values):
        return None
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
