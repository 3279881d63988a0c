"""Rows on whole arrays in C: pick, sharpen, only, matrix products, cosine.

In: an Apply node and its inputs as terms. Out: a term.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from diffprog.native.contract import contract
from diffprog.native.slopes import INVERSE_NORM, PRODUCT
from diffprog.native.values import (
    Number,
    Slot,
    UnsupportedError,
    adjoint,
    adjoints,
    cells,
    finite,
    room,
    shape,
    value,
    values,
)
from diffprog.types import Int

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Apply
    from diffprog.native.values import Term
    from diffprog.native.writer import Writer


def whole(w: Writer, node: Apply, args: Sequence[Term]) -> Term:
    """Return a row on whole arrays, whose ints are taken by their means where it is of reals."""
    match node.op:
        case "pick":
            slot, scores = w.slot(node.type), w.tensor(args[0])
            w.softmax(slot.code, scores.code, cells(scores.type))
            return slot
        case "only":
            return Slot(w.tensor(args[0]).code, node.type)
        case "sharpen":
            return _sharpened(w, node, w.tensor(args[0]), args[1])
        case "matmul":
            return _matmul(w, node, *map(w.tensor, args))
        case "cosine":
            return _cosine(w, node, *map(w.tensor, args))
        case _:
            message = f"`{node.op}`"
            raise UnsupportedError(message)


def _sharpened(w: Writer, node: Apply, p: Slot, power: Term) -> Slot:
    """Return a distribution to a power, normalised; of an uncertain int power, the expectation."""
    n = room(node.type)
    if isinstance(power, Number) or not isinstance(power.type, Int):
        slot = w.slot(node.type)
        _to_power(w, slot.code, p.code, power, n)
        return slot
    powers = finite(power.type).values()
    each = w.take(n * len(powers))
    for k, exponent in enumerate(powers):
        _to_power(
            w, f"({each} + {k * n})", p.code, Number(f"({exponent})", power.type, exponent), n
        )
    slot = w.slot(node.type)
    entries = [(0, c, k, k * n + c) for k in range(len(powers)) for c in range(n)]
    contract(w, slot.code, n, [power.code, each], entries)
    return slot


def _to_power(w: Writer, to: str, source: str, power: Term, n: int) -> None:
    """Take the numbers to a power and scale them to sum to 1."""
    o, a, p, q = values(to), values(source), adjoints(to), adjoints(source)
    known = isinstance(power, Number)
    g = f"all((real)({power.code}))" if known else value(power.code)
    w.both(
        f"EACH_VEC(sharpen({o}, {a}, {g}, {n}, u);)",
        f"EACH_VEC(vec s = {{0}}; back_sharpen({o}, {p}, {a}, {q}, {g}, &s, {n}, u);"
        f" {'' if known else f'{adjoint(power.code)} += s;'})",
    )


def _matmul(w: Writer, node: Apply, a: Slot, b: Slot) -> Slot:
    rows = shape(a.type)[0] if len(shape(a.type)) == 2 else 1
    columns = shape(b.type)[1] if len(shape(b.type)) == 2 else 1
    inner = shape(a.type)[-1]
    entries = [
        (0, i * columns + j, i * inner + k, k * columns + j)
        for i, j, k in product(range(rows), range(columns), range(inner))
    ]
    slot = w.slot(node.type)
    contract(w, slot.code, rows * columns, [a.code, b.code], entries)
    return slot


def _cosine(w: Writer, node: Apply, memory: Slot, key: Slot) -> Slot:
    """Return dots over norms; 0 where a vector is zero."""
    n, width = cells(node.type), cells(key.type)
    dots = w.take(n)
    entries = [(0, i, i * width + k, k) for i in range(n) for k in range(width)]
    contract(w, dots, n, [memory.code, key.code], entries)
    by_rows = _inverse_norms(w, memory, n, width)
    by_key = _inverse_norms(w, key, 1, width)
    scaled, slot = w.take(n), w.slot(node.type)
    w.map(PRODUCT, scaled, [f"({dots} + j)", f"({by_rows} + j)"], n)
    w.map(PRODUCT, slot.code, [f"({scaled} + j)", by_key], n)
    return slot


def _inverse_norms(w: Writer, vectors: Slot, n: int, width: int) -> str:
    squares, out = w.take(n), w.take(n)
    entries = [(0, i, i * width + k, i * width + k) for i in range(n) for k in range(width)]
    contract(w, squares, n, [vectors.code, vectors.code], entries)
    w.map(INVERSE_NORM, out, [f"({squares} + j)"], n)
    return out
