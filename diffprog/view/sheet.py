"""A Graphviz drawing as it grows: nodes with names of their own, edges, clusters.

In: what to draw, in order. Out: DOT text, the same each time. Never imports torch.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from diffprog.view.style import FONT, INK, QUIET, edge, panel, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diffprog.errors import Span
    from diffprog.view.live import Live, Share
    from diffprog.view.style import Look


class Sheet:
    """Lines of DOT, indented by cluster; a text beside it stands left, in a frame of its own.

    Attributes:
        live: the parts that a page keeps up to date, None for a picture that stays as it is.
    """

    def __init__(self, title: str, beside: str = "", live: Live | None = None) -> None:
        self.live = live
        self._lines = [
            "digraph program {",
            f"  graph [fontname={quoted(FONT)}, fontsize=13, fontcolor={quoted(INK)}, "
            f"labelloc=t, label={quoted(title)}, rankdir=TB, compound=true, nodesep=0.3, "
            f"ranksep=0.4, bgcolor=white, tooltip={quoted(title)}];",
            f"  node [fontname={quoted(FONT)}, fontsize=11, margin={quoted('0.10,0.05')}, "
            "height=0.3];",
            f"  edge [fontname={quoted(FONT)}, fontsize=9, arrowsize=0.6];",
        ]
        self._edges: list[str] = []
        self._names: dict[str, int] = {}
        self._depth = 1
        if beside:
            # Components are laid out by themselves and stand side by side, their tops in line;
            # the first cluster comes first.
            self._lines[1:1] = ["  graph [pack=24, packmode=array_ut2];"]
            self._lines.append("  subgraph cluster {")
            self._depth += 1
            self._line('graph [label="", style=invis];')
            node = quoted(self.name("program"))
            self._line(f'{node} [label={panel(beside)}, shape=plain, tooltip="the program"];')
            self._depth -= 1
            self._line("}")
            self._names["cluster"] = 1

    def name(self, wanted: str) -> str:
        """Return a name that no node has yet, as near to the wanted one as can be."""
        number = self._names.get(wanted, 0) + 1
        self._names[wanted] = number
        return wanted if number == 1 else self.name(f"{wanted}'{number}")

    def node(self, wanted: str, label: str, look: Look, span: Span | None) -> str:
        """Draw a node and return its name; a label in angle brackets is HTML-like."""
        name = self.name(wanted)
        attributes = {
            "label": label if label.startswith("<<TABLE") else quoted(label),
            "id": quoted(self._placed("node", name, span)),
            "shape": look.shape,
            "style": quoted(look.style),
            "fillcolor": quoted(look.fill),
            "color": quoted(look.border),
            "fontcolor": quoted(look.ink),
            "tooltip": quoted(where(span)),
        }
        self._line(f"{quoted(name)} [{_listed(attributes)}];")
        return name

    def edge(
        self,
        source: str,
        target: str,
        weight: float | None = None,
        *,
        name: str = "",
        share: Share | None = None,
        **more: str,
    ) -> None:
        """Draw an edge, by the weight that it carries; its label is the name and the number."""
        attributes = {**edge(weight, name), **more}
        if self.live is not None and share is not None:
            attributes["id"] = self.live.mark("edge", share)
            attributes["label"] = f" {name} 0.00 "  # room for the number of a page
        attributes.setdefault("tooltip", f"{source} → {target}")
        listed = _listed({key: quoted(value) for key, value in attributes.items()})
        self._edges.append(f"  {quoted(source)} -> {quoted(target)} [{listed}];")

    @contextmanager
    def cluster(self, label: str, *, border: str, fill: str, span: Span | None) -> Iterator[None]:
        """Draw what follows inside a frame."""
        name = self.name("cluster")
        self._line(f"subgraph {quoted(name)} {{")
        self._depth += 1
        attributes = {
            "label": label,
            "fontsize": "10",
            "fontcolor": QUIET,
            "labeljust": "l",
            "style": "rounded,filled",
            "color": border,
            "fillcolor": fill,
            "penwidth": "1.0",
            "tooltip": where(span),
            "id": self._placed("frame", name, span),
        }
        self._line(f"graph [{_listed({k: quoted(v) for k, v in attributes.items()})}];")
        yield
        self._depth -= 1
        self._line("}")

    def mark(self, kind: str, share: Share) -> str:
        """Return the id of something with a weight; empty for a picture that stays as it is."""
        return self.live.mark(kind, share) if self.live is not None else ""

    def _placed(self, kind: str, name: str, span: Span | None) -> str:
        """Return the id of a node or a frame; a page is told where it stands in the text."""
        if self.live is None:
            return name
        if span is not None:
            self.live.places[f"{kind} {name}"] = span
        return f"{kind} {name}"

    def source(self) -> str:
        """Return the DOT text."""
        return "\n".join([*self._lines, *self._edges, "}", ""])

    def _line(self, text: str) -> None:
        self._lines.append("  " * self._depth + text)


def where(span: Span | None) -> str:
    """Return ``file:line`` for a tooltip."""
    return f"{span.source.name}:{span.line}" if span is not None else ""


def _listed(attributes: dict[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in attributes.items())
