"""Holes: what they depend on, what they range over, and their one shape for the whole program."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from diffprog.lang import syntax, typed
from diffprog.lang.check.convert import join
from diffprog.lang.check.deciding import decide
from diffprog.lang.check.names import one_line
from diffprog.types import BOOL, REAL, Array, Bool, Enum, Int, Tuple, Type, is_finite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.errors import Span
    from diffprog.lang.check.context import Frame
    from diffprog.lang.check.deciders import Deciding
    from diffprog.lang.check.names import Choice

MAX_ENTRIES = 10_000_000
"""Weights of one hole; more is refused before any memory is taken."""

_MAX_LABELS = 64


@dataclass(frozen=True)
class Depends:
    """What a choice depends on: values it is given, or a network; a mask."""

    given: tuple[typed.Expr, ...] = ()
    by: Deciding | None = None
    mask: typed.Expr | None = None


def are_finite(frame: Frame, given: Sequence[typed.Expr]) -> bool:
    """Say whether a choice can be given these values; report those that it cannot."""
    bad = [e for e in given if not isinstance(e.type, Bool | Int | Enum)]
    for e in bad:
        hint = "compare it first: `given x > 0`" if e.type == REAL else ""
        hint = "give its cells: `given xs[0], xs[1]`" if isinstance(e.type, Array) else hint
        message = f"a choice is given finite values, but this is `{e.type}`"
        frame.error("DP302", message, e.span, help=hint)
    return not bad


def value(
    frame: Frame,
    node: syntax.ChooseValue,
    t: Type,
    depends: Depends,
) -> typed.Expr | None:
    """Make `choose T`."""
    if not isinstance(t, Bool | Int | Enum):
        hint = "a real is learned: `learn x: real`" if t == REAL else ""
        hint = f"a block is learned: `learn x: {t}`" if isinstance(t, Array) else hint
        message = f"one chooses among finitely many values, but this is `{t}`"
        frame.error("DP301", message, node.type.span, help=hint)
        return None
    hole = make(frame, node, "value", t, _values(t), depends)
    if hole is None or not _mask_fits(frame, depends.mask, t.size):
        return None
    if depends.by is not None:
        return decide(frame, depends.by, hole, depends.mask, node.span)
    return typed.ChooseValue(hole, depends.given, depends.mask, type=t, span=node.span)


def _values(t: Bool | Int | Enum) -> tuple[str, ...]:
    if isinstance(t, Int):
        return tuple(map(str, range(t.lo, min(t.hi, t.lo + _MAX_LABELS))))
    return t.members if isinstance(t, Enum) else ("false", "true")


def expression(
    frame: Frame,
    node: syntax.ChooseExpr,
    alternatives: Sequence[typed.Expr],
    depends: Depends,
) -> typed.ChooseExpr | None:
    """Make `choose(a, b)`."""
    joined = join(frame, alternatives, "the alternatives")
    found = select(frame, node, [a.span for a in node.alternatives], depends)
    if joined is None or found is None:
        return None
    hole, decided, mask = found
    return typed.ChooseExpr(
        hole, depends.given, mask, joined[1], decided, type=joined[0], span=node.span
    )


Selected: TypeAlias = tuple[typed.Hole, typed.Expr | None, typed.Expr | None]
"""A hole, its decision where a network has made it, else its mask."""


def select(
    frame: Frame,
    node: syntax.ChooseExpr | syntax.ChooseBlock,
    spans: Sequence[Span],
    depends: Depends,
) -> Selected | None:
    """Make the hole of a choice among alternatives that the program writes out."""
    if len(spans) < 2:
        hint = "`choose int<3>` chooses a value of a type; alternatives are separated by commas"
        if isinstance(node, syntax.ChooseBlock):
            hint = "each statement is an alternative: add one, such as `pass`; `do:` groups several"
        frame.error("DP303", "a choice with one alternative", node.span, help=hint)
        return None
    labels = tuple(one_line(s) for s in spans)
    hole = make(frame, node, "select", Int(0, len(spans)), labels, depends)
    if not _mask_fits(frame, depends.mask, len(spans)) or hole is None:
        return None
    if depends.by is None:
        return hole, None, depends.mask
    decided = decide(frame, depends.by, hole, depends.mask, node.span)
    return None if decided is None else (hole, decided, None)


def learn(frame: Frame, node: syntax.Learn, t: Type) -> typed.Hole | None:
    """Make the hole of a `learn`."""
    if isinstance(t, Tuple):
        hint = "one `learn` for each part"
        frame.error("DP307", "a tuple cannot be learned", node.type.span, help=hint)
        return None
    return make(frame, node, "table" if is_finite(t) else "real", t, (), Depends())


def make(
    frame: Frame,
    node: Choice,
    kind: str,
    t: Type,
    labels: tuple[str, ...],
    depends: Depends,
) -> typed.Hole | None:
    """Enter a hole, unless the same place of the source already has one of another shape."""
    unit = frame.unit
    unit.met.add(id(node))
    key = unit.keys[id(node)]
    given = tuple(e.type for e in depends.given)
    by = "" if depends.by is None else depends.by.name
    hole = typed.Hole(key, kind, t, given, node.span, labels, by)
    if not _affordable(frame, hole):
        return None
    known = (unit.decisions if by else unit.holes).setdefault(key, hole)
    if (known.kind, known.type, known.given) == (hole.kind, hole.type, hole.given):
        return known
    frame.error(
        "DP306",
        f"this choice would have two shapes: {_shape(known)}, and {_shape(hole)}",
        node.span,
        help="a choice is one for all calls: call the function with the same types, or make two",
    )
    return None


def _shape(hole: typed.Hole) -> str:
    domain = " and ".join(f"`{t}`" for t in hole.given)
    return f"`{hole.type}`" + (f" given {domain}" if domain else "")


def entries(hole: typed.Hole) -> int:
    """Return the number of weights that a hole holds."""
    table = hole.type.count if isinstance(hole.type, Array) else 1
    item = hole.type.item if isinstance(hole.type, Array) else hole.type
    sizes = [t.size for t in (*hole.given, item) if isinstance(t, Bool | Int | Enum)]
    return table * math.prod(sizes)


def _affordable(frame: Frame, hole: typed.Hole) -> bool:
    count = entries(hole)
    if count <= MAX_ENTRIES:
        return True
    frame.error(
        "DP309",
        f"this hole would hold {count:,} weights; the limit is {MAX_ENTRIES:,}",
        hole.span,
        label=_shape(hole),
        help="give it fewer values, or smaller ones: `x % 10`, `x > y`",
    )
    return False


def _mask_fits(frame: Frame, mask: typed.Expr | None, count: int) -> bool:
    wanted = Array((count,), BOOL)
    if mask is None or mask.type == wanted:
        return True
    frame.error(
        "DP304",
        f"the mask must be `{wanted}`, one `bool` for each alternative",
        mask.span,
        label=f"this is `{mask.type}`",
    )
    return False
