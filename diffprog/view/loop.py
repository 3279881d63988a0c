"""Loops in pictures: a frame with the bound, carried values that go round by dashed edges.

In: a loop and where its inputs are drawn. Out: where its results are. Never imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.ir.graph import For, Graph, Loop, Param
from diffprog.ir.transplant import params_used
from diffprog.view import style
from diffprog.view.label import shown, tested

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from diffprog.view.canvas import Canvas, End


def draw_for(drawing: Canvas, node: For, inputs: Sequence[End], used: set[int]) -> dict[int, End]:
    """Draw a loop over a range and return its used results by place."""
    lo, hi = (shown(end[1]) for end in inputs[:2])
    counter = node.body.params[0]
    step = f" step {node.step}" if node.step != 1 else ""
    state, rest = inputs[2 : 2 + node.carried], inputs[2 + node.carried :]
    firsts = [drawing.named(end) for end in state]
    with _frame(drawing, f"for {counter.name} in {lo} .. {hi}{step}", node):
        start = _counter(drawing, counter, [node.body])
        carried = _carries(drawing, node.body.params[1:], firsts)
        results = drawing.region(node.body, [start, *carried, *rest])
        _back(drawing, results, carried)
    for name, _ in inputs[:2]:
        if name and start[0]:
            drawing.sheet.edge(name, start[0], style="dotted")
    return {place: carried[place] for place in used}


def draw_loop(drawing: Canvas, node: Loop, inputs: Sequence[End], used: set[int]) -> dict[int, End]:
    """Draw a loop that halts by weight and return its used results by place."""
    state, rest = inputs[: node.carried], inputs[node.carried :]
    firsts = [drawing.named(end) for end in state]
    inside = [g for g in (node.before, node.probe, node.test, node.go) if g is not None]
    sheet = drawing.sheet
    with _frame(drawing, _halting(drawing, node), node):
        start = _counter(drawing, node.probe.params[0], inside)
        carried = _carries(drawing, node.probe.params[1:], firsts)
        now: Sequence[End] = carried
        if node.before is not None:
            now = drawing.region(node.before, [start, *carried, *rest])
        probed = drawing.region(node.probe, [start, *now, *rest])
        box = _stop(drawing, node, drawing.region(node.test, [start, *probed]))
        seen = [start, *probed[: node.sources], *now, *rest]
        _back(drawing, drawing.region(node.go, seen), carried)
        kept = Graph(node.stop.nodes, tuple(node.stop.results[place] for place in sorted(used)))
        ends = [drawing.named(end) for end in drawing.region(kept, seen)]
        sums: dict[int, End] = {}
        for place, end in zip(sorted(used), ends, strict=True):
            param = node.probe.params[1 + place]
            name = sheet.node(f"sum {param.name}", "Σ", style.MIXTURE, node.span)
            sheet.edge(end, name)
            sheet.edge(box, name, style="dotted")
            sums[place] = (name, node)
    return sums


def _stop(drawing: Canvas, node: Loop, test: Sequence[End]) -> str:
    plain = node.halting.kind == "plain"
    title = "stop?" if plain else f"halt by {node.halting.kind}"
    text = style.lines(title, tested(test[0][1]))
    box = drawing.sheet.node(title, text, style.BRANCH, node.span)
    drawing.sheet.edge(drawing.named(test[0]), box)
    return box


def _frame(drawing: Canvas, title: str, node: For | Loop) -> AbstractContextManager[None]:
    return drawing.sheet.cluster(title, border=style.QUIET, fill=style.LOOP_FILL, span=node.span)


def _counter(drawing: Canvas, counter: Param, regions: Sequence[Graph]) -> End:
    """Draw a loop's counter, if something in the loop asks for it."""
    if not any(0 in params_used(region) for region in regions):
        return "", counter
    name = drawing.sheet.node(counter.name, counter.name, style.CARRY, counter.span)
    return name, counter


def _carries(drawing: Canvas, params: Sequence[Param], firsts: Sequence[str]) -> list[End]:
    """Draw the carried values of a loop, each with an edge from what it is at first."""
    out: list[End] = []
    for param, first in zip(params, firsts, strict=False):
        text = style.lines(param.name, str(param.type))
        name = drawing.sheet.node(param.name, text, style.CARRY, param.span)
        drawing.sheet.edge(first, name)
        out.append((name, param))
    return out


def _back(drawing: Canvas, results: Sequence[End], carried: Sequence[End]) -> None:
    """Draw the way back: what a round gives is what the next one gets."""
    for end, (name, _) in zip(results, carried, strict=True):
        source = drawing.named(end)
        if source != name:
            drawing.sheet.edge(source, name, style="dashed", constraint="false", headport="e")


def _halting(drawing: Canvas, node: Loop) -> str:
    kind = "repeat" if node.before is not None else "while"
    bound = node.rounds if node.before is not None else node.rounds - 1
    parts = [f"{kind}, at most {bound} round{'' if bound == 1 else 's'}"]
    match node.halting.kind:
        case "act":
            parts.append(f"by act, epsilon {node.halting.number:g}")
        case "ponder":
            parts.append(f"by ponder, prior {node.halting.number:g}")
        case _:
            parts.append("halts by its test")
    return " · ".join(parts)
