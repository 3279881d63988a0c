"""The weights of holes in C, given values and under a mask.

In: a Hole node and its inputs as terms. Out: a term.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

from diffprog.native.contract import contract
from diffprog.native.slopes import COPY, PRODUCT
from diffprog.native.values import Number, Slot, cells, finite, item, width
from diffprog.types import Bool, Real

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Hole
    from diffprog.native.values import Term
    from diffprog.native.writer import Writer


def hole(w: Writer, node: Hole, args: Sequence[Term]) -> Term:
    """Return the value of a hole: its weights, contracted with the values that it is given."""
    given = list(args[:-1] if node.masked else args)
    pairs = isinstance(item(node.type), Bool)
    own = 2 if pairs else width(node.type)
    n = cells(node.type) * own
    many = n * math.prod(finite(g.type).size for g in given)
    start = w.input(node.key, many, 0 if isinstance(item(node.type), Real) else own)
    code, opened, step = start, [], n
    for g in reversed(given):
        t = finite(g.type)
        if isinstance(g, Number):
            code += f" + (({g.code}) - {t.lo}) * {step}"
        else:
            opened.append((g, t.size, step))
        step *= t.size
    opened = opened[::-1]
    code = _given(w, code, n, opened, w.tensor(args[-1]) if node.masked else None)
    if not pairs:
        return Slot(f"({code})", node.type)
    if cells(node.type) == 1:
        return Slot(f"({code} + 1)", node.type)
    slot = w.slot(node.type)
    w.map(COPY, slot.code, [f"{code} + 2 * j + 1"], cells(node.type))
    return slot


def _given(
    w: Writer, code: str, n: int, opened: Sequence[tuple[Slot, int, int]], mask: Slot | None
) -> str:
    """Return the weights for the values that are given, under a mask.

    Under a mask the weights for each combination of values are scaled to sum to 1.
    """
    if not opened and mask is None:
        return code
    sizes = [range(size) for _, size, _ in opened]
    bases = [sum(p * step for p, (_, _, step) in zip(at, opened, strict=True))
             for at in product(*sizes)]  # fmt: skip
    if mask is not None:
        weighed, scaled = w.take(len(bases) * n), w.take(len(bases) * n)
        row = f"({code} + {w.table(bases)}[i] + j)"
        w.map(PRODUCT, weighed, [row, f"({mask.code} + j)"], n, cells=len(bases))
        w.normalise(scaled, weighed, n, cells=len(bases))
        code, bases = scaled, [n * k for k in range(len(bases))]
    if not opened:
        return code
    entries = [
        (0, k, base + k, *at)
        for base, at in zip(bases, product(*sizes), strict=True)
        for k in range(n)
    ]
    slot = w.take(n)
    contract(w, slot, n, [code, *(w.points(g) for g, _, _ in opened)], entries)
    return slot
