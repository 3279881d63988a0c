"""Each golden program gives what its comments say, in every way of running a program there is.

A way is a function from a case to the `Answer` it gives; a way that cannot take a case skips it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from diffprog.crisp.interpret import interpret
from diffprog.errors import DiffprogError
from diffprog.lang.format import format_program
from diffprog.lang.parse import parse
from tests.goldens import Case, cases

FILES = sorted((Path(__file__).parent / "golden" / "run").glob("*.dp"))
CASES = [case for path in FILES for case in cases(path)]


@dataclass
class Answer:
    """What a way gives: the result as JSON, and what it reports of the loops by line.

    `None` for what a way does not know; then it is not compared.
    """

    out: Any
    unfinished: dict[int, float] | None = None
    cost: dict[int, float] | None = field(default=None)


Way: TypeAlias = Callable[[Case], Answer]


def interpreted(case: Case) -> Answer:
    """Run the typed tree."""
    checked = case.checked()
    outcome = interpret(checked, case.encoded(checked), case.choices)
    result = checked.main.result.decode(outcome.value)
    return Answer(result, dict(outcome.unfinished), outcome.costs)


def printed(case: Case) -> Answer:
    """Print the program, and run what was printed. Lines move, so loops are not compared."""
    text = format_program(parse(case.source))
    checked = case.checked(text)
    outcome = interpret(checked, case.encoded(checked), case.choices)
    return Answer(checked.main.result.decode(outcome.value))


WAYS: dict[str, Way] = {"interpret": interpreted, "print": printed}


def as_json(value: Any) -> Any:
    """Return a decoded value with lists for tuples, as JSON has it."""
    return [as_json(v) for v in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.program}:{c.line}")
def test_golden(case: Case, way: str) -> None:
    """The answer is the one that the file states, to the last bit."""
    if case.error is not None:
        with pytest.raises(DiffprogError) as caught:
            WAYS[way](case)
        assert caught.value.diagnostics[0].code == case.error
        return
    answer = WAYS[way](case)
    assert as_json(answer.out) == case.out
    for found, wanted in ((answer.unfinished, case.unfinished), (answer.cost, case.cost)):
        if found is not None and wanted is not None:
            assert found == wanted


def test_each_file_has_cases() -> None:
    """A golden program without a case proves nothing."""
    assert {path.stem for path in FILES} == {case.program for case in CASES}
