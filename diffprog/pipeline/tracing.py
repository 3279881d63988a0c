"""One run of a soft program, watched: what memory held, where was read, what was weighed.

In: a program, inputs, weights of its holes. Out: `SoftTrace`: the answer, the records, a picture.
Torch is loaded when a trace is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

from diffprog.pipeline.data import plain
from diffprog.view.plot import plot
from diffprog.view.trace import TraceStep, from_report

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from diffprog.lang import typed
    from diffprog.soft.module import SoftProgram


class Program(Protocol):
    """A program, as far as it matters here."""

    choices: Mapping[str, object]

    @property
    def name(self) -> str:
        """The name of its text."""

    @property
    def holes(self) -> Mapping[str, typed.Hole]:
        """Its holes, by key."""

    def bound(self, inputs: Mapping[str, object]) -> Self:
        """Return it at the sizes that inputs say."""

    def soften(self) -> SoftProgram:
        """Return it as a module."""


@dataclass(frozen=True)
class SoftTrace:
    """What a soft program did with one input.

    Attributes:
        answer: softly: distributions, probabilities, numbers, as nested lists.
        steps: what was watched, in its order.
        title: what a picture of it is called.
    """

    answer: object
    steps: tuple[TraceStep, ...]
    title: str

    def render(self, path: str | Path) -> Path:
        """Draw it over time into a file; the suffix says the format (svg, png, pdf).

        Raises:
            DiffprogError: DP640 for another format, DP644 without matplotlib, DP645 where nothing
                was to be watched.
        """
        return plot(self.steps, path, title=self.title)

    @property
    def text(self) -> str:
        """The records, a line each."""
        return "\n".join(map(_line, self.steps))

    def __str__(self) -> str:
        return self.text


def _line(step: TraceStep) -> str:
    names = step.labels or [""] * len(step.values)
    shown = "  ".join(f"{n} {v:.2f}".strip() for n, v in zip(names, step.values, strict=False))
    return f"{step.step:>4}  {step.kind:<8}{step.line:>4}  {step.name:<24}  {shown}"


def traced(
    program: Program, inputs: Mapping[str, object], weights: Mapping[str, Any] | None = None
) -> SoftTrace:
    """Soften a program at the sizes of its inputs, run it, and watch it.

    Args:
        program: with holes or without; what its choices are is taken from it.
        inputs: by name, crisp or soft, without leading axes.
        weights: of the holes, by key; these come before the program's choices.
    """
    given = {name: plain(value) for name, value in inputs.items()}
    bound = program.bound(given)
    module = bound.soften().double()
    module.load_weights({k: v for k, v in (weights or {}).items() if k in bound.holes})
    answer, records = module.trace(**given)
    return SoftTrace(_listed(answer), from_report({"trace": records}), program.name)


def _listed(answer: Any) -> object:
    return [_listed(a) for a in answer] if isinstance(answer, tuple) else answer.tolist()
