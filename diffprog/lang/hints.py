"""What is probably meant where the grammar refuses a token: a table of common mistakes.

In: a mistake. Out: code, sentence, place and help. The first row that fits speaks; below all
rows stands "expected …, found …".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from diffprog.errors import Span
from diffprog.lang.foreign import foreign_line
from diffprog.lang.mistake import COMPARE, OPERATORS, Finding, Mistake, wanted

Row: TypeAlias = Callable[[Mistake], Finding | None]

_ONLY_TOP = {"size", "enum", "const", "import", "extern", "net", "fn", "program"}
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
    what = wanted(mistake.expected, names)
    return Finding("DP100", f"expected {what}, found {found}", mistake.span)


# --- rows, and the table of them at the end


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
        return Finding("DP121", "there is no `=>`", m.part(m.at - 1, m.at), "write `>=` or `->`")
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
    if m.kind != "EQUAL" or "NAME" in m.expected or not m.expected & {"PLUS", "AND"}:
        return None
    help_ = "`==` compares; to set a variable, write a statement of its own"
    return Finding("DP111", "`=` inside an expression", m.span, help_)


def _chain(m: Mistake) -> Finding | None:
    if m.kind not in COMPARE or "AND" not in m.expected or m.expected & COMPARE:
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
    if m.kind == "_NL" and "COLON" in m.expected and "DOTS" not in m.expected - OPERATORS:
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
    if {"EQUAL", "UPDATE"} <= m.expected and m.kind in OPERATORS | {"_NL"}:
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
    at = 0 if m.at == 1 and m.kind in ("EQUAL", "UPDATE") else m.at
    word = m.words[at] if at < len(m.words) else None
    if word is None or word.kind == "NAME" or not word.text.isidentifier():
        return None
    if at < m.at or ("NAME" in m.expected and "WHOLE" not in m.expected):
        message = f"`{word.text}` is a word of the language, not a name"
        help_ = f"choose another name, such as `{word.text}_`"
        return Finding("DP124", message, m.part(at, at), help_)
    return None


_ROWS: tuple[Row, ...] = (
    foreign_line,
    _lambda,
    _partner,
    _reserved,
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
