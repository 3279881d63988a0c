"""Whole programs, well typed by construction."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from diffprog.errors import Source
from diffprog.lang import syntax as s
from diffprog.lang.check import check
from diffprog.lang.format import format_program
from diffprog.lang.parse import parse
from diffprog.types import BOOL, Array, Tuple, Type
from tests.strategies.builder import Signature, Wishes
from tests.strategies.spell import NOWHERE, assign, call, constant, name, type_of
from tests.strategies.statements import Statements
from tests.strategies.values import (
    ENUM,
    arrays,
    domain_size,
    scalars,
    soft_values,
    values,
)

if TYPE_CHECKING:
    from diffprog.lang.typed import Checked
    from diffprog.types import Value


@dataclass(frozen=True)
class Generated:
    """A generated program. It prints as its text, so that a failing law shows it."""

    syntax: s.Program

    @cached_property
    def text(self) -> str:
        """The program as a person would write it."""
        return format_program(self.syntax)

    @cached_property
    def parsed(self) -> s.Program:
        """The program with the places of its text."""
        return parse(Source("generated.dp", self.text))

    @cached_property
    def checked(self) -> Checked:
        """The typed tree; raises if the checker finds an error."""
        return check(self.parsed)

    @property
    def params(self) -> dict[str, Type]:
        """The types of the inputs, by name."""
        return dict(self.checked.main.params)

    def __repr__(self) -> str:
        return self.text

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.text)

    def inputs(self) -> st.SearchStrategy[dict[str, Value]]:
        """Give crisp inputs."""
        return st.fixed_dictionaries({n: values(t) for n, t in self.params.items()})

    def soft_inputs(self, *, interior: bool = False) -> st.SearchStrategy[dict[str, object]]:
        """Give soft inputs, as nested lists."""
        return st.fixed_dictionaries(
            {n: soft_values(t, interior=interior) for n, t in self.params.items()}
        )


class Programs(Statements):
    """Makes programs."""

    def program(self) -> s.Program:
        """Make a whole program."""
        self.palette = self.colours()
        declarations: list[s.Declaration] = []
        if self.rarely():
            declarations.append(self.const())
        if self.wishes.functions:
            declarations += [self.function() for _ in range(self.upto(2))]
        self.budget = self.wishes.max_size
        declarations.append(self.main())
        if "Colour" in repr(declarations):
            declarations.insert(0, s.EnumDecl(ENUM.name, ENUM.members, span=NOWHERE))
        return s.Program(tuple(declarations), span=NOWHERE)

    def colours(self) -> list[Type]:
        """Decide on the types that the program is made of."""
        first, second = (self.draw(scalars(finite=self.wishes.finite_only)) for _ in range(2))
        shape = self.draw(arrays(finite=True)).shape
        item = self.one_of([first, second])
        return [first, second, BOOL, Array(shape, item)]  # type: ignore[arg-type]

    def const(self) -> s.Const:
        """Declare a constant, visible everywhere."""
        t: Type = self.draw(self.one_of([scalars(finite=True), arrays(finite=True)]))
        written = constant(self.draw(values(t)), t)
        new = self.declare("c", t, writable=False, narrowed=True)
        return s.Const(new.name, type_of(t), written, span=NOWHERE)

    def params(self, most: int, room: int) -> tuple[s.Param, ...]:
        """Declare parameters whose joint domain has at most `room` values."""
        params = []
        for _ in range(1 + self.upto(most - 1)):
            t = self.type()
            if domain_size(t) > room:
                t = BOOL
            room = max(1, room // domain_size(t))
            new = self.declare(self.fresh("a"), t)
            params.append(s.Param(new.name, type_of(t), span=NOWHERE))
        return tuple(params)

    def learns(self) -> list[s.Statement]:
        """Declare tables and real parameters."""
        if not (self.wishes.holes and self.rarely()):
            return []
        t = self.type()
        if isinstance(t, Tuple) or not self.affordable(domain_size(t)):
            return []
        self.free_runs *= domain_size(t)
        new = self.declare(self.fresh("t"), t)
        return [s.Learn(new.name, type_of(t), span=NOWHERE)]

    def function(self) -> s.Function:
        """Make a function that later ones and the program may call."""
        outside, self.scope = self.scope, [v for v in self.scope if v.name == "c"]
        met, self.met_runs = self.met_runs, 1
        self.budget = self.wishes.max_size // 3
        params = self.params(2, 64)
        types_ = tuple(v.type for v in self.scope[-len(params) :])
        body = self.learns() + self.statements(1, 2)
        result = self.scalar() if self.wishes.linear else self.type()
        body.append(s.Return(self.value(result), span=NOWHERE))
        signature = Signature(self.fresh("f"), types_, result, self.met_runs)
        self.scope, self.met_runs = outside, met
        self.reserved *= signature.runs
        self.functions.append(signature)
        return s.Function("fn", signature.name, params, type_of(result), tuple(body), span=NOWHERE)

    def main(self) -> s.Function:
        """Make the program itself; each function is called somewhere in it."""
        params = self.params(3, self.wishes.max_domain)
        body = self.learns() + self.statements(2, 5)
        for function in self.functions:
            if function.name not in self.called:
                body += self.forced_call(function)
        t, value = self.result()
        body.append(s.Return(value, span=NOWHERE))
        return s.Function("program", "main", params, type_of(t), tuple(body), span=NOWHERE)

    def forced_call(self, function: Signature) -> list[s.Statement]:
        """Call a function that nothing has called yet: its holes have to be met."""
        self.called.add(function.name)
        args = [self.value(t, 1) for t in function.params]
        new = self.declare(self.fresh(), function.result)
        return [assign(name(new.name), call(function.name, *args), new.type)]

    def result(self) -> tuple[Type, s.Expr]:
        """Return an expression, or some of the variables: rather those that were made late."""
        self.exact = not self.wishes.rough
        self.budget = max(self.budget, 10 if self.wishes.linear else 3)
        found = self.readable(lambda t: not isinstance(t, Tuple))[::-1]
        if found and self.upto(3):
            first = found.pop(0)
            shown = [first, *(v for v in found[:5] if self.wishes.linear or self.upto(2))]
            parts = tuple(name(self.use(v)) for v in shown)
            if len(shown) == 1:
                return first.type, parts[0]
            whole = Tuple(tuple(v.type for v in shown))
            return whole, s.TupleLiteral(parts, span=NOWHERE)
        t = self.scalar() if self.wishes.linear else self.type()
        return t, self.value(t, 3 if self.wishes.linear else 2)


@st.composite
def built(draw: st.DrawFn, wishes: Wishes) -> Generated:
    """Give programs of a kind."""
    return Generated(Programs(draw, wishes, budget=wishes.max_size).program())


def programs(
    *,
    finite_only: bool = False,
    holes: bool = True,
    loops: bool = True,
    halting: bool = False,
    functions: bool = True,
    rough: bool = False,
    max_size: int = 30,
    max_domain: int = 512,
    max_runs: int = 64,
) -> st.SearchStrategy[Generated]:
    """Give well-typed programs.

    Args:
        finite_only: without reals.
        holes: with `choose` and `learn`.
        loops: with `for`, `while`, `repeat`.
        halting: with loops `by act` and `by ponder`.
        functions: with `fn`.
        rough: with functions of reals in the result that leave the multiples of 1/8, so that
            answers agree only up to rounding. Elsewhere reals stay exact.
        max_size: about how many compound expressions and statements, functions apart.
        max_domain: about how many combinations the finite inputs have at most.
        max_runs: how many sequences of alternatives there are at most.
    """
    return built(
        Wishes(
            finite_only=finite_only,
            holes=holes,
            loops=loops,
            halting=halting,
            functions=functions,
            rough=rough,
            max_size=max_size,
            max_domain=max_domain,
            max_runs=max_runs,
        )
    )


def read_once_programs(
    *,
    finite_only: bool = True,
    holes: bool = True,
    max_size: int = 20,
    max_domain: int = 128,
    max_runs: int = 32,
) -> st.SearchStrategy[Generated]:
    """Give programs that use every uncertain value at most once, so that no correlation is lost.

    They have no loops; the cases of a branch assign at most one variable, the same in all; arrays
    are inputs or lists of independent cells; reals are added and scaled, and nothing else.
    """
    return built(
        Wishes(
            finite_only=finite_only,
            holes=holes,
            loops=False,
            linear=True,
            max_size=max_size,
            max_domain=max_domain,
            max_runs=max_runs,
        )
    )
