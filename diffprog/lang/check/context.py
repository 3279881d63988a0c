"""What the checker knows: of the whole program (`Unit`) and of the function at hand (`Frame`)."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Protocol

from diffprog.lang.check.scope import Scope
from diffprog.ops import OPS, REDUCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from diffprog.errors import Report, Span
    from diffprog.lang import syntax, typed
    from diffprog.lang.check.deciders import Controller
    from diffprog.types import Enum, Type

BUILTINS = frozenset(
    {"len", *REDUCTIONS, *(name for name, row in OPS.items() if row.symbol is None)}
)
"""What can be called without being declared."""

TYPE_NAMES = frozenset({"bool", "int", "real"})


@dataclass(frozen=True)
class Signature:
    """A function's parameters and result as types, at the sizes of one call."""

    params: tuple[Type, ...]
    result: Type


class Instantiate(Protocol):
    """Checks the body of a function of a unit at the sizes of a call."""

    def __call__(
        self, unit: Unit, function: syntax.Function, sizes: Mapping[str, int], types: Signature
    ) -> typed.Function:
        """Return the function at these sizes."""


@dataclass
class Unit:
    """The declarations of a file, and what the functions leave behind as they are checked.

    A module that a program imports has a unit of its own: its names are not the program's.

    Attributes:
        name: how the program names the module, empty for the program itself.
        modules: the modules that the file imports, by the name it has for them.
        known: the units of all modules, by the identity of their syntax.
        ready: whether the declarations are entered.
        declared: where each name is declared.
        broken: names whose declaration was refused; reading them says nothing more.
        keys: the key of each hole, by the identity of its syntax.
        recursive: functions that reach themselves.
        met: holes that were checked, by the identity of their syntax.
        live, dead: cases that can and cannot be met, by the identity of their syntax.
        skipped: loop bodies that only these sizes leave out.
        assumed: whether some size was made up, because it had no value.
        instantiate: checks a function's body at the sizes of a call (set by `program`, so that
            expressions need not import statements).
    """

    report: Report
    name: str = ""
    modules: dict[str, Unit] = field(default_factory=dict)
    known: dict[int, Unit] = field(default_factory=dict)
    ready: bool = False
    sizes: dict[str, int] = field(default_factory=dict)
    constants: dict[str, typed.Lit] = field(default_factory=dict)
    enums: dict[str, Enum] = field(default_factory=dict)
    functions: dict[str, syntax.Function] = field(default_factory=dict)
    nets: dict[str, typed.Net] = field(default_factory=dict)
    declared: dict[str, Span] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    keys: dict[int, str] = field(default_factory=dict)
    recursive: set[str] = field(default_factory=set)
    holes: dict[str, typed.Hole] = field(default_factory=dict)
    decisions: dict[str, typed.Hole] = field(default_factory=dict)
    met: set[int] = field(default_factory=set)
    live: set[int] = field(default_factory=set)
    dead: dict[int, tuple[Span, str]] = field(default_factory=dict)
    skipped: list[syntax.Block] = field(default_factory=list)
    assumed: bool = False
    instantiate: Instantiate | None = None

    def module(self, name: str) -> Unit:
        """Return an empty unit for a module: what functions leave behind is shared."""
        own = Unit(self.report)
        return replace(
            self,
            name=f"{self.name}.{name}" if self.name else name,
            **{n: getattr(own, n) for n in _OWN},
        )

    def look_up(self, name: str) -> tuple[Unit, str]:
        """Return whose name this is: ``memory.address`` is the `address` of `memory`."""
        owner, _, own = name.rpartition(".")
        return (self.modules[owner], own) if owner in self.modules else (self, name)

    def shown(self, name: str) -> str:
        """Return how the program calls a name of this file."""
        return f"{self.name}.{name}" if self.name else name

    def enum(self, name: str) -> Enum | None:
        """Return an enumeration of the file or of a module of it."""
        unit, own = self.look_up(name)
        return unit.enums.get(own)

    def kind_of(self, name: str) -> str | None:
        """Say what a declared or built-in name is, or None for a free name."""
        for kind, names in (
            ("a size", self.sizes),
            ("a constant", self.constants),
            ("an enumeration", self.enums),
            ("a function", self.functions),
            ("a network", self.nets),
            ("an operation", BUILTINS),
            ("a type", TYPE_NAMES),
        ):
            if name in names:
                return kind
        return None


_OWN = (
    "modules",
    "ready",
    "sizes",
    "constants",
    "enums",
    "functions",
    "nets",
    "declared",
    "broken",
    "recursive",
)


@dataclass
class Frame:
    """The function that is being checked, at the sizes of one call."""

    unit: Unit
    name: str
    sizes: Mapping[str, int]
    scope: Scope = field(default_factory=Scope)
    result: Type | None = None
    result_span: Span | None = None
    beside: Mapping[str, str] = field(default_factory=dict)
    """Variables that the left side of an `and` or `or` tests: for advice about its right side."""
    controllers: dict[str, Controller] = field(default_factory=dict)
    """Its controllers by name; those that can decide are variables of the scope too."""
    ahead: list[typed.TStatement] = field(default_factory=list)
    """What controllers decide in the statement at hand: it is to stand before it."""
    barred: str = ""
    """Why no controller can decide here: what stands here is not met just once."""

    @contextmanager
    def barring(self, why: str) -> Iterator[None]:
        """Let no controller decide for a while."""
        outside, self.barred = self.barred, self.barred or why
        try:
            yield
        finally:
            self.barred = outside

    def error(self, code: str, message: str, span: Span, **more: Any) -> None:
        """Report an error; `more` is label, others, help."""
        self.unit.report.error(code, message, span, **more)


def listed(names: Iterable[str]) -> str:
    """Return names for a message."""
    return ", ".join(f"`{name}`" for name in names) or "none"


def did_you_mean(name: str, candidates: Iterable[str], otherwise: str = "") -> str:
    """Return a suggestion for a misspelt name."""
    found = get_close_matches(name, sorted(candidates), n=1, cutoff=0.7)
    return f"did you mean `{found[0]}`?" if found else otherwise
