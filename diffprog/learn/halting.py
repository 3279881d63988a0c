"""Loops that halt by a test: particles leave one after another."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from diffprog.learn.branches import inputs, rejoin
from diffprog.learn.particles import Frame, Held, Shelf, World, taken
from diffprog.learn.runner import Ran, Runner
from diffprog.learn.vector import spread
from diffprog.types import REAL, Type

if TYPE_CHECKING:
    from diffprog.ir.graph import Graph, Loop


@dataclass
class _Run:
    """A loop under way: the particles still in it, and those that have left."""

    runner: Runner
    node: Loop
    frame: Frame
    carried: list[Held]
    invariants: Shelf
    types: list[Type]
    left: list[tuple[Tensor, Ran]] = field(default_factory=list)

    def args(self, k: int, *sources: Held) -> list[Held]:
        """Return the arguments of a region: the counter, sources, carried values, invariants."""
        counter = torch.full((self.frame.world.count,), k)
        invariants = [v for v in self.invariants.values if v is not None]
        return [counter, *sources, *self.carried, *invariants]

    def keeping(self, graph: Graph, args: list[Held], *, settle: bool = True) -> list[Held]:
        """Run a region while the carried values follow."""
        shelf = Shelf([*self.carried], self.types)
        self.frame.shelves.append(shelf)
        results = self.runner.call(self.frame, graph, args, settle=settle)
        self.frame.shelves.pop()
        self.carried = [v for v in shelf.values if v is not None]
        return results

    def tested(self, k: int) -> tuple[list[Held], Tensor]:
        """Return the test's sources and its result, the particles as they are after it."""
        probed = self.keeping(self.node.probe, self.args(k), settle=False)
        sources = self.node.sources
        shelf = Shelf([*probed], list(self.node.probe.types))
        carried = Shelf([*self.carried], self.types)
        # Deciding a source may part particles: all that was probed and is carried has to follow.
        self.frame.shelves += [shelf, carried]
        self.runner.force(self.frame, shelf, range(sources))
        self.carried = [v for v in carried.values if v is not None]
        self.frame.shelves.pop()
        counter = torch.full((self.frame.world.count,), k)
        found = [v for v in shelf.values if v is not None]
        (flag,) = self.keeping(self.node.test, [counter, *found])
        self.frame.shelves.pop()
        assert isinstance(flag, Tensor)
        return [v for v in shelf.values[:sources] if v is not None], flag

    def leave(self, at: Tensor, results: list[Held], *, unfinished: bool = False) -> None:
        """Let particles leave with these results of theirs."""
        world = self.frame.world.take(at)
        if unfinished:
            world = replace(world, unfinished=torch.ones_like(world.unfinished))
        self.left.append((self.origin(at), Ran(results, None, world)))

    def origin(self, at: Tensor) -> Tensor:
        """Return the particles at the loop's entry from which some of the present ones descend."""
        return at if self.frame.origin is None else self.frame.origin[at]

    def stay(self, at: Tensor) -> None:
        """Go on with some of the particles."""
        self.frame.take(at)
        self.carried = [v for c in self.carried if (v := taken(c, at)) is not None]


def loop(runner: Runner, graph: Graph, node: Loop, frame: Frame) -> Held:
    """Run a loop until no particle is left in it."""
    runner.force(frame, frame.shelves[0], node.inputs[: node.carried])
    held, types = inputs(graph, node, frame)
    regions = (node.before, node.probe, node.test, node.stop, node.go, node.last)
    merges = runner.merging and any(g is not None and runner.may_part(g) for g in regions)
    outer = frame.classes(runner.memories)[0] if merges else frame.outer
    invariants = Shelf([*held[node.carried :]], types[node.carried :])
    inner = Frame(frame.world, outer, shelves=[invariants])
    run = _Run(runner, node, inner, held[: node.carried], invariants, types[: node.carried])
    if node.halting.kind == "plain":
        _plain(run)
    else:
        _weighted(run)
    return tuple(rejoin(frame, run.left))


def _plain(run: _Run) -> None:
    node, runner = run.node, run.runner
    for k in range(node.rounds):
        if node.before is not None:
            run.carried = runner.call(run.frame, node.before, run.args(k))
        sources, flag = run.tested(k)
        stop = torch.nonzero(flag != 0).squeeze(1)
        go = torch.nonzero(flag == 0).squeeze(1)
        args = run.args(k, *sources)
        own = [v for a in args if (v := taken(a, stop)) is not None]
        world: World = run.frame.world.take(stop)
        ran = runner.run(node.stop, own, world, run.frame.outer[stop])
        through = stop if ran.origin is None else stop[ran.origin]
        run.left.append((run.origin(through), Ran(ran.results, None, ran.world)))
        sources = [v for s in sources if (v := taken(s, go)) is not None]
        run.stay(go)
        if not len(go):
            return
        onward = node.last if k == node.rounds - 1 else node.go
        run.carried = runner.call(run.frame, onward, run.args(k, *sources))
    everyone = torch.arange(run.frame.world.count)
    run.leave(everyone, run.carried, unfinished=True)


def _weighted(run: _Run) -> None:
    """Halt by Graves' rule (2016, eqs. 6 to 9: the weighted sum), or at P(stopped) of one half."""
    node, runner, act = run.node, run.runner, run.node.halting.kind == "act"
    count = run.frame.world.count
    zeros = [torch.zeros_like(c) if isinstance(c, Tensor) else c for c in run.carried]
    kept = Shelf([torch.zeros(count, dtype=torch.float64), *zeros], [REAL, *run.types])
    run.frame.shelves.append(kept)
    for k in range(node.rounds):
        if node.before is not None:
            run.carried = runner.call(run.frame, node.before, run.args(k))
        _, unit = run.tested(k)
        halted, *sums = (v for v in kept.values if v is not None)
        assert isinstance(halted, Tensor)
        total = halted + unit if act else 1 - (1 - halted) * (1 - unit)
        enough = total >= (1 - node.halting.number if act else 0.5)
        final = k == node.rounds - 1
        stop = enough | torch.full_like(enough, final)
        weight = torch.where(stop, 1 - halted, unit) if act else stop.double()
        sums = [_added(s, weight, c) for s, c in zip(sums, run.carried, strict=True)]
        out = torch.nonzero(stop).squeeze(1)
        for at, late in ((out[enough[out]], False), (out[~enough[out]], True)):
            results = [v for s in sums if (v := taken(s, at)) is not None]
            run.leave(at, results, unfinished=late)
        kept.values = [total, *sums]
        go = torch.nonzero(~stop).squeeze(1)
        run.stay(go)
        if not len(go):
            return
        run.carried = runner.call(run.frame, node.go, run.args(k))


def _added(total: Held, weight: Tensor, value: Held) -> Held:
    """Add a weighted state; what is finite is as in the last."""
    if isinstance(total, Tensor) and isinstance(value, Tensor) and value.is_floating_point():
        return total + spread(weight, tuple(value.shape[1:])) * value
    return value
