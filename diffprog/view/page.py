"""A program, its graph and what it did as one HTML page: no network, no other files.

In: a graph, the text, the weights of its holes, runs that were watched. Out: HTML, the same bytes
each time: the text beside an SVG by Graphviz, the data as JSON, plain JavaScript from `web/`. The
page forbids itself the network. Never imports torch.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffprog.errors import titled
from diffprog.view.dot import dot
from diffprog.view.kinds import KINDS
from diffprog.view.live import Live
from diffprog.view.panels import Panel, last_moment, panels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from diffprog.ir.graph import Graph
    from diffprog.trace import TraceStep
    from diffprog.view.panels import Words
    from diffprog.view.style import Weights

WEB = Path(__file__).parent / "web"
SCRIPTS = ("weights.js", "pictures.js", "page.js")
SCHEMA = "diffprog.page/1"
DIGITS = 5
"""Significant digits of the numbers in a page: more than can be seen."""


@dataclass(frozen=True, slots=True)
class Item:
    """One input, and what the program did with it.

    Attributes:
        name: what the input is called.
        answer: softly, as text.
        steps: what was watched of the soft run.
        crisp_answer: the answer of the crisp run, as text.
        crisp_steps: what was watched of it.
    """

    name: str
    answer: str
    steps: Sequence[TraceStep]
    crisp_answer: str
    crisp_steps: Sequence[TraceStep]


@dataclass(frozen=True, slots=True)
class Subject:
    """A program to be drawn, with what is known of it.

    Attributes:
        graph: the whole program's region.
        name: of its file.
        text: of its file.
        title: stands above it.
        weights: the weights of its holes by key, nested lists with the alternatives last.
        labels: the alternatives of its holes by key, as the text writes them.
        items: inputs, and what was watched with them.
        words: what cells are called, see `panels`.
    """

    graph: Graph
    name: str = ""
    text: str = ""
    title: str = ""
    weights: Weights = field(default_factory=dict)
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    items: Sequence[Item] = ()
    words: Words = field(default_factory=dict)


def page(subject: Subject, draw: Callable[[str], bytes]) -> str:
    """Return the HTML page of a program; `draw` makes an SVG of DOT text."""
    live = Live()
    drawn = dot(
        subject.graph,
        weights=subject.weights,
        labels=subject.labels,
        live=live,
    )
    texts = {subject.name: subject.text} | live.texts()
    data = {
        "schema": SCHEMA,
        **live.data(),
        "files": list(texts),
        "weights": _rounded(dict(subject.weights)),
        "items": [_item(item, subject) for item in subject.items],
    }
    parts = {
        "title": escape(titled(subject.name)),
        "style": _web("page.css"),
        "program": "".join(_listing(k, *of) for k, of in enumerate(texts.items())),
        "graph": _inline(draw(drawn).decode()),
        "data": _script_safe(json.dumps(data, ensure_ascii=False, separators=(",", ":"))),
        "script": "\n".join(map(_web, SCRIPTS)),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _web("page.html"))


def _web(name: str) -> str:
    return (WEB / name).read_text(encoding="utf-8")


def _listing(number: int, name: str, text: str) -> str:
    lines = "".join(
        f'<div class="line" tabindex="0" data-file="{number}" data-line="{k}">'
        f'<span class="number">{k}</span><span>{escape(line) or " "}</span></div>\n'
        for k, line in enumerate(text.rstrip("\n").split("\n"), 1)
    )
    return f'<h2>{escape(titled(name))}</h2>\n<div class="file">\n{lines}</div>\n'


def _inline(svg: str) -> str:
    """Return an SVG file as part of a page: without the head of a file, and in pixels."""
    found = re.sub(r"^.*?(?=<svg)", "", svg, count=1, flags=re.DOTALL)
    return re.sub(r"<!--.*?-->\n?", "", found, flags=re.DOTALL)


def _script_safe(text: str) -> str:
    """Return JSON that cannot end the script that it stands in."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _item(item: Item, of: Subject) -> dict[str, object]:
    return {
        "name": item.name,
        "soft": _run(item.answer, item.steps, of),
        "crisp": _run(item.crisp_answer, item.crisp_steps, of),
    }


def _run(answer: str, steps: Sequence[TraceStep], of: Subject) -> dict[str, object]:
    found = [_panel(k, panel, of.name) for k, panel in enumerate(panels(steps, of.words))]
    return {"answer": answer, "last": last_moment(steps), "panels": found}


def _panel(number: int, panel: Panel, own: str) -> dict[str, object]:
    row = KINDS[panel.kind]
    return {
        "id": number,
        "kind": panel.kind,
        "form": row.form,
        "hue": row.hue,
        "side": row.side,
        "name": panel.name,
        "title": panel.title,
        "places": [(file or own, line) for file, line in panel.places],
        "rows": panel.rows,
        "columns": panel.columns,
        "low": _rounded(panel.low),
        "high": _rounded(panel.high),
        "choice": panel.is_choice,
        "spans": _rounded(panel.spans),
    }


def _rounded(value: Any) -> Any:
    match value:
        case dict():
            return {key: _rounded(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_rounded(inner) for inner in value]
        case float():
            short = float(f"{value:.{DIGITS}g}")
            return int(short) if short.is_integer() and abs(short) < 1e15 else short
        case _:
            return value
