"""The rule that merges cells instead of arrays: only what a branch assigns is mixed.

Where every case of a branch gives the same array with cells written at the same known places, the
branch may give those cells and the writes may follow it: sum_k w_k (M with M[i] = v_k) is
M with M[i] = sum_k w_k v_k. A case that does not write a cell gives it as it was. Never imports
torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from diffprog.ir.cells import same_cell
from diffprog.ir.graph import Graph, Node, Param, Read, Select, Write
from diffprog.ir.rewrite import known_nodes
from diffprog.ir.transplant import transplant
from diffprog.types import Array, Tuple

if TYPE_CHECKING:
    from diffprog.ir.graph import Axes, NodeId
    from diffprog.ir.rewrite import Scene
    from diffprog.types import Type


@dataclass
class Cell:
    """A place that some case writes: its index outside, and the value in each case that does."""

    axes: Axes
    index: list[NodeId]
    type: Type
    values: dict[int, NodeId] = field(default_factory=dict)


def merge_cells(scene: Scene, node: Node) -> list[NodeId] | None:
    """select(s, M with M[i] = a, M with M[i] = b) is M with M[i] = select(s, a, b)."""
    assert isinstance(node, Select)
    assert isinstance(node.type, Tuple)
    for place, t in enumerate(node.type.items):
        if isinstance(t, Array):
            base = _base(node, place)
            cells = None if base is None else _cells(scene, node, place)
            if base is not None and cells:
                return _merged(scene, node, place, base, cells)
    return None


def _base(node: Select, place: int) -> int | None:
    """Return the parameter that every case writes into, if it is one and not conditioned."""
    found = set()
    for case in node.cases:
        at = case[case.results[place]]
        while isinstance(at, Write):
            at = case[at.inputs[0]]
        found.add(at.id if isinstance(at, Param) else -1)
    base = found.pop()
    return None if found or base < node.sources else base


def _writes(case: Graph, place: int) -> list[Write]:
    """Return the writes of a case's result, the first first."""
    out: list[Write] = []
    at = case[case.results[place]]
    while isinstance(at, Write):
        out.append(at)
        at = case[at.inputs[0]]
    return out[::-1]


def _cells(scene: Scene, node: Select, place: int) -> list[Cell] | None:
    """Return the cells that cases write, or None where two may be one, or an index is uncertain."""
    cells: list[Cell] = []
    for number, case in enumerate(node.cases):
        known = known_nodes(case)
        for write in _writes(case, place):
            index = write.inputs[2:]
            if write.op is not None or any(write.axes) or not all(known[i] for i in index):
                return None
            outside = scene.inline(Graph(case.nodes, index), node.inputs)
            value = write.inputs[1]
            cell = Cell(write.axes, outside, case[value].type)
            twin = _twin(scene, cells, cell)
            if twin is None:
                return None
            twin.values[number] = value
    return cells


def _twin(scene: Scene, cells: list[Cell], cell: Cell) -> Cell | None:
    """Find a cell among others or add it to them; None where it may be one of them."""
    for other in cells:
        same = same_cell(scene, (cell.axes, cell.index), (other.axes, other.index))
        if same is None:
            return None
        if same:
            return other
    cells.append(cell)
    return cell


def _merged(scene: Scene, node: Select, place: int, base: int, cells: list[Cell]) -> list[NodeId]:
    assert isinstance(node.type, Tuple)
    whole = node.inputs[base]
    before = [_read(scene, node, whole, cell) for cell in cells]
    more = [Param(name=f"cell_{i}", type=cell.type, span=node.span) for i, cell in enumerate(cells)]
    order = range(len(node.inputs))

    def case(number: int, region: Graph) -> Graph:
        last = len(region.nodes)
        others = [r for p, r in enumerate(region.results) if p != place]
        values = [cell.values.get(number, last + i) for i, cell in enumerate(cells)]
        return transplant(region, order, [*others, *values], more=more)

    others = [t for p, t in enumerate(node.type.items) if p != place]
    made = replace(
        node,
        test=transplant(node.test, order, node.test.results, more=more),
        cases=tuple(case(k, region) for k, region in enumerate(node.cases)),
        inputs=(*node.inputs, *before),
        type=Tuple((*others, *(cell.type for cell in cells))),
    )
    parts = scene.parts(made)
    array = whole
    for cell, value in zip(cells, parts[len(others) :], strict=True):
        array = scene.add(
            Write(
                axes=cell.axes,
                inputs=(array, value, *cell.index),
                type=node.type.items[place],
                span=node.span,
            )
        )
    return [*parts[:place], array, *parts[place : len(others)]]


def _read(scene: Scene, node: Node, array: NodeId, cell: Cell) -> NodeId:
    return scene.add(
        Read(axes=cell.axes, inputs=(array, *cell.index), type=cell.type, span=node.span)
    )
