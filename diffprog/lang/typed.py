"""The typed tree: what `check` makes of a program, at concrete sizes.

The interpreter runs it and `lower` compiles it; both see the same resolved program:

* sizes and constants are literals, names are resolved, functions are instances (one for each
  combination of argument types), and each hole has its key;
* every expression has its type; `Convert` marks each place where a value enters a wider type (a
  subrange into a range, an int into a real) and `Narrow` each place where a case narrows a
  variable;
* operations are names of rows of `diffprog.ops.OPS`, lifted over arrays where their arguments
  are;
* `return e` is an assignment to the variable `RESULT`, in tail position;
* `a, b = e` assigns a tuple to a temporary, then its parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from diffprog.types import Type, Value

if TYPE_CHECKING:
    from diffprog.errors import Diagnostic, Span
    from diffprog.nets import Setting, Signature

RESULT = "return"
"""The variable that holds a function's result (no program can name it: it is a keyword)."""


@dataclass(frozen=True, slots=True)
class Node:
    """An expression: its type and its place."""

    type: Type = field(kw_only=True)
    span: Span = field(kw_only=True, compare=False, repr=False)


# --- expressions --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lit(Node):
    """A constant, of any type."""

    value: Value


@dataclass(frozen=True, slots=True)
class Var(Node):
    """The present value of a variable, a parameter or a loop's counter."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply(Node):
    """A row of `OPS` applied to its arguments.

    Cell by cell where they are arrays and the row is scalar.
    """

    op: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Reduce(Node):
    """A row of `REDUCTIONS` over all cells of an array.

    `where` is an array of bools of the same shape; `otherwise` is the value for an empty
    selection.
    """

    op: str
    array: Expr
    where: Expr | None
    otherwise: Expr | None


@dataclass(frozen=True, slots=True)
class Cut:
    """A static slice ``lo..hi`` of one axis."""

    lo: int
    hi: int


@dataclass(frozen=True, slots=True)
class Index(Node):
    """``base[parts]``: one part an axis, an Int expression or a `Cut`."""

    base: Expr
    parts: tuple[Expr | Cut, ...]


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """``then if test else other``; both sides converted to the node's type."""

    test: Expr
    then: Expr
    other: Expr


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function instance applied to values."""

    function: Function
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Net:
    """A network: its kind (`extern` for one that the caller binds), options, what it takes."""

    name: str
    kind: str
    options: tuple[tuple[str, Setting], ...]
    signature: Signature
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NetCall(Node):
    """A network applied to values: along the first `lifted` axes of each, one by one."""

    net: Net
    args: tuple[Expr, ...]
    lifted: int


@dataclass(frozen=True, slots=True)
class ArrayOf(Node):
    """``[a, b]`` of scalars, or of arrays of one shape (a new leading axis)."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class TupleOf(Node):
    """``(a, b)``."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Part(Node):
    """The i-th value of a tuple."""

    base: Expr
    place: int


@dataclass(frozen=True, slots=True)
class Convert(Node):
    """A value in a wider type: subrange to range, int to real, cell by cell.

    Scalar to array: a copy in each cell.
    """

    value: Expr


@dataclass(frozen=True, slots=True)
class Narrow(Node):
    """A variable in the narrower range that the enclosing case established."""

    value: Expr


@dataclass(frozen=True, slots=True)
class Hole:
    """An unknown of the program.

    Its key, the finite values it is given, and what it ranges over.

    ``kind``: ``value`` (a value of finite type ``type``), ``select`` (one of ``Int(0, k)``
    alternatives), ``table`` (``learn`` of a finite type, possibly an array: every cell is one
    decision for the program), ``real`` (``learn`` of a real type). The logits of a finite hole
    have the shape ``[*sizes of given, *shape of table, number of alternatives]``; of a decision
    `by` a network they are what the network of that name gives, each time it is met.
    """

    key: str
    kind: str
    type: Type
    given: tuple[Type, ...]
    span: Span = field(compare=False, repr=False)
    labels: tuple[str, ...] = ()
    """The alternatives as the source writes them, for pictures and reports."""
    by: str = ""
    """What decides it: the name of a controller, or the kind of a policy."""

    @property
    def network(self) -> str:
        """The name of the network that gives its logits (names of networks have no dots)."""
        return self.key.replace(".", ":")


@dataclass(frozen=True, slots=True)
class ChooseValue(Node):
    """``choose T``: a value of a finite scalar type.

    `mask` (bools, one for each value) or None; `logits` (reals, one for each value) where a
    network decides.
    """

    hole: Hole
    given: tuple[Expr, ...]
    mask: Expr | None
    logits: Expr | None = None


@dataclass(frozen=True, slots=True)
class ChooseExpr(Node):
    """``choose(a, b)``; alternatives are converted to the node's type.

    `decided`: the number of the alternative, where a network has decided.
    """

    hole: Hole
    given: tuple[Expr, ...]
    mask: Expr | None
    alternatives: tuple[Expr, ...]
    decided: Expr | None = None


Expr: TypeAlias = (
    Lit
    | Var
    | Apply
    | Reduce
    | Index
    | Conditional
    | Call
    | NetCall
    | ArrayOf
    | TupleOf
    | Part
    | Convert
    | Narrow
    | ChooseValue
    | ChooseExpr
)

# --- statements ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement and its place."""

    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """What is assigned: a variable (no parts) or cells of an array variable.

    ``type`` is the stored type.
    """

    name: str
    parts: tuple[Expr | Cut, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Assign(Statement):
    """``place = value``; the value already has the place's type."""

    place: Place
    value: Expr


@dataclass(frozen=True, slots=True)
class Update(Statement):
    """``M[i] op= value`` on cells: each cell in place, by its own weight.

    (On a variable it is an Assign.)

    `value` may be a scalar or have the shape of the place.
    """

    place: Place
    op: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Swap(Statement):
    """Both sides and their indices are read once.

    Then the left and then the right is written.
    """

    left: Place
    right: Place


@dataclass(frozen=True, slots=True)
class Learn(Statement):
    """``learn name: type``: from here on the variable holds the hole's value."""

    name: str
    hole: Hole


Merged: TypeAlias = tuple[tuple[str, Type], ...]
"""Variables that live on after a branch or round a loop, with the type they have there."""


@dataclass(frozen=True, slots=True)
class If(Statement):
    """Two cases.

    `merged`: variables assigned in a case and visible after, with the type they get there.
    """

    test: Expr
    then: Block
    orelse: Block
    merged: Merged


@dataclass(frozen=True, slots=True)
class Match(Statement):
    """Cases over a finite scalar.

    `cases` lists (crisp values as numbers, body); together they cover the type once.
    """

    subject: Expr
    cases: tuple[tuple[tuple[int, ...], Block], ...]
    merged: Merged


@dataclass(frozen=True, slots=True)
class Choose(Statement):
    """``choose:``, an alternative a block; `decided` as of `ChooseExpr`."""

    hole: Hole
    given: tuple[Expr, ...]
    mask: Expr | None
    alternatives: tuple[Block, ...]
    merged: Merged
    decided: Expr | None = None


@dataclass(frozen=True, slots=True)
class For(Statement):
    """``for name in lo ..

    hi step step``, half-open, the bounds evaluated once; name has type `counter`.

    `carried`: variables of the surroundings that the body assigns, with the type they must
    keep. `uncertain` bounds are decided by `lower`, not here.
    """

    name: str
    counter: Type
    lo: Expr
    hi: Expr
    step: int
    body: Block
    carried: Merged


@dataclass(frozen=True, slots=True)
class ForEach(Statement):
    """``for name in array``: over the leading axis.

    Name holds a scalar or an array of rank one less.
    """

    name: str
    array: Expr
    item: Type
    body: Block
    carried: Merged


@dataclass(frozen=True, slots=True)
class Halting:
    """How a loop halts.

    ``plain``, ``act`` (`number` is epsilon) or ``ponder`` (`number` is the prior).
    """

    kind: str
    number: float


@dataclass(frozen=True, slots=True)
class While(Statement):
    """Tested at most ``max + 1`` times.

    Variables in `carried` are those of the surroundings assigned in the body.
    """

    test: Expr
    max: int
    halting: Halting
    body: Block
    carried: Merged


@dataclass(frozen=True, slots=True)
class Repeat(Statement):
    """The body at most `max` times, the test (which sees the body's names) after each."""

    body: Block
    until: Expr
    max: int
    halting: Halting
    carried: Merged


Block: TypeAlias = "tuple[TStatement, ...]"
TStatement: TypeAlias = (
    Assign | Update | Swap | Learn | If | Match | Choose | For | ForEach | While | Repeat
)


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function at concrete types. The body assigns `RESULT` on every path."""

    name: str
    params: tuple[tuple[str, Type], ...]
    result: Type
    body: Block
    span: Span = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """A checked program: the main function, holes by key, sizes, warnings, networks by name."""

    main: Function
    holes: dict[str, Hole]
    sizes: dict[str, int]
    structural: frozenset[str]
    """Sizes that learning fixes.

    They stand in an ``int<…>``, in a ``learn`` or in the domain of a ``given``.
    """
    warnings: tuple[Diagnostic, ...] = ()
    nets: dict[str, Net] = field(default_factory=dict)
    decisions: dict[str, Hole] = field(default_factory=dict)
    """The choices that networks decide each time they are met, by key."""
