"""Expressions that hold no other: literals, names, members of enumerations and of modules.

In: their syntax and the frame. Out: typed ones, or None after an error that has been reported.
"""

from __future__ import annotations

from diffprog.lang import syntax, typed
from diffprog.lang.check.context import Frame, Unit, did_you_mean, listed
from diffprog.types import BOOL, REAL, Int


def literal(_: Frame, e: syntax.Literal) -> typed.Expr:
    """Return a number or a truth value."""
    if isinstance(e.value, bool):
        return typed.Lit(e.value, type=BOOL, span=e.span)
    if isinstance(e.value, int):
        return typed.Lit(e.value, type=Int(e.value, e.value + 1), span=e.span)
    return typed.Lit(e.value, type=REAL, span=e.span)


def name(frame: Frame, e: syntax.Name) -> typed.Expr | None:
    """Return a variable, a size or a constant."""
    scope = frame.scope
    if e.id in frame.controllers and e.id in scope.variables:
        hint = f"it decides: `choose … by {e.id}`"
        frame.error("DP314", f"`{e.id}` is a controller, not a value", e.span, help=hint)
        return None
    if e.id in scope.variables:
        t = scope.variables[e.id].type
        if t is None:
            return None
        found = typed.Var(e.id, type=t, span=e.span)
        narrowed = scope.narrowed.get(e.id, t)
        return found if narrowed == t else typed.Narrow(found, type=narrowed, span=e.span)
    if e.id in frame.sizes:
        n = frame.sizes[e.id]
        return typed.Lit(n, type=Int(n, n + 1), span=e.span)
    if e.id in frame.unit.constants:
        constant = frame.unit.constants[e.id]
        return typed.Lit(constant.value, type=constant.type, span=e.span)
    if e.id not in frame.unit.broken:
        _undefined(frame, e)
    return None


def _undefined(frame: Frame, e: syntax.Name) -> None:
    unit, scope = frame.unit, frame.scope
    if e.id in scope.gone:
        gone = scope.gone[e.id]
        message = f"`{e.id}` has no value here: {gone.why}"
        frame.error("DP205", message, e.span, others=gone.places, help=gone.help)
    elif e.id in unit.modules:
        hint = f"name something of it: `{e.id}.…`"
        frame.error("DP211", f"`{e.id}` is a module, not a value", e.span, help=hint)
    elif kind := unit.kind_of(e.id):
        hint = f"call it: `{e.id}(…)`"
        if e.id in unit.enums:
            hint = f"name one of its values: `{e.id}.{unit.enums[e.id].members[0]}`"
        frame.error("DP211", f"`{e.id}` is {kind}, not a value", e.span, help=hint)
    else:
        known = [*scope.variables, *frame.sizes, *unit.constants, *unit.enums]
        message = f"`{e.id}` is not defined"
        frame.error("DP201", message, e.span, help=did_you_mean(e.id, known))


def member(frame: Frame, e: syntax.Member) -> typed.Expr | None:
    """Return a value of an enumeration, or a constant of a module."""
    if e.enum in frame.unit.modules:
        return _of_module(frame, e, frame.unit.modules[e.enum])
    enum = frame.unit.enum(e.enum)
    if enum is not None and e.name in enum.members:
        return typed.Lit(enum.members.index(e.name), type=enum, span=e.span)
    if enum is not None:
        shown = ", ".join(enum.members)
        hint = did_you_mean(e.name, enum.members, f"its values are {shown}")
        frame.error("DP206", f"`{e.enum}` has no value `{e.name}`", e.span, help=hint)
    elif e.enum in frame.scope.variables:
        hint = "values have no fields; take a tuple apart: `a, b = t`"
        frame.error("DP206", f"`{e.enum}` is not an enumeration", e.span, help=hint)
    elif e.enum not in frame.unit.broken:
        hint = did_you_mean(e.enum, frame.unit.enums, f"declare it: `enum {e.enum}: {e.name}, …`")
        frame.error("DP206", f"no enumeration is called `{e.enum}`", e.span, help=hint)
    return None


def _of_module(frame: Frame, e: syntax.Member, module: Unit) -> typed.Expr | None:
    """Return a constant or a size of a module."""
    if e.name in module.constants:
        constant = module.constants[e.name]
        return typed.Lit(constant.value, type=constant.type, span=e.span)
    if e.name in module.sizes:
        n = module.sizes[e.name]
        return typed.Lit(n, type=Int(n, n + 1), span=e.span)
    if e.name not in module.broken:
        names = [*module.constants, *module.sizes]
        hint = did_you_mean(e.name, names, f"its constants: {listed(names)}")
        if kind := module.kind_of(e.name):
            hint = f"`{e.name}` is {kind} of it"
        frame.error("DP201", f"`{e.enum}` has no constant `{e.name}`", e.span, help=hint)
    return None
