"""Whether a variable may have a name: free, new, or already its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.errors import Label
from diffprog.lang.check.context import BUILTINS, TYPE_NAMES

if TYPE_CHECKING:
    from diffprog.errors import Span
    from diffprog.lang.check.context import Frame


def is_free(frame: Frame, name: str, span: Span) -> bool:
    """Say whether a variable may have this name; report who has it already."""
    unit = frame.unit
    if name in BUILTINS or name in TYPE_NAMES:
        if name in unit.broken:  # told already
            return False
        unit.broken.add(name)
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


def is_assignable(frame: Frame, name: str, span: Span) -> bool:
    """Say whether a name may be assigned; report what it is if it may not."""
    known = frame.scope.variables.get(name)
    if known is None:
        return is_free(frame, name, span)
    if name in frame.controllers:
        others = (Label(known.span, "made here"),)
        message = f"`{name}` is a controller and cannot be assigned"
        frame.error("DP314", message, span, others=others, help="choose another name")
        return False
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
