"""A token that the grammar refuses: the line it stands in, and what would have been taken.

The words of the recovery: `recover` makes a `Mistake`, `hints` makes a `Finding` of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffprog.errors import Source, Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Word:
    """A token: the grammar's name for it, its text, its place."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, as a diagnostic will say it."""

    code: str
    message: str
    span: Span
    help: str = ""
    label: str = ""
    others: tuple[tuple[Span, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Mistake:
    """A logical line, the number of the refused word (one past the last: the line's end)."""

    source: Source
    start: int
    code: str
    words: Sequence[Word]
    at: int
    expected: frozenset[str]

    @property
    def kind(self) -> str:
        """The kind of the refused token."""
        return self.words[self.at].kind if self.at < len(self.words) else "_NL"

    @property
    def first(self) -> str:
        """The text of the line's first word."""
        return self.words[0].text

    @property
    def before(self) -> Word | None:
        """The word before the refused one."""
        return self.words[self.at - 1] if self.at else None

    @property
    def after(self) -> Word | None:
        """The word after the refused one."""
        return self.words[self.at + 1] if self.at + 1 < len(self.words) else None

    @property
    def span(self) -> Span:
        """The place of the refused token; at the line's end, the place just after it."""
        if self.at < len(self.words):
            word = self.words[self.at]
            return Span(self.source, word.start, word.end)
        end = self.words[-1].end
        return Span(self.source, end, end)

    def part(self, start: int, end: int) -> Span:
        """The place from one word to another, both included."""
        return Span(self.source, self.words[start].start, self.words[end].end)


COMPARE = {"EQ", "NE", "LT", "LE", "GT", "GE"}
OPERATORS = COMPARE | {
    *("PLUS", "MINUS", "STAR", "SLASH", "DSLASH", "PERCENT", "AT"),
    *("AND", "OR", "XOR", "IF", "LSQB", "LPAR", "DOT", "DOTS", "WHERE", "UPDATE"),
}
STARTERS = {
    *("NAME", "WHOLE", "DECIMAL", "TRUE", "FALSE", "LPAR", "LSQB", "MINUS", "NOT", "CHOOSE"),
}
SOFT_WORDS = {"_SIZE", "_NET", "_MAX", "_STEP", "_OF", "_READS"}
STATEMENTS = {
    *("PASS", "RETURN", "LEARN", "SWAP", "CONTROLLER", "IF", "MATCH", "FOR", "WHILE"),
    *("REPEAT", "DO", "CHOOSE", "NAME"),
}
DECLARATIONS = {"ENUM", "CONST", "IMPORT", "EXTERN", "FN", "PROGRAM", "_SIZE", "_NET"}


def wanted(expected: frozenset[str], names: Mapping[str, str]) -> str:
    """Put what the grammar would have taken in words."""
    left = set(expected)
    out = []
    if {"ENUM", "CONST"} <= left:
        out.append("a declaration")
        left -= DECLARATIONS | {"$END"}
    if {"PASS", "RETURN"} <= left:
        out.append("a statement")
        left -= STATEMENTS | SOFT_WORDS | {"_DEDENT"}
    if {"WHOLE", "LPAR"} <= left:
        out.append("an expression")
        left -= STARTERS | SOFT_WORDS
    if "NAME" in left:
        out.append("a name")
        left -= {"NAME"} | SOFT_WORDS
    if {"PLUS", "STAR"} <= left:
        left -= OPERATORS
        if not left - {"COMMA", "_COMMA"}:
            out.append("an operator")
    layout = {"_NL": "the end of the line", "_INDENT": "an indented block", "UPDATE": "`+=`"}
    layout |= {"$END": "the end of the file", "_DEDENT": "the end of the block"}
    out += [f"`{names[kind]}`" for kind in sorted(left & names.keys())]
    out += [layout[kind] for kind in sorted(left & layout.keys())]
    out = list(dict.fromkeys(out))[:6]
    return out[0] if len(out) == 1 else f"{', '.join(out[:-1])} or {out[-1]}"
