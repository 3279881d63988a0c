"""Colours, line widths and labels of the pictures, in one place.

In: weights and texts. Out: attributes and labels for Graphviz. Weight is width and lightness, never
colour alone; text keeps a contrast of 4.5 to 1 on whatever it stands. Never imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import log2
from typing import Any, NamedTuple, TypeAlias

Weights: TypeAlias = Mapping[str, Any]
"""The weights of holes by key: nested lists, the alternatives last."""

INK = "#111827"
QUIET = "#4B5563"
PAPER = "#FFFFFF"
GRID = "#E5E7EB"
LINE = "#1F2937"
READ = "#0F766E"
WRITE = "#9A3412"
FONT = "Helvetica"
MONO = "Courier"

NUMBERED = 0.10
"""From this weight an edge says its number."""

SHOWN = 0.03
"""Alternatives below this weight are drawn as one, `+k more`."""

BAR = 56
"""The width of a bar of weight 1, in points."""

MOST_BARS = 8
"""So many bars a box has at most."""

LONGEST = 30
"""A label of more characters than these is cut."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a kind of node is drawn: shape, style, fill, border and text."""

    shape: str
    style: str
    fill: str
    border: str
    ink: str = INK


OPERATION = Look("box", "rounded,filled", "#EEF2FF", "#6366F1")
PARAM = Look("box", "filled", "#F3F4F6", "#6B7280")
CONST = Look("plain", "", PAPER, PAPER, QUIET)
HOLE = Look("box", "dashed,filled,bold", "#FFF7ED", "#EA580C", "#7C2D12")
READING = Look("box", "filled", "#F0FDFA", READ, "#134E4A")
WRITING = Look("box", "filled", "#FFF7ED", WRITE, "#7C2D12")
BRANCH = Look("box", "filled", "#FAF5FF", "#9333EA")
MIXTURE = Look("circle", "filled", PAPER, LINE)
CARRY = Look("box", "rounded,filled", "#F1F5F9", "#475569")
MORE = Look("plain", "", PAPER, PAPER, QUIET)

LOOKS = (OPERATION, PARAM, CONST, HOLE, READING, WRITING, BRANCH, MIXTURE, CARRY, MORE)

LOOP_FILL = "#F8FAFC"
CASE_FILL = PAPER


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.1, relative luminance).

    >>> round(contrast("#000000", "#FFFFFF"))
    21
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def blend(colour: str, weight: float) -> str:
    """Return a colour blended to white: itself at weight 1, a light grey at 0, never nothing.

    >>> blend("#1F2937", 1.0)
    '#1F2937'
    """
    share = 0.2 + 0.8 * min(max(weight, 0.0), 1.0)
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - (255 - c) * share):02X}" for c in parts)


def edge(weight: float | None, name: str = "") -> dict[str, str]:
    """Return the attributes of an edge of some weight; None is an edge that carries no weight."""
    if weight is None:
        out = {"color": QUIET, "penwidth": "1.0"}
    else:
        out = {"color": blend(LINE, weight), "penwidth": f"{0.6 + 4.4 * weight:.2f}"}
        name = f"{name} {weight:.2f}".strip() if weight >= NUMBERED else name
    return {**out, "label": f" {name} ", "fontcolor": INK} if name else out


def quoted(text: str) -> str:
    """Return a text as a quoted Graphviz string that is shown as it is."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def short(text: str) -> str:
    """Return the first line of a text, cut where it is long."""
    first = " ".join(text.split("\n", 1)[0].split())
    return first if len(first) <= LONGEST else first[: LONGEST - 1] + "…"


class Bar(NamedTuple):
    """A bar in a box: its name, its weight, and the id by which a page finds it."""

    name: str
    weight: float
    mark: str = ""


def lines(*texts: str, bars: Sequence[Bar] = (), mark: str = "") -> str:
    """Return an HTML-like label: the first line bold, others small, then a bar for each weight.

    `mark` is the id of the last text, by which a page finds it.
    """
    rows = [f'<TR><TD COLSPAN="3"><B>{escape(texts[0])}</B></TD></TR>'] if texts else []
    rows += [
        f'<TR><TD COLSPAN="3"{_marked(mark if text is texts[-1] else "")}>'
        f'<FONT POINT-SIZE="9">{escape(text)}</FONT></TD></TR>'
        for text in texts[1:]
    ]
    rows += map(_bar, bars)
    table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="1" CELLPADDING="1">'
    return f"<{table}{''.join(rows)}</TABLE>>"


def _marked(mark: str) -> str:
    """Return the attributes of a cell with an id.

    Graphviz keeps ids of links only; the page takes away where they lead.
    """
    return f' ID="{escape(mark)}" HREF="#" TOOLTIP=" "' if mark else ""


def _bar(bar: Bar) -> str:
    name, weight, mark = bar
    full = round(BAR * weight)
    cells = "".join(
        f'<TD WIDTH="{width}" HEIGHT="7" FIXEDSIZE="TRUE" BGCOLOR="{colour}"></TD>'
        for width, colour in ((full, LINE), (BAR - full, GRID))
        if width > 0
    )
    plain = 'BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"'
    drawn = f"<TABLE {plain}><TR>{cells}<TD></TD></TR></TABLE>"  # the last one takes what is left
    size = '<FONT POINT-SIZE="9">'
    return (
        f'<TR><TD ALIGN="RIGHT">{size}{escape(short(name))}</FONT></TD>'
        f'<TD ALIGN="LEFT"{_marked(mark)}>{drawn}</TD>'
        f'<TD ALIGN="LEFT"{_marked(mark and f"{mark} number")}>{size}{weight:.2f}</FONT></TD></TR>'
    )


def panel(text: str) -> str:
    """Return a program's text as an HTML-like label: monospace, its lines numbered."""
    listed = text.rstrip("\n").split("\n")
    cells = [
        f'<TR><TD ALIGN="RIGHT"><FONT COLOR="{QUIET}">{number}</FONT></TD>'
        f'<TD ALIGN="LEFT">{escape(line) or " "}</TD></TR>'
        for number, line in enumerate(listed, 1)
    ]
    frame = f'BORDER="1" CELLBORDER="0" CELLPADDING="1" COLOR="{GRID}" BGCOLOR="{LOOP_FILL}"'
    size = f'<FONT FACE="{MONO}" POINT-SIZE="11">'
    return f"<{size}<TABLE {frame}>{''.join(cells)}</TABLE></FONT>>"


def rows(weights: Any) -> list[list[float]]:
    """Return the distributions in nested lists of weights, one a row."""
    if weights and isinstance(weights[0], list | tuple):
        return [row for inner in weights for row in rows(inner)]
    return [[float(w) for w in weights]]


def mean(weights: Any) -> list[float]:
    """Return the mean distribution of nested lists of weights."""
    found = rows(weights)
    return [sum(column) / len(found) for column in zip(*found, strict=True)]


def entropy(weights: Any) -> float:
    """Return the mean entropy of nested lists of weights, in bits.

    >>> entropy([0.5, 0.5])
    1.0
    """
    found = rows(weights)
    return sum(-p * log2(p) for row in found for p in row if p > 0) / len(found)
