"""The graph of decisions, compiled: weights of all states, for all restarts at once.

In: the arcs that an enumeration recorded, and for each unit the states in which it gave the
target. Out: a differentiable function from the log-probabilities of the leaves to the
log-likelihood of each unit. Finite states do not depend on the logits, so this is built once
and a training step only gathers and sums along it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from diffprog.learn.expand import ZERO, Arcs

if TYPE_CHECKING:
    from collections.abc import Sequence

NEVER = -1e30
"""The log-weight of a state that is not there; not infinite, so that differences stay finite."""


@dataclass(frozen=True)
class Level:
    """States that depend on earlier levels only.

    Attributes:
        first: the number of its first state.
        groups: (how many states, how many arcs each has), in order.
        parent: the state that each arc comes from, [E].
        leaf: the leaf that each arc takes, [E].
        constant: what is added on each arc, [E, 1], or None.
    """

    first: int
    groups: tuple[tuple[int, int], ...]
    parent: Tensor
    leaf: Tensor
    constant: Tensor | None

    @property
    def states(self) -> int:
        """How many states it has."""
        return sum(count for count, _ in self.groups)


@dataclass(frozen=True)
class Dag:
    """A compiled graph of decisions.

    Attributes:
        levels: the states after the roots, in order of computation.
        roots: how many units there are; their states are the first.
        states: how many states there are in all.
        sinks: the state that holds each likelihood, [sinks]; `states` where it is impossible.
    """

    levels: tuple[Level, ...]
    roots: int
    states: int
    sinks: Tensor

    @property
    def arcs(self) -> int:
        """How many arcs there are: the cost of a step."""
        return sum(len(level.parent) for level in self.levels)

    def __call__(self, log_probs: Tensor) -> Tensor:
        """Return the log-likelihood at each sink, [sinks, R], from [leaves, R] of the leaves."""
        zero = torch.zeros(1, log_probs.shape[1], dtype=log_probs.dtype)
        padded = torch.cat((log_probs, zero))
        weights: Tensor = _Weights.apply(padded, self)  # type: ignore[no-untyped-call]
        return weights[self.sinks]


class _Weights(torch.autograd.Function):
    """The forward algorithm in log space, with its reverse sweep written out.

    One buffer holds all states, [states + 1, R]; the last is never reached.
    """

    @staticmethod
    def forward(ctx: Any, log_probs: Tensor, dag: Dag) -> Tensor:
        weights = log_probs.new_full((dag.states + 1, log_probs.shape[1]), NEVER)
        weights[: dag.roots] = 0
        for level in dag.levels:
            arcs = _arcs(weights, log_probs, level)
            out = [g.logsumexp(1) for g in _grouped(arcs, level)]
            torch.cat(out, out=weights[level.first : level.first + level.states])
        ctx.dag = dag
        ctx.save_for_backward(log_probs, weights)
        return weights

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        log_probs, weights = ctx.saved_tensors
        flow, to_leaves = grads[0].clone(), torch.zeros_like(log_probs)
        for level in reversed(ctx.dag.levels):
            here = slice(level.first, level.first + level.states)
            shares = _arcs(weights, log_probs, level)
            counts = [n for n, _ in level.groups]
            for part, out, got in zip(
                _grouped(shares, level),
                torch.split(weights[here], counts),
                torch.split(flow[here], counts),
                strict=True,
            ):
                part.sub_(out.unsqueeze(1)).exp_().mul_(got.unsqueeze(1))
            flow.index_add_(0, level.parent, shares)
            to_leaves.index_add_(0, level.leaf, shares)
        return to_leaves, None


def _arcs(weights: Tensor, log_probs: Tensor, level: Level) -> Tensor:
    arcs = weights.index_select(0, level.parent).add_(log_probs.index_select(0, level.leaf))
    return arcs if level.constant is None else arcs.add_(level.constant.to(arcs.dtype))


def _grouped(arcs: Tensor, level: Level) -> list[Tensor]:
    parts = torch.split(arcs, [n * width for n, width in level.groups])
    widths = [width for _, width in level.groups]
    return [p.view(-1, w, arcs.shape[1]) for p, w in zip(parts, widths, strict=True)]


def build(
    arcs: Sequence[Arcs],
    nodes: int,
    units: int,
    final: Arcs,
    scores: Tensor | None,
    leaves: int,
    sinks: int,
) -> Dag:
    """Compile a graph of decisions.

    Args:
        arcs: what was recorded, parents before children.
        nodes: how many nodes were recorded; the first `units` are the roots.
        units: how many units there are.
        final: from each state that gives what is asked for to its sink, its `child`.
        scores: the log-likelihood of the target in each of those states, or None for 0.
        leaves: how many leaves there are; `ZERO` becomes the one after them.
        sinks: how many sinks there are, one for each thing that is asked for.
    """
    sunk = Arcs(final.parent, final.child + nodes, final.leaf)
    recorded = [a for a in arcs if len(a.parent)]
    kept = _contracted(_reaching([*recorded, sunk], nodes + sinks, nodes), nodes + sinks)
    kept = _reaching(kept, nodes + sinks, nodes)
    constants: list[Tensor | None] = [None] * len(kept)
    if scores is not None and kept:
        constants[-1] = scores  # the last stretch is `sunk`: all of it reaches its sink
    return _levels(kept, constants, (nodes, units, sinks), leaves)


def _reaching(arcs: Sequence[Arcs], count: int, nodes: int) -> list[Arcs]:
    """Keep the arcs on the way to a sink."""
    wanted = torch.zeros(count, dtype=torch.bool)
    wanted[nodes:] = True
    out = []
    for a in reversed(arcs):
        on_way = wanted[a.child]
        wanted[a.parent[on_way]] = True
        out.append(Arcs(a.parent[on_way], a.child[on_way], a.leaf[on_way]))
    return out[::-1]


def _contracted(arcs: Sequence[Arcs], count: int) -> list[Arcs]:
    """Go past states with one way in, where nothing is decided: u -leaf-> v -> w is u -leaf-> w."""
    degree = torch.zeros(count, dtype=torch.long)
    before = torch.arange(count)
    by = torch.full((count,), ZERO)
    for a in arcs:
        degree.index_add_(0, a.child, torch.ones_like(a.child))
    out = []
    for a in arcs:
        past = (a.leaf == ZERO) & (degree[a.parent] == 1)
        parent = torch.where(past, before[a.parent], a.parent)
        leaf = torch.where(past, by[a.parent], a.leaf)
        before[a.child], by[a.child] = parent, leaf
        out.append(Arcs(parent, a.child, leaf))
    return out


def _levels(
    arcs: Sequence[Arcs],
    constants: Sequence[Tensor | None],
    counts: tuple[int, int, int],
    leaves: int,
) -> Dag:
    nodes, units, sinks = counts
    if not sum(len(a.parent) for a in arcs):
        return Dag((), units, units, torch.full((sinks,), units))
    depth = torch.zeros(nodes + sinks, dtype=torch.long)
    for a in arcs:
        depth.scatter_reduce_(0, a.child, depth[a.parent] + 1, "amax")
    parent, child, leaf = (
        torch.cat([getattr(a, name) for a in arcs]) for name in ("parent", "child", "leaf")
    )
    extra = torch.cat(
        [
            torch.zeros(len(a.parent)) if c is None else c
            for a, c in zip(arcs, constants, strict=True)
        ]
    )
    order = _Order(parent, child, torch.where(leaf == ZERO, leaves, leaf), extra, depth, units)
    return order.dag(nodes, scored=any(c is not None for c in constants))


class _Order:
    """Renumbers states by level and number of arcs, and pads their arcs to powers of two."""

    def __init__(
        self, parent: Tensor, child: Tensor, leaf: Tensor, extra: Tensor, depth: Tensor, units: int
    ) -> None:
        self.parent, self.child, self.leaf, self.extra = parent, child, leaf, extra
        self.depth, self.units = depth, units
        self.degree = torch.bincount(child, minlength=len(depth))
        width = torch.ones_like(self.degree)
        while bool((width < self.degree).any()):
            width = torch.where(width < self.degree, width * 2, width)
        self.width = width
        used = torch.nonzero(self.degree > 0).squeeze(1)
        rank = depth[used] * (int(width.max()) + 1) + width[used]
        self.used = used[torch.argsort(rank, stable=True)]

    def dag(self, nodes: int, *, scored: bool) -> Dag:
        """Return the compiled graph."""
        states = self.units + len(self.used)
        number = torch.full((len(self.depth),), states)
        number[: self.units] = torch.arange(self.units)
        number[self.used] = torch.arange(self.units, states)
        by_child = torch.argsort(number[self.child], stable=True)
        parent, leaf = number[self.parent[by_child]], self.leaf[by_child]
        widths, degrees = self.width[self.used], self.degree[self.used]
        starts = torch.cumsum(widths, 0) - widths
        total = int(widths.sum())
        within = _within(degrees)
        at = starts.repeat_interleave(degrees) + within
        padded = torch.full((total,), states).scatter(0, at, parent)
        leaves = torch.zeros(total, dtype=torch.long).scatter(0, at, leaf)
        constant = torch.zeros(total).scatter(0, at, self.extra[by_child].float())
        levels = []
        depths = self.depth[self.used]
        first, arc = 0, 0
        for _, count in zip(*_runs(depths), strict=True):
            own = widths[first : first + count]
            groups = tuple((n, w) for w, n in zip(*_runs(own), strict=True))
            arcs = slice(arc, arc + int(own.sum()))
            add = constant[arcs].unsqueeze(1) if scored and bool(constant[arcs].any()) else None
            levels.append(Level(self.units + first, groups, padded[arcs], leaves[arcs], add))
            first, arc = first + count, arcs.stop
        return Dag(tuple(levels), self.units, states, number[nodes:])


def _runs(values: Tensor) -> tuple[list[int], list[int]]:
    found, counts = torch.unique_consecutive(values, return_counts=True)
    return found.tolist(), counts.tolist()


def _within(counts: Tensor) -> Tensor:
    """Return 0 .. n - 1 for each count n, one after another."""
    starts = torch.cumsum(counts, 0) - counts
    return torch.arange(int(counts.sum())) - starts.repeat_interleave(counts)
