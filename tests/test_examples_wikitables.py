"""The example of Wikipedia's tables: its rules of answers, what its programs say, a whole run."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

import diffprog as dp
from examples.wikitables.answers import key, keys, listed, normal
from examples.wikitables.bench import Learned, learn, written
from examples.wikitables.data import Size, batch, by_size, generated, read, stream
from examples.wikitables.kinds import kind
from examples.wikitables.questions import NOTHING, Encoded, Question, Vocabulary
from examples.wikitables.reader import Reader
from examples.wikitables.tables import measured, read_table, table

SOURCE = Path(__file__).parent.parent / "examples" / "wikitables" / "ask.dp"
RACES = table(
    ["Year", "Winner", "Home town", "Points"],
    [
        ["1990", "Ada Berg", "Oslo", "1,200"],
        ["1991", "Bo Chen", "Lima (south)", "900"],
        ["1993", "Ada Berg", "Oslo"],
        ["1994", "Dee", "West Oslo", "1,200"],
    ],
)
ACTS = (
    "count_rows", "show", "first", "last", "previous", "following", "reset", "matching", "frequent",
    "largest", "smallest", "greater", "less", "at_least", "at_most",
)  # fmt: skip
YEAR, WINNER, TOWN, POINTS = range(4)
WORDS = 64
"""More than any question here has."""


# --- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zürich", "zurich"),
        ("“Likwit”", '"likwit"'),
        ('"Likwit"', "likwit"),
        ("1990–91", "1990-91"),
        ("Bern [note 2]", "Bern"),
        ("Bern†", "Bern"),
        ("Bern (capital)", "bern"),
        ("Bern.", "Bern"),
        ("A \n B", "a b"),
        ("12,467", "12467.0"),
        ("4", "4.0"),
        ("2010-6-xx", "2010-06-XX"),
        ("it\N{RIGHT SINGLE QUOTATION MARK}s", "it's"),
    ],
)
def test_what_makes_no_difference(one: str, other: str) -> None:
    """The published evaluator takes these for the same value."""
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("4", "40"), ("Bern", "Basel"), ("(Bern)", ""), ("-4", "4"), ("1:20", "120"), ("4 km", "4")],
)
def test_what_makes_a_difference(one: str, other: str) -> None:
    """These are different values."""
    assert key(one) != key(other)


def test_answers_are_sets() -> None:
    """Order and repetition say nothing; a bar inside an item is escaped."""
    assert keys(["A", "b", "a"]) == keys(["B", "a"]) != keys(["a"])
    assert listed(r"a\pb|c\nd\\n") == ["a|b", "c\nd\\n"]
    assert normal("[1]") == ""


# --- tables and questions -------------------------------------------------------------------------


def test_a_table_may_be_ragged_and_hold_quotes(tmp_path: Path) -> None:
    """Short rows are filled up, long ones cut, a quote stands behind a backslash."""
    path = tmp_path / "t.csv"
    path.write_text('"A","B"\n"\\"x\\"","1","more"\n"y"\n', encoding="utf-8")
    assert read_table(path).rows == (('"x"', "1"), ("y", ""))
    path.write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match="is empty"):
        read_table(path)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,234 km", 1234.0), ("$5.50", 5.5), ("-3", -3.0), ("3rd", 3.0), ("Rome", None), ("", None),
     ("May 1, 1990", 1990 + 4 / 12), ("1 May 1990", 1990 + 4 / 12), ("May 1990", 1990 + 4 / 12)],
)  # fmt: skip
def test_cells_are_numbers_and_dates(text: str, number: float | None) -> None:
    """Also with thousands, units, and currencies; months are parts of years."""
    assert measured(text) == number


@cache
def undecided(size: Size) -> dp.Program:
    """Return the program at a size; nothing is learned yet."""
    return dp.load(SOURCE, words=WORDS, **size.bound).using(planner=Reader(WORDS))


def asked(text: str, *answer: str) -> Question:
    """Return a question about the races."""
    return Question(text, text, RACES, answer)


def encoded(text: str, *answer: str) -> Encoded:
    """Return it as the program takes it; its own words are known."""
    question = asked(text, *answer)
    return Vocabulary(sorted(set(question.words))).encoded(question)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("when did ada berg win", {(0, WINNER), (2, WINNER)}),
        ("who is from oslo", {(0, TOWN), (2, TOWN)}),
        ("who is from west oslo", {(3, TOWN)}),
        ("who won in 1991 or lima", {(1, YEAR), (1, TOWN)}),
        ("who was the first of all", set()),
    ],
)
def test_what_a_question_says_of_cells(text: str, cells: set[tuple[int, int]]) -> None:
    """The longest stretches of words count; whole cells go before those that hold more."""
    said = encoded(text).said
    assert {(int(i), int(c)) for i, c in zip(*np.nonzero(said), strict=True)} == cells


def test_words_that_stand_for_others() -> None:
    """Numbers, and words of cells that are not known, are one word each."""
    item = Vocabulary(["who", "won", "before"]).encoded(asked("Who won before 1991 in Oslo, eh?"))
    known = Vocabulary(["who", "won", "before"]).words
    assert [known[i] for i in item.words[:7]] == [
        "who", "won", "before", "<n0>", "<unknown>", "<entry>", "<unknown>",
    ]  # fmt: skip
    assert item.given == (1991.0,)


def test_a_table_with_many_columns_shows_those_that_are_asked_for() -> None:
    """Columns that a question names come first into what the program sees, in the table's order."""
    wide = table([f"c{i}" for i in range(12)], [[str(i) for i in range(12)]])
    item = Vocabulary(["c"]).encoded(Question("", "what is 11", wide, ("11",)))
    assert item.columns == (*range(9), 11)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("how many more wins than losses?", "difference"),
        ("how many teams are there", "count"),
        ("which team won the most", "superlative"),
        ("who came after Ada", "neighbour"),
        ("is Oslo larger than Lima", "comparison"),
        ("where is Oslo", "lookup"),
        ("oslo?", "other"),
    ],
)
def test_kinds_of_questions(text: str, name: str) -> None:
    """The first rule that holds decides."""
    assert kind(text) == name


def test_files_are_read_and_bad_lines_named(tmp_path: Path) -> None:
    """Four cells a line: id, question, table, answer."""
    (tmp_path / "data").mkdir()
    (tmp_path / "t.csv").write_text('"A","B"\n"x","1"\n', encoding="utf-8")
    lines = tmp_path / "data" / "random-split-1-train.tsv"
    lines.write_text("id\tutterance\tcontext\ttargetValue\nq\twhat?\tt.csv\tx|1\n", "utf-8")
    (question,) = read(tmp_path, "train")
    assert (question.text, question.answer, question.table.header) == (
        "what?",
        ("x", "1"),
        ("A", "B"),
    )
    lines.write_text("id\tutterance\nq\twhat?\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"train.tsv:2: 2 cells"):
        read(tmp_path, "train")


# --- programs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "acts", "columns", "numbers", "answer"),
    [
        ("how many races are there", ["count_rows"], [], [], ["4"]),
        ("what is the last year", ["last", "show"], [YEAR], [], ["1994"]),
        ("who was the first winner", ["first", "show"], [WINNER], [], ["Ada Berg"]),
        ("how many are from oslo", ["matching", "count_rows"], [TOWN], [], ["2"]),
        ("who won after dee did", ["matching", "following", "show"], [WINNER] * 2, [], []),
        ("who won before dee did", ["matching", "previous", "show"], [WINNER] * 2, [],
         ["Ada Berg"]),
        ("who won most often", ["frequent", "show"], [WINNER, WINNER], [], ["Ada Berg"]),
        ("when were most points won", ["largest", "show"], [POINTS, YEAR], [], ["1990", "1994"]),
        ("who had the fewest", ["smallest", "show"], [POINTS, WINNER], [], ["Bo Chen"]),
        ("who won after 1991", ["greater", "show"], [YEAR, WINNER], [0], ["Ada Berg", "Dee"]),
        ("who won before 1991", ["less", "show"], [YEAR, WINNER], [0], ["Ada Berg"]),
        ("how many from 1991 on", ["at_least", "count_rows"], [YEAR], [0], ["3"]),
        ("how many up to 1991", ["at_most", "count_rows"], [YEAR], [0], ["2"]),
        ("how many in all, not of 1990", ["matching", "reset", "count_rows"], [YEAR], [], ["4"]),
    ],
)  # fmt: skip
def test_what_operations_mean(
    text: str, acts: list[str], columns: list[int], numbers: list[int], answer: list[str]
) -> None:
    """Decisions that say what a question says give its answer, by number of values."""
    item = encoded(text, *answer)
    size = Size.of(item)
    inputs = {name: v[0].tolist() for name, v in batch([item], size)[0].items()}
    decisions = {"ask.act#0": [ACTS.index(a) for a in acts], "ask.at#0": columns,
                 "ask.pivot#0": numbers}  # fmt: skip
    marks = undecided(size).decide(decisions).run(**inputs)
    assert isinstance(marks, list)
    wanted = {item.sheet.values[k] for k in keys(answer)}
    assert {i for i, mark in enumerate(marks) if mark} == wanted


def test_batches_are_filled_up_and_mixed() -> None:
    """Rows that fill a table up are not there; columns may stand in another order."""
    words = Vocabulary.of(generated(20, 0))
    items = [words.encoded(q) for q in generated(20, 0)]
    (size, group), *_ = by_size(items).items()
    plain, answers = batch(group, size)
    assert (plain["there"].sum(1) == [len(i.sheet.numbers) for i in group]).all()
    assert not answers[:, NOTHING].any()
    mixed, _ = batch(group, size, np.random.default_rng(0))
    assert (np.sort(plain["value"], -1) == np.sort(mixed["value"], -1)).all()
    assert (plain["value"] != mixed["value"]).any()
    inputs, found, sizes = stream(items, 4)(np.random.default_rng(0))
    assert len(inputs["table"]) == len(found) == 4
    assert set(sizes) == {"rows", "values"}


def test_what_stands_in_no_table_is_not_answered() -> None:
    """An answer that is neither a cell nor a count cannot be reached."""
    assert encoded("who won in 1990", "Ada Berg").reachable
    assert not encoded("who won in 1992", "nobody").reachable


def test_a_little_is_learned_and_written() -> None:
    """The pipeline from questions to programs: these answer what the model answers."""
    questions = generated(60, 0)
    words = Vocabulary.of(questions)
    items = max(by_size([words.encoded(q) for q in questions]).values(), key=len)
    result = learn(items, len(words.words), 0, batch=4, steps=3, every=3, width=8)
    assert float(str(result.metrics[-1]["loss"])) > 0
    learned = Learned(result.program, result.choices)
    some = items[:5]
    right, reached = learned.right(some), learned.reached(some, 16)
    assert all(reached[place] for place, good in right.items() if good)
    for item in some:
        _, texts = written(result, item)
        assert (set(texts) == keys(list(item.source.answer))) == right[item.source.place]
