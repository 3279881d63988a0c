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

MAX_RUNS = 50_000
"""Runs spent on finding what is undecided; what is left counts as decided, which is always safe."""
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
class Judge:
    """Runs a program on examples; equal examples are run once.

    Attributes:
        program: with its holes.
        examples: what it is run on.
    """

    program: Program
    examples: Examples

    @cached_property
    def cases(self) -> list[Case]:
        """The examples that differ, each with the program at its sizes."""
        found: dict[str, Case] = {}
        for example in self.examples.items:
            key = repr((example.sizes, sorted(example.inputs.items()), example.output))
            if key not in found:
                found[key] = Case(self.checked(dict(example.sizes)), example.inputs, example.output)
        return list(found.values())

    def checked(self, sizes: Mapping[str, int]) -> Checked:
        """Return the program at the sizes of an example, as far as it still has them."""
        known = self.program.sizes
        changed = {n: v for n, v in sizes.items() if n in known and v != known[n]}
        return self.program.at(**changed).checked

    def answer(self, case: Case, choices: Choices) -> Value | None:
        """Return the answer to a case, None where it is undefined."""
        try:
            return interpret(case.checked, case.inputs, choices).value
        except DiffprogError as error:
            if error.diagnostics[0].code not in UNDEFINED:
                raise
            return None

    def answers(self, choices: Choices) -> list[Value | None]:
        """Return the answer to each case."""
        return [self.answer(case, choices) for case in self.cases]

    def agrees(self, choices: Choices, answers: Sequence[Value | None]) -> bool:
        """Say whether choices give these answers."""
        pairs = zip(self.cases, answers, strict=True)
        return all(same(self.answer(case, choices), answer) for case, answer in pairs)

    def accuracy(self, choices: Choices | None = None) -> float:
        """Return the share of examples (each counted as often as it stands) that come out right."""
        right: dict[str, bool] = {}
        for example in self.examples.items:
            key = repr((example.sizes, sorted(example.inputs.items()), example.output))
            if key not in right:
                checked = self.checked(dict(example.sizes))
                case = Case(checked, example.inputs, example.output)
                right[key] = same(self.answer(case, choices or self.program.choices), case.output)
        keys = (repr((e.sizes, sorted(e.inputs.items()), e.output)) for e in self.examples.items)
        return sum(right[key] for key in keys) / max(1, len(self.examples))

    def decided(self, choices: Mapping[str, object], keys: Sequence[str]) -> dict[str, list[bool]]:
        """Return for each entry of these holes, row-major, whether an answer depends on it."""
        answers, met = self._met(choices, set(keys))
        budget = MAX_RUNS
        out = {}
        for key in keys:
            hole = self.program.holes[key]
            axes, entries = shape(hole), flattened(choices[key])
            found = []
            for i, entry in enumerate(entries):
                where = met.get((key, i), [])
                others = [k for k in range(alternatives(hole).size) if k != entry]
                flips = [
                    {**choices, key: nested([*entries[:i], k, *entries[i + 1 :]], axes)}
                    for k in others
                ]
                depends, runs = self._depends(flips, where, answers, budget)
                budget -= runs
                found.append(depends)
            out[key] = found
        return out

    def _depends(
        self,
        flips: Sequence[Mapping[str, object]],
        where: Sequence[int],
        answers: Sequence[Value | None],
        budget: int,
    ) -> tuple[bool, int]:
        """Say whether one of some changed choices changes an answer, and count the runs."""
        runs = 0
        for place in where:
            for flipped in flips:
                if runs >= budget:
                    return True, runs
                runs += 1
                try:
                    answer = self.answer(self.cases[place], flipped)
                except DiffprogError:  # the other alternative is masked here: no choice at all
                    continue
                if not same(answer, answers[place]):
                    return True, runs
        return False, runs

    def _met(
        self, choices: Choices, keys: set[str]
    ) -> tuple[list[Value | None], dict[tuple[str, int], list[int]]]:
        """Run every case; return the answers, and by entry the places of the cases that meet it."""
        look_up = as_decider(choices)
        met: dict[tuple[str, int], list[int]] = {}
        answers: list[Value | None] = []
        for place, case in enumerate(self.cases):
            asked: dict[tuple[str, Path], Hole] = {}
            answers.append(self.answer(case, _noting(look_up, asked)))
            for (key, path), hole in asked.items():
                if key in keys:
                    met.setdefault((key, _flat(path, shape(hole))), []).append(place)
        return answers, met


def _noting(decide: Decider, asked: dict[tuple[str, Path], Hole]) -> Decider:
    """Return a decider that notes what it is asked."""

    def noting(hole: Hole, path: Path, mask: Mask | None) -> int | float:
        asked[hole.key, path] = hole
        return decide(hole, path, mask)

    return noting


def _flat(path: Path, axes: Sequence[int]) -> int:
    place = 0
    for i, n in zip(path, axes, strict=True):
        place = place * n + i
    return place
