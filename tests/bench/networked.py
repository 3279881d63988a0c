"""The benchmark's programs with networks: a Neural Turing Machine, adaptive computation time."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from tests.bench import cells
from tests.bench.case import HERE, Case, normal, whole

if TYPE_CHECKING:
    from tests.bench.case import Numbers

COPY = Path(__file__).parents[2] / "examples" / "ntm" / "copy" / "copy.dp"
BITS, WIDTH, HIDDEN = 8, 20, 100
BATCH, FEATURES, STATE, ANSWERS = 128, 16, 64, 8


def layer(g: torch.Generator, name: str, inputs: int, outputs: int, *, state: int = 0) -> Numbers:
    """Draw the weights of a linear layer, or of a recurrent cell with a state of some size."""
    scale = 1 / math.sqrt(state or inputs)
    if not state:
        drawn = {"weight": normal(g, outputs, inputs), "bias": normal(g, outputs)}
    else:
        drawn = {"weight_ih": normal(g, outputs, inputs), "weight_hh": normal(g, outputs, state)}
        drawn |= {"bias_ih": normal(g, outputs), "bias_hh": normal(g, outputs)}
    return {f"{name}_{part}": x * scale for part, x in drawn.items()}


def places(numbers: Numbers, *nets: str) -> dict[str, str]:
    """Return where the weights of networks are in a module."""
    return {n: f"{net}.{n[len(net) + 1 :]}" for n in numbers for net in nets if n.startswith(net)}


def ntm(length: int, batch: int) -> Case:
    """The copying machine of the examples, at its published size."""

    def weights(g: torch.Generator) -> Numbers:
        found = layer(g, "mind", BITS + 1 + WIDTH, 4 * HIDDEN, state=HIDDEN)
        found |= layer(g, "reader", HIDDEN, WIDTH + 6)
        found |= layer(g, "writer", HIDDEN, 3 * WIDTH + 6)
        return found | layer(g, "answer", HIDDEN + WIDTH, BITS)

    def draw(g: torch.Generator) -> Numbers:
        bits = torch.rand(batch, length, BITS, generator=g, dtype=torch.float64) < 0.5
        starts = {"h": normal(g, HIDDEN), "c": normal(g, HIDDEN), "seen": normal(g, WIDTH)}
        return {"sequence": bits.double()} | starts | weights(g)

    def compiled() -> Any:
        return partial(cells.ntm, cell=whole(cells.ntm_step)())

    made = weights(torch.Generator())
    return Case(
        "NTM",
        f"length {length}, batch {batch}",
        COPY,
        draw,
        cells.ntm,
        compiled,
        sizes={"vectors": length},
        holes={name: f"copy.{name}#0" for name in ("h", "c", "seen")},
        nets=places(made, "mind", "reader", "writer", "answer"),
        data=("sequence",),
        warm=10 + 1000 // length,
        temperature=1.0,
    )


def act(mean: int) -> Case:
    """A recurrent cell that stops when its halting unit has given about 1; at most 50 steps."""

    def weights(g: torch.Generator) -> Numbers:
        found = layer(g, "cell", FEATURES + 1, STATE, state=STATE)
        found |= layer(g, "halting", STATE, 1) | layer(g, "readout", STATE, ANSWERS)
        chance = 0.99 / (mean - 0.5)  # each step's, so that the sum passes 0.99 at the mean
        found["halting_weight"] *= 0.1
        found["halting_bias"] = torch.full((1,), math.log(chance / (1 - chance))).double()
        return found

    def draw(g: torch.Generator) -> Numbers:
        return {"x": normal(g, BATCH, FEATURES)} | weights(g)

    def compiled() -> Any:
        return partial(cells.act, step=whole(cells.act_step)())

    return Case(
        "ACT",
        f"mean {mean} of 50, batch {BATCH}",
        HERE / "act.dp",
        draw,
        cells.act,
        compiled,
        padded=partial(cells.act, padded=True),
        module=partial(cells.ActModule, FEATURES, STATE, ANSWERS),
        nets=places(weights(torch.Generator()), "cell", "halting", "readout"),
        temperature=1.0,
    )
