"""What stands in the nodes of a picture.

In: a node, and how its inputs show: a constant as it is, anything else as a dot. Out: a short text,
near to how the program writes it. Never imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.ir.graph import (
    Apply,
    Const,
    Cut,
    Hole,
    Network,
    Param,
    Read,
    Reduce,
    Table,
    Write,
)
from diffprog.ops import OPS
from diffprog.types import Bool, Enum, Int
from diffprog.view.style import lines, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Axes, Node
    from diffprog.types import Type


def label(node: Node, inputs: Sequence[str]) -> str:
    """Return the label of a node that is no branch and no loop."""
    match node:
        case Param():
            return lines(node.name, str(node.type))
        case Const():
            return _const(node)
        case Apply():
            return _apply(node, inputs)
        case Table():
            return lines(short(node.span.text), f"table of {len(node.entries)}")
        case Read():
            return lines(f"read {inputs[0]}{_axes(node.axes, inputs[1:])}", str(node.type))
        case Write():
            sign = "=" if node.op is None else f"{OPS[node.op].symbol or node.op}="
            place = f"{inputs[0]}{_axes(node.axes, inputs[2:])}"
            return lines(f"write {place} {sign} {inputs[1]}", str(node.type))
        case Reduce():
            where = " where ·" if node.masked else ""
            return f"{node.op}({inputs[0]}{where})"
        case Network():
            return lines(f"network {node.name}", str(node.type))
        case Hole():
            return node.key
        case _:
            return type(node).__name__.lower()


def called(node: Node) -> str:
    """Return the variable that a node stands for, or a dot."""
    match node:
        case Param():
            return node.name
        case Hole():
            # A key is function.variable#number.
            return node.key.rsplit(".", 1)[-1].split("#")[0]
        case _:
            return "·"


def tested(node: Node) -> str:
    """Return a test as the program writes it; a parameter's place would be a whole signature."""
    return called(node) if isinstance(node, Param) else short(node.span.text)


def shown(node: Node) -> str:
    """Return how a node shows in the label of its user."""
    return _const(node) if isinstance(node, Const) else called(node)


def number_of_values(t: Type) -> int:
    """Return the number of values of a finite scalar, 1 for anything else."""
    return t.size if isinstance(t, Bool | Int | Enum) else 1


def _const(node: Const) -> str:
    value = node.value
    if isinstance(node.type, Enum) and isinstance(value, int):
        return node.type.members[value]
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else short(str(value))


def _apply(node: Apply, inputs: Sequence[str]) -> str:
    if node.op in ("convert", "narrow"):
        return f"{'as' if node.op == 'convert' else 'narrowed to'} {node.type}"
    if node.op == "array":
        return short(f"[{', '.join(inputs)}]")
    symbol = OPS[node.op].symbol if node.op in OPS else None
    if symbol and len(inputs) == 2:
        return f"{inputs[0]} {symbol} {inputs[1]}"
    if symbol and len(inputs) == 1:
        return f"{symbol} {inputs[0]}" if symbol.isalpha() else f"{symbol}{inputs[0]}"
    return f"{node.op}({', '.join(inputs)})"


def _axes(axes: Axes, indices: Sequence[str]) -> str:
    left = iter(indices)
    parts = [f"{a.lo}..{a.hi}" if isinstance(a, Cut) else next(left, "·") for a in axes]
    return f"[{', '.join(parts)}]"
