"""The end of cases: what the variables are after a branch, whichever case was taken.

A case that leaves a variable in a narrower type than the others gets an assignment at its end
that converts it, so that all cases end in exactly the types that `merged` says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

from diffprog.errors import Label
from diffprog.lang import typed
from diffprog.lang.check.convert import between, convert, shown
from diffprog.lang.check.scope import Gone, Scope, Variable
from diffprog.types import Type, hull

if TYPE_CHECKING:
    from diffprog.errors import Span
    from diffprog.lang.check.context import Frame


@dataclass
class Case:
    """A case that was checked: the variables at its end, and its statements."""

    scope: Scope
    body: list[typed.TStatement] = field(default_factory=list)


def merge(frame: Frame, base: Scope, cases: list[Case], span: Span) -> typed.Merged:
    """Join the cases of a branch; the frame goes on with what they leave behind.

    Args:
        frame: gets the joined scope.
        base: the variables before the branch.
        cases: those that can be met, at least one.
        span: the branch.
    """
    after = base.fork()
    merged: list[tuple[str, Type]] = []
    for name in dict.fromkeys(n for case in cases for n in case.scope.variables):
        ends = [case.scope.variables.get(name) for case in cases]
        known = [v for v in ends if v is not None]
        before = base.variables.get(name)
        if all(v is before for v in known) and before is not None:
            continue
        first = next(v for v in known if v is not before)
        if len(known) < len(ends):
            places = (Label(first.span, "it gets one here"),)
            hint = f"give `{name}` a value in every case, or before"
            after.gone[name] = Gone("only some cases give it one", places, hint)
            continue
        joined = _joined(frame, name, before, first, cases)
        if joined is None:
            after.gone[name] = _many_types(name, known)
            continue
        after.set(name, joined)
        if joined.type is not None:
            merged.append((name, joined.type))
            _level(name, joined.type, cases, span)
    frame.scope = after
    return tuple(merged)


def _many_types(name: str, ends: list[Variable]) -> Gone:
    places = tuple(Label(v.span, f"here it is {shown(v.type)}") for v in ends if v.type)
    hint = f"give `{name}` one type in all cases"
    return Gone("its cases give it different types", places, hint)


def _joined(
    frame: Frame, name: str, before: Variable | None, first: Variable, cases: list[Case]
) -> Variable | None:
    """Return a variable as all cases leave it; None for a new one that has no one type."""
    ends = [case.scope.variables[name] for case in cases]
    if before is not None and before.pinned is not None:
        return ends[0] if ends[0] is not before else first
    types = [_end_type(case.scope, name) for case in cases]
    known = [t for t in types if t is not None]
    if len(known) < len(types):
        return Variable(None, first.span)
    joined = _hull(known)
    if joined is None and before is None:
        return None
    if joined is None:
        _disagree(frame, name, cases, known)
        return Variable(None, first.span)
    pins = {v.pinned for v in ends}
    pinned = first.pinned if len(pins) == 1 else None
    outside = _hull([joined, *(v.outside for v in ends if v.outside is not None)])
    return Variable(joined, first.span, pinned, first.loop, outside or joined)


def _hull(types: list[Type]) -> Type | None:
    def step(a: Type | None, b: Type) -> Type | None:
        return None if a is None else hull(a, b)

    return reduce(step, types[1:], types[0] if types else None)


def _disagree(frame: Frame, name: str, cases: list[Case], types: list[Type]) -> None:
    spans = [case.scope.variables[name].span for case in cases]
    last = next(i for i, t in enumerate(types) if _hull(types[: i + 1]) is None)
    # The place to mend is an assignment inside the branch; the other may stand before it.
    here, other = sorted((0, last), key=lambda i: -spans[i].start)
    frame.error(
        "DP408",
        f"`{name}` is {shown(types[here])} in one case and {shown(types[other])} in another",
        spans[here],
        label=f"here it is {shown(types[here])}",
        others=(Label(spans[other], f"here it is {shown(types[other])}"),),
        help=between(types[here], types[other]) or "give it one type in all cases",
    )


def _end_type(scope: Scope, name: str) -> Type | None:
    variable = scope.variables[name]
    return variable.type if variable.pinned is not None else scope.type_of(name)


def read(scope: Scope, name: str, span: Span) -> typed.Expr:
    """Read a variable of known type as it stands at the end of a case."""
    t = scope.variables[name].type
    assert t is not None
    found = typed.Var(name, type=t, span=span)
    narrowed = _end_type(scope, name)
    if narrowed is None or narrowed == t:
        return found
    return typed.Narrow(found, type=narrowed, span=span)


def _level(name: str, t: Type, cases: list[Case], span: Span) -> None:
    for case in cases:
        value = read(case.scope, name, span)
        if value.type != t or isinstance(value, typed.Narrow):
            place = typed.Place(name, (), t)
            case.body.append(typed.Assign(place, convert(value, t), span=span))
