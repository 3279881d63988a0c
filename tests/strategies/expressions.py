"""Expressions of a wanted type.

Each maker returns the syntax of an expression and a type that holds its value and fits the wanted
one. Makers are listed from the simplest on, so that programs shrink to variables and literals.
Reals stay multiples of small powers of two (see `EIGHTHS`), so that comparing them is exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from diffprog.lang import syntax as s
from diffprog.ops import INFIX, OPS, REDUCTIONS
from diffprog.types import BOOL, REAL, Array, Bool, Enum, Int, Real, Tuple, Type, fits
from tests.strategies.builder import Builder, Signature, Variable, is_int
from tests.strategies.spell import (
    NOWHERE,
    array,
    binary,
    call,
    conditional,
    constant,
    cut,
    index,
    literal,
    name,
    type_of,
    unary,
)
from tests.strategies.values import EIGHTHS, ENUM, ints, values

if TYPE_CHECKING:
    from collections.abc import Callable

Typed: TypeAlias = tuple[s.Expr, Type]
Maker: TypeAlias = "Callable[[], Typed]"

COMPARISONS = ("<", "==", ">", "<=", ">=", "!=")
SMALL_INTS = ints(3)


class Expressions(Builder):
    """Makes expressions."""

    def value(self, want: Type, depth: int = 2) -> s.Expr:
        """Make an expression that fits a type."""
        return self.typed(want, depth)[0]

    def typed(self, want: Type, depth: int) -> Typed:
        """Make an expression that fits a type, and say what its own type is at most."""
        found = self.reads(want)
        makers: list[Maker] = [lambda: self.variable(found)] * 4 if found else []
        makers += [lambda: self.constant(want), *self.near(want) * 2]
        leaves = len(makers)
        if depth > 0 and self.budget > 0:
            makers += self.compound(want, depth - 1)
        chosen = self.upto(len(makers) - 1)
        if chosen >= leaves:
            self.spend()
        return makers[chosen]()

    def compound(self, want: Type, depth: int) -> list[Maker]:
        """List the makers of compound expressions that fit a type."""
        makers: list[Maker] = []
        match want:
            case Bool():
                makers += self.truths(depth)
            case Int():
                makers += self.integers(want, depth)
            case Enum():
                pass
            case Real():
                makers += self.reals(depth)
            case Array():
                makers += self.arrays(want, depth)
            case Tuple(items):
                makers.append(lambda: self.tuple_of(items, depth))
        several = isinstance(want, Array | Tuple)
        if several and self.wishes.linear:
            return makers  # the parts of what one test decides would share its sources
        makers.append(lambda: self.conditional(want, depth))
        if not several:
            makers += self.parts(want, depth)
        makers += self.calls(want, depth)
        if self.wishes.holes:
            makers += self.choices(want, depth)
        return makers

    # --- leaves -----------------------------------------------------------------------------

    def constant(self, want: Type) -> Typed:
        """Write a value of the type."""
        found = self.draw(EIGHTHS) if want == REAL else self.draw(values(want))
        own = Int(found, found + 1) if is_int(want) and isinstance(found, int) else want
        return constant(found, want), own

    def variable(self, found: list[Variable]) -> Typed:
        """Read a variable, rather a late one."""
        variable = self.one_of(found[::-1])
        return name(self.use(variable)), variable.type

    def near(self, want: Type) -> list[Maker]:
        """List the makers that say something of variables of other types, at any depth."""
        match want:
            case Array():
                return [lambda: self.array_of(want, 0)]
            case Tuple(items):
                return [lambda: self.tuple_of(items, 0)]
            case Int():
                found = [v for v in self.readable(is_int) if not fits(v.type, want)]
                return [lambda: self.fitted(self.variable(found), want)] if found else []
            case Bool():
                free = [v for v in self.readable(is_int) if not v.narrowed]
                return [lambda: self.about(self.one_of(free[::-1]))] if free else []
            case _:
                return []

    def about(self, variable: Variable) -> Typed:
        """Compare a variable with a number."""
        test = self.narrowing(variable)
        return self.constant(BOOL) if test is None else (test, BOOL)

    # --- truth values -----------------------------------------------------------------------

    def truths(self, depth: int) -> list[Maker]:
        """List the makers of truth values."""
        makers: list[Maker] = [
            lambda: (self.comparison(depth), BOOL),
            lambda: (self.connective(depth), BOOL),
            lambda: (unary("not", self.value(BOOL, depth)), BOOL),
            lambda: (self.reduction(self.one_of(["any", "all"]), BOOL, depth)[0], BOOL),
        ]
        if self.reads(ENUM):
            makers.append(
                lambda: (binary("==", self.value(ENUM, depth), self.value(ENUM, depth)), BOOL)
            )
        if not (self.wishes.finite_only or self.wishes.linear):
            makers.append(lambda: (self.real_comparison(depth), BOOL))
            makers.append(lambda: (self.chance(), BOOL))
        return makers

    def comparison(self, depth: int) -> s.Expr:
        """Compare two integers."""
        op = self.one_of(COMPARISONS)
        left, right = (self.integer(depth) for _ in range(2))
        return binary(op, left[0], right[0])

    def real_comparison(self, depth: int) -> s.Expr:
        """Compare two reals that are exact."""
        op = self.one_of(COMPARISONS)
        # Of two ints the checker would know more, and leave out a case.
        left = call("real", self.value(REAL, depth))
        return binary(op, left, self.value(REAL, depth))

    def chance(self) -> s.Expr:
        """Make a coin of a probability."""
        return call("chance", call("clamp", self.value(REAL, 0), literal(0.0), literal(1.0)))

    def connective(self, depth: int) -> s.Expr:
        """Join two truth values."""
        op = self.one_of(["and", "or", "xor", "=="])
        return binary(op, self.value(BOOL, depth), self.value(BOOL, depth))

    def test(self, depth: int) -> tuple[s.Expr, list[str]]:
        """Make a test that can go either way, and name the variables that it narrows.

        The checker knows what ranges say about a comparison, and leaves out a case that is never
        met; a hole in there would never be met either. So integers are compared here only where
        no enclosing case has narrowed them, and where both answers are possible.
        """
        found = self.readable(is_int)
        free = [v for v in found if not v.narrowed]
        if free and self.upto(2):
            variable = self.one_of(free[::-1])
            test = self.narrowing(variable)
            if test is not None:
                return test, [variable.name]
        opaque = [v for v in self.readable(lambda t: t == BOOL) if not v.narrowed]
        if opaque and self.upto(1):
            return name(self.use(self.one_of(opaque[::-1]))), []
        makers = [
            lambda: binary("xor", self.value(BOOL, depth), self.value(BOOL, depth)),
            lambda: self.reduction(self.one_of(["any", "all"]), BOOL, depth)[0],
        ]
        if self.reads(ENUM):
            makers.insert(0, lambda: binary("==", self.value(ENUM, depth), self.value(ENUM, depth)))
        if not (self.wishes.finite_only or self.wishes.linear):
            makers.append(lambda: self.real_comparison(depth))
        return self.one_of(makers)(), []

    def narrowing(self, variable: Variable) -> s.Expr | None:
        """Compare a variable with a number so that both answers are possible."""
        t = variable.type
        assert isinstance(t, Int)
        if t.size == 1:
            return None
        op = self.one_of(COMPARISONS)
        first, last = {
            "<": (t.lo + 1, t.hi - 1),
            ">=": (t.lo + 1, t.hi - 1),
            ">": (t.lo, t.hi - 2),
            "<=": (t.lo, t.hi - 2),
        }.get(op, (t.lo, t.hi - 1))
        bound = first + self.upto(last - first)
        return binary(op, name(self.use(variable)), literal(bound))

    # --- integers ---------------------------------------------------------------------------

    def integer(self, depth: int) -> tuple[s.Expr, Int]:
        """Make a small integer of any range, rather from a variable."""
        found = self.readable(is_int)
        if found and self.upto(2):
            e, t = self.variable(found)
        else:
            e, t = self.typed(self.draw(SMALL_INTS), depth)
        assert isinstance(t, Int)
        return e, t

    def integers(self, want: Int, depth: int) -> list[Maker]:
        """List the makers of integers."""
        return [
            lambda: self.fitted(self.arithmetic(depth), want),
            lambda: self.fitted(self.arithmetic(depth), want),
            lambda: self.fitted(self.division(depth), want),
            lambda: self.fitted(self.one_argument(depth), want),
            lambda: self.fitted(self.any_reduction(depth), want),
            lambda: self.fitted(self.picked(depth), want),
            lambda: self.fitted((call("int", self.value(BOOL, depth)), Int(0, 2)), want),
        ]

    def arithmetic(self, depth: int) -> Typed:
        """Join two integers."""
        op = self.one_of(["+", "-", "*", "min", "max"])
        (a, t), (b, u) = self.integer(depth), self.integer(depth)
        result = OPS[INFIX.get(op, op)].rule([t, u])
        return (binary(op, a, b) if op in INFIX else call(op, a, b)), result

    def division(self, depth: int) -> Typed:
        """Divide, by a number or by what is never 0."""
        op = self.one_of(["%", "//"])
        a, t = self.integer(depth)
        divisors = [Int(1, 4), Int(-3, 0), Int(2, 3)]
        b, u = self.typed(self.one_of(divisors), min(depth, 1))
        return binary(op, a, b), OPS[INFIX[op]].rule([t, u])

    def one_argument(self, depth: int) -> Typed:
        """Turn or shorten an integer."""
        op = self.one_of(["-", "abs"])
        a, t = self.integer(depth)
        row = OPS["neg" if op == "-" else op]
        return (unary(op, a) if op == "-" else call(op, a)), row.rule([t])

    def fitted(self, made: Typed, want: Int) -> Typed:
        """Bring an integer into a range: round and round, or stopped at the ends."""
        e, t = made
        if fits(t, want):
            return e, t
        if self.upto(1):
            return call("clamp", e, literal(want.lo), literal(want.hi - 1)), want
        if want.lo == 0:
            return binary("%", e, literal(want.hi)), want
        return binary("+", binary("%", e, literal(want.size)), literal(want.lo)), want

    # --- reals ------------------------------------------------------------------------------

    def reals(self, depth: int) -> list[Maker]:
        """List the makers of reals; all but the rough ones keep them exact."""
        makers: list[Maker] = [
            lambda: (self.affine(depth), REAL),
            lambda: (self.affine(depth), REAL),
            lambda: (call("real", self.integer(depth)[0]), REAL),
            lambda: self.reduction("sum", REAL, depth),
        ]
        if not self.wishes.linear:
            makers.append(lambda: (self.bent(depth), REAL))
        if not self.exact:
            makers.append(lambda: (self.rough(depth), REAL))
        return makers

    def affine(self, depth: int) -> s.Expr:
        """Add reals, or scale one by a number that keeps it exact."""
        if self.rarely():
            return binary("*", literal(self.one_of([2, -1.0, 0.0])), self.value(REAL, depth))
        op = self.one_of(["+", "-"])
        return binary(op, self.value(REAL, depth), self.value(REAL, depth))

    def bent(self, depth: int) -> s.Expr:
        """Apply a piecewise linear function."""
        op = self.one_of(["max", "min", "abs", "clamp", "relu"])
        args = [self.value(REAL, depth if i == 0 else 0) for i in range(OPS[op].arity)]
        return call(op, *args)

    def rough(self, depth: int) -> s.Expr:
        """Apply a function that leaves the multiples of 1/8."""
        op = self.one_of(["tanh", "sigmoid", "sin", "cos", "exp", "*", "/"])
        a = self.value(REAL, depth)
        if op == "*":
            return binary("*", a, self.value(REAL, depth))
        if op == "/":
            return binary("/", a, literal(self.one_of([3.0, -1.5])))
        return call(op, call("clamp", a, literal(-4.0), literal(4.0)))

    # --- reductions -------------------------------------------------------------------------

    def any_reduction(self, depth: int) -> Typed:
        """Reduce an array to an integer."""
        op = self.one_of(["sum", "count", "max", "min", "argmax", "argmin"])
        item = BOOL if op == "count" else self.draw(SMALL_INTS)
        return self.reduction(op, item, depth)

    def picked(self, depth: int) -> Typed:
        """Pick a place by scores; sharpen what was picked."""
        if self.wishes.finite_only or self.wishes.linear:
            return self.any_reduction(depth)
        n = 2 + self.upto(1)
        if self.rarely():  # ties at the top are rare otherwise
            scores = array([self.value(REAL, 0)] * n)
        else:
            scores = self.value(Array((n,), REAL), depth)
        place = call("pick", scores)
        if self.rarely():
            place = call("sharpen", place, literal(2.0))
        return place, Int(0, n)

    def reduction(self, op: str, item: Type, depth: int) -> Typed:
        """Reduce an array of one kind of cells, or of those that a mask selects."""
        found = self.readable(
            lambda t: isinstance(t, Array) and type(t.item) is type(item) and t.item != ENUM
        )
        if found:
            e, t = self.variable(found)
        else:
            e, t = self.typed(Array((2,), item), depth)  # type: ignore[arg-type]
        assert isinstance(t, Array)
        where = self.value(Array(t.shape, BOOL), depth) if self.rarely() else None
        result = REDUCTIONS[op].rule(t.item, t.count)
        otherwise = None
        if where is not None and op in ("min", "max"):
            otherwise = self.constant(t.item)[0]
        return call(op, e, where=where, otherwise=otherwise), result

    # --- parts of arrays and tuples -----------------------------------------------------------

    def parts(self, want: Type, depth: int) -> list[Maker]:
        """List the makers that read a cell of an array or a part of a tuple."""
        makers: list[Maker] = []
        blocks = self.readable(lambda t: isinstance(t, Array) and fits(t.item, want))
        if blocks:
            makers += [lambda: self.cell(self.one_of(blocks[::-1]), depth)] * 2
        tuples = self.readable(
            lambda t: isinstance(t, Tuple) and any(fits(i, want) for i in t.items)
        )
        if tuples:
            makers.append(lambda: self.part(self.one_of(tuples), want))
        return makers

    def cell(self, variable: Variable, depth: int) -> Typed:
        """Read a cell of an array."""
        t = variable.type
        assert isinstance(t, Array)
        base = name(self.use(variable))
        places = [self.value(Int(0, n), min(depth, 1)) for n in t.shape]
        return index(base, *places), t.item

    def part(self, variable: Variable, want: Type) -> Typed:
        """Read a part of a tuple."""
        t = variable.type
        assert isinstance(t, Tuple)
        place = self.one_of([k for k, i in enumerate(t.items) if fits(i, want)])
        return index(name(self.use(variable)), literal(place)), t.items[place]

    # --- arrays and tuples ------------------------------------------------------------------

    def arrays(self, want: Array, depth: int) -> list[Maker]:
        """List the makers of arrays."""
        makers: list[Maker] = [lambda: self.array_of(want, depth)]
        if self.wishes.linear:
            return makers
        if want.item == BOOL and len(want.shape) == 1:
            makers.append(lambda: (call("only", self.exact_place(want.shape[0], depth)), want))
        if isinstance(want.item, Int | Bool):
            makers.append(lambda: self.lifted(want, depth))
        found = self.readable(
            lambda t: isinstance(t, Array) and len(t.shape) > len(want.shape) == 1
            and fits(t.item, want.item) and want.shape[0] in t.shape
        )  # fmt: skip
        if found:
            makers.append(lambda: self.slice(self.one_of(found), want, depth))
        return makers

    def exact_place(self, n: int, depth: int) -> s.Expr:
        """Make a place of just the type `int<n>`: `only` makes as many cells as that has values."""
        found = [v for v in self.readable(lambda t: t == Int(0, n)) if not v.narrowed]
        if found and self.upto(1):
            return self.variable(found)[0]
        return call("argmax", self.value(Array((n,), self.draw(SMALL_INTS)), depth))

    def array_of(self, want: Array, depth: int) -> Typed:
        """List the cells."""
        inner: Type = Array(want.shape[1:], want.item) if want.shape[1:] else want.item
        return array([self.value(inner, depth) for _ in range(want.shape[0])]), want

    def lifted(self, want: Array, depth: int) -> Typed:
        """Apply an operation cell by cell."""
        a = self.value(want, depth)
        if want.item == BOOL:
            op = self.one_of(["and", "or", "xor"])
            return binary(op, a, self.value(self.one_of([want, BOOL]), depth)), want
        assert isinstance(want.item, Int)
        b, t = self.integer(depth)
        total = OPS["add"].rule([want.item, t])
        e, _ = self.fitted((binary("+", a, b), total), want.item)
        return e, want

    def slice(self, variable: Variable, want: Array, depth: int) -> Typed:
        """Take a row or a column of a matrix."""
        t = variable.type
        assert isinstance(t, Array)
        axis = self.one_of([k for k in range(2) if t.shape[1 - k] == want.shape[0]])
        place = self.value(Int(0, t.shape[axis]), min(depth, 1))
        base = name(self.use(variable))
        e = index(base, place, cut()) if axis == 0 else index(base, cut(), place)
        return e, Array(want.shape, t.item)

    def tuple_of(self, items: tuple[Type, ...], depth: int) -> Typed:
        """List the parts."""
        made = tuple(self.value(i, depth) for i in items)
        return s.TupleLiteral(made, span=NOWHERE), Tuple(items)

    # --- what has any type ------------------------------------------------------------------

    def conditional(self, want: Type, depth: int) -> Typed:
        """Decide between two values."""
        test, narrowed = self.test(min(depth, 1))
        with self.block(narrowed):
            then, other = self.value(want, depth), self.value(want, depth)
        return conditional(then, test, other), want

    def calls(self, want: Type, depth: int) -> list[Maker]:
        """List the makers that call a function."""
        found = [f for f in self.functions if fits(f.result, want) and self.may_call(f)]
        if self.wishes.linear:
            found = [f for f in found if f.name not in self.called]
        return [lambda: self.call(self.one_of(found), depth)] * 2 if found else []

    def call(self, function: Signature, depth: int) -> Typed:
        """Call a function."""
        self.calls_once(function)
        args = [self.value(t, depth) for t in function.params]
        return call(function.name, *args), function.result

    # --- choices ----------------------------------------------------------------------------

    def choices(self, want: Type, depth: int) -> list[Maker]:
        """List the makers of holes."""
        makers: list[Maker] = []
        known = self.readable(lambda t: isinstance(t, Bool | Int | Enum))
        given = bool(known) and self.rarely(2)
        finite = isinstance(want, Bool | Int | Enum)
        if finite and self.may_choose(want.size, given=given):  # type: ignore[union-attr]
            makers += [lambda: self.choose_value(want, given=given)] * 2
        elif self.may_choose(2, given=given):
            makers.append(lambda: self.choose_expr(want, depth, given=given))
        return makers

    def choose_value(self, want: Type, *, given: bool) -> Typed:
        """Choose any value of a type."""
        assert isinstance(want, Bool | Int | Enum)
        self.chooses(want.size, given=given)
        decider = self.decider(want.size, given=given)
        return s.ChooseValue(type_of(want), decider, span=NOWHERE), want

    def choose_expr(self, want: Type, depth: int, *, given: bool) -> Typed:
        """Choose one of two expressions."""
        self.chooses(2, given=given)
        decider = self.decider(2, given=given)
        alternatives = (self.value(want, depth), self.value(want, depth))
        return s.ChooseExpr(alternatives, decider, span=NOWHERE), want

    def decider(self, count: int, *, given: bool) -> s.Decider:
        """Say what a choice depends on, and which alternatives may be taken."""
        mask = None
        if self.rarely(4):
            allowed = [True, *(not self.rarely(2) for _ in range(count - 1))]
            mask = array([literal(a) for a in allowed])
        found = self.readable(lambda t: isinstance(t, Bool | Int | Enum)) if given else []
        given_ = (name(self.use(self.one_of(found[::-1]))),) if found else ()
        return s.Decider(given_, None, mask, span=NOWHERE)
