"""The cases of a `match`: which values each takes, that none is missing and none comes twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from diffprog.errors import Label
from diffprog.lang import syntax, typed
from diffprog.lang.check.convert import between
from diffprog.lang.check.expressions import expression, meets
from diffprog.lang.check.narrow import Facts, matched
from diffprog.types import Array, Bool, Enum, Int, Real, Type

if TYPE_CHECKING:
    from diffprog.errors import Span
    from diffprog.lang.check.context import Frame

MAX_VALUES = 100_000
"""Values of the subject of one `match`: each stands in the typed tree."""

Found: TypeAlias = list[tuple[tuple[int, ...], Facts, syntax.Block]]


def match(frame: Frame, s: syntax.Match, subject: typed.Expr | None) -> Found:
    """Return of each case that can be met: values, what it says of the subject, its body."""
    if subject is None or not _is_matchable(frame, subject):
        return [((), {}, c.body) for c in s.cases]
    t = subject.type
    assert isinstance(t, Bool | Int | Enum)
    cover = _Cover(frame, t, s.subject.span)
    out: Found = []
    for c in s.cases:
        numbers = cover.take(c)
        meets(frame, c.body, {} if numbers else None, c, "never met")
        if numbers:
            out.append((numbers, matched(subject, numbers), c.body))
    cover.complete()
    return out


def _is_matchable(frame: Frame, subject: typed.Expr) -> bool:
    t = subject.type
    if not isinstance(t, Bool | Int | Enum):
        hint = "ask with `if x > 0:`" if isinstance(t, Real) else ""
        hint = "match one cell: `xs[i]`" if isinstance(t, Array) else hint
        message = f"`match` needs a value of finitely many, but this is `{t}`"
        frame.error("DP414", message, subject.span, help=hint)
        return False
    if t.size > MAX_VALUES:
        message = f"`match` on {t.size:,} values; the limit is {MAX_VALUES:,}"
        frame.error("DP414", message, subject.span, help="ask with `if`")
        return False
    return True


@dataclass
class _Cover:
    """Which values of the subject's type the cases have taken so far."""

    frame: Frame
    type: Bool | Int | Enum
    span: Span
    taken: dict[int, Span] = field(default_factory=dict)
    broken: bool = False

    def take(self, c: syntax.Case) -> tuple[int, ...]:
        """Return the values of a case; `case _` takes all that are left."""
        everything = range(self.type.lo, self.type.lo + self.type.size)
        if not c.patterns:
            left = tuple(v for v in everything if v not in self.taken)
            self.taken.update(dict.fromkeys(left, c.span))
            return left
        found = []
        for pattern in c.patterns:
            value = self._value(pattern)
            if value is None:
                self.broken = True
            elif value in self.taken:
                self._twice(value, pattern.span)
            elif value in everything:
                self.taken[value] = pattern.span
                found.append(value)
        return tuple(found)

    def _value(self, pattern: syntax.Expr) -> int | None:
        value = expression(self.frame, pattern)
        if value is None:
            return None
        if not isinstance(value, typed.Lit):
            hint = "a case names values; ask for more with `if`"
            message = "a case must be a constant"
            self.frame.error("DP414", message, pattern.span, help=hint)
            return None
        if type(value.type) is not type(self.type) or (
            isinstance(value.type, Enum) and value.type != self.type
        ):
            self._wrong_type(value.type, pattern)
            return None
        assert isinstance(value.value, int)
        return int(value.value)

    def _wrong_type(self, t: Type, pattern: syntax.Expr) -> None:
        self.frame.error(
            "DP414",
            f"this case is `{t}`, but the match is on `{self.type}`",
            pattern.span,
            others=(Label(self.span, f"this is `{self.type}`"),),
            help=between(t, self.type) if isinstance(self.type, Enum) else "",
        )

    def _twice(self, value: int, span: Span) -> None:
        self.frame.error(
            "DP413",
            f"`{self._shown(value)}` has a case already",
            span,
            others=(Label(self.taken[value], "here"),),
            help="take one of them away",
        )

    def complete(self) -> None:
        """Report the values that no case takes."""
        count = self.type.size - len(self.taken)
        if self.broken or not count:
            return
        everything = range(self.type.lo, self.type.lo + self.type.size)
        missing = [self._shown(v) for v in everything if v not in self.taken]
        shown = ", ".join(missing[:5]) + (f" and {count - 5} more" if count > 5 else "")
        message = f"no case for {shown}"
        hint = "add the missing cases, or `case _:` for all that are left"
        label = f"this is `{self.type}`"
        self.frame.error("DP412", message, self.span, label=label, help=hint)

    def _shown(self, value: int) -> str:
        match self.type:
            case Bool():
                return str(bool(value)).lower()
            case Enum(name, members):
                return f"{name}.{members[value]}"
            case Int():
                return str(value)
