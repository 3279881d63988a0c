"""Sums of products in C, by tables of runs: tabulated rows, attention, conditioning.

In: where the operands lie, and which of their numbers meet in which number of the result. Out:
statements. Entries whose places in the result and in one operand move by constant steps are one
run, which is a loop without a table: the table of an arithmetic function has a run or two for
each value of its other arguments. A dot product is one line of entries, and needs no table at all.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from diffprog.native.values import adjoint, adjoints, value, values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.native.writer import Writer

Entry: TypeAlias = tuple[int, ...]
"""The number of the result, then one of each operand."""


def contract(
    w: Writer,
    to: str,
    n: int,
    operands: Sequence[str],
    entries: Sequence[Entry],
    *,
    groups: int = 1,
    group: str = "0",
    count: int = 1,
) -> None:
    """Write out[c] = sum of products, by entries (group, c, i1, …, ik), in each cell.

    Only the entries of the group that the C expression `group` says count.
    """
    k = len(operands)
    line = _line(entries) if groups == 1 and k == 2 else None
    if line is not None:
        _dot(w, (to, n), operands, line, count)
        return
    w.arities.add(k)
    apart: list[list[Entry]] = [[] for _ in range(groups)]
    for e in entries:
        apart[e[0]].append(e[1:])
    last, runs = _shortest(tuple(map(tuple, apart)), k)
    operands = [*operands[:last], *operands[last + 1 :], operands[last]]
    starts = [0]
    for found in runs:
        starts.append(starts[-1] + len(found))
    name = w.table([x for found in runs for x in found] or [0])
    if groups == 1:
        span = f"{name}, {name} + {starts[1]}"
    else:
        begin = w.table(starts)
        span = f"{name} + {begin}[{group}], {name} + {begin}[{group} + 1]"
    out = f"{to} + j * {n}"
    head = f"for (long j = 0; j < {count}; j++) " if count > 1 else "{ const long j = 0; "
    tail = "" if count > 1 else " }"
    reads = ", ".join(map(values, operands))
    grads = ", ".join(map(adjoints, operands))
    w.both(
        f"fill({values(to)}, {n * count}, 0);"
        f" {head}contract{k}({span}, {values(out)}, {reads});{tail}",
        f"{head}back_contract{k}({span}, {adjoints(out)}, {reads}, {grads});{tail}",
    )


Line: TypeAlias = tuple[Entry, Entry, int]
"""Where entries start, their steps, how many they are."""


def _line(entries: Sequence[Entry]) -> Line | None:
    """Return entries as one line in which all places move by constant steps, if they are one."""
    if len(entries) < 2:
        return None
    first, second = entries[0][1:], entries[1][1:]
    step = tuple(b - a for a, b in zip(first, second, strict=True))
    for t, e in enumerate(entries):
        if e[1:] != tuple(a + d * t for a, d in zip(first, step, strict=True)):
            return None
    return first, step, len(entries)


def _dot(w: Writer, to: tuple[str, int], operands: Sequence[str], line: Line, count: int) -> None:
    """Write the products of one line of entries, without a table."""
    out, n = to
    first, step, many = line
    places = (f"{out} + j * {n}", *operands)
    o, a, b = (f"({code} + {i} + t * {d})"
               for code, i, d in zip(places, first, step, strict=True))  # fmt: skip
    head = f"for (long j = 0; j < {count}; j++) for (long t = 0; t < {many}; t++)"
    x, y, g = value(a), value(b), adjoint(o)
    w.both(
        f"fill({values(out)}, {n * count}, 0); EACH_VEC({head} {value(o)} += {x} * {y};)",
        f"EACH_VEC({head} {{ const vec g = {g};"
        f" {adjoint(a)} += g * {y}; {adjoint(b)} += g * {x}; }})",
    )


@lru_cache(maxsize=512)
def _shortest(groups: tuple[tuple[Entry, ...], ...], k: int) -> tuple[int, list[list[int]]]:
    """Return the operand along which there are fewest runs, and the runs of each group."""
    tried = [(last, [_runs(entries, last + 1) for entries in groups]) for last in range(k)]
    return min(tried, key=lambda found: sum(map(len, found[1])))


def _runs(entries: Sequence[Entry], last: int) -> list[int]:
    """Return runs along an operand, flat.

    Each is the others' numbers, start and step of the result and of the operand, and the length.
    """
    ordered = sorted((*e[1:last], *e[last + 1 :], e[last], e[0]) for e in entries)
    out: list[int] = []
    at = 0
    while at < len(ordered):
        *row, j, c = ordered[at]
        step, n = (0, 0), 1
        while at + n < len(ordered):
            *other, j_next, c_next = ordered[at + n]
            if n == 1:
                step = (c_next - c, j_next - j)
            if other != row or (c_next - c, j_next - j) != (step[0] * n, step[1] * n):
                break
            n += 1
        out += [*row, c, step[0] if n > 1 else 0, j, step[1] if n > 1 else 0, n]
        at += n
    return out


def contraction(k: int) -> str:
    """Return the C of o[c] += product of `k` numbers, for a list of runs."""
    names = [f"a{i}" for i in range(k)]
    *outer, inner = names
    rows = [f"{n}[e[{i}]].v[u]" for i, n in enumerate(outer)]
    m = len(outer)
    heads = ", ".join(f"const num *restrict {n}" for n in names)
    grads = ", ".join(f"num *q{n}" for n in names)
    span = "const int *e, const int *to"
    loop = f"for (; e < to; e += {m + 5}) EACH_VEC("
    row = f"const vec x = {' * '.join(rows) or 'all(1)'}; const num *s = {inner} + e[{m + 2}];"
    steps = f"const long dc = e[{m + 1}], dj = e[{m + 3}], n = e[{m + 4}]; vec sum = {{0}};"
    each = "for (long t = 0; t < n; t++"
    back = " ".join(
        f"q{n}[e[{i}]].v[u] += {' * '.join(['sum', *(r for j, r in enumerate(rows) if j != i)])};"
        for i, n in enumerate(outer)
    )
    along = "sum += g->v[u] * s->v[u]; q->v[u] += g->v[u] * x;"
    return (
        f"APART void contract{k}({span}, num *restrict o, {heads}) {{\n"
        f"  {loop}\n    {row} {steps}\n    num *r = o + e[{m}];\n"
        f"    if (dc) {each}, r += dc, s += dj) r->v[u] += x * s->v[u];\n"
        f"    else {{ {each}, s += dj) sum += s->v[u]; r->v[u] += x * sum; }})\n}}\n"
        f"APART void back_contract{k}({span}, const num *p, {heads}, {grads}) {{\n"
        f"  {loop}\n    {row} {steps}\n"
        f"    const num *g = p + e[{m}]; num *q = q{inner} + e[{m + 2}];\n"
        f"    {each}, g += dc, s += dj, q += dj) {{ {along} }}\n"
        f"    {back})\n}}\n"
    )
