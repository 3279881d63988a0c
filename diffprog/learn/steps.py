"""What the plain nodes do: rows, tables, reads, writes, reductions, holes.

In: a node and the frame of the region it stands in. Out: its value for each particle. Values
are asked for with `forced`, which may split the particles; so every value is taken from the
frame after the last split.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from diffprog.errors import InvariantError, fail
from diffprog.learn import vector
from diffprog.learn.cells import parameter_name
from diffprog.learn.deciders import allowed_rows
from diffprog.learn.particles import Frame, Held, Lazy
from diffprog.ops import OPS
from diffprog.types import Array, Real, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Apply, Graph, Hole, Network, Read, Reduce, Table, Write
    from diffprog.learn.runner import Runner


def hole(runner: Runner, graph: Graph, node: Hole, frame: Frame) -> Held:
    """Return a hole's value: learned reals, something to decide later, or decided here."""
    if node.logits:
        return _by_network(runner, graph, node, frame)
    if node.key not in runner.cells.parts:
        return runner.decider.reals(parameter_name(node.key), frame.world)
    part = runner.cells.parts[node.key]
    if not node.inputs:
        return runner.free(part, frame.world)
    values = runner.forced(graph, frame, node.inputs)
    mask = values.pop().bool() if node.masked else None
    if not values and not runner.replays:  # free, but what is allowed depends on the particle
        runner.meet(frame, torch.full((frame.world.count,), part.first), mask)
        return frame.world.memory[:, part.first] + part.lo
    given = [graph[i].type for i in node.inputs[: len(values)]]
    cell = torch.full((frame.world.count,), part.first)
    if values:
        cell = cell + _number(values, given)
    everyone = torch.ones(frame.world.count, dtype=torch.bool)
    parent, world, chosen = runner.decider.decide(frame.world, everyone, cell, mask)
    frame.take(parent, world)
    return chosen + part.lo


def network(runner: Runner, graph: Graph, node: Network, frame: Frame) -> Held:
    """Run a network, or note that it is called."""
    values = runner.forced(graph, frame, node.inputs)
    if runner.networks is None:
        fail("DP621", f"`{node.name}`: a network needs `soft`", node.span)
    types = [graph[i].type for i in node.inputs]
    return runner.networks.network(node, types, values, frame.world)


def _by_network(runner: Runner, graph: Graph, node: Hole, frame: Frame) -> Tensor:
    """Decide by the logits that a network gives to each particle."""
    values = runner.forced(graph, frame, node.inputs)
    mask = values[1].bool() if node.masked else None
    if mask is not None and bool((~mask.any(1)).any()):
        fail("DP322", f"a `where` masks every alternative of `{node.key}`", node.span)
    lo, count = vector.domain(node.type)
    if values[0].is_floating_point():
        logs = allowed_rows(torch.log_softmax(values[0] / runner.temperature, -1), mask)
        parent, world, chosen = runner.decider.among(frame.world, logs)
    else:  # a reference to logits
        parent, world, chosen = runner.decider.noted(frame.world, values[0], mask, count)
    frame.take(parent, world)
    return chosen + lo


def _number(values: Sequence[Tensor], types: Sequence[Type]) -> Tensor:
    """Number combinations of finite values, row-major, [P]."""
    number = torch.zeros(len(values[0]), dtype=torch.long)
    for value, t in zip(values, types, strict=True):
        lo, size = vector.domain(t)
        number = number * size + (value - lo)
    return number


def table(runner: Runner, graph: Graph, node: Table, frame: Frame) -> Held:
    """Look a tabulated expression up."""
    values = runner.forced(graph, frame, node.inputs)
    lo, _ = vector.domain(node.type)
    entries = torch.tensor(node.entries) + lo
    if not values:
        return entries.expand(frame.world.count)
    return entries[_number(values, [graph[i].type for i in node.inputs])]


def row(runner: Runner, graph: Graph, node: Apply, frame: Frame) -> Held:
    """Apply a row of `OPS`, or one of the structural operations."""
    values = runner.forced(graph, frame, node.inputs)
    types = [graph[i].type for i in node.inputs]
    match node.op:
        case "convert" | "narrow":
            return _converted(values[0], node.type)
        case "array":
            assert isinstance(node.type, Array)
            inner = node.type.shape[1:]
            blocks = [_converted(v, Array(inner, node.type.item)) for v in values]
            return torch.stack(blocks, 1)
        case "choose":  # finite on all sides: both may be looked at
            test, then, other = (vector.spread(v, vector.shape_of(node.type)) for v in values)
            return torch.where(test.bool(), then, other)
        case _ if _below_learned(node.op, values):
            return _relaxed(runner, node, frame, values, types)
        case _:
            return _apply(node.op, values, types, node.type, frame)


def _converted(value: Tensor, t: Type) -> Tensor:
    if isinstance(vector.item_of(t), Real) and not value.is_floating_point():
        value = value.double()
    shape = vector.shape_of(t)
    return vector.spread(value, shape).expand(value.shape[0], *shape)


def _apply(
    op: str, values: Sequence[Tensor], types: Sequence[Type], t: Type, frame: Frame
) -> Tensor:
    """Apply a row; particles for which it is undefined are marked, and go on with 0."""
    out = vector.apply(op, values, types, t)
    if not isinstance(vector.item_of(t), Real):
        return out
    fine = out.isfinite()
    if bool(fine.all()):
        return out
    lost = ~fine.reshape(len(fine), -1).all(1)
    frame.take(None, replace(frame.world, undefined=frame.world.undefined | lost))
    return torch.where(fine, out, 0.0)


def _below_learned(op: str, values: Sequence[Tensor]) -> bool:
    return OPS[op].relaxed and any(v.requires_grad for v in values)


def _relaxed(
    runner: Runner, node: Apply, frame: Frame, values: Sequence[Tensor], types: Sequence[Type]
) -> Tensor:
    """Let each cell of a relaxed row be a decision with the probabilities of its formula."""
    if runner.relax is None:
        message = f"no relaxation of `{node.op}` at hand"
        raise InvariantError(message)
    soft = runner.relax(node.op, types, node.type, values)
    lo, size = vector.domain(node.type)
    if node.op != "pick":
        soft = torch.stack((1 - soft, soft), -1)
    shape = vector.shape_of(node.type)
    whole = torch.zeros(frame.world.count, math.prod(shape), dtype=torch.long)
    probabilities = soft.reshape(frame.world.count, -1, size)
    for cell in range(whole.shape[1]):
        own = probabilities[:, cell]
        logs = torch.where(own > 0, own.clamp_min(1e-38).log(), -torch.inf)
        parent, world, chosen = runner.decider.among(frame.world, logs)
        if parent is not None:
            whole, probabilities = whole[parent], probabilities[parent]
        frame.take(parent, world)
        whole[:, cell] = chosen + lo
    return whole.reshape(-1, *shape)


def read(runner: Runner, graph: Graph, node: Read, frame: Frame) -> Held:
    """Read cells; of a `learn` only those that are read are decided."""
    base, *indices = node.inputs
    array = frame.shelves[0].values[base]
    if not isinstance(array, Lazy):
        values = runner.forced(graph, frame, node.inputs)
        return vector.read(values[0], node.axes, values[1:])
    part = runner.cells.parts[array.key]
    shape = vector.shape_of(graph[base].type)
    place = vector.shape_of(node.type)
    for i in range(math.prod(place)):
        at = runner.forced(graph, frame, indices)
        named = vector.places(shape, node.axes, at, frame.world.count)
        runner.meet(frame, part.first + named.reshape(frame.world.count, -1)[:, i])
    at = runner.forced(graph, frame, indices)
    named = vector.places(shape, node.axes, at, frame.world.count)
    cells = part.first + named.reshape(frame.world.count, -1)
    return (frame.world.memory.gather(1, cells) + part.lo).reshape(-1, *place)


def write(runner: Runner, graph: Graph, node: Write, frame: Frame) -> Held:
    """Put new cells in a copy of an array, or update them by a row."""
    array, value, *at = runner.forced(graph, frame, node.inputs)
    shape = vector.shape_of(node.type)
    count = frame.world.count
    named = vector.places(shape, node.axes, at, count)
    flat = array.reshape(count, -1)
    if node.op is not None:
        assert isinstance(node.type, Array)
        item = node.type.item
        place = Array(tuple(named.shape[1:]), item) if named.dim() > 1 else item
        types = [place, graph[node.inputs[1]].type]
        old = flat.gather(1, named.reshape(count, -1)).reshape(named.shape)
        value = _apply(node.op, [old, value], types, place, frame)
    value = vector.spread(value, tuple(named.shape[1:])).expand(named.shape)
    cells = named.reshape(count, -1)
    new = value.reshape(count, -1).to(flat.dtype)
    return flat.scatter(1, cells, new).reshape(count, *shape)


def reduce(runner: Runner, graph: Graph, node: Reduce, frame: Frame) -> Held:
    """Fold the selected cells of an array."""
    values = runner.forced(graph, frame, node.inputs)
    cells = values[0].reshape(frame.world.count, -1)
    mask = values[1].reshape(frame.world.count, -1) if node.masked else None
    otherwise = values[-1] if node.otherwise else None
    out = vector.reduce(node.op, cells, mask, otherwise)
    return out.double() if isinstance(node.type, Real) and not out.is_floating_point() else out
