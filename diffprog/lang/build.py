"""Parse trees into syntax: one `make_…` for each rule of the grammar.

In: the tree that the grammar gives. Out: a `Program`, and diagnostics for what the grammar lets
through (expressions too deep, numbers out of bounds, words of other languages). Works bottom up
on a stack of its own, so that no program can exhaust Python's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from diffprog.errors import Report, Source, Span
from diffprog.lang import syntax as s
from diffprog.lang.build_expr import Expressions, Options

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_DEPTH = 200
"""Levels of an expression tree: later stages may recurse over it."""

_COUNTED = {
    "array_literal",
    "binary",
    "call",
    "choose_expr",
    "choose_value",
    "conditional",
    "index",
    "tuple_literal",
    "unary",
}


class Meta(Protocol):
    """Where a tree stands in the text."""

    @property
    def empty(self) -> bool:
        """Say that there is no place, because nothing was matched."""

    @property
    def start_pos(self) -> int:
        """The offset where the text of the tree starts."""

    @property
    def end_pos(self) -> int:
        """The offset where it ends."""


class Tree(Protocol):
    """A node of the parse tree."""

    @property
    def data(self) -> str:
        """The rule."""

    @property
    def children(self) -> Sequence[Part]:
        """What the rule matched; None for what it might have."""

    @property
    def meta(self) -> Meta:
        """The place."""


Part: TypeAlias = "Tree | str | None"


def build(tree: Tree, source: Source, report: Report) -> s.Program:
    """Make a program of a parse tree; what is wrong goes into the report."""
    maker = _Maker(source, report)
    todo: list[tuple[Part, int, bool]] = [(tree, 0, False)]
    done: list[object] = []
    root = tree  # the whole of the expression at hand
    while todo:
        part, depth, ready = todo.pop()
        if part is None or isinstance(part, str):
            done.append(part)
        elif ready:
            count = len(done) - len(part.children)
            made = getattr(maker, f"make_{part.data}")(maker.place(part), *done[count:])
            done[count:] = [made]
        elif depth > MAX_DEPTH:
            maker.too_deep(root)
            done.append(None)
        else:
            if part.data in _COUNTED:
                root = part if depth == 0 else root
                depth += 1
            todo.append((part, depth, True))
            todo.extend((child, depth, False) for child in reversed(part.children))
    program = done.pop()
    assert isinstance(program, s.Program)
    return program


class _Maker(Expressions):
    """The methods for declarations and statements; those for expressions are inherited."""

    def __init__(self, source: Source, report: Report) -> None:
        super().__init__(report)
        self.source = source

    def place(self, tree: Tree) -> Span:
        if tree.meta.empty:
            return Span(self.source, 0, 0)
        return Span(self.source, tree.meta.start_pos, tree.meta.end_pos)

    def too_deep(self, tree: Tree) -> None:
        self.report.error(
            "DP142",
            f"this expression nests deeper than {MAX_DEPTH}",
            self.place(tree),
            help="compute a part of it in a statement of its own; `sum(xs)` adds a whole array",
        )

    # --- declarations

    def make_start(self, at: Span, *declarations: s.Declaration) -> s.Program:
        return s.Program(declarations, span=at)

    def make_size(self, at: Span, name: s.Name, default: s.Expr | None) -> s.Size:
        return s.Size(name.id, default, span=at)

    def make_enum(self, at: Span, name: s.Name, *members: s.Name) -> s.EnumDecl:
        return s.EnumDecl(name.id, tuple(m.id for m in members), span=at)

    def make_const(self, at: Span, name: s.Name, type_: s.TypeExpr, value: s.Expr) -> s.Const:
        return s.Const(name.id, type_, value, span=at)

    def make_import(self, at: Span, *path: s.Name) -> s.Import:
        return s.Import(tuple(p.id for p in path), span=at)

    def make_net(self, at: Span, name: s.Name, network: s.Network) -> s.Net:
        return s.Net(name.id, network, span=at)

    def make_extern(
        self, at: Span, name: s.Name, params: tuple[s.Param, ...], result: s.TypeExpr
    ) -> s.Extern:
        return s.Extern(name.id, params, result, span=at)

    def make_function(
        self,
        at: Span,
        keyword: str,
        name: s.Name,
        params: tuple[s.Param, ...],
        result: s.TypeExpr,
        body: s.Block,
    ) -> s.Function:
        return s.Function(str(keyword), name.id, params, result, body, span=at)

    def make_params(self, _: Span, *params: s.Param | None) -> tuple[s.Param, ...]:
        return tuple(p for p in params if p is not None)

    def make_param(self, at: Span, name: s.Name, type_: s.TypeExpr) -> s.Param:
        return s.Param(name.id, type_, span=at)

    # --- statements

    def make_block(self, _: Span, *statements: s.Statement) -> s.Block:
        return statements

    def make_assign(self, at: Span, *parts: s.Target) -> s.Assign:
        return s.Assign(parts[:-1], None, parts[-1], span=at)

    def make_annotated(self, at: Span, name: s.Name, type_: s.TypeExpr, value: s.Expr) -> s.Assign:
        return s.Assign((name,), type_, value, span=at)

    def make_update(self, at: Span, target: s.Target, op: str, value: s.Expr) -> s.Update:
        return s.Update(target, str(op)[:-1], value, span=at)

    def make_learn(self, at: Span, name: s.Name, type_: s.TypeExpr) -> s.Learn:
        return s.Learn(name.id, type_, span=at)

    def make_swap(self, at: Span, left: s.Target, right: s.Target) -> s.Swap:
        return s.Swap(left, right, span=at)

    def make_pass(self, at: Span) -> s.Pass:
        return s.Pass(span=at)

    def make_return(self, at: Span, value: s.Expr) -> s.Return:
        return s.Return(value, span=at)

    def make_controller(
        self, at: Span, name: s.Name, network: s.Network, reads: tuple[s.Expr, ...]
    ) -> s.Controller:
        reader = s.Network(network.name, network.options, reads, span=network.span)
        return s.Controller(name.id, reader, span=at)

    def make_if(self, at: Span, *parts: tuple[s.Expr, s.Block] | s.Block | None) -> s.If:
        *branches, otherwise = parts
        return s.If(tuple(branches), otherwise, span=at)  # type: ignore[arg-type]

    def make_branch(self, _: Span, test: s.Expr, body: s.Block) -> tuple[s.Expr, s.Block]:
        return test, body

    def make_match(self, at: Span, subject: s.Expr, *cases: s.Case) -> s.Match:
        return s.Match(subject, cases, span=at)

    def make_case(self, at: Span, patterns: tuple[s.Expr, ...], body: s.Block) -> s.Case:
        match patterns:
            case (s.Name("_"),):
                return s.Case((), body, span=at)
            case _:
                return s.Case(patterns, body, span=at)

    def make_for(self, at: Span, name: s.Name, over: s.Range | s.Expr, body: s.Block) -> s.For:
        return s.For(name.id, over, body, span=at)

    def make_range(self, at: Span, lo: s.Expr, hi: s.Expr, step: s.Expr | None) -> s.Range:
        return s.Range(lo, hi, step, span=at)

    def make_while(
        self, at: Span, test: s.Expr, most: s.Expr, halting: s.Halting | None, body: s.Block
    ) -> s.While:
        return s.While(test, most, halting, body, span=at)

    def make_repeat(
        self, at: Span, most: s.Expr, halting: s.Halting | None, body: s.Block, until: s.Expr
    ) -> s.Repeat:
        return s.Repeat(most, halting, body, until, span=at)

    def make_halting(self, at: Span, kind: s.Name, options: Options | None) -> s.Halting:
        return s.Halting(kind.id, options or (), span=at)

    def make_do(self, at: Span, body: s.Block) -> s.Do:
        return s.Do(body, span=at)

    def make_choose_block(self, at: Span, *parts: s.Decider | s.Block | None) -> s.ChooseBlock:
        # Without a decider lark leaves no None for it: the rule `_decider` is an inlined one.
        decider, alternatives = parts[0] if parts[1:] else None, parts[-1]
        assert isinstance(alternatives, tuple)
        if not isinstance(decider, s.Decider):
            decider = s.Decider(span=at)
        return s.ChooseBlock(decider, alternatives, span=at)
