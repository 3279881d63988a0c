"""What of a drawing a page keeps up to date: edges, bars and numbers, and where they come from.

In: what is drawn, by the id that it has in the picture. Out: plain data for the page.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diffprog.errors import Span


@dataclass(frozen=True, slots=True)
class Share:
    """Where a weight comes from: a hole's alternatives, or a case of a branch in a run.

    Attributes:
        hole: the key of the hole, empty where a test decides.
        alternatives: those whose weights are added up; of none, the entropy of all is shown.
        place: of the branch: its file and its line.
        case: which case of it.
        cases: how many it has.
    """

    hole: str
    alternatives: tuple[int, ...] = ()
    place: tuple[str, int] = ("", 0)
    case: int = 0
    cases: int = 0


@dataclass
class Live:
    """The parts of a drawing, by id.

    Attributes:
        shares: where the weights of edges, bars and numbers come from.
        places: where nodes and frames stand in which text.
    """

    shares: dict[str, Share] = field(default_factory=dict)
    places: dict[str, Span] = field(default_factory=dict)

    def mark(self, kind: str, share: Share) -> str:
        """Return a new id of something with a weight."""
        name = f"{kind} {len(self.shares) + 1}"
        self.shares[name] = share
        return name

    def data(self) -> dict[str, object]:
        """Return the parts as plain data: shares, and lines from first to last by file."""
        places = {
            name: [span.source.name, span.line, span.source.place(max(span.start, span.end - 1))[0]]
            for name, span in self.places.items()
        }
        return {"shares": {k: asdict(v) for k, v in self.shares.items()}, "places": places}

    def texts(self) -> dict[str, str]:
        """Return the texts that what is drawn stands in, by name, in the order of the drawing."""
        return {span.source.name: span.source.text for span in self.places.values()}
