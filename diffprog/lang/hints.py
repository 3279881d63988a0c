"""What is probably meant where the grammar refuses a token: a table of common mistakes.

In: the wrong line, its tokens and what the grammar would have taken. Out: code, sentence, place
and help. The first row that fits speaks; below all rows stands "expected …, found …".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from diffprog.errors import Source, Span


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


Row: TypeAlias = Callable[[Mistake], Finding | None]

_COMPARE = {"EQ", "NE", "LT", "LE", "GT", "GE"}
_OPERATORS = _COMPARE | {
    *("PLUS", "MINUS", "STAR", "SLASH", "DSLASH", "PERCENT", "AT"),
    *("AND", "OR", "XOR", "IF", "LSQB", "LPAR", "DOT", "DOTS", "WHERE", "UPDATE"),
}
_STARTERS = {
    *("NAME", "WHOLE", "DECIMAL", "TRUE", "FALSE", "LPAR", "LSQB", "MINUS", "NOT", "CHOOSE"),
}
_SOFT_WORDS = {"_SIZE", "_NET", "_MAX", "_STEP", "_OF", "_READS"}
_STATEMENTS = {
    *("PASS", "RETURN", "LEARN", "SWAP", "CONTROLLER", "IF", "MATCH", "FOR", "WHILE"),
    *("REPEAT", "DO", "CHOOSE", "NAME"),
}
_DECLARATIONS = {"ENUM", "CONST", "IMPORT", "EXTERN", "FN", "PROGRAM", "_SIZE", "_NET"}
_ONLY_TOP = {"size", "enum", "const", "import", "extern", "net", "fn", "program"}

# Whole lines: a pattern at their start, then what to say.
_LINES: tuple[tuple[str, str, str, str], ...] = (
    (
        "DP112",
        r"else\s+if\b",
        "`else if` is one word here",
        "write `elif`",
    ),
    (
        "DP117",
        r"break\b",
        "there is no `break`",
        "give the loop its test: `while test max n:`, or `repeat max n:` … `until test`",
    ),
    (
        "DP117",
        r"continue\b",
        "there is no `continue`",
        "put the rest of the body under an `if`",
    ),
    (
        "DP118",
        r"(def|func|function)\b",
        "functions start with `fn`",
        "write `fn name(x: type) -> type:`",
    ),
    (
        "DP118",
        r"from\b|import\s+[\w.]+\s+as\b|import\s+[\w.]+\s*,",
        "an import names one module, and all of it",
        "write `import std.memory`; a program imports modules written in this language only",
    ),
    (
        "DP118",
        r"(let|var|val|auto)\s+\w",
        "a variable needs no word before it",
        "write `x = e`, or `x: type = e`",
    ),
    (
        "DP118",
        r"(class|struct|record|try|except|finally|raise|with|yield|global|nonlocal|del|assert"
        r"|async|await|switch|when|then|begin|end|type)\b(?!\s*(?:[-+*/%]?=|\[|,|:))",
        "this word of another language is not one here",
        "",
    ),
    (
        "DP118",
        r"print\b",
        "nothing is printed by a program",
        "`return` what you want to see; several values as `return a, b`",
    ),
    (
        "DP121",
        r"\w+(\[[^\]]*\])?\s*\+\+",
        "there is no `++`",
        "write `x += 1`",
    ),
    (
        "DP121",
        r"\w+(\[[^\]]*\])?\s*--",
        "there is no `--`",
        "write `x -= 1`",
    ),
    (
        "DP114",
        r"for\s*\(|for\s+\w+\s*=|for\s+\w+\s*,",
        "a `for` has one variable, then `in`",
        "write `for i in a .. b:` or `for x in xs:`",
    ),
    (
        "DP115",
        r"(loop|forever)\b(?!\s*(?:[-+*/%]?=|\[|,))",
        "every loop has a bound",
        "write `repeat max n:` … `until test`",
    ),
)
_PARTNERS = {
    "elif": ("an `if` above it", "indent it like its `if`"),
    "else": ("an `if` above it", "indent it like its `if`"),
    "case": ("a `match` around it", "cases stand in the block of `match e:`"),
    "until": ("a `repeat` above it", "indent it like its `repeat max n:`"),
}


def explain(mistake: Mistake, names: Mapping[str, str]) -> Finding:
    """Say what is wrong with a line: what a row of the table knows, or what was expected."""
    for row in _ROWS:
        finding = row(mistake)
        if finding is not None:
            return finding
    found = "the end of the line"
    if mistake.at < len(mistake.words):
        found = f"`{mistake.words[mistake.at].text}`"
    wanted = _wanted(mistake.expected, names)
    return Finding("DP100", f"expected {wanted}, found {found}", mistake.span)


def _wanted(expected: frozenset[str], names: Mapping[str, str]) -> str:
    """Put what the grammar would have taken in words."""
    left = set(expected)
    out = []
    if {"ENUM", "CONST"} <= left:
        out.append("a declaration")
        left -= _DECLARATIONS | {"$END"}
    if {"PASS", "RETURN"} <= left:
        out.append("a statement")
        left -= _STATEMENTS | _SOFT_WORDS | {"_DEDENT"}
    if {"WHOLE", "LPAR"} <= left:
        out.append("an expression")
        left -= _STARTERS | _SOFT_WORDS
    if "NAME" in left:
        out.append("a name")
        left -= {"NAME"} | _SOFT_WORDS
    if {"PLUS", "STAR"} <= left:
        left -= _OPERATORS
        if not left - {"COMMA", "_COMMA"}:
            out.append("an operator")
    layout = {"_NL": "the end of the line", "_INDENT": "an indented block", "UPDATE": "`+=`"}
    layout |= {"$END": "the end of the file", "_DEDENT": "the end of the block"}
    out += [f"`{names[kind]}`" for kind in sorted(left & names.keys())]
    out += [layout[kind] for kind in sorted(left & layout.keys())]
    out = list(dict.fromkeys(out))[:6]
    return out[0] if len(out) == 1 else f"{', '.join(out[:-1])} or {out[-1]}"


# --- rows ---------------------------------------------------------------------------------------


def _known_line(m: Mistake) -> Finding | None:
    for code, pattern, message, help_ in _LINES:
        found = re.match(pattern, m.code)
        if found:
            span = Span(m.source, m.start, m.start + len(found.group().rstrip()))
            if "this word" in message:
                message = message.replace("this word", f"`{found.group()}`, a word", 1)
                message = message.replace(
                    "a word of another language is not one", "means nothing"
                )
                message = message.replace(", means", " means")
            return Finding(code, message, span, help_)
    return None


def _lambda(m: Mistake) -> Finding | None:
    for word in m.words[: m.at]:
        if word.text == "lambda":
            span = Span(m.source, word.start, word.end)
            return Finding("DP118", "there is no `lambda`", span, "write a `fn` and its name")
    return None


def _partner(m: Mistake) -> Finding | None:
    if m.at or m.first not in _PARTNERS:
        return None
    missing, help_ = _PARTNERS[m.first]
    return Finding("DP113", f"`{m.first}` without {missing}", m.span, help_)


def _case_wanted(m: Mistake) -> Finding | None:
    if m.at or m.expected - {"_DEDENT"} != {"CASE"}:
        return None
    message = "only `case` can stand here, in the block of a `match`"
    return Finding("DP113", message, m.span, "write `case 0, 2:`, or `case _:` for the rest")


def _misplaced(m: Mistake) -> Finding | None:
    top = "CONST" in m.expected
    if m.at == 0 and top:
        help_ = "put it into `program name(x: type) -> type:`, or write `const name: type = e`"
        return Finding("DP125", "a statement outside of any function", m.part(0, -1), help_)
    inside = m.first in _ONLY_TOP and m.at <= 1 and not top
    if inside and (m.at == 0 or m.kind == "NAME"):
        help_ = "move it to the outermost level, before the `program`"
        return Finding("DP125", f"`{m.first}` inside a block", m.part(0, 0), help_)
    return None


def _operator(m: Mistake) -> Finding | None:
    before = m.before
    if m.kind == "STAR" and before and before.kind == "STAR":
        help_ = "multiply: `x * x`"
        return Finding("DP121", "there is no power `**`", m.part(m.at - 1, m.at), help_)
    if m.kind == "GT" and before and before.kind == "EQUAL":
        return Finding(
            "DP121", "there is no `=>`", m.part(m.at - 1, m.at), "write `>=` or `->`"
        )
    return None


def _number(m: Mistake) -> Finding | None:
    before, after, word = m.before, m.after, m.words[m.at] if m.at < len(m.words) else None
    if word is None:
        return None
    if word.kind == "DOT" and after and after.kind == "WHOLE" and after.start == word.end:
        span = m.part(m.at, m.at + 1)
        return Finding("DP123", "a number starts with a digit", span, f"write `0.{after.text}`")
    if before is None or before.kind not in ("WHOLE", "DECIMAL") or before.end != word.start:
        return None
    span = m.part(m.at - 1, m.at)
    if word.kind == "DOT":
        return Finding("DP123", "a number ends with a digit", span, f"write `{before.text}.0`")
    if re.match(r"[A-Za-z_]", word.text):
        help_ = "multiplication is written `3 * x`; numbers are plain: `1000`, `31`, `1e-3`"
        return Finding("DP123", "a number runs into a word", span, help_)
    return None


def _equals(m: Mistake) -> Finding | None:
    if m.kind != "EQUAL" or not m.at or m.at and m.expected & {"NAME"}:
        return None
    if not m.expected & {"PLUS", "AND"}:
        return None
    help_ = "`==` compares; to set a variable, write a statement of its own"
    return Finding("DP111", "`=` inside an expression", m.span, help_)


def _chain(m: Mistake) -> Finding | None:
    if m.kind not in _COMPARE or "AND" not in m.expected or m.expected & _COMPARE:
        return None
    return Finding("DP122", "comparisons do not chain", m.span, "write `a < b and b < c`")


def _bound(m: Mistake) -> Finding | None:
    if m.first == "while" and "_MAX" in m.expected and m.kind in ("COLON", "_NL", "BY"):
        help_ = "write `while test max n:`, where n is the most times it may go round"
        return Finding("DP115", "this `while` has no bound", m.span, help_)
    if m.first == "repeat" and m.at == 1:
        help_ = "write `repeat max n:`, where n is the most times it may go round"
        return Finding("DP115", "this `repeat` has no bound", m.span, help_)
    return None


def _for(m: Mistake) -> Finding | None:
    if m.first != "for" or m.at < 2 or (m.kind == "_NL" and "COLON" in m.expected):
        return None
    if any(w.kind == "DOTS" for w in m.words[: m.at]) and m.before and m.before.kind != "DOTS":
        return None
    help_ = "write `for i in a .. b:` (from a, up to but without b) or `for x in xs:`"
    return Finding("DP114", "a `for` runs over a range or an array", m.span, help_)


def _signature(m: Mistake) -> Finding | None:
    if m.first not in ("fn", "program", "extern") or "CONST" in m.expected:
        return None
    if "ARROW" in m.expected:
        help_ = "write `-> type` after the parameters"
        return Finding("DP127", "the type of the result is missing", m.span, help_)
    if m.kind in ("COMMA", "RPAR", "_COMMA", "EQUAL") and "COLON" in m.expected:
        help_ = "write `name: type`"
        return Finding("DP127", "the type of a parameter is missing", m.span, help_)
    return None


def _int(m: Mistake) -> Finding | None:
    if m.before and m.before.kind == "INT" and "LT" in m.expected:
        help_ = "`int<10>` has the values 0 to 9, `int<-5..6>` those from -5 to 5"
        return Finding("DP127", "an `int` needs its range", m.part(m.at - 1, m.at - 1), help_)
    if m.kind == "GE" and "GT" in m.expected and "DOTS" in m.expected | {"DOTS"}:
        help_ = "write a space between `>` and `=`"
        return Finding("DP127", "`>=` is one sign", m.span, help_)
    return None


def _colon(m: Mistake) -> Finding | None:
    if m.kind == "_NL" and "COLON" in m.expected and "DOTS" not in m.expected - _OPERATORS:
        name = m.first if m.words[0].kind != "NAME" else "this line"
        if "EQUAL" in m.expected:
            return None
        return Finding("DP110", f"a `:` is missing after `{name}`", m.span, "write `:` here")
    if m.expected == {"_NL"} and m.before and m.before.kind == "COLON":
        help_ = "start its block on the next line, indented by four spaces"
        return Finding("DP110", "nothing can follow this `:` on its line", m.span, help_)
    if m.kind == "COLON" and m.expected >= {"_NL"} and not m.expected & {"COLON"}:
        return Finding("DP110", "no `:` is wanted here", m.span)
    return None


def _no_effect(m: Mistake) -> Finding | None:
    if not m.words or m.words[0].kind != "NAME" or "COLON" in m.expected - {"COLON"}:
        return None
    if m.kind == "LPAR" and m.at == 1 and "EQUAL" in m.expected:
        help_ = "a `fn` has no side effects: keep what it gives, `x = f(a)`"
        return Finding("DP119", "a call alone does nothing", m.part(0, -1), help_)
    if m.kind == "DOT" and "EQUAL" in m.expected:
        help_ = "arrays are changed by `xs[i] = v`; a member is written `Colour.red`"
        return Finding("DP119", "values have no methods or fields", m.part(0, m.at), help_)
    if "EQUAL" in m.expected and "UPDATE" in m.expected and m.kind != "NAME":
        if m.kind == "_NL" or m.kind in _OPERATORS:
            help_ = "keep its value, `x = …`, or `return` it"
            return Finding("DP119", "this line does nothing", m.part(0, -1), help_)
    return None


def _field(m: Mistake) -> Finding | None:
    if m.kind == "DOT" and m.before and m.before.text in (")", "]"):
        help_ = "arrays are read by `xs[i]`; a member of an enumeration is written `Colour.red`"
        return Finding("DP119", "values have no methods or fields", m.span, help_)
    return None


def _choice(m: Mistake) -> Finding | None:
    if m.kind not in ("GIVEN", "BY", "WHERE"):
        return None
    if not any(w.kind == "CHOOSE" for w in m.words[: m.at]):
        return None
    help_ = "write parentheses around it: `1 + (choose(a, b) given x)`"
    return Finding("DP128", f"a choice with `{m.words[m.at].text}` ends here", m.span, help_)


def _reserved(m: Mistake) -> Finding | None:
    word = m.words[m.at] if m.at < len(m.words) else None
    if word is None or word.kind == "NAME" or not word.text.isidentifier():
        return None
    assigned = m.at == 0 and m.after is not None and m.after.kind in ("EQUAL", "UPDATE")
    if assigned or ("NAME" in m.expected and "WHOLE" not in m.expected):
        message = f"`{word.text}` is a word of the language, not a name"
        return Finding("DP124", message, m.span, f"choose another name, such as `{word.text}_`")
    return None


_ROWS: tuple[Row, ...] = (
    _known_line,
    _lambda,
    _reserved,
    _partner,
    _case_wanted,
    _misplaced,
    _operator,
    _number,
    _bound,
    _chain,
    _signature,
    _int,
    _equals,
    _colon,
    _for,
    _choice,
    _no_effect,
    _field,
)
