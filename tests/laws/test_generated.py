"""The generated programs themselves: they say what they should, check, and run.

What they are generated for is in the other files of this folder.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from diffprog.crisp.enumerate import enumerate_runs
from diffprog.crisp.interpret import interpret
from diffprog.lang import syntax
from tests.strategies import Generated, choices, programs, read_once_programs
from tests.strategies.choices import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = {
    "all": programs(halting=True),
    "finite": programs(finite_only=True),
    "without-holes": programs(holes=False, rough=True),
    "straight": programs(loops=False, functions=False),
    "read-once": read_once_programs(),
    "read-once-real": read_once_programs(finite_only=False),
}
MANY = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
SOME = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def is_value(value: object, t: object) -> bool:
    """Say whether a result is exactly a value of its type."""
    return t.encode(t.decode(value)) == value  # type: ignore[attr-defined, no-any-return]


@MANY
@given(programs(halting=True), st.data())
def test_programs_check_and_run(program: Generated, data: st.DataObject) -> None:
    """A program that is well typed by construction has no error, and its answer has its type."""
    checked = program.checked
    inputs = data.draw(program.inputs())
    outcome = interpret(checked, inputs, data.draw(choices(checked)))
    assert is_value(outcome.value, checked.main.result)
    assert all(left > 0 for left in outcome.unfinished.values())


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_check_and_run(kind: str) -> None:
    """So does each kind of program, and it prints as what it is."""

    @SOME
    @given(KINDS[kind], st.data())
    def law(program: Generated, data: st.DataObject) -> None:
        assert program.parsed == program.syntax
        inputs = data.draw(program.inputs())
        interpret(program.checked, inputs, data.draw(choices(program.checked)))

    law()


@SOME
@given(programs(), st.data())
def test_inputs_are_left_alone(program: Generated, data: st.DataObject) -> None:
    """A run changes no value that it is handed, and says the same twice."""
    inputs = data.draw(program.inputs())
    chosen = data.draw(choices(program.checked))
    before = repr((inputs, chosen))
    first = interpret(program.checked, inputs, chosen)
    assert repr((inputs, chosen)) == before
    assert interpret(program.checked, inputs, chosen) == first


@SOME
@given(programs(max_runs=32), st.data())
def test_enumerated_runs(program: Generated, data: st.DataObject) -> None:
    """Every run of the choices is enumerated once, among them the one that a table describes."""
    checked = program.checked
    inputs, chosen = data.draw(program.inputs()), data.draw(choices(checked))
    reals = {k: v for k, v in chosen.items() if checked.holes[k].kind == "real"}
    runs = list(enumerate_runs(checked, inputs, reals))
    met = [run.decisions for run in runs]
    assert len(set(met)) == len(met)
    assert met == sorted(met, key=lambda ds: [d.alternative for d in ds])
    # No run is the beginning of another: together they are all there is.
    assert not any(a == b[: len(a)] for a, b in pairwise(met))
    value = interpret(checked, inputs, chosen).value
    followed = [run for run in runs if all(follows(chosen, d) for d in run.decisions)]
    assert [run.value for run in followed] == [value]


def follows(chosen: dict[str, object], decision: tuple[str, tuple[int, ...], int, object]) -> bool:
    """Say whether a decision is the one that the choices make there."""
    leaf = chosen[decision[0]]
    for i in decision[1]:
        leaf = leaf[i]  # type: ignore[index]
    return leaf == decision[2]


def test_generated_programs_cover_the_language() -> None:
    """Every construct turns up; a strategy that stopped making one would go unnoticed."""
    seen: set[str] = set()

    # Shrinking says nothing here: what is missing is missing from all of them.
    @settings(MANY, max_examples=400, phases=[Phase.generate], derandomize=True, database=None)
    @given(programs(halting=True, rough=True))
    def look(program: Generated) -> None:
        seen.update(type(n).__name__ for n in walk(program.syntax))
        seen.update(type(n).__name__ + "!" for n in nodes(program.checked.main))

    look()
    missing = CONSTRUCTS - seen
    assert not missing


CONSTRUCTS = {
    *("Assign", "Update", "Learn", "Swap", "Return", "If", "Match", "For", "While", "Repeat"),
    *("Do", "ChooseBlock", "ChooseValue", "ChooseExpr", "Conditional", "Call", "Index", "Slice"),
    *("ArrayLiteral", "TupleLiteral", "Member", "Unary", "Binary", "Const", "EnumDecl", "Halting"),
    *("Narrow!", "Convert!", "Part!", "Reduce!", "Cut!", "ForEach!", "Hole!"),
}


def walk(node: object) -> Iterator[object]:
    """Yield every piece of syntax."""
    if isinstance(node, tuple):
        for item in node:
            yield from walk(item)
    elif isinstance(node, syntax.Syntax):
        yield node
        for name in node.__dataclass_fields__:
            if name != "span":
                yield from walk(getattr(node, name))
