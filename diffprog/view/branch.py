"""Branches in pictures: a box for the test, a frame for each case, a Σ for each result.

In: a branch and where its inputs are drawn. Out: where its results are. Never imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffprog.ir.graph import Graph, Hole, Node, Param, Select
from diffprog.types import Bool, Enum, Int
from diffprog.view import style
from diffprog.view.label import called, tested
from diffprog.view.live import Share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.types import Type
    from diffprog.view.canvas import Canvas, End


def draw_select(
    drawing: Canvas, node: Select, inputs: Sequence[End], used: set[int]
) -> dict[int, End]:
    """Draw a branch and return its used results by place."""
    hole = _decider(node, inputs)
    cases = _named_cases(drawing, node, hole)
    title = _title(node, inputs, hole)
    sheet = drawing.sheet
    with sheet.cluster("", border=style.GRID, fill=style.LOOP_FILL, span=node.span):
        box = _test(drawing, node, inputs, title, cases)
        sums = {
            place: sheet.node(f"sum {title}", "Σ", style.MIXTURE, node.span)
            for place in sorted(used)
        }
        for target in sums.values():
            sheet.edge(box, target, style="dotted")
        hidden = [] if sheet.live else [w for c in cases if (w := c.weight or 0.0) < style.SHOWN]
        for number, case in enumerate(cases):
            if len(hidden) < 2 or case.weight is None or case.weight >= style.SHOWN:
                _case(drawing, node, number, inputs, sums, case)
        if len(hidden) > 1 and cases[0].weight is not None:
            rest = sheet.node("more", f"+{len(hidden)} more", style.MORE, node.span)
            for target in sums.values():
                sheet.edge(rest, target, sum(hidden))
    return {place: (name, node) for place, name in sums.items()}


@dataclass(frozen=True, slots=True)
class Case:
    """A case of a branch: its name, its mean weight if that is known, where the weight is from."""

    name: str
    weight: float | None
    share: Share


def _test(
    drawing: Canvas, node: Select, inputs: Sequence[End], title: str, cases: Sequence[Case]
) -> str:
    sheet = drawing.sheet
    bars = [
        style.Bar(case.name, case.weight or 0.0, sheet.mark("bar", case.share))
        for case in cases[: style.MOST_BARS]
        if sheet.live is not None or case.weight is not None
    ]
    (result,) = drawing.region(node.test, inputs)
    box = sheet.node(f"branch {title}", style.lines(title, bars=bars), style.BRANCH, node.span)
    sheet.edge(drawing.named(result), box)
    return box


def _case(
    drawing: Canvas,
    node: Select,
    number: int,
    inputs: Sequence[End],
    sums: dict[int, str],
    case: Case,
) -> None:
    sheet, region = drawing.sheet, node.cases[number]
    kept = Graph(region.nodes, tuple(region.results[place] for place in sums))
    with sheet.cluster("", border=style.QUIET, fill=style.CASE_FILL, span=node.span):
        drawn = [drawing.named(end) for end in drawing.region(kept, inputs)]
    for source, target in zip(drawn, sums.values(), strict=True):
        sheet.edge(source, target, case.weight, name=case.name, share=case.share)


def decider_key(node: Node, region: Graph) -> str | None:
    """Return the key of the hole beside a branch that decides it by itself."""
    if not isinstance(node, Select):
        return None
    hole = _decider(node, [("", region[i]) for i in node.inputs])
    return None if hole is None else hole.key


def _decider(node: Select, inputs: Sequence[End]) -> Hole | None:
    """Return the hole that decides a branch, if one does by itself."""
    test = node.test[node.test.results[0]]
    decider = inputs[test.id][1] if isinstance(test, Param) else test
    return decider if isinstance(decider, Hole) else None


def _named_cases(drawing: Canvas, node: Select, hole: Hole | None) -> list[Case]:
    known = hole is not None and hole.key in drawing.weights
    means = style.mean(drawing.weights[hole.key]) if hole is not None and known else []
    cases, place = [], (node.span.source.name, node.span.line)
    for k, name in enumerate(_case_names(drawing, node, hole)):
        values = tuple(v for v, union in enumerate(node.unions) if union == k)
        weight = sum(means[v] for v in values) if known else None
        key = "" if hole is None else hole.key
        share = Share(key, values, place, k, len(node.cases))
        cases.append(Case(name, weight, share))
    return cases


def _title(node: Select, inputs: Sequence[End], hole: Hole | None) -> str:
    if hole is not None:
        return f"mix by {called(hole)}"
    test = node.test[node.test.results[0]]
    if isinstance(test, Param):
        test = inputs[test.id][1]
    return f"{'if' if isinstance(node.test.types[0], Bool) else 'match'} {tested(test)}"


def _case_names(drawing: Canvas, node: Select, hole: Hole | None) -> list[str]:
    """Name the cases: by what the program writes there, or by the values of the test."""
    t = node.test.types[0]
    if hole is None:
        values = [_value(t, place) for place in range(len(node.unions))]
    elif hole.key in drawing.labels:
        values = list(drawing.labels[hole.key])
    else:
        return [_written(case, k) for k, case in enumerate(node.cases)]
    groups: list[list[str]] = [[] for _ in node.cases]
    for case, value in zip(node.unions, values, strict=True):
        groups[case].append(value)
    return [style.short(", ".join(group)) for group in groups]


def _value(t: Type, place: int) -> str:
    match t:
        case Bool():
            return ("false", "true")[place]
        case Enum():
            return t.members[place]
        case Int():
            return str(t.lo + place)
        case _:
            return str(place)


def _written(case: Graph, number: int) -> str:
    for result in case.results:
        if not isinstance(case[result], Param):
            return style.short(case[result].span.text)
    return f"alternative {number + 1}"
