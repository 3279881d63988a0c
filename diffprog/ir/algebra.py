"""Rules on operations: constants folded, neutral elements dropped, conversions joined.

The algebra stands beside each rule; all of it holds for multilinear extensions, because a constant
is one-hot and each argument that stays is used as often as before. Never imports torch.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from diffprog.ir.graph import Apply, Const, Node, Table
from diffprog.ir.rewrite import Rule
from diffprog.ops import OPS
from diffprog.types import BOOL, Array, Bool, Enum, Int, Real, Tuple

if TYPE_CHECKING:
    from diffprog.ir.graph import NodeId
    from diffprog.ir.rewrite import Scene

LARGEST = 4096
"""A constant array of more cells is not made of one number: it would stand in the text."""


def _constants(scene: Scene, node: Node) -> list[Any] | None:
    """Return the values of a node's inputs, if all are constants."""
    inputs = [scene.node(i) for i in node.inputs]
    values = [n.value for n in inputs if isinstance(n, Const)]
    return values if len(values) == len(inputs) else None


def fold(scene: Scene, node: Node) -> NodeId | None:
    """f(1, 2) = the number that it is; not where the row is relaxed, or undefined there."""
    assert isinstance(node, Apply)
    values = _constants(scene, node)
    if values is None:
        return None
    match node.op:
        case "convert":
            return scene.const(node, _converted(values[0], node)) if _small(node) else None
        case "narrow":
            return scene.const(node, values[0]) if _inside(values[0], node) else None
        case "array":
            return scene.const(node, values) if _small(node) else None
        case "choose":
            return None
        case _:
            return _computed(scene, node, values)


def _small(node: Node) -> bool:
    return not isinstance(node.type, Array) or node.type.count <= LARGEST


def _inside(value: object, node: Node) -> bool:
    t = node.type
    return isinstance(t, Int) and isinstance(value, int) and t.lo <= value < t.hi


def _converted(value: Any, node: Node) -> Any:
    t = node.type
    if isinstance(t, Array) and not isinstance(value, list):
        value = _filled(value, t.shape)
    return _reals(value) if isinstance(t.item if isinstance(t, Array) else t, Real) else value


def _filled(value: Any, shape: tuple[int, ...]) -> Any:
    return [_filled(value, shape[1:]) for _ in range(shape[0])] if shape else value


def _reals(value: Any) -> Any:
    return [_reals(v) for v in value] if isinstance(value, list) else float(value)


def _computed(scene: Scene, node: Apply, values: list[Any]) -> NodeId | None:
    types = [scene.node(i).type for i in node.inputs]
    if any(isinstance(t, Array | Tuple) for t in (*types, node.type)):
        return None
    row = OPS[node.op]
    # A relaxed row on reals depends on the temperature: `3.0 > 2.0` is not 1 when soft.
    if row.relaxed and any(isinstance(t, Real) for t in types):
        return None
    try:
        value = row.crisp(*values)
    except (ArithmeticError, ValueError):
        return None
    if isinstance(node.type, Real):
        value = float(value)
        return scene.const(node, value) if isfinite(value) else None
    return scene.const(node, value)


def fold_table(scene: Scene, node: Node) -> NodeId | None:
    """table(1, 2) = its entry."""
    assert isinstance(node, Table)
    values = _constants(scene, node)
    if values is None or not values:
        return None
    place = 0
    for value, number in zip(values, node.inputs, strict=True):
        t = scene.node(number).type
        assert isinstance(t, Bool | Int | Enum)
        place = place * t.size + int(value) - t.lo
    assert isinstance(node.type, Bool | Int | Enum)
    return scene.const(node, node.type.values()[node.entries[place]])


def neutral(scene: Scene, node: Node) -> NodeId | None:
    """Neutral elements: x + 0, x - 0, x * 1, x / 1, x and true, x or false, x xor false are x."""
    assert isinstance(node, Apply)
    places = NEUTRAL.get(node.op, ())
    for place, value in places:
        other = scene.node(node.inputs[place])
        if isinstance(other, Const) and _is(other.value, value):
            return scene.into(node, node.inputs[1 - place])
    return None


NEUTRAL: dict[str, tuple[tuple[int, object], ...]] = {
    "add": ((0, 0), (1, 0)),
    "sub": ((1, 0),),
    "mul": ((0, 1), (1, 1)),
    "div": ((1, 1),),
    "and": ((0, True), (1, True)),
    "or": ((0, False), (1, False)),
    "xor": ((0, False), (1, False)),
}
"""For each row the places at which a constant changes nothing, and that constant."""


def absorbing(scene: Scene, node: Node) -> NodeId | None:
    """X * 0 = 0 on ints, x and false = false, x or true = true: the mass of x is 1."""
    assert isinstance(node, Apply)
    value = {"mul": 0, "and": False, "or": True}.get(node.op)
    if value is None or not isinstance(node.type, Int | Bool):
        return None
    for number in node.inputs:
        other = scene.node(number)
        if isinstance(other, Const) and _is(other.value, value):
            return scene.const(node, value)
    return None


def _is(value: object, wanted: object) -> bool:
    return isinstance(value, bool) == isinstance(wanted, bool) and value == wanted


def opposite(scene: Scene, node: Node) -> NodeId | None:
    """Not not x = x, -(-x) = x, x xor true = not x."""
    assert isinstance(node, Apply)
    if node.op == "xor" and node.type == BOOL:
        for place, number in enumerate(node.inputs):
            other = scene.node(number)
            if isinstance(other, Const) and other.value is True:
                return scene.apply(node, "not", node.inputs[1 - place])
    inner = scene.node(node.inputs[0])
    if node.op in ("not", "neg") and isinstance(inner, Apply) and inner.op == node.op:
        return scene.into(node, inner.inputs[0])
    return None


def conversion(scene: Scene, node: Node) -> NodeId | None:
    """convert(x) = x in x's own type; convert(convert(x)) = convert(x); narrow(convert(x)) = x."""
    assert isinstance(node, Apply)
    if node.op not in ("convert", "narrow"):
        return None
    (number,) = node.inputs
    inner = scene.node(number)
    if inner.type == node.type:
        return number
    if isinstance(inner, Apply) and inner.op == "convert":
        (origin,) = inner.inputs
        if node.op == "convert":
            return scene.apply(node, "convert", origin)
        if scene.node(origin).type == node.type:
            return origin
    return None


def chosen(scene: Scene, node: Node) -> NodeId | None:
    """choose(true, a, b) = a, choose(t, a, a) = a: the mass of t is 1."""
    assert isinstance(node, Apply)
    if node.op != "choose":
        return None
    test, then, other = node.inputs
    known = scene.node(test)
    if isinstance(known, Const):
        return then if known.value else other
    return then if then == other else None


def order(scene: Scene, node: Node) -> NodeId | None:
    """f(b, a) = f(a, b) where f commutes: so that equal operations are one; constants go last."""
    assert isinstance(node, Apply)
    row = OPS.get(node.op)
    if row is None or not row.commutative:
        return None
    a, b = node.inputs
    if (isinstance(scene.node(a), Const), a) <= (isinstance(scene.node(b), Const), b):
        return None
    return scene.apply(node, node.op, b, a)


ALGEBRA = (
    Rule("fold", Apply, fold),
    Rule("fold table", Table, fold_table),
    Rule("neutral", Apply, neutral),
    Rule("absorbing", Apply, absorbing),
    Rule("opposite", Apply, opposite),
    Rule("conversion", Apply, conversion),
    Rule("chosen", Apply, chosen),
    Rule("order", Apply, order),
)
