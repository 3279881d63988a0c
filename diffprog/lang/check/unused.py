"""What is declared and never used, and choices that are never met.

Works on syntax, and on the lists of what was met that the checker kept.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from diffprog.lang import syntax
from diffprog.lang.check.names import assigned, choices, name_span, root, targets, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diffprog.errors import Span
    from diffprog.lang.check.context import Unit


_NAMED = syntax.Size | syntax.Const | syntax.EnumDecl | syntax.Import | syntax.Net | syntax.Extern


def called(node: object) -> set[str]:
    """Return the names that are called inside a piece of syntax."""
    return {n.name for n in walk(node) if isinstance(n, syntax.Call)}


def reachable(functions: dict[str, syntax.Function], names: Iterable[str]) -> set[str]:
    """Return the functions that these names reach by calls, themselves included."""
    found: set[str] = set()
    todo = [n for n in names if n in functions]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += [n for n in called(functions[name].body) if n in functions]
    return found


def _calls(functions: dict[str, syntax.Function]) -> dict[str, set[str]]:
    return {name: called(f.body) & functions.keys() for name, f in functions.items()}


def _order(calls: dict[str, set[str]]) -> list[str]:
    """Return functions with those that they call before them; nothing where there are circles."""
    try:
        return list(TopologicalSorter(calls).static_order())
    except CycleError:
        return []


def too_deep(functions: dict[str, syntax.Function], limit: int) -> str | None:
    """Return the first function whose chain of calls is longer than a limit."""
    calls, deep = _calls(functions), dict[str, int]()
    for name in _order(calls):
        deep[name] = 1 + max((deep[callee] for callee in calls[name]), default=0)
        if deep[name] > limit:
            return name
    return None


def recursive(functions: dict[str, syntax.Function]) -> dict[str, list[str]]:
    """Return the functions that reach themselves, each with the way round."""
    calls = _calls(functions)
    if _order(calls):
        return {}
    found = {}
    for name in functions:
        way: dict[str, str] = {}
        todo = [(name, callee) for callee in sorted(calls[name], reverse=True)]
        while todo and name not in way:
            caller, callee = todo.pop()
            if callee not in way:
                way[callee] = caller
                todo += [(callee, n) for n in sorted(calls[callee], reverse=True)]
        if name in way:
            back = [name, way[name]]
            while back[-1] != name:
                back.append(way[back[-1]])
            found[name] = back[::-1]
    return found


def warn_unused(unit: Unit, program: syntax.Program) -> None:
    """Warn of variables, parameters, functions and declarations that nothing reads."""
    for function in unit.functions.values():
        warn_unread(unit, function)
    used = reachable(unit.functions, [program.main.name])
    for name, function in unit.functions.items():
        if name not in used and not name.startswith("_"):
            message = f"`{name}` is never called"
            unit.report.warn("DP904", message, name_span(function, name))
    mentioned = {name for node in walk(program.declarations) for name in _mentions(node)}
    modules = {name for node in walk(program.declarations) for name in _modules(node)}
    for d in program.declarations:
        if not isinstance(d, _NAMED):
            continue
        used = modules if isinstance(d, syntax.Import) else mentioned
        if d.name not in used and not d.name.startswith("_"):
            unit.report.warn("DP905", f"`{d.name}` is never used", d.span)


def _mentions(node: syntax.Syntax) -> tuple[str, ...]:
    match node:
        case syntax.Name(name) | syntax.NamedType(name) | syntax.Member(name) | syntax.Call(name):
            return (name,)
        case _:
            return ()


def _modules(node: syntax.Syntax) -> tuple[str, ...]:
    """Return the module that a name of one begins with."""
    match node:
        case syntax.Member(enum=name):
            return (name.partition(".")[0],)
        case syntax.NamedType(name) | syntax.Call(name=name) if "." in name:
            return (name.partition(".")[0],)
        case _:
            return ()


def warn_unread(unit: Unit, function: syntax.Function) -> None:
    """Warn of variables of a function that are never read; a loop may count for its own sake."""
    written, reads = _written(function.body), _reads(function.body)
    params = {p.name: p.span for p in function.params}
    for name, span in {**written, **params}.items():
        if name in reads or name.startswith("_"):
            continue
        code, what = ("DP903", "the parameter ") if name in params else ("DP902", "")
        hint = f"take it away, or call it `_{name}` to say that this is meant"
        unit.report.warn(code, f"{what}`{name}` is never read", span, help=hint)


def _written(block: syntax.Block) -> dict[str, Span]:
    items = {
        node.name: name_span(node, node.name)
        for node in walk(block)
        if isinstance(node, syntax.For) and not isinstance(node.over, syntax.Range)
    }
    return {**items, **assigned(block)}


def _reads(block: syntax.Block) -> set[str]:
    stores = {id(root(target)) for node in walk(block) for target in targets(node)}
    return {n.id for n in walk(block) if isinstance(n, syntax.Name) and id(n) not in stores}


def check_met(unit: Unit, program: syntax.Program) -> None:
    """Report choices in functions that nothing calls; warn of cases and choices never met."""
    # Where there are other errors, or sizes, these may be to blame that a choice was not met.
    alone = not unit.report.errors and not unit.sizes
    skipped = reachable(unit.functions, called(tuple(unit.skipped)))
    known = unit.met | {id(c) for c in choices(tuple(unit.skipped))}
    used = reachable(unit.functions, [program.main.name])
    message = "this choice is never met"
    for name, function in unit.functions.items():
        for choice in choices(function.body):
            if name not in used:
                hint = "call the function, or take the choice away"
                label = f"`{name}` is never called"
                unit.report.error("DP305", message, choice.span, label=label, help=hint)
            elif alone and id(choice) not in known and name not in skipped:
                label = "in a case or a loop that is never entered"
                unit.report.warn("DP908", message, choice.span, label=label)
    note = " at these sizes" if unit.sizes else ""
    for case, (span, why) in unit.dead.items():
        if case not in unit.live:
            unit.report.warn("DP906", f"this case can never be met{note}", span, label=why)
