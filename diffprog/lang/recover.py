"""All syntax errors of a text that the grammar refuses.

In: the layout and tokens of the text, and the parser's table. Out: a diagnostic for each wrong
line, in the layout's report. Follows the table with states alone, so that a wrong line can be
undone: a stand-in (`pass`, or a header such as `do:` where a block follows) takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from diffprog.errors import Label, Span
from diffprog.lang.hints import explain
from diffprog.lang.layout import MAX_ERRORS, Layout, Line
from diffprog.lang.mistake import Finding, Mistake, Word

States: TypeAlias = Mapping[int, Mapping[str, tuple[object, object]]]

_PASS = "PASS _NL"
_BLOCK = f"_INDENT {_PASS} _DEDENT"
_CASE = "CASE TRUE COLON _NL"
_FUNCTION = "FN NAME LPAR RPAR ARROW NAME COLON _NL"
# What stands in for a wrong header: first of all a right one with the same word, so that
# its `else`, `case` or `until` still finds it.
_HEADERS = {
    "if": "IF TRUE COLON _NL",
    "else if": "ELIF TRUE COLON _NL",
    "elif": "ELIF TRUE COLON _NL",
    "else": "ELSE COLON _NL",
    "match": "MATCH TRUE COLON _NL",
    "case": _CASE,
    "repeat": "REPEAT _MAX WHOLE COLON _NL",
}
_ANY_HEADER = ("DO COLON _NL", "IF TRUE COLON _NL", _CASE, _FUNCTION)
_ANY_LINE = (_PASS, f"{_CASE} {_BLOCK}", "")


def recover(
    layout: Layout,
    words: Sequence[Word],
    states: States,
    start: int,
    names: Mapping[str, str],
) -> None:
    """Report every syntax error of a text.

    Args:
        layout: The lines; the errors go into its report.
        words: The tokens of the readable lines.
        states: The parser's table: state, token, then a state to shift to or a rule to reduce.
        start: The state to start in.
        names: The text of each token that is always the same.
    """
    walk = _Walk(layout, states, start, names)
    place = 0
    for number, line in enumerate(layout.lines):
        if len(layout.report.diagnostics) >= MAX_ERRORS:
            return
        while place < len(words) and words[place].start < line.start:
            place += 1  # the words of lines that nest too deep
        end = place
        while end < len(words) and words[end].start < line.end:
            end += 1
        walk.line(number, words[place:end])
        place = end
    walk.finish()


class _Walk:
    """The parser's stack of states on its way down the lines."""

    def __init__(
        self, layout: Layout, states: States, start: int, names: Mapping[str, str]
    ) -> None:
        self.layout = layout
        self.states = states
        self.names = names
        self.stack = [start]
        self.levels = [0]
        self.skipped: int | None = None
        self.opened: list[Line] = []  # the `repeat`s that were told to have no `until`

    def line(self, number: int, words: Sequence[Word]) -> None:
        """Go over one line; report its error and put something right in its place."""
        line = self.layout.lines[number]
        if self.skipped is not None and line.indent > self.skipped:
            return
        self.skipped = None
        lead = self.lead(line.indent)
        if not self.settle(number, lead, words):
            self.skipped = self.levels[-1]
            return
        kinds = [*(w.kind for w in words), "_NL"]
        if not line.bad:
            before = list(self.stack)
            failed = self.advance([*lead, *kinds])
            if failed is None:
                return
            self.tell(line, words, max(0, failed - len(lead)))
            self.stack = before
        self.stand_in(number, lead)

    def lead(self, indent: int) -> list[str]:
        """Return the layout tokens before a line of this indentation."""
        if indent > self.levels[-1]:
            self.levels.append(indent)
            return ["_INDENT"]
        count = sum(level > indent for level in self.levels)
        del self.levels[len(self.levels) - count :]
        return ["_DEDENT"] * count

    def settle(self, number: int, lead: list[str], words: Sequence[Word]) -> bool:
        """Mend what the lines before left open: a block missing or too much, a missing `until`.

        Returns whether the line can be read: not so one indented at the outermost level.
        """
        if lead == ["_INDENT"]:
            return self.accepts("_INDENT") or self.unexpected_block(number)
        if self.accepts("_INDENT"):
            self.missing_block(number - 1)
        while lead and self.advance(["_DEDENT"]) is None:
            lead.pop()
            self.missing_until(number, () if lead else words)
        self.missing_until(number, words)
        return True

    def unexpected_block(self, number: int) -> bool:
        line = self.layout.lines[number]
        if not line.bad:
            self.report(
                Finding(
                    "DP108",
                    "this line is indented, but no block starts here",
                    self.span(line.start, line.end),
                    "a block follows a line that ends in `:`",
                )
            )
        before = list(self.stack)
        if self.advance(["DO", "COLON", "_NL"]) is None:
            return True
        self.stack = before
        self.levels.pop()
        return False

    def missing_block(self, header: int) -> None:
        line = self.layout.lines[header]
        self.report(
            Finding(
                "DP109",
                "an indented block must follow this line",
                self.span(line.start, line.end),
                "indent the lines of the block by four spaces; `pass` does nothing",
            )
        )
        before = list(self.stack)
        for block in (_BLOCK, f"_INDENT {_CASE} {_BLOCK} _DEDENT"):
            self.stack = list(before)
            if self.advance(block.split()) is None:
                return

    def missing_until(self, number: int, words: Sequence[Word]) -> None:
        if self.accepts("_DEDENT") or not self.accepts("UNTIL"):
            return
        if words and words[0].kind == "UNTIL":
            return
        if number < len(self.layout.lines) and self.layout.lines[number].bad:
            first = self.layout.source.text[self.layout.lines[number].start :]
            if first.startswith("until"):
                return
        opener = self.opener(number)
        self.report(
            Finding(
                "DP116",
                "this `repeat` has no `until`",
                self.span(opener.start, opener.start + len("repeat")),
                "write `until test` after its block, indented like `repeat`",
            )
        )
        self.advance(["UNTIL", "TRUE", "_NL"])

    def opener(self, number: int) -> Line:
        """Find the `repeat` whose block ends before a line."""
        text = self.layout.source.text
        found = [
            line
            for line in self.layout.lines[:number]
            if text.startswith("repeat", line.start) and line not in self.opened
        ]
        level = [line for line in found if line.indent >= self.levels[-1]]
        self.opened.append((level or found)[-1])
        return self.opened[-1]

    def tell(self, line: Line, words: Sequence[Word], at: int) -> None:
        expected = frozenset(
            kind
            for kind in self.states[self.stack[-1]]
            if kind.isupper() and self.accepts(kind)  # rules are lower case
        )
        code = self.layout.source.text[line.start : line.end]
        first = min(at, len(words))
        mistake = Mistake(self.layout.source, line.start, code, words, first, expected)
        self.report(explain(mistake, self.names))

    def stand_in(self, number: int, lead: list[str]) -> None:
        """Put something right in the place of a wrong line, or leave it out with its block."""
        lines = self.layout.lines
        line = lines[number]
        opens = number + 1 < len(lines) and lines[number + 1].indent > line.indent
        found = re.match(r"(else\s+if|\w*)\b", self.layout.source.text[line.start : line.end])
        word = found.group() if found else ""
        choices = (_HEADERS.get(" ".join(word.split()), ""), *_ANY_HEADER) if opens else _ANY_LINE
        if word == "until" and not opens:
            choices = ("UNTIL TRUE _NL", *choices)
        start = list(self.stack)
        for choice in choices:
            if choice or not opens:
                self.stack = list(start)
                if self.advance([*lead, *choice.split()]) is None:
                    return
        self.stack = start
        self.skipped = line.indent

    def advance(self, kinds: Sequence[str]) -> int | None:
        """Feed tokens; return None, or the place of the refused one, where the stack stays."""
        for place, kind in enumerate(kinds):
            moved = self.moved(kind)
            if moved is None:
                return place
            self.stack = moved
        return None

    def accepts(self, kind: str) -> bool:
        return self.moved(kind) is not None

    def moved(self, kind: str) -> list[int] | None:
        """Return the stack after a token, None where it is refused."""
        stack = list(self.stack)
        while True:
            entry = self.states[stack[-1]].get(kind)
            if entry is None:
                return None
            target = entry[1]
            if isinstance(target, int):
                stack.append(target)
                return stack
            count = len(target.expansion)  # type: ignore[attr-defined]
            if count:
                del stack[-count:]
            goto = self.states[stack[-1]][target.origin.name][1]  # type: ignore[attr-defined]
            assert isinstance(goto, int)
            stack.append(goto)

    def finish(self) -> None:
        """Close what is open at the end of the text."""
        self.settle(len(self.layout.lines), self.lead(0), ())

    def report(self, finding: Finding) -> None:
        self.layout.report.error(
            finding.code,
            finding.message,
            finding.span,
            label=finding.label,
            others=tuple(Label(span, text) for span, text in finding.others),
            help=finding.help,
        )

    def span(self, start: int, end: int) -> Span:
        return Span(self.layout.source, start, end)
