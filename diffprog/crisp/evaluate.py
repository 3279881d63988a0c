"""Expressions of the typed tree, as crisp values.

In: an expression and the variables it sees. Out: its value. The side of a conditional and the
alternatives of a choice that are not taken are not evaluated, so a choice inside them is not
met; everything else is, also both sides of `and` and `or`. Never imports torch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypeAlias, assert_never

from diffprog.crisp.choices import by_network, decided, undecided
from diffprog.crisp.values import (
    cells,
    checked,
    converted,
    copied,
    is_scalar,
    lifted,
    number,
    read,
    verified,
)
from diffprog.deciders import only_decides
from diffprog.errors import InvariantError, fail
from diffprog.lang import typed
from diffprog.nets import EXTERN, bound_as
from diffprog.ops import OPS, REDUCTIONS
from diffprog.types import Array, Bool, Enum, Int

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from diffprog.crisp.choices import Decider, Mask
    from diffprog.crisp.values import At, Scalar
    from diffprog.errors import Span
    from diffprog.ops import OpSpec
    from diffprog.types import Type, Value

Scope: TypeAlias = "dict[str, Value]"
"""The variables of one call of one function, by name."""


@dataclass(frozen=True)
class Evaluator:
    """Evaluates expressions; holes go to `decide`, calls to `call` or to the function in `nets`."""

    decide: Decider
    call: Callable[[typed.Function, list[Value]], Value]
    nets: Mapping[str, Callable[..., Value]]

    def value(self, node: typed.Expr, scope: Scope) -> Value:  # noqa: C901, PLR0912 - a case a kind
        """Return the value of an expression."""
        match node:
            case typed.Lit(value):
                return value
            case typed.Var(name):
                return scope[name]
            case typed.Narrow(inner):
                return converted(self.value(inner, scope), node.type)
            case typed.Convert(inner):
                return converted(self.value(inner, scope), node.type)
            case typed.Apply(op, args):
                return applied(OPS[op], self.values(args, scope), node.type, node.span)
            case typed.Reduce():
                return self._reduce(node, scope)
            case typed.Index(base, parts):
                return read(self.value(base, scope), self.at(parts, scope))
            case typed.Conditional(test, then, other):
                return self.value(then if self.value(test, scope) else other, scope)
            case typed.Call(function, args):
                return self.call(function, self.values(args, scope))
            case typed.NetCall():
                return self._network(node, scope)
            case typed.ArrayOf(items):
                return [copied(v) for v in self.values(items, scope)]
            case typed.TupleOf(items):
                return tuple(copied(v) for v in self.values(items, scope))
            case typed.Part(base, place):
                whole = self.value(base, scope)
                assert isinstance(whole, tuple)
                return whole[place]
            case typed.ChooseValue():
                return _scalar_type(node.hole.type).values()[self.choose(node, scope)]
            case typed.ChooseExpr():
                return self.value(node.alternatives[self.choose(node, scope)], scope)
            case _:
                assert_never(node)

    def values(self, nodes: tuple[typed.Expr, ...], scope: Scope) -> list[Value]:
        """Return the values of expressions, from left to right."""
        return [self.value(node, scope) for node in nodes]

    def at(self, parts: tuple[typed.Expr | typed.Cut, ...], scope: Scope) -> At:
        """Return the place that the parts of an index name."""
        return tuple(
            range(part.lo, part.hi) if isinstance(part, typed.Cut) else self._place(part, scope)
            for part in parts
        )

    def _place(self, part: typed.Expr, scope: Scope) -> int:
        place = self.value(part, scope)
        assert is_scalar(place)
        return int(place)

    def choose(
        self, node: typed.ChooseValue | typed.ChooseExpr | typed.Choose, scope: Scope
    ) -> int:
        """Return the number of the alternative that is taken here."""
        if not isinstance(node, typed.ChooseValue) and node.decided is not None:
            return self._place(node.decided, scope)
        path = tuple(
            number(value, _scalar_type(g.type))
            for g, value in zip(node.given, self.values(node.given, scope), strict=True)
        )
        mask = self._mask(node.mask, scope)
        if isinstance(node, typed.ChooseValue) and node.logits is not None:
            logits = node.logits
            return by_network(
                self.decide, node.hole, mask, node.span, lambda: self._logits(node, logits, scope)
            )
        return decided(self.decide, node.hole, path, mask, node.span)

    def _logits(self, node: typed.ChooseValue, logits: typed.Expr, scope: Scope) -> list[float]:
        """Return what the network that decides gives, once it has weights."""
        if node.hole.network not in self.nets:
            undecided(node.hole)
        return [float(x) for x in cells(self.value(logits, scope))]

    def _mask(self, mask: typed.Expr | None, scope: Scope) -> Mask | None:
        return None if mask is None else tuple(map(bool, cells(self.value(mask, scope))))

    def learned(self, hole: typed.Hole) -> Value:
        """Return the value of a `learn`, asking for each cell, in row-major order."""
        if isinstance(hole.type, Array):
            return self._learned_block(hole, ())
        return self._learned_cell(hole, ())

    def _learned_block(self, hole: typed.Hole, path: tuple[int, ...]) -> Value:
        assert isinstance(hole.type, Array)
        if len(path) == len(hole.type.shape):
            return self._learned_cell(hole, path)
        rows = range(hole.type.shape[len(path)])
        return [self._learned_block(hole, (*path, i)) for i in rows]

    def _learned_cell(self, hole: typed.Hole, path: tuple[int, ...]) -> Value:
        if hole.kind == "real":
            found = self.decide(hole, path, None)
            assert found is not None  # only a decision by a network may be left open
            return float(found)
        item = hole.type.item if isinstance(hole.type, Array) else hole.type
        return _scalar_type(item).values()[decided(self.decide, hole, path, None, hole.span)]

    def _network(self, node: typed.NetCall, scope: Scope) -> Value:
        """Apply a network, along the axes that it is lifted over."""
        function = self.nets.get(node.net.name)
        if function is None and only_decides(node.net.kind):
            return converted(0.0, node.type)  # its decisions are written down, or asked for there
        if function is None:
            _unbound(node)
        return verified(_along(function, self.values(node.args, scope), node.lifted), node.type)

    def _reduce(self, node: typed.Reduce, scope: Scope) -> Value:
        row = REDUCTIONS[node.op]
        found = list(enumerate(cells(self.value(node.array, scope))))
        if node.where is not None:
            where = cells(self.value(node.where, scope))
            found = [cell for cell, wanted in zip(found, where, strict=True) if wanted]
        if found:
            return checked(row.crisp(found), node.type)
        if node.otherwise is not None:
            return converted(self.value(node.otherwise, scope), node.type)
        if row.empty is None:
            message = f"`{node.op}` of no cells, and no `else`"
            raise InvariantError(message)
        return checked(row.empty, node.type)


def _along(function: Callable[..., Value], args: Sequence[Value], axes: int) -> Value:
    """Apply a function of several results or one to each place of the first axes."""
    if not axes:
        return function(*args)
    rows = [a for a in args if isinstance(a, list)]
    found = [_along(function, row, axes - 1) for row in zip(*rows, strict=True)]
    if found and isinstance(found[0], tuple):
        parts = zip(*(row for row in found if isinstance(row, tuple)), strict=True)
        return tuple(list(part) for part in parts)
    return found


def _unbound(node: typed.NetCall) -> NoReturn:
    name = node.net.name
    if node.net.kind == EXTERN:
        name = bound_as(name)
        hint = f"bind it: `program.using({name}=module)`"
        fail("DP325", f"nothing is bound to `{name}`", node.span, hint=hint)
    hint = "train this program, or load one that was trained"
    fail("DP324", f"the network `{name}` has no weights", node.span, hint=hint)


def _scalar_type(t: Type) -> Bool | Int | Enum:
    assert isinstance(t, Bool | Int | Enum)
    return t


def applied(row: OpSpec, args: list[Value], t: Type, span: Span) -> Value:
    """Apply a row of `OPS`, cell by cell where it lifts.

    Raises:
        DiffprogError: DP601 where the row is undefined, DP602 where a result is not finite.
    """
    if row.lifts:
        item = t.item if isinstance(t, Array) else t
        return lifted(lambda *scalars: _one(row, scalars, item, span), args)
    result = row.crisp(*args, t) if row.typed else row.crisp(*args)
    return converted(result, t)


def _one(row: OpSpec, args: tuple[Scalar, ...], t: Type, span: Span) -> Scalar:
    try:
        result = checked(row.crisp(*args), t)
    except (ZeroDivisionError, ValueError):
        fail("DP601", f"`{row.symbol or row.name}` is undefined for {_shown(args)}", span)
    except OverflowError:
        result = math.inf
    if isinstance(result, float) and not math.isfinite(result):
        message = f"`{row.symbol or row.name}` of {_shown(args)} is too large for a number"
        fail("DP602", message, span)
    return result


def _shown(args: tuple[Scalar, ...]) -> str:
    return " and ".join(map(str, args))
