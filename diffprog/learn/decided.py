"""What the training answers of a hardened program depend on.

In: a program, choices for its holes, examples. Out: its answers, and which entries of its
tables are
decided: those of which some other alternative changes an answer. Entries that no example meets
are not. Crisp throughout: answers are those of the interpreter. Never imports torch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from diffprog.crisp.choices import alternatives, as_decider
from diffprog.crisp.interpret import interpret
from diffprog.errors import DiffprogError
from diffprog.lang.fillings import flattened
from diffprog.types import Array, Bool, Enum, Int

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.crisp.choices import Choices, Decider, Mask, Path
    from diffprog.lang.typed import Checked, Hole
    from diffprog.learn.examples import Examples
    from diffprog.pipeline import Program
    from diffprog.types import Value

MAX_STEPS = 1_000_000
"""Statements run to find what is undecided; what is left counts as decided: that is always safe."""
UNDEFINED = frozenset({"DP601", "DP602"})
"""Diagnostics of a run without a result: an answer too, and different from every value."""


@dataclass(frozen=True)
class Case:
    """An example as the interpreter takes it."""

    checked: Checked
    inputs: Mapping[str, Value]
    output: Value


def shape(hole: Hole) -> tuple[int, ...]:
    """Return the shape of a hole's choice: the domain of `given`, then that of a learned block."""
    given = tuple(t.size for t in hole.given if isinstance(t, Bool | Int | Enum))
    return given + (hole.type.shape if isinstance(hole.type, Array) else ())


def nested(entries: Sequence[int], axes: Sequence[int]) -> object:
    """Return flat entries as nested lists of a shape; without axes the entry itself.

    >>> nested([1, 2, 3, 4], (2, 2))
    [[1, 2], [3, 4]]
    """
    if not axes:
        return entries[0]
    step = len(entries) // axes[0] if axes[0] else 0
    return [nested(entries[i * step : (i + 1) * step], axes[1:]) for i in range(axes[0])]


def same(a: Value | None, b: Value | None) -> bool:
    """Say whether two answers are one: reals up to rounding, None only to None."""
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
    return a == b


@dataclass(frozen=True)
class Survey:
    """What choices give on every case.

    Attributes:
        choices: the choices.
        answers: the answer to each case.
        steps: how many statements that took.
        met: by hole and entry (row-major), the places of the cases that meet it.
    """

    choices: Mapping[str, object]
    answers: list[Value | None]
    steps: list[int]
    met: dict[tuple[str, int], list[int]]


@dataclass(frozen=True)
class Judge:
    """Runs a program on examples; equal examples are run once.

    Attributes:
        program: with its holes; its networks have the weights that are among its choices.
        examples: what it is run on.
    """

    program: Program
    examples: Examples

    @cached_property
    def keys(self) -> list[str]:
        """What tells each example from others."""
        return [repr((e.sizes, sorted(e.inputs.items()), e.output)) for e in self.examples.items]

    @cached_property
    def cases(self) -> list[Case]:
        """The examples that differ, each with the program at its sizes."""
        different = dict(zip(self.keys, self.examples.items, strict=True)).values()
        return [Case(self.checked(dict(e.sizes)), e.inputs, e.output) for e in different]

    def checked(self, sizes: Mapping[str, int]) -> Checked:
        """Return the program at the sizes of an example, as far as it still has them."""
        known = self.program.sizes
        changed = {n: v for n, v in sizes.items() if n in known and v != known[n]}
        return self.program.at(**changed).checked

    def run(self, case: Case, choices: Choices) -> tuple[Value | None, int]:
        """Return the answer to a case, None where it is undefined, and the statements it took."""
        try:
            nets = self.program.networks
            outcome = interpret(case.checked, case.inputs, choices, nets=nets)
        except DiffprogError as error:
            if error.diagnostics[0].code not in UNDEFINED:
                raise
            return None, 1
        return outcome.value, outcome.steps

    def agrees(self, choices: Choices, answers: Sequence[Value | None]) -> bool:
        """Say whether choices give these answers."""
        pairs = zip(self.cases, answers, strict=True)
        return all(same(self.run(case, choices)[0], answer) for case, answer in pairs)

    def accuracy(self, choices: Choices | None = None) -> float:
        """Return the share of examples that come out right, each counted as often as it stands."""
        known = self.program.choices if choices is None else choices
        marks = [same(self.run(case, known)[0], case.output) for case in self.cases]
        right = dict(zip(dict.fromkeys(self.keys), marks, strict=True))
        return sum(right[key] for key in self.keys) / max(1, len(self.keys))

    def survey(self, choices: Mapping[str, object]) -> Survey:
        """Run every case, and note which entries it meets."""
        look_up = as_decider(choices)
        found = Survey(choices, [], [], {})
        for place, case in enumerate(self.cases):
            asked: dict[tuple[str, Path], Hole] = {}
            answer, steps = self.run(case, _noting(look_up, asked))
            found.answers.append(answer)
            found.steps.append(steps)
            for (key, path), hole in asked.items():
                found.met.setdefault((key, _flat(path, shape(hole))), []).append(place)
        return found

    def decided(self, survey: Survey, keys: Sequence[str]) -> dict[str, list[bool]]:
        """Return for each entry of these holes, row-major, whether an answer depends on it."""
        budget = MAX_STEPS
        out: dict[str, list[bool]] = {}
        for key in keys:
            hole = self.program.holes[key]
            axes, entries = shape(hole), flattened(survey.choices[key])
            out[key] = []
            for i, entry in enumerate(entries):
                flips = [
                    {**survey.choices, key: nested([*entries[:i], k, *entries[i + 1 :]], axes)}
                    for k in range(alternatives(hole).size)
                    if k != entry
                ]
                depends, steps = self._depends(flips, survey.met.get((key, i), []), survey, budget)
                budget -= steps
                out[key].append(depends)
        return out

    def _depends(
        self,
        flips: Sequence[Mapping[str, object]],
        where: Sequence[int],
        survey: Survey,
        budget: int,
    ) -> tuple[bool, int]:
        """Say whether one of some changed choices changes an answer, and what that took."""
        steps = 0
        for place in where:
            for flipped in flips:
                if steps >= budget:
                    return True, steps
                steps += survey.steps[place]
                try:
                    answer, _ = self.run(self.cases[place], flipped)
                except DiffprogError:  # the other alternative is masked here: no choice at all
                    continue
                if not same(answer, survey.answers[place]):
                    return True, steps
        return False, steps


def _noting(decide: Decider, asked: dict[tuple[str, Path], Hole]) -> Decider:
    """Return a decider that notes what it is asked."""

    def noting(hole: Hole, path: Path, mask: Mask | None) -> int | float | None:
        if not hole.by:
            asked[hole.key, path] = hole
        return decide(hole, path, mask)

    return noting


def _flat(path: Path, axes: Sequence[int]) -> int:
    place = 0
    for i, n in zip(path, axes, strict=True):
        place = place * n + i
    return place
