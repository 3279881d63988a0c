"""The neural stack, queue and DeQue of the library against Grefenstette et al. (2015), eq. 1 to 11.

Lists grow as in the paper and are counted from 1; a row at a time.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import diffprog as dp
from tests.fidelity.equal import numbers, same

STEPS, WIDTH, B = 5, 3, 4
ONE_END = f"""
import std.KIND

program run(
    v: real[{STEPS}, {WIDTH}], u: real[{STEPS}], d: real[{STEPS}]
) -> real[{STEPS}, {WIDTH}]:
    held: real[{STEPS}] = 0.0
    values: real[{STEPS}, {WIDTH}] = 0.0
    seen: real[{STEPS}, {WIDTH}] = 0.0
    for t in 0 .. {STEPS}:
        values[t] = v[t]
        held = KIND.settle(held, t, u[t], d[t])
        seen[t] = KIND.read(values, held)
    return seen
"""
TWO_ENDS = f"""
import std.deque

program run(
    vb: real[{STEPS}, {WIDTH}], vt: real[{STEPS}, {WIDTH}], ub: real[{STEPS}], ut: real[{STEPS}],
    db: real[{STEPS}], dt: real[{STEPS}]
) -> (real[{STEPS}, {WIDTH}], real[{STEPS}, {WIDTH}]):
    held: real[{2 * STEPS}] = 0.0
    values: real[{2 * STEPS}, {WIDTH}] = 0.0
    tops: real[{STEPS}, {WIDTH}] = 0.0
    bottoms: real[{STEPS}, {WIDTH}] = 0.0
    for t in 0 .. {STEPS}:
        values[{STEPS - 1} - t] = vb[t]
        values[{STEPS} + t] = vt[t]
        held = deque.settle(held, {STEPS - 1} - t, {STEPS} + t, ub[t], ut[t], db[t], dt[t])
        tops[t] = deque.read_top(values, held)
        bottoms[t] = deque.read_bottom(values, held)
    return tops, bottoms
"""


def plus(x: Tensor) -> Tensor:
    """Return max(0, x)."""
    return torch.clamp(x, min=0)


def total(xs: list[Tensor]) -> Tensor:
    """Return a sum, 0 of nothing."""
    return torch.stack(xs).sum(0) if xs else torch.zeros((), dtype=torch.float64)


def taken(s: list[Tensor], u: Tensor, *, top: bool) -> list[Tensor]:
    """What is left of each strength after a pop of u from the top or from the bottom."""
    rest = [s[i + 1 :] if top else s[:i] for i in range(len(s))]
    return [plus(s[i] - plus(u - total(rest[i]))) for i in range(len(s))]


def said(s: list[Tensor], v: list[Tensor], *, top: bool) -> Tensor:
    """What stands at an end, as far as strengths make up one."""
    rest = [s[i + 1 :] if top else s[:i] for i in range(len(s))]
    return total([torch.minimum(s[i], plus(1 - total(rest[i]))) * v[i] for i in range(len(s))])


def one_end(v: Tensor, u: Tensor, d: Tensor, *, top: bool) -> Tensor:
    """Equations 1 to 3, or with 4 and 5 in the place of 2 and 3."""
    rows = []
    for b in range(B):
        s: list[Tensor] = []
        seen = []
        for t in range(STEPS):
            s = [*taken(s, u[b, t], top=top), d[b, t]]
            seen.append(said(s, list(v[b, : t + 1]), top=top))
        rows.append(torch.stack(seen))
    return torch.stack(rows)


def two_ends(
    vb: Tensor, vt: Tensor, ub: Tensor, ut: Tensor, db: Tensor, dt: Tensor
) -> tuple[Tensor, Tensor]:
    """Equations 6 to 11."""
    tops, bottoms = [], []
    for b in range(B):
        s: list[Tensor] = []
        v: list[Tensor] = []
        top, bottom = [], []
        for t in range(STEPS):
            both = taken(taken(s, ut[b, t], top=True), ub[b, t], top=False)
            s, v = [db[b, t], *both, dt[b, t]], [vb[b, t], *v, vt[b, t]]
            top.append(said(s, v, top=True))
            bottom.append(said(s, v, top=False))
        tops.append(torch.stack(top))
        bottoms.append(torch.stack(bottom))
    return torch.stack(tops), torch.stack(bottoms)


def signals(count: int) -> list[Tensor]:
    """Return pops and pushes in (0, 1) that want gradients."""
    found = numbers(*[(B, STEPS)] * count, seed=3)
    return [x.detach().sigmoid().requires_grad_() for x in found]


@pytest.mark.parametrize("kind", ["stack", "queue"])
def test_one_end(kind: str) -> None:
    """What is read at each step, and the gradients of values, pops and pushes."""
    text = ONE_END.replace("KIND", kind)
    (v,) = numbers((B, STEPS, WIDTH))
    same(text, lambda *x: one_end(*x, top=kind == "stack"), [v, *signals(2)])


def test_both_ends() -> None:
    """The same at the top and the bottom of a DeQue."""
    vb, vt = numbers((B, STEPS, WIDTH), (B, STEPS, WIDTH))
    same(TWO_ENDS, two_ends, [vb, vt, *signals(4)])


@pytest.mark.parametrize(("kind", "want"), [("stack", [1.0, 3.0, 1.0]), ("queue", [1.0, 1.0, 3.0])])
def test_whole_strengths_are_the_crisp_machine(kind: str, want: list[float]) -> None:
    """Push 1, push 3, then pop: with whole strengths the reads are those of a stack or a queue."""
    text = ONE_END.replace("KIND", kind).replace(str(STEPS), "3").replace(f", {WIDTH}]", ", 1]")
    program = dp.loads(text.replace("real[3, 3]", "real[3, 1]"))
    v, u, d = [[1.0], [3.0], [0.0]], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0]
    assert [row[0] for row in program.run(v=v, u=u, d=d)] == want
