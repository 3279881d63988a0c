"""Exact inference of one stretch of rows, compiled: a graph of decisions, and a tape of networks.

In: a task, the numbering of decisions. Out: a function from weights to the log-likelihood of each
row's answer. The enumeration is run once; a step of training runs the tape and sums along the
graph.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from diffprog.learn.dag import Dag, build
from diffprog.learn.doomed import Dropping
from diffprog.learn.expand import TAPED, ZERO, Arcs, Expand
from diffprog.learn.outcomes import NONE
from diffprog.learn.particles import start

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.learn.cells import Cells
    from diffprog.learn.networks import Networks
    from diffprog.learn.outcomes import Likelihood
    from diffprog.learn.rows import Task
    from diffprog.learn.tape import Tape


@dataclass(frozen=True)
class Compiled:
    """A stretch of rows.

    Attributes:
        dag: the graph of decisions; the leaves of the cells come first, then those of the tape.
        masked: the masked rows of leaves that follow those of the cells.
        tape: the calls of networks that lead to an answer.
        shares: how many examples each row stands for.
    """

    dag: Dag
    masked: tuple[tuple[int, tuple[bool, ...]], ...]
    tape: Tape
    shares: Tensor

    def likelihoods(
        self,
        cells: Cells,
        weights: Mapping[str, Tensor],
        temperature: float,
        networks: Networks | None,
    ) -> Tensor:
        """Return the log-likelihood of each row's answer, [rows, R]."""
        leaves = cells.log_probs(weights, temperature=temperature, masked=self.masked)
        if self.tape.decisions:
            assert networks is not None
            restarts = range(len(next(iter(weights.values()))))
            taped = [
                self.tape.run(partial(networks.apply, weights, r), temperature) for r in restarts
            ]
            rows = torch.stack(taped, 1)
            leaves = torch.cat((leaves.to(rows.dtype), rows)) if len(leaves) else rows
        return self.dag(leaves)


def compiled(task: Task, cells: Cells, likelihood: Likelihood, limit: int) -> Compiled:
    """Run every sequence of decisions of a task, and keep those that give the answer.

    Raises:
        TooManyStates: DP622.
    """
    count, rows = task.rows.count, task.rows
    decider = Expand(cells, count, limit)
    machine = Dropping(task.graph, rows.inputs, rows.targets, cells, decider)
    machine.networks = decider.tape
    ran = machine.start(task.graph, rows.inputs, start(count, cells.free), torch.arange(count))
    values = [v for v in ran.results if isinstance(v, Tensor)]
    targets = [t[ran.world.unit] for t in rows.targets]
    scores = likelihood.crisp(values, targets).masked_fill(ran.world.undefined, NONE)
    world = ran.world
    return Compiled(*graph_of(decider, world.node, world.unit, scores, count), rows.weights)


def graph_of(
    decider: Expand, node: Tensor, sink: Tensor, scores: Tensor, sinks: int
) -> tuple[Dag, tuple[tuple[int, tuple[bool, ...]], ...], Tape]:
    """Return the graph of the decisions that lead to sinks, its masked leaves, and its tape.

    Args:
        decider: what has recorded decisions.
        node: of each particle at the end, [P].
        sink: which sink each goes to, [P].
        scores: the log-likelihood that it brings there, [P]; `NONE` brings nothing.
        sinks: how many there are.
    """
    good = torch.nonzero(scores > NONE).squeeze(1)
    final = Arcs(node[good], sink[good], torch.full_like(good, ZERO))
    constant = scores[good] if bool((scores[good] != 0).any()) else None
    arcs = [replace(a, leaf=_placed(a.leaf, decider.leaves)) for a in decider.arcs]
    leaves = decider.leaves + decider.tape.leaves
    dag = build(arcs, decider.nodes, decider.units, final, constant, leaves, sinks)
    dag, tape = _pruned(dag, decider.tape, decider.leaves)
    return dag, tuple(decider.masked), tape


def _placed(leaf: Tensor, before: int) -> Tensor:
    return torch.where(leaf >= TAPED, leaf - TAPED + before, leaf)


def _pruned(dag: Dag, tape: Tape, before: int) -> tuple[Dag, Tape]:
    """Leave out of the tape what no sequence that gives an answer needs."""
    if not tape.leaves:
        return dag, tape
    wanted = torch.zeros(before + tape.leaves + 1, dtype=torch.bool)
    for level in dag.levels:
        wanted[level.leaf] = True
    kept, number = tape.pruned(wanted[before:-1])
    new = torch.cat((torch.arange(before), number + before, torch.tensor([before + kept.leaves])))
    new = new.clamp_min(0)  # a leaf of no arc but the padding may be any
    levels = tuple(replace(level, leaf=new[level.leaf]) for level in dag.levels)
    return replace(dag, levels=levels), kept
