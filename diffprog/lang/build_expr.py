"""Parse trees into syntax, the inner half: types, choices and expressions.

In: what a rule of the grammar matched, its children already made into syntax. Out: the syntax
node. Numbers out of bounds and words of other languages are reported.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

from diffprog.lang import syntax as s

if TYPE_CHECKING:
    from diffprog.errors import Report, Span

MAX_INT = 10**15
"""No number in a program is larger: sizes stay far from where floats lose integers."""

Options: TypeAlias = tuple[tuple[str, s.Expr], ...]

_FOREIGN = {"True": "true", "False": "false", "None": None, "null": None}


# ruff: noqa: D102 - a method's name is that of a rule, which the grammar explains
class Expressions:
    """A method for each rule: the place, then what the rule's children were made into."""

    def __init__(self, report: Report) -> None:
        self.report = report

    # --- types

    def make_named_type(self, at: Span, *names: s.Name | None) -> s.NamedType:
        return s.NamedType(_dotted(names), span=at)

    def make_int_type(self, at: Span, lo: s.Expr | None, hi: s.Expr) -> s.IntType:
        return s.IntType(lo, hi, span=at)

    def make_array_type(self, at: Span, item: s.TypeExpr, *shape: s.Expr) -> s.ArrayType:
        return s.ArrayType(item, shape, span=at)

    def make_tuple_type(self, at: Span, *items: s.TypeExpr) -> s.TupleType:
        return s.TupleType(items, span=at)

    # --- choices

    def make_given(self, at: Span, given: tuple[s.Expr, ...], where: s.Expr | None) -> s.Decider:
        return s.Decider(given, None, where, span=at)

    def make_by(self, at: Span, by: s.Network, where: s.Expr | None) -> s.Decider:
        return s.Decider((), by, where, span=at)

    def make_where(self, at: Span, where: s.Expr) -> s.Decider:
        return s.Decider((), None, where, span=at)

    def make_policy(
        self, at: Span, name: s.Name, options: Options | None, of: tuple[s.Expr, ...] | None
    ) -> s.Network:
        return s.Network(name.id, options or (), of or (), span=at)

    def make_network(self, at: Span, name: s.Name, options: Options | None) -> s.Network:
        return s.Network(name.id, options or (), span=at)

    def make_options(self, _: Span, *options: tuple[str, s.Expr] | None) -> Options:
        return tuple(o for o in options if o is not None)

    def make_option(self, _: Span, name: s.Name | str, value: s.Expr) -> tuple[str, s.Expr]:
        return name.id if isinstance(name, s.Name) else str(name), value

    # --- expressions

    def make_arguments(self, _: Span, *items: s.Expr) -> tuple[s.Expr, ...]:
        return items

    make_expressions = make_arguments

    def make_choose_value(
        self, at: Span, type_: s.TypeExpr, decider: s.Decider | None = None
    ) -> s.ChooseValue:
        return s.ChooseValue(type_, decider or s.Decider(span=at), span=at)

    def make_choose_expr(
        self, at: Span, items: tuple[s.Expr, ...], decider: s.Decider | None = None
    ) -> s.ChooseExpr:
        return s.ChooseExpr(items, decider or s.Decider(span=at), span=at)

    def make_conditional(
        self, at: Span, then: s.Expr, test: s.Expr, other: s.Expr
    ) -> s.Conditional:
        return s.Conditional(then, test, other, span=at)

    def make_binary(self, at: Span, left: s.Expr, op: str, right: s.Expr) -> s.Binary:
        return s.Binary(str(op), left, right, span=at)

    def make_unary(self, at: Span, op: str, operand: s.Expr) -> s.Unary:
        return s.Unary(str(op), operand, span=at)

    def make_index(self, at: Span, base: s.Expr, *parts: s.Expr | s.Slice) -> s.Index:
        return s.Index(base, parts, span=at)

    def make_everything(self, at: Span) -> s.Slice:
        return s.Slice(None, None, span=at)

    def make_stretch(self, at: Span, lo: s.Expr, hi: s.Expr) -> s.Slice:
        return s.Slice(lo, hi, span=at)

    def make_stretch_from(self, at: Span, lo: s.Expr) -> s.Slice:
        return s.Slice(lo, None, span=at)

    def make_stretch_to(self, at: Span, hi: s.Expr) -> s.Slice:
        return s.Slice(None, hi, span=at)

    def make_member(self, at: Span, *names: s.Name) -> s.Member:
        return s.Member(_dotted(names[:-1]), names[-1].id, span=at)

    def make_call(
        self,
        at: Span,
        name: s.Name,
        args: tuple[s.Expr, ...] = (),
        where: s.Expr | None = None,
        otherwise: s.Expr | None = None,
    ) -> s.Call:
        return s.Call(name.id, args, where, otherwise, span=at)

    def make_module_call(
        self, at: Span, module: s.Name, name: s.Name, args: tuple[s.Expr, ...] | None
    ) -> s.Call:
        return s.Call(_dotted((module, name)), args or (), span=at)

    def make_cast(self, at: Span) -> s.Name:
        return s.Name("int", span=at)

    def make_array_literal(self, at: Span, items: tuple[s.Expr, ...]) -> s.ArrayLiteral:
        return s.ArrayLiteral(items, span=at)

    def make_tuple_literal(self, at: Span, *items: s.Expr) -> s.TupleLiteral:
        return s.TupleLiteral(items, span=at)

    def make_name(self, at: Span, token: str) -> s.Name:
        check_word(token, at, self.report)
        return s.Name(str(token), span=at)

    def make_literal(self, at: Span, token: str) -> s.Literal:
        if token in ("true", "false"):
            return s.Literal(token == "true", span=at)
        if not check_word(token, at, self.report):
            return s.Literal(0, span=at)
        return s.Literal(int(token) if token.isdigit() else float(token), span=at)


def _dotted(names: tuple[s.Name | None, ...]) -> str:
    return ".".join(name.id for name in names if name is not None)


def check_word(token: str, at: Span, report: Report) -> bool:
    """Report a number out of bounds, or a word of another language; say whether it is sound."""
    right = _FOREIGN.get(token)
    if token in _FOREIGN:
        help_ = f"write `{right}`" if right else "every variable has a value from the start"
        report.error("DP120", f"`{token}` is a word of another language", at, help=help_)
        return False
    if token.isdigit():
        # NOTE: Python refuses to read integers of more than 4,300 digits.
        digits, limit = token.lstrip("0"), "10^15"
        sound = len(digits) <= len(str(MAX_INT)) and int(digits or "0") <= MAX_INT
    else:
        limit = "about 1.8e308"
        sound = not token[0].isdigit() or math.isfinite(float(token))
    if not sound:
        report.error("DP126", f"this number is larger than {limit}", at)
    return sound
