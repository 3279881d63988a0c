"""What the checker knows: of the whole program (`Unit`) and of the function at hand (`Frame`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from diffprog.lang.check.scope import Scope
from diffprog.ops import OPS, REDUCTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from diffprog.errors import Report, Span
    from diffprog.lang import syntax, typed
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


@dataclass
class Unit:
    """The declarations of a program, and what the functions leave behind as they are checked.

    Attributes:
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
    sizes: dict[str, int] = field(default_factory=dict)
    constants: dict[str, typed.Lit] = field(default_factory=dict)
    enums: dict[str, Enum] = field(default_factory=dict)
    functions: dict[str, syntax.Function] = field(default_factory=dict)
    declared: dict[str, Span] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    keys: dict[int, str] = field(default_factory=dict)
    recursive: set[str] = field(default_factory=set)
    holes: dict[str, typed.Hole] = field(default_factory=dict)
    met: set[int] = field(default_factory=set)
    live: set[int] = field(default_factory=set)
    dead: dict[int, tuple[Span, str]] = field(default_factory=dict)
    skipped: list[syntax.Block] = field(default_factory=list)
    assumed: bool = False
    instantiate: Callable[[syntax.Function, Mapping[str, int], Signature], typed.Function] = field(
        init=False
    )

    def kind_of(self, name: str) -> str | None:
        """Say what a declared or built-in name is, or None for a free name."""
        for kind, names in (
            ("a size", self.sizes),
            ("a constant", self.constants),
            ("an enumeration", self.enums),
            ("a function", self.functions),
            ("an operation", BUILTINS),
            ("a type", TYPE_NAMES),
        ):
            if name in names:
                return kind
        return None


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

    def error(self, code: str, message: str, span: Span, **more: Any) -> None:
        """Report an error; `more` is label, others, help."""
        self.unit.report.error(code, message, span, **more)


def did_you_mean(name: str, candidates: Iterable[str], otherwise: str = "") -> str:
    """Return a suggestion for a misspelt name."""
    found = get_close_matches(name, sorted(candidates), n=1, cutoff=0.7)
    return f"did you mean `{found[0]}`?" if found else otherwise
