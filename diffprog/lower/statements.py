"""Statements of the typed tree, as nodes and changes of variables.

In: a block and the region it stands in. Out: nothing but the region's variables, assigned.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, assert_never

from diffprog.ir.graph import Axes, Hole, NodeId, Write
from diffprog.lang import typed
from diffprog.lower.branches import select
from diffprog.lower.rounds import for_each_loop, for_loop, repeat_loop, while_loop
from diffprog.lower.variables import bind, converted, values
from diffprog.types import Bool, Enum, Int

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.errors import Span
    from diffprog.lower.expressions import Lowering
    from diffprog.lower.region import Region


def run_block(low: Lowering, region: Region, block: typed.Block) -> None:
    """Run a block in a region."""
    for s in block:
        _run(low, region, s)


def _run(low: Lowering, region: Region, s: typed.TStatement) -> None:  # noqa: C901 - a case a kind
    match s:
        case typed.Assign():
            _assign(low, region, s)
        case typed.Update():
            axes, index = low.index(region, s.place.parts)
            _write(low, region, s.place, (axes, index), low.node(region, s.value), s.span, s.op)
        case typed.Swap():
            _swap(low, region, s)
        case typed.Learn(name, hole):
            region.assign(name, region.add(Hole(key=hole.key, type=hole.type, span=s.span)))
        case typed.If():
            test = low.node(region, s.test)
            _branch(low, region, test, (0, 1), (s.orelse, s.then), s.merged, s.span)
        case typed.Match():
            _match(low, region, s)
        case typed.Choose():
            test = low.hole(region, s)
            order = range(len(s.alternatives))
            _branch(low, region, test, order, s.alternatives, s.merged, s.span)
        case typed.For():
            for_loop(low, region, s)
        case typed.ForEach():
            for_each_loop(low, region, s)
        case typed.While():
            while_loop(low, region, s)
        case typed.Repeat():
            repeat_loop(low, region, s)
        case _:
            assert_never(s)


# --- assignment ----------------------------------------


def _assign(low: Lowering, region: Region, s: typed.Assign) -> None:
    if not s.place.parts:
        value = converted(region, low.value(region, s.value), s.place.type, s.span)
        region.assign(s.place.name, value)
        return
    value = low.node(region, s.value)
    index = low.index(region, s.place.parts)
    _write(low, region, s.place, index, value, s.span)


def _write(
    low: Lowering,
    region: Region,
    place: typed.Place,
    at: tuple[Axes, list[NodeId]],
    value: NodeId,
    span: Span,
    op: str | None = None,
) -> None:
    axes, index = at
    array = region.get(place.name)
    assert isinstance(array, int)
    if op is None:
        value = region.convert(value, place.type, span)
    node = Write(
        axes=axes,
        op=op,
        inputs=(array, value, *index),
        type=region.type(array),
        span=span,
    )
    region.assign(place.name, region.add(node))


def _swap(low: Lowering, region: Region, s: typed.Swap) -> None:
    sides = []
    for place in (s.left, s.right):
        axes, index = low.index(region, place.parts)
        old = region.get(place.name)
        if place.parts:
            assert isinstance(old, int)
            old = region.read(old, axes, index, place.type, s.span)
        sides.append((place, (axes, index), old))
    (left, at_left, old_left), (right, at_right, old_right) = sides
    for place, at, value in ((left, at_left, old_right), (right, at_right, old_left)):
        if place.parts:
            assert isinstance(value, int)
            _write(low, region, place, at, value, s.span)
        else:
            region.assign(place.name, converted(region, value, place.type, s.span))


# --- branches ----------------------------------------


def _match(low: Lowering, region: Region, s: typed.Match) -> None:
    subject = low.node(region, s.subject)
    t = region.type(subject)
    assert isinstance(t, Bool | Int | Enum)
    goes = {int(v) - t.lo: k for k, (values, _) in enumerate(s.cases) for v in values}
    unions = [goes.get(v, 0) for v in range(t.size)]
    _branch(low, region, subject, unions, [b for _, b in s.cases], s.merged, s.span)


def _branch(
    low: Lowering,
    region: Region,
    test: NodeId,
    unions: Sequence[int],
    cases: Sequence[typed.Block],
    merged: typed.Merged,
    span: Span,
) -> None:
    def case(block: typed.Block, inner: Region) -> list[NodeId]:
        run_block(low, inner, block)
        return values(inner, merged, span)

    results = select(region, test, unions, [partial(case, b) for b in cases], span)
    bind(region, merged, results)
