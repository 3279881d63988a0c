"""Syntax into text: the canonical form of a program.

In: a program, from the parser or made by other stages. Out: text that parses to an equal
program, with its comments: four spaces a level, no parentheses that mean nothing, lines of at
most 100 characters where a bracket lets them break. Of blank lines in a row one is kept, and
functions get one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.lang import syntax as s
from diffprog.lang.print_expr import (
    ADDITIVE,
    CONDITIONAL,
    decider,
    expr,
    listed,
    network,
    quiet,
    settings,
    type_,
    value,
)
from diffprog.lang.trivia import Trivia
from diffprog.lang.wrap import STEP, Bracket, Doc, flat, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence


def format_program(program: s.Program) -> str:
    r"""Print a program as text that parses to an equal one.

    >>> from diffprog.errors import Source
    >>> from diffprog.lang.parse import parse
    >>> text = "program f( x:bool )->bool :\n  return (not (x))"
    >>> print(format_program(parse(Source("f.dp", text))), end="")
    program f(x: bool) -> bool:
        return not x
    """
    printer = _Printer(Trivia(program))
    before: s.Declaration | None = None
    for declaration in program.declarations:
        functions = isinstance(declaration, s.Function) or isinstance(before, s.Function)
        printer.wants_blank = before is not None and functions
        printer.declaration(declaration)
        before = declaration
    printer.comments(0, len(program.span.source.text))
    return "".join(f"{line}\n" for line in printer.lines)


def format_expr(node: s.Expr) -> str:
    """Print an expression on one line, as a message shows it."""
    return flat(expr(node))


def format_type(node: s.TypeExpr) -> str:
    """Print a type as written, on one line."""
    return flat(type_(node))


class _Printer:
    """The lines so far, and the comments to come."""

    def __init__(self, trivia: Trivia) -> None:
        self.trivia = trivia
        self.lines: list[str] = []
        self.wants_blank = False

    # --- lines

    def put(self, level: int, doc: Doc, start: int | None, stop: int | None) -> None:
        """Print one logical line, which stood at start..stop, and the comments around it.

        Comments inside it go before it. Where it has no place in the text, there are none.
        """
        indent = STEP * level
        if start is None or stop is None:
            self.blank_if(self.wants_blank)
            self.lines += wrap(doc, indent)
            return
        self.comments(level, start)
        self.blank_if(self.wants_blank or self.trivia.blank_before(start))
        self.lines += [indent + comment.text for comment in self.trivia.before(stop)]
        self.lines += wrap(doc, indent)
        behind = self.trivia.behind(stop)
        if behind is not None:
            self.lines[-1] += f"  {behind.text}"

    def comments(self, level: int, before: int) -> None:
        """Print the comments before an offset, each on its own line."""
        self.own_lines(level, self.trivia.before(before))

    def own_lines(self, level: int, comments: Sequence[s.Comment]) -> None:
        for comment in comments:
            self.blank_if(self.wants_blank or self.trivia.blank_before(comment.start))
            self.lines.append(STEP * level + comment.text)

    def blank_if(self, wanted: bool) -> None:
        """Print a blank line; not at the start, not twice, not first in a block."""
        self.wants_blank = False
        last = self.lines[-1].split("#", 1)[0].rstrip() if self.lines else ""
        if wanted and self.lines and self.lines[-1] and not last.endswith(":"):
            self.lines.append("")

    def line(self, level: int, doc: Doc, node: s.Syntax) -> None:
        """Print a statement or declaration of one line."""
        if self.trivia.knows(node.span):
            self.put(level, doc, node.span.start, node.span.end)
        else:
            self.put(level, doc, None, None)

    def header(self, level: int, doc: Doc, first: s.Syntax, body: s.Block) -> None:
        """Print a line before a block, and the block."""
        doc = [*doc, ":"]
        start, stop = first.span, body[0].span
        known = self.trivia.knows(start) and self.trivia.knows(stop)
        if known and start.start < stop.start:
            end = self.trivia.code_end(start.start, stop.start)
            self.put(level, doc, start.start, end)
        else:
            self.put(level, doc, None, None)
        self.block(level + 1, body)

    def word(self, level: int, word: str, before: s.Block, end: int | None) -> None:
        """Print a line such as `else:`, which has no place of its own, after a block."""
        last = before[-1].span
        if end is None or not self.trivia.knows(last) or last.end > end:
            self.put(level, [word], None, None)
            return
        start = self.trivia.next_code(last.end, end)
        self.put(level, [word], start, start + len("else"))

    def block(self, level: int, body: s.Block) -> None:
        for statement in body:
            self.statement(level, statement)
        first, last = body[0].span, body[-1].span
        if self.trivia.knows(first) and self.trivia.knows(last):
            column = self.trivia.column(first.start)
            self.own_lines(level, self.trivia.tail(last.end, column))

    # --- declarations

    def declaration(self, node: s.Declaration) -> None:
        match node:
            case s.Size(name, default):
                bound = [" = ", *expr(default, ADDITIVE)] if default is not None else []
                self.line(0, [f"size {name}", *bound], node)
            case s.EnumDecl(name, members):
                self.line(0, [f"enum {name}: {', '.join(members)}"], node)
            case s.Const(name, t, item):
                self.line(0, [f"const {name}: ", *type_(t), " = ", *value(item)], node)
            case s.Import(path):
                self.line(0, [f"import {'.'.join(path)}"], node)
            case s.Net(name, made):
                self.line(0, [f"net {name} = ", *network(made, "")], node)
            case s.Extern():
                self.line(0, ["extern ", *_signature(node)], node)
            case s.Function(keyword, body=body):
                self.header(0, [f"{keyword} ", *_signature(node)], node, body)

    # --- statements

    def statement(self, level: int, node: s.Statement) -> None:
        match node:
            case s.If():
                self.if_(level, node)
            case s.Match(subject, _):
                self.match(level, ["match ", *quiet(subject)], node)
            case s.For(name, over, body):
                doc = _range(over) if isinstance(over, s.Range) else quiet(over)
                self.header(level, [f"for {name} in ", *doc], node, body)
            case s.While(test, most, halting, body):
                doc = ["while ", *quiet(test), " max ", *expr(most, ADDITIVE), *_by(halting)]
                self.header(level, doc, node, body)
            case s.Repeat():
                self.repeat(level, node)
            case s.Do(body):
                self.header(level, ["do"], node, body)
            case s.ChooseBlock(by, body):
                self.header(level, ["choose", *decider(by)], node, body)
            case _:
                self.line(level, _simple(node), node)

    def if_(self, level: int, node: s.If) -> None:
        for number, (test, body) in enumerate(node.branches):
            doc: Doc = ["elif " if number else "if ", *quiet(test)]
            self.header(level, doc, test if number else node, body)
        if node.otherwise is not None:
            first = node.otherwise[0].span
            end = first.start if self.trivia.knows(first) else None
            self.word(level, "else:", node.branches[-1][1], end)
            self.block(level + 1, node.otherwise)

    def match(self, level: int, doc: Doc, node: s.Match) -> None:
        first = node.cases[0].span
        if self.trivia.knows(node.span) and self.trivia.knows(first):
            start = node.span.start
            self.put(level, [*doc, ":"], start, self.trivia.code_end(start, first.start))
        else:
            self.put(level, [*doc, ":"], None, None)
        for case in node.cases:
            patterns = listed(case.patterns) if case.patterns else ["_"]
            self.header(level + 1, ["case ", *patterns], case, case.body)

    def repeat(self, level: int, node: s.Repeat) -> None:
        doc = ["repeat max ", *expr(node.max, ADDITIVE), *_by(node.halting)]
        self.header(level, doc, node, node.body)
        test, whole = node.until.span, node.span
        known = self.trivia.knows(test) and self.trivia.knows(whole)
        places = (test.start, max(test.start, whole.end)) if known else (None, None)
        self.put(level, ["until ", *quiet(node.until)], *places)


def _simple(node: s.Statement) -> Doc:
    """Print a statement of one line."""
    match node:
        case s.Assign(targets, None, item):
            return [*listed(targets), " = ", *value(item)]
        case s.Assign(targets, s.Syntax() as t, item):
            return [*listed(targets), ": ", *type_(t), " = ", *value(item)]
        case s.Update(target, op, item):
            return [*expr(target), f" {op}= ", *quiet(item)]
        case s.Learn(name, t):
            return [f"learn {name}: ", *type_(t)]
        case s.Swap(left, right):
            return ["swap ", *listed((left, right))]
        case s.Return(item):
            return ["return ", *value(item)]
        case s.Controller(name, made):
            return [f"controller {name} = ", *network(made, " reads ")]
        case _:
            return ["pass"]


def _signature(node: s.Function | s.Extern) -> Doc:
    params: list[Doc] = [[f"{p.name}: ", *type_(p.type)] for p in node.params]
    return [node.name, Bracket("(", tuple(params), ")"), " -> ", *type_(node.result)]


def _range(node: s.Range) -> Doc:
    doc = [*expr(node.lo, CONDITIONAL), " .. ", *expr(node.hi, CONDITIONAL)]
    return doc if node.step is None else [*doc, " step ", *expr(node.step, CONDITIONAL)]


def _by(node: s.Halting | None) -> Doc:
    return [] if node is None else [" by ", *settings(node.kind, node.options)]
