"""Long lines: pieces of text with brackets where they may break.

In: a `Doc`, flat pieces and brackets in order. Out: lines of at most `WIDTH` characters where
the brackets allow it. Knows nothing of the language but that a line goes on inside ( ) and [ ].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

WIDTH = 100
STEP = "    "
SOFT = "\n"
"""A space that may become the end of a line, inside a bracket."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """A bracket around items. A quiet one is written only where it has to break."""

    open: str
    items: tuple[Doc, ...]
    close: str
    quiet: bool = False


Doc: TypeAlias = "list[str | Bracket]"


def flat(doc: Doc) -> str:
    """Return a doc on one line."""
    return "".join(
        (" " if part == SOFT else part) if isinstance(part, str) else _flat_bracket(part)
        for part in doc
    )


def _flat_bracket(bracket: Bracket) -> str:
    inner = ", ".join(map(flat, bracket.items))
    return inner if bracket.quiet else f"{bracket.open}{inner}{bracket.close}"


def wrap(doc: Doc, indent: str) -> list[str]:
    """Return a doc as lines: on one if it fits, else broken at the bracket that holds most."""
    line = indent + flat(doc)
    places = [i for i, part in enumerate(doc) if isinstance(part, Bracket)]
    if len(line) <= WIDTH or not places:
        return [line]
    place = max(places, key=lambda i: len(flat([doc[i]])))
    bracket = doc[place]
    assert isinstance(bracket, Bracket)
    before, after = doc[:place], doc[place + 1 :]
    if bracket.quiet:
        opened = [*before, *_joined(bracket), *after]
        lines = wrap(opened, indent)
        if all(len(text) <= WIDTH for text in lines):
            return lines
    return [
        *wrap([*before, bracket.open], indent),
        *_fill(bracket.items, indent + STEP),
        *wrap([bracket.close, *after], indent),
    ]


def _joined(bracket: Bracket) -> Doc:
    out: Doc = []
    for number, item in enumerate(bracket.items):
        out += [", ", *item] if number else item
    return out


def _fill(items: tuple[Doc, ...], indent: str) -> list[str]:
    """Put as many items on each line as fit."""
    last = len(items) - 1
    lines: list[str] = []
    for number, item in enumerate(items):
        ended: Doc = item if number == last else [*item, ","]
        text = flat(ended)
        if lines and len(lines[-1]) + 1 + len(text) <= WIDTH:
            lines[-1] += f" {text}"
        else:
            lines += _inside(ended, indent)
    return lines


def _inside(doc: Doc, indent: str) -> list[str]:
    """Return an item of a broken bracket as lines: soft spaces may end them."""
    pieces: list[Doc] = [[]]
    for part in doc:
        if part == SOFT:
            pieces.append([])
        else:
            pieces[-1].append(part)
    lines: list[str] = []
    for piece in pieces:
        text = flat(piece)
        if lines and len(lines[-1]) + 1 + len(text) <= WIDTH:
            lines[-1] += f" {text}"
        else:
            lines += wrap(piece, indent)
    return lines
