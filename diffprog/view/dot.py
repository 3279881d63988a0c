"""A graph as a picture: DOT text by the conventions of the pictures.

In: a graph, and the weights of its holes if they are known. Out: DOT text, the same each time. A
branch is a box with a frame for each case; each of its results is a Σ where the cases meet, edges
as wide as their weights. A loop is a frame whose carried values go round by dashed edges. Regions
have no parameters here: an edge comes straight from the node outside. Never imports torch.
"""

from __future__ import annotations

from math import log2, prod
from typing import TYPE_CHECKING

from diffprog.ir.graph import (
    Apply,
    Const,
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
    Select,
    Write,
)
from diffprog.types import Array, Bool, Enum, Int, Real, Tuple
from diffprog.view import style
from diffprog.view.branch import decider_key, draw_select
from diffprog.view.label import label, number_of_values, shown
from diffprog.view.live import Live, Share
from diffprog.view.loop import draw_for, draw_loop
from diffprog.view.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.view.canvas import End
    from diffprog.view.style import Look, Weights


def dot(
    graph: Graph,
    title: str = "",
    *,
    weights: Weights | None = None,
    labels: Mapping[str, Sequence[str]] | None = None,
    beside: str = "",
    live: Live | None = None,
) -> str:
    """Return the DOT text of a graph.

    Args:
        graph: a whole program's region.
        title: stands above the picture.
        weights: the weights of holes by key, nested lists with the alternatives last.
        labels: the alternatives of holes by key, as the source writes them.
        beside: a program's text, to stand left of the graph.
        live: gets the parts that a page keeps up to date.
    """
    sheet = Sheet(title, beside, live)
    return Drawing(sheet, weights or {}, labels or {}).program(graph)


class Drawing:
    """One picture of a graph; branches and loops are drawn by the files of their names."""

    def __init__(
        self,
        sheet: Sheet,
        weights: Weights,
        labels: Mapping[str, Sequence[str]],
    ) -> None:
        self.sheet = sheet
        self.weights = weights
        self.labels = labels
        self.mixed: set[str] = set()

    def program(self, graph: Graph) -> str:
        """Draw a whole program and return its DOT text."""
        ends: list[End] = [
            (self.sheet.node(p.name, label(p, []), style.PARAM, p.span), p) for p in graph.params
        ]
        results = zip(self.region(graph, ends), graph.types, strict=True)
        for number, (end, t) in enumerate(results):
            text = "return" if len(graph.results) == 1 else f"return {number}"
            shape = style.lines(text, str(t))
            name = self.sheet.node(text, shape, style.PARAM, end[1].span)
            self.sheet.edge(self.named(end), name)
        return self.sheet.source()

    def region(self, region: Graph, ends: Sequence[End]) -> list[End]:
        """Draw what a region's results need, its parameters being drawn; return where they are."""
        drawn: dict[NodeId, End] = dict(enumerate(ends))
        parts: dict[NodeId, dict[int, End]] = {}
        live, used = _live(region)
        self.mixed |= {key for n in live if (key := decider_key(n, region)) is not None}
        for node in live:
            if isinstance(node, Param):
                continue
            if isinstance(node, Project):
                drawn[node.id] = parts[node.inputs[0]][node.place]
                continue
            inputs = [drawn[i] for i in node.inputs]
            match node:
                case Select():
                    parts[node.id] = draw_select(self, node, inputs, used[node.id])
                case For():
                    parts[node.id] = draw_for(self, node, inputs, used[node.id])
                case Loop():
                    parts[node.id] = draw_loop(self, node, inputs, used[node.id])
                case Network(type=Tuple()):
                    end = self.node(node, inputs)
                    parts[node.id] = dict.fromkeys(used[node.id], end)
                case _:
                    drawn[node.id] = self.node(node, inputs)
        return [drawn[r] for r in region.results]

    def node(self, node: Node, inputs: Sequence[End]) -> End:
        """Draw a node that holds no regions."""
        if isinstance(node, Const):
            return "", node  # drawn where it is used
        if _is_transparent(node, inputs):
            return inputs[0]
        if isinstance(node, Hole):
            name = self.sheet.node(node.key, self.hole(node, inputs), style.HOLE, node.span)
        else:
            text = label(node, [shown(n) for _, n in inputs])
            name = self.sheet.node(_named(node), text, _look(node), node.span)
        for source, _ in inputs:
            if source:
                self.sheet.edge(source, name)
        return name, node

    def named(self, end: End) -> str:
        """Return the name of what is drawn; a constant is drawn now, as it stands by itself."""
        name, node = end
        return name or self.sheet.node("const", label(node, []), style.CONST, node.span)

    def hole(self, node: Hole, inputs: Sequence[End]) -> str:
        """Return the label of a hole: its choices and its entropy, or the most it can be."""
        item = node.type.item if isinstance(node.type, Array) else node.type
        if isinstance(item, Real):
            return style.lines(f"learn {node.key}", str(node.type))
        given = inputs[int(node.logits) : len(inputs) - node.masked]
        tables = prod(number_of_values(n.type) for _, n in given)
        tables *= node.type.count if isinstance(node.type, Array) else 1
        times = f"{tables} × " if tables > 1 else ""
        size = number_of_values(item)
        known = self.weights.get(node.key)
        alone = known is not None and len(style.rows(known)) == 1 and size <= style.MOST_BARS
        bits = f"up to {log2(max(size, 1)):.2f}" if known is None else f"{style.entropy(known):.2f}"
        about = f"{times}{size} choice{'' if size == 1 else 's'}, {bits} bits"
        bars: list[style.Bar] = []
        if alone and node.key not in self.mixed:  # a branch shows the weights itself
            names = self.labels.get(node.key) or _values(node)
            for value, (name, weight) in enumerate(zip(names, style.mean(known), strict=True)):
                mark = self.sheet.mark("bar", Share(node.key, (value,)))
                bars.append(style.Bar(name, weight, mark))
        mark = self.sheet.mark("bits", Share(node.key))
        return style.lines(f"choose {node.key}", about, bars=bars, mark=mark)


def _values(node: Hole) -> list[str]:
    t = node.type
    assert isinstance(t, Bool | Int | Enum)
    return [str(t.decode(value)).lower() for value in t.values()]


def _live(region: Graph) -> tuple[list[Node], dict[NodeId, set[int]]]:
    """Return the nodes that reach a result, and which results of each are taken."""
    used: dict[NodeId, set[int]] = {r: set() for r in region.results}
    for node in reversed(region.nodes):
        if node.id in used:
            for i in node.inputs:
                places = used.setdefault(i, set())
                if isinstance(node, Project):
                    places.add(node.place)
    return [n for n in region.nodes if n.id in used], used


def _is_transparent(node: Node, inputs: Sequence[End]) -> bool:
    """Say whether a node only names another range: pictures leave that out."""
    if not isinstance(node, Apply) or node.op not in ("convert", "narrow"):
        return False
    source = inputs[0][1].type
    return isinstance(node.type, Int) and not isinstance(source, Real | Array)


def _named(node: Node) -> str:
    op = getattr(node, "op", None) or type(node).__name__.lower()
    line, column = node.span.source.place(node.span.start)
    return f"{op} {line}:{column}"


def _look(node: Node) -> Look:
    match node:
        case Read():
            return style.READING
        case Write():
            return style.WRITING
        case _:
            return style.OPERATION
