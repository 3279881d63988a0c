"""Asking tables: what files and questions are read as; answers by a program that was trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import diffprog as dp
from diffprog.ask.answers import answer
from diffprog.ask.questions import put
from diffprog.ask.tables import read_table
from diffprog.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from diffprog.pipeline import Program

SMALL = """enum Word: blank, unknown, n0, entry, c0, c1, t0, count, sum, rows, show, where_
size length = 8
size rows = 3
size columns = 2
size texts = 1

program ask(
    question: Word[length], number: real[1], known: bool[1],
    table: real[rows, columns], there: bool[columns], said: bool[rows, texts], written: bool[texts]
) -> (real, bool[rows, columns], bool[rows, texts]):
    controller planner = gru(hidden = 8, blank = 0) reads question
    selected: bool[rows] = true
    cells: bool[rows, columns] = false
    words: bool[rows, texts] = false
    result = 0.0
    choose by planner where [true, any(known), any(written)]:
        pass
        selected = table[:, choose int<columns> by planner where there] > number[0]
        selected = said[:, 0]
    choose by planner where [true, any(there), any(written)]:
        result = count(selected)
        cells[:, choose int<columns> by planner where there] = selected
        words[:, 0] = selected
    return result, cells, words
"""
GOALS = 'team,year,"goals, all"\nA,1990,"1,200"\nB,1991,5 goals\n"Ç, D",1995,\n'


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train the small program on questions of a few forms."""
    folder = tmp_path_factory.mktemp("asked") / "run"
    table, said, examples = [[1.0, 9.0], [5.0, 2.0], [8.0, 7.0]], [True, False, True], []
    for start in ("count rows", "show c0", "show c1", "show t0"):
        for where in ("", "where_ c0 n0", "where_ c1 n0", "where_ t0 entry"):
            words = f"{start} {where}".split()
            chosen = [True] * 3 if not where else [row["c1" in where] > 4 for row in table]
            chosen = said if "entry" in where else chosen
            shown = [[c and start == f"show c{j}" for j in range(2)] for c in chosen]
            texts = [[c and start == "show t0"] for c in chosen]
            result = float(sum(chosen)) if start == "count rows" else 0.0
            inputs = {"question": words + ["blank"] * (8 - len(words)), "number": [4.0],
                      "known": ["n0" in where], "table": table, "there": [True, True],
                      "said": [[s and "entry" in where] for s in said],
                      "written": [True]}  # fmt: skip
            examples.append((inputs, [result, shown, texts]))
    program = dp.loads(SMALL)
    result = dp.fit(program, examples, steps=300, network_lr=0.02, out=folder, progress=False)
    assert result.best.train == 1
    return folder


def learned(run: Path) -> Program:
    """Return what was trained."""
    return dp.load(run / "learned.dp")


@pytest.fixture
def goals(tmp_path: Path) -> Path:
    """Write a table with a quoted comma, a unit, an empty cell, and letters beyond ASCII."""
    path = tmp_path / "goals.csv"
    path.write_text(GOALS, encoding="utf-8")
    return path


def test_columns_are_numbers_where_every_cell_is_one(goals: Path) -> None:
    """Commas and units are read, an empty cell is no number, text stays text."""
    table = read_table(str(goals))
    assert table.header == ("team", "year", "goals, all")
    assert list(table.numbers) == [1, 2]
    assert table.numbers[1] == [1990, 1991, 1995]
    assert table.numbers[2][:2] == [1200, 5]
    assert table.rows[2] == ("Ç, D", "1995", "")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "DP651"),
        ("year,goals\n", "DP651"),
        ("1990,3\n1991,5\n", "DP651"),
        ("year,goals\n1990,3,4\n1991,5\n", "DP651"),
    ],
)
def test_what_is_no_table_is_refused(text: str, code: str, tmp_path: Path) -> None:
    """Nothing, no rows, no header, ragged rows: each says what it is."""
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(dp.DiffprogError) as caught:
        read_table(str(path))
    assert caught.value.diagnostics[0].code == code


def test_a_question_names_columns_and_numbers(goals: Path) -> None:
    """Names become places, numbers go apart, words of the language are found; rows need numbers."""
    asked = put("Count rows where Goals, all > 1,000!", read_table(str(goals)), dp.loads(SMALL))
    assert asked.inputs["question"] == ["count", "rows", "where_", "c1", "n0", *["blank"] * 3]
    assert asked.inputs["number"] == [1000]
    assert (asked.columns, asked.rows) == ((1, 2), (0, 1))


@pytest.mark.parametrize(
    "question",
    [
        " ?",
        "wer war es",
        "count rows 1 2",
        "count count count count count rows rows rows rows",
    ],
)
def test_what_cannot_be_asked_is_refused(question: str, goals: Path) -> None:
    """Nothing, no known word, too many numbers, too many words."""
    with pytest.raises(dp.DiffprogError, match="DP654"):
        put(question, read_table(str(goals)), dp.loads(SMALL))


def test_a_program_that_asks_no_tables_is_refused(goals: Path) -> None:
    """Another program has other parameters."""
    other = dp.loads("program p(x: bool) -> bool:\n    return choose(x, not x)\n")
    with pytest.raises(dp.DiffprogError, match="DP653"):
        put("count rows", read_table(str(goals)), other)


def test_a_table_is_asked(run: Path, goals: Path) -> None:
    """The program that is written has no decisions, and runs on tables of any length."""
    goals.write_text(GOALS + "E,2001,7\nF,2002,8\n", encoding="utf-8")
    table = read_table(str(goals))
    found = answer(learned(run), table, "count rows where goals, all 6")
    assert (found.result, found.selected, found.left_out) == (3, (0, 3, 4), 1)
    assert "choose" not in found.program.source
    goals.write_text(GOALS + "E,2001,7\n" * 60, encoding="utf-8")
    many = answer(learned(run), read_table(str(goals)), "count rows where goals, all 6")
    assert (many.result, many.selected[-1]) == (61, 62)  # more than it was written by
    shown = answer(learned(run), table, "show year where goals, all 7")
    assert [text for _, _, text in shown.cells] == ["1990", "2002"]


def test_the_command_answers_or_says_that_it_cannot(
    run: Path, goals: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer goes to standard output; with too little weight there is none."""
    arguments = ["ask", str(run), str(goals), "count rows where year 1990"]
    assert main.run(arguments) == 0
    said = capsys.readouterr()
    assert said.out == "1\n"
    assert "rows selected: 1 of 3" in said.err
    assert main.run([*arguments, "--least", "1"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "no answer" in said.err


def test_the_command_says_what_it_does_not_know(
    run: Path, goals: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Words that were not understood are named; the program is shown without declarations."""
    main.run(["ask", str(run), str(goals), "please count rows, whoever", "--least", "0"])
    said = capsys.readouterr().err
    assert "words that it does not know: please, whoever\n" in said
    assert said.startswith("program ask(")


def ask(goals: Path, text: str, question: str) -> dict[str, Any]:
    """Put a question to a table of this text, as the small program takes it."""
    goals.write_text(text, encoding="utf-8")
    return put(question, read_table(str(goals)), dp.loads(SMALL)).inputs


def test_a_hundred_thousand_rows_are_read(goals: Path) -> None:
    """Long tables are read, and put, as they are."""
    lines = "".join(f"name {i % 1000},{i}\n" for i in range(100_000))
    inputs = ask(goals, f"who,number\n{lines}", "count rows where who name 7")
    assert inputs["question"][:5] == ["count", "rows", "where_", "t0", "entry"]
    assert sum(row[0] for row in inputs["said"]) == 100
    assert len(inputs["table"]) == 100_000


def test_letters_of_all_languages_and_quotes_are_read(goals: Path) -> None:
    """Names of columns and entries may hold anything, also quotes and commas."""
    text = '"größe, cm",Ürün\n180,"Ça ""va"""\n172,東京\n'
    inputs = ask(goals, text, 'show Größe, cm where ürün ça "va" 3')
    assert inputs["question"][:6] == ["show", "c0", "where_", "t0", "entry", "n0"]
    assert inputs["said"] == [[True], [False]]
    assert ask(goals, text, "count rows where ürün 東京")["said"] == [[False], [True]]


def test_a_table_without_numbers_is_asked_for_text(goals: Path) -> None:
    """No column of numbers is there; its text can still be shown."""
    inputs = ask(goals, "city\nRome\nOslo\n", "show city where city oslo")
    assert inputs["there"] == [False, False]
    assert inputs["said"] == [[False], [True]]


def test_empty_cells_of_numbers_leave_rows_out(goals: Path) -> None:
    """A row without a number that the program sees is left out; that none is left is told."""
    table = read_table(str(goals))
    assert put("count rows", table, dp.loads(SMALL)).rows == (0, 1)
    with pytest.raises(dp.DiffprogError, match="DP652"):
        ask(goals, "a,b\n1,\n,2\n", "count rows")
