"""The type that a node must have, from the types of its inputs.

In: a node and its inputs' types. Out: the complaint that its stored type or its own fields
deserve, or None. Lowering and the passes store types; `verify` derives them again here. Regions
inside a node are judged in `verify`. Never imports torch.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, assert_never

from diffprog.ir.graph import (
    Apply,
    Const,
    Cut,
    For,
    Hole,
    Loop,
    Network,
    Node,
    Param,
    Project,
    Read,
    Reduce,
    Select,
    Table,
    Write,
)
from diffprog.ops import OPS, REDUCTIONS, RuleError
from diffprog.types import BOOL, REAL, Array, Int, Real, Tuple, Type, fits, is_finite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Axes
    from diffprog.types import Scalar


def complaint(node: Node, types: Sequence[Type]) -> str | None:
    """Say what is wrong with a node's type, or None."""
    try:
        derived = _derived(node, types)
    except RuleError as problem:
        return problem.message
    except _WrongError as problem:
        return str(problem)
    except (ValueError, KeyError, IndexError) as problem:
        return f"its inputs are not what it takes ({problem!r})"
    if derived is not None and derived != node.type:
        return f"its type is {node.type}, derived from its inputs {derived}"
    return None


class _WrongError(Exception):
    """What is wrong with a node."""


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise _WrongError(message)


def _derived(node: Node, types: Sequence[Type]) -> Type | None:  # noqa: C901 - a case a kind
    """Return the type a node must have, or None where every type would do."""
    match node:
        case Param():
            return node.type
        case Const():
            node.type.encode(node.type.decode(node.value))
            return node.type
        case Hole():
            return _hole(node, types)
        case Apply():
            return _apply(node, types)
        case Table():
            return _table(node, types)
        case Read():
            (array, *indices) = types
            return placed(array, node.axes, indices)
        case Write():
            return _write(node, types)
        case Reduce():
            return _reduce(node, types)
        case Project():
            (whole,) = types
            _require(isinstance(whole, Tuple), "it takes a part of what is no tuple")
            assert isinstance(whole, Tuple)
            return whole.items[node.place]
        case Select() | For() | Loop():
            _require(isinstance(node.type, Tuple), "its type is not a tuple")
            return node.type
        case Network():
            return None
    assert_never(node)


def _hole(node: Hole, types: Sequence[Type]) -> Type:
    given = types[int(node.logits) : len(types) - node.masked]
    _require(all(map(is_scalar_finite, given)), "a choice is given what is not finite")
    size = getattr(node.type, "size", 0)
    if node.masked:
        _require(types[-1] == Array((size,), BOOL), f"its mask is {types[-1]}")
    if node.logits:
        _require(types[0] == Array((size,), REAL), f"its logits are {types[0]}")
        _require(not given, "a choice by a network is given values too")
    return node.type


def is_scalar_finite(t: Type) -> bool:
    """Say whether a type is one finite scalar."""
    return is_finite(t) and not isinstance(t, Array | Tuple)


def _apply(node: Apply, types: Sequence[Type]) -> Type:
    match node.op:
        case "convert":
            (source,) = types
            _require(_converts(source, node.type), f"{source} does not convert to {node.type}")
            return node.type
        case "narrow":
            (source,) = types
            _require(fits(node.type, source), f"{source} does not narrow to {node.type}")
            return node.type
        case "array":
            _require(len(set(types)) == 1, "the cells are of different types")
            return beside(types[0], len(types))
        case "choose":
            test, then, other = types
            _require(test == BOOL, "it chooses by what is no bool")
            _require(then == other, f"it chooses between {then} and {other}")
            return then
        case _:
            return lifted(node.op, types)


def _converts(source: Type, target: Type) -> bool:
    if isinstance(target, Array) and not isinstance(source, Array):
        return fits(source, target.item)
    return fits(source, target)


def beside(item: Type, count: int) -> Type:
    """Return the type of `count` values side by side on a new leading axis."""
    match item:
        case Array(shape, inner):
            return Array((count, *shape), inner)
        case Tuple():
            message = "tuples do not stand side by side"
            raise _WrongError(message)
        case _:
            return Array((count,), item)


def lifted(op: str, types: Sequence[Type]) -> Type:
    """Return the type that a row gives, cell by cell where it lifts and is given arrays."""
    row = OPS[op]
    _require(len(types) == row.arity, f"it has {len(types)} inputs, `{op}` takes {row.arity}")
    shapes = {t.shape for t in types if isinstance(t, Array)}
    if not row.lifts or not shapes:
        return row.rule(types)
    _require(len(shapes) == 1, "it lifts over different shapes")
    cell = row.rule([t.item if isinstance(t, Array) else t for t in types])
    assert not isinstance(cell, Array | Tuple)
    return Array(shapes.pop(), cell)


def _table(node: Table, types: Sequence[Type]) -> Type:
    _require(all(map(is_scalar_finite, (*types, node.type))), "a table is of finite scalars")
    sizes = [_size(t) for t in types]
    found, wanted = len(node.entries), prod(sizes)
    _require(found == wanted, f"it has {found} entries for {wanted} values of its inputs")
    size = _size(node.type)
    _require(all(0 <= e < size for e in node.entries), f"an entry is no value of {node.type}")
    if node.expression is not None:
        inner = [p.type for p in node.expression.params]
        _require(inner == list(types), "its expression takes other inputs")
        _require(node.expression.types == (node.type,), "its expression gives another type")
    return node.type


def _size(t: Type) -> int:
    assert not isinstance(t, Array | Tuple | Real)
    return t.size


def placed(array: Type, axes: Axes, indices: Sequence[Type]) -> Type:
    """Return the type of the cells of an array that axes and indices name."""
    _require(isinstance(array, Array), f"it indexes {array}")
    assert isinstance(array, Array)
    _require(len(axes) <= len(array.shape), f"it indexes {len(axes)} axes of {array}")
    _require(axes.count(None) == len(indices), "its indices do not match its axes")
    left, shape = iter(indices), []
    for axis, size in zip(axes, array.shape, strict=False):
        if isinstance(axis, Cut):
            _require(0 <= axis.lo <= axis.hi <= size, f"the slice leaves 0..{size}")
            shape.append(axis.hi - axis.lo)
            continue
        at = next(left)
        inside = isinstance(at, Int) and at.lo >= 0 and at.hi <= size
        _require(inside, f"the index is {at} on an axis of {size} cells")
    return _block((*shape, *array.shape[len(axes) :]), array.item)


def _block(shape: tuple[int, ...], item: Scalar) -> Type:
    return Array(shape, item) if shape else item


def _write(node: Write, types: Sequence[Type]) -> Type:
    array, value, *indices = types
    place = placed(array, node.axes, indices)
    if node.op is None:
        _require(value == place, f"{value} is written where {place} stands")
    else:
        changed = lifted(node.op, [place, value])
        _require(fits(changed, place), f"`{node.op}` gives {changed} where {place} stands")
    return array


def _reduce(node: Reduce, types: Sequence[Type]) -> Type:
    array = types[0]
    _require(isinstance(array, Array), f"it reduces {array}")
    assert isinstance(array, Array)
    expected = 1 + node.masked + node.otherwise
    _require(len(types) == expected, f"it has {len(types)} inputs, not {expected}")
    if node.masked:
        _require(types[1] == Array(array.shape, BOOL), f"its mask is {types[1]}")
    result = REDUCTIONS[node.op].rule(array.item, array.count)
    if not node.otherwise:
        return result
    # `min(xs where m) else v` is of the hull of the cells and `v`.
    _require(fits(result, node.type), f"{result} does not fit {node.type}")
    _require(fits(types[-1], node.type), f"{types[-1]} does not fit {node.type}")
    return node.type
