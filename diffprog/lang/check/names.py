"""What a piece of syntax mentions: its parts, its assignments, its holes and their keys.

In: syntax. Out: nodes and names, in source order. Knows nothing of types.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import fields
from typing import TYPE_CHECKING, TypeAlias, get_args

from diffprog.errors import Span
from diffprog.lang import syntax
from diffprog.lang.syntax import Syntax

if TYPE_CHECKING:
    from collections.abc import Iterator

Choice: TypeAlias = syntax.ChooseValue | syntax.ChooseExpr | syntax.ChooseBlock | syntax.Learn
"""Syntax that makes a hole."""

_STATEMENTS = get_args(syntax.Statement)
_CHOICES = get_args(Choice)


# Fields that may hold syntax, last first: `walk` takes from the end of a list.
_FIELDS = {
    kind: tuple(
        f.name for f in reversed(fields(kind)) if f.name not in ("span", "id", "op", "modules")
    )
    for kind in vars(syntax).values()
    if isinstance(kind, type) and issubclass(kind, Syntax)
}


def walk(node: object) -> Iterator[Syntax]:
    """Yield a node, or each of a tuple of nodes, and all that is inside, in source order."""
    todo = [node]
    while todo:
        found = todo.pop()
        if isinstance(found, tuple):
            todo.extend(reversed(found))
        elif isinstance(found, Syntax):
            yield found
            todo += [getattr(found, name) for name in _FIELDS[type(found)]]


def root(target: syntax.Expr) -> syntax.Name | None:
    """Return the variable that a target assigns or changes."""
    while isinstance(target, syntax.Index):
        target = target.base
    return target if isinstance(target, syntax.Name) else None


def targets(node: Syntax) -> tuple[syntax.Expr, ...]:
    """Return what a statement itself assigns."""
    match node:
        case syntax.Assign(assigned):
            return assigned
        case syntax.Update(target):
            return (target,)
        case syntax.Swap(left, right):
            return (left, right)
        case _:
            return ()


def assigned(block: syntax.Block) -> dict[str, Span]:
    """Return the names that a block assigns anywhere inside, with the first place of each."""
    found: dict[str, Span] = {}
    for node in walk(block):
        if isinstance(node, syntax.Learn):
            found.setdefault(node.name, name_span(node, node.name))
        for target in targets(node):
            if (name := root(target)) is not None:
                found.setdefault(name.id, name.span)
    return found


def deciders(block: syntax.Block) -> dict[str, Span]:
    """Return the names by which choices in a block are decided, with the first place of each."""
    found: dict[str, Span] = {}
    for node in walk(block):
        if isinstance(node, syntax.Decider) and node.by is not None:
            found.setdefault(node.by.name, node.by.span)
    return found


def choices(node: object) -> list[Choice]:
    """Return the holes inside a piece of syntax, in source order."""
    return [n for n in walk(node) if isinstance(n, _CHOICES)]


def hole_keys(function: syntax.Function) -> dict[int, str]:
    """Return the key of each hole of a function, by the identity of its syntax.

    A key is ``function.variable#k``: the variable that the statement assigns (or the statement's
    word where it assigns none), and a count from 0 for each function and variable.
    """
    found: list[tuple[int, str, Choice]] = []
    todo: list[tuple[object, str]] = [(function.body, "")]
    while todo:
        node, owner = todo.pop()
        if isinstance(node, tuple):
            todo += [(item, owner) for item in node]
        elif isinstance(node, Syntax):
            owner = _owner(node) if isinstance(node, _STATEMENTS) else owner
            if isinstance(node, _CHOICES):
                found.append((node.span.start, owner, node))
            todo += [(getattr(node, name), owner) for name in _FIELDS[type(node)]]
    keys, counts = {}, defaultdict[str, int](int)
    for _, owner, node in sorted(found, key=lambda f: f[0]):
        keys[id(node)] = f"{function.name}.{owner}#{counts[owner]}"
        counts[owner] += 1
    return keys


def _owner(statement: Syntax) -> str:
    if isinstance(statement, syntax.Learn):
        return statement.name
    if isinstance(statement, syntax.ChooseBlock):
        return "choose"
    for target in targets(statement):
        if (name := root(target)) is not None:
            return name.id
    return type(statement).__name__.lower()


def name_span(node: Syntax, name: str) -> Span:
    """Return the place of a name inside a node that carries it only as text."""
    source, start = node.span.source, node.span.start
    found = re.compile(rf"\b{re.escape(name)}\b").search(source.text, start, node.span.end)
    return Span(source, found.start(), found.end()) if found else node.span


def one_line(span: Span, limit: int = 60) -> str:
    """Return the text of a span on one line, shortened to a limit."""
    text = " ".join(re.sub(r"#[^\n]*", "", span.text).split())
    return text if len(text) <= limit else text[: limit - 3] + "..."
