"""Text into syntax.

In: a source. Out: a `Program`; or a `DiffprogError` with every syntax error of the file. The
grammar is `grammar/diffprog.lark`; this is the one file that knows lark.

A text goes through `lay_out` (what no grammar could read), then lark, then `build`. Where lark
stops, `recover` walks the same table line by line to find the other errors too.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import re
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lark
from lark import Lark, Token
from lark.grammar import Rule
from lark.lark import PostLex
from lark.lexer import PatternStr, TerminalDef

from diffprog.errors import DiffprogError, InvariantError, Label, Report, Source, Span
from diffprog.lang.build import build
from diffprog.lang.build_expr import check_word
from diffprog.lang.layout import MAX_ERRORS, Layout, lay_out
from diffprog.lang.mistake import Word
from diffprog.lang.recover import recover
from diffprog.lang.syntax import Comment, Function, Program

if TYPE_CHECKING:
    from collections.abc import Iterator

_HERE = Path(__file__).resolve().parent
# The repository's folder comes first: an editable install leaves a copy that goes stale.
_GRAMMARS = (_HERE.parent.parent / "grammar", _HERE.parent / "grammar")


def parse(source: Source, *, module: bool = False) -> Program:
    r"""Parse a text into a program.

    Args:
        source: The text and the name it goes by in messages.
        module: Whether this is a module to be imported, which has no ``program``.

    Raises:
        DiffprogError: With every syntax error of the text (DP1xx), at most 50.

    >>> parse(Source("one.dp", "program one() -> int<2>:\n    return 1\n")).main.name
    'one'
    """
    source = Source(source.name, source.text.removeprefix("\ufeff"))
    layout = lay_out(source)
    report = layout.report
    program = None
    if not report.diagnostics:
        program = _parse_readable(layout)
    if program is None:
        _tell_all(layout)
    elif not report.diagnostics:
        _expect_one_program(program, report, module=module)
    if report.errors:
        raise DiffprogError(*report.errors[:MAX_ERRORS])
    if program is None:
        message = f"{source.name}: refused by the grammar, yet no error was found"
        raise InvariantError(message)
    return program


def is_module(text: str) -> bool:
    """Say whether a text is a module: something is declared, and no ``program``."""
    declares = re.search(r"(?m)^(fn|const|enum|size)\b", text) is not None
    return declares and re.search(r"(?m)^program\b", text) is None


def _parse_readable(layout: Layout) -> Program | None:
    """Parse a text whose layout is sound; None where the grammar refuses it."""
    source = layout.source
    try:
        tree = _grammar().parse(layout.readable())
    except lark.UnexpectedInput:
        return None
    program = build(tree, source, layout.report)
    span = Span(source, 0, len(source.text))
    return Program(program.declarations, tuple(_comments(source)), span=span)


def _comments(source: Source) -> Iterator[Comment]:
    """Yield the comments: there are no strings, so each ``#`` starts one."""
    for number, start in enumerate(source.starts, 1):
        line = source.text[
            start : source.starts[number] - 1 if number < len(source.starts) else None
        ]
        code, mark, text = line.partition("#")
        if mark:
            yield Comment(start + len(code), not code.strip(), f"#{text}".rstrip())


def _tell_all(layout: Layout) -> None:
    """Put every syntax error into the layout's report."""
    grammar = _grammar()
    table = grammar.parser.parser._parse_table
    words = [
        Word(str(t.type), str(t), t.start_pos or 0, t.end_pos or 0)
        for t in grammar.lex(layout.readable())
        if t.type not in ("_NL", "_INDENT", "_DEDENT")
    ]
    names = {
        t.name: t.pattern.value for t in grammar.terminals if isinstance(t.pattern, PatternStr)
    }
    for word in words:
        check_word(word.text, Span(layout.source, word.start, word.end), layout.report)
    recover(layout, words, table.states, table.start_states["start"], names)


def _expect_one_program(program: Program, report: Report, *, module: bool) -> None:
    found = [d for d in program.declarations if isinstance(d, Function) and d.keyword == "program"]
    if not found and not module:
        place = Span(program.span.source, 0, 0)
        report.error(
            "DP130",
            "there is no `program` in this file",
            place,
            help="write `program name(x: type) -> type:` and its body",
        )
    first = [Label(_header(f), "the first one") for f in found[:1]]
    for function in found if module else found[1:]:
        message = "a module has no `program`" if module else "a second `program`"
        report.error(
            "DP131",
            message,
            _header(function),
            others=() if module else tuple(first),
            help="make it a `fn`",
        )


def _header(function: Function) -> Span:
    start = function.span.start
    return Span(function.span.source, start, start + len(function.keyword))


class _Indentation(PostLex):
    """Turn line ends into _NL, _INDENT and _DEDENT. Keeps no state, so threads may share it.

    The tokens it makes have no width and stand at the end of the code before them, so that the
    place of a statement ends where its text does.
    """

    always_accept = ("_NL",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """Yield the tokens of a text with those of its layout."""
        levels, depth, last = [0], 0, None
        fresh = True
        for token in stream:
            if token.type == "_NL":
                if depth == 0 and not fresh:
                    yield _mark("_NL", last)
                    fresh = True
                continue
            if fresh:
                fresh = False
                indent = (token.column or 1) - 1
                if indent > levels[-1]:
                    levels.append(indent)
                    yield _mark("_INDENT", last)
                while indent < levels[-1]:
                    levels.pop()
                    yield _mark("_DEDENT", last)
            depth += (token.type in ("LPAR", "LSQB")) - (token.type in ("RPAR", "RSQB"))
            last = token
            yield token
        for _ in levels[1:]:
            yield _mark("_DEDENT", last)


def _mark(kind: str, after: Token | None) -> Token:
    if after is None:
        return Token(kind, "", 0, 1, 1, 1, 1, 0)
    line, column, end = after.end_line, after.end_column, after.end_pos
    return Token(kind, "", end, line, column, line, column, end)


@cache
def _grammar() -> Lark:
    """Return the parser. Its tables are kept between runs, because making them takes 0.2 s."""
    text = next(
        file for folder in _GRAMMARS if (file := folder / "diffprog.lark").is_file()
    ).read_bytes()
    versions = f"{lark.__version__} {sys.version}".encode()
    kept = _cache_folder() / f"grammar-{hashlib.sha256(text + versions).hexdigest()[:32]}"
    try:
        return _revive(kept.read_bytes())
    except (OSError, ValueError, EOFError, TypeError, KeyError, AttributeError):
        made = Lark(
            text.decode(),
            parser="lalr",
            lexer="basic",
            propagate_positions=True,
            maybe_placeholders=True,
            postlex=_Indentation(),
        )
        _keep(made, kept)
        return made


def _cache_folder() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(home) if home else Path("~/.cache").expanduser()) / "diffprog"


def _revive(data: bytes) -> Lark:
    """Make a parser of kept tables: plain data, never pickled objects."""
    digest, body = data[:32], data[32:]
    if hashlib.sha256(body).digest() != digest:
        message = "damaged"
        raise ValueError(message)
    tables: dict[str, Any] = marshal.loads(body)
    parser: Lark = Lark.__new__(Lark)
    return parser._load(tables, postlex=_Indentation())


def _keep(parser: Lark, file: Path) -> None:
    """Write a parser's tables; where that is not possible, the next run makes them again."""
    data, memo = parser.memo_serialize([TerminalDef, Rule])
    data["options"]["postlex"] = None
    try:
        body = marshal.dumps({"data": data, "memo": memo})
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent)
        with os.fdopen(handle, "wb") as out:
            out.write(hashlib.sha256(body).digest() + body)
        Path(name).replace(file)
    except (OSError, ValueError):
        return
