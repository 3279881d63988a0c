"""`std.memory` against Graves, Wayne and Danihelka, "Neural Turing Machines" (2014), eq. 2 to 9."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.fidelity.equal import numbers, same

CELLS, WIDTH = 5, 3
HEAD = f"""
import std.memory

program head(
    m: real[{CELLS}, {WIDTH}], before: int<{CELLS}>, key: real[{WIDTH}], strength: real,
    gate: bool, shift: int<3>, sharpness: real, erase: real[{WIDTH}], add: real[{WIDTH}]
) -> (int<{CELLS}>, real[{WIDTH}], real[{CELLS}, {WIDTH}]):
    at = memory.address(m, before, key, strength, gate, shift, sharpness)
    return at, memory.read(m, at), memory.write(m, at, erase, add)
"""


def head(
    m: Tensor, before: Tensor, key: Tensor, strength: Tensor, gate: Tensor, shift: Tensor,
    sharpness: Tensor, erase: Tensor, add: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Address, read and write, for a batch of heads."""
    similar = torch.stack(  # eq. 6
        [(m[:, i] * key).sum(-1) / (m[:, i].norm(dim=-1) * key.norm(dim=-1)) for i in range(CELLS)],
        -1,
    )
    up = (strength[:, None] * similar).exp()
    content = up / up.sum(-1, keepdim=True)  # eq. 5
    gated = gate[:, None] * content + (1 - gate[:, None]) * before  # eq. 7
    shifted = torch.stack(  # eq. 8, with shifts of -1, 0, 1
        [
            sum(gated[:, j] * shift[:, (i - j + 1) % CELLS] for j in range(CELLS)
                if (i - j + 1) % CELLS < 3)
            for i in range(CELLS)
        ],
        -1,
    )  # fmt: skip
    power = shifted ** sharpness[:, None]
    w = power / power.sum(-1, keepdim=True)  # eq. 9
    read = sum(w[:, i, None] * m[:, i] for i in range(CELLS))  # eq. 2
    erased = m * (1 - w[:, :, None] * erase[:, None, :])  # eq. 3
    written = erased + w[:, :, None] * add[:, None, :]  # eq. 4
    return w, read, written


def test_a_head() -> None:
    """Its place, what it reads and what it leaves, for a batch."""
    b = 4
    m, key, strength, gate, sharpness, erase, add = numbers(
        (b, CELLS, WIDTH), (b, WIDTH), (b,), (b,), (b,), (b, WIDTH), (b, WIDTH)
    )
    before, shift = numbers((b, CELLS), (b, 3), seed=1)
    gate, erase = (x.detach().sigmoid().requires_grad_() for x in (gate, erase))
    strength, sharpness = ((1 + x.detach().abs()).requires_grad_() for x in (strength, sharpness))
    same(HEAD, head, [m, before, key, strength, gate, shift, sharpness, erase, add], (1, 5))
