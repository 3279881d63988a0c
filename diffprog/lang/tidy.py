"""What is left over when choices are filled in: cases that do nothing, names that nobody reads.

In: syntax in which holes were filled. Out: syntax that does the same. Only what filling left
behind is
dropped: a name that the original program did not use either is its author's business.
"""

from __future__ import annotations

from dataclasses import replace

from diffprog.lang import syntax as s
from diffprog.lang.check.names import walk

OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def negated(test: s.Expr) -> s.Expr:
    """Return the opposite of a test, without `not` where a comparison can say it."""
    match test:
        case s.Unary("not", operand):
            return operand
        case s.Literal(value) if isinstance(value, bool):
            return replace(test, value=not value)
        case s.Binary(op) if op in OPPOSITE:
            return replace(test, op=OPPOSITE[op])
        case _:
            return s.Unary("not", test, span=test.span)


def tidied(node: s.Statement) -> s.Block:
    """Return a statement without cases that cannot be met or do nothing."""
    match node:
        case s.If():
            return _tidied_if(node)
        case s.For(body=body) if _is_nothing(body):
            return ()
        case s.Do(body=body) if _is_nothing(body):
            return ()
        case _:
            return (node,)


def _is_nothing(block: s.Block | None) -> bool:
    return all(isinstance(statement, s.Pass) for statement in block or ())


def _tidied_if(node: s.If) -> s.Block:
    branches, otherwise = [], None if _is_nothing(node.otherwise) else node.otherwise
    for test, block in node.branches:
        if test == s.Literal(False, span=test.span):
            continue
        if test == s.Literal(True, span=test.span):
            otherwise = block
            break
        branches.append((test, block))
    while branches and otherwise is None and _is_nothing(branches[-1][1]):
        branches.pop()
    if not branches:
        return otherwise or ()
    test, block = branches[-1]
    if _is_nothing(block) and otherwise is not None:
        branches[-1], otherwise = (negated(test), otherwise), None
    filled = [(t, b or (s.Pass(span=node.span),)) for t, b in branches]
    return (replace(node, branches=tuple(filled), otherwise=otherwise),)


# --- names that nobody reads ----------------------------------------------------------------------


def drop_unused(original: s.Program, filled: s.Program) -> s.Program:
    """Drop assignments and declarations that only the holes used."""
    before = _mentioned(original)
    while True:
        functions = {id(d): _used_body(original, d) for d in filled.declarations}
        declarations = tuple(functions[id(d)] for d in filled.declarations)
        now = _mentioned(replace(filled, declarations=declarations))
        kept = tuple(d for d in declarations if _named(d) not in before - now)
        if kept == filled.declarations:
            return filled
        filled = replace(filled, declarations=kept)


def _named(node: s.Declaration) -> str:
    if isinstance(node, s.Import):
        return f"{node.name}."
    named = isinstance(node, s.Size | s.EnumDecl | s.Const) or (
        isinstance(node, s.Function) and node.keyword == "fn"
    )
    return node.name if named else ""


def _mentioned(program: s.Program) -> set[str]:
    """Return every name that a program mentions, its own declarations aside."""
    found: set[str] = set()
    for node in walk(program):
        match node:
            case s.Name(name) | s.Call(name=name) | s.NamedType(name) | s.Member(enum=name):
                module, dot, _ = name.partition(".")
                found |= {name, module + dot}
            case _:
                pass
        if isinstance(node, s.Member):  # perhaps a constant of a module
            found.add(f"{node.enum.partition('.')[0]}.")
    return found


def _used_body(original: s.Program, node: s.Declaration) -> s.Declaration:
    if not isinstance(node, s.Function):
        return node
    same = (d for d in original.declarations if isinstance(d, s.Function) and d.name == node.name)
    body = next(same).body
    unread = _read(body) - _read(node.body)
    return replace(node, body=_without(node.body, unread)) if unread else node


def _read(body: s.Block) -> set[str]:
    """Return the variables whose value some statement reads (or swaps)."""
    found: set[str] = set()
    targets: set[int] = set()
    for node in walk(body):
        if isinstance(node, s.Assign) and len(node.targets) == 1:
            targets |= _roots(node.targets[0])
        elif isinstance(node, s.Update):
            targets |= _roots(node.target)
    for node in walk(body):
        if isinstance(node, s.Name) and id(node) not in targets:
            found.add(node.id)
    return found


def _roots(target: s.Expr) -> set[int]:
    while isinstance(target, s.Index):
        target = target.base
    return {id(target)}


def _without(block: s.Block, unread: set[str]) -> s.Block:
    out: list[s.Statement] = []
    for node in block:
        if _target(node) in unread:
            continue
        out += tidied(_emptied(node, unread))
    return tuple(out) or (s.Pass(span=block[0].span),)


def _target(node: s.Statement) -> str:
    match node:
        case s.Assign((target,)) | s.Update(target):
            while isinstance(target, s.Index):
                target = target.base  # type: ignore[assignment]
            return target.id
        case s.Learn(name):
            return name
        case _:
            return ""


def _emptied(node: s.Statement, unread: set[str]) -> s.Statement:
    """Return a statement whose blocks no longer assign what nobody reads."""
    match node:
        case s.If(branches, otherwise):
            done = tuple((test, _without(block, unread)) for test, block in branches)
            last = None if otherwise is None else _without(otherwise, unread)
            return replace(node, branches=done, otherwise=last)
        case s.Match(_, cases):
            return replace(
                node, cases=tuple(replace(c, body=_without(c.body, unread)) for c in cases)
            )
        case s.For() | s.While() | s.Repeat() | s.Do():
            return replace(node, body=_without(node.body, unread))
        case _:
            return node
