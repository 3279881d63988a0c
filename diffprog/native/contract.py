"""Sums of products in C, by tables of entries: tabulated rows, attention, conditioning.

In: where the operands lie, and which of their numbers meet in which number of the result. Out:
statements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.native.values import adjoints, values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.native.writer import Writer


def contract(
    w: Writer,
    to: str,
    n: int,
    operands: Sequence[str],
    entries: Sequence[tuple[int, ...]],
    *,
    groups: int = 1,
    group: str = "0",
    count: int = 1,
) -> None:
    """Write out[c] = sum of products, by entries (group, c, i1, …, ik), in each cell.

    Only the entries of the group that the C expression `group` says count.
    """
    k = len(operands)
    w.arities.add(k)
    ordered = sorted(entries, key=lambda e: e[0])
    starts = [0] * (groups + 1)
    for e in ordered:
        starts[e[0] + 1] += k + 1
    for g in range(groups):
        starts[g + 1] += starts[g]
    name = w.table([x for e in ordered for x in e[1:]] or [0])
    if groups == 1:
        span = f"{name}, {name} + {starts[1]}"
    else:
        begin = w.table(starts)
        span = f"{name} + {begin}[{values(group)}], {name} + {begin}[{values(group)} + 1]"
    out = f"{to} + j * {n}"
    head = f"for (long j = 0; j < {count}; j++) "
    reads = ", ".join(map(values, operands))
    grads = ", ".join(map(adjoints, operands))
    w.both(
        f"fill({values(to)}, {n * count}, 0); {head}contract{k}({span}, {values(out)}, {reads});",
        f"{head}back_contract{k}({span}, {adjoints(out)}, {reads}, {grads});",
    )
