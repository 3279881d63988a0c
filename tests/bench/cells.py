"""The benchmark's recurrent programs as hand-written torch: NTM and ACT (Graves 2014, 2016).

Each takes inputs and weights by name; one step is a function of its own, which is what one would
compile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F  # noqa: N812

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

CELLS = 128
EPSILON = 0.01


def steered(tape: Tensor, head: Tensor, told: Tensor, norms: Tensor) -> Tensor:
    """Return where a head goes: by content or from where it was, shifted, sharpened."""
    width = tape.shape[-1]
    key = torch.tanh(told[..., :width])
    numbers = F.softplus(told[..., width::5])  # strength and sharpness stand five apart
    scale = numbers[..., :1] / key.norm(dim=-1, keepdim=True)
    found = torch.softmax((tape @ key[..., None]).squeeze(-1) * scale / norms, -1)
    at = torch.lerp(head, found, torch.sigmoid(told[..., width + 1, None]))
    shift = torch.softmax(told[..., width + 2 : width + 5], -1)
    at = sum(shift[..., k, None] * at.roll(k - 1, -1) for k in range(3))
    power = at ** (1 + numbers[..., 1:])
    return power / power.sum(-1, keepdim=True)


def ntm_step(
    shown: Tensor, state: tuple[Tensor, ...], weights: dict[str, Tensor]
) -> tuple[Tensor, ...]:
    """Run one step: think, write, read."""
    h, c, seen, tape, reading, writing = state
    width = tape.shape[-1]
    mind = [weights[f"mind_{part}"] for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    h, c = torch.lstm_cell(torch.cat((shown, seen), -1), (h, c), *mind)
    told = F.linear(h, weights["writer_weight"], weights["writer_bias"])
    writing = steered(tape, writing, told[..., : width + 6], tape.norm(dim=-1))
    erase = torch.sigmoid(told[..., width + 6 : 2 * width + 6])[..., None, :]
    add = torch.tanh(told[..., 2 * width + 6 :])[..., None, :]
    tape = tape * (1 - writing[..., None] * erase) + writing[..., None] * add
    told = F.linear(h, weights["reader_weight"], weights["reader_bias"])
    reading = steered(tape, reading, told, tape.norm(dim=-1))
    return h, c, (reading[..., None, :] @ tape).squeeze(-2), tape, reading, writing


def ntm(
    sequence: Tensor,
    h: Tensor,
    c: Tensor,
    seen: Tensor,
    *,
    temperature: float,
    cell: Callable[..., tuple[Tensor, ...]] = ntm_step,
    **weights: Tensor,
) -> tuple[Tensor]:
    """Show a machine vectors of bits and a mark, and let it give them back."""
    assert temperature
    batch, length, bits = sequence.shape
    width = seen.shape[-1]
    tape = sequence.new_full((batch, CELLS, width), 1e-6)
    head = sequence.new_zeros(batch, CELLS)
    head[:, 0] = 1
    state = (*(x.expand(batch, -1) for x in (h, c, seen)), tape, head, head)
    shown = F.pad(sequence, (0, 1, 0, 1))
    shown[:, length, bits] = 1
    nothing = sequence.new_zeros(batch, bits + 1)
    known = []
    for i in range(length + 1):
        state = cell(shown[:, i], state, weights)
    for _ in range(length):
        state = cell(nothing, state, weights)
        known.append(torch.cat((state[0], state[2]), -1))
    answer = F.linear(torch.stack(known, 1), weights["answer_weight"], weights["answer_bias"])
    return (torch.sigmoid(answer),)


def act_step(
    x: Tensor, flag: float, last: bool, state: tuple[Tensor, ...], weights: dict[str, Tensor]
) -> tuple[Tensor, ...]:
    """Run one step: think, ask the halting unit, add to the answer."""
    h, total, active, out = state
    cell = [weights[f"cell_{part}"] for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    h = torch.rnn_tanh_cell(F.pad(x, (0, 1), value=flag), h, *cell)
    unit = torch.sigmoid(F.linear(h, weights["halting_weight"], weights["halting_bias"]))
    ends = torch.ones_like(unit, dtype=torch.bool) if last else total + unit >= 1 - EPSILON
    weight = active * torch.where(ends, 1 - total, unit)
    return h, total + unit, active * ~ends, torch.addcmul(out, weight, h)


class ActModule(torch.nn.Module):
    """The same as one would keep it to train: a module of torch's layers."""

    def __init__(self, features: int, state: int, answers: int) -> None:
        super().__init__()
        self.cell = torch.nn.RNNCell(features + 1, state)
        self.halting = torch.nn.Linear(state, 1)
        self.readout = torch.nn.Linear(state, answers)

    def forward(self, x: Tensor, bound: int = 50) -> Tensor:
        """Think until every row has halted."""
        h = out = x.new_zeros(x.shape[0], self.cell.hidden_size)
        total, active = x.new_zeros(x.shape[0], 1), x.new_ones(x.shape[0], 1)
        for k in range(bound):
            h = self.cell(F.pad(x, (0, 1), value=float(k == 0)), h)
            unit = torch.sigmoid(self.halting(h))
            last = k == bound - 1
            ends = torch.ones_like(unit, dtype=torch.bool) if last else total + unit >= 1 - EPSILON
            out = torch.addcmul(out, active * torch.where(ends, 1 - total, unit), h)
            total, active = total + unit, active * ~ends
            if not active.any():
                break
        return self.readout(out)  # type: ignore[no-any-return]


def act(
    x: Tensor,
    *,
    temperature: float,
    bound: int = 50,
    padded: bool = False,
    step: Callable[..., tuple[Tensor, ...]] = act_step,
    **weights: Tensor,
) -> tuple[Tensor]:
    """Think until every row has halted, or always up to the bound."""
    assert temperature
    h = x.new_zeros(x.shape[0], weights["cell_weight_hh"].shape[-1])
    state = (h, x.new_zeros(x.shape[0], 1), x.new_ones(x.shape[0], 1), torch.zeros_like(h))
    for k in range(bound):
        state = step(x, float(k == 0), k == bound - 1, state, weights)
        if not padded and not state[2].any():
            break
    return (F.linear(state[3], weights["readout_weight"], weights["readout_bias"]),)
