"""Crisp values of the pure nodes of a region: how the entries of a table are made.

In: a region of operations and one value for each of its parameters. Out: the value of its
result. What has no value (an index outside its range, on the side of a conditional that is not
taken) spreads until it is dropped. The interpreter is not used here: it judges what lowering
does, and must not share its code.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from diffprog.ir.graph import Apply, Const, Cut, Graph, Node, Read, Reduce, Table, Write
from diffprog.ops import OPS, REDUCTIONS
from diffprog.types import Array, Bool, Enum, Int, Type, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class _Nothing:
    """What has no value. It is no number's equal, so that looking for it in a column is quick."""


_NOTHING: Any = _Nothing()
"""The value of what has none (an index outside its range in the side not taken); it spreads."""


def number_of(value: Value, t: Type) -> int:
    """Return the number of a value among those of its finite type."""
    assert isinstance(t, Bool | Int | Enum)
    # An entry that no live combination reaches may be anything.
    return 0 if value is _NOTHING else int(value) - t.lo  # type: ignore[arg-type]


def entries(graph: Graph, domains: Sequence[Sequence[Value]]) -> tuple[int, ...]:
    """Return the numbers of a region's one result, row-major over its parameters' values.

    A node is computed for all combinations before the next: a column at a time.
    """
    rows = list(product(*domains))
    columns: list[list[Any]] = [list(c) for c in zip(*rows, strict=True)]
    for node in graph.nodes[len(domains) :]:
        types = [graph[i].type for i in node.inputs]
        columns.append(_column(node, [columns[i] for i in node.inputs], types, len(rows)))
    result = graph.results[0]
    return tuple(number_of(v, graph[result].type) for v in columns[result])


def _column(node: Node, args: list[list[Any]], types: list[Type], count: int) -> list[Any]:
    if isinstance(node, Const):
        return [node.value] * count
    if isinstance(node, Apply) and node.op in OPS and not isinstance(node.type, Array):
        row = OPS[node.op]
        if row.lifts and not any(_NOTHING in a for a in args):
            try:
                return list(map(row.crisp, *args))
            except (ArithmeticError, ValueError):
                pass  # some combination has no value: find out which
    if isinstance(node, Table) and not any(_NOTHING in a for a in args):
        return _looked_up(node, args, types)
    return [_value(node, list(a), types) for a in zip(*args, strict=True)]


def _value(node: Node, args: list[Any], types: list[Type]) -> Any:
    if isinstance(node, Apply) and node.op == "choose":
        return args[1] if args[0] else args[2]
    if any(a is _NOTHING for a in args):
        return _NOTHING
    try:
        return _crisp(node, args, types)
    except (ArithmeticError, IndexError, ValueError):
        return _NOTHING


def _crisp(node: Node, args: list[Any], types: list[Type]) -> Any:
    match node:
        case Const():
            return node.value
        case Apply():
            return _apply(node, args, types)
        case Table():
            return _looked_up(node, [[a] for a in args], types)[0]
        case Read():
            return _cell(args[0], node.axes, args[1:])
        case Write():
            return _written(args[0], args[1], args[2:], node.op)
        case Reduce():
            return _reduced(node, args)
        case _:
            message = f"{type(node).__name__} in a tabulated expression"
            raise TypeError(message)


def _apply(node: Apply, args: list[Any], types: list[Type]) -> Any:
    if node.op == "array":
        return list(args)
    t = node.type
    if node.op in ("convert", "narrow"):
        return _spread(args[0], t) if isinstance(t, Array) else _inside(args[0], t)
    row = OPS[node.op]
    if not row.lifts or not isinstance(t, Array):
        return row.crisp(*args, t) if row.typed else row.crisp(*args)
    lifted = [isinstance(u, Array) for u in types]
    return _lift(row.crisp, args, lifted, len(t.shape))


def _inside(value: Any, t: Type) -> Any:
    return value if not isinstance(t, Int) or t.lo <= value < t.hi else _NOTHING


def _spread(value: Any, t: Array) -> Any:
    if isinstance(value, list):
        return value
    for n in reversed(t.shape):
        value = [value] * n
    return value


def _lift(f: Callable[..., Any], args: list[Any], lifted: list[bool], rank: int) -> Any:
    if rank == 0:
        return f(*args)
    count = next(len(a) for a, up in zip(args, lifted, strict=True) if up)
    return [
        _lift(f, [a[i] if up else a for a, up in zip(args, lifted, strict=True)], lifted, rank - 1)
        for i in range(count)
    ]


def _looked_up(node: Table, args: list[list[Any]], types: list[Type]) -> list[Any]:
    places = [0] * len(args[0])
    for column, t in zip(args, types, strict=True):
        assert isinstance(t, Bool | Int | Enum)
        size, lo = t.size, t.lo
        places = [at * size + (value - lo) for at, value in zip(places, column, strict=True)]
    t = node.type
    assert isinstance(t, Bool | Int | Enum)
    values = t.values()
    return [values[node.entries[at]] for at in places]


def _cell(array: Any, axes: Sequence[Cut | None], index: list[Any]) -> Any:
    if not axes:
        return array
    if axes[0] is None:
        if index[0] < 0:
            raise IndexError
        return _cell(array[index[0]], axes[1:], index[1:])
    return [_cell(row, axes[1:], index) for row in array[axes[0].lo : axes[0].hi]]


def _written(array: Any, value: Any, index: list[Any], op: str | None) -> Any:
    if not index:
        return value if op is None else OPS[op].crisp(array, value)
    first, *rest = index
    return [_written(v, value, rest, op) if i == first else v for i, v in enumerate(array)]


def _reduced(node: Reduce, args: list[Any]) -> Any:
    row = REDUCTIONS[node.op]
    cells = _flat(args[0])
    mask = _flat(args[1]) if node.masked else [True] * len(cells)
    chosen = [(i, v) for i, (v, m) in enumerate(zip(cells, mask, strict=True)) if m]
    if chosen:
        return row.crisp(chosen)
    return args[-1] if node.otherwise else row.empty


def _flat(value: Any) -> list[Any]:
    return [c for v in value for c in _flat(v)] if isinstance(value, list) else [value]
