"""The program for one input: what networks decided, as text that runs without them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import diffprog as dp
from diffprog.cli import main
from diffprog.learn.policies import as_tables
from diffprog.pipeline import loads
from diffprog.pipeline.decided import program_for
from tests.unit.learn.test_decisions import PICK, examples

if TYPE_CHECKING:
    from pathlib import Path

    from diffprog.pipeline import Program

TABLE = """size length
size words = 10
size rows
size columns = 3

program ask(question: int<words>[length], table: real[rows, columns], pivot: real) -> real:
    controller planner = lstm(hidden = 8) reads question
    selected: bool[rows] = true
    result = 0.0
    for step in 0 .. 3:
        column = choose int<columns> by planner
        choose by planner:
            result = count(selected)
            selected = selected and table[:, column] > pivot
            pass
    return result
"""

CALLS = """fn step(x: int<4>) -> int<4>:
    return choose(x, 3 - x) by linear of x

program p(x: int<4>, ys: int<4>[2]) -> int<4>:
    for y in ys:
        x = step(x)
        if y > 1:
            x = step(x) if x > 1 else y
        else:
            pass
    return x
"""


def decided(text: str, choices: dict[str, object], **inputs: object) -> tuple[Program, Program]:
    """Return a program with decisions written down, and what is written for inputs."""
    program = loads(text).decide(choices)
    return program, program_for(program, inputs)


def test_loops_over_decisions_are_unrolled() -> None:
    """What nobody reads is gone: a column that no alternative used, a count before the last."""
    table = [[1.0, 5.0, 2.0], [4.0, 3.0, 1.0]]
    choices = {"ask.column#0": [2, 1, 0], "ask.choose#0": [0, 1, 0]}
    program, written = decided(TABLE, choices, question=[1, 2], table=table, pivot=4.0)
    assert written.source.split("real:\n", 1)[1] == (
        "    selected: bool[rows] = true\n"
        "    selected = selected and table[:, 1] > pivot\n"
        "    return count(selected)\n"
    )
    assert written.run(question=[1, 2], table=table, pivot=4.0) == 1.0
    assert program.run(question=[1, 2], table=table, pivot=4.0) == 1.0


def test_each_call_of_a_function_that_decides_has_a_copy() -> None:
    """Branches that were not taken are gone with their decisions."""
    program, written = decided(CALLS, {"step.return#0": [1, 0, 1]}, x=0, ys=[1, 3])
    assert written.source.endswith(
        "program p(x: int<4>, ys: int<4>[2]) -> int<4>:\n"
        "    x = step_1(x)\n"
        "    x = step_2(x)\n"
        "    x = step_3(x)\n"
        "    return x\n"
    ), written.source
    assert "fn step(" not in written.source
    assert written.run(x=0, ys=[1, 3]) == program.run(x=0, ys=[1, 3])


def test_other_holes_are_refused() -> None:
    """A free choice has to be written in before; a loop by act has no program."""
    free = (
        "program p(x: int<3>) -> int<3>:\n    y = choose int<3>\n"
        "    return choose(x, y) by linear of x\n"
    )
    with pytest.raises(dp.DiffprogError, match="DP329"):
        program_for(loads(free), {"x": 1})
    act = (
        "program p(x: real) -> real:\n    y = 0.0\n    repeat max 3 by act(epsilon = 0.1):\n"
        "        y = choose(x, 0.5) by linear of x\n    until chance(x)\n    return y\n"
    )
    with pytest.raises(dp.DiffprogError, match="DP329"):
        program_for(loads(act).decide({"p.y#0": [0] * 4}), {"x": 0.5})


def test_a_run_writes_programs(tmp_path: Path) -> None:
    """From Python and the command line, and on every example the program answers as the model."""
    pairs = examples()
    result = dp.fit(
        loads(PICK),
        pairs,
        restarts=1,
        steps=150,
        network_lr=0.05,
        out=tmp_path / "run",
        progress=False,
    )
    assert result.best.train == 1
    for inputs, answer in pairs:
        written = result.program_for(**inputs)
        assert not written.checked.nets
        assert written.run(**inputs) == answer
    inputs, _ = pairs[0]
    question = tmp_path / "question.json"
    question.write_text(json.dumps(inputs))
    run = ["emit", str(tmp_path / "run"), "--for", str(question)]
    done = CliRunner().invoke(main, run)
    assert done.exit_code == 0
    assert done.stdout == result.program_for(**inputs).source
    assert done.stdout.endswith("    return a + a\n")
    told = CliRunner().invoke(main, [*run, "--explain"]).stdout
    assert told == result.program_for(explain=True, **inputs).source
    assert told.startswith("# line 5: a (")
    assert ", next: b (0." in told
    voted = CliRunner().invoke(main, [*run, "--explain", str(tmp_path / "run")]).stdout
    assert voted == f"# 2 of 2 write this\n{told}"
    several = CliRunner().invoke(main, ["emit", "one", "other"])
    assert several.exit_code == 2
    assert "goes with `--for`" in several.output


def test_several_programs_vote() -> None:
    """What most write is written; of what is written equally often, what comes first."""
    text = "program p(x: real) -> real:\n    return choose(x + x, x * x, x - x) by linear of x\n"
    sums, products, nothing = (loads(text).decide({"p.return#0": [k]}) for k in range(3))
    asked = {"x": 3.0}
    assert dp.vote([sums, products, nothing, products], asked).run(**asked) == 9
    assert dp.vote([nothing, products, products, nothing], asked).run(**asked) == 0
    assert dp.vote([sums], asked).source == program_for(sums, asked).source
    told = dp.vote([sums, products, sums], asked, explain=True).source
    assert told.startswith("# 2 of 3 write this\n# line 2: x + x\n")
    with pytest.raises(ValueError, match="nobody votes"):
        dp.vote([], asked)


def test_explain_needs_an_input(tmp_path: Path) -> None:
    """A wrong call exits 2."""
    assert CliRunner().invoke(main, ["emit", str(tmp_path), "--explain"]).exit_code == 2
    missing = CliRunner().invoke(main, ["emit", str(tmp_path), "--for", "q.json"])
    assert missing.exit_code == 2
    assert "is not the folder of a finished run" in missing.output


def test_policies_that_cannot_be_tables_stay() -> None:
    """One of a real stays with its weights; one of two truth values becomes a rule."""
    text = (
        "program p(a: bool, b: bool, r: real) -> real:\n"
        "    x = choose(a and b, a or b) by linear of a, b\n"
        "    return choose(0.0, 1.0) by linear of r if x else 2.0\n"
    )
    choices = {
        "nets.p:x#0.layers.weight": [[0.0, 0.0], [1.0, 1.0]],
        "nets.p:x#0.layers.bias": [0.5, 0.0],
        "nets.p:return#0.layers.weight": [[0.0], [1.0]],
        "nets.p:return#0.layers.bias": [0.0, 0.0],
    }
    program = loads(text).decide(choices)
    made, known = as_tables(program)
    assert known["p.x#0"] == [[0, 1], [1, 1]]
    assert list(made.checked.decisions) == ["p.return#0"]
    for a, b, r in ((False, True, 1.0), (True, True, -1.0), (False, False, 3.0)):
        assert made.decide(known).run(a=a, b=b, r=r) == program.run(a=a, b=b, r=r)


def test_statements_that_were_one_alternative_stand_by_themselves() -> None:
    """Once it is taken, `do:` has nothing left to group."""
    text = (
        "program p(a: real, b: real) -> real:\n"
        "    choose by linear of a:\n"
        "        do:\n"
        "            a = a + b\n"
        "            b = a * b\n"
        "        pass\n"
        "    return a - b\n"
    )
    program, made = decided(text, {"p.choose#0": [0]}, a=2.0, b=3.0)
    body = made.source.partition(":\n")[2]
    assert body == "    a = a + b\n    return a - a * b\n"
    assert program.run(a=2.0, b=3.0) == made.run(a=2.0, b=3.0) == -10


def test_a_variable_keeps_its_room() -> None:
    """A decided number has less room than a later loop needs: the type is written down."""
    program = loads(
        "program p(x: bool, y: int<3>) -> int<3>:\n    z = y\n"
        "    z = choose(y, 0) by linear of x\n    for i in 0 .. 2:\n        z = 1\n    return z\n"
    )
    decided = program.decide({"p.z#0": [1]})
    written = program_for(decided, {"x": True, "y": 2})
    assert "z: int<3> = 0" in written.source
    assert written.run(x=True, y=2) == 1


def test_a_parameter_keeps_its_type() -> None:
    """It is declared where it stands, whatever was decided for it."""
    program = loads(
        "program p(x: int<3>) -> int<3>:\n    for i in 0 .. 1:\n        x = i\n"
        "        y = choose(x, 1) by linear of x\n    z: int<3> = x\n"
        "    while z < 1 max 1:\n        swap x, z\n    return z\n"
    )
    decided = program.decide({"p.y#0": [0]})
    assert program_for(decided, {"x": 2}).run(x=2) == decided.run(x=2) == 0


def test_a_function_in_a_test_is_no_round() -> None:
    """What the test of a loop or of a branch calls is no round of it, and no side."""
    program = loads(
        "fn small(n: int<9>) -> bool:\n    return n < 3\n\n"
        "program p(x: bool, n: int<9>) -> int<9>:\n    repeat max 9:\n"
        "        n = choose(0 if n < 1 else n - 1, n) by linear of x\n    until small(n)\n"
        "    if small(n):\n        n = choose(n, 8) by linear of x\n    return n\n"
    )
    decided = program.decide({"p.n#0": [0, 0, 0], "p.n#1": [1]})
    assert program_for(decided, {"x": True, "n": 5}).run(x=True, n=5) == 8
