"""When two answers are one: the rules of WikiTableQuestions' evaluator (Pasupat & Liang 2015).

In: texts of cells, of counts, and of the answers in the data. Out: keys; texts of one key mean the
same value, and an answer is right where its set of keys is the one that is wanted.

Accents, kinds of quotes and dashes, citations, remarks in parentheses, a pair of quotes around it
all, a last full stop, capitals and blanks make no difference; numbers are compared as numbers and
dates (`2010-06-xx`) as dates.
"""

from __future__ import annotations

import re
import unicodedata
from math import isfinite

_SAME = (("[‘’´`]", "'"), ("[“”]", '"'), ("[‐‑‒–—−]", "-"))  # noqa: RUF001 - they are alike
_CITED = re.compile(r"((?<!^)\[[^\]]*\]|\[\d+\]|[•♦†‡*#+])*$")
_REMARKED = re.compile(r"(?<!^)( \([^)]*\))*$")
_QUOTED = re.compile(r'^"([^"]*)"$')
_ESCAPES = {"n": "\n", "p": "|", "\\": "\\"}
_DIGITS = 6
"""Numbers that differ by less than the last of so many decimals are one."""


def listed(text: str) -> list[str]:
    r"""Return the items of an answer as a line of the data has it.

    >>> listed(r"Rome|either\pBern")
    ['Rome', 'either|Bern']
    """
    return [_plain(item) for item in text.split("|")]


def _plain(item: str) -> str:
    r"""Return a text of the data without its escapes: `\n`, `\p`, and a backslash as two."""
    return re.sub(r"\\([np\\])", lambda found: _ESCAPES[found[1]], item)


def unaccented(text: str) -> str:
    """Return a text without its accents, and with one kind of quotes and dashes."""
    apart = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in apart if unicodedata.category(c) != "Mn")
    for kinds, one in _SAME:
        text = re.sub(kinds, one, text)
    return text


def normal(text: str) -> str:
    """Return a text without what makes no difference.

    >>> normal('“São Paulo” [3]'), normal("Bern (capital)."), normal("1990–91")
    ('sao paulo', 'bern (capital)', '1990-91')
    """
    text = unaccented(text)
    before = None
    while before != text:
        before = text
        text = _CITED.sub("", text.strip())
        text = _REMARKED.sub("", text.strip())
        text = _QUOTED.sub(r"\1", text.strip())
    return re.sub(r"\s+", " ", text.removesuffix(".")).lower().strip()


def key(text: str) -> str:
    """Return what two texts of one value have in common.

    >>> key("12,467") == key("12467.0"), key("2010-6-xx") == key("2010-06-XX"), key("1.")
    (True, True, '= 1')
    """
    found = normal(text)
    number = as_number(found)
    if number is not None:
        return f"= {round(number, _DIGITS):g}" if abs(number) < 10**_DIGITS else f"= {number!r}"
    return f"@ {'-'.join(map(str, date))}" if (date := _date(found)) is not None else found


def keys(texts: list[str]) -> frozenset[str]:
    """Return the set that an answer is."""
    return frozenset(map(key, texts))


def as_number(text: str) -> float | None:
    """Return the number that a whole text is, commas between thousands left out."""
    if not re.fullmatch(r"[+-]?(\d+|\d{1,3}(,\d{3})+)?(\.\d+)?(e[+-]?\d+)?", text):
        return None
    try:
        found = float(text.replace(",", ""))
    except ValueError:
        return None
    return found if isfinite(found) else None


def _date(text: str) -> tuple[int, int, int] | None:
    """Return year, month and day of `yyyy-mm-dd`, -1 where it has `xx`."""
    parts = text.split("-")
    if len(parts) != 3 or not all(re.fullmatch(r"x+|\d+", p) for p in parts):
        return None
    year, month, day = (-1 if p.startswith("x") else int(p) for p in parts)
    good = (month == -1 or 1 <= month <= 12) and (day == -1 or 1 <= day <= 31)
    return (year, month, day) if good and (year, month, day) != (-1, -1, -1) else None
