"""Which values of a region are known: plain numbers in every run, whatever is uncertain.

In: a region, and which of its parameters are known. Out: a flag for each node. A known scalar
costs no tensor: the generated code keeps it as a number, and reads and writes at a known index
are slices. Of arrays only finite constants count as known, so that a read of one at a known
index is a known number. Never imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.ir.graph import Apply, Const, For, Param, Project, Read, Select, Table
from diffprog.ops import OPS
from diffprog.types import Array, Bool, Enum, Int, Type, is_finite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Graph, Node


def known(graph: Graph, params: Sequence[bool] | None = None) -> tuple[bool, ...]:
    """Say of each node of a region whether its value is known.

    Args:
        graph: the region.
        params: whether each parameter is known; by default what the parameters say themselves.
            An array
            parameter is known if it stands for a constant.
    """
    given = params if params is not None else [p.known for p in graph.params]
    flags: list[bool] = []
    several: dict[int, tuple[bool, ...]] = {}
    for node in graph.nodes:
        inputs = [flags[i] for i in node.inputs]
        match node:
            case Param():
                flags.append(given[node.id] and is_finite(node.type))
            case Const():
                flags.append(is_finite(node.type))
            case Project(place):
                flags.append(several.get(node.inputs[0], ())[place : place + 1] == (True,))
            case Select():
                several[node.id] = _branch(node, inputs)
                flags.append(False)
            case For():
                several[node.id] = carried(node, inputs)
                flags.append(False)
            case _:
                flags.append(_simple(node, graph, inputs))
    return tuple(flags)


def is_scalar(t: Type) -> bool:
    """Say whether a type is a finite scalar."""
    return isinstance(t, Bool | Int | Enum)


def known_test(node: Select, inputs: Sequence[bool]) -> bool:
    """Say whether a branch is decided by known values, so that just one case is taken."""
    return known(node.test, inputs)[node.test.results[0]]


def carried(node: For, inputs: Sequence[bool]) -> tuple[bool, ...]:
    """Say which carried values of a loop are known in every iteration.

    The largest set that keeps itself.
    """
    start = inputs[2 : 2 + node.carried]
    state = [flag and is_scalar(t) for flag, t in zip(start, node.body.types, strict=True)]
    while True:
        flags = known(node.body, [True, *state, *inputs[2 + node.carried :]])
        after = [s and flags[r] for s, r in zip(state, node.body.results, strict=True)]
        if after == state:
            return tuple(state)
        state = after


def _branch(node: Select, inputs: Sequence[bool]) -> tuple[bool, ...]:
    if not known_test(node, inputs):
        return ()
    cases = [(g, known(g, inputs)) for g in node.cases]
    return tuple(
        is_scalar(t) and all(flags[g.results[place]] for g, flags in cases)
        for place, t in enumerate(node.cases[0].types)
    )


def _simple(node: Node, graph: Graph, inputs: Sequence[bool]) -> bool:
    if not is_scalar(node.type) or not all(inputs):
        return False
    match node:
        case Apply(op):
            rows = op in OPS or op in ("convert", "narrow")
            return rows and all(is_scalar(graph[i].type) for i in node.inputs)
        case Table():
            return True
        case Read(axes):
            array = graph[node.inputs[0]].type
            return isinstance(array, Array) and axes == (None,) * len(array.shape)
        case _:
            return False
