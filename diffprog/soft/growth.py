"""How large the numbers of a halting loop can become while it runs.

In: a Loop node. Out: whether it is tame: no real in it is larger than `LARGEST` times the largest
that comes in (or 1). A row that has halted can then go on without harm: its weight is 0, and 0
times a number is 0, unless the number is infinite. Makes no text.

Bounds are computed on sizes: a sum has the sum of the sizes, a mixture the larger one. As such a
computation is made of sums, maxima and products with constants, a step that adds at most d to the
first state adds at most d * slope^k to that of round k.

What a network gives is open: its weights decide. Of numbers that are bounded it is finite, which is
all that is asked of what a round computes; only in the state it would grow from round to round. A
cell's state stays within 1, or, of a long short-term memory, grows by 1 a round.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diffprog.ir.effort import Effort
from diffprog.ir.graph import (
    Apply,
    Const,
    For,
    Hole,
    Loop,
    Network,
    Param,
    Project,
    Read,
    Reduce,
    Select,
    Write,
)
from diffprog.nets import KINDS
from diffprog.soft.live import live
from diffprog.soft.writer import flattened, item
from diffprog.types import Array, Bool, Enum, Int, Real, Tuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Graph, Node, NodeId
    from diffprog.types import Type

MOST_VISITS = 1 << 14
"""A round of more visits to nodes is not looked at."""
LARGEST = 1e9
"""A loop that may let numbers grow by more is not tame."""


class WildError(Exception):
    """How large a number may become is open."""


@dataclass(frozen=True)
class Bound:
    """How large a real is: at most `size` times the largest that comes in.

    `slope`: by how much the size rises with that of the state. `fixed`: whether the bound holds
    whatever comes in.
    """

    size: float
    slope: float = 0.0
    fixed: bool = False

    def __add__(self, other: Bound) -> Bound:
        fixed = self.fixed and other.fixed
        return Bound(self.size + other.size, self.slope + other.slope, fixed)

    def __or__(self, other: Bound) -> Bound:
        size, slope = max(self.size, other.size), max(self.slope, other.slope)
        return Bound(size, slope, self.fixed and other.fixed)

    def __mul__(self, other: Bound) -> Bound:
        if not (self.fixed or other.fixed):
            raise WildError
        by, of = (self, other) if self.fixed else (other, self)
        if by.slope or math.inf in (self.size, other.size):
            raise WildError
        return Bound(of.size * by.size, of.slope * by.size, of.fixed)


ONE = Bound(1.0, fixed=True)
OPEN = Bound(math.inf)
"""Of a number that is finite; no more is known of it."""
SAME = frozenset({"neg", "abs", "relu", "real", "convert", "array", "narrow", "only"})
"""Rows on reals that give none larger than their arguments."""
LARGER = frozenset({"min", "max", "clamp"})
"""Rows that give one of their arguments."""
UNIT = frozenset({"sigmoid", "tanh", "sin", "cos"})
"""Rows that give numbers in -1 to 1."""


def is_tame(node: Loop) -> bool:
    """Say whether the reals of a loop stay below so many times what comes in."""
    regions = [node.probe, node.test, node.stop, node.go, node.last]
    regions += [] if node.before is None else [node.before]
    effort = Effort()
    if sum(map(effort.of, regions)) > MOST_VISITS:
        return False
    try:
        return _Sizes().loop(node) < LARGEST
    except WildError:
        return False


def only_shown(node: Loop) -> set[int]:
    """Return the inputs of a loop that nothing but its cells sees, and those alike in all rounds.

    How large they are is nothing to a row that goes on: a cell's state is bounded whatever it is
    shown, and what was no number in a later round would have been none in the first.
    """
    count, found = len(node.inputs) - node.carried, set(range(node.carried, len(node.inputs)))
    regions = [node.probe, node.stop, node.go, node.last]
    for graph in regions if node.before is None else [node.before, *regions]:
        first = len(graph.params) - count - node.carried
        found = {i for i in found if _is_shown(graph, graph.params[first + i].id)}
    return found


def _is_shown(graph: Graph, start: NodeId) -> bool:
    """Say whether a region only shows a value to cells, as a whole or a part of their input."""
    copies = {start}
    for number in sorted(live(graph).nodes):
        node = graph[number]
        if copies.isdisjoint(node.inputs):
            continue
        match node:
            case Write(op=None) if all(isinstance(graph[i], Const) for i in node.inputs[2:]):
                copies.add(number)
            case Network(kind=kind) if kind in KINDS and KINDS[kind].grows:
                if not copies.isdisjoint(node.inputs[1:]):
                    return False
            case _:
                return False
    return copies.isdisjoint(graph.results)


@dataclass
class _Sizes:
    """The bounds of all reals met so far."""

    met: list[Bound] = field(default_factory=list)

    def loop(self, node: Loop) -> float:
        """Return the largest size of a loop's reals."""
        count, fixed = node.carried, [Bound(1.0)] * (len(node.inputs) - node.carried)
        state = [Bound(1.0, 1.0)] * count
        if node.before is not None:
            state = self.region(node.before, [ONE, *state, *fixed])
        asked = self.region(node.probe, [ONE, *state, *fixed])
        self.region(node.test, [ONE, *asked])
        after = [ONE] * (1 + node.sources) + [*state, *fixed]
        self.region(node.stop, after)
        new = [*self.region(node.go, after), *self.region(node.last, after)]
        step = max([0.0, *(b.size - 1 for b in new)])
        slope = max([0.0, *(b.slope for b in new)])
        size, rounds = 1.0, 0  # of the state
        if slope <= 1:
            size += step * node.rounds
        while slope > 1 and rounds < node.rounds and size < LARGEST:
            size, rounds = size * slope + step, rounds + 1
        known = [b for b in self.met if b.size < math.inf]
        return max([size, *(b.size + b.slope * (size - 1) for b in known)])

    def region(self, graph: Graph, inputs: Sequence[Bound]) -> list[Bound]:
        """Return the bounds of a region's results."""
        bounds: dict[int, Bound] = {}
        several: dict[int, list[Bound]] = {}
        for number in sorted(live(graph).nodes):
            node = graph[number]
            if isinstance(node, Project):
                bounds[number] = several[node.inputs[0]][node.place]
                continue
            args = [bounds.get(i, ONE) for i in node.inputs]
            match node:
                case Param():
                    bounds[number] = inputs[number]
                case Select():
                    found = [self.region(g, args) for g in (node.test, *node.cases)][1:]
                    several[number] = [_either(of) for of in zip(*found, strict=True)]
                case For():
                    several[number] = self.rounds(node, args)
                case Network():
                    several[number] = _network(node, args)
                    bounds[number] = several[number][0]
                case Loop():
                    raise WildError
                case _:
                    finite = not isinstance(item(node.type), Real)
                    bounds[number] = _whole(node.type) if finite else self.real(graph, node, args)
        return [bounds[r] for r in graph.results]

    def rounds(self, node: For, args: Sequence[Bound]) -> list[Bound]:
        """Return the bounds after a loop over known bounds."""
        counter, state = node.body.params[0].type, list(args[2 : 2 + node.carried])
        inputs = [_whole(counter), *state, *args[2 + node.carried :]]
        assert isinstance(counter, Int)
        for _ in range(counter.size):
            inputs[1 : 1 + node.carried] = self.region(node.body, inputs)
            state = [_either(of) for of in zip(state, inputs[1:], strict=False)]
        return state

    def real(self, graph: Graph, node: Node, args: Sequence[Bound]) -> Bound:
        """Return the bound of a node with a real result.

        Raises:
            WildError: where there is none.
        """
        found = _real(graph, node, args)
        self.met.append(found)
        return found


def _network(node: Network, args: Sequence[Bound]) -> list[Bound]:
    """Return the bounds of what a network gives.

    Raises:
        WildError: for one of the caller's own, which may divide by its state.
    """
    if node.kind not in KINDS:
        raise WildError
    grows = KINDS[node.kind].grows
    if not grows:
        results = node.type.items if isinstance(node.type, Tuple) else (node.type,)
        return [OPEN] * len(results)
    _, *states = args
    return [_either([ONE, *states]) + Bound(by, fixed=True) for by in grows]


def _real(graph: Graph, node: Node, args: Sequence[Bound]) -> Bound:
    match node:
        case Const(value):
            return Bound(max(map(abs, flattened(value)), default=0.0), fixed=True)
        case Hole(inputs=()):
            return Bound(1.0)
        case Read():
            return args[0]
        case Write(op=op):
            return args[0] | (args[1] if op is None else _row(op, args[:2]))
        case Reduce(op="sum"):
            t = graph[node.inputs[0]].type
            assert isinstance(t, Array)
            return args[0] * Bound(float(t.count), fixed=True)
        case Reduce(op=op) | Apply(op=op):
            return _row(op, args)
        case _:
            raise WildError


def _row(op: str, args: Sequence[Bound]) -> Bound:
    if op in ("add", "sub"):
        return args[0] + args[1]
    if op == "mul":
        return args[0] * args[1]
    if op in SAME | LARGER:
        return _either(args)
    if op in UNIT:
        return ONE
    raise WildError


def _either(bounds: Sequence[Bound]) -> Bound:
    found = bounds[0]
    for other in bounds[1:]:
        found |= other
    return found


def _whole(t: Type) -> Bound:
    """Return the bound of a finite value, taken as a number."""
    inner = item(t)
    if isinstance(inner, Int):
        return Bound(float(max(abs(inner.lo), abs(inner.hi))), fixed=True)
    assert isinstance(inner, Bool | Enum)
    return ONE
