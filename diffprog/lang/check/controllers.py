"""Controllers: `controller NAME = … reads …`.

In: the statement and what it reads. Out: the assignments that read the input and begin the state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.deciders import MODULE, READERS, memory_width
from diffprog.errors import Label
from diffprog.lang import syntax, typed
from diffprog.lang.check import networks
from diffprog.lang.check.context import Frame, did_you_mean
from diffprog.lang.check.deciders import Controller
from diffprog.lang.check.deciding import entered, length_of, reals
from diffprog.lang.check.names import name_span
from diffprog.lang.check.naming import is_new
from diffprog.lang.check.scope import Variable
from diffprog.nets import EXTERN, Open, Slot, slot
from diffprog.types import REAL, Array, Enum, Int, Tuple, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.errors import Span


def controller(
    frame: Frame, s: syntax.Controller, reads: Sequence[typed.Expr] | None
) -> list[typed.TStatement]:
    """Make a controller: what it remembers of its input, and its first state."""
    kind, span = READERS.get(s.network.name), name_span(s, s.name)
    if kind is None:
        listed = "they are " + ", ".join(f"`{n}`" for n in READERS)
        hint = did_you_mean(s.network.name, READERS, listed)
        message = f"no controller reads by `{s.network.name}`"
        frame.error("DP315", message, s.network.span, help=hint)
        return []
    settings = networks.options(frame, kind, s.network)
    if not is_new(frame, s.name, span, "it cannot be a controller"):
        return []
    if s.name in frame.controllers:
        others = (Label(frame.controllers[s.name].span, "the other one"),)
        message = f"this function has a controller `{s.name}` already"
        frame.error("DP203", message, span, others=others, help="choose another name")
        return []
    if settings is None or reads is None or not all([_readable(frame, e) for e in reads]):
        frame.scope.set(s.name, Variable(None, span))
        return []
    inputs = tuple(_sequence(e) for e in reads)
    length = sum(e.type.shape[0] for e in inputs if isinstance(e.type, Array))
    memory = Array((length, memory_width(kind.name, settings)), REAL)
    made = Controller(s.name, kind.name, settings, f"{frame.name}:{s.name}", memory, span)
    frame.controllers[s.name] = made
    frame.scope.set(s.name, Variable(made.state, span, pinned=made.state))
    return _begun(frame, made, inputs, s.span)


def _readable(frame: Frame, e: typed.Expr) -> bool:
    shape = e.type.shape if isinstance(e.type, Array) else ()
    item = e.type.item if isinstance(e.type, Array) else e.type
    if not isinstance(e.type, Tuple) and len(shape) <= (2 if item == REAL else 1):
        return True
    hint = "a sequence `int<words>[length]`, rows of reals `real[length, k]`, or a single value"
    frame.error("DP312", f"a controller cannot read `{e.type}`", e.span, help=hint)
    return False


def _sequence(e: typed.Expr) -> typed.Expr:
    """Return what is read as a sequence: a single value is one of length 1."""
    if isinstance(e.type, Array):
        return e
    assert not isinstance(e.type, Tuple)
    return typed.ArrayOf((e,), type=Array((1,), e.type), span=e.span)


def _begun(
    frame: Frame, made: Controller, inputs: tuple[typed.Expr, ...], span: Span
) -> list[typed.TStatement]:
    sizes = {f"in {i}": _width(e.type) for i, e in enumerate(inputs)}
    width = made.memory.shape[1]
    extern, long = made.kind == MODULE, length_of(made)
    params = tuple(
        (f"input {i}", slot(e.type) if extern else _open(e.type, i)) for i, e in enumerate(inputs)
    )
    reader = EXTERN if extern else f"reader {made.kind}"
    read = entered(frame, f"{made.key}:read", reader, {**made.settings, **sizes},
                params, reals(long, width), made.span)  # fmt: skip
    begin = {"hidden": made.settings.get("hidden"), "memory": width, "cell": made.kind}
    start = entered(frame, f"{made.key}:start", EXTERN if extern else "controller start", begin,
                 (("memory", reals(long, width)),), reals(*made.state.shape),
                 made.span)  # fmt: skip
    if read is None or start is None:
        return []
    seen = typed.NetCall(read, inputs, 0, type=made.memory, span=span)
    memory = typed.Var(made.remembered, type=made.memory, span=span)
    first = typed.NetCall(start, (memory,), 0, type=made.state, span=span)
    return [
        typed.Assign(typed.Place(made.remembered, (), made.memory), seen, span=span),
        typed.Assign(typed.Place(made.name, (), made.state), first, span=span),
    ]


def _width(t: Type) -> int:
    """Return how many numbers a place of a sequence is."""
    assert isinstance(t, Array)
    if len(t.shape) > 1:
        return t.shape[1]
    return t.item.size if isinstance(t.item, Int | Enum) else 1


def _open(t: Type, place: int) -> Slot:
    assert isinstance(t, Array)
    return Slot(t.item, (Open(f"length {place}"), *t.shape[1:]))
