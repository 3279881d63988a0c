"""Differences of integer nodes: what additions show, and what they do not."""

from __future__ import annotations

from diffprog.errors import Source, Span
from diffprog.ir.affine import difference
from diffprog.ir.graph import Apply, Builder, Const, NodeId
from diffprog.ops import OPS
from diffprog.types import Int, Type

SPAN = Span(Source("t.dp", "x"), 0, 1)


def _apply(b: Builder, op: str, *inputs: NodeId, type: Type | None = None) -> NodeId:
    t = OPS[op].rule([b.type(i) for i in inputs]) if type is None else type
    return b.add(Apply(op=op, inputs=inputs, type=t, span=SPAN))


def _const(b: Builder, value: int) -> NodeId:
    return b.add(Const(value=value, type=Int(value, value + 1), span=SPAN))


def test_neighbours_differ_by_one() -> None:
    """`i + 1` is one more than `i`, in both directions; a node is itself."""
    b = Builder()
    i = b.param("i", Int(0, 5), SPAN, known=True)
    after = _apply(b, "add", i, _const(b, 1))
    assert difference(b.nodes, after, i) == 1
    assert difference(b.nodes, i, after) == -1
    assert difference(b.nodes, i, i) == 0


def test_terms_cancel_through_conversions() -> None:
    """`(j + 2) - j`, seen through convert and narrow and written in another order, is 2."""
    b = Builder()
    i, j = b.param("i", Int(0, 5), SPAN), b.param("j", Int(0, 5), SPAN)
    left = _apply(b, "add", _apply(b, "add", i, j), _const(b, 2))
    wide = _apply(b, "convert", left, type=Int(0, 20))
    right = _apply(b, "narrow", _apply(b, "add", j, i), type=Int(0, 4))
    assert difference(b.nodes, wide, right) == 2


def test_multiples_and_signs() -> None:
    """`2 * i - i` is `i`, and `3 - i` is `-i` and 3."""
    b = Builder()
    i = b.param("i", Int(0, 5), SPAN)
    twice = _apply(b, "mul", _const(b, 2), i)
    assert difference(b.nodes, _apply(b, "sub", twice, i), i) == 0
    assert difference(b.nodes, _apply(b, "sub", _const(b, 3), i), _apply(b, "neg", i)) == 3


def test_unrelated_nodes_have_no_difference() -> None:
    """Two parameters, a remainder and a product show nothing."""
    b = Builder()
    i, j = b.param("i", Int(0, 5), SPAN), b.param("j", Int(0, 5), SPAN)
    assert difference(b.nodes, i, j) is None
    assert difference(b.nodes, _apply(b, "mod", i, _const(b, 3)), i) is None
    assert difference(b.nodes, _apply(b, "mul", i, j), i) is None


def test_equal_remainders_cancel() -> None:
    """What cannot be opened still cancels against itself."""
    b = Builder()
    i = b.param("i", Int(0, 5), SPAN)
    rest = _apply(b, "mod", i, _const(b, 3))
    assert difference(b.nodes, _apply(b, "add", rest, _const(b, 1)), rest) == 1


def test_a_doubling_chain_costs_its_length() -> None:
    """`x = x + x` fifty times over is opened once a step, not 2 ** 50 times."""
    b = Builder()
    x = b.param("x", Int(0, 2), SPAN)
    for _ in range(50):
        x = _apply(b, "add", x, x, type=Int(0, 2))
    assert difference(b.nodes, _apply(b, "add", x, _const(b, 7)), x) == 7
