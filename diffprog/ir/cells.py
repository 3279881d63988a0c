"""Rules on memory: reads and writes at known indices, which are cells and not attentions.

Two indices are the same cell if their difference is 0, and never the same if it is another
constant. All of it holds for known indices alone: with an uncertain index i, reading what was
written there gives sum_j i_j (i_j v + (1 - i_j) M_j), not v. Never imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diffprog.ir.affine import difference
from diffprog.ir.graph import Apply, Const, Node, Read, Reduce, Write
from diffprog.ir.rewrite import Rule
from diffprog.ops import REDUCTIONS
from diffprog.types import Array, is_finite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Axes, NodeId
    from diffprog.ir.rewrite import Scene


def same_cell(
    scene: Scene, one: tuple[Axes, Sequence[NodeId]], other: tuple[Axes, Sequence[NodeId]]
) -> bool | None:
    """Say whether two places at known indices are the same, never the same (False), or maybe."""
    if one[0] != other[0] or not all(map(scene.is_known, (*one[1], *other[1]))):
        return None
    gaps = [difference(scene.builder.nodes, a, b) for a, b in zip(one[1], other[1], strict=True)]
    if any(gap for gap in gaps):
        return False
    return True if all(gap == 0 for gap in gaps) else None


def _place(node: Read | Write) -> tuple[Axes, Sequence[NodeId]]:
    return node.axes, node.inputs[1 if isinstance(node, Read) else 2 :]


def read_written(scene: Scene, node: Node) -> NodeId | None:
    """(M with M[i] = v)[i] = v, (M with M[i] = v)[j] = M[j] for j that is never i."""
    assert isinstance(node, Read)
    inner = scene.node(node.inputs[0])
    if not isinstance(inner, Write):
        return None
    same = same_cell(scene, _place(node), _place(inner))
    if same is False:
        return _read(scene, node, inner.inputs[0], node.axes, node.inputs[1:])
    return inner.inputs[1] if same and inner.op is None else None


def _read(scene: Scene, like: Node, array: NodeId, axes: Axes, indices: Sequence[NodeId]) -> NodeId:
    return scene.add(Read(axes=axes, inputs=(array, *indices), type=like.type, span=like.span))


def read_array(scene: Scene, node: Node) -> NodeId | None:
    """[a, b][1] = b, and [a, b][1, i] = b[i]."""
    assert isinstance(node, Read)
    inner = scene.node(node.inputs[0])
    if not (isinstance(inner, Apply) and inner.op == "array" and node.axes[:1] == (None,)):
        return None
    first = scene.node(node.inputs[1])
    if not isinstance(first, Const):
        return None
    assert isinstance(first.value, int)
    item = inner.inputs[first.value]
    return _read(scene, node, item, node.axes[1:], node.inputs[2:]) if node.axes[1:] else item


def read_constant(scene: Scene, node: Node) -> NodeId | None:
    """[1, 2][0] = 1."""
    assert isinstance(node, Read)
    array, *indices = (scene.node(i) for i in node.inputs)
    if not isinstance(array, Const) or None not in node.axes or any(node.axes):
        return None
    value: Any = array.value
    for index in indices:
        if not isinstance(index, Const):
            return None
        value = value[index.value]
    return scene.const(node, value)


def read_copies(scene: Scene, node: Node) -> NodeId | None:
    """(x in every cell)[i] = x, for any i: its mass is 1."""
    assert isinstance(node, Read)
    inner = scene.node(node.inputs[0])
    if isinstance(node.type, Array) or not (isinstance(inner, Apply) and inner.op == "convert"):
        return None
    (x,) = inner.inputs
    if isinstance(scene.node(x).type, Array):
        return None
    return scene.into(node, x)


def overwritten(scene: Scene, node: Node) -> NodeId | None:
    """(M with M[i] = u) with M[i] = v is M with M[i] = v."""
    assert isinstance(node, Write)
    inner = scene.node(node.inputs[0])
    if not isinstance(inner, Write) or node.op is not None:
        return None
    if not same_cell(scene, _place(node), _place(inner)):
        return None
    inputs = (inner.inputs[0], *node.inputs[1:])
    return scene.add(Write(axes=node.axes, inputs=inputs, type=node.type, span=node.span))


def written_back(scene: Scene, node: Node) -> NodeId | None:
    """M with M[i] = M[i] is M."""
    assert isinstance(node, Write)
    value = scene.node(node.inputs[1])
    if not isinstance(value, Read) or node.op is not None:
        return None
    same = value.inputs[0] == node.inputs[0] and same_cell(scene, _place(node), _place(value))
    return node.inputs[0] if same else None


def fold_reduction(scene: Scene, node: Node) -> NodeId | None:
    """sum([1, 2]) = 3, of finite cells."""
    assert isinstance(node, Reduce)
    array = scene.node(node.inputs[0])
    if not isinstance(array, Const) or node.masked or not is_finite(array.type):
        return None
    cells = list(enumerate(_flat(array.value)))
    spec = REDUCTIONS[node.op]
    return scene.const(node, spec.crisp(cells)) if cells else None


def _flat(value: Any) -> list[Any]:
    return [x for v in value for x in _flat(v)] if isinstance(value, list) else [value]


CELLS = (
    Rule("read written", Read, read_written),
    Rule("read array", Read, read_array),
    Rule("read constant", Read, read_constant),
    Rule("read copies", Read, read_copies),
    Rule("overwritten", Write, overwritten),
    Rule("written back", Write, written_back),
    Rule("fold reduction", Reduce, fold_reduction),
)
