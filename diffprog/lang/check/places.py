"""What statements assign: variables, cells, several at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diffprog.errors import Label
from diffprog.lang import syntax, typed
from diffprog.lang.check import indexing, operations
from diffprog.lang.check.convert import fit, shown
from diffprog.lang.check.expressions import expression, parts
from diffprog.lang.check.names import one_line, root
from diffprog.lang.check.naming import is_assignable, is_new
from diffprog.lang.check.scope import Variable
from diffprog.ops import INFIX
from diffprog.types import REAL, Array, Int, Tuple, Type

if TYPE_CHECKING:
    from diffprog.errors import Span
    from diffprog.lang.check.context import Frame


def declare(frame: Frame, name: syntax.Name, t: Type | None) -> bool:
    """Bring in an annotated variable. It stays without a value until it is assigned."""
    if not is_new(frame, name.id, name.span, "it cannot be declared again"):
        return False
    if t is not None:
        frame.scope.set(name.id, Variable(t, name.span, pinned=t))
    return True


def lose(frame: Frame, target: syntax.Expr) -> None:
    """Let a variable be of unknown type, after an error in what it is assigned."""
    if isinstance(target, syntax.Name) and is_assignable(frame, target.id, target.span):
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
    frame: Frame, target: syntax.Name, value: typed.Expr, span: Span, text: str = ""
) -> list[typed.TStatement]:
    name = target.id
    if not is_assignable(frame, name, target.span):
        # Whoever reads it meant this variable: one error is enough.
        frame.scope.variables.setdefault(name, Variable(None, target.span))
        return []
    known = frame.scope.variables.get(name, Variable(None, target.span))
    if known.pinned is not None:
        entered = fit(
            frame,
            value,
            known.pinned,
            f"`{name}`",
            others=(_pinned(name, known),),
            spread=True,
            text=text,
            also=_begin(name, known, value, text or one_line(value.span, 30)),
        )
        if entered is None:
            return []
        value = entered
    frame.scope.set(name, known.assigned(value.type, target.span))
    return [typed.Assign(typed.Place(name, (), value.type), value, span=span)]


def _pinned(name: str, known: Variable) -> Label:
    t = known.pinned
    assert t is not None
    if known.loop:
        return Label(known.span, f"`{name}` is {shown(t)} before the loop in line {known.loop}")
    return Label(known.span, f"`{name}` is declared as `{t}`")


def _begin(name: str, known: Variable, value: typed.Expr, text: str) -> str:
    """Say how an unannotated variable should begin, to hold what a loop assigns."""
    if not known.loop or not isinstance(known.pinned, Int):
        return ""
    if value.type == REAL:
        return f"begin it with a real before the loop: `{name} = {known.pinned.lo}.0`"
    if not isinstance(value.type, Int):
        return ""
    room = Int(min(0, known.pinned.lo), max(10, known.pinned.hi))
    return (
        f"a variable keeps its range through a loop; declare one with room before it, "
        f"`{name}: {room} = …`, and stay inside: `clamp({text}, {room.lo}, {room.hi - 1})`"
    )


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
    if base is None or places is None or not is_assignable(frame, name.id, name.span):
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
        if new is None:
            return []
        return _assign_variable(frame, node.target, new, node.span, _long(node))
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
        also=_declare_wider(frame, place), text=_long(node),
    ):  # fmt: skip
        return []
    touch(frame, place.name)
    return [typed.Update(place, INFIX[node.op], value, span=node.span)]


def _long(node: syntax.Update) -> str:
    return f"{one_line(node.target.span, 20)} {node.op} {one_line(node.value.span, 20)}"


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
            help=_alike(frame, left, right),
        )
        return []
    new = replace(left, type=right.type), replace(right, type=left.type)
    for place, target in zip(new, (node.left, node.right), strict=True):
        known = frame.scope.variables[place.name]
        changed = replace(known) if place.parts else known.assigned(place.type, target.span)
        frame.scope.set(place.name, changed)
    return [typed.Swap(*new, span=node.span)]


def _alike(frame: Frame, left: typed.Place, right: typed.Place) -> str:
    for place, other in ((left, right), (right, left)):
        if _may_change(frame, place):
            return f"declare it alike where it begins: `{place.name}: {other.type} = …`"
    return "declare both alike"


def _may_change(frame: Frame, place: typed.Place) -> bool:
    return not place.parts and frame.scope.variables[place.name].pinned is None


def unpack(frame: Frame, node: syntax.Assign, value: typed.Expr) -> list[typed.TStatement]:
    """Check `a, b = e`: the tuple goes to a temporary, whose name no program can write."""
    t, count = value.type, len(node.targets)
    if not isinstance(t, Tuple) or len(t.items) != count:
        found = f"{len(t.items)} values" if isinstance(t, Tuple) else f"one `{t}`"
        hint = "name the cells: `a = xs[0]`" if isinstance(t, Array) else ""
        message = f"{count} variables are assigned, but this gives {found}"
        label = f"this is `{t}`"
        frame.error("DP415", message, node.value.span, label=label, help=hint)
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
    t = known.pinned or known.type
    if not known.loop and known.pinned is not None:
        return ""
    if not isinstance(t, Array) or not isinstance(t.item, Int):
        return ""
    room = Array(t.shape, Int(min(0, t.item.lo), max(10, t.item.hi)))
    return f"declare it with room where it begins: `{place.name}: {room} = 0`"
