"""The program that networks wrote for one input: decisions put in, loops over them unrolled.

In: a program without other holes, its decisions, and the ways that a run on the input took. Out:
syntax without decisions, that does on this input what the run did. Only what holds decisions is
followed: a loop without any stays a loop. Never looks at types: whoever calls this checks the
result.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, get_args

from diffprog.errors import InvariantError
from diffprog.lang import syntax as s
from diffprog.lang import typed
from diffprog.lang.check.names import assigned, hole_keys, root, walk
from diffprog.lang.straight import folded, straightened, with_room
from diffprog.lang.tidy import drop_unused, tidied
from diffprog.lang.written import Writer
from diffprog.types import Bool, Enum, Int

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diffprog.errors import Span

Here: TypeAlias = tuple[str, int, int]
_STATEMENTS = get_args(s.Statement)
_EXPRESSIONS = get_args(s.Expr)
_CHOICES = s.ChooseValue | s.ChooseExpr | s.ChooseBlock


class Ways(Protocol):
    """The ways that a run took, by place and in the order of time (`diffprog.crisp.recorded`)."""

    @property
    def blocks(self) -> Mapping[Here, Sequence[typed.Block]]:
        """The blocks of branches that were run."""

    @property
    def sides(self) -> Mapping[Here, Sequence[bool]]:
        """What the tests of conditional expressions said."""

    @property
    def rounds(self) -> Mapping[Here, Sequence[Sequence[int]]]:
        """The rounds of loops."""

    @property
    def carried(self) -> Mapping[Here, typed.Merged]:
        """The variables of loops that keep their type in them."""

    @property
    def ran(self) -> set[Here]:
        """All that was run or evaluated."""


def unrolled(
    program: s.Program,
    holes: Mapping[str, typed.Hole],
    decisions: Sequence[tuple[str, int]],
    ways: Ways,
) -> s.Program:
    """Put decisions in.

    Args:
        program: the syntax that was run.
        holes: what its networks decide, by key.
        decisions: the keys and the alternatives, in the order of time.
        ways: where the run went.
    """
    unroller = _Unroller(program, holes, decisions, ways)
    declarations: list[s.Declaration] = []
    before: list[s.Declaration] = list(program.declarations)
    for d in program.declarations:
        if d is program.main:
            body = unroller.block(program.main.body, {})
            before += [replace(old, name=new.name) for old, new in unroller.copies]
            declarations += [new for _, new in unroller.copies]
            declarations.append(replace(program.main, body=unroller.finished(program.main, body)))
        else:
            declarations.append(d)
    filled = replace(program, declarations=tuple(declarations), comments=())
    return drop_unused(replace(program, declarations=tuple(before)), filled)


class _Unroller:
    """Follows a run through the text; `names` are the counters of the loops around, as syntax."""

    def __init__(
        self,
        program: s.Program,
        holes: Mapping[str, typed.Hole],
        decisions: Sequence[tuple[str, int]],
        ways: Ways,
    ) -> None:
        self.functions = {f.name: f for f in program.functions}
        self.keys = {i: key for f in program.functions for i, key in hole_keys(f).items()}
        self.holes, self.ran, self.carried = holes, ways.ran, ways.carried
        self.writer = Writer()
        self.copies: list[tuple[s.Function, s.Function]] = []
        self.taken = {n.id for n in walk(program) if isinstance(n, s.Name)} | set(self.functions)
        self.decide = _queues([(key, k) for key, k in decisions])
        self.blocks = {place: iter(found) for place, found in ways.blocks.items()}
        self.sides = {place: iter(found) for place, found in ways.sides.items()}
        self.rounds = {place: iter(found) for place, found in ways.rounds.items()}
        self.deciding = self._deciding()

    def _deciding(self) -> set[str]:
        """Return the functions in which networks decide, by themselves or through others."""
        self.deciding = set()
        while True:
            found = {n for n, f in self.functions.items() if self.decides(f.body)}
            if found == self.deciding:
                return found
            self.deciding = found

    def decides(self, node: object) -> bool:
        """Say whether networks decide something inside a piece of syntax."""
        return any(
            (isinstance(n, _CHOICES) and n.decider.by is not None)
            or (isinstance(n, s.Call) and n.name in self.deciding)
            for n in walk(node)
        )

    # --- statements

    def finished(self, function: s.Function, block: s.Block) -> s.Block:
        """Return a function's statements made shorter; its parameters have their types already."""
        block = straightened(block)
        loops = (n for n in walk(block) if isinstance(n, s.For | s.While | s.Repeat))
        types = {name: t for n in loops for name, t in self.carried.get(_here(n.span), ())}
        own = types.keys() - {p.name for p in function.params}
        return with_room(block, {name: self.writer.type(types[name]) for name in own})

    def block(self, block: s.Block, names: Mapping[str, s.Expr]) -> s.Block:
        """Return what is left of statements that were run."""
        return tuple(new for old in block for new in self.statement(old, names))

    def statement(self, node: s.Statement, names: Mapping[str, s.Expr]) -> s.Block:
        """Return what is left of a statement that was run."""
        if isinstance(node, s.Controller | s.Pass):
            return ()
        if not self.decides(node):
            return tidied(self.rebuilt(node, names))
        match node:
            case s.ChooseBlock():
                chosen = node.alternatives[self.decision(node)]
                return self.block(chosen.body if isinstance(chosen, s.Do) else (chosen,), names)
            case s.Do(body):
                return self.block(body, names)
            case s.If(branches, otherwise):
                tests = [test for test, _ in branches]
                return self.branch(node, tests, [*(b for _, b in branches), otherwise or ()], names)
            case s.Match(subject, cases):
                return self.branch(node, [subject], [case.body for case in cases], names)
            case s.For():
                return self.loop(node, names)
            case s.While() | s.Repeat():
                rounds = next(self.rounds.get(_here(node.span), iter(())), ())
                return tuple(new for _ in rounds for new in self.block(node.body, names))
            case _:
                return (self.rebuilt(node, names),)

    def branch(
        self,
        node: s.If | s.Match,
        tests: Sequence[s.Expr],
        blocks: Sequence[s.Block],
        names: Mapping[str, s.Expr],
    ) -> s.Block:
        """Return the block of a branch that was run; an `elif` is a branch inside its `else`."""
        met = self.blocks.get(_here(node.span))
        if met is None:  # the checker knew which one it is
            known = [b for b in blocks if any(_here(part.span) in self.ran for part in walk(b))]
            return self.block(known[0], names) if known else ()
        for test in tests:
            if self.decides(test):
                self.expr(test, names)  # it is gone, and so are its decisions
            ran = next(met)
            for block in blocks:
                if any(_within(t.span, part.span) for t in ran for part in block):
                    return self.block(block, names)
            if not any(isinstance(t, typed.If) and t.span == node.span for t in ran):
                break
        return ()

    def loop(self, node: s.For, names: Mapping[str, s.Expr]) -> s.Block:
        """Return the rounds of a loop, one after the other."""
        rounds = next(self.rounds.get(_here(node.span), iter(())), ())
        if isinstance(node.over, s.Range):
            values: list[s.Expr] = [self.writer.number(i) for i in rounds]
            return self._rounds(node, values, names)
        ahead: s.Block = ()
        over = self.expr(node.over, names)
        variable = root(over)
        if variable is None or variable.id in assigned(node.body):
            variable = s.Name(self.fresh(f"{node.name}s"), span=self.writer.span)
            made = s.Assign((variable,), None, over, span=self.writer.span)
            over, ahead = variable, (made,)
        cells = [_cell(over, self.writer.number(i), self.writer.span) for i in rounds]
        return ahead + self._rounds(node, cells, names)

    def _rounds(
        self, node: s.For, values: Sequence[s.Expr], names: Mapping[str, s.Expr]
    ) -> s.Block:
        return tuple(
            new for value in values for new in self.block(node.body, {**names, node.name: value})
        )

    # --- expressions

    def expr(self, node: s.Expr, names: Mapping[str, s.Expr]) -> s.Expr:
        """Return what is left of an expression that was evaluated."""
        match node:
            case s.Name(name) if name in names:
                return names[name]
            case s.ChooseValue() if node.decider.by is not None:
                hole = self.holes[self.keys[id(node)]]
                assert isinstance(hole.type, Bool | Int | Enum)
                return self.writer.value(hole.type.values()[self.decision(node)], hole.type)
            case s.ChooseExpr() if node.decider.by is not None:
                return self.expr(node.alternatives[self.decision(node)], names)
            case s.Conditional(then, test, other) if self.decides(node):
                if self.decides(test):
                    self.expr(test, names)
                sides = self.sides.get(_here(node.span))
                first = _here(then.span) in self.ran if sides is None else next(sides)
                return self.expr(then if first else other, names)
            case s.Call(name) if name in self.deciding:
                return self.call(self.rebuilt(node, names))
            case _:
                made: s.Expr = folded(self.rebuilt(node, names))
                return made

    def call(self, node: s.Call) -> s.Call:
        """Return a call of a function's copy, in which this call's decisions stand."""
        function = self.functions[node.name]
        body = self.finished(function, self.block(function.body, {}))
        made = replace(function, name=self.fresh(node.name), body=body)
        self.copies.append((function, made))
        return replace(node, name=made.name)

    def decision(self, node: s.Syntax) -> int:
        """Return the next decision of a choice."""
        return next(self.decide[self.keys[id(node)]])

    # --- both

    def fresh(self, stem: str) -> str:
        """Return a name that is not taken."""
        numbered = (f"{stem}_{i}" for i in range(1, len(self.taken) + 2))
        name = next(n for n in numbered if n not in self.taken)
        self.taken.add(name)
        return name

    def rebuilt(self, node: Any, names: Mapping[str, s.Expr]) -> Any:
        """Return a node of the same kind with all that is inside it rewritten."""
        changes = {f.name: self.anything(getattr(node, f.name), names) for f in fields(node)}
        return replace(node, **changes)

    def anything(self, value: object, names: Mapping[str, s.Expr]) -> object:
        """Rewrite what a field holds."""
        if isinstance(value, tuple):
            if value and all(isinstance(v, _STATEMENTS) for v in value):
                return self.block(value, names) or (s.Pass(span=self.writer.span),)
            return tuple(self.anything(v, names) for v in value)
        if isinstance(value, _EXPRESSIONS):
            return self.expr(value, names)
        return self.rebuilt(value, names) if isinstance(value, s.Syntax) else value


def _queues(decisions: Sequence[tuple[str, int]]) -> dict[str, Iterator[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for key, k in decisions:
        found[key].append(k)
    return {key: iter(numbers) for key, numbers in found.items()}


def _here(span: Span) -> Here:
    return (span.source.name, span.start, span.end)


def _within(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _cell(array: s.Expr, place: s.Expr, span: Span) -> s.Expr:
    """Return a cell, or a row, of an array."""
    match array:
        case s.Index(base, index) if not any(isinstance(i, s.Slice) for i in index):
            return s.Index(base, (*index, place), span=span)
        case s.Name():
            return s.Index(array, (place,), span=span)
        case _:
            message = f"{type(array).__name__} cannot be indexed"
            raise InvariantError(message)
