"""The two programs for controllers that the design gives: they check, run and write programs."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

import diffprog as dp
from diffprog.pipeline.decided import program_for

WORD_PROBLEM = Path(__file__).parents[3] / "examples" / "word_problems" / "word_problem.dp"

TABLE = """size length
size words = 1000
size rows
size columns
program ask(question: int<words>[length], table: real[rows, columns], numeric: bool[columns], pivot: real) -> real:
    controller planner = lstm(hidden = 128) reads question
    selected: bool[rows] = true
    result = 0.0
    for step in 0 .. 4:
        column = choose int<columns> by planner where numeric
        choose by planner:
            result = count(selected)
            result = sum(table[:, column] where selected)
            selected = selected and table[:, column] > pivot
            selected = selected and table[:, column] < pivot
            selected = selected and only(argmax(table[:, column] where selected))
            pass
    return result
"""  # noqa: E501

ROWS = {"table": [[1.0, 9.0], [5.0, 7.0], [6.0, 2.0]], "numeric": [True, True], "pivot": 4.0}


def test_three_numbers_are_chosen_and_two_operations() -> None:
    """For one text the program is one expression."""
    choices = {f"answer.{name}#0": [k] for name, k in (("a", 0), ("b", 1), ("c", 2), ("x", 0))}
    program = dp.load(WORD_PROBLEM, length=4).decide({**choices, "answer.return#0": [1]})
    asked = {"text": [5, 6, 7, 8], "number": [2.0, 3.0, 4.0]}
    written = program_for(program, asked)
    assert written.run(**asked) == program.run(**asked) == 1
    assert not written.checked.decisions


@pytest.mark.parametrize(
    ("operations", "columns", "answer"),
    [
        ([2, 1, 5, 5], [0, 1, 0, 0], 9.0),  # those above 4 in the first column, the others' sum
        ([4, 1, 5, 5], [1, 0, 0, 0], 1.0),  # the row with the most in the second
        ([3, 0, 5, 5], [0, 0, 0, 0], 1.0),  # how many lie below 4
    ],
)
def test_a_table_is_asked_in_four_steps(
    operations: list[int], columns: list[int], answer: float
) -> None:
    """What is decided is an operation and a column a step; the text that is written says them."""
    choices = {"ask.column#0": columns, "ask.choose#0": operations}
    program = dp.loads(TABLE, length=3, rows=3, columns=2).decide(choices)
    asked = {"question": [1, 2, 3], **ROWS}
    written = program_for(program, asked)
    assert written.run(**asked) == program.run(**asked) == answer
    assert not written.checked.decisions


def test_columns_without_numbers_are_not_chosen() -> None:
    """The mask leaves one column, whatever the networks would say."""
    small = TABLE.replace("hidden = 128", "hidden = 4").replace("words = 1000", "words = 5")
    program = dp.loads(small, length=3, rows=3, columns=2)
    for seed, numeric in product(range(3), ([False, True], [True, False])):
        weights = {
            name: weight.tolist() for name, weight in program.soften(seed=seed).state_dict().items()
        }
        asked = {"question": [1, 2, 3], **ROWS, "numeric": numeric}
        told = program_for(program.decide(weights), asked, explain=True).source
        columns = re.findall(r"# line 10: (\d)", told)
        assert columns == [str(numeric.index(True))] * 4
