"""Logical lines: what can be said about a text before any grammar.

In: a source. Out: its logical lines (brackets joined, comments off) with their indentation, and
a diagnostic for each odd character, bracket and indentation that no grammar could read. The
parser relies on what passes here: brackets match, and blocks do not nest too deep.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from diffprog.errors import Label, Report, Source, Span

MAX_ERRORS = 50
"""More than these are no help; the first ones usually explain the others."""
MAX_BRACKETS = 100
MAX_BLOCKS = 60
MAX_LINE = 100_000
"""Characters in a line: longer ones are not written by hand, and lists break in brackets."""

_CLOSER = {"(": ")", "[": "]"}
_BRACKET = re.compile(r"[()\[\]]")
_QUOTE_OR_COMMENT = re.compile(r"[\"'#]")
_ODD = re.compile(r"&&|\|\||!(?!=)|[^\x20-\x7e\t]+|[\"$&'?\\^`{|}~;]")
# A line that starts with one of these words is a statement, also where a bracket is still open.
_STARTS = re.compile(
    r"[ \t]*(?:case|const|controller|elif|enum|extern|fn|for|import|learn|match|pass|program"
    r"|repeat|return|swap|until|while)\b"
)

_HELP = {
    "&&": "write `and`",
    "&": "write `and`",
    "||": "write `or`",
    "|": "write `or`",
    "!": "write `not x`, or `a != b` to compare",
    "~": "write `not`",
    "^": "write `xor`; there is no power, multiply instead",
    "?": "write `a if test else b`",
    ";": "write one statement per line",
    "{": "indentation makes the blocks; lists are written `[a, b]`",
    "}": "indentation makes the blocks; lists are written `[a, b]`",
    "\\": "a line goes on by itself inside ( ) and [ ]",
    "≤": "write `<=`",
    "≥": "write `>=`",
    "≠": "write `!=`",
    "×": "write `*`",
    "·": "write `*`",
    "÷": "write `/`",
    "−": "write the minus sign of the keyboard, `-`",
    "–": "write the minus sign of the keyboard, `-`",
    "→": "write `->`",
    "…": "write `..`",
    "∧": "write `and`",
    "\N{LOGICAL OR}": "write `or`",
    "¬": "write `not`",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A logical line: its text from start to end, its indentation, whether it is unreadable."""

    start: int
    end: int
    indent: int
    bad: bool


@dataclass
class Layout:
    """The logical lines of a source and what is wrong with them."""

    source: Source
    report: Report = field(default_factory=Report)
    lines: list[Line] = field(default_factory=list)

    def readable(self) -> str:
        """Return the text for the lexer: as long as the source, unreadable lines blanked."""
        text = self.source.text.replace("\r\n", " \n").replace("\t", " ")
        for line in self.lines:
            if line.bad:
                blank = re.sub(r"[^\n]", " ", text[line.start : line.end])
                text = text[: line.start] + blank + text[line.end :]
        return text + "\n"


def lay_out(source: Source) -> Layout:
    """Find the logical lines of a source, and everything that is wrong before any grammar."""
    scan = _Scan(Layout(source), [line.rstrip("\r") for line in source.text.split("\n")])
    number = 0
    while number < len(scan.rows) and len(scan.layout.report.diagnostics) < MAX_ERRORS:
        number = scan.logical_line(number)
    return scan.layout


@dataclass
class _Scan:
    """One walk over the physical lines (`rows`)."""

    layout: Layout
    rows: list[str]
    levels: list[int] = field(default_factory=lambda: [0])
    tab_told: bool = False
    depth_told: bool = False

    def span(self, row: int, start: int, end: int) -> Span:
        base = self.layout.source.starts[row]
        return Span(self.layout.source, base + start, base + end)

    def logical_line(self, first: int) -> int:
        """Read one logical line from row `first` on, and return the row after it."""
        told = len(self.layout.report.diagnostics)
        code = self.code(first)
        if not code.strip():
            return first + 1
        width = len(code) - len(code.lstrip(" \t"))
        last, next_row, code_end = self.brackets(first, code)
        bad = len(self.layout.report.diagnostics) > told
        indent, too_deep = self.indentation(first, code[:width])
        if too_deep is not None:
            if too_deep:
                self.add(first, width, last, code_end, indent, bad=True)
            return next_row
        self.add(first, width, last, code_end, indent, bad)
        return next_row

    def add(self, first: int, start: int, last: int, end: int, indent: int, bad: bool) -> None:
        starts = self.layout.source.starts
        self.layout.lines.append(Line(starts[first] + start, starts[last] + end, indent, bad))

    def code(self, row: int) -> str:
        """Return a row without its comment; tell of its odd characters and mask its strings."""
        text = self.rows[row]
        if len(text) > MAX_LINE:
            self.layout.report.error(
                "DP105",
                f"this line has {len(text):,} characters, the limit is {MAX_LINE:,}",
                self.span(row, 0, 1),
                help="break the line inside its brackets",
            )
            return text[: len(text) - len(text.lstrip(" \t"))] + "_"
        found = _QUOTE_OR_COMMENT.search(text)
        while found and found.group() != "#":
            text = self.masked(row, text, found.start())
            found = _QUOTE_OR_COMMENT.search(text)
        code = text[: found.start()] if found else text
        for odd in _ODD.finditer(code):
            self.odd(row, odd)
        return code

    def masked(self, row: int, text: str, start: int) -> str:
        closing = text.find(text[start], start + 1)
        end = len(text) if closing < 0 else closing + 1
        self.layout.report.error(
            "DP104",
            "there are no strings in this language",
            self.span(row, start, end),
            help="name the values with `enum Colour: red, green` and write `Colour.red`",
        )
        return f"{text[:start]}{'_' * (end - start)}{text[end:]}"

    def odd(self, row: int, found: re.Match[str]) -> None:
        text = found.group()
        name = f"`{text}`" if text.isprintable() and not text.isspace() else _described(text[0])
        if text.isalpha():
            help_ = "names are made of the letters a-z and A-Z, digits and `_`"
        else:
            help_ = _HELP.get(text[:2], _HELP.get(text[0], ""))
        self.layout.report.error(
            "DP103",
            f"{name} means nothing here",
            self.span(row, found.start(), found.end()),
            help=help_,
        )

    def brackets(self, first: int, code: str) -> tuple[int, int, int]:
        """Follow the brackets; return the last row, the next row, the end in the last."""
        open_: list[tuple[str, Span]] = []
        row, told = first, False
        while True:
            for found in _BRACKET.finditer(code):
                here = self.span(row, found.start(), found.end())
                if found.group() in _CLOSER:
                    open_.append((found.group(), here))
                    if len(open_) > MAX_BRACKETS and not told:
                        told = True
                        self.too_many(here)
                elif not open_ or _CLOSER[open_[-1][0]] != found.group():
                    self.unmatched(found.group(), here, open_)
                    return row, row + 1, len(code.rstrip())
                else:
                    open_.pop()
            if not open_:
                return row, row + 1, len(code.rstrip())
            if row + 1 == len(self.rows) or _STARTS.match(self.rows[row + 1]):
                # Brackets of later rows will be met again: here the first row has to end.
                line = open_[0][1].line
                self.unclosed(*[b for b in open_ if b[1].line == line][-1])
                return self.give_up(line - 1, row)
            row += 1
            code = self.code(row)

    def give_up(self, first: int, last: int) -> tuple[int, int, int]:
        """End the statement with the open bracket before the first row that is not deeper."""
        indent = _width(self.rows[first])
        row = first
        while row < last and (
            not self.rows[row + 1].strip()
            or _width(self.rows[row + 1]) > indent
            or self.rows[row + 1].strip()[0] in ")]"
        ):
            row += 1
        return row, row + 1, len(self.rows[row])

    def unclosed(self, bracket: str, span: Span) -> None:
        self.layout.report.error(
            "DP106",
            f"this `{bracket}` is never closed",
            span,
            help=f"write the missing `{_CLOSER[bracket]}`",
        )

    def unmatched(self, bracket: str, span: Span, open_: list[tuple[str, Span]]) -> None:
        if not open_:
            self.layout.report.error("DP107", f"this `{bracket}` closes nothing", span)
            return
        opener, place = open_[-1]
        self.layout.report.error(
            "DP107",
            f"`{opener}` is closed by `{bracket}`",
            span,
            label=f"expected `{_CLOSER[opener]}`",
            others=(Label(place, "opened here"),),
        )

    def too_many(self, span: Span) -> None:
        self.layout.report.error(
            "DP140",
            f"brackets nest deeper than {MAX_BRACKETS}",
            span,
            help="compute the inner part in a statement of its own",
        )

    def indentation(self, row: int, lead: str) -> tuple[int, bool | None]:
        """Return the level of a line, and None for a line that counts.

        In a block too deep, the second is True for the first line and False for the others.
        """
        if "\t" in lead and not self.tab_told:
            self.tab_told = True
            self.layout.report.error(
                "DP101",
                "a tab in the indentation",
                self.span(row, lead.index("\t"), len(lead.rstrip(" "))),
                help="indent with spaces, four for each level (`diffprog fmt` keeps to it)",
            )
        indent = len(lead.expandtabs(4))
        if indent > self.levels[-1]:
            if len(self.levels) > MAX_BLOCKS:
                return indent, self.too_deep(row, len(lead))
            self.levels.append(indent)
        self.depth_told = False
        popped = self.levels[-1]
        while indent < self.levels[-1]:
            popped = self.levels.pop()
        if indent != self.levels[-1]:
            self.uneven(row, len(lead), popped)
            self.levels.append(popped)
        return self.levels[-1], None

    def uneven(self, row: int, width: int, popped: int) -> None:
        self.layout.report.error(
            "DP102",
            f"indented by {width}, which is no block that stands open here",
            self.span(row, 0, width),
            help=f"indent by {self.levels[-1]}, or by {popped} to go on with the block above",
        )

    def too_deep(self, row: int, width: int) -> bool:
        if self.depth_told:
            return False
        self.depth_told = True
        self.layout.report.error(
            "DP141",
            f"blocks nest deeper than {MAX_BLOCKS}",
            self.span(row, width, width + 1),
            help="move the inner part into a `fn`",
        )
        return True


def _width(row: str) -> int:
    return len(row.expandtabs(4)) - len(row.expandtabs(4).lstrip(" "))


def _described(char: str) -> str:
    return f"the character U+{ord(char):04X} ({unicodedata.name(char, 'a control character')})"
