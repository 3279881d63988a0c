"""What is known of the variables at one point of a function.

A `Scope` maps names to `Variable`s and changes as the checker moves along a block; a case or a
loop body gets a fork of it. Narrowed ranges stand beside the variables, because they end with
the case, while an assignment lives on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from diffprog.types import Array, Int, Type, hull

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.errors import Label, Span


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """A variable as it stands here. Each assignment makes a new one, so identity tells them apart.

    Attributes:
        type: what it holds here; None after an error that was already reported.
        span: where it got this type, for second places of messages.
        pinned: what every assignment must fit, or None.
        loop: the line of the loop that pinned it; 0 where it was declared.
        outside: the hull of what was assigned outside loops.
        counter: whether it is a loop's variable, which cannot be assigned.
    """

    type: Type | None
    span: Span
    pinned: Type | None = None
    loop: int = 0
    outside: Type | None = None
    counter: bool = False

    def assigned(self, t: Type, span: Span) -> Variable:
        """Return the variable after an assignment; a pinned one keeps its type and its place."""
        if self.pinned is not None:
            return replace(self)
        joined = t if self.outside is None else hull(self.outside, t)
        return Variable(t, span, outside=joined or t)

    def carried(self, line: int) -> Variable:
        """Return the variable as a loop that assigns it carries it."""
        if self.pinned is not None or self.type is None:
            return replace(self)
        joined = hull(self.outside, self.type) if self.outside is not None else None
        wide = joined or self.type
        return replace(self, type=wide, pinned=wide, loop=line)


@dataclass(frozen=True, slots=True)
class Gone:
    """A name that had a value in a block and has none after it: why, where, and how to mend it."""

    why: str
    places: tuple[Label, ...]
    help: str


@dataclass
class Scope:
    """The variables of one function at one point.

    Attributes:
        variables: those that may be read here.
        narrowed: ranges that the enclosing cases established, until an assignment.
        gone: names that were assigned in a block that has ended.
    """

    variables: dict[str, Variable] = field(default_factory=dict)
    narrowed: dict[str, Int] = field(default_factory=dict)
    gone: dict[str, Gone] = field(default_factory=dict)

    def fork(self, narrowed: Mapping[str, Int] | None = None) -> Scope:
        """Return a copy for a case, with the ranges that hold there."""
        return Scope(dict(self.variables), {**self.narrowed, **(narrowed or {})}, dict(self.gone))

    def set(self, name: str, variable: Variable) -> None:
        """Let a name be this variable from here on."""
        self.variables[name] = variable
        self.narrowed.pop(name, None)
        self.gone.pop(name, None)

    def type_of(self, name: str) -> Type | None:
        """Return the type that reading a variable gives here, narrowed where it is."""
        variable = self.variables.get(name)
        return None if variable is None else self.narrowed.get(name, variable.type)

    def length(self, name: str) -> int | None:
        """Return the leading axis of an array variable, or None."""
        t = self.type_of(name)
        return t.shape[0] if isinstance(t, Array) else None
