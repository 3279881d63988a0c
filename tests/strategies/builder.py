"""What a program under construction knows: its variables, what it may still spend, its holes.

Programs are built top down, each expression for a type that is wanted, so they are well typed by
construction. Types here are what a program *declares*; the checker may know a narrower range, never
a wider one, and whatever fits the wider range fits.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

from diffprog.types import Array, Int, Tuple, Type, fits
from tests.strategies.values import scalars, types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")


@dataclass(frozen=True)
class Wishes:
    """What kind of program is wanted; see `programs`."""

    finite_only: bool = False
    holes: bool = True
    loops: bool = True
    halting: bool = False
    functions: bool = True
    rough: bool = False
    linear: bool = False
    max_size: int = 30
    max_domain: int = 512
    max_runs: int = 64


@dataclass(frozen=True)
class Variable:
    """A variable in scope.

    Attributes:
        name: what it is called.
        type: what it is declared as.
        writable: whether it may be assigned.
        narrowed: whether an enclosing case may have narrowed it, or it is a constant: testing it
            might make a case that is never met.
    """

    name: str
    type: Type
    writable: bool = True
    narrowed: bool = False


@dataclass(frozen=True)
class Signature:
    """A function that can be called.

    Attributes:
        name: what it is called.
        params: types of its parameters.
        result: type of its result.
        runs: into how many runs one call may split, by choices that are given values.
    """

    name: str
    params: tuple[Type, ...]
    result: Type
    runs: int = 1


_UP_TO = [st.integers(0, n) for n in range(64)]


@dataclass
class Builder:
    """The state of a construction.

    Attributes:
        draw: hypothesis' source of decisions.
        wishes: what is wanted.
        scope: variables that may be read here, in order of declaration.
        spent: variables that a read-once program has used up.
        functions: functions that may be called here.
        called: names of functions that are called somewhere.
        budget: how many more compound expressions and statements may be made.
        names: how many names were made so far.
        free_runs: how many combinations the free choices and tables made so far have.
        met_runs: bound on the combinations of decisions that are made each time they are met, in
            one call of the function at hand.
        reserved: into how many runs the one call may split that each function is sure to get.
        trips: bound on how often the place at hand is met in one call of its function.
        palette: the types that this program is made of, so that its variables have to do with
            each other.
        exact: whether reals have to stay multiples of small powers of two.
    """

    draw: Callable[[st.SearchStrategy[T]], T]
    wishes: Wishes
    scope: list[Variable] = field(default_factory=list)
    spent: set[str] = field(default_factory=set)
    functions: list[Signature] = field(default_factory=list)
    called: set[str] = field(default_factory=set)
    budget: int = 0
    names: int = 0
    free_runs: int = 1
    met_runs: int = 1
    reserved: int = 1
    trips: int = 1
    exact: bool = True
    palette: list[Type] = field(default_factory=list)

    # --- decisions --------------------------------------------------------------------------

    def upto(self, n: int) -> int:
        """Decide on a number from 0 to n; shrinks to 0."""
        return self.draw(_UP_TO[n]) if n else 0

    def one_of(self, options: Sequence[T]) -> T:
        """Decide on one of several; shrinks to the first."""
        return options[self.upto(len(options) - 1)]

    def rarely(self, n: int = 3) -> bool:
        """Decide for something once in n times; shrinks to no."""
        return self.upto(n - 1) == n - 1

    def scalar(self) -> Type:
        """Decide on a scalar type, rather one of the palette."""
        known = [t for t in self.palette if not isinstance(t, Array | Tuple)]
        if known and not self.rarely(6):
            return self.one_of(known)
        return self.draw(scalars(finite=self.wishes.finite_only))

    def type(self) -> Type:
        """Decide on a type of a variable, rather one of the palette."""
        if self.palette and not self.rarely(8):
            return self.one_of(self.palette)
        return self.draw(types(finite=self.wishes.finite_only))

    # --- names and scope --------------------------------------------------------------------

    def fresh(self, prefix: str = "v") -> str:
        """Make a name that stands for nothing yet."""
        self.names += 1
        return f"{prefix}{self.names}"

    def declare(
        self, name: str, t: Type, *, writable: bool = True, narrowed: bool = False
    ) -> Variable:
        """Bring a variable into scope."""
        variable = Variable(name, t, writable, narrowed)
        self.scope.append(variable)
        return variable

    def readable(self, fit: Callable[[Type], bool]) -> list[Variable]:
        """List the variables that may be read and whose type is fit."""
        return [v for v in self.scope if v.name not in self.spent and fit(v.type)]

    def reads(self, want: Type) -> list[Variable]:
        """List the variables that may stand where a type is wanted."""
        return self.readable(lambda t: fits(t, want))

    def writable(self, fit: Callable[[Type], bool]) -> list[Variable]:
        """List the variables that may be assigned and whose type is fit."""
        return [v for v in self.readable(fit) if v.writable]

    def use(self, variable: Variable) -> str:
        """Read a variable: in a read-once program it is gone then."""
        if self.wishes.linear:
            self.spent.add(variable.name)
        return variable.name

    @contextmanager
    def block(self, narrowed: Sequence[str] = ()) -> Iterator[None]:
        """Enter a case or a body: what it declares ends with it."""
        outside = self.scope
        self.scope = [replace(v, narrowed=True) if v.name in narrowed else v for v in outside]
        try:
            yield
        finally:
            self.scope = outside

    @contextmanager
    def times(self, trips: int) -> Iterator[None]:
        """Enter a body that runs several times."""
        outside = self.trips
        self.trips *= trips
        try:
            yield
        finally:
            self.trips = outside

    # --- what things cost -------------------------------------------------------------------

    def spend(self, n: int = 1) -> None:
        """Note that something was made."""
        self.budget -= n

    def affordable(self, runs: int) -> bool:
        """Say whether the program may have that many times as many runs."""
        made = self.free_runs * self.met_runs * self.reserved
        return made * runs <= self.wishes.max_runs

    def may_choose(self, alternatives: int, *, given: bool) -> bool:
        """Say whether a choice is affordable here."""
        return self.affordable(alternatives ** (self.trips if given else 1))

    def chooses(self, alternatives: int, *, given: bool) -> None:
        """Note that a choice is made here."""
        if given:
            self.met_runs *= alternatives**self.trips
        else:
            self.free_runs *= alternatives

    def may_call(self, function: Signature) -> bool:
        """Say whether a call is affordable here."""
        return self.affordable(function.runs**self.trips)

    def calls_once(self, function: Signature) -> None:
        """Note that a function is called here."""
        self.called.add(function.name)
        self.met_runs *= function.runs**self.trips


def is_int(t: Type) -> bool:
    """Say whether a type is a range of integers."""
    return isinstance(t, Int)
