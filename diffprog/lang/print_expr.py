"""Expressions and types into text, with no more parentheses than they need.

In: an expression, and how tightly its surroundings bind. Out: a `Doc`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diffprog.lang import syntax as s
from diffprog.lang.wrap import SOFT, Bracket, Doc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# How tightly a form binds, as the rules of the grammar follow one another.
LOOSEST = 0  # a choice with `given`, `by` or `where`
CONDITIONAL = 1
NOT = 5
COMPARISON = 6
ADDITIVE = 7
PRODUCT = 8
SIGNED = 9
TIGHTEST = 10

_BINARY = {
    "or": 2,
    "xor": 3,
    "and": 4,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), COMPARISON),
    **dict.fromkeys(("+", "-"), ADDITIVE),
    **dict.fromkeys(("*", "/", "//", "%", "@"), PRODUCT),
}


def expr(node: s.Expr, least: int = LOOSEST) -> Doc:
    """Print an expression, in parentheses where it binds less tightly than `least`."""
    doc = _PRINTERS[type(node)](node)
    return doc if binding(node) >= least else [Bracket("(", (doc,), ")")]


def binding(node: s.Expr) -> int:
    """Return how tightly the outermost form of an expression binds."""
    match node:
        case s.Binary(op):
            return _BINARY[op]
        case s.Unary(op):
            return NOT if op == "not" else SIGNED
        case s.Conditional():
            return CONDITIONAL
        case s.ChooseValue(_, decider) | s.ChooseExpr(_, decider) if not is_free(decider):
            return LOOSEST
        case s.ChooseValue():
            return SIGNED
        case s.Literal(value) if value < 0:
            return SIGNED
        case _:
            return TIGHTEST


def is_free(decider: s.Decider) -> bool:
    """Say whether a choice depends on nothing, so that it is written without clauses."""
    return not decider.given and decider.by is None and decider.where is None


def value(node: s.Expr) -> Doc:
    """Print what is assigned or returned: a tuple needs no parentheses, unless it gets long."""
    if isinstance(node, s.TupleLiteral):
        return [Bracket("(", _items(node.items, CONDITIONAL), ")", quiet=True)]
    return quiet(node)


def quiet(node: s.Expr) -> Doc:
    """Print an expression that has a line to itself: in parentheses where they break it."""
    return [Bracket("(", (expr(node),), ")", quiet=True)]


def listed(nodes: Sequence[s.Expr]) -> Doc:
    """Print expressions with commas between, in no bracket."""
    out: Doc = []
    for number, node in enumerate(nodes):
        out += [", "] if number else []
        out += expr(node, CONDITIONAL)
    return out


def type_(node: s.TypeExpr) -> Doc:
    """Print a type as written."""
    match node:
        case s.NamedType(name):
            return [name]
        case s.IntType(None, hi):
            return ["int<", *expr(hi, ADDITIVE), ">"]
        case s.IntType(lo, hi):
            return ["int<", *_stretch(lo, hi, ADDITIVE), ">"]
        case s.ArrayType(item, shape):
            return [*type_(item), Bracket("[", _items(shape, ADDITIVE), "]")]
        case s.TupleType(items):
            return [Bracket("(", tuple(map(type_, items)), ")")]


def decider(node: s.Decider) -> Doc:
    """Print the clauses of a choice, each after a space."""
    out: Doc = []
    if node.given:
        out += [SOFT, "given ", *listed(node.given)]
    if node.by is not None:
        out += [SOFT, "by ", *network(node.by, " of ")]
    if node.where is not None:
        out += [SOFT, "where ", *expr(node.where, CONDITIONAL)]
    return out


def network(node: s.Network, word: str) -> Doc:
    """Print a network and, after `word`, its inputs."""
    out = settings(node.name, node.options)
    return [*out, word, *listed(node.inputs)] if node.inputs else out


def settings(name: str, options: tuple[tuple[str, s.Expr], ...]) -> Doc:
    """Print a name with its options."""
    if not options:
        return [name]
    items: list[Doc] = [[f"{key} = ", *expr(item, CONDITIONAL)] for key, item in options]
    return [name, Bracket("(", tuple(items), ")")]


def _items(nodes: Sequence[s.Expr], least: int = LOOSEST) -> tuple[Doc, ...]:
    """Print the items of a bracket; a choice that would swallow the next comma is enclosed."""
    if len(nodes) > 1:
        least = max(least, CONDITIONAL)
    return tuple(expr(node, least) for node in nodes)


def _stretch(lo: s.Expr | None, hi: s.Expr | None, least: int = CONDITIONAL) -> Doc:
    ends = [end for end in (lo, hi) if end is not None]
    if not ends:
        return [":"]
    bare = [end.operand if isinstance(end, s.Unary) else end for end in ends]
    simple = all(isinstance(end, s.Literal | s.Name | s.Member) for end in bare)
    dots = ".." if simple or len(ends) < 2 else " .. "
    left = [] if lo is None else expr(lo, least)
    right = [] if hi is None else expr(hi, least)
    return [*left, dots, *right]


def _literal(node: s.Literal) -> Doc:
    if isinstance(node.value, bool):
        return ["true" if node.value else "false"]
    return [repr(node.value)]


def _unary(node: s.Unary) -> Doc:
    word = "not " if node.op == "not" else node.op
    return [word, *expr(node.operand, binding(node))]


def _binary(node: s.Binary) -> Doc:
    own = _BINARY[node.op]
    # Comparisons do not chain; all others group to the left.
    left = expr(node.left, own + (own == COMPARISON))
    return [*left, SOFT, f"{node.op} ", *expr(node.right, own + 1)]


def _conditional(node: s.Conditional) -> Doc:
    then, test = (expr(e, CONDITIONAL + 1) for e in (node.then, node.test))
    return [*then, SOFT, "if ", *test, SOFT, "else ", *expr(node.other, CONDITIONAL)]


def _call(node: s.Call) -> Doc:
    clauses: Doc = []
    if node.where is not None:
        clauses += [SOFT, "where ", *expr(node.where, CONDITIONAL)]
    if node.otherwise is not None:
        clauses += [SOFT, "else ", *expr(node.otherwise, CONDITIONAL)]
    items = _items(node.args)
    if clauses:
        # A choice, also a free one, would take the clauses for its own.
        chooses = isinstance(node.args[-1], s.ChooseExpr | s.ChooseValue)
        last = expr(node.args[-1], TIGHTEST + 1 if chooses else LOOSEST)
        items = (*items[:-1], [*last, *clauses])
    return [node.name, Bracket("(", items, ")")]


def _index(node: s.Index) -> Doc:
    least = CONDITIONAL if len(node.index) > 1 else LOOSEST
    parts = [
        _stretch(part.lo, part.hi) if isinstance(part, s.Slice) else expr(part, least)
        for part in node.index
    ]
    return [*expr(node.base, TIGHTEST), Bracket("[", tuple(parts), "]")]


def _choose_value(node: s.ChooseValue) -> Doc:
    return ["choose ", *type_(node.type), *decider(node.decider)]


def _choose_expr(node: s.ChooseExpr) -> Doc:
    return ["choose", Bracket("(", _items(node.alternatives), ")"), *decider(node.decider)]


_PRINTERS: dict[type[Any], Callable[[Any], Doc]] = {
    s.Literal: _literal,
    s.Name: lambda node: [node.id],
    s.Member: lambda node: [f"{node.enum}.{node.name}"],
    s.Unary: _unary,
    s.Binary: _binary,
    s.Conditional: _conditional,
    s.Call: _call,
    s.Index: _index,
    s.ArrayLiteral: lambda node: [Bracket("[", _items(node.items), "]")],
    s.TupleLiteral: lambda node: [Bracket("(", _items(node.items), ")")],
    s.ChooseValue: _choose_value,
    s.ChooseExpr: _choose_expr,
}
