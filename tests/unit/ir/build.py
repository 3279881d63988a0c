"""Short names to build graphs by hand, for the tests of the graph's rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.errors import Source, Span
from diffprog.ir.derive import lifted
from diffprog.ir.graph import (
    Apply,
    Builder,
    Const,
    Cut,
    For,
    Halting,
    Hole,
    Loop,
    Read,
    Reduce,
    Select,
    Table,
    Write,
)
from diffprog.ops import REDUCTIONS
from diffprog.types import BOOL, Array, Bool, Int, Real, Tuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diffprog.ir.graph import Graph, Node, NodeId
    from diffprog.types import Type, Value

    _Named = tuple[str, Type] | tuple[str, Type, bool]

TEXT = "\n".join(f"line {n:3}" for n in range(1, 100))
SOURCE = Source("test.dp", TEXT)


def at(line: int) -> Span:
    """Return a span on a line of the test's source."""
    return Span(SOURCE, (line - 1) * 9, (line - 1) * 9 + 8)


class Region(Builder):
    """A builder that derives types; `line` is the place of what is built next."""

    def __init__(self, *params: _Named) -> None:
        super().__init__()
        self.line = 1
        for name, t, *known in params:
            self.param(name, t, at(1), known=bool(known))

    @property
    def here(self) -> Span:
        """The place of the next node."""
        return at(self.line)

    def put(self, node: Node) -> NodeId:
        """Append a node on a line of its own."""
        self.line = min(self.line + 1, 98)
        return self.add(node)

    def const(self, value: Value, t: Type | None = None) -> NodeId:
        """Append a constant."""
        return self.put(Const(value=value, type=t or _type(value), span=self.here))

    def op(self, name: str, *inputs: NodeId) -> NodeId:
        """Append a row."""
        t = lifted(name, [self.type(i) for i in inputs])
        return self.put(Apply(op=name, inputs=inputs, type=t, span=self.here))

    def into(self, name: str, value: NodeId, t: Type) -> NodeId:
        """Append a `convert` or a `narrow`."""
        return self.put(Apply(op=name, inputs=(value,), type=t, span=self.here))

    def array(self, *items: NodeId) -> NodeId:
        """Append the inputs side by side."""
        t = self.type(items[0])
        assert not isinstance(t, Tuple | Array)
        whole = Array((len(items),), t)
        return self.put(Apply(op="array", inputs=items, type=whole, span=self.here))

    def read(self, array: NodeId, *indices: NodeId) -> NodeId:
        """Append a read of one cell (or of a row, where indices are missing)."""
        t = self.type(array)
        assert isinstance(t, Array)
        rest = t.shape[len(indices) :]
        cell: Type = Array(rest, t.item) if rest else t.item
        axes = (None,) * len(indices)
        return self.put(Read(axes=axes, inputs=(array, *indices), type=cell, span=self.here))

    def cut(self, array: NodeId, lo: int, hi: int) -> NodeId:
        """Append a static slice of the first axis."""
        t = self.type(array)
        assert isinstance(t, Array)
        t = Array((hi - lo, *t.shape[1:]), t.item)
        return self.put(Read(axes=(Cut(lo, hi),), inputs=(array,), type=t, span=self.here))

    def write(
        self, array: NodeId, value: NodeId, *indices: NodeId, op: str | None = None
    ) -> NodeId:
        """Append a write of one cell."""
        node = Write(
            axes=(None,) * len(indices),
            op=op,
            inputs=(array, value, *indices),
            type=self.type(array),
            span=self.here,
        )
        return self.put(node)

    def reduce(self, op: str, array: NodeId, mask: NodeId | None = None) -> NodeId:
        """Append a reduction."""
        t = self.type(array)
        assert isinstance(t, Array)
        inputs = (array,) if mask is None else (array, mask)
        result = REDUCTIONS[op].rule(t.item, t.count)
        masked = mask is not None
        return self.put(Reduce(op=op, masked=masked, inputs=inputs, type=result, span=self.here))

    def hole(self, key: str, t: Type, *given: NodeId) -> NodeId:
        """Append a hole."""
        return self.put(Hole(key=key, inputs=given, type=t, span=self.here))

    def table(self, t: Type, entries: tuple[int, ...], *inputs: NodeId) -> NodeId:
        """Append a tabulated function."""
        return self.put(
            Table(entries=entries, expression=None, inputs=inputs, type=t, span=self.here)
        )

    def select(
        self,
        sources: list[NodeId],
        others: list[NodeId],
        test: Callable[[Region], NodeId],
        *cases: Callable[[Region], list[NodeId]],
        unions: tuple[int, ...] | None = None,
    ) -> tuple[NodeId, list[NodeId]]:
        """Append a select whose regions functions fill; return it and its projections.

        The parameters of each region are nodes 0, 1, … in the order of sources and others.
        """
        inputs = (*sources, *others)
        params: list[_Named] = [
            (f"p{k}", self.type(i), True) if self._is_known(i) else (f"p{k}", self.type(i))
            for k, i in enumerate(inputs)
        ]
        tests = Region(*params)
        done = tests.done([test(tests)])
        regions = [_filled(params, case) for case in cases]
        (t,) = done.types
        assert isinstance(t, Bool | Int)
        node = Select(
            sources=len(sources),
            test=done,
            unions=unions or tuple(range(t.size)),
            cases=tuple(regions),
            inputs=inputs,
            type=Tuple(regions[0].types),
            span=self.here,
        )
        return self._parts(self.put(node), len(regions[0].results))

    def loop_for(
        self,
        bounds: tuple[NodeId, NodeId],
        counter: Type,
        carried: list[NodeId],
        others: list[NodeId],
        body: Callable[[Region], list[NodeId]],
    ) -> tuple[NodeId, list[NodeId]]:
        """Append a for; parameters of the body: 0 the counter, then carried, then others."""
        inputs = (*bounds, *carried, *others)
        params = [("k", counter, True), *self._named(inputs[2:])]
        region = _filled(params, body)
        t = Tuple(tuple(self.type(c) for c in carried))
        node = For(step=1, carried=len(carried), body=region, inputs=inputs, type=t, span=self.here)
        return self._parts(self.put(node), len(carried))

    def loop(
        self,
        carried: list[NodeId],
        rounds: int,
        test: Callable[[Region], NodeId],
        go: Callable[[Region], list[NodeId]],
        *,
        halting: Halting | None = None,
    ) -> tuple[NodeId, list[NodeId]]:
        """Append a `while` on its first carried value, the one source; the others are carried.

        Parameters of the test: 0 the counter, 1 the source; of `go`: 0 the counter, 1 the
        source, then what is carried.
        """
        named = self._named(carried)
        k = ("k", Int(0, rounds), True)
        source = ("s", self.type(carried[0]))
        tests = Region(k, source)
        whole = [k, source, *named]
        node = Loop(
            carried=len(carried),
            sources=1,
            rounds=rounds,
            halting=halting or Halting(),
            before=None,
            probe=_filled([k, *named], lambda _: [1]),
            test=tests.done([test(tests)]),
            stop=_filled(whole, lambda _: [1, *range(3, 2 + len(carried))]),
            go=_filled(whole, go),
            last=_filled(whole, lambda _: [1, *range(3, 2 + len(carried))]),
            inputs=tuple(carried),
            type=Tuple(tuple(self.type(c) for c in carried)),
            span=self.here,
        )
        return self._parts(self.put(node), len(carried))

    def _is_known(self, node: NodeId) -> bool:
        return getattr(self.nodes[node], "known", False)

    def _named(self, nodes: tuple[NodeId, ...] | list[NodeId]) -> list[tuple[str, Type]]:
        return [(f"p{k}", self.type(i)) for k, i in enumerate(nodes)]

    def _parts(self, node: NodeId, count: int) -> tuple[NodeId, list[NodeId]]:
        return node, [self.project(node, place) for place in range(count)]


def _filled(params: Sequence[_Named], fill: Callable[[Region], list[NodeId]]) -> Graph:
    region = Region(*params)
    return region.done(fill(region))


def _type(value: Value) -> Type:
    match value:
        case bool():
            return BOOL
        case int():
            return Int(value, value + 1)
        case float():
            return Real()
    message = "say the type"
    raise TypeError(message)
