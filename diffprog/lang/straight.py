"""Statements in a row made shorter: what nobody reads goes, what is read once moves to its reader.

In: statements of a function in which decisions were put. Out: statements that do the same. Branches
and loops among them stay as they are.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, get_args

from diffprog.lang import syntax as s
from diffprog.lang.check.names import assigned, walk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_EXPRESSIONS = get_args(s.Expr)


def folded(e: Any) -> Any:
    """Return an expression with its whole numbers added up, and rows of rows read at once.

    >>> from diffprog.errors import Source, Span
    >>> here = Span(Source("", ""), 0, 0)
    >>> one = s.Literal(1, span=here)
    >>> folded(s.Binary("+", one, one, span=here))
    Literal(value=2)
    """
    match e:
        case s.Binary(op, s.Literal(a), s.Literal(b)) if type(a) is type(b) is int:
            number = {"+": a + b, "-": a - b, "*": a * b}.get(op, -1)
            return e if number < 0 else s.Literal(number, span=e.span)
        case s.Index(s.Index(base, first), rest) if _are_places(first):
            return replace(e, base=base, index=(*first, *rest))
        case _:
            return e


def _are_places(index: Sequence[s.Expr | s.Slice]) -> bool:
    return all(isinstance(i, s.Literal) for i in index)


def straightened(block: s.Block) -> s.Block:
    """Shorten a function's statements until nothing changes."""
    block = _declared_once(block)
    while True:
        shorter = _moved(_without_dead(block))
        if shorter == block:
            return block
        block = shorter


def _declared_once(block: s.Block) -> s.Block:
    """Take types away from all but the first assignment: rounds of a loop declared anew."""
    seen: set[str] = set()
    out: list[s.Statement] = []
    for node in block:
        match node:
            case s.Assign((s.Name(name),), declared) if declared is not None:
                out.append(replace(node, type=None) if name in seen else node)
                seen.add(name)
            case _:
                out.append(node)
    return tuple(out)


def with_room(block: s.Block, types: Mapping[str, s.TypeExpr]) -> s.Block:
    """Write the types of variables down whose first value was decided.

    A variable keeps its range through a loop, and one number has less room than the loop needs.
    """
    firsts: dict[str, int] = {}
    for i, node in enumerate(block):
        for name in assigned((node,)):
            firsts.setdefault(name, i)
    out = list(block)
    for name, i in firsts.items():
        match block[i]:
            case s.Assign((s.Name(),), None, s.Literal(int())) as first if name in types:
                out[i] = replace(first, type=types[name])
    return tuple(out)


# --- what nobody reads ----------------------------------------------------------------------------


def _without_dead(block: s.Block) -> s.Block:
    """Drop assignments to variables that are assigned anew before anyone reads them."""
    declared = {n.id for t in block if (n := _target(t)) and t.type is not None}  # type: ignore[union-attr]
    live: set[str] = set()
    out: list[s.Statement] = []
    for node in reversed(block):
        name = _target(node)
        if name is None:
            live |= _names(node) | set(assigned((node,)))
        else:
            assert isinstance(node, s.Assign)
            if name.id not in live and name.id not in declared:
                continue
            live = (live - {name.id}) | _names(node.value)
        out.append(node)
    return tuple(reversed(out))


def _target(node: s.Statement) -> s.Name | None:
    """Return the variable that a statement assigns whole."""
    match node:
        case s.Assign((s.Name() as name,)):
            return name
        case _:
            return None


def _names(node: object) -> set[str]:
    return {n.id for n in walk(node) if isinstance(n, s.Name)}


# --- what is read once ----------------------------------------------------------------------------


def _moved(block: s.Block) -> s.Block:
    """Move the value of one variable to where it is read, if it is read in one place."""
    for i, node in enumerate(block):
        name = _target(node)
        if name is None or not isinstance(node, s.Assign) or node.type is not None:
            continue
        if name.id in assigned(block[:i]) or name.id in assigned(block[i + 1 :]):
            continue
        found = _reader(block[i + 1 :], name.id, _names(node.value))
        if found is not None:
            at = i + 1 + found
            moved = _substituted(block[at], {name.id: node.value})
            return (*block[:i], *block[i + 1 : at], moved, *block[at + 1 :])
    return block


def _reader(block: s.Block, name: str, needs: set[str]) -> int | None:
    """Return the place of the one reading, if the value is still the same there."""
    reads = [
        i for i, t in enumerate(block) for n in walk(t) if isinstance(n, s.Name) and n.id == name
    ]
    if len(reads) != 1:
        return None
    at = reads[0]
    simple = isinstance(block[at], s.Return) or _target(block[at]) is not None
    changed = needs & set(assigned(block[:at]))
    return at if simple and not changed else None


def _substituted(node: Any, values: Mapping[str, s.Expr]) -> Any:
    """Return a node with variables replaced by expressions, except where it assigns them."""
    if isinstance(node, s.Name):
        return values.get(node.id, node)
    if isinstance(node, tuple):
        return tuple(_substituted(v, values) for v in node)
    if not isinstance(node, s.Syntax):
        return node
    kept = ("targets",) if isinstance(node, s.Assign) else ()
    names = [f.name for f in fields(node) if f.name not in (*kept, "span")]
    made = replace(node, **{n: _substituted(getattr(node, n), values) for n in names})
    return folded(made) if isinstance(made, _EXPRESSIONS) else made
