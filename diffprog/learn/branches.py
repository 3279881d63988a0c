"""Branches and counted loops: particles part by cases, and are put together again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from diffprog.learn import vector
from diffprog.learn.particles import Frame, Held, Shelf, join, taken
from diffprog.learn.runner import Ran, Runner, dying
from diffprog.types import Int, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import For, Graph, Node, Select

ANY = Int(-(2**40), 2**40)
"""The type of a number of which nothing is known."""


def inputs(graph: Graph, node: Node, frame: Frame) -> tuple[list[Held], list[Type]]:
    """Take a node's inputs out of the frame: what nobody else needs does not stay on the shelf."""
    shelf = frame.shelves[0]
    held = [v for i in node.inputs if (v := shelf.values[i]) is not None]
    for i in dying(graph)[node.id]:
        shelf.values[i] = None
    return held, [graph[i].type for i in node.inputs]


def select(runner: Runner, graph: Graph, node: Select, frame: Frame) -> Held:
    """Run for each particle the case that the test names for it."""
    held, types = inputs(graph, node, frame)
    shelf = Shelf([*held], types)
    frame.shelves.append(shelf)
    (test,) = runner.call(frame, node.test, held)
    frame.shelves.pop()
    assert isinstance(test, Tensor)
    lo, _ = vector.domain(node.test.types[0])
    case = torch.tensor(node.unions)[test - lo]
    args = [v for v in shelf.values if v is not None]
    return tuple(part(runner, frame, case, node.cases, args))


def part(
    runner: Runner,
    frame: Frame,
    case: Tensor,
    cases: Sequence[Graph],
    args: Sequence[Held],
) -> list[Held]:
    """Run for each particle the region `cases[case]`."""
    taken_cases = torch.unique(case).tolist()
    if len(taken_cases) == 1:
        return runner.call(frame, cases[taken_cases[0]], args)
    outer = frame.outer
    if runner.merging and any(map(runner.may_part, cases)):
        outer = frame.classes(runner.memories)[0]
    parts: list[tuple[Tensor, Ran]] = []
    for k in taken_cases:
        at = torch.nonzero(case == k).squeeze(1)
        world = frame.world.take(at)
        own = [v for a in args if (v := taken(a, at)) is not None]
        ran = runner.run(cases[k], own, world, outer[at])
        parts.append((at, ran))
    return rejoin(frame, parts)


def rejoin(frame: Frame, parts: Sequence[tuple[Tensor, Ran]]) -> list[Held]:
    """Put particles together that had parted: (their places in the frame, what they gave)."""
    origins = [at if ran.origin is None else at[ran.origin] for at, ran in parts]
    frame.take(torch.cat(origins), join([ran.world for _, ran in parts]))
    columns = zip(*(ran.results for _, ran in parts), strict=True)
    return [_joined(column) for column in columns]


def _joined(column: Sequence[Held]) -> Held:
    tensors = [v for v in column if isinstance(v, Tensor)]
    if len(tensors) == len(column):
        # A region that nobody ran gives nothing, of whatever shape: references have none.
        return torch.cat([v for v in tensors if len(v)] or tensors[:1])
    tuples = [v for v in column if isinstance(v, tuple)]
    if len(tuples) == len(column):
        return tuple(_joined(c) for c in zip(*tuples, strict=True))
    return column[0]  # the same lazy value in every part


def repeat(runner: Runner, graph: Graph, node: For, frame: Frame) -> Held:
    """Run the body for each value of the counter; bounds may differ from row to row."""
    runner.force(frame, frame.shelves[0], node.inputs[: 2 + node.carried])
    held, types = inputs(graph, node, frame)
    lo, hi = held[:2]
    assert isinstance(lo, Tensor)
    assert isinstance(hi, Tensor)
    trips = -((lo - hi) // node.step)
    kept = Shelf([lo, trips, *held[2 + node.carried :]], [ANY, ANY, *types[2 + node.carried :]])
    carried = held[2 : 2 + node.carried]
    frame.shelves.append(kept)
    for t in range(int(trips.max()) if len(trips) else 0):
        first, left, *invariants = (v for v in kept.values if v is not None)
        assert isinstance(first, Tensor)
        assert isinstance(left, Tensor)
        args = [first + t * node.step, *carried, *invariants]
        carried = _trip(runner, frame, node, left > t, args)
    frame.shelves.pop()
    return tuple(carried)


def _trip(
    runner: Runner, frame: Frame, node: For, active: Tensor, args: Sequence[Held]
) -> list[Held]:
    if bool(active.all()):
        return runner.call(frame, node.body, args)
    stay = torch.nonzero(~active).squeeze(1)
    go = torch.nonzero(active).squeeze(1)
    outer = runner.outer(frame, node.body)
    own = [v for a in args if (v := taken(a, go)) is not None]
    ran = runner.run(node.body, own, frame.world.take(go), outer[go])
    rest = [v for a in args[1 : 1 + node.carried] if (v := taken(a, stay)) is not None]
    return rejoin(frame, [(go, ran), (stay, Ran(rest, None, frame.world.take(stay)))])
