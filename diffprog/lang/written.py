"""Syntax that no one wrote: types, values, tables; and the comments near what is gone.

In: types and crisp values. Out: syntax whose place lies outside the program's text, so that the
formatter looks for no comments near it.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from diffprog.errors import Source, Span
from diffprog.lang import syntax as s
from diffprog.lang.tidy import negated
from diffprog.types import Array, Bool, Enum, Int, Real, Tuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.types import Finite, Type, Value


class Writer:
    """Makes syntax."""

    def __init__(self) -> None:
        self.span = Span(Source("<filled>", ""), 0, 0)

    def type(self, t: Type) -> s.TypeExpr:
        """Return a type as written."""
        match t:
            case Bool():
                return s.NamedType("bool", span=self.span)
            case Real():
                return s.NamedType("real", span=self.span)
            case Enum(name):
                return s.NamedType(name, span=self.span)
            case Int(lo, hi):
                low = self.number(lo) if lo else None
                return s.IntType(low, self.number(hi), span=self.span)
            case Array(shape, item):
                sizes = tuple(self.number(n) for n in shape)
                return s.ArrayType(self.type(item), sizes, span=self.span)
            case Tuple(items):
                return s.TupleType(tuple(map(self.type, items)), span=self.span)

    def number(self, n: float) -> s.Expr:
        """Return a number; a negative one has its sign in front."""
        made: s.Expr = s.Literal(abs(n), span=self.span)
        return s.Unary("-", made, span=self.span) if n < 0 else made

    def value(self, value: Value, t: Type) -> s.Expr:
        """Return a crisp value of a type."""
        match t, value:
            case Array(shape, item), list():
                inner = Array(shape[1:], item) if shape[1:] else item
                return s.ArrayLiteral(tuple(self.value(v, inner) for v in value), span=self.span)
            case Array(_, item), _:  # a scalar fills every cell
                return self.value(value, item)
            case Enum(name, members), int(place):
                return s.Member(name, members[place], span=self.span)
            case Bool(), _:
                return s.Literal(bool(value), span=self.span)
            case _:
                assert isinstance(value, int | float)
                return self.number(value)

    def table(
        self, name: str, entries: Sequence[int], given: Sequence[Finite], item: Finite
    ) -> s.Const:
        """Return the declaration of a table of alternatives over given values."""
        shape = tuple(t.size for t in given)
        values = [item.values()[int(k)] for k in entries]
        for n in reversed(shape[1:]):
            values = [values[i : i + n] for i in range(0, len(values), n)]
        t = Array(shape, item)
        return s.Const(name, self.type(t), self.value(values, t), span=self.span)

    def read(self, name: str, at: Sequence[s.Expr], given: Sequence[Finite]) -> s.Expr:
        """Return the reading of such a table at values."""
        places = tuple(self._place(e, t) for e, t in zip(at, given, strict=True))
        return s.Index(s.Name(name, span=self.span), places, span=self.span)

    def _place(self, e: s.Expr, t: Finite) -> s.Expr:
        """Return the place of a value among those of its type."""
        match t:
            case Bool():
                return s.Call("int", (e,), span=self.span)
            case Int(lo):
                if not lo:
                    return e
                op = "-" if lo > 0 else "+"
                return s.Binary(op, e, self.number(abs(lo)), span=self.span)
            case Enum():
                return self.by_member(e, t, range(t.size), Int(0, t.size))

    def by_member(self, e: s.Expr, t: Enum, entries: Sequence[int], item: Finite) -> s.Expr:
        """Return the alternative that belongs to the member that an expression is.

        The one that stands most often needs no test.
        """
        common, _ = Counter(reversed(entries)).most_common(1)[0]
        done = self.value(item.values()[common], item)
        for name, k in reversed(tuple(zip(t.members, entries, strict=True))):
            if k != common:
                test = s.Binary("==", e, s.Member(t.name, name, span=self.span), span=self.span)
                then = self.value(item.values()[k], item)
                done = self.folded(s.Conditional(then, test, done, span=self.span))
        return done

    def folded(self, e: s.Expr) -> s.Expr:
        """Return an expression without a conditional that is none."""
        match e:
            case s.Conditional(then, s.Literal(bool(value)), other):
                return then if value else other
            case s.Conditional(s.Literal(True), test, s.Literal(False)):
                return test
            case s.Conditional(s.Literal(False), test, s.Literal(True)):
                return negated(test)
            case _:
                return e


def table_name(
    key: str, node: s.ChooseValue | s.ChooseExpr | s.ChooseBlock, taken: set[str]
) -> str:
    """Return a name for a choice's table: after its variable, or after `swap`."""
    stem = key.split(".")[-1].split("#")[0]
    if isinstance(node, s.ChooseBlock):
        words = (re.match(r"[a-z]+\b", a.span.text) for a in node.alternatives)
        verbs = [w.group() for w in words if w and w.group() not in ("pass", "do")]
        stem = verbs[0] if verbs and verbs[0] in ("swap",) else "choice"
    base = f"{stem}_table"
    numbered = (f"{base}_{i}" for i in range(2, len(taken) + 3))
    return next(name for name in (base, *numbered) if name not in taken)


def kept_comments(
    program: s.Program,
    gone: Sequence[tuple[s.Syntax, tuple[s.Syntax, ...]]],
    remarks: Sequence[tuple[s.Syntax, str]],
) -> tuple[s.Comment, ...]:
    """Return the comments of a program after choices have gone, and the remarks about them.

    A comment beside a choice, or inside it, speaks of the choice; those inside the alternatives
    that stay are kept.
    """
    left = [c for c in program.comments if not any(_concerns(c, n, kept) for n, kept in gone)]
    for node, text in remarks:
        left.append(s.Comment(max(0, node.span.start - 1), True, f"# {text}"))
    return tuple(sorted(left, key=lambda c: (c.start, c.text)))


def _concerns(comment: s.Comment, node: s.Syntax, kept: tuple[s.Syntax, ...]) -> bool:
    if any(_beside(comment, k.span) for k in kept):
        return False
    return _beside(comment, node.span)


def _beside(comment: s.Comment, span: Span) -> bool:
    """Say whether a comment stands within a place, or behind its first or last line."""
    if span.start <= comment.start < span.end:
        return True
    if comment.alone or comment.start < span.start:
        return False
    return "\n" not in span.source.text[span.end : comment.start]
