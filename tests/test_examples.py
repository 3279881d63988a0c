"""The examples: every program checks, what was learned is exact, and learning finds it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import diffprog as dp
from diffprog.lang.format import format_program
from examples.add import bench as add
from examples.add import data as add_data
from examples.bench import Bar, Bench, accuracy, written
from examples.calculator import bench as calculator
from examples.calculator import data as calculator_data
from examples.parity import bench as parity
from examples.parity import data as parity_data
from examples.sort import bench as sort
from examples.sort import data as sort_data
from examples.sort import demo
from examples.sort_policy import bench as sort_policy
from examples.word_problems import bench as word_problems
from examples.word_problems import data as word_problem_data

if TYPE_CHECKING:
    from collections.abc import Callable

    from examples.bench import Pair

EXAMPLES = Path(__file__).parent.parent / "examples"
PROGRAMS = sorted(EXAMPLES.rglob("*.dp"))
FOR_ONE_INPUT = [EXAMPLES / name / "learned.dp" for name in ("calculator", "word_problems")]
"""Programs that a controller wrote after it had read a text, which they no longer read."""


def golden(name: str) -> str:
    """Return the text that the README of an example promises."""
    return (EXAMPLES / name / "learned.dp").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_every_program_checks_and_is_formatted(path: Path) -> None:
    """What a reader copies is right and looks as `diffprog fmt` leaves it."""
    program = dp.load(path)
    unread = {"DP903"} if path in FOR_ONE_INPUT else set()
    assert {warning.code for warning in program.checked.warnings} == unread
    assert format_program(program.syntax) == program.source


@pytest.mark.parametrize(
    ("name", "draw", "lengths"),
    [
        ("sort", sort_data.generated, (1, 8, 64)),
        ("add", add_data.generated, (2, 8, 128)),
        ("parity", parity_data.generated, (1, 5, 1000)),
    ],
)
def test_goldens_are_exact_at_any_length(
    name: str, draw: Callable[[int, int, int], list[Pair]], lengths: tuple[int, ...]
) -> None:
    """What was learned has no holes and answers fresh data, longer than it was learned from."""
    program = dp.loads(golden(name), f"{name}/learned.dp")
    assert not program.holes
    assert [accuracy(program, draw(length, 16, 77)) for length in lengths] == [1, 1, 1]


@pytest.mark.parametrize("seed", [0, 1])
def test_sort_is_learned_from_lists_of_3(seed: int) -> None:
    """The table of a hundred choices comes back as one comparison."""
    train, dev = (sort.lists(None, 3, 8, split, seed) for split in ("train", "dev"))
    assert sort.learn(3, train, dev, seed).source == golden("sort")


def test_sort_is_learned_from_lists_that_leave_entries_open() -> None:
    """Lists of two never compare some pairs: the rule is found on those that they do."""
    train = sort.lists(None, 2, 8, "train", 0)
    pairs = {tuple(inputs["xs"]) for inputs, _ in train}  # type: ignore[call-overload]
    assert len(pairs) < 100
    assert sort.learn(2, train, None, 0).source == golden("sort")


@pytest.mark.parametrize("length", [2, 4])
def test_add_is_learned_from_short_sums(length: int) -> None:
    """Two tables of two hundred entries come back as the schoolbook's rules."""
    assert add.learn(length, add.sums(None, length, 8, "train", 0), None, 0).source == golden("add")


@pytest.mark.parametrize("seed", range(3))
def test_parity_is_learned_from_strings_of_5_bits(seed: int) -> None:
    """The operator and the start are found together."""
    train = parity_data.generated(parity.LENGTH, parity.TRAIN, seed)
    assert parity.learn(train, seed).source == golden("parity")


def test_a_policy_that_compares_is_learned_and_read_off() -> None:
    """The network sorts longer lists than it saw; asked for every pair, it is one comparison."""
    result = sort_policy.learn(0)
    assert accuracy(result.program, sort_data.generated(16, 4, 9)) == 1
    assert result.rules.source == golden("sort_policy")
    assert accuracy(result.rules, sort_data.generated(64, 4, 9)) == 1


def test_a_calculator_writes_programs_for_expressions() -> None:
    """Trained from answers, it writes for unseen words what computes them, products first."""
    train = calculator_data.generated(2, 300, 0)
    unseen = calculator.unseen(train, 2, 60, 1_000)
    result = calculator.learn(train, unseen, 0, operators=2, steps=150)
    assert written(result, unseen[:10]) == (1, 1)
    asked = calculator_data.read("what is 7 times 2 less 3")
    assert result.program_for(**asked).source == golden("calculator")
    assert dp.loads(golden("calculator")).run(**asked) == 11


@pytest.mark.parametrize(("setup", "steps"), [("stretches", 30), ("conv", 80)])
def test_word_problems_are_answered_by_programs(setup: str, steps: int) -> None:
    """Trained on our own templates; what is written is what the networks answer."""
    problems = word_problem_data.generated(130, 0)
    train, unseen = problems[:120], problems[120:]
    result = word_problems.learn(train, 0, setup=setup, steps=steps)
    pairs = word_problems.Texts.of(train, setup).pairs(unseen)
    right, agreed = written(result, pairs)
    assert agreed == 1
    assert right >= 0.8


def test_what_is_written_for_a_text_is_arithmetic() -> None:
    """The policy decides once for all that is done; the program is what a person would write."""
    problems = word_problem_data.generated(120, 0)
    result = word_problems.learn(problems, 0, steps=30)
    asked = word_problem_data.Problem(problems[0].words, (15.0, 5.0, 2.0), 0.0)
    ((inputs, _),) = word_problems.Texts.of(problems).pairs([asked])
    assert result.program_for(**inputs).source == golden("word_problems")


def test_the_demo_shows_the_program_its_accuracy_and_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of it is on the screen, and the files that it names are there."""
    demo.main(tmp_path)
    shown = capsys.readouterr().out
    assert "choose given xs[i], xs[i + 1]:" in shown
    assert "if xs[i] > xs[i + 1]:" in shown
    assert "right on 100% of 64 unseen lists of 64" in shown
    assert str(tmp_path / "sort.svg") in shown
    assert (tmp_path / "sort.svg").read_text(encoding="utf-8").lstrip().startswith("<")
    assert (tmp_path / "learned.dp").read_text(encoding="utf-8") == golden("sort")


# --- the files of ∂4 ------------------------------------------------------------------------------


def test_files_to_sort_are_read(tmp_path: Path) -> None:
    """The last number of an input is the list's length; answers descend."""
    path = tmp_path / "train.txt"
    path.write_text("# y\tx\n[6 1 0]\t[1 6 0 3]\n", encoding="utf-8")
    assert sort_data.read(path) == [({"xs": [1, 6, 0]}, [6, 1, 0])]
    path.write_text("[0 1 6]\t[1 6 0 3]\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"train\.txt:1: not a list"):
        sort_data.read(path)


def test_files_of_sums_are_read(tmp_path: Path) -> None:
    """Digits stand in turn, then the carry that comes in, then the length."""
    path = tmp_path / "train.txt"
    path.write_text("# y\tx\n[1 3 7]\t[8 5 4 2 1 2]\n", encoding="utf-8")
    assert add_data.read(path) == [({"a": [8, 4], "b": [5, 2], "carry": 1}, [1, 3, 7])]
    path.write_text("[1 3 6]\t[8 5 4 2 1 2]\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"train\.txt:1: not two numbers"):
        add_data.read(path)


def test_files_of_word_problems_are_read(tmp_path: Path) -> None:
    """Numbers become words by their place; rare words are unknown; a text has three numbers."""
    path = tmp_path / "train.txt"
    path.write_text("4.0\tAda had 5 pens , lost 3 and got 2 .\n", encoding="utf-8")
    (problem,) = word_problem_data.read(path)
    assert problem.words[:6] == ("ada", "had", "<0>", "pens", ",", "lost")
    words = word_problem_data.vocabulary([problem, problem])
    ((inputs, answer),) = word_problem_data.encoded([problem], words)
    assert (inputs["number"], answer) == ([5, 3, 2], 4)
    assert word_problem_data.UNKNOWN not in inputs["text"]  # type: ignore[operator]
    assert word_problem_data.vocabulary([problem]) == {}
    path.write_text("4.0\tAda had 5 pens and lost 3 .\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"train\.txt:1: not an answer"):
        word_problem_data.read(path)


def test_templates_have_whole_answers() -> None:
    """Every rule of our own templates can be kept, and gives what its text asks."""
    for problem in word_problem_data.generated(200, 3):
        assert word_problem_data.computed(problem.rule, problem.numbers) == problem.answer
        assert problem.answer == int(problem.answer) > 0
        assert {"<0>", "<1>", "<2>"} <= set(problem.words)
        assert len(problem.words) <= word_problem_data.LENGTH


def test_splits_come_from_the_files_where_there_are_any(tmp_path: Path) -> None:
    """A split that is not there is drawn alike, in the files' order."""
    folder = tmp_path / "train_test_len" / "train3_test8"
    folder.mkdir(parents=True)
    (folder / "train.txt").write_text("[6 1 0]\t[1 6 0 3]\n", encoding="utf-8")
    assert sort.lists(tmp_path, 3, 8, "train", 0) == [({"xs": [1, 6, 0]}, [6, 1, 0])]
    drawn = sort.lists(tmp_path, 3, 64, "test", 0)
    assert len(drawn) == sort_data.TEST
    assert all(out == sorted(given["xs"], reverse=True) for given, out in drawn)  # type: ignore[call-overload]


# --- the plumbing ---------------------------------------------------------------------------------


def test_a_bar_is_met_by_enough_rows() -> None:
    """Nine of ten are enough for a share of 0.9; eight are not; no rows meet nothing."""
    bar = Bar(least=1.0, share=0.9)
    assert bar.met([1.0] * 9 + [0.0])
    assert not bar.met([1.0] * 8 + [0.0] * 2)
    assert not bar.met([])
    assert Bar(most=60).met([59.0])
    assert not Bar(most=60).met([61.0])


def test_seeds_of_a_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how many there are unless the command line does, from 0 on or from another one."""
    monkeypatch.setattr("sys.argv", ["bench.py"])
    assert list(Bench("sort", "A sort.", count=3).seeds) == [0, 1, 2]
    monkeypatch.setattr("sys.argv", ["bench.py", "--seeds", "2", "--first", "4"])
    assert list(Bench("sort", "A sort.", count=3).seeds) == [4, 5]
