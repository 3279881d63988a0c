"""Choices put back into the text: a program with holes and what fills them give a program without.

In: syntax, the holes of its checked form, a filling for each. Out: syntax that says the same as the
program run with those choices, ready for `format_program`. Holes without a filling stay. Types
are not looked at: whoever calls this checks the result.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, get_args

from diffprog.lang import syntax as s
from diffprog.lang.check.names import hole_keys, walk
from diffprog.lang.fillings import Chain, Filling, Formula, Known, Verbatim, misfit
from diffprog.lang.tidy import drop_unused, negated, tidied
from diffprog.lang.written import Writer, kept_comments, table_name
from diffprog.types import Array, Bool, Enum, Int

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.lang.typed import Hole
    from diffprog.types import Finite, Type


_STATEMENTS = get_args(s.Statement)


def fill(
    program: s.Program,
    holes: Mapping[str, Hole],
    fillings: Mapping[str, Filling],
    *,
    notes: Mapping[str, str] | None = None,
    types: Mapping[str, Type] | None = None,
) -> s.Program:
    """Fill holes.

    Args:
        program: the syntax that `holes` were found in.
        holes: the holes, by key.
        fillings: what fills them, by key; other holes stay.
        notes: by key, a remark that is printed as a comment above the statement of the hole.
        types: by key, the type of a variable that the choice is assigned to: it is written out,
            so that the variable keeps room for what the alternatives that are gone would have
            given it.
    """
    filler = _Filler(program, holes, fillings, notes or {}, types or {})
    declarations = [filler.declaration(d) for d in program.declarations]
    first = next(i for i, d in enumerate(declarations) if isinstance(d, s.Function))
    declarations[first:first] = filler.constants
    comments = kept_comments(program, filler.gone, filler.remarks)
    filled = s.Program(tuple(declarations), comments, program.modules, span=program.span)
    return drop_unused(program, filled)


class _Filler:
    """Rewrites a tree from the top; nodes of the original are known by identity."""

    def __init__(
        self,
        program: s.Program,
        holes: Mapping[str, Hole],
        fillings: Mapping[str, Filling],
        notes: Mapping[str, str],
        types: Mapping[str, Type],
    ) -> None:
        functions = [d for d in program.declarations if isinstance(d, s.Function)]
        self.keys = {i: key for f in functions for i, key in hole_keys(f).items()}
        self.holes, self.fillings, self.notes, self.types = holes, fillings, notes, types
        self.writer = Writer()
        self.taken = {n.id for n in walk(program) if isinstance(n, s.Name)}
        self.taken |= {d.name for d in program.declarations if not isinstance(d, s.Import)}
        self.taken |= {p.name for f in functions for p in f.params}
        self.taken |= {n.name for n in walk(program) if isinstance(n, s.Learn | s.For)}
        self.constants: list[s.Const] = []
        self.gone: list[tuple[s.Syntax, tuple[s.Syntax, ...]]] = []
        self.remarks: list[tuple[s.Syntax, str]] = []

    def declaration(self, node: s.Declaration) -> s.Declaration:
        """Fill the holes of a function."""
        if not isinstance(node, s.Function):
            return node
        return replace(node, body=self.block(node.body))

    # --- statements

    def block(self, block: s.Block) -> s.Block:
        """Fill a block; what is left of an empty one is `pass`."""
        done = [new for old in block for new in self.statement(old)]
        return tuple(done) or self.nothing()

    def statement(self, node: s.Statement) -> s.Block:
        """Fill a statement; a choice among blocks may leave none, one or several."""
        self.remark(node)
        match node:
            case s.ChooseBlock():
                filling = self.filling(node)
                return (self.open(node),) if filling is None else self.choice(node, filling)
            case s.Learn():
                filling = self.filling(node)
                return (node,) if filling is None else (self.learned(node, filling),)
            case s.Assign((s.Name(),), None, s.ChooseValue() | s.ChooseExpr() as value):
                key, value_filled = self.keys[id(value)], self.expr(value)
                wide = self.types.get(key)
                written = None if wide is None else self.writer.type(wide)
                return (replace(node, type=written, value=value_filled),)
            case _:
                return self.unfilled(node)

    def unfilled(self, node: s.Statement) -> s.Block:
        return tidied(self.rebuilt(node))

    def open(self, node: s.ChooseBlock) -> s.ChooseBlock:
        """Fill what is inside a choice that stays; each alternative is one statement still."""
        blocks = [self.block((a,)) for a in node.alternatives]
        whole = (b[0] if len(b) == 1 else s.Do(b, span=node.span) for b in blocks)
        return replace(node, decider=self.rebuilt(node.decider), alternatives=tuple(whole))

    def remark(self, node: s.Statement) -> None:
        """Note the remarks about holes that a statement holds by itself, not in its blocks."""
        todo: list[object] = [node]
        while todo:
            part = todo.pop()
            if id(part) in self.keys and self.keys[id(part)] in self.notes:
                self.remarks.append((node, self.notes[self.keys[id(part)]]))
            if isinstance(part, s.Syntax):
                todo += [getattr(part, f.name) for f in fields(part)]
            elif isinstance(part, tuple):
                todo += [p for p in part if not isinstance(p, _STATEMENTS) or p is node]

    def choice(self, node: s.ChooseBlock, filling: Filling) -> s.Block:
        """Write a choice among blocks as `if` or `match`."""
        match filling:
            case Chain(cases, otherwise):
                if len(cases) == 1 and cases[0][1] > otherwise:
                    cases, otherwise = self.in_order(node, cases[0], otherwise)
                self.forget_blocks(node, [k for _, k in cases] + [otherwise])
                branches = [(self.expr(test), self.alternative(node, k)) for test, k in cases]
                last = self.alternative(node, otherwise)
                if not branches:
                    return last
                return tidied(s.If(tuple(branches), last or None, span=node.span))
            case Verbatim(entries):
                return self.tabulated(node, entries)
            case _:
                return misfit(node, filling)

    def tabulated(self, node: s.ChooseBlock, entries: tuple[int, ...]) -> s.Block:
        used = sorted(set(entries))
        self.forget_blocks(node, used)
        blocks = [self.alternative(node, k) for k in used]
        if len(used) == 1:
            return blocks[0]
        if len(used) == 2:
            taken = 0 if blocks[0] else 1
            test = self.table(node, [k == used[taken] for k in entries], Bool())
            branch = (test, blocks[taken])
            return tidied(s.If((branch,), blocks[1 - taken] or None, span=node.span))
        subject = self.table(node, [used.index(k) for k in entries], Int(0, len(used)))
        cases = tuple(
            s.Case((self.writer.value(i, Int(0, len(used))),), b or self.nothing(), span=node.span)
            for i, b in enumerate(blocks)
        )
        return (s.Match(subject, cases, span=node.span),)

    def in_order(
        self, node: s.ChooseBlock, case: tuple[s.Expr, int], otherwise: int
    ) -> tuple[tuple[tuple[s.Expr, int], ...], int]:
        """Turn a test round where that keeps the order of the source and costs no `not`."""
        test, k = case
        turned = negated(test)
        if isinstance(node.alternatives[otherwise], s.Pass) or isinstance(turned, s.Unary):
            return (case,), otherwise
        return ((turned, otherwise),), k

    def forget_blocks(self, node: s.ChooseBlock, used: list[int]) -> None:
        """Note that alternatives are gone; those that change places lose their comments too."""
        kept: list[s.Syntax] = []
        for k in used if used == sorted(used) else []:
            chosen = node.alternatives[k]
            kept += chosen.body if isinstance(chosen, s.Do) else (chosen,)
        self.forget(node, kept)

    def nothing(self) -> s.Block:
        return (s.Pass(span=self.writer.span),)

    def alternative(self, node: s.ChooseBlock, k: int) -> s.Block:
        """Return the statements of an alternative, filled; none for `pass`."""
        chosen = node.alternatives[k]
        inner = chosen.body if isinstance(chosen, s.Do) else (chosen,)
        return tuple(f for f in self.block(inner) if not isinstance(f, s.Pass))

    def learned(self, node: s.Learn, filling: Filling) -> s.Statement:
        """Write a `learn` as an assignment of what was learned."""
        if not isinstance(filling, Known):
            misfit(node, filling)
        hole = self.holes[self.keys[id(node)]]
        name = s.Name(node.name, span=self.writer.span)
        value = self.writer.value(filling.value, hole.type)
        return s.Assign((name,), node.type, value, span=node.span)

    # --- expressions

    def expr(self, node: s.Expr) -> s.Expr:
        """Fill an expression."""
        match node:
            case s.ChooseValue() | s.ChooseExpr():
                filling = self.filling(node)
                return self.rebuilt(node) if filling is None else self.value(node, filling)
            case _:
                rebuilt = self.rebuilt(node)
                return node if rebuilt == node else self.writer.folded(rebuilt)

    def value(self, node: s.ChooseValue | s.ChooseExpr, filling: Filling) -> s.Expr:
        hole = self.holes[self.keys[id(node)]]
        match filling:
            case Formula(expression):
                self.forget(node, [])
                return self.expr(expression)
            case Chain(cases, otherwise):
                self.forget(
                    node, [self.shown(node, k, hole) for _, k in (*cases, (None, otherwise))]
                )
                done = self.expr(self.shown(node, otherwise, hole))
                for test, k in reversed(cases):
                    then = self.expr(self.shown(node, k, hole))
                    made = s.Conditional(then, self.expr(test), done, span=self.writer.span)
                    done = self.writer.folded(made)
                return done
            case Verbatim(entries) if isinstance(node, s.ChooseExpr):
                return self.selected(node, hole, entries)
            case Verbatim(entries):
                self.forget(node, [])
                return self.table(node, list(entries), _finite(hole.type))
            case _:
                return misfit(node, filling)

    def shown(self, node: s.ChooseValue | s.ChooseExpr, k: int, hole: Hole) -> s.Expr:
        """Return an alternative as syntax, unfilled."""
        if isinstance(node, s.ChooseExpr):
            return node.alternatives[k]
        return self.writer.value(_finite(hole.type).values()[k], hole.type)

    def selected(self, node: s.ChooseExpr, hole: Hole, entries: tuple[int, ...]) -> s.Expr:
        """Write a table of choices among expressions as conditionals on its entries."""
        used = sorted(set(entries))
        if len(used) < 3:
            tests = [self.table(node, [k == used[0] for k in entries], Bool())] if used[1:] else []
        else:
            index = self.table(node, [used.index(k) for k in entries], Int(0, len(used)))
            numbers = (self.writer.value(i, Int(0, len(used))) for i in range(len(used) - 1))
            tests = [s.Binary("==", index, n, span=self.writer.span) for n in numbers]
        return self.value(node, Chain(tuple(zip(tests, used, strict=False)), used[-1]))

    def table(self, node: s.Syntax, entries: Sequence[int], item: Finite) -> s.Expr:
        """Return what is chosen at given values: conditionals on a member, or a table, read."""
        key = self.keys[id(node)]
        assert isinstance(node, s.ChooseValue | s.ChooseExpr | s.ChooseBlock)
        given = [_finite(t) for t in self.holes[key].given]
        if len(given) == 1 and isinstance(given[0], Enum):
            (subject,) = node.decider.given
            return self.writer.by_member(self.expr(subject), given[0], entries, item)
        name = table_name(key, node, self.taken)
        self.taken.add(name)
        self.constants.append(self.writer.table(name, entries, given, item))
        at = [self.expr(e) for e in node.decider.given]
        return self.writer.read(name, at, given)

    # --- both

    def filling(self, node: s.Syntax) -> Filling | None:
        return self.fillings.get(self.keys[id(node)])

    def forget(self, node: s.Syntax, kept: Sequence[s.Syntax]) -> None:
        """Note that a choice is gone but for some of its alternatives: so are its comments."""
        self.gone.append((node, tuple(kept)))

    def rebuilt(self, node: Any) -> Any:
        """Return a node of the same kind with all that is inside it filled."""
        changes = {f.name: self.anything(getattr(node, f.name)) for f in fields(node)}
        return replace(node, **changes)

    def anything(self, value: object) -> object:
        if isinstance(value, tuple):
            if value and all(isinstance(v, _STATEMENTS) for v in value):
                return self.block(value)
            return tuple(map(self.anything, value))
        if isinstance(value, get_args(s.Expr)):
            return self.expr(value)
        return self.rebuilt(value) if isinstance(value, s.Syntax) else value


def _finite(t: Type) -> Finite:
    item = t.item if isinstance(t, Array) else t
    assert isinstance(item, Bool | Int | Enum)
    return item
