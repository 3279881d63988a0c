"""Runs of a soft program that were watched: what memory held, where was read, what was weighed.

In: a program, inputs, weights of its holes. Out: `SoftTrace`: answers, records, pictures, a page.
Each input is run twice, softly and at temperature 0, which is the crisp program. Torch is loaded
when a trace is asked for.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from diffprog.errors import titled
from diffprog.pipeline.answers import answer_text, listed
from diffprog.pipeline.data import clipped, plain
from diffprog.view.alignment import alignment
from diffprog.view.page import Item
from diffprog.view.panels import ANSWER
from diffprog.view.plot import plot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.lang import typed
    from diffprog.pipeline.stages import Drawing
    from diffprog.soft.module import SoftProgram
    from diffprog.trace import TraceStep
    from diffprog.types import Type
    from diffprog.view.panels import Words


class Program(Protocol):
    """A program, as far as it matters here."""

    @property
    def name(self) -> str:
        """The name of its text."""

    @property
    def holes(self) -> Mapping[str, typed.Hole]:
        """Its holes, by key."""

    @property
    def result(self) -> Type:
        """The type of its answer."""

    def bound(self, inputs: Mapping[str, object]) -> Self:
        """Return it at the sizes that inputs say."""

    def soften(self) -> SoftProgram:
        """Return it as a module."""

    def graph(self) -> Drawing:
        """Return its graph."""


@dataclass(frozen=True)
class SoftTrace:
    """What a soft program did, with one input or with several.

    Attributes:
        program: at the sizes of the first input.
        answers: softly, one an input: distributions, probabilities, numbers, as nested lists.
        items: what was watched, one an input.
        weights: of the program's holes by key, as far as they are known.
    """

    program: Program
    answers: tuple[object, ...]
    items: tuple[Item, ...]
    weights: Mapping[str, Any] = field(default_factory=dict)

    @property
    def answer(self) -> object:
        """The soft answer to the first input."""
        return self.answers[0]

    @property
    def steps(self) -> tuple[TraceStep, ...]:
        """What was watched with the first input, in its order."""
        return tuple(self.items[0].steps)

    def render(
        self, path: str | Path, words: Words | None = None, only: Sequence[str] = ()
    ) -> Path:
        """Draw it into a file; the suffix says the format.

        A picture over time of the first input (svg, png, pdf), or a page that shows every input,
        the program and its graph (html).

        Args:
            path: where to.
            words: what cells are called, by the name of their array; under `answer`, what each
                read is for.
            only: the variables that a picture shows, and the moments at which something happens
                with them; all by default. A page shows all.

        Raises:
            DiffprogError: DP640 for another format, DP644 without matplotlib, DP645 where nothing
                was to be watched, and what drawing a graph may raise.
        """
        if Path(path).suffix.lower() != ".html":
            shown = of_variables(self.steps, only) if only else self.steps
            return plot(shown, path, title=titled(self.program.name), words=words)
        drawing = self.program.graph()
        return drawing.render(path, self.weights, items=self.items, words=words)

    def alignment(
        self,
        path: str | Path,
        array: str,
        *,
        over: Any = None,
        grid: tuple[int, int] | None = None,
        words: Words | None = None,
    ) -> Path:
        """Draw where an array was read at each step, with the first input (svg, png, pdf).

        Args:
            path: where to.
            array: its name in the program.
            over: what its cells stand for: a row of numbers for each (a spectrogram), or, with
                `grid`, a picture.
            grid: rows and columns of cells in the picture.
            words: what cells are called, by the name of their array; under `answer`, what each
                read is for.

        Raises:
            DiffprogError: DP640 for another format, DP644 without matplotlib, DP645 where the array
                is not read by weight, DP646 where `over` does not fit it.
        """
        known = words or {}
        return alignment(
            self.steps, path, array, over=over, grid=grid, cells=known.get(array, ()),
            answer=known.get(ANSWER, ()), title=titled(self.program.name),
        )  # fmt: skip

    @property
    def text(self) -> str:
        """The records, a line each; of several inputs, one after the other."""
        return "\n".join(_line(step) for item in self.items for step in item.steps)

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Show the page in a notebook."""
        return self.program.graph().bundle(self.weights, items=self.items)


def _line(step: TraceStep) -> str:
    names = step.labels or [""] * len(step.values)
    shown = "  ".join(f"{n} {v:.2f}".strip() for n, v in zip(names, step.values, strict=False))
    where = f"{step.file}:{step.line}" if step.file else f"{step.line:>4}"
    return f"{step.step:>4}  {step.kind:<8}{where}  {step.name:<24}  {shown}"


def traced(
    program: Program,
    items: Sequence[Mapping[str, object]],
    weights: Mapping[str, Any] | None = None,
) -> SoftTrace:
    """Soften a program at the sizes of each input, run it, and watch it.

    Args:
        program: with holes or without; what its choices are is taken from it.
        items: inputs by name, crisp or soft, without leading axes.
        weights: of the holes, by key; these come before the program's choices.
    """
    given = [{name: plain(value) for name, value in item.items()} for item in items]
    bound = [program.bound(item) for item in given]
    known = {k: v for k, v in (weights or {}).items() if k in bound[0].holes}
    found = [_watch(p, item, known) for p, item in zip(bound, given, strict=True)]
    answers, watched = zip(*found, strict=True)
    return SoftTrace(bound[0], answers, watched, known)


def _watch(
    program: Program, given: Mapping[str, object], weights: Mapping[str, Any]
) -> tuple[object, Item]:
    module = program.soften().double()
    module.load_weights(weights)
    answer, steps = _run(module, given, program.name)
    module.temperature = module.choice_temperature = 0.0
    crisp_answer, crisp_steps = _run(module, given, program.name)
    t = program.result
    item = Item(
        ", ".join(f"{name} = {clipped(json.dumps(value), 40)}" for name, value in given.items()),
        answer_text(t, answer),
        steps,
        answer_text(t, crisp_answer),
        crisp_steps,
    )
    return listed(answer), item


def _run(
    module: SoftProgram, given: Mapping[str, object], own: str
) -> tuple[Any, tuple[TraceStep, ...]]:
    # Lines of the program's own text are told without the name of a file.
    answer, found = module.trace(**given)
    return answer, tuple(s._replace(file="") if s.file == own else s for s in found)


def of_variables(steps: Sequence[TraceStep], names: Sequence[str]) -> list[TraceStep]:
    """Return the steps of some variables, their moments numbered anew."""
    shown = [step for step in steps if not set(names).isdisjoint(_variable(step).split(", "))]
    moments = {moment: i for i, moment in enumerate(sorted({step.step for step in shown}))}
    return [step._replace(step=moments[step.step]) for step in shown]


def _variable(step: TraceStep) -> str:
    """Return what a step is about: of `content, writes to memory` it is `memory`."""
    return re.split(" (?:of|to) ", step.name)[-1]
