"""Statements, from the simplest on: what changes variables, branches, loops, choices of blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from diffprog.lang import syntax as s
from diffprog.types import BOOL, REAL, Array, Bool, Enum, Int, Tuple, Type
from tests.strategies.builder import Variable, is_int
from tests.strategies.expressions import Expressions
from tests.strategies.spell import (
    NOWHERE,
    assign,
    binary,
    call,
    constant,
    index,
    literal,
    name,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Block: TypeAlias = "tuple[s.Statement, ...]"
Maker: TypeAlias = "Callable[[], list[s.Statement]]"
PASS = s.Pass(span=NOWHERE)


class Statements(Expressions):
    """Makes statements. `depth` bounds how deep blocks nest."""

    def statements(self, depth: int, most: int) -> list[s.Statement]:
        """Make a few statements; what they declare stays in scope."""
        made: list[s.Statement] = []
        for _ in range(1 + self.upto(most - 1)):
            if self.budget <= 0:
                break
            made += self.statement(depth)
        return made

    def body(self, depth: int, narrowed: list[str], most: int = 2) -> Block:
        """Make a block of its own."""
        with self.block(narrowed):
            made = self.statements(depth, most)
        return tuple(made) or (PASS,)

    def statement(self, depth: int) -> list[s.Statement]:
        """Make one statement, or two that belong together."""
        self.spend()
        makers: list[Maker] = [self.declaration] * 2
        found = self.writable(lambda t: not isinstance(t, Tuple))
        if found:
            makers += [lambda: self.assignment(self.one_of(found[::-1]))] * 3
        makers += self.memory() + self.swaps()
        if depth > 0:
            makers += [lambda: self.branch(depth - 1)] * 2
            makers.append(lambda: self.match(depth - 1))
            if self.wishes.holes and self.may_choose(2, given=False):
                makers.append(lambda: self.choose(depth - 1))
            if self.wishes.loops and self.trips <= 4:  # at most 3 x 4 x 4 rounds, nested
                makers += self.loops(depth - 1)
        return self.one_of(makers)()

    # --- straight lines ---------------------------------------------------------------------

    def declaration(self) -> list[s.Statement]:
        """Give a new variable a value; take a tuple apart."""
        t = self.type()
        value = self.value(t)
        if isinstance(t, Tuple) and self.upto(1):
            first, second = self.fresh(), self.fresh()
            for new, item in zip((first, second), t.items, strict=True):
                # Their types are those of the values, which may be narrower.
                self.declare(new, item, writable=False, narrowed=True)
            return [s.Assign((name(first), name(second)), None, value, span=NOWHERE)]
        new = self.declare(self.fresh(), t)
        return [assign(name(new.name), value, t)]

    def assignment(self, variable: Variable) -> list[s.Statement]:
        """Give a variable a new value."""
        return [assign(name(variable.name), self.stored(variable.type))]

    def stored(self, t: Type) -> s.Expr:
        """Make a value to be stored; in loops reals are kept small, or they would grow."""
        value = self.value(t)
        if t == REAL and self.trips > 1:
            return call("clamp", value, literal(-8.0), literal(8.0))
        return value

    def memory(self) -> list[Maker]:
        """List the makers that write cells of arrays."""
        blocks = self.writable(lambda t: isinstance(t, Array))
        if not blocks or self.wishes.linear:
            return []
        return [
            lambda: self.write(self.one_of(blocks[::-1])),
            lambda: self.write(self.one_of(blocks[::-1])),
            lambda: self.update(self.one_of(blocks[::-1])),
        ]

    def place(self, variable: Variable) -> tuple[s.Index, Type]:
        """Name a cell, or a row of a matrix."""
        t = variable.type
        assert isinstance(t, Array)
        axes = self.one_of([len(t.shape), 1])
        parts = [self.value(Int(0, n), 1) for n in t.shape[:axes]]
        rest = t.shape[axes:]
        return index(name(variable.name), *parts), Array(rest, t.item) if rest else t.item

    def write(self, variable: Variable) -> list[s.Statement]:
        """Write a cell or a row."""
        place, t = self.place(variable)
        return [s.Assign((place,), None, self.stored(t), span=NOWHERE)]

    def update(self, variable: Variable) -> list[s.Statement]:
        """Change a cell or a row in place, so that it stays in its range."""
        place, t = self.place(variable)
        item = t.item if isinstance(t, Array) else t
        if item == REAL:
            if self.trips > 1:
                value = self.one_of([literal(-1.0), literal(0.0)])
                return [s.Update(place, "*", value, span=NOWHERE)]
            op = self.one_of(["+", "-"])
            return [s.Update(place, op, self.value(REAL, 1), span=NOWHERE)]
        if isinstance(item, Int) and item.lo == 0:
            if self.upto(1):
                return [s.Update(place, "//", self.value(Int(1, 3), 1), span=NOWHERE)]
            return [s.Update(place, "%", literal(max(1, item.hi - 1)), span=NOWHERE)]
        return [s.Assign((place,), None, self.value(t, 1), span=NOWHERE)]

    def swaps(self) -> list[Maker]:
        """List the makers of swaps: two cells of an array, or two variables of one type."""
        makers: list[Maker] = []
        if self.wishes.linear:
            return makers
        for v in self.writable(lambda t: isinstance(t, Array))[-2:]:
            makers.append(lambda v=v: self.swap_cells(v))  # type: ignore[misc]
        scalars = self.writable(lambda t: not isinstance(t, Array | Tuple))
        pairs = [(a, b) for a in scalars for b in scalars if a != b and a.type == b.type]
        if pairs:
            makers.append(lambda: self.swap_variables(self.one_of(pairs)))
        return makers

    def swap_cells(self, variable: Variable) -> list[s.Statement]:
        """Swap two cells of an array."""
        t = variable.type
        assert isinstance(t, Array)
        places = [[self.value(Int(0, n), 1) for n in t.shape] for _ in range(2)]
        left, right = (index(name(variable.name), *at) for at in places)
        return [s.Swap(left, right, span=NOWHERE)]

    def swap_variables(self, pair: tuple[Variable, Variable]) -> list[s.Statement]:
        """Swap two variables."""
        return [s.Swap(name(pair[0].name), name(pair[1].name), span=NOWHERE)]

    # --- branches ---------------------------------------------------------------------------

    def case(self, depth: int, narrowed: list[str], variable: Variable | None) -> Block:
        """Make a case; in a read-once program it may assign the one variable."""
        if not self.wishes.linear:
            return self.body(depth, narrowed)
        if variable is None or self.rarely():
            return (PASS,)
        with self.block(narrowed):
            return tuple(self.assignment(variable))

    def only_result(self) -> Variable | None:
        """Pick the variable that the cases of a read-once program may assign."""
        found = self.writable(lambda t: not isinstance(t, Array | Tuple))
        return self.one_of(found) if found else None

    def branch(self, depth: int) -> list[s.Statement]:
        """Make an `if`, perhaps with `elif` and `else`."""
        variable = self.only_result() if self.wishes.linear else None
        held = self.hold(variable)
        narrowed: list[str] = []
        branches = []
        for _ in range(1 + self.rarely(4)):
            with self.block(narrowed):
                test, names = self.test(1)
            narrowed = narrowed + names
            branches.append((test, self.case(depth, narrowed, variable)))
        otherwise = self.case(depth, narrowed, variable) if self.upto(1) else None
        self.release(held)
        return [s.If(tuple(branches), otherwise, span=NOWHERE)]

    def hold(self, variable: Variable | None) -> Variable | None:
        """Keep a variable from being read while it is being assigned by cases."""
        if variable is not None:
            self.spent.add(variable.name)
        return variable

    def release(self, variable: Variable | None) -> None:
        """Let a variable be read again: it has a new value."""
        if variable is not None:
            self.spent.discard(variable.name)

    def match(self, depth: int) -> list[s.Statement]:
        """Make a `match` whose cases cover the subject's type."""
        variable = self.only_result() if self.wishes.linear else None
        held = self.hold(variable)
        subject, t, names = self.subject()
        numbers = list(t.values())
        cases = []
        while numbers:
            taken = [numbers.pop(0) for _ in range(1 + self.upto(min(1, len(numbers) - 1)))]
            if numbers and self.rarely(2):
                numbers, taken = [], []
            patterns = tuple(constant(n, t) for n in taken)
            block = self.case(depth, names, variable)
            cases.append(s.Case(patterns, block, span=NOWHERE))
        self.release(held)
        return [s.Match(subject, tuple(cases), span=NOWHERE)]

    def subject(self) -> tuple[s.Expr, Bool | Int | Enum, list[str]]:
        """Make what a `match` looks at: a variable that no case has narrowed."""
        found = [
            v for v in self.readable(lambda t: isinstance(t, Bool | Int | Enum)) if not v.narrowed
        ]
        if not found:
            return self.value(BOOL, 1), BOOL, []
        variable = self.one_of(found[::-1])
        assert isinstance(variable.type, Bool | Int | Enum)
        return name(self.use(variable)), variable.type, [variable.name]

    def choose(self, depth: int) -> list[s.Statement]:
        """Make a choice among statements."""
        known = self.readable(lambda t: isinstance(t, Bool | Int | Enum))
        given = bool(known) and self.rarely(2) and self.may_choose(2, given=True)
        self.chooses(2, given=given)
        decider = self.decider(2, given=given)
        variable = self.only_result() if self.wishes.linear else None
        held = self.hold(variable)
        first, second = (self.case(depth, [], variable) for _ in range(2))
        self.release(held)
        alternatives = tuple(
            b[0] if len(b) == 1 else s.Do(b, span=NOWHERE) for b in (first, second)
        )
        return [s.ChooseBlock(decider, alternatives, span=NOWHERE)]

    # --- loops ------------------------------------------------------------------------------

    def loops(self, depth: int) -> list[Maker]:
        """List the makers of loops."""
        makers: list[Maker] = [
            lambda: self.for_range(depth),
            lambda: self.for_range(depth),
            lambda: self.while_(depth),
            lambda: self.repeat(depth),
        ]
        if self.readable(lambda t: isinstance(t, Array)):
            makers.append(lambda: self.for_each(depth))
        if self.writable(is_int):
            makers.append(self.climb)
        if self.wishes.halting and not self.wishes.finite_only and not self.wishes.linear:
            makers.append(self.halt)
        return makers

    def for_range(self, depth: int) -> list[s.Statement]:
        """Make a `for` up or down, with a bound that may depend on an outer counter."""
        counters = self.readable(lambda t: isinstance(t, Int) and t.lo >= 0 and t.hi <= 4)
        counters = [v for v in counters if not v.writable]
        if counters and self.upto(1):
            outer = self.one_of(counters[::-1])
            assert isinstance(outer.type, Int)
            last: s.Expr = binary("+", name(outer.name), literal(1))
            most = outer.type.hi
        else:
            most = 1 + self.upto(2)
            last = literal(most)
        down = self.rarely(3)
        lo, hi = (binary("-", last, literal(1)), literal(-1)) if down else (literal(0), last)
        counter = self.fresh("i")
        with self.block(), self.times(most):
            self.declare(counter, Int(0, most), writable=False)
            block = self.body(depth, [])
        over = s.Range(lo, hi, literal(-1) if down else None, span=NOWHERE)
        return [s.For(counter, over, block, span=NOWHERE)]

    def for_each(self, depth: int) -> list[s.Statement]:
        """Make a `for` over an array."""
        variable = self.one_of(self.readable(lambda t: isinstance(t, Array)))
        t = variable.type
        assert isinstance(t, Array)
        counter = self.fresh("x")
        inner: Type = Array(t.shape[1:], t.item) if t.shape[1:] else t.item
        with self.block(), self.times(t.shape[0]):
            self.declare(counter, inner, writable=False)
            block = self.body(depth, [])
        return [s.For(counter, name(self.use(variable)), block, span=NOWHERE)]

    def while_(self, depth: int) -> list[s.Statement]:
        """Make a `while` whose test depends on data."""
        most = 1 + self.upto(2)
        with self.times(most + 1):
            test, names = self.test(1)
            block = self.body(depth, names)
        return [s.While(test, literal(most), None, block, span=NOWHERE)]

    def repeat(self, depth: int) -> list[s.Statement]:
        """Make a `repeat` whose test may see what its body declares."""
        most = 1 + self.upto(2)
        with self.block(), self.times(most):
            block = tuple(self.statements(depth, 2)) or (PASS,)
            test, _ = self.test(1)
        return [s.Repeat(literal(most), None, block, test, span=NOWHERE)]

    def climb(self) -> list[s.Statement]:
        """Make a loop, or a branch, that lives on narrowing: `while x < 3 max 2: x = x + 1`."""
        variable = self.one_of(self.writable(is_int)[::-1])
        t = variable.type
        assert isinstance(t, Int)
        up = self.upto(1) == 0
        test = binary(*(("<", name(variable.name), literal(t.hi - 1)) if up else
                        (">", name(variable.name), literal(t.lo))))  # fmt: skip
        step = binary("+" if up else "-", name(variable.name), literal(1))
        block = (assign(name(variable.name), step),)
        if self.rarely():
            return [s.If(((test, block),), None, span=NOWHERE)]
        return [s.While(test, literal(1 + self.upto(2)), None, block, span=NOWHERE)]

    def halt(self) -> list[s.Statement]:
        """Make a loop that halts by weight, on reals, from a state of its own."""
        state, unit = self.fresh("s"), self.fresh("h")
        self.spend(2)
        start = assign(name(state), self.value(REAL, 1), REAL)
        grow = self.one_of(["+", "-"])
        step = s.Update(name(state), grow, self.value(REAL, 0), span=NOWHERE)
        kind, option = self.one_of([("act", "epsilon"), ("ponder", "prior")])
        halting = s.Halting(kind, ((option, literal(0.125)),), span=NOWHERE)
        chance = assign(name(unit), literal(self.one_of([0.5, 0.25, 1.0, 0.125])), REAL)
        self.declare(state, REAL)
        test = call("chance", name(unit))
        loop = s.Repeat(literal(3), halting, (step,), test, span=NOWHERE)
        return [start, chance, loop]
