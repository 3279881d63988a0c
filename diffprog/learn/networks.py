"""The networks of a program, run on rows: for particles, and for the tape of exact inference.

In: the networks, weights of all restarts by ``nets.name.parameter``. Out: what they give to crisp
rows, with its gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor
from torch.func import functional_call

from diffprog.deciders import WHOLE
from diffprog.ir.graph import For, Graph, Hole, Loop, Network, Project, Select, walk
from diffprog.learn.vector import domain, item_of
from diffprog.nets import PREFIX
from diffprog.soft.networks import Call, Layers, own_axes
from diffprog.types import Bool, Real, Tuple, Type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.lang.typed import Net
    from diffprog.learn.particles import World
    from diffprog.learn.tape import Results

SHARING = "controller step"
"""The kind of network that can do with one memory for many rows."""
Weights: TypeAlias = "Mapping[str, Tensor]"


@dataclass(frozen=True)
class Networks:
    """The layers of a program's networks, without weights of their own."""

    nets: Mapping[str, Net]
    layers: Layers

    @staticmethod
    def of(nets: Mapping[str, Net], externs: Mapping[str, Any] | None = None) -> Networks:
        """Make the layers of networks."""
        return Networks(nets, Layers(nets, externs or {}, None))

    @property
    def remember(self) -> bool:
        """Whether a controller is among them, which knows all that it has decided."""
        return any(net.kind == "controller head" for net in self.nets.values())

    def eval(self) -> Networks:
        """Leave nothing out, as in training; return the same networks."""
        self.layers.eval()
        return self

    def apply(self, weights: Weights, restart: int, name: str, lifted: int,
              types: Sequence[Type], args: Sequence[Tensor],
              of: Tensor | None = None) -> Results:  # fmt: skip
        """Run a network on rows [U, *shape] with the weights of one restart.

        `of` says which row of its first argument, of which there are fewer, each row has.
        """
        layer = self.layers.layer(name)
        assert layer is not None
        own = {
            key: weights[f"{PREFIX}{name}.{key}"][restart]
            for key, _ in layer.named_parameters()
            if f"{PREFIX}{name}.{key}" in weights
        }
        run = partial(functional_call, layer, own)
        like = next(iter(own.values()), torch.zeros(()))
        whole = self.nets[name].kind in WHOLE
        values = [encoded(a, t, like, places=whole) for a, t in zip(args, types, strict=True)]
        if whole:
            found: Results = run(tuple(values))
            return found
        if of is not None and self.nets[name].kind == SHARING:
            together: Tensor = run((*values, of))
            return together
        if of is not None:
            values[0] = values[0].index_select(0, of)
        axes = tuple(own_axes(slot) for _, slot in self.nets[name].signature.params)
        return Call(lambda *xs: run(xs), None, axes, None, 0)(*values, lifted=lifted)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Live:
    """Networks on particles, each with the weights of its restart."""

    networks: Networks
    weights: Weights

    def network(self, node: Network, types: Sequence[Type], values: Sequence[Tensor],
                world: World) -> Results:  # fmt: skip
        """Return what a network gives to each particle, [P, *shape]."""
        restarts = torch.unique(world.restart).tolist()
        at = [torch.nonzero(world.restart == r).squeeze(1) for r in restarts]
        parts = [
            self.networks.apply(self.weights, r, node.name, node.lifted, types,
                                [v.index_select(0, own) for v in values])
            for r, own in zip(restarts, at, strict=True)
        ]  # fmt: skip
        back = torch.argsort(torch.cat(at)) if at else torch.zeros(0, dtype=torch.long)
        if isinstance(node.type, Tuple):
            columns = zip(*(p for p in parts if isinstance(p, tuple)), strict=True)
            return tuple(torch.cat(c).index_select(0, back).double() for c in columns)
        rows = [p for p in parts if isinstance(p, Tensor)]
        return torch.cat(rows).index_select(0, back).double()


def encoded(value: Tensor, t: Type, like: Tensor, *, places: bool) -> Tensor:
    """Return crisp values as a layer takes them: distributions, or `places` of values."""
    item = item_of(t)
    if isinstance(item, Real | Bool):
        return value.to(like.dtype)
    lo, size = domain(t)
    if places:
        return value - lo
    return torch.nn.functional.one_hot(value - lo, size).to(like.dtype)


# --- may an enumeration do without numbers? -------------------------------------------------------


def only_decides(graph: Graph) -> bool:
    """Say whether networks of a program only decide, so that its states need none of their numbers.

    What a network gives may go into networks, into logits, through branches and round loops: not
    into operations.
    """
    if any(n.logits for n in walk(graph) if isinstance(n, Hole)):
        return _results(graph, [False] * len(graph.params)) is not None
    return not any(isinstance(n, Network) for n in walk(graph))


def _results(graph: Graph, params: Sequence[bool]) -> list[bool] | None:
    """Return which results come from networks; None where something else would need the numbers."""
    marks: list[tuple[bool, ...]] = [(m,) for m in params]
    for node in graph.nodes[len(params) :]:
        inputs = [any(marks[i]) for i in node.inputs]
        found = _marks(node, inputs, marks)
        if found is None:
            return None
        marks.append(found)
    return [any(marks[r]) for r in graph.results]


def _marks(node: object, inputs: Sequence[bool], marks: Sequence[tuple[bool, ...]],
           ) -> tuple[bool, ...] | None:  # fmt: skip
    match node:
        case Network():
            return (True,) * (len(node.type.items) if isinstance(node.type, Tuple) else 1)
        case Hole():
            return None if any(inputs[int(node.logits) :]) else (False,)
        case Project():
            return (marks[node.inputs[0]][node.place],)
        case Select():
            return _branch(node, inputs)
        case For():
            return _rounds(node.body, node.carried, inputs, before=2, lead=1)
        case Loop():
            return _loop(node, inputs)
        case _:
            return None if any(inputs) else (False,)


def _branch(node: Select, inputs: Sequence[bool]) -> tuple[bool, ...] | None:
    tested = _results(node.test, inputs)
    cases = [_results(case, inputs) for case in node.cases]
    if tested is None or any(tested):
        return None
    known = [c for c in cases if c is not None]
    return tuple(map(any, zip(*known, strict=True))) if len(known) == len(cases) else None


def _rounds(
    body: Graph, carried: int, inputs: Sequence[bool], *, before: int, lead: int
) -> tuple[bool, ...] | None:
    """Return which carried values come from networks, after any number of rounds."""
    if any(inputs[:before]):
        return None
    state, rest = list(inputs[before : before + carried]), list(inputs[before + carried :])
    while True:
        after = _results(body, [*[False] * lead, *state, *rest])
        if after is None:
            return None
        grown = [a or b for a, b in zip(state, after, strict=True)]
        if grown == state:
            return tuple(state)
        state = grown


def _loop(node: Loop, inputs: Sequence[bool]) -> tuple[bool, ...] | None:
    state, rest = list(inputs[: node.carried]), list(inputs[node.carried :])
    if node.halting.kind == "act" and any(state):
        return None  # states are summed by weight
    while True:
        grown = _round(node, state, rest)
        if grown is None or grown == state:
            return None if grown is None else tuple(state)
        state = grown


def _round(node: Loop, state: list[bool], rest: list[bool]) -> list[bool] | None:
    if node.before is not None:
        opened = _results(node.before, [False, *state, *rest])
        if opened is None:
            return None
        state = [a or b for a, b in zip(state, opened, strict=True)]
    probed = _results(node.probe, [False, *state, *rest])
    tested = None if probed is None else _results(node.test, [False, *probed])
    if probed is None or tested is None or any(tested):
        return None
    for region in (node.stop, node.go, node.last):
        after = _results(region, [False, *probed[: node.sources], *state, *rest])
        if after is None:
            return None
        state = [a or b for a, b in zip(state, after, strict=True)]
    return state
