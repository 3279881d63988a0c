"""Ways through the typed tree: what stands directly inside what, and everything inside.

A new kind of expression or statement has its line here; whoever walks the tree calls these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from diffprog.lang import typed

if TYPE_CHECKING:
    from collections.abc import Sequence


def children(e: typed.Expr) -> list[typed.Expr]:  # noqa: C901 - a case a kind
    """Return the expressions directly inside an expression."""
    match e:
        case typed.Lit() | typed.Var():
            return []
        case typed.Apply(args=args) | typed.Call(args=args) | typed.NetCall(args=args):
            return list(args)
        case typed.Reduce():
            return [x for x in (e.array, e.where, e.otherwise) if x is not None]
        case typed.Index():
            return [e.base, *(p for p in e.parts if not isinstance(p, typed.Cut))]
        case typed.Conditional():
            return [e.test, e.then, e.other]
        case typed.ArrayOf(items=items) | typed.TupleOf(items=items):
            return list(items)
        case typed.Part(base=inner):
            return [inner]
        case typed.Convert(value=inner) | typed.Narrow(value=inner):
            return [inner]
        case typed.ChooseValue():
            return [*e.given, *(x for x in (e.logits, e.mask) if x is not None)]
        case typed.ChooseExpr():
            return [*e.given, *(x for x in (e.decided, e.mask) if x is not None), *e.alternatives]
        case _:
            assert_never(e)


def within(roots: Sequence[typed.Expr]) -> list[typed.Expr]:
    """Return expressions and all that is inside them."""
    out, stack = [], list(roots)
    while stack:
        e = stack.pop()
        out.append(e)
        stack += children(e)
    return out


def conditionals(roots: Sequence[typed.Expr]) -> list[typed.Conditional]:
    """Return the outermost conditionals in some expressions."""
    out: list[typed.Conditional] = []
    stack = list(roots)
    while stack:
        e = stack.pop()
        if isinstance(e, typed.Conditional):
            out.append(e)
        else:
            stack += children(e)
    return out


def statements(block: typed.Block) -> list[typed.TStatement]:
    """Return the statements of a block and of the blocks inside it."""
    out: list[typed.TStatement] = []
    for s in block:
        out.append(s)
        for inner in blocks(s):
            out += statements(inner)
    return out


def blocks(s: typed.TStatement) -> list[typed.Block]:
    """Return the blocks directly inside a statement."""
    match s:
        case typed.If():
            return [s.then, s.orelse]
        case typed.Match():
            return [b for _, b in s.cases]
        case typed.Choose():
            return list(s.alternatives)
        case typed.For() | typed.ForEach() | typed.While() | typed.Repeat():
            return [s.body]
        case typed.Assign() | typed.Update() | typed.Swap() | typed.Learn():
            return []
        case _:
            assert_never(s)


def expressions(s: typed.TStatement) -> list[typed.Expr]:  # noqa: C901 - a case a kind
    """Return the expressions directly inside a statement."""
    match s:
        case typed.Assign() | typed.Update():
            return [s.value, *_parts(s.place)]
        case typed.Swap():
            return [*_parts(s.left), *_parts(s.right)]
        case typed.If():
            return [s.test]
        case typed.Match():
            return [s.subject]
        case typed.Choose():
            return [*s.given, *(x for x in (s.decided, s.mask) if x is not None)]
        case typed.For():
            return [s.lo, s.hi]
        case typed.ForEach():
            return [s.array]
        case typed.While():
            return [s.test]
        case typed.Repeat():
            return [s.until]
        case typed.Learn():
            return []
        case _:
            assert_never(s)


def _parts(place: typed.Place) -> list[typed.Expr]:
    return [p for p in place.parts if not isinstance(p, typed.Cut)]
