"""Hand-built graphs that the tests of learning share: a bubble sort and a parity with holes."""

from __future__ import annotations

from diffprog.errors import Source, Span
from diffprog.ir.graph import Apply, Builder, Const, For, Graph, Hole, Read, Select, Write
from diffprog.lang import typed
from diffprog.types import BOOL, Array, Int, Tuple, Type

SPAN = Span(Source("hand.dp", "built by hand"), 0, 5)


def const(b: Builder, value: int, t: Type) -> int:
    """Append a constant."""
    return b.add(Const(value=value, type=t, span=SPAN))


def apply(b: Builder, op: str, t: Type, *inputs: int) -> int:
    """Append a row."""
    return b.add(Apply(op=op, type=t, inputs=inputs, span=SPAN))


def identity(t: Type, *others: Type) -> Graph:
    """Return the region that gives its first parameter back."""
    b = Builder()
    first = b.param("test", t, SPAN)
    for i, other in enumerate(others):
        b.param(f"p{i}", other, SPAN)
    return b.done([first])


def _swap(xs: Array, index: Int) -> Graph:
    b = Builder()
    b.param("chosen", Int(0, 2), SPAN)
    array = b.param("xs", xs, SPAN)
    i, j = b.param("i", index, SPAN), b.param("j", index, SPAN)
    left = b.add(Read(axes=(None,), inputs=(array, i), type=xs.item, span=SPAN))
    right = b.add(Read(axes=(None,), inputs=(array, j), type=xs.item, span=SPAN))
    first = b.add(Write(axes=(None,), inputs=(array, right, i), type=xs, span=SPAN))
    second = b.add(Write(axes=(None,), inputs=(first, left, j), type=xs, span=SPAN))
    return b.done([second])


def _keep(xs: Array, index: Int) -> Graph:
    b = Builder()
    b.param("chosen", Int(0, 2), SPAN)
    array = b.param("xs", xs, SPAN)
    b.param("i", index, SPAN)
    b.param("j", index, SPAN)
    return b.done([array])


def _inner(xs: Array, n: int, digits: int) -> Graph:
    b = Builder()
    i = b.param("i", Int(0, n), SPAN, known=True)
    array = b.param("xs", xs, SPAN)
    one = const(b, 1, Int(1, 2))
    j = apply(b, "add", Int(1, n + 1), i, one)
    left = b.add(Read(axes=(None,), inputs=(array, i), type=xs.item, span=SPAN))
    right = b.add(Read(axes=(None,), inputs=(array, j), type=xs.item, span=SPAN))
    chosen = b.add(Hole(key="sort#0", type=Int(0, 2), inputs=(left, right), span=SPAN))
    index = Int(0, n + 1)
    where = b.add(
        Select(
            sources=1,
            test=identity(Int(0, 2), xs, index, index),
            unions=(0, 1),
            cases=(_swap(xs, index), _keep(xs, index)),
            inputs=(chosen, array, i, j),
            type=Tuple((xs,)),
            span=SPAN,
        )
    )
    return b.done([b.project(where, 0)])


def bubble_sort(n: int, digits: int) -> tuple[Graph, dict[str, typed.Hole]]:
    """Return bubble sort with an unknown comparison, and its hole."""
    xs, counter = Array((n,), Int(0, digits)), Int(0, n)
    outer = Builder()
    end = outer.param("end", counter, SPAN, known=True)
    array = outer.param("xs", xs, SPAN)
    zero = const(outer, 0, counter)
    body = For(step=1, carried=1, body=_inner(xs, n, digits), inputs=(zero, end, array),
               type=Tuple((xs,)), span=SPAN)  # fmt: skip
    done = outer.done([outer.project(outer.add(body), 0)])
    b = Builder()
    array = b.param("xs", xs, SPAN)
    last, zero = const(b, n - 1, counter), const(b, 0, counter)
    loop = For(step=-1, carried=1, body=done, inputs=(last, zero, array),
               type=Tuple((xs,)), span=SPAN)  # fmt: skip
    graph = b.done([b.project(b.add(loop), 0)])
    given = (Int(0, digits), Int(0, digits))
    hole = typed.Hole("sort#0", "select", Int(0, 2), given, SPAN, ("swap", "pass"))
    return graph, {hole.key: hole}


def parity(n: int) -> tuple[Graph, dict[str, typed.Hole]]:
    """Return a fold with an unknown operator and an unknown start, and its holes."""
    bits, ops = Array((n,), BOOL), ("and", "or", "xor")
    body = Builder()
    i = body.param("i", Int(0, n), SPAN, known=True)
    state = body.param("state", BOOL, SPAN)
    array = body.param("bits", bits, SPAN)
    bit = body.add(Read(axes=(None,), inputs=(array, i), type=BOOL, span=SPAN))
    chosen = body.add(Hole(key="parity#1", type=Int(0, 4), span=SPAN))
    cases = [_case(op) for op in (*ops, "not")]
    where = body.add(
        Select(
            sources=1, test=identity(Int(0, 4), BOOL, BOOL), unions=(0, 1, 2, 3),
            cases=tuple(cases), inputs=(chosen, state, bit), type=Tuple((BOOL,)), span=SPAN,
        )
    )  # fmt: skip
    region = body.done([body.project(where, 0)])
    b = Builder()
    array = b.param("bits", bits, SPAN)
    first = b.add(Hole(key="parity#0", type=BOOL, span=SPAN))
    counter = Int(0, n + 1)
    lo, hi = const(b, 0, counter), const(b, n, counter)
    loop = For(step=1, carried=1, body=region, inputs=(lo, hi, first, array),
               type=Tuple((BOOL,)), span=SPAN)  # fmt: skip
    graph = b.done([b.project(b.add(loop), 0)])
    start = typed.Hole("parity#0", "value", BOOL, (), SPAN)
    op = typed.Hole("parity#1", "select", Int(0, 4), (), SPAN, (*ops, "not"))
    return graph, {start.key: start, op.key: op}


def _case(op: str) -> Graph:
    b = Builder()
    b.param("chosen", Int(0, 4), SPAN)
    state, bit = b.param("state", BOOL, SPAN), b.param("bit", BOOL, SPAN)
    return b.done([apply(b, op, BOOL, *((bit,) if op == "not" else (state, bit)))])
