"""The example of tables: what it asks, what its programs can say, learning a little of it."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

import diffprog as dp
from diffprog.pipeline.decided import program_for
from examples.tables.bench import learn, model, same, share, written
from examples.tables.data import LENGTH, SAYS, WORDS, Asked, Form

GOLDEN = Path(__file__).parent / "golden" / "written" / "tables.dp"
SOURCE = Path(__file__).parent.parent / "examples" / "tables" / "tables.dp"


def choices(question: Asked) -> dict[str, list[int]]:
    """Return the decisions of the program that a question asks for."""
    found: dict[str, list[int]] = {f"ask.{key}": [] for key in (
        "choose#0", "choose#1", "choose#2", "result#0", "cells#0", "words#0", "column#0",
        "pivot#0", "selected#0", "selected#1",
    )}  # fmt: skip
    given = 0
    for i, (column, sign, _) in enumerate(question.tests):
        either = i == 1 and question.joint == "or"
        if sign == "=":
            found["ask.choose#0"].append(2 + either)
            found[f"ask.selected#{int(either)}"].append(int(column[1:]))
            continue
        found["ask.choose#0"].append(1)
        found["ask.column#0"].append(int(column[1:]))
        found["ask.pivot#0"].append(given)
        found["ask.choose#2"].append(2 * either + (sign == "<"))
        given += 1
    found["ask.choose#0"].append(0)
    place, text = int(question.column[1:]), question.column[0] == "t"
    aim = 3 if text else ("count", "sum", "show").index(question.aim)
    found["ask.choose#1"].append(aim)
    if aim:
        found[f"ask.{('result', 'cells', 'words')[aim - 1]}#0"].append(place)
    return found


def test_the_longest_question_fits() -> None:
    """Said in the longest ways, with two comparisons, a question is no longer than what is read."""
    most = {part: max(len(way.format("c0", "n0").split()) for way in SAYS[part]) for part in SAYS}
    aim, test = (max(most[part] for part in parts) for parts in (("sum", "count", "show"), "<>="))
    joint = max(most["and"], most["or"])
    assert aim + most["where"] + test + joint + test <= LENGTH
    assert dp.load(SOURCE, rows=1).sizes["length"] == LENGTH


@pytest.mark.parametrize("seed", range(3))
def test_a_program_answers_every_question(seed: int) -> None:
    """The decisions that say what a question says give the answer that the generator gives."""
    form, rng = Form(columns=3, texts=2), random.Random(seed)
    program = dp.load(SOURCE, rows=5, columns=3, texts=2)
    asked: list[Asked] = []

    class Noting(Form):
        def asked(self, rng: random.Random) -> Asked:
            asked.append(super().asked(rng))
            return asked[-1]

    inputs, answers = Noting(form.columns, form.texts).batch(rng, 20, 5)
    inputs["question"] = np.array(WORDS)[inputs["question"]]
    for i, question in enumerate(asked):
        found = program.decide(choices(question)).run(
            **{k: v[i].tolist() for k, v in inputs.items()}
        )
        assert same(found, [part[i].tolist() for part in answers]), question


def test_the_program_of_a_question_is_the_golden_one() -> None:
    """Decisions are put in, the loop is unrolled, what nobody reads is gone."""
    question = Asked("show", "t0", (("c1", ">", 2.5), ("t0", "=", 3)), "or")
    form = Form(columns=2, texts=1)
    program = dp.load(SOURCE, rows=4, columns=2, texts=1).decide(choices(question))
    (inputs, _), *_ = form.pairs(1, 4, 0)
    inputs |= {"number": [2.5, 0.0], "known": [True, False]}
    found = program_for(program, inputs)
    assert found.source == GOLDEN.read_text(encoding="utf-8")


def test_questions_are_said_in_words_that_the_program_knows() -> None:
    """Also in all their ways; none is longer than the program reads."""
    for seed in range(3):
        inputs, _ = Form(columns=10, texts=4, varied=True).batch(random.Random(seed), 200, 5)
        assert WORDS.index("unknown") not in inputs["question"]


def test_tables_are_learned_a_little(tmp_path: Path) -> None:
    """The loss is a number; the programs that are written answer what the model answers."""
    form = Form(columns=2, rows=(5,))
    result = learn(0, form, steps=6, every=6, width=4, out=tmp_path / "run")
    assert float(str(result.metrics[-1]["loss"])) > 0
    pairs = form.pairs(6, 5, -1)
    found = written(result, pairs)
    assert share(found, model(result.program, pairs)) == 100
    again = dp.load(tmp_path / "run" / "learned.dp")
    assert share(model(again, pairs), found) == 100
