"""A graph as stable text: one line a node, regions indented below the node that holds them.

In: a graph. Out: text that depends on the graph alone, for goldens, for `show` and for the
notes of internal errors. Parameters go by their names, other nodes by their numbers. It never
raises on a graph that breaks the invariants, because that is when it is read. Never imports
torch.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING
from zlib import crc32

from diffprog.ir.graph import (
    Apply,
    Const,
    Cut,
    For,
    Graph,
    Hole,
    Loop,
    Network,
    Node,
    NodeId,
    Param,
    Project,
    Read,
    Reduce,
    Select,
    Table,
    Write,
    regions,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diffprog.ir.graph import Axes

SHOWN = 16
"""A table or constant of more numbers than these is cut short, with a checksum of the rest."""


def text(graph: Graph, *, lines: bool = False) -> str:
    """Return a graph as text; with `lines`, each node says the line it comes from.

    >>> from diffprog.errors import Source, Span
    >>> from diffprog.ir.graph import Builder
    >>> from diffprog.types import BOOL
    >>> b, here = Builder(), Span(Source("t.dp", "not x"), 0, 5)
    >>> x = b.param("x", BOOL, here)
    >>> y = b.add(Apply(op="not", inputs=(x,), type=BOOL, span=here))
    >>> print(text(b.done([y])))
    (%x: bool)
      %1 = not %x : bool
      -> %1
    """
    return "\n".join(_region("", graph, lines=lines))


def names(graph: Graph) -> dict[NodeId, str]:
    """Name the nodes of a region: parameters after the source, the rest by number."""
    out: dict[NodeId, str] = {}
    taken: set[str] = set()
    for node in graph.nodes:
        name = node.name if isinstance(node, Param) else str(node.id)
        if name in taken:
            name = next(n for k in count(2) if (n := f"{name}.{k}") not in taken)
        taken.add(name)
        out[node.id] = f"%{name}"
    return out


def _region(title: str, graph: Graph, *, lines: bool) -> Iterator[str]:
    called = names(graph)

    def name(node: NodeId) -> str:
        return called.get(node, f"%?{node}")

    params = ", ".join(f"{name(p.id)}: {p.type}{' known' if p.known else ''}" for p in graph.params)
    yield f"{title}({params})"
    for node in graph.nodes:
        if not isinstance(node, Param):
            place = f"  # line {node.span.line}" if lines and node.span else ""
            yield f"  {name(node.id)} = {describe(node, name)} : {node.type}{place}"
        for title, inner in regions(node):
            yield from ("    " + line for line in _region(f"{title} ", inner, lines=lines))
    yield "  -> " + ", ".join(map(name, graph.results))


def describe(node: Node, name: Callable[[NodeId], str]) -> str:  # noqa: C901 - a case a kind
    """Return what a node computes, in words of the graph; `name` names its inputs."""
    inputs = [name(i) for i in node.inputs]
    match node:
        case Param():
            return f"param {node.name}"
        case Const():
            return _number(node)
        case Hole():
            return " ".join([f"hole {node.key}", *_given(node, inputs)])
        case Apply():
            return " ".join([node.op, *inputs])
        case Table():
            return " ".join(["table", *inputs, "=", _cut(node.entries)])
        case Read():
            return f"read {inputs[0]}{_axes(node.axes, inputs[1:])}"
        case Write():
            sign = "=" if node.op is None else f"= {node.op} of it and"
            return f"write {inputs[0]}{_axes(node.axes, inputs[2:])} {sign} {inputs[1]}"
        case Reduce():
            return _reduce(node, inputs)
        case Select() | For() | Loop():
            return _control(node, inputs)
        case Project():
            return f"part {node.place} of {inputs[0]}"
        case Network():
            lifted = f" lifted {node.lifted}" if node.lifted else ""
            return " ".join([f"network {node.name}{lifted}", *inputs])


def _control(node: Select | For | Loop, inputs: list[str]) -> str:
    match node:
        case Select():
            given, rest = inputs[: node.sources], inputs[node.sources :]
            unions = " ".join(map(str, node.unions))
            return f"select on [{', '.join(given)}] with [{', '.join(rest)}] cases {unions}"
        case For():
            end = 2 + node.carried
            bounds = " .. ".join(inputs[:2]) + f" step {node.step}"
            return f"for {bounds} {_state(inputs[2:end], inputs[end:])}"
        case Loop():
            halting = node.halting.kind
            halting += f" {node.halting.number}" if halting != "plain" else ""
            state = _state(inputs[: node.carried], inputs[node.carried :])
            return f"loop {node.rounds} rounds {halting} {node.sources} sources {state}"


def _state(carried: list[str], invariant: list[str]) -> str:
    return f"carried [{', '.join(carried)}] with [{', '.join(invariant)}]"


def _given(node: Hole, inputs: list[str]) -> list[str]:
    given, mask = (inputs[:-1], inputs[-1:]) if node.masked else (inputs, [])
    word = "by" if node.logits else "given"
    return [*([word, *given] if given else []), *(["where", *mask] if mask else [])]


def _reduce(node: Reduce, inputs: list[str]) -> str:
    rest = iter(inputs[1:])
    mask = f" where {next(rest, '?')}" if node.masked else ""
    otherwise = f" else {next(rest, '?')}" if node.otherwise else ""
    return f"{node.op} {inputs[0]}{mask}{otherwise}"


def _axes(axes: Axes, indices: list[str]) -> str:
    rest = iter(indices)
    parts = (f"{a.lo}..{a.hi}" if isinstance(a, Cut) else next(rest, "?") for a in axes)
    return f"[{', '.join(parts)}]"


def _number(node: Const) -> str:
    value = node.value
    return _cut(value) if isinstance(value, list | tuple) else repr(value)


def _cut(values: list[object] | tuple[object, ...] | object) -> str:
    whole = repr(list(values) if isinstance(values, tuple) else values)
    numbers = whole.split(", ")
    if len(numbers) <= SHOWN:
        return whole
    rest = f"{len(numbers)} numbers, checksum {crc32(whole.encode()):08x}"
    return f"{', '.join(numbers[:SHOWN])}, … ({rest})"
