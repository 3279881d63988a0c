"""Source for arrays that are read in parts: taken apart once, not cut again for each of them.

In: a region. Out: which of its reads are of parts of an array, at places that are always the same
and do not overlap; a term for each. A slice is an operation of its own, and its slope is an array
of zeros but for the part, added to those of the others. Of an array that is taken apart the slopes
are put side by side.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from diffprog.ir.graph import Const, Cut, Read
from diffprog.soft.writer import Term, shape
from diffprog.types import trail

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from diffprog.ir.graph import Graph, Node, NodeId
    from diffprog.soft.emitter import Emitter

SPARSE = 4
"""Of single cells that are read, an array with so many times as many is not taken all apart."""


@dataclass(frozen=True, order=True)
class Part:
    """A part of an array, cut along its first axis: from a place to another, or one cell."""

    array: NodeId
    lo: int
    hi: int
    cell: bool


def parts(graph: Graph, needed: Collection[NodeId]) -> dict[NodeId, tuple[Part, list[Part]]]:
    """Return the part that a read of a region is, beside all parts of its array in order."""
    found: dict[NodeId, Part] = {}
    uses: dict[NodeId, set[NodeId]] = defaultdict(set)
    for node in (graph[n] for n in sorted(needed)):
        for i in node.inputs:
            uses[i].add(node.id)
        if isinstance(node, Read) and (part := _part(graph, node)) is not None:
            found[node.id] = part
    # A part of a part is one of the whole, where nothing else reads the part.
    passed = {n for n in found if n not in graph.results and uses[n] <= found.keys()}
    for n, part in found.items():
        if part.array in passed:
            outer = found[part.array]
            found[n] = Part(outer.array, outer.lo + part.lo, outer.lo + part.hi, part.cell)
    groups: dict[NodeId, set[Part]] = defaultdict(set)
    left = {n: part for n, part in found.items() if n not in passed}
    for part in left.values():
        groups[part.array].add(part)
    apart = {array: sorted(group) for array, group in groups.items() if _are_apart(group)}
    return {n: (part, apart[part.array]) for n, part in left.items() if part.array in apart}


def read_apart(
    em: Emitter, node: Node, part: Part, every: Sequence[Part], terms: Mapping[NodeId, Term]
) -> dict[NodeId, Term]:
    """Write a part of an array, and before the first of them the array taken apart.

    Nothing where the array is no tensor yet, or its cells are kept apart. `terms`: the values of
    the region that are written already.
    """
    array = terms[part.array]
    plain = array.value is None and not (array.number or array.cells or array.late)
    if not plain or not array.code.isidentifier() or array.code in em.diagonals:
        return {}
    place = str(part.lo) if part.cell else f"{part.lo}:{part.hi}"
    cut = f"{array.code}[..., {', '.join([place, *[':'] * (trail(array.type) - 1)])}]"
    if (known := em.writer.known(cut)) is not None:
        return {node.id: Term(known, node.type)}
    axis = -trail(array.type)
    if all(p.cell for p in every) and shape(array.type)[0] <= SPARSE * len(every):
        code, taken = f"{array.code}.unbind({axis})", str(part.lo)
    else:
        ends = [0, *(end for p in every for end in (p.lo, p.hi)), shape(array.type)[0]]
        spans = [(lo, hi) for lo, hi in pairwise(ends) if lo < hi]
        code = f"cut({array.code}, {[hi - lo for lo, hi in spans]!r}, {axis})"
        taken = str(spans.index((part.lo, part.hi)))
    apart = em.writer.shared(f"{array.code}_parts", code, array.type).code
    squeezed = f".squeeze({axis})" if part.cell and "cut(" in code else ""
    em.comment(node)
    found = em.assign(node, f"{apart}[{taken}]{squeezed}")
    em.writer.also(cut, found.code)
    return {node.id: found}


def _part(graph: Graph, node: Read) -> Part | None:
    """Return what a read takes, if it is the same part of the first axis each time."""
    sizes = shape(graph[node.inputs[0]].type)
    if node.axes[1:] and node.axes[1:] != tuple(Cut(0, n) for n in sizes[1 : len(node.axes)]):
        return None
    if isinstance(cut := node.axes[0], Cut):
        return Part(node.inputs[0], cut.lo, cut.hi, cell=False) if cut.lo < cut.hi else None
    index = graph[node.inputs[1]]
    if not isinstance(index, Const) or not isinstance(index.value, int):
        return None
    return Part(node.inputs[0], index.value, index.value + 1, cell=True)


def _are_apart(group: Collection[Part]) -> bool:
    """Say whether parts are several, and none overlaps with the next."""
    return len(group) > 1 and all(a.hi <= b.lo for a, b in pairwise(sorted(group)))
