"""Emission: from learned choices to a program that a person reads.

In: a program with holes, choices for them, the examples they were learned from. Out: a
`Program` whose text has the choices written in: tables as they are, or generalised to the
shortest expression that agrees with them wherever a training answer depends on it. The text is
parsed and checked again, and run on the examples. Never imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from diffprog.crisp.choices import alternatives
from diffprog.errors import InvariantError
from diffprog.lang import syntax
from diffprog.lang.check.names import choices as holes_in
from diffprog.lang.check.names import hole_keys
from diffprog.lang.fillings import Known, flattened
from diffprog.learn.decided import Judge, nested, same, shape
from diffprog.learn.generalise import Table, generalise
from diffprog.pipeline import plain
from diffprog.pipeline.filling import fillings
from diffprog.types import Array, Bool, Enum, Int

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diffprog.lang.fillings import Filling
    from diffprog.lang.typed import Hole
    from diffprog.learn.decided import Survey
    from diffprog.learn.examples import Examples
    from diffprog.pipeline import Program
    from diffprog.types import Value

Choices: TypeAlias = Mapping[str, object]
Mode: TypeAlias = Literal["auto", "verbatim", "general"]

MOST_TRIED = 40
"""Expressions for one hole that are run on the examples before its table is printed."""
CLEAR = 0.9
"""A choice whose leading alternative weighs less has stayed undecided, and that is printed."""
SLIGHT = 0.05
"""The weight up to which an alternative is no rival of the leading one."""


def emit(
    program: Program,
    choices: Choices,
    examples: Examples | None = None,
    *,
    mode: Mode = "auto",
    weights: Mapping[str, object] | None = None,
) -> Program:
    """Write choices into a program's text.

    Args:
        program: with its holes.
        choices: the hardened choices, in the form of `diffprog.crisp.choices`.
        examples: what they were learned from; without, every entry of a table counts as decided.
        mode: ``verbatim`` prints tables; ``auto`` prints an expression where a short one is
            found (short beside the number of entries that it agrees with), ``general`` also a
            longer one.
        weights: softmaxed weights of the holes by key, the alternatives on the last axis:
            choices that stayed undecided are said in a comment, unless the examples, all
            answered rightly, settle them.

    Returns:
        The program as parsed from the new text. On the examples it gives the answers of the
        hardened program.
    """
    judge = None if examples is None else Judge(program.decide(choices), examples)
    survey = None if judge is None else judge.survey(choices)
    filled = fillings(program.holes, choices)
    decided: dict[str, list[bool]] = {}
    if mode != "verbatim":
        tables = [k for k, h in program.holes.items() if k in choices and _is_table(h)]
        decided = {k: [True] * len(flattened(choices[k])) for k in tables}
        if judge is not None and survey is not None:
            decided = judge.decided(survey, tables)
        search = _Search(program, judge, [] if survey is None else survey.answers, decided)
        filled.update(search.found(choices, thorough=mode == "general"))
    notes = {} if weights is None else undecided(program.holes, weights, decided)
    if judge is not None and survey is not None and weights is not None:
        notes = {k: n for k, n in notes.items() if not _settled(judge, survey, k, weights[k])}
    emitted = program.filled(filled, choices, notes)
    if survey is not None and examples is not None:
        after = Judge(emitted, examples)
        if not after.agrees(emitted.choices, survey.answers):
            message = f"the emitted program gives other answers:\n{emitted.source}"
            raise InvariantError(message)
    return emitted


# --- expressions for tables -----------------------------------------------------------------------


@dataclass(frozen=True)
class _Search:
    """Tries expressions for tables on the examples.

    Attributes:
        program: with its holes.
        judge: runs the examples; None where there are none.
        answers: what they have to give.
        decided: the tables, and which of their entries an answer depends on.
    """

    program: Program
    judge: Judge | None
    answers: Sequence[Value | None]
    decided: Mapping[str, list[bool]]

    def found(self, choices: Choices, *, thorough: bool) -> dict[str, Filling]:
        """Return expressions for those tables that have one, found one after the other."""
        nodes = {key: node for f in _functions(self.program) for key, node in _by_key(f).items()}
        found: dict[str, Filling] = {}
        current = dict(choices)
        for key, decided in self.decided.items():
            hole, entries = self.program.holes[key], flattened(choices[key])
            tries: Iterable[tuple[Filling, tuple[int, ...]]]
            if hole.kind == "table":
                tries = _uniform(hole, entries, decided)
            else:
                table = _table(self.program, hole, nodes[key], entries, decided)
                tries = islice(generalise(table, thorough=thorough), MOST_TRIED)
            for filling, new in tries:
                trial = {**current, key: nested(new, shape(hole))}
                if self.judge is None or self.judge.agrees(trial, self.answers):
                    found[key], current = filling, trial
                    break
        return found


def _is_table(hole: Hole) -> bool:
    return bool(hole.given) or (hole.kind == "table" and isinstance(hole.type, Array))


def _uniform(
    hole: Hole, entries: list[int], decided: list[bool]
) -> list[tuple[Filling, tuple[int, ...]]]:
    """Return the one value that fills a learned block, where its decided cells all have it."""
    used = {k for k, d in zip(entries, decided, strict=True) if d} or {entries[0]}
    if len(used) > 1:
        return []
    (k,) = used
    return [(Known(alternatives(hole).values()[k]), (k,) * len(entries))]


def _functions(program: Program) -> list[syntax.Function]:
    return [d for d in program.syntax.declarations if isinstance(d, syntax.Function)]


def _by_key(function: syntax.Function) -> dict[str, syntax.Syntax]:
    keys = hole_keys(function)
    return {keys[id(node)]: node for node in holes_in(function.body)}


def _table(
    program: Program, hole: Hole, node: syntax.Syntax, entries: list[int], decided: list[bool]
) -> Table:
    assert isinstance(node, syntax.ChooseValue | syntax.ChooseExpr | syntax.ChooseBlock)
    silent = None
    if isinstance(node, syntax.ChooseBlock):
        kinds = [isinstance(a, syntax.Pass) for a in node.alternatives]
        silent = kinds.index(True) if True in kinds else None
    numbers = _constants(program, hole)
    return Table(
        hole, node.decider.given, tuple(entries), tuple(decided), numbers, node.span, silent
    )


def _constants(program: Program, hole: Hole) -> dict[int, str | None]:
    """Return the numbers that expressions may use: sizes of the types, by name if any."""
    types = [t for t in (*hole.given, hole.type) if isinstance(t, Int)]
    numbers: dict[int, str | None] = {t.hi: None for t in types if t.hi > 2}
    if hole.key.startswith(f"{program.syntax.main.name}."):  # a `fn` may bind a size anew
        for name in sorted(program.checked.structural, reverse=True):
            if program.sizes[name] > 2:
                numbers[program.sizes[name]] = name
    return dict(sorted(numbers.items()))


# --- what stayed open -----------------------------------------------------------------------------


def undecided(
    holes: Mapping[str, Hole],
    weights: Mapping[str, object],
    decided: Mapping[str, list[bool]] | None = None,
) -> dict[str, str]:
    """Return a remark for each hole of which some choice has no clear winner.

    Of a table only those entries count that are `decided`, where that is known.

    >>> from diffprog.errors import Source, Span
    >>> from diffprog.lang.typed import Hole
    >>> here = Span(Source("f.dp", ""), 0, 0)
    >>> hole = Hole("f.x#0", "select", Int(0, 2), (), here, ("a + b", "a - b"))
    >>> undecided({"f.x#0": hole}, {"f.x#0": [0.6, 0.4]})
    {'f.x#0': 'undecided: `a + b` 0.60, `a - b` 0.40'}
    """
    remarks = {}
    for key, hole in holes.items():
        if key not in weights or hole.kind == "real":
            continue
        table = np.asarray(plain(weights[key]), dtype=float)
        rows = table.reshape(-1, table.shape[-1])
        if decided is not None and key in decided:
            rows = rows[np.array(decided[key], dtype=bool)]
        unclear = int((rows.max(axis=1) < CLEAR).sum())
        if unclear and table.ndim > 1:
            remarks[key] = f"undecided: {unclear} of {len(rows)} entries"
        elif unclear:
            remarks[key] = _shares(hole, rows[0].tolist())
    return remarks


def _settled(judge: Judge, survey: Survey, key: str, weights: object) -> bool:
    """Say whether right answers leave a hole no other alternative that has some weight."""
    pairs = zip(judge.cases, survey.answers, strict=True)
    if not all(same(case.output, answer) for case, answer in pairs):
        return False
    if _is_table(judge.program.holes[key]):
        return True  # what counts of a table are the entries that an answer depends on
    row = np.asarray(plain(weights), dtype=float)
    rivals = [k for k in np.nonzero(row > SLIGHT)[0].tolist() if k != survey.choices[key]]
    return not any(judge.agrees({**survey.choices, key: k}, survey.answers) for k in rivals)


def _shares(hole: Hole, row: list[float]) -> str:
    names = hole.labels or [str(v) for v in _values(hole)]
    ranked = sorted(zip(row, names, strict=False), key=lambda p: -p[0])[:4]
    return "undecided: " + ", ".join(f"`{name}` {share:.2f}" for share, name in ranked)


def _values(hole: Hole) -> list[object]:
    item = hole.type.item if isinstance(hole.type, Array) else hole.type
    assert isinstance(item, Bool | Int | Enum)
    return [item.decode(v) for v in item.values()]
