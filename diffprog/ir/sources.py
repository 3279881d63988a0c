"""Where a program loses correlation: the sources that reach one operation by two paths.

In: a graph. Out: the places at which composing marginals is not the expectation (DESIGN §3,
Correlation), and whether there are none. Law 3 (soft = expectation) and the warning DP901 ask the
same function, so what is tested is what is told. Never imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from diffprog.errors import Diagnostic
from diffprog.ir.bits import LABELS, Ledger
from diffprog.ir.flow import Flow

if TYPE_CHECKING:
    from collections.abc import Collection

    from diffprog.ir.bits import Lost
    from diffprog.ir.graph import Graph

INPUTS = (
    "give the inputs as plain values, or smaller ranges, so that this is tabulated "
    "(up to 4,096 combinations)"
)
CHOICES = "learn it with the estimator `exact`, which loses nothing"


@dataclass(frozen=True, slots=True)
class Cleanness:
    """What an analysis found.

    Attributes:
        lost: the places where the correlation of finite values is lost, each once, by place.
        affine: whether mixed reals (means of a mixture) meet only operations that keep means.
        halts: whether every loop halts plainly; `by act` and `by ponder` have weights that no
            expectation over inputs and choices gives.
    """

    lost: tuple[Lost, ...]
    affine: bool
    halts: bool

    @property
    def clean(self) -> bool:
        """Whether every finite value's soft distribution is the true one."""
        return not self.lost and self.halts

    @property
    def exact(self) -> bool:
        """Whether soft = expectation, marginal by marginal, for all results (law 3)."""
        return self.clean and self.affine


def analyse(graph: Graph, *, crisp: Collection[str] = ()) -> Cleanness:
    """Execute a graph on sets of sources and return where two sets meet that should not.

    Args:
        graph: a whole program's region.
        crisp: names of parameters that are given as plain values, not as distributions.
    """
    ledger = Ledger()
    Flow(ledger).program(graph, crisp)
    found = [lost for _, lost in sorted(ledger.lost.items(), key=itemgetter(0))]
    return Cleanness(tuple(found), affine=ledger.affine, halts=ledger.halts)


def warnings(graph: Graph) -> tuple[Diagnostic, ...]:
    """Return a warning DP901 for each place where correlation is lost."""
    return tuple(map(_warning, analyse(graph).lost))


def _warning(lost: Lost) -> Diagnostic:
    names = [str(origin) for origin in lost.sources] or [f"`{lost.span.text}`"]
    return Diagnostic(
        "DP901",
        f"the correlation of {' and '.join(names)} is lost here",
        lost.span,
        LABELS[lost.how].format(names[0]),
        help=_help(lost),
        severity="warning",
    )


def _help(lost: Lost) -> str:
    """Say what helps: against lost inputs, against lost choices, or against both."""
    kinds = {origin.kind == "input" for origin in lost.sources} or {True, False}
    parts = [text for inputs, text in ((False, CHOICES), (True, INPUTS)) if inputs in kinds]
    return "; ".join(parts)
