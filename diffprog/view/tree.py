"""A syntax tree or a typed tree as a picture.

In: a tree of dataclasses (`lang.syntax`, `lang.typed`). Out: DOT text, the same each time: a box a
node with its plain fields, an edge a child with the field's name. Never imports torch.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

from diffprog.errors import Span
from diffprog.view import style
from diffprog.view.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOMS = ("diffprog.lang.syntax", "diffprog.lang.typed")
"""Where the classes of trees stand."""

HIDDEN = ("span", "comments")


def tree_dot(tree: object, title: str = "") -> str:
    """Return the DOT text of a tree."""
    sheet = Sheet(title)
    pending: list[tuple[str | None, str, object]] = [(None, "", tree)]
    while pending:
        above, edge, node = pending.pop()
        name = sheet.node(_name(node), _label(node), _look(node), _span(node))
        if above is not None:
            sheet.edge(above, name, name=edge)
        pending += [(name, text, child) for text, child in reversed(list(children(node)))]
    return sheet.source()


def children(node: object) -> Iterator[tuple[str, object]]:
    """Yield the trees below a node, with the names of their fields."""
    if not is_dataclass(node):
        return
    for field in fields(node):
        found = list(_trees(getattr(node, field.name)))
        for number, child in enumerate(found):
            yield field.name if len(found) == 1 else f"{field.name} {number}", child


def _trees(value: object) -> Iterator[object]:
    if _is_tree(value):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _trees(item)


def _is_tree(value: object) -> bool:
    return type(value).__module__ in ROOMS


def _span(node: object) -> Span | None:
    span = getattr(node, "span", None)
    return span if isinstance(span, Span) else None


def _name(node: object) -> str:
    span = _span(node)
    if span is None:
        return type(node).__name__
    line, column = span.source.place(span.start)
    return f"{type(node).__name__} {line}:{column}"


def _label(node: object) -> str:
    plain = []
    for field in fields(node) if is_dataclass(node) else ():
        value = getattr(node, field.name)
        empty = value is None or value == () or value == ""
        if field.name in HIDDEN or empty or any(True for _ in _trees(value)):
            continue
        shown = str(value) if type(value).__module__ == "diffprog.types" else repr(value)
        plain.append(style.short(f"{field.name} {shown}"))
    return style.lines(type(node).__name__, *plain)


def _look(node: object) -> style.Look:
    match type(node).__name__:
        case "Choose" | "ChooseValue" | "ChooseExpr" | "Learn" | "Hole":
            return style.HOLE
        case "If" | "Match" | "Conditional":
            return style.BRANCH
        case "For" | "ForEach" | "While" | "Repeat":
            return style.CARRY
        case _:
            return style.OPERATION
