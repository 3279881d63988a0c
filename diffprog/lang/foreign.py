"""Lines as other languages write them, and how they are written here: a table of patterns.

In: a line that the grammar refuses. Out: a finding, where a row knows the line by its start.
"""

from __future__ import annotations

import re

from diffprog.errors import Span
from diffprog.lang.mistake import Finding, Mistake

_LOOPING = "give the loop its test: `while test max n:`, or `repeat max n:` … `until test`"
_IMPORTING = "write `import std.memory`; a program imports modules in this language only"
_RETURNING = "`return` what you want to see; several values as `return a, b`"
_NO_NAME = r"(?!\s*(?:[-+*/%]?=|\[|,|:))"  # the word is not used as the name of a variable

# Code, pattern, what to say, how to mend it. In what is said, {} is what was found.
_LINES: tuple[tuple[str, str, str, str], ...] = (
    ("DP112", r"else\s+if\b", "`else if` is one word here", "write `elif`"),
    ("DP117", rf"break\b{_NO_NAME}", "there is no `break`", _LOOPING),
    (
        "DP117",
        rf"continue\b{_NO_NAME}",
        "there is no `continue`",
        "put the rest of the body under an `if`",
    ),
    (
        "DP118",
        rf"(?:def|func|function)\b{_NO_NAME}",
        "functions start with `fn`",
        "write `fn name(x: type) -> type:`",
    ),
    (
        "DP118",
        r"from\s+\w|import\s+[\w.]+\s*(?:as\b|,)",
        "an import names one module, and all of it",
        _IMPORTING,
    ),
    (
        "DP118",
        r"(?:let|var|val|auto)\s+\w",
        "a variable needs no word before it",
        "write `x = e`, or `x: type = e`",
    ),
    (
        "DP118",
        r"(?:class|struct|record|try|except|finally|raise|with|yield|global|nonlocal|del"
        rf"|assert|async|await|switch|when|then|begin|end|type)\b{_NO_NAME}",
        "`{}` begins no statement of this language",
        "",
    ),
    ("DP118", rf"print\b{_NO_NAME}", "nothing is printed by a program", _RETURNING),
    ("DP121", r"[\w\[\]]+\s*\+\+", "there is no `++`", "write `x += 1`"),
    ("DP121", r"[\w\[\]]+\s*--", "there is no `--`", "write `x -= 1`"),
    (
        "DP114",
        r"for\s*\(|for\s+\w+\s*[=,]",
        "a `for` has one variable, then `in`",
        "write `for i in a .. b:` or `for x in xs:`",
    ),
    (
        "DP115",
        rf"(?:loop|forever)\b{_NO_NAME}",
        "every loop has a bound",
        "write `repeat max n:` … `until test`",
    ),
)


def foreign_line(m: Mistake) -> Finding | None:
    """Recognise a line by how it starts."""
    for code, pattern, message, help_ in _LINES:
        found = re.match(pattern, m.code)
        if found:
            span = Span(m.source, m.start, m.start + len(found.group().rstrip()))
            return Finding(code, message.format(found.group()), span, help_)
    return None
