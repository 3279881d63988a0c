"""Imports: modules are found, their names are their own, and what is wrong is told at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import diffprog as dp
from diffprog.cli import main
from diffprog.errors import Source
from diffprog.lang.format import format_program
from diffprog.lang.imports import STANDARD, standard_modules
from diffprog.lang.parse import parse
from diffprog.pipeline import findings

if TYPE_CHECKING:
    from pathlib import Path

TOOLS = """\
enum Mode: plus, times

size width = 2
const twos: int<3>[width] = [2, 2]

fn step(x: int<9>, mode: Mode) -> int<9>:
    n = x + 1 if mode == Mode.plus else x * twos[0]
    return n % 9

fn total(xs: int<9>[n]) -> int<100>:
    return clamp(sum(xs), 0, 99)
"""
USER = """\
import tools

size n = 3

program p(x: int<9>, xs: int<9>[n]) -> (int<9>, int<100>, int<3>):
    tools = x
    mode: tools.Mode = tools.Mode.plus
    return tools.step(tools, mode), tools.total(xs), tools.twos[0]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to write files in, which is the present one: names in messages are short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(folder: Path, **texts: str) -> None:
    """Write modules and programs."""
    for name, text in texts.items():
        (folder / f"{name}.dp").write_text(text, encoding="utf-8")


def refused(name: str) -> list[tuple[str, str]]:
    """Load a wrong program; return the code and the place of each error."""
    with pytest.raises(dp.DiffprogError) as caught:
        dp.load(f"{name}.dp")
    return [(d.code, str(d.span)) for d in caught.value.diagnostics]


def test_a_module_beside_the_file(folder: Path) -> None:
    """Functions, constants, sizes and enumerations are there; a variable may share its name."""
    put(folder, tools=TOOLS, user=USER)
    program = dp.load("user.dp")
    assert program.run(x=3, xs=[1, 2, 3]) == [4, 6, 2]
    assert program.run(x=3, xs=[1, 2, 3, 4]) == [4, 10, 2]  # its sizes are bound at each call
    assert program.warnings == ()
    assert "softmax" not in program.soften().source


def test_names_of_a_module_are_its_own(folder: Path) -> None:
    """A program's names do not reach into a module: not its sizes, constants or functions."""
    text = "import other\n\nsize m = 7\nconst k: int<9> = 8\n\nfn helper() -> int<9>:\n"
    text += "    return k\n\nprogram p(xs: int<9>[m]) -> int<19>:\n"
    text += "    return other.first(xs[0 .. 2]) + helper()\n"
    other = "fn helper(k: int<9>) -> int<9>:\n    return k\n\n"
    other += "fn first(xs: int<9>[m]) -> int<9>:\n    x = 0\n    for i in 0 .. m:\n"
    other += "        x = xs[i]\n    return helper(x)\n"
    put(folder, user=text, other=other.replace("x = 0", "x: int<9> = 0"))
    assert dp.load("user.dp").run(xs=[1, 2, 3, 4, 5, 6, 7]) == 10


def test_a_module_of_a_module(folder: Path) -> None:
    """What two modules share is one: the same enumeration."""
    put(
        folder,
        shared="enum Colour: red, green\n",
        paint="import shared\n\nfn first() -> shared.Colour:\n    return shared.Colour.green\n",
        user="import paint\nimport shared\n\nprogram p() -> bool:\n"
        "    return paint.first() == shared.Colour.green\n",
    )
    assert dp.load("user.dp").run() is True


def test_choices_of_a_module_s_values_are_printed(folder: Path) -> None:
    """What is chosen from an imported enumeration is written as the program names it."""
    text = "import tools\n\nprogram p(x: int<9>) -> int<9>:\n"
    text += "    mode = choose tools.Mode\n    return tools.step(x, mode)\n"
    put(folder, tools=TOOLS, user=text)
    filled = dp.load("user.dp").fill({"p.mode#0": 1})
    assert "mode = tools.Mode.times" in filled.source
    assert filled.run(x=4) == 8
    filled.save("learned.dp")
    assert dp.load("learned.dp").run(x=4) == 8


def test_text_keeps_imports(folder: Path) -> None:
    """Printing and parsing give the same program."""
    put(folder, tools=TOOLS, user=USER)
    parsed = parse(Source("user.dp", USER))
    assert format_program(parsed) == USER
    assert parse(Source("user.dp", format_program(parsed))) == parsed


def test_errors_stand_in_the_module(folder: Path) -> None:
    """Wrong syntax and wrong types of a module are told at its own place."""
    user = "import bad\n\nprogram p(x: int<9>) -> int<9>:\n    return bad.f(x)\n"
    put(folder, user=user, bad="fn f(x: int<9>) -> int<9>:\n    return x +\n")
    assert refused("user") == [("DP100", "bad.dp:2:15")]
    put(folder, bad="fn f(x: int<9>) -> int<9>:\n    return x + y\n")
    assert refused("user") == [("DP201", "bad.dp:2:16")]
    put(folder, bad="fn f(x: int<9>) -> int<9>:\n    return choose(x, 0)\n")
    assert refused("user") == [("DP310", "bad.dp:2:12")]
    put(folder, bad="size n\nfn f(x: int<9>) -> int<9>:\n    return x\n")
    assert refused("user") == [("DP208", "bad.dp:1:6")]
    put(folder, bad="program f(x: int<9>) -> int<9>:\n    return x\n")
    assert refused("user") == [("DP131", "bad.dp:1:1")]


def test_a_second_place_in_another_file_names_it(folder: Path) -> None:
    """A wrong argument is told in the program, and the parameter is shown in the module."""
    user = "import tools\n\nprogram p(x: int<99>) -> int<9>:\n"
    user += "    return tools.step(x, tools.Mode.plus)\n"
    put(folder, tools=TOOLS, user=user)
    with pytest.raises(dp.DiffprogError) as caught:
        dp.load("user.dp")
    text = str(caught.value)
    assert "--> user.dp:4:" in text
    assert "::: tools.dp:" in text


def test_what_is_not_there() -> None:
    """Missing modules and members, with what was meant."""
    cases = {
        "import std.memori\n\nprogram p() -> bool:\n    return true\n": ("DP214", "std.memory"),
        "import memory\n\nprogram p() -> bool:\n    return true\n": ("DP214", "std.memory"),
        "program p(x: real[2, 2]) -> int<2>:\n    return memory.product(x, [0.0, 0.0])\n": (
            "DP202",
            "import std.memory",
        ),
        "import std.memory\n\nprogram p(x: real[2, 2]) -> int<2>:\n"
        "    return memory.prodct(x, [0.0, 0.0])\n": ("DP202", "product"),
        "import std.memory\n\nprogram p() -> int<2>:\n    return memory.one\n": ("DP201", "none"),
        "import std.memory\n\nprogram p() -> int<2>:\n    return memory\n": ("DP211", "module"),
        "import std.memory\n\nprogram p(x: memory.Kind) -> bool:\n    return true\n": (
            "DP206",
            "none",
        ),
        "import std.memory\n\nfn memory() -> bool:\n    return true\n\n"
        "program p() -> bool:\n    return memory()\n": ("DP203", "first declared"),
    }
    for text, (code, hint) in cases.items():
        with pytest.raises(dp.DiffprogError) as caught:
            dp.loads(text)
        assert caught.value.diagnostics[0].code == code, text
        assert hint in str(caught.value)


def test_circles(folder: Path) -> None:
    """Modules cannot import each other, nor themselves."""
    user = "import a\n\nprogram p() -> bool:\n    return a.f()\n"
    put(folder, user=user, a="import a\nfn f() -> bool:\n    return true\n")
    assert refused("user") == [("DP215", "a.dp:1:1")]
    put(folder, a="import b\nfn f() -> bool:\n    return true\n", b="import a\n")
    assert refused("user") == [("DP215", "b.dp:1:1")]


def test_an_unused_import_is_a_warning() -> None:
    """It is one also where a variable has the same name."""
    text = "import std.memory\n\nprogram p() -> int<3>:\n    memory = 2\n    return memory\n"
    assert [w.code for w in dp.loads(text).warnings] == ["DP905"]


def test_modules_are_checked_by_themselves(folder: Path) -> None:
    """`diffprog check` takes them: each function, at sizes that differ."""
    put(
        folder, tools=TOOLS, wrong="fn f(a: real[n, m], b: real[n]) -> real[n]:\n    return a @ b\n"
    )
    assert findings(TOOLS, "tools.dp") == ()
    run = CliRunner().invoke(main, ["check", "tools.dp", "wrong.dp"])
    assert run.exit_code == 1
    assert "error[DP402]" in run.stderr
    assert "wrong.dp:2:12" in run.stderr


@pytest.mark.parametrize("name", standard_modules())
def test_the_library_is_sound(name: str) -> None:
    """Each module of the library checks without a warning and is in its canonical form."""
    path = (STANDARD / name.partition(".")[2]).with_suffix(".dp")
    text = path.read_text(encoding="utf-8")
    assert findings(text, str(path)) == ()
    assert format_program(parse(Source(path.name, text), module=True)) == text


def test_modules_go_with_what_is_saved(folder: Path) -> None:
    """A program that is saved elsewhere, and a run, can be read where they are."""
    text = "import lib.tools\n\nprogram p(x: int<9>) -> int<9>:\n"
    text += "    return tools.step(x, choose tools.Mode)\n"
    (folder / "lib").mkdir()
    put(folder / "lib", tools=TOOLS)
    put(folder, user=text)
    program = dp.load("user.dp")
    result = dp.fit(
        program,
        [({"x": 1}, 2), ({"x": 3}, 6)],
        restarts=2,
        steps=100,
        out="run",
        progress=False,
    )
    assert dp.load("run/learned.dp").run(x=4) == 8
    emitted = CliRunner().invoke(main, ["emit", "run", "--mode", "verbatim"])
    assert emitted.output == result.program.source
    result.program.save("elsewhere.dp")
    (folder / "other" / "lib").mkdir(parents=True)
    put(folder / "other" / "lib", tools="fn step() -> bool:\n    return true\n")
    with pytest.raises(dp.DiffprogError, match="DP002"):
        result.program.save("other/elsewhere.dp")
