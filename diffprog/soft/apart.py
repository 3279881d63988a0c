"""Which arrays a loop keeps as cells: those that it writes at known places, one by one.

In: a loop. Out: the carried values of which the generated source has a Python
list of cells instead of a tensor. Reading or writing a cell is then no operation. Makes no text: a
term with `cells` means the same wherever it goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.ir.graph import For, Project, Read, Select, Write
from diffprog.ir.known import known
from diffprog.soft.lifting import lifted
from diffprog.soft.live import inputs, live
from diffprog.soft.nest import nest
from diffprog.types import Array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Graph, Loop, Node, NodeId
    from diffprog.types import Type

MOST_CELLS = 64
"""Cells of an array that is kept apart: what is done to the whole of it has so many operands."""


def kept_apart(node: For, state: Sequence[int], flags: Sequence[bool]) -> set[int]:
    """Return the carried arrays whose cells are kept apart.

    `flags` says of each input of the body whether it is a number.
    """
    types, body = node.body.types, node.body
    return {p for p in state if _is_short(types[p]) and _writes(body, 1 + p, p, flags)}


def stays_apart(node: Loop, state: Sequence[int], flags: Sequence[bool]) -> frozenset[int]:
    """Return the carried arrays of a halting loop whose cells are apart from round to round.

    Those of which its body keeps the cells apart, and all else that it does leaves them as they
    are. `flags` says of each input of the loop whether it is a number.
    """
    of_test = [False] * node.sources
    body = node.go if node.before is None else node.before
    before = 1 + (0 if body is node.before else node.sources)
    inside = [True, *of_test[: before - 1], *[False] * node.carried, *flags[node.carried :]]
    others = [g for g in (node.stop, node.go, node.last) if g is not body]
    return frozenset(
        p
        for p in state
        if _is_short(node.stop.types[p])
        and _writes(body, before + p, p, inside)
        and all(g.results[p] == 1 + node.sources + p for g in others)
    )


def writes_itself(graph: Graph, start: NodeId) -> bool:
    """Say whether a region, and no loop in it, writes into an array that comes in."""
    return any(isinstance(n, Write) and n.inputs[0] == start for n in graph.nodes)


def spent(graph: Graph) -> set[NodeId]:
    """Return the writes of a region after which nothing reads the array as it was."""
    uses = _uses(graph)
    return {
        n.id
        for n in graph.nodes
        if isinstance(n, Write)
        and n.inputs[0] not in graph.results
        and max(uses[n.inputs[0]], default=0) <= n.id
    }


def _is_short(t: Type) -> bool:
    return isinstance(t, Array) and 0 < t.shape[0] <= MOST_CELLS


def _writes(body: Graph, start: NodeId, place: int, flags: Sequence[bool]) -> bool:
    """Say whether a region writes an array, and does no more with it than that and reading cells.

    The array comes in as a parameter, and goes out at a place.
    """
    numbers, uses = known(body, flags), _uses(body)
    versions, written = [start], False
    for version in versions:  # it grows
        for use in uses[version]:
            node = body[use]
            inner = uses[version].count(use) == 1
            match node:
                case Read():
                    inner &= _cell(node, node.inputs[1:], numbers)
                case Write() if node.inputs[0] == version:
                    inner &= _cell(node, node.inputs[2:], numbers)
                    versions.append(use)
                    written = True
                case For():
                    found = _within(body, node, version, numbers)
                    inner &= found is not None
                    versions += [] if found is None else [found]
                    written = True
                case Select():
                    inner &= _read_in(node, node.inputs.index(version), numbers)
                case _:
                    inner = False
            if not inner:
                return False
    return written and body.results[place] in versions


def _read_in(node: Select, place: int, numbers: Sequence[bool]) -> bool:
    """Say whether the regions of a branch do no more with an input than reading cells."""
    flags = [numbers[i] for i in node.inputs]
    for region in (node.test, *node.cases):
        inside = known(region, flags)
        for use in _uses(region)[place]:
            found = region[use]
            if not (isinstance(found, Read) and _cell(found, found.inputs[1:], inside)):
                return False
        if place in region.results:
            return False
    return True


def _uses(body: Graph) -> list[list[NodeId]]:
    """Return, for each node, those that read it, once for each time that they do."""
    found: list[list[NodeId]] = [[] for _ in body.nodes]
    needed = live(body)
    for use in sorted(needed.nodes):
        for place in inputs(body[use], needed.places.get(use, frozenset())):
            found[body[use].inputs[place]].append(use)
    return found


def _cell(node: Read | Write, indices: Sequence[NodeId], numbers: Sequence[bool]) -> bool:
    """Say whether a read or a write is of one cell of the first axis, at a known place."""
    return node.axes[0] is None and numbers[indices[0]]


def _within(body: Graph, node: Node, version: NodeId, numbers: Sequence[bool]) -> NodeId | None:
    """Return what an inner loop makes of an array of which it keeps the cells apart, else None."""
    assert isinstance(node, For)
    place = node.inputs.index(version) - 2
    flags = [True, *(numbers[i] for i in node.inputs[2:])]
    if not 0 <= place < node.carried or not _writes(node.body, 1 + place, place, flags):
        return None
    if lifted(nest(node, frozenset({place}))) is not None:
        return None  # its rounds run at once, on whole arrays
    ends = [
        n.id
        for n in body.nodes
        if isinstance(n, Project) and n.inputs == (node.id,) and n.place == place
    ]
    return ends[0] if len(ends) == 1 else None
