"""Statements: each becomes one typed statement, a few, or none.

In: the statements of a block and the frame they stand in. Out: typed statements; the frame's
scope has moved to the end of the block. A statement with an error gives nothing.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from diffprog.errors import Label
from diffprog.lang import syntax, typed
from diffprog.lang.check import choices, loops, places
from diffprog.lang.check.branches import Case, merge
from diffprog.lang.check.controllers import controller
from diffprog.lang.check.convert import fit
from diffprog.lang.check.expressions import decider, expression, expressions, meets, test
from diffprog.lang.check.matching import match
from diffprog.lang.check.naming import is_new
from diffprog.lang.check.narrow import Facts, facts, is_constant
from diffprog.lang.check.scope import Variable
from diffprog.lang.check.sizes import type_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diffprog.lang.check.context import Frame

MAX_BRANCHES = 100
"""Branches of one `if`: in the typed tree each stands inside the one before."""

Branches = tuple[tuple[syntax.Expr, syntax.Block], ...]


def block(frame: Frame, statements: syntax.Block) -> list[typed.TStatement]:
    """Check the statements in order; what a controller decides in one stands before it."""
    out: list[typed.TStatement] = []
    outside = frame.ahead
    for s in statements:
        frame.ahead = []
        made = _RULES[type(s)](frame, s)
        out += [*frame.ahead, *made]
    frame.ahead = outside
    return out


def _assign(frame: Frame, s: syntax.Assign) -> list[typed.TStatement]:
    value = expression(frame, s.value)
    if s.type is not None:
        return _declare(frame, s, s.type, value)
    if value is None:
        for target in s.targets:
            places.lose(frame, target)
        return []
    if len(s.targets) > 1:
        return places.unpack(frame, s, value)
    return places.assign(frame, s.targets[0], value, s.span)


def _declare(
    frame: Frame, s: syntax.Assign, written: syntax.TypeExpr, value: typed.Expr | None
) -> list[typed.TStatement]:
    name, t = s.targets[0], type_of(frame, written)
    if not isinstance(name, syntax.Name) or len(s.targets) > 1:
        hint = "declare the variables first, each in a line of its own"
        frame.error("DP203", "only one variable can be declared at a time", s.span, help=hint)
        return []
    if not places.declare(frame, name, t):
        return []
    if t is None:
        places.lose(frame, name)
    if t is None or value is None:
        return []
    return places.assign(frame, name, value, s.span)


def _update(frame: Frame, s: syntax.Update) -> list[typed.TStatement]:
    value = expression(frame, s.value)
    return [] if value is None else places.update(frame, s, value)


def _learn(frame: Frame, s: syntax.Learn) -> list[typed.TStatement]:
    frame.unit.met.add(id(s))
    t = type_of(frame, s.type)
    if not is_new(frame, s.name, s.span, "it cannot be learned under this name"):
        return []
    frame.scope.set(s.name, Variable(t, s.span, pinned=t))
    hole = None if t is None else choices.learn(frame, s, t)
    return [] if hole is None else [typed.Learn(s.name, hole, span=s.span)]


def _return(frame: Frame, s: syntax.Return) -> list[typed.TStatement]:
    value = expression(frame, s.value)
    if value is None or frame.result is None:
        return []
    wanted, declared = frame.result, frame.result_span
    others = (Label(declared, "the result's type"),) if declared is not None else ()
    entered = fit(frame, value, wanted, f"the result of `{frame.name}`", others=others)
    if entered is None:
        return []
    frame.scope.set(typed.RESULT, Variable(wanted, s.span, pinned=wanted))
    return [typed.Assign(typed.Place(typed.RESULT, (), wanted), entered, span=s.span)]


def _if(frame: Frame, s: syntax.If) -> list[typed.TStatement]:
    if len(s.branches) > MAX_BRANCHES:
        message = f"this `if` has {len(s.branches)} branches; the limit is {MAX_BRANCHES}"
        hint = "`match` has a case for each value of an int or an enumeration"
        frame.error("DP419", message, s.branches[MAX_BRANCHES][0].span, help=hint)
        return []
    return _branches(frame, s, s.branches)


def _branches(frame: Frame, s: syntax.If, branches: Branches) -> list[typed.TStatement]:
    """Check `if`, `elif`, …: all but the first branch are the `else` of it."""
    if not branches:
        return block(frame, s.otherwise or ())
    (condition, then), rest = branches[0], branches[1:]
    outside, frame.ahead = frame.ahead, []
    question = test(frame, condition)
    ahead, frame.ahead = frame.ahead, outside
    yes = {} if question is None else facts(question, True)
    no = {} if question is None else facts(question, False)
    if question is not None and not is_constant(question):
        meets(frame, then, yes, condition, "never true")
        if rest or s.otherwise is not None:
            meets(frame, rest[0][0] if rest else s.otherwise, no, condition, "always true")
    base, run_rest = frame.scope, partial(_branches, s=s, branches=rest)
    cases = [
        case(frame, found, run)
        for found, run in ((yes, partial(block, statements=then)), (no, run_rest))
        if found is not None
    ]
    if len(cases) == 1:
        frame.scope = cases[0].scope
        return [*ahead, *cases[0].body]
    frame.scope = base
    merged = merge(frame, base, cases, s.span)
    if question is None:
        return []
    yes_body, no_body = (tuple(c.body) for c in cases)
    return [*ahead, typed.If(question, yes_body, no_body, merged, span=s.span)]


def case(frame: Frame, found: Facts, run: Callable[[Frame], list[typed.TStatement]]) -> Case:
    """Check one case with what holds in it; the frame's scope is put back."""
    outside = frame.scope
    frame.scope = outside.fork(found)
    body = run(frame)
    end, frame.scope = frame.scope, outside
    return Case(end, body)


def _match(frame: Frame, s: syntax.Match) -> list[typed.TStatement]:
    subject = expression(frame, s.subject)
    found = match(frame, s, subject)
    base = frame.scope
    cases = [
        (numbers, case(frame, known, partial(block, statements=body)))
        for numbers, known, body in found
    ]
    if not cases:
        return []
    if len(cases) == 1:
        frame.scope = cases[0][1].scope
        return cases[0][1].body
    merged = merge(frame, base, [c for _, c in cases], s.span)
    if subject is None:
        return []
    bodies = tuple((numbers, tuple(c.body)) for numbers, c in cases)
    return [typed.Match(subject, bodies, merged, span=s.span)]


def _choose(frame: Frame, s: syntax.ChooseBlock) -> list[typed.TStatement]:
    frame.unit.met.add(id(s))
    depends = decider(frame, s.decider)
    found = None
    if depends is not None:
        found = choices.select(frame, s, [a.span for a in s.alternatives], depends)
    base = frame.scope
    cases = [case(frame, {}, partial(block, statements=(a,))) for a in s.alternatives]
    merged = merge(frame, base, cases, s.span)
    if found is None or depends is None:
        return []
    hole, decided, mask = found
    bodies = tuple(tuple(c.body) for c in cases)
    return [typed.Choose(hole, depends.given, mask, bodies, merged, decided, span=s.span)]


def _controller(frame: Frame, s: syntax.Controller) -> list[typed.TStatement]:
    return controller(frame, s, expressions(frame, s.network.inputs))


_RULES: dict[type, Callable[[Frame, Any], Sequence[typed.TStatement]]] = {
    syntax.Assign: _assign,
    syntax.Update: _update,
    syntax.Learn: _learn,
    syntax.Swap: lambda frame, s: places.swap(frame, s),
    syntax.Pass: lambda frame, s: [],
    syntax.Return: _return,
    syntax.If: _if,
    syntax.Match: _match,
    syntax.For: lambda frame, s: loops.for_(frame, s, block),
    syntax.While: lambda frame, s: loops.while_(frame, s, block),
    syntax.Repeat: lambda frame, s: loops.repeat(frame, s, block),
    syntax.Do: lambda frame, s: block(frame, s.body),
    syntax.ChooseBlock: _choose,
    syntax.Controller: _controller,
}
