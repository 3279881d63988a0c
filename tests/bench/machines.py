"""The benchmark's machines as hand-written torch: a register machine, a Turing machine.

Weights come as logits by their names in the `.dp` files, with restarts on a leading axis beside
the batch's. Tables that are read at one place are read together; operations are mixed before they
are applied.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

WORDS = 32
PAIRS: tuple[Callable[[int, int], int], ...] = (
    lambda a, b: (a + b) % WORDS,
    lambda a, b: (a - b) % WORDS,
    lambda a, b: (b - a) % WORDS,
    lambda a, b: min(a, b),
    lambda a, b: max(a, b),
    lambda a, b: int(a == b),
    lambda a, b: int(a < b),
)
SINGLE: tuple[Callable[[int], int], ...] = (
    lambda a: (a + 1) % WORDS,
    lambda a: (a - 1) % WORDS,
    lambda _: 0,
    lambda a: a,
    lambda a: a * 2 % WORDS,
    lambda a: a // 2,
)
PAIR_PLACES = [0, 1, 2, 8, 9, 10, 11]
SINGLE_PLACES = [3, 4, 5, 6, 12, 13]
OTHER, LOAD, STORE = 7, 14, 15


@lru_cache(maxsize=4)
def tables(dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the truth tables, [operations, arguments, values], and the places of their weights."""
    eye = torch.eye(WORDS, dtype=dtype, device=device)
    values = range(WORDS)
    pairs = torch.stack([eye[[f(a, b) for a in values for b in values]] for f in PAIRS])
    single = torch.stack([eye[[f(a) for a in values]] for f in SINGLE])
    places = (torch.tensor(x, device=device) for x in (PAIR_PLACES, SINGLE_PLACES))
    return pairs, single, *places


def step(
    bank: Tensor,
    memory: Tensor,
    code: Tensor,
    where: tuple[Tensor, Tensor, Tensor],
    truth: tuple[Tensor, Tensor, Tensor, Tensor],
) -> tuple[Tensor, Tensor]:
    """Run one instruction: the weights of its operations, and of its three registers."""
    pairs, single, of_pair, of_single = truth
    first, second, target = where
    a = (first[..., None, :] @ bank).squeeze(-2)
    b = (second[..., None, :] @ bank).squeeze(-2)
    both = (a[..., :, None] * b[..., None, :]).flatten(-2)
    pair = (code.index_select(-1, of_pair) @ pairs.flatten(1)).unflatten(-1, pairs.shape[1:])
    one = (code.index_select(-1, of_single) @ single.flatten(1)).unflatten(-1, single.shape[1:])
    r = both @ pair.squeeze(-3) + a @ one.squeeze(-3)  # the weights have no axis for the batch
    loaded = (a[..., None, :] @ memory).squeeze(-2)
    store = code[..., STORE, None]
    r = r + (code[..., OTHER, None] + store) * b + code[..., LOAD, None] * loaded
    memory = torch.lerp(memory, b[..., None, :], store[..., None] * a[..., :, None])
    return torch.lerp(bank, r[..., None, :], target[..., :, None]), memory


def register(
    start: Tensor,
    cells: Tensor,
    code: Tensor,
    first: Tensor,
    second: Tensor,
    target: Tensor,
    *,
    temperature: float,
    body: Callable[..., tuple[Tensor, Tensor]] = step,
) -> tuple[Tensor]:
    """Run a program of unknown instructions."""
    assert temperature
    weights = [torch.softmax(w, -1)[:, None].unbind(-2) for w in (code, first, second, target)]
    bank, memory, truth = start, cells, tables(start.dtype, start.device)
    for op, *where in zip(*weights, strict=True):
        bank, memory = body(bank, memory, op, tuple(where), truth)
    return (bank,)


def turing(
    tape: Tensor, write: Tensor, move: Tensor, next_: Tensor, halt: Tensor, *, temperature: float
) -> tuple[Tensor, Tensor]:
    """Run a Turing machine of unknown tables for nine steps."""
    assert temperature
    cells, symbols, states = tape.shape[-2], tape.shape[-1], write.shape[-3]
    rules = torch.cat([torch.softmax(w, -1) for w in (write, move, next_, halt)], -1)
    rules = rules.flatten(-3, -2)[:, None]
    sizes = (symbols, 3, states, 2)
    head = tape.new_zeros(cells)
    state = tape.new_zeros(states)
    head[0].fill_(1)  # not `= 1`, which copies from the host: no graph records that
    state[0].fill_(1)
    alive = tape.new_ones(())
    out = stopped = tape.new_zeros(())
    for _ in range(9):
        s = (head[..., None, :] @ tape).squeeze(-2)
        place = (state[..., :, None] * s[..., None, :]).flatten(-2)
        done = (place[..., None, :] @ rules).squeeze(-2)
        new, moved, state, halted = done.split(sizes, -1)
        tape = torch.lerp(tape, new[..., None, :], head[..., :, None])
        head = sum(moved[..., k, None] * head.roll(k - 1, -1) for k in range(3))
        leaving = alive * halted[..., 1]
        out = out + leaving[..., None, None] * tape
        stopped = stopped + leaving
        alive = alive * halted[..., 0]
    return out + alive[..., None, None] * tape, stopped
