"""Sizes and types as written, made into numbers and types.

A size is known before the program runs: it is made of numbers, sizes, integer constants and
`len(xs)` alone. The sizes that a signature names are bound here too, from the arguments of a call.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diffprog.errors import Label
from diffprog.lang import syntax
from diffprog.lang.check.context import Frame, did_you_mean, listed
from diffprog.types import BOOL, REAL, Array, Bool, Enum, Int, Real, Tuple, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diffprog.errors import Span

MOST_CELLS = 10_000_000
"""Cells of one array; crisply each takes some eight bytes and more."""

_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}
_PICK: dict[str, Callable[[Sequence[int]], int]] = {"min": min, "max": max}
_FOREIGN_TYPES = {
    "float": "real",
    "double": "real",
    "number": "real",
    "boolean": "bool",
    "integer": "int<10>",
    "str": "an enumeration",
    "list": "int<10>[3]",
}


def static(frame: Frame, e: syntax.Expr, what: str = "a size") -> int | None:
    """Evaluate a size expression; report why it is none, and return None.

    `what` says what it is for, at the start of a sentence.
    """
    match e:
        case syntax.Literal(value) if isinstance(value, int) and not isinstance(value, bool):
            return value
        case syntax.Name(name):
            return _named(frame, name, e.span, what)
        case syntax.Member(owner, name) if owner in frame.unit.modules:
            module = frame.unit.modules[owner]
            return _named(Frame(module, "", module.sizes), name, e.span, what)
        case syntax.Unary("-", operand):
            inner = static(frame, operand, what)
            return None if inner is None else -inner
        case syntax.Binary(op, left, right) if op in _ARITHMETIC:
            return _arithmetic(frame, e, op, static(frame, left, what), static(frame, right, what))
        case syntax.Call("len", (syntax.Name(name),)) if frame.scope.length(name) is not None:
            return frame.scope.length(name)
        case syntax.Call(name, args) if name in _PICK and args:
            values = [static(frame, a, what) for a in args]
            known = [v for v in values if v is not None]
            return _PICK[name](known) if len(known) == len(values) else None
        case _:
            _not_static(frame, e.span, what)
            return None


def _named(frame: Frame, name: str, span: Span, what: str) -> int | None:
    unit = frame.unit
    if name in frame.sizes:
        return frame.sizes[name]
    if name in unit.constants and isinstance(unit.constants[name].type, Int):
        value = unit.constants[name].value
        assert isinstance(value, int)
        return value
    if name in unit.broken:
        return None
    if name in frame.scope.variables:
        _not_static(frame, span, what, f"`{name}` is a variable")
    elif kind := unit.kind_of(name):
        frame.error("DP410", f"`{name}` is {kind}, not a size", span)
    else:
        sizes = [*frame.sizes, *unit.constants]
        hint = did_you_mean(name, sizes, f"declare it at the top of the file: `size {name} = 3`")
        frame.error("DP201", f"no size is called `{name}`", span, help=hint)
    return None


def _not_static(frame: Frame, span: Span, what: str, label: str = "") -> None:
    frame.error(
        "DP410",
        f"{what} must be known before the program runs",
        span,
        label=label,
        help="a mask selects by values: `sum(xs where mask)`"
        if "slice" in what
        else "make it of numbers, declared sizes, integer constants and `len(xs)`",
    )


def _arithmetic(frame: Frame, e: syntax.Expr, op: str, a: int | None, b: int | None) -> int | None:
    if a is None or b is None:
        return None
    if b == 0 and op in ("//", "%"):
        frame.error("DP405", "this divides by 0", e.span)
        return None
    return _ARITHMETIC[op](a, b)


def type_of(frame: Frame, t: syntax.TypeExpr) -> Type | None:
    """Return the type that is written; report what is wrong with it and return None."""
    match t:
        case syntax.NamedType():
            return _named_type(frame, t)
        case syntax.IntType(lo, hi):
            low = 0 if lo is None else static(frame, lo)
            high = static(frame, hi)
            return None if low is None or high is None else _range(frame, t, low, high)
        case syntax.ArrayType():
            return _array(frame, t)
        case syntax.TupleType(items):
            parts = [type_of(frame, i) for i in items]
            known = tuple(p for p in parts if p is not None)
            return Tuple(known) if len(known) == len(parts) else None


def _named_type(frame: Frame, t: syntax.NamedType) -> Type | None:
    enums = frame.unit.enums
    if t.name in ("bool", "real"):
        return BOOL if t.name == "bool" else REAL
    if (enum := frame.unit.enum(t.name)) is not None:
        return enum
    if t.name in frame.unit.broken:
        return None
    if t.name == "int":
        hint = "write how many values it has: `int<10>` is 0 to 9, `int<1..7>` is 1 to 6"
        frame.error("DP418", "`int` needs a range", t.span, help=hint)
        return None
    foreign = _FOREIGN_TYPES.get(t.name.lower())
    hint = f"write `{foreign}`" if foreign else "the types are bool, int<n>, real and enumerations"
    owner, own = frame.unit.look_up(t.name)
    if owner is not frame.unit:
        hint = did_you_mean(own, owner.enums, f"its enumerations: {listed(owner.enums)}")
    elif not foreign:
        hint = did_you_mean(t.name, ["bool", "int", "real", *enums], hint)
    frame.error("DP206", f"no type is called `{t.name}`", t.span, help=hint)
    return None


def _range(frame: Frame, t: syntax.IntType, lo: int, hi: int) -> Type | None:
    if lo < hi:
        return Int(lo, hi)
    message = f"`{Int(lo, hi)}` has no values"
    hint = "the upper end is left out: `int<3>` is 0, 1, 2"
    frame.error("DP418", message, t.span, help=hint)
    return None


def cells_fit(frame: Frame, shape: Sequence[int], span: Span) -> bool:
    """Say whether an array has at most `MOST_CELLS` cells; report it if not."""
    cells = math.prod(shape)
    if cells > MOST_CELLS:
        message = f"this array would have {cells:,} cells; the limit is {MOST_CELLS:,}"
        frame.error("DP421", message, span)
    return cells <= MOST_CELLS


def _array(frame: Frame, t: syntax.ArrayType) -> Type | None:
    item = type_of(frame, t.item)
    shape = [static(frame, n) for n in t.shape]
    for n, e in zip(shape, t.shape, strict=True):
        if n is not None and n < 0:
            frame.error("DP418", f"an array cannot have {n} cells", e.span)
            return None
    known = tuple(n for n in shape if n is not None)
    if item is None or len(known) != len(shape):
        return None
    if isinstance(item, Bool | Int | Enum | Real):
        return Array(known, item) if cells_fit(frame, known, t.span) else None
    what = "an array" if isinstance(item, Array) else "a tuple"
    hint = (
        f"write all sizes in one bracket: `{Array(known + item.shape, item.item)}`"
        if isinstance(item, Array)
        else "use an array for each part"
    )
    frame.error("DP418", f"{what} cannot be a cell of an array", t.span, help=hint)
    return None


@dataclass
class _Bindings:
    """What the arguments of one call say about the sizes of a signature."""

    frame: Frame
    span: Span
    exact: dict[str, tuple[int, syntax.Param]] = field(default_factory=dict)
    upper: dict[str, int] = field(default_factory=dict)
    clash: bool = False

    def match(self, t: syntax.TypeExpr, arg: Type, param: syntax.Param) -> None:
        match t, arg:
            case syntax.ArrayType(item, shape), Array(axes, cell) if len(shape) == len(axes):
                for e, n in zip(shape, axes, strict=True):
                    self._axis(e, n, param)
                self.match(item, cell, param)
            case syntax.IntType(None, syntax.Name(name)), Int(_, hi) if self._free(name):
                self.upper[name] = max(hi, self.upper.get(name, hi))
            case syntax.TupleType(items), Tuple(parts) if len(items) == len(parts):
                for inner, part in zip(items, parts, strict=True):
                    self.match(inner, part, param)
            case _:
                pass

    def _free(self, name: str) -> bool:
        return name not in self.frame.unit.constants

    def _axis(self, e: syntax.Expr, n: int, param: syntax.Param) -> None:
        if not isinstance(e, syntax.Name) or not self._free(e.id):
            return
        bound, first = self.exact.setdefault(e.id, (n, param))
        if bound != n:
            self.clash = True
            self.frame.error(
                "DP411",
                f"`{e.id}` would be {bound} by `{first.name}` and {n} by `{param.name}`",
                self.span,
                others=(
                    Label(first.span, f"here `{e.id}` is {bound}"),
                    Label(param.span, f"here `{e.id}` is {n}"),
                ),
                help="the axes that share a name must have one length; name them apart, or cut one",
            )


def bind(
    frame: Frame, params: Sequence[syntax.Param], args: Sequence[Type], span: Span
) -> dict[str, int] | None:
    """Return the sizes of a function for one call, or None after reporting a clash.

    An axis binds its name exactly. A name that stands only in an ``int<…>`` keeps the declared
    size of that name where the arguments fit it, and else becomes the largest that is passed.
    """
    found = _Bindings(frame, span)
    for param, arg in zip(params, args, strict=True):
        found.match(param.type, arg, param)
    if found.clash:
        return None
    sizes = dict(frame.unit.sizes)
    upper = {k: n for k, n in found.upper.items() if k not in sizes or n > sizes[k]}
    return {**sizes, **upper, **{k: n for k, (n, _) in found.exact.items()}}
