"""Reads and writes of arrays in C, and the weights of holes.

In: a Read, Write or Hole node and its inputs as terms. Out: a term. Known indices are places in
the array, computed as the program runs; uncertain ones are contracted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

from diffprog.ir.graph import Cut
from diffprog.native.contract import contract
from diffprog.native.rows import converted, lifted
from diffprog.native.slopes import COPY, LERP
from diffprog.native.values import (
    Number,
    Slot,
    cells,
    finite,
    item,
    room,
    shape,
    width,
)
from diffprog.ops import OPS
from diffprog.types import Array, Real, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diffprog.ir.graph import Read, Write
    from diffprog.native.values import Term
    from diffprog.native.writer import Writer

    Free: TypeAlias = Callable[[int], bool]
    """Whether a stretch may be written over."""


@dataclass(frozen=True)
class Place:
    """A part of an array: where its first number lies, and how the open axes go on.

    Attributes:
        start: the C expression of the first number's place within the array.
        steps: of each open axis, the numbers between neighbours.
        values: of each open axis, the places along it.
        open: of each open axis, the uncertain index; None for one that is taken whole or cut.
    """

    start: str
    steps: tuple[int, ...]
    values: tuple[range, ...]
    open: tuple[Slot | None, ...]

    @property
    def uncertain(self) -> list[Slot]:
        """The uncertain indices."""
        return [i for i in self.open if i is not None]


def placed(w: Writer, axes: Sequence[Cut | None], terms: Sequence[Term], t: Type) -> Place:
    """Return the part of an array that is read or written."""
    rest, sizes = iter(terms), shape(t)
    start, steps, values, opened = "0", [], [], []
    for axis, n in enumerate(sizes):
        step = math.prod(sizes[axis + 1 :]) * width(t)
        index = (axes[axis] or next(rest)) if axis < len(axes) else Cut(0, n)
        if isinstance(index, Number):
            start += f" + ({index.code}) * {step}"
            continue
        steps.append(step)
        opened.append(index if isinstance(index, Slot) else None)
        if isinstance(index, Slot):
            lo = finite(index.type).lo
            values.append(range(lo, lo + finite(index.type).size))
        else:
            values.append(range(index.lo, index.hi))
    return Place(start, tuple(steps), tuple(values), tuple(opened))


def _block(place: Place, each: int) -> str | None:
    """Return the offset of a part whose numbers lie side by side; None if they do not.

    Only the first open axis may be cut.
    """
    inner = each
    for step, values in zip(reversed(place.steps), reversed(place.values), strict=True):
        if step != inner:
            return None
        inner *= len(values)
    first = place.values[0].start * place.steps[0] if place.values else 0
    return f"{place.start} + {first}"


def copied(w: Writer, source: Slot) -> Slot:
    """Return a copy of a value."""
    slot = w.slot(source.type)
    w.copy(slot.code, source.code, room(source.type))
    return slot


def read(w: Writer, node: Read, args: Sequence[Term], *, spoilt: bool) -> Term:
    """Return the cells of an array at a place; `spoilt`: before it is written over."""
    array = args[0]
    known = [a for a in args[1:] if isinstance(a, Number)]
    if isinstance(array, Number) and len(known) == len(shape(array.type)) == len(node.axes):
        return _constant_cell(w, array, known)
    source = w.tensor(array)
    place = placed(w, node.axes, args[1:], array.type)
    each = width(array.type)
    start = _block(place, each)
    if not place.uncertain and start is not None:
        part = Slot(f"({source.code} + {start})", node.type)
        return copied(w, part) if spoilt else part
    kept = [len(v) if i is None else 1 for v, i in zip(place.values, place.open, strict=True)]
    entries = []
    for at in product(*(range(len(v)) for v in place.values)):
        cell, chosen, from_ = 0, [], 0
        for p, v, step, index, n in zip(
            at, place.values, place.steps, place.open, kept, strict=True
        ):
            from_ += v[p] * step
            if index is None:
                cell = cell * n + p
            else:
                chosen.append(p)
        entries += [(0, cell * each + k, from_ + k, *chosen) for k in range(each)]
    slot = w.slot(node.type)
    operands = [f"{source.code} + {place.start}", *(w.points(i) for i in place.uncertain)]
    contract(w, slot.code, room(node.type), operands, entries)
    return slot


def _constant_cell(w: Writer, array: Number, at: Sequence[Number]) -> Term:
    """Return a cell of a constant array at a known place."""
    flat = _flat(array.value)
    code = "0"
    for index, n in zip(at, shape(array.type), strict=True):
        code = f"({code}) * {n} + ({index.code})"
    t = item(array.type)
    if isinstance(t, Real):
        return Slot(f"({w.constants([float(x) for x in flat])} + {code})", t)
    return Number(f"((long){w.table([int(x) for x in flat])}[{code}])", t)


def _flat(value: object) -> list[float]:
    if isinstance(value, list):
        return [x for v in value for x in _flat(v)]
    assert isinstance(value, int | float)
    return [value]


def write(w: Writer, node: Write, args: Sequence[Term], *, free: Free) -> Term:
    """Return the array with the cells at a place replaced or updated.

    It is the same array, written over, where nothing reads the old one any more.
    """
    array, place = w.tensor(args[0]), placed(w, node.axes, args[2:], node.type)
    each = width(node.type)
    sizes = [len(v) for v in place.values]
    part, many = _part(sizes, item(node.type)), math.prod(sizes)
    start = _block(place, each)
    if start is not None:
        at, code = "", f"({array.code} + {start})"
        old = Slot(w.facts.get("constant", f"{many * each} of {code}", str) or code, part)
    else:
        at, start = w.table(_offsets(place)), place.start
        old = w.slot(part)
        w.map(COPY, old.code, [f"({array.code} + {start} + {at}[i] + j)"], each, cells=many)
    if not place.uncertain and node.op is None and room(args[1].type) == many * each:
        fresh = w.tensor(args[1]).code
    else:
        fresh = _fresh(w, node, place, old, args[1])
    if many * each == room(node.type):
        return Slot(fresh, node.type)
    if not free(array.base):
        slot = w.slot(node.type)
        w.copy(slot.code, array.code, room(node.type))
        array = slot
    to = f"({array.code} + {start})"
    if at:
        w.overwrite(to, fresh, each, at=at, cells=many)
    else:
        w.overwrite(to, fresh, many * each)
    return Slot(array.code, node.type)


def _offsets(place: Place) -> list[int]:
    """Return how far each cell of a part lies from its start."""
    return [
        sum(v[p] * step for p, v, step in zip(at, place.values, place.steps, strict=True))
        for at in product(*(range(len(v)) for v in place.values))
    ]


def _fresh(w: Writer, node: Write, place: Place, old: Slot, value: Term) -> str:
    """Return where the new numbers of a place lie, mixed with the old where it is uncertain."""
    each, many = width(node.type), cells(old.type)
    new, fresh = _new(w, node, place, old, value), w.take(each * many)
    if place.uncertain:
        args = [f"({old.code} + i * {each} + j)", new, f"({_weights(w, place)} + i)"]
        w.map(LERP, fresh, args, each, cells=many)
    else:
        w.map(COPY, fresh, [new], each, cells=many)
    return fresh


def _part(sizes: Sequence[int], t: Type) -> Type:
    assert not isinstance(t, Array)
    return Array(tuple(sizes), t) if sizes else t  # type: ignore[arg-type]


def _new(w: Writer, node: Write, place: Place, old: Slot, value: Term) -> str:
    """Return where the new value of number `j` of cell `i` of the place lies."""
    each = width(node.type)
    if node.op is not None:
        spread = _spread(w, place, value, old.type)
        t = OPS[node.op].rule([item(old.type), item(spread.type)])
        made = lifted(w, node.op, [old, spread], _part(shape(old.type), t))
        fresh = w.tensor(converted(w, made, old.type))
        return f"({fresh.code} + i * {each} + j)"
    source = w.tensor(value)
    return f"({source.code} + {_cell_of(w, place, source.type)} * {each} + j)"


def _cell_of(w: Writer, place: Place, t: Type) -> str:
    """Return the C expression of the value's cell for cell `i` of the place."""
    if not isinstance(t, Array):
        return "0"
    found = []
    for at in product(*(range(len(v)) for v in place.values)):
        cell = 0
        for p, v, index in zip(at, place.values, place.open, strict=True):
            cell = cell * len(v) + p if index is None else cell
        found.append(cell)
    return f"{w.table(found)}[i]"


def _spread(w: Writer, place: Place, value: Term, t: Type) -> Term:
    """Return a value with a cell for each cell of a place; a scalar as it is."""
    if not isinstance(value.type, Array) or not place.uncertain:
        return value
    source = w.tensor(value)
    slot = w.slot(_part(shape(t), item(value.type)))
    each = width(value.type)
    at = f"({source.code} + {_cell_of(w, place, value.type)} * {each} + j)"
    w.map(COPY, slot.code, [at], each, cells=cells(slot.type))
    return slot


def _weights(w: Writer, place: Place) -> str:
    """Return where the weight of each cell of a place lies."""
    entries = []
    for number, at in enumerate(product(*(range(len(v)) for v in place.values))):
        chosen = [p for p, index in zip(at, place.open, strict=True) if index is not None]
        entries.append((0, number, *chosen))
    n = math.prod(len(v) for v in place.values)
    if len(place.values) == 1:
        return w.points(place.uncertain[0])
    slot = w.take(n)
    contract(w, slot, n, [w.points(i) for i in place.uncertain], entries)
    return slot
