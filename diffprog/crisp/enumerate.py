"""Every run of a program that its holes allow: the judge of inference over choices.

In: a checked program and crisp inputs. Out: each sequence of decisions that a run can meet, and
what the run gives. Free choices and cells of a `learn` are decided once a run, a choice `given`
values each time it is met. Never imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from diffprog.crisp.choices import alternatives, as_decider
from diffprog.crisp.interpret import interpret
from diffprog.errors import DiffprogError, fail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diffprog.crisp.choices import Mask, Path
    from diffprog.lang.typed import Checked, Hole
    from diffprog.types import Value

UNDEFINED = {"DP601", "DP602"}
"""Diagnostics of a run that has no result: as an outcome its likelihood is 0."""


class Decision(NamedTuple):
    """An alternative taken at a place of a hole, among those that a mask left."""

    key: str
    path: Path
    alternative: int
    mask: Mask | None = None


class Run(NamedTuple):
    """A sequence of decisions and the result, None where the run met something undefined."""

    decisions: tuple[Decision, ...]
    value: Value | None


def enumerate_runs(
    checked: Checked,
    inputs: Mapping[str, Value],
    reals: Mapping[str, object] | None = None,
    *,
    limit: int = 100_000,
) -> Iterator[Run]:
    """Yield every run, in the order of the alternatives.

    Args:
        checked: the program.
        inputs: as for `interpret`.
        reals: values of the holes of kind `real`, which are not decisions.
        limit: the largest number of runs that is worth waiting for.

    Raises:
        DiffprogError: DP323 where there are more runs than `limit`.
    """
    pending: list[tuple[int, ...]] = [()]
    count = 0
    while pending:
        count += 1
        if count > limit:
            fail("DP323", f"the choices allow more than {limit} runs", checked.main.span)
        script = _Script(pending.pop(), reals or {})
        try:
            value: Value | None = interpret(checked, inputs, script.decide).value
        except DiffprogError as error:
            if error.diagnostics[0].code not in UNDEFINED:
                raise
            value = None
        yield Run(tuple(script.decisions), value)
        pending += script.untried


@dataclass
class _Script:
    """A decider that repeats a beginning, then takes first alternatives and notes the rest."""

    beginning: tuple[int, ...]
    reals: Mapping[str, object]
    decisions: list[Decision] = field(default_factory=list)
    remembered: dict[tuple[str, Path], int] = field(default_factory=dict)
    untried: list[tuple[int, ...]] = field(default_factory=list)

    def decide(self, hole: Hole, path: Path, mask: Mask | None) -> int | float:
        """Answer for a hole (see `Decider`)."""
        if hole.kind == "real":
            return self.real(hole, path)
        if (hole.key, path) not in self.remembered:
            chosen = self.next(hole, mask)
            self.decisions.append(Decision(hole.key, path, chosen, mask))
            if hole.given or hole.by:
                return chosen  # decided anew each time it is met
            self.remembered[hole.key, path] = chosen
        return self.remembered[hole.key, path]

    def real(self, hole: Hole, path: Path) -> float:
        """Look up a learned real."""
        found = as_decider(self.reals)(hole, path, None)
        assert found is not None
        return found

    def next(self, hole: Hole, mask: Mask | None) -> int:
        """Take the next alternative of the beginning, or the first that is allowed."""
        place = len(self.decisions)
        if place < len(self.beginning):
            return self.beginning[place]
        count = alternatives(hole).size
        allowed = [k for k in range(count) if mask is None or mask[k]]
        if not allowed:
            fail("DP322", f"every alternative of `{hole.key}` is masked", hole.span)
        taken = tuple(d.alternative for d in self.decisions)
        # The last is tried first: runs come in the order of the alternatives.
        self.untried += [(*taken, k) for k in reversed(allowed[1:])]
        return allowed[0]
