"""Expressions of the typed tree, as nodes.

In: an expression and the region it stands in. Out: its value there (a node, or a tuple of
them).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, assert_never

from diffprog.ir.graph import Apply, Axes, Cut, Hole, Network, NodeId, Reduce
from diffprog.lang import typed
from diffprog.lang.walk import conditionals, expressions, statements, within
from diffprog.lower.branches import select
from diffprog.lower.region import Region, Scope
from diffprog.lower.tabulate import (
    JOINT_DOMAIN,
    array_of,
    cells,
    domain_size,
    function_table,
    tabulated,
)
from diffprog.lower.value import Val, flat, unflat
from diffprog.lower.variables import converted
from diffprog.types import Array, Bool, Enum, Int, Tuple, Type, Value, is_finite

if TYPE_CHECKING:
    from diffprog.errors import Span

Evaluate = Callable[[typed.Function, Sequence[Value]], Value]
"""The interpreter of one function on crisp arguments; the pipeline hands it in."""

SPECULATION_DEPTH = 5
"""Conditionals nested deeper are not tried as tables: each try lowers its sides once more."""

LIFTED_CELLS = 256
"""An operation over an array with itself is tabulated cell by cell up to this many cells."""


@dataclass
class Lowering:
    """What the lowering of one program knows throughout."""

    evaluate: Evaluate
    run_body: Callable[[Lowering, Region, typed.Block], None]
    heights: dict[int, int] = field(default_factory=dict)
    known: dict[tuple[int, tuple[Value, ...]], Value] = field(default_factory=dict)

    def node(self, region: Region, e: typed.Expr) -> NodeId:
        """Return the node of an expression that is not a tuple."""
        value = self.value(region, e)
        assert isinstance(value, int)
        return value

    def value(self, region: Region, e: typed.Expr) -> Val:  # noqa: C901, PLR0912 - a case a kind
        """Return the value of an expression."""
        match e:
            case typed.Lit():
                return _literal(region, e.value, e.type, e.span)
            case typed.Var(name):
                return region.get(name)
            case typed.Apply():
                return self._apply(region, e)
            case typed.Reduce():
                return self._reduce(region, e)
            case typed.Index():
                axes, index = self.index(region, e.parts)
                array = self.node(region, e.base)
                return tabulated(region, region.read(array, axes, index, e.type, e.span))
            case typed.Conditional():
                return self._conditional(region, e)
            case typed.Call():
                return self._call(region, e)
            case typed.NetCall():
                return self._net(region, e)
            case typed.ArrayOf(items):
                inputs = tuple(self.node(region, i) for i in items)
                return region.add(Apply(op="array", inputs=inputs, type=e.type, span=e.span))
            case typed.TupleOf(items):
                return tuple(self.value(region, i) for i in items)
            case typed.Part(base, place):
                parts = self.value(region, base)
                assert isinstance(parts, tuple)
                return parts[place]
            case typed.Convert(inner):
                return converted(region, self.value(region, inner), e.type, e.span)
            case typed.Narrow(inner):
                inputs = (self.node(region, inner),)
                return region.add(Apply(op="narrow", inputs=inputs, type=e.type, span=e.span))
            case typed.ChooseValue():
                return self.hole(region, e, branches=False)
            case typed.ChooseExpr():
                return self._choose(region, e)
            case _:
                assert_never(e)

    def index(
        self, region: Region, parts: Sequence[typed.Expr | typed.Cut]
    ) -> tuple[Axes, list[NodeId]]:
        """Return how the axes are indexed, and the nodes that index them."""
        axes = tuple(Cut(p.lo, p.hi) if isinstance(p, typed.Cut) else None for p in parts)
        return axes, [self.node(region, p) for p in parts if not isinstance(p, typed.Cut)]

    def hole(
        self,
        region: Region,
        e: typed.ChooseValue | typed.ChooseExpr | typed.Choose,
        *,
        branches: bool = True,
    ) -> NodeId:
        """Append the value of a choice, or return that of a decision that was made before."""
        if not isinstance(e, typed.ChooseValue) and e.decided is not None:
            return self.node(region, e.decided)
        logits = e.logits if isinstance(e, typed.ChooseValue) else None
        inputs = [self.node(region, g) for g in (e.given if logits is None else (logits,))]
        if e.mask is not None:
            inputs.append(self.node(region, e.mask))
        return region.add(
            Hole(
                key=e.hole.key,
                masked=e.mask is not None,
                branches=branches,
                logits=logits is not None,
                inputs=tuple(inputs),
                type=e.hole.type,
                span=e.span,
            )
        )

    def _apply(self, region: Region, e: typed.Apply) -> NodeId:
        inputs = tuple(self.node(region, a) for a in e.args)
        node = Apply(op=e.op, inputs=inputs, type=e.type, span=e.span)
        if isinstance(e.type, Array) and is_finite(e.type):
            return _lifted(region, node, e.type)
        return tabulated(region, region.add(node))

    def _reduce(self, region: Region, e: typed.Reduce) -> NodeId:
        extra = [self.node(region, x) for x in (e.where, e.otherwise) if x is not None]
        node = Reduce(
            op=e.op,
            masked=e.where is not None,
            otherwise=e.otherwise is not None,
            inputs=(self.node(region, e.array), *extra),
            type=e.type,
            span=e.span,
        )
        return tabulated(region, region.add(node))

    def _conditional(self, region: Region, e: typed.Conditional) -> Val:
        test = self.node(region, e.test)
        table = self._as_table(region, test, e)
        if table is not None:
            return table
        cases = [partial(self._nodes, side) for side in (e.other, e.then)]
        found = select(region, test, (0, 1), cases, e.span)
        return unflat(iter(found), e.type)

    def _nodes(self, e: typed.Expr, region: Region) -> list[NodeId]:
        return flat(self.value(region, e))

    def _as_table(self, region: Region, test: NodeId, e: typed.Conditional) -> NodeId | None:
        """Return a table for a conditional in which some source is used twice, or None."""
        if not isinstance(e.type, Bool | Int | Enum) or self._height(e) > SPECULATION_DEPTH:
            return None
        if not (plain(e.then) and plain(e.other)):
            return None
        inputs = (test, self.node(region, e.then), self.node(region, e.other))
        number = region.add(Apply(op="choose", inputs=inputs, type=e.type, span=e.span))
        table = tabulated(region, number)
        return None if table == number else table

    def _height(self, e: typed.Conditional) -> int:
        if id(e) not in self.heights:
            inner = [self._height(c) for c in conditionals((e.test, e.then, e.other))]
            self.heights[id(e)] = 1 + max(inner, default=0)
        return self.heights[id(e)]

    def _crisp(self, function: typed.Function, values: tuple[Value, ...]) -> Value:
        """Return what a function gives; a function that is called again is not run again."""
        key = id(function), values
        if key not in self.known:
            self.known[key] = self.evaluate(function, values)
        return self.known[key]

    def _choose(self, region: Region, e: typed.ChooseExpr) -> Val:
        test = self.hole(region, e)
        cases = [partial(self._nodes, a) for a in e.alternatives]
        found = select(region, test, range(len(cases)), cases, e.span)
        return unflat(iter(found), e.type)

    def _call(self, region: Region, e: typed.Call) -> Val:
        args = [self.value(region, a) for a in e.args]
        function = e.function
        size = domain_size([t for _, t in function.params])
        scalar = isinstance(function.result, Bool | Int | Enum)
        if size is not None and 0 < size <= JOINT_DOMAIN and scalar and args and closed(function):
            inputs = [n for a in args for n in flat(a)]
            return function_table(
                region, partial(self._crisp, function), inputs, function.result, e.span
            )
        caller = region.scope
        region.scope = Scope({n: a for (n, _), a in zip(function.params, args, strict=True)})
        self.run_body(self, region, function.body)
        result = region.get(typed.RESULT)
        region.scope = caller
        return result

    def _net(self, region: Region, e: typed.NetCall) -> Val:
        inputs = tuple(self.node(region, a) for a in e.args)
        node = Network(
            name=e.net.name, kind=e.net.kind, lifted=e.lifted,
            inputs=inputs, type=e.type, span=e.span,
        )  # fmt: skip
        number = region.add(node)
        if not isinstance(e.type, Tuple):
            return number
        return tuple(region.project(number, place) for place in range(len(e.type.items)))


def _literal(region: Region, value: Value, t: Type, span: Span) -> Val:
    if isinstance(t, Tuple):
        assert isinstance(value, tuple)
        return tuple(_literal(region, v, u, span) for v, u in zip(value, t.items, strict=True))
    return region.const(value, t, span)


def _lifted(region: Region, node: Apply, t: Array) -> NodeId:
    number = region.add(node)
    shared, seen = 0, 0
    for i in node.inputs:
        shared |= seen & region.pure[i]
        seen |= region.pure[i]
    if not shared or t.count > LIFTED_CELLS:
        return number
    parts = [tabulated(region, c) for c in cells(region, number, node.span)]
    return array_of(region, parts, t, node.span)


def plain(e: typed.Expr) -> bool:
    """Say whether a side of a conditional is made of finite operations alone.

    Without choices.
    """
    return all(
        is_finite(x.type) and not isinstance(x, typed.ChooseValue | typed.ChooseExpr | typed.Call)
        for x in within([e])
    )


def closed(function: typed.Function) -> bool:
    """Say whether a function can be tabulated whole.

    No hole in it, no network, and no loop that may be left unfinished.
    """
    return not any(_opens(s) for s in statements(function.body))


def _opens(s: typed.TStatement) -> bool:
    if isinstance(s, typed.Learn | typed.Choose | typed.While | typed.Repeat):
        return True
    for e in within(expressions(s)):
        if isinstance(e, typed.ChooseValue | typed.ChooseExpr | typed.NetCall):
            return True
        if isinstance(e, typed.Call) and not closed(e.function):
            return True
    return False
