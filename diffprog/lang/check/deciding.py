"""Choices by networks: policies of values, and controllers.

In: `choose … by …`, `controller NAME = … reads …`. Out: typed trees in which nothing is new but a
choice whose logits are an expression. A controller's state is an ordinary variable of its name;
a decision reads it, and is taken into it by a statement that stands before the one that chooses.
So loops carry a controller, branches merge it, and the interpreter knows only networks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.deciders import MODULE, POLICIES, embed_width
from diffprog.errors import Label
from diffprog.lang import syntax, typed
from diffprog.lang.check import networks
from diffprog.lang.check.context import Frame, did_you_mean
from diffprog.lang.check.deciders import Controller, Deciding, Policy
from diffprog.nets import EXTERN, Open, Signature, Slot, slot
from diffprog.types import REAL, Array, Bool, Enum, Int, Tuple, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.errors import Span
    from diffprog.nets import Setting


def reals(*shape: int | Open) -> Slot:
    """Return an array of reals as a slot."""
    return Slot(REAL, shape)


# --- what a choice is decided by ------------------------------------------------------------------


def deciding(
    frame: Frame, by: syntax.Network, values: Sequence[typed.Expr] | None
) -> Deciding | None:
    """Return the policy or the controller that `by` names; None after an error."""
    if by.name in frame.controllers and by.name in frame.scope.variables:
        return _controller(frame, by)
    if by.name in POLICIES:
        return _policy(frame, by, values)
    known = [n for n in frame.controllers if n in frame.scope.variables]
    listed = ", ".join(f"`{n}`" for n in POLICIES)
    hint = f"a policy is {listed} `of` values; a controller is made by `controller {by.name} = …`"
    message = f"nothing decides by the name of `{by.name}`"
    help_ = did_you_mean(by.name, [*known, *POLICIES], hint)
    frame.error("DP315", message, by.span, help=help_)
    return None


def _controller(frame: Frame, by: syntax.Network) -> Controller | None:
    known = frame.controllers[by.name]
    if by.options or by.inputs:
        hint = f"write `by {by.name}`; its options and its input stand where it is made"
        others = (Label(known.span, "made here"),)
        message = f"the controller `{by.name}` takes no options and no values here"
        frame.error("DP311", message, by.span, others=others, help=hint)
        return None
    return known


def _policy(frame: Frame, by: syntax.Network, values: Sequence[typed.Expr] | None) -> Policy | None:
    settings = networks.options(frame, POLICIES[by.name], by)
    if not by.inputs:
        hint = f"say what it sees: `by {by.name}(…) of a, b`"
        frame.error("DP311", f"the policy `{by.name}` sees no values", by.span, help=hint)
        return None
    wrong = [v for v in values or () if isinstance(v.type, Tuple)]
    for v in wrong:
        frame.error("DP311", "a policy sees no tuples", v.span, help="give each part by itself")
    if settings is None or values is None or wrong:
        return None
    return Policy(by.name, settings, tuple(values))


# --- decisions ------------------------------------------------------------------------------------


def decide(
    frame: Frame, by: Deciding, hole: typed.Hole, mask: typed.Expr | None, span: Span
) -> typed.Expr | None:
    """Return the decision of a hole, as an expression of the hole's type."""
    if isinstance(by, Policy):
        size = sum(_numbers(v.type) for v in by.values)
        settings = {**by.settings, "in": size, "out": _count(hole.type)}
        params = tuple((f"value {i}", slot(v.type)) for i, v in enumerate(by.values))
        scores = reals(_count(hole.type))
        net = entered(frame, hole.network, f"policy {by.name}", settings, params, scores, hole.span)
        return None if net is None else _choice(net, hole, by.values, mask, span)
    if frame.barred:
        hint = f"decide in a statement of its own: `x = choose … by {by.name}`, then use `x`"
        message = f"`{by.name}` cannot decide here: {frame.barred}"
        frame.error("DP313", message, span, help=hint)
        return None
    return _controlled(frame, by, hole, mask, span)


def _controlled(
    frame: Frame, by: Controller, hole: typed.Hole, mask: typed.Expr | None, span: Span
) -> typed.Expr | None:
    """Put the decision, and the state that knows of it, before the statement at hand."""
    count, drop = _count(hole.type), by.settings.get("drop", 0.0)
    state, (width,) = typed.Var(by.name, type=by.state, span=span), by.state.shape
    embed = embed_width(by.kind, by.settings)
    scores: dict[str, Setting] = {"in": width, "out": count, "drop": drop}
    head = entered(frame, hole.network, "controller head", scores,
                   (("state", reals(width)),), reals(count), hole.span)  # fmt: skip
    embedding: dict[str, Setting] = {"in": count, "out": embed}
    takes = entered(frame, f"{hole.network}:taken", "controller decision", embedding,
                    (("decision", slot(hole.type)),), reals(embed), hole.span)  # fmt: skip
    if head is None or takes is None:
        return None
    step = _step(frame, by, embed)
    if step is None:
        return None
    chosen = _choice(head, hole, (state,), mask, span)
    taken = typed.Var(hole.key, type=hole.type, span=span)
    seen = typed.NetCall(takes, (taken,), 0, type=Array((embed,), REAL), span=span)
    memory = typed.Var(by.remembered, type=by.memory, span=span)
    after = typed.NetCall(step, (memory, state, seen), 0, type=by.state, span=span)
    frame.ahead += [
        typed.Assign(typed.Place(hole.key, (), hole.type), chosen, span=span),
        typed.Assign(typed.Place(by.name, (), by.state), after, span=span),
    ]
    known = frame.scope.variables[by.name]
    frame.scope.set(by.name, known.assigned(by.state, span))
    return taken


def _choice(
    net: typed.Net,
    hole: typed.Hole,
    values: tuple[typed.Expr, ...],
    mask: typed.Expr | None,
    span: Span,
) -> typed.ChooseValue:
    scores = Array((_count(hole.type),), REAL)
    logits = typed.NetCall(net, values, 0, type=scores, span=span)
    return typed.ChooseValue(hole, (), mask, logits, type=hole.type, span=span)


def _step(frame: Frame, by: Controller, embed: int) -> typed.Net | None:
    (width,), memory = by.state.shape, by.memory.shape[1]
    hidden = by.settings.get("hidden")
    settings = {"hidden": hidden, "memory": memory, "embed": embed, "cell": by.kind}
    params = (("memory", reals(length_of(by), memory)), ("state", reals(width)),
              ("decision", reals(embed)))  # fmt: skip
    name = f"{by.key}:step"
    kind = EXTERN if by.kind == MODULE else "controller step"
    return entered(frame, name, kind, settings, params, reals(width), by.span)


def length_of(by: Controller) -> int | Open:
    """Return how many places a controller's networks take: any, or what an extern was tried at."""
    return by.memory.shape[0] if by.kind == MODULE else Open("length")


def entered(
    frame: Frame,
    name: str,
    kind: str,
    settings: dict[str, Setting],
    params: tuple[tuple[str, Slot], ...],
    result: Slot,
    span: Span,
) -> typed.Net | None:
    """Enter a network, unless its place in the source already has one of another shape."""
    signature = Signature(params, (result,))
    made = typed.Net(name, kind, tuple(settings.items()), signature, span=span)
    known = frame.unit.nets.setdefault(name, made)
    if known == made:
        return known
    hint = "a network has one shape for all calls: call the function with the same types"
    frame.error("DP306", "this network would have two shapes", span, help=hint)
    return None


def _count(t: Type) -> int:
    assert isinstance(t, Bool | Int | Enum)
    return t.size


def _numbers(t: Type) -> int:
    """Return how many numbers a value is for a network: a point of a simplex, or itself."""
    item = t.item if isinstance(t, Array) else t
    cells = t.count if isinstance(t, Array) else 1
    return cells * (item.size if isinstance(item, Int | Enum) else 1)
