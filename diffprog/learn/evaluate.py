"""Crisp answers of many programs at once: all restarts, all rows, in one run of the machine.

In: a graph, the choices of each restart, rows. Out: answers and whether they are right. The
interpreter is the judge; a test holds that this agrees with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from diffprog.errors import InvariantError
from diffprog.learn.deciders import Replay
from diffprog.learn.machine import Machine
from diffprog.learn.networks import Live
from diffprog.learn.particles import start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.ir.graph import Graph
    from diffprog.learn.cells import Cells
    from diffprog.learn.networks import Networks
    from diffprog.learn.rows import Rows

AT_ONCE = 2**18
"""Particles that are run at once: more gain nothing and cost memory."""


@dataclass(frozen=True)
class Answers:
    """What each restart answers to each row.

    Attributes:
        values: by result of the graph, [R, B, *shape].
        undefined: whether the run met something undefined, [R, B].
        unfinished: whether a loop's bound cut the run off, [R, B].
    """

    values: tuple[Tensor, ...]
    undefined: Tensor
    unfinished: Tensor


def answers(
    graph: Graph,
    cells: Cells,
    choices: Tensor,
    inputs: Mapping[str, Tensor],
    *,
    reals: Mapping[str, Tensor] | None = None,
    networks: Networks | None = None,
) -> Answers:
    """Run the hardened program of each restart, `choices` [R, cells], on each row.

    Args:
        graph: the program.
        cells: the numbering of its decisions.
        choices: alternatives, [R, cells].
        inputs: by parameter, [B, *shape].
        reals: learned reals, and weights of networks, by parameter name, [R, *shape].
        networks: the networks, which decide by the largest logit.
    """
    restarts = len(choices)
    rows = next((len(v) for v in inputs.values()), 1)
    many = max(1, AT_ONCE // max(1, rows))
    parts = []
    for first in range(0, restarts, many):
        own = slice(first, first + many)
        some = {name: v[own].detach() for name, v in (reals or {}).items()}
        parts.append(_answers(graph, cells, choices[own], inputs, some, rows, networks))
    values = tuple(torch.cat(v) for v in zip(*(p.values for p in parts), strict=True))
    undefined = torch.cat([p.undefined for p in parts])
    return Answers(values, undefined, torch.cat([p.unfinished for p in parts]))


def _answers(
    graph: Graph,
    cells: Cells,
    choices: Tensor,
    inputs: Mapping[str, Tensor],
    reals: Mapping[str, Tensor],
    rows: int,
    networks: Networks | None,
) -> Answers:
    restarts = len(choices)
    restart = torch.arange(restarts).repeat_interleave(rows)
    row = torch.arange(rows).repeat(restarts)
    live = None if networks is None else Live(networks, reals)
    machine = Machine(cells, Replay(cells, choices, reals), networks=live)
    world = start(restarts * rows, 0, restart)
    with torch.no_grad():
        ran = machine.start(graph, inputs, world, row)
    order = torch.argsort(ran.world.unit)
    if len(order) != restarts * rows:
        message = "particles were lost or split in a replay"
        raise InvariantError(message)

    def placed(v: Tensor) -> Tensor:
        return v[order].reshape(restarts, rows, *v.shape[1:])

    values = tuple(placed(v) for v in ran.results if isinstance(v, Tensor))
    return Answers(values, placed(ran.world.undefined), placed(ran.world.unfinished))


def agreement(values: Sequence[Tensor], targets: Sequence[Tensor], tolerance: float) -> Tensor:
    """Return the share of result cells that are right, [R, B]; reals within the tolerance."""
    total, right = 0, torch.zeros(values[0].shape[:2], dtype=torch.float64)
    for value, target in zip(values, targets, strict=True):
        same = (
            (value - target).abs() <= tolerance if target.is_floating_point() else value == target
        )
        flat = same.reshape(*same.shape[:2], -1)
        right = right + flat.sum(-1)
        total += flat.shape[-1]
    return right / total if total else torch.ones_like(right)


def score(
    graph: Graph,
    cells: Cells,
    choices: Tensor,
    rows: Rows,
    *,
    reals: Mapping[str, Tensor] | None = None,
    tolerance: float = 1e-3,
    networks: Networks | None = None,
) -> tuple[Tensor, Tensor]:
    """Return how well each restart's hardened program does on rows.

    Returns:
        Whether each answer is right, [R, B], and the share of its cells that are, [R, B].
    """
    found = answers(graph, cells, choices, rows.inputs, reals=reals, networks=networks)
    share = agreement(found.values, rows.targets, tolerance)
    share = torch.where(found.undefined, 0.0, share)
    return share == 1, share
