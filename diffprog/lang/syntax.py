"""The abstract syntax: what `parse` makes of a text, and what `format` prints.

One frozen dataclass a construct. Spans are kept but never compared, so two programs are equal
when they say the same thing. Comments live in `Program.comments`; redundant parentheses are
gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.errors import Span


@dataclass(frozen=True, slots=True)
class Syntax:
    """Whatever has a place in the text."""

    span: Span = field(compare=False, repr=False, kw_only=True)


# --- types as written: sizes in them are expressions -------------------------------------------


@dataclass(frozen=True, slots=True)
class NamedType(Syntax):
    """``bool``, ``real`` or an enumeration, also one of a module: ``memory.Mode``."""

    name: str


@dataclass(frozen=True, slots=True)
class IntType(Syntax):
    """``int<hi>`` (``lo`` is None) or ``int<lo..hi>``; half-open."""

    lo: Expr | None
    hi: Expr


@dataclass(frozen=True, slots=True)
class ArrayType(Syntax):
    """``item[n, m]``."""

    item: TypeExpr
    shape: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class TupleType(Syntax):
    """``(a, b)``."""

    items: tuple[TypeExpr, ...]


TypeExpr: TypeAlias = NamedType | IntType | ArrayType | TupleType

# --- expressions --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Literal(Syntax):
    """``true``, ``3`` or ``0.5`` (never negative: that is a Unary)."""

    value: bool | int | float


@dataclass(frozen=True, slots=True)
class Name(Syntax):
    """A variable, size, constant, or (before a dot) an enumeration."""

    id: str


@dataclass(frozen=True, slots=True)
class Member(Syntax):
    """``Colour.red``: a member of an enumeration; or ``memory.width``, a constant of a module.

    In ``memory.Mode.read`` the enumeration is ``memory.Mode``.
    """

    enum: str
    name: str


@dataclass(frozen=True, slots=True)
class Unary(Syntax):
    """``-x`` or ``not x``."""

    op: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary(Syntax):
    """``left op right``.

    ``op`` is the symbol: ``+ - * / // % @ and or xor == != < <= > >=``.
    """

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Conditional(Syntax):
    """``then if test else other``."""

    then: Expr
    test: Expr
    other: Expr


@dataclass(frozen=True, slots=True)
class Call(Syntax):
    """``f(a, b)``: an operation, a reduction or a ``fn``; ``memory.f(a, b)``: one of a module.

    Reductions take two clauses: ``sum(xs where mask)``, ``min(xs where mask else 0)``.
    """

    name: str
    args: tuple[Expr, ...]
    where: Expr | None = None
    otherwise: Expr | None = None


@dataclass(frozen=True, slots=True)
class Slice(Syntax):
    """``lo..hi`` inside an index, each end optional; ``:`` is the slice with neither."""

    lo: Expr | None
    hi: Expr | None


@dataclass(frozen=True, slots=True)
class Index(Syntax):
    """``base[i, :, 1..3]``."""

    base: Expr
    index: tuple[Expr | Slice, ...]


@dataclass(frozen=True, slots=True)
class ArrayLiteral(Syntax):
    """``[a, b, c]``."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class TupleLiteral(Syntax):
    """``(a, b)``; at least two items."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Network(Syntax):
    """The network of a policy.

    ``mlp(hidden = 8) of a, b``, or a controller, ``reader`` (no inputs).
    """

    name: str
    options: tuple[tuple[str, Expr], ...] = ()
    inputs: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Decider(Syntax):
    """What a choice depends on: ``given a, b``, ``by reader``, ``where mask``.

    Nothing when free.
    """

    given: tuple[Expr, ...] = ()
    by: Network | None = None
    where: Expr | None = None


@dataclass(frozen=True, slots=True)
class ChooseValue(Syntax):
    """``choose int<3>``: any value of a finite type."""

    type: TypeExpr
    decider: Decider


@dataclass(frozen=True, slots=True)
class ChooseExpr(Syntax):
    """``choose(a, b, c)``: one of these expressions."""

    alternatives: tuple[Expr, ...]
    decider: Decider


Expr: TypeAlias = (
    Literal
    | Name
    | Member
    | Unary
    | Binary
    | Conditional
    | Call
    | Index
    | ArrayLiteral
    | TupleLiteral
    | ChooseValue
    | ChooseExpr
)

# --- statements ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Halting(Syntax):
    """``by act(epsilon = 0.01)`` or ``by ponder(prior = 0.2)``."""

    kind: str
    options: tuple[tuple[str, Expr], ...]


Target: TypeAlias = Name | Index


@dataclass(frozen=True, slots=True)
class Assign(Syntax):
    """``x = e``, ``x: type = e``, ``x[i] = e``, ``a, b = e``."""

    targets: tuple[Target, ...]
    type: TypeExpr | None
    value: Expr


@dataclass(frozen=True, slots=True)
class Update(Syntax):
    """``target op= e``; ``op`` is the symbol without ``=``."""

    target: Target
    op: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Learn(Syntax):
    """``learn name: type``."""

    name: str
    type: TypeExpr


@dataclass(frozen=True, slots=True)
class Swap(Syntax):
    """``swap a, b``."""

    left: Target
    right: Target


@dataclass(frozen=True, slots=True)
class Pass(Syntax):
    """``pass``."""


@dataclass(frozen=True, slots=True)
class Return(Syntax):
    """``return e``."""

    value: Expr


@dataclass(frozen=True, slots=True)
class If(Syntax):
    """``if``, any number of ``elif``, and ``else`` (None where absent)."""

    branches: tuple[tuple[Expr, Block], ...]
    otherwise: Block | None


@dataclass(frozen=True, slots=True)
class Case(Syntax):
    """``case 0, 2:`` and its block; no patterns is ``case _:``."""

    patterns: tuple[Expr, ...]
    body: Block


@dataclass(frozen=True, slots=True)
class Match(Syntax):
    """``match e:`` and its cases."""

    subject: Expr
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Range(Syntax):
    """``lo .. hi step s``; half-open, also downwards."""

    lo: Expr
    hi: Expr
    step: Expr | None


@dataclass(frozen=True, slots=True)
class For(Syntax):
    """``for i in lo .. hi:`` or ``for x in xs:``."""

    name: str
    over: Range | Expr
    body: Block


@dataclass(frozen=True, slots=True)
class While(Syntax):
    """``while test max n [by …]:``."""

    test: Expr
    max: Expr
    halting: Halting | None
    body: Block


@dataclass(frozen=True, slots=True)
class Repeat(Syntax):
    """``repeat max n [by …]:`` … ``until test``."""

    max: Expr
    halting: Halting | None
    body: Block
    until: Expr


@dataclass(frozen=True, slots=True)
class Do(Syntax):
    """``do:``: several statements as one."""

    body: Block


@dataclass(frozen=True, slots=True)
class ChooseBlock(Syntax):
    """``choose …:``; each statement of the body is an alternative."""

    decider: Decider
    alternatives: Block


@dataclass(frozen=True, slots=True)
class Controller(Syntax):
    """``controller name = lstm(hidden = 64) reads text``."""

    name: str
    network: Network


Statement: TypeAlias = (
    Assign
    | Update
    | Learn
    | Swap
    | Pass
    | Return
    | If
    | Match
    | For
    | While
    | Repeat
    | Do
    | ChooseBlock
    | Controller
)
Block: TypeAlias = tuple[Statement, ...]

# --- declarations -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Size(Syntax):
    """``size n`` or ``size n = 3``."""

    name: str
    default: Expr | None


@dataclass(frozen=True, slots=True)
class EnumDecl(Syntax):
    """``enum Colour: red, green, blue``."""

    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Const(Syntax):
    """``const name: type = e``."""

    name: str
    type: TypeExpr
    value: Expr


@dataclass(frozen=True, slots=True)
class Import(Syntax):
    """``import std.memory``."""

    path: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the module is called in the file that imports it."""
        return self.path[-1]


@dataclass(frozen=True, slots=True)
class Param(Syntax):
    """``name: type`` in a signature."""

    name: str
    type: TypeExpr


@dataclass(frozen=True, slots=True)
class Function(Syntax):
    """``fn name(params) -> type:`` and its body; ``program`` is a function too."""

    keyword: str
    name: str
    params: tuple[Param, ...]
    result: TypeExpr
    body: Block


@dataclass(frozen=True, slots=True)
class Net(Syntax):
    """``net name = linear(in = 8, out = 4)``."""

    name: str
    network: Network


@dataclass(frozen=True, slots=True)
class Extern(Syntax):
    """``extern name(params) -> type``."""

    name: str
    params: tuple[Param, ...]
    result: TypeExpr


Declaration: TypeAlias = Size | EnumDecl | Const | Import | Function | Net | Extern


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment: where it stood (offset), whether it had the line to itself, and its text."""

    start: int
    alone: bool
    text: str


@dataclass(frozen=True, slots=True)
class Program(Syntax):
    """A whole file."""

    declarations: tuple[Declaration, ...]
    comments: tuple[Comment, ...] = field(default=(), compare=False)
    modules: Mapping[tuple[str, ...], Program] = field(
        default_factory=dict, compare=False, repr=False
    )
    """What its imports name, by path (`lang/imports.py` finds them)."""

    @property
    def imports(self) -> tuple[Import, ...]:
        """The imports of the file."""
        return tuple(d for d in self.declarations if isinstance(d, Import))

    @property
    def functions(self) -> tuple[Function, ...]:
        """The functions of the file, the program among them."""
        return tuple(d for d in self.declarations if isinstance(d, Function))

    @property
    def main(self) -> Function:
        """The one ``program`` of the file (the parser makes sure of it)."""
        return next(
            d for d in self.declarations if isinstance(d, Function) and d.keyword == "program"
        )
