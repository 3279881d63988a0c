"""What statements assign: variables, cells, several at once; and whether a name may be taken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diffprog.errors import Label
from diffprog.lang import syntax, typed
from diffprog.lang.check import indexing, operations
from diffprog.lang.check.context import BUILTINS, TYPE_NAMES, Frame
from diffprog.lang.check.convert import fit
from diffprog.lang.check.expressions import expression, parts
from diffprog.lang.check.names import root
from diffprog.lang.check.scope import Variable
from diffprog.ops import INFIX
from diffprog.types import Array, Int, Tuple, Type

if TYPE_CHECKING:
    from diffprog.errors import Span


def is_free(frame: Frame, name: str, span: Span) -> bool:
    """Say whether a variable may have this name; report who has it already."""
    unit = frame.unit
    if name in BUILTINS or name in TYPE_NAMES:
        what = "an operation" if name in BUILTINS else "a type"
        hint = f"call the variable something else, such as `{name}_`"
        frame.error("DP204", f"`{name}` is {what}", span, help=hint)
        return False
    if name in unit.declared and name in unit.broken:
        return False
    kind = unit.kind_of(name) or ("a size" if name in frame.sizes else None)
    if kind is None:
        return True
    message = f"`{name}` is {kind} and cannot be a variable"
    declared = unit.declared.get(name)
    others = (Label(declared, "declared here"),) if declared is not None else ()
    frame.error("DP203", message, span, others=others, help="choose another name")
    return False


def is_new(frame: Frame, name: str, span: Span, what: str) -> bool:
    """Say whether a declaration may bring this name in; report the variable that has it."""
    known = frame.scope.variables.get(name)
    if known is None:
        return is_free(frame, name, span)
    frame.error(
        "DP203",
        f"`{name}` is a variable already, so {what}",
        span,
        others=(Label(known.span, "it has its first value here"),),
        help="choose another name",
    )
    return False


def _is_assignable(frame: Frame, name: str, span: Span) -> bool:
    known = frame.scope.variables.get(name)
    if known is None:
        return is_free(frame, name, span)
    if not known.counter:
        return True
    frame.error(
        "DP212",
        f"`{name}` is the variable of a loop and cannot be assigned",
        span,
        others=(Label(known.span, "the loop"),),
        help="use a variable of your own, or a `while` loop",
    )
    return False


def declare(frame: Frame, name: syntax.Name, t: Type | None) -> bool:
    """Bring in an annotated variable. It stays without a value until it is assigned."""
    if not is_new(frame, name.id, name.span, "it cannot be declared again"):
        return False
    if t is not None:
        frame.scope.set(name.id, Variable(t, name.span, pinned=t, why="as declared"))
    return True


def lose(frame: Frame, target: syntax.Expr) -> None:
    """Let a variable be of unknown type, after an error in what it is assigned."""
    if isinstance(target, syntax.Name) and _is_assignable(frame, target.id, target.span):
        known = frame.scope.variables.get(target.id)
        if known is None or known.pinned is None:
            frame.scope.set(target.id, Variable(None, target.span))


def assign(
    frame: Frame, target: syntax.Expr, value: typed.Expr, span: Span
) -> list[typed.TStatement]:
    """Assign a checked value to a variable or to cells."""
    if isinstance(target, syntax.Name):
        return _assign_variable(frame, target, value, span)
    place = cells(frame, target)
    if place is None:
        return []
    value_or_none = fit(
        frame, value, place.type, _cell(place), others=_origin(frame, place), spread=True,
        also=_declare_wider(frame, place),
    )  # fmt: skip
    if value_or_none is None:
        return []
    touch(frame, place.name)
    return [typed.Assign(place, value_or_none, span=span)]


def _assign_variable(
    frame: Frame, target: syntax.Name, value: typed.Expr, span: Span
) -> list[typed.TStatement]:
    name = target.id
    if not _is_assignable(frame, name, target.span):
        return []
    known = frame.scope.variables.get(name, Variable(None, target.span))
    if known.pinned is not None:
        entered = fit(
            frame,
            value,
            known.pinned,
            f"`{name}`",
            others=(Label(known.span, f"`{name}` is `{known.pinned}` {known.why}"),),
            spread=True,
            also=f"give it room before the loop: `{name}: int<…> = …`"
            if known.why != "as declared" and isinstance(known.pinned, Int)
            else "",
        )
        if entered is None:
            return []
        value = entered
    frame.scope.set(name, known.assigned(value.type, target.span))
    return [typed.Assign(typed.Place(name, (), value.type), value, span=span)]


def touch(frame: Frame, name: str) -> None:
    """Note that a variable was assigned in part."""
    frame.scope.set(name, replace(frame.scope.variables[name]))


def cells(frame: Frame, target: syntax.Expr) -> typed.Place | None:
    """Check a target such as `xs[i]`, or a plain variable that has a value already."""
    name, index = root(target), _index(frame, target)
    if name is None:
        hint = "assign to a variable or to cells of one"
        frame.error("DP407", "this cannot be assigned", target.span, help=hint)
        return None
    if name.id in frame.unit.constants and name.id not in frame.scope.variables:
        frame.error("DP212", f"`{name.id}` is a constant and cannot change", name.span)
        return None
    base = expression(frame, name)
    places = parts(frame, index) if index is not None else None
    if base is None or places is None or not _is_assignable(frame, name.id, name.span):
        return None
    if isinstance(base, typed.Narrow):
        base = base.value
    if not places:
        return typed.Place(name.id, (), base.type)
    if isinstance(base.type, Tuple):
        hint = "make a new tuple: `t = (a, b)`"
        frame.error("DP407", "a part of a tuple cannot be assigned", target.span, help=hint)
        return None
    found = indexing.cells(frame, base, places, target.span)
    return None if found is None else typed.Place(name.id, found[0], found[1])


def _index(frame: Frame, target: syntax.Expr) -> tuple[syntax.Expr | syntax.Slice, ...] | None:
    """Return the parts of an index, those of `m[i][j]` as of `m[i, j]`."""
    found: tuple[syntax.Expr | syntax.Slice, ...] = ()
    while isinstance(target, syntax.Index):
        if found and any(isinstance(p, syntax.Slice) for p in target.index):
            hint = "write all parts in one bracket: `m[i, j]`"
            frame.error("DP407", "cells of a slice cannot be assigned", target.span, help=hint)
            return None
        found = target.index + found
        target = target.base
    return found


def update(frame: Frame, node: syntax.Update, value: typed.Expr) -> list[typed.TStatement]:
    """Check `target op= value`."""
    if isinstance(node.target, syntax.Name):
        old = expression(frame, node.target)
        if old is None:
            return []
        new = operations.apply(frame, INFIX[node.op], [old, value], node.span)
        return [] if new is None else _assign_variable(frame, node.target, new, node.span)
    place = cells(frame, node.target)
    if place is None:
        return []
    whole = frame.scope.variables[place.name].type
    assert whole is not None
    base = typed.Var(place.name, type=whole, span=node.target.span)
    read = typed.Index(base, place.parts, type=place.type, span=node.target.span)
    new = operations.apply(frame, INFIX[node.op], [read, value], node.span)
    if new is None or not fit(
        frame, new, place.type, _cell(place), others=_origin(frame, place),
        also=_declare_wider(frame, place),
    ):  # fmt: skip
        return []
    touch(frame, place.name)
    return [typed.Update(place, INFIX[node.op], value, span=node.span)]


def swap(frame: Frame, node: syntax.Swap) -> list[typed.TStatement]:
    """Check `swap a, b`: each side gets exactly the type of the other."""
    left, right = cells(frame, node.left), cells(frame, node.right)
    if left is None or right is None:
        return []
    if left.type != right.type and not (_may_change(frame, left) and _may_change(frame, right)):
        frame.error(
            "DP404",
            f"the sides of a swap are of different types, `{left.type}` and `{right.type}`",
            node.span,
            others=(*_origin(frame, left), *_origin(frame, right)),
            help="declare both alike: `x: int<10> = 0`",
        )
        return []
    new = replace(left, type=right.type), replace(right, type=left.type)
    for place, target in zip(new, (node.left, node.right), strict=True):
        known = frame.scope.variables[place.name]
        changed = replace(known) if place.parts else known.assigned(place.type, target.span)
        frame.scope.set(place.name, changed)
    return [typed.Swap(*new, span=node.span)]


def _may_change(frame: Frame, place: typed.Place) -> bool:
    return not place.parts and frame.scope.variables[place.name].pinned is None


def unpack(frame: Frame, node: syntax.Assign, value: typed.Expr) -> list[typed.TStatement]:
    """Check `a, b = e`: the tuple goes to a temporary, whose name no program can write."""
    t, count = value.type, len(node.targets)
    if not isinstance(t, Tuple) or len(t.items) != count:
        found = f"{len(t.items)} values" if isinstance(t, Tuple) else f"one `{t}`"
        hint = "name the cells: `a = xs[0]`" if isinstance(t, Array) else ""
        message = f"{count} variables are assigned, but this gives {found}"
        frame.error("DP415", message, node.value.span, help=hint)
        for target in node.targets:
            lose(frame, target)
        return []
    names = [name.id if (name := root(target)) else "" for target in node.targets]
    whole = ",".join(names)
    out: list[typed.TStatement] = [typed.Assign(typed.Place(whole, (), t), value, span=node.span)]
    for i, target in enumerate(node.targets):
        base = typed.Var(whole, type=t, span=node.value.span)
        part = typed.Part(base, i, type=t.items[i], span=node.value.span)
        out += assign(frame, target, part, node.span)
    return out


def _cell(place: typed.Place) -> str:
    return f"a cell of `{place.name}`" if place.parts else f"`{place.name}`"


def _origin(frame: Frame, place: typed.Place) -> tuple[Label, ...]:
    known = frame.scope.variables[place.name]
    return (Label(known.span, f"`{place.name}` is `{known.type}`"),)


def _declare_wider(frame: Frame, place: typed.Place) -> str:
    known = frame.scope.variables[place.name]
    if known.pinned is not None and known.why == "as declared":
        return ""
    return f"give it room where it begins: `{place.name}: int<…>[…] = …`"
