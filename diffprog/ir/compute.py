"""Plain values of rows, where the arguments are known.

In: a row and crisp values, None for those that are not known. Out: the crisp result, or None.
Analyses use it to follow indices and bounds; what a program means is said by the interpreter.
Never imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diffprog.ops import OPS
from diffprog.types import Array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Apply
    from diffprog.types import Type


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
