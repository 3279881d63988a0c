"""The command line: what goes to which stream, exit codes, and how fast it starts."""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from diffprog.cli import COMMANDS, main, say
from diffprog.codes import CODES

GOOD = """\
size n = 3

program total(xs: int<10>[n]) -> int<1000>:
    t: int<1000> = 0
    for x in xs:
        t = (t + x) % 1000
    return t
"""
BAD = "program f(x: bool) -> bool:\n    y = z\n    return w\n"
UGLY = "program f( x:bool )->bool:\n  return (x)  # the same\n"
NEAT = "program f(x: bool) -> bool:\n    return x  # the same\n"
LONG = """\
program f(x: int<9>) -> int<9>:
    while x > 0 max 3:
        x = x - 1
    return x
"""


class Done(NamedTuple):
    """What a call gave."""

    code: int
    out: str
    err: str


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    """Return a function that calls the command line in a folder with some programs."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("good", GOOD), ("bad", BAD), ("ugly", UGLY), ("long", LONG)):
        Path(f"{name}.dp").write_text(text, encoding="utf-8")
    return Call(monkeypatch, capsys)


class Call:
    """Calls the command line in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, *args: str, stdin: str = "") -> Done:
        """Run a command and return its exit code and what it printed."""
        stream = io.TextIOWrapper(io.BytesIO(stdin.encode()))
        self.monkeypatch.setattr(sys, "stdin", stream)
        with pytest.raises(SystemExit) as end:
            main.main(list(args), prog_name="diffprog")
        out, err = self.capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Done(end.value.code, out, err)


# --- check ----------------------------------------------------------------------------------------


def test_check_is_silent_where_all_is_well(call: Call) -> None:
    """Exit 0, nothing printed."""
    assert call("check", "good.dp") == (0, "", "")


def test_check_tells_all_errors_of_all_files(call: Call) -> None:
    """Errors go to standard error, with place and carets; exit 1."""
    done = call("check", "bad.dp", "good.dp", "ugly.dp", "bad.dp")
    assert (done.code, done.out) == (1, "")
    assert done.err.count("error[DP201]: ") == 4
    assert " --> bad.dp:2:9\n2 |     y = z\n  |         ^" in done.err


def test_check_json(call: Call) -> None:
    """One object with a schema; lines and columns count from 1."""
    done = call("check", "--json", "bad.dp", "good.dp")
    assert (done.code, done.err) == (1, "")
    found = json.loads(done.out)
    assert (found["schema"], found["ok"]) == ("diffprog.check/1", False)
    assert [f["ok"] for f in found["files"]] == [False, True]
    first = found["files"][0]["diagnostics"][0]
    assert (first["code"], first["file"], first["line"], first["column"]) == (
        "DP201",
        "bad.dp",
        2,
        9,
    )


def test_check_reads_standard_input(call: Call) -> None:
    """`-` is standard input."""
    assert call("check", "-", stdin=GOOD).code == 0
    assert "--> <stdin>:2:9" in call("check", "-", stdin=BAD).err


def test_check_binds_sizes(call: Call) -> None:
    """A size that the program has not is a wrong call."""
    assert call("check", "good.dp", "--set", "n=5").code == 0
    done = call("check", "good.dp", "--set", "m=5")
    assert done.code == 2
    assert "has no size `m`" in done.err


# --- run ------------------------------------------------------------------------------------------


def test_run_prints_the_answer(call: Call) -> None:
    """The answer alone is on standard output."""
    assert call("run", "good.dp", "--in", "xs=[3, 1, 2, 4]") == (0, "10\n", "")
    Path("in.json").write_text('{"in": {"xs": [5, 5, 5]}, "out": 0}')
    assert call("run", "good.dp", "--input", "in.json").out == "15\n"
    assert call("run", "good.dp", "--input", "-", stdin='{"xs": [1, 1, 1]}').out == "3\n"


def test_run_says_what_stayed_unfinished(call: Call) -> None:
    """A loop cut off by its bound is a remark; with --json it is a field."""
    done = call("run", "long.dp", "--in", "x=5")
    assert (done.code, done.out) == (0, "2\n")
    assert "the loop of line 2 reached its bound" in done.err
    found = json.loads(call("run", "long.dp", "--in", "x=5", "--json").out)
    assert (found["schema"], found["out"], found["unfinished"]) == ("diffprog.run/1", 2, {"2": 1})


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["good.dp"], 2, "the input `xs` is missing"),
        (["good.dp", "--in", "xs=[1, 77]"], 2, "`xs[1]`: 77 is outside 0..10"),
        (["good.dp", "--in", "xs=[1,"], 2, "is not JSON"),
        (["good.dp", "--in", "xs"], 2, "does not read NAME=JSON"),
        (["good.dp", "--set", "n=x", "--in", "xs=[]"], 2, "does not read NAME=NUMBER"),
        (["none.dp"], 2, "cannot read none.dp: No such file"),
        (["bad.dp"], 1, "error[DP201]"),
        (["good.dp", "--input", "-"], 2, "is not JSON"),
        ([], 2, "Missing argument"),
        (["good.dp", "--fast"], 2, "No such option"),
    ],
)
def test_run_refuses(call: Call, args: list[str], code: int, said: str) -> None:
    """Wrong calls exit 2, wrong programs 1; nothing is on standard output."""
    done = call("run", *args)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "Traceback" not in done.err


# --- show, fmt, explain, new ----------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["ast", "typed", "graph", "simplified", "torch"])
def test_show_prints_a_stage(call: Call, stage: str) -> None:
    """Every stage can be shown."""
    done = call("show", "good.dp", "--stage", stage)
    assert (done.code, done.err) == (0, "")
    assert len(done.out.splitlines()) > 5


def test_fmt_formats_in_place(call: Call) -> None:
    """Comments stay; a second time nothing changes."""
    done = call("fmt", "ugly.dp", "good.dp")
    assert done == (0, "", "ugly.dp: reformatted\n")
    assert Path("ugly.dp").read_text() == NEAT
    assert call("fmt", "ugly.dp", "good.dp") == (0, "", "")
    assert sorted(p.name for p in Path().iterdir()) == ["bad.dp", "good.dp", "long.dp", "ugly.dp"]


def test_fmt_check_changes_nothing(call: Call) -> None:
    """Exit 1 where a file would change."""
    assert call("fmt", "--check", "ugly.dp", "good.dp") == (
        1,
        "",
        "ugly.dp: would be reformatted\n",
    )
    assert Path("ugly.dp").read_text() == UGLY


def test_fmt_of_standard_input(call: Call) -> None:
    """The formatted text goes to standard output; a text that is no program is told."""
    assert call("fmt", "-", stdin=UGLY) == (0, NEAT, "")
    done = call("fmt", "-", "none.dp", stdin="program f(")
    assert done.code == 2
    assert "error[DP1" in done.err


def test_explain_shows_examples(call: Call) -> None:
    """Each code has a wrong and a right example; case does not matter."""
    for code in CODES:
        done = call("explain", code.lower())
        assert done.code == 0
        assert done.out.startswith(f"{code}: ")
        assert "\nwrong:\n" in done.out
    assert call("explain", "DP999").code == 2


def test_new_makes_a_working_example(call: Call) -> None:
    """The folder has a program that checks and data that fit it; it never overwrites."""
    assert call("new", "larger") == (0, "larger/larger.dp\n", "")
    assert call("check", "larger/larger.dp").code == 0
    assert call("fmt", "--check", "larger/larger.dp").code == 0
    assert len(Path("larger/train.jsonl").read_text().splitlines()) == 400
    again = call("new", "larger")
    assert again.code == 2
    assert "is there already" in again.err
    assert call("new", "no-name").code == 2
    assert call("new", "while").code == 2
    assert call("new", "best").code == 2


# --- train, emit ----------------------------------------------------------------------------------

AND = """\
program both(a: bool, b: bool) -> bool:
    return choose(a or b, a and b, a xor b)
"""


@pytest.fixture
def data(call: Call) -> Path:
    """Return a file of examples of `and`, beside the program `both.dp`."""
    Path("both.dp").write_text(AND)
    records = [
        {"in": {"a": a, "b": b}, "out": a and b} for a in (False, True) for b in (False, True)
    ]
    Path("data.jsonl").write_text("".join(f"{json.dumps(r)}\n" for r in records))
    return Path("data.jsonl")


def test_train_prints_the_learned_program(call: Call, data: Path) -> None:
    """The program goes to standard output, figures to standard error, the run into its folder."""
    args = ["--data", str(data), "--dev", str(data), "--test", str(data), "--restarts", "4"]
    done = call("train", "both.dp", *args, "--steps", "100", "--out", "run", "--require-solved")
    assert done.code == 0
    assert done.out == "program both(a: bool, b: bool) -> bool:\n    return a and b\n"
    assert "train 100.0%, dev 100.0%, test 100.0%" in done.err
    assert call("emit", "run") == (0, done.out, "")
    assert call("emit", "run", "--mode", "verbatim", "--data", str(data)).out == done.out
    written = call("emit", "run", "-o", "out.dp")
    assert (written.code, written.out) == (0, "")
    assert Path("out.dp").read_text() == done.out


def test_trace_shows_what_changed(call: Call) -> None:
    """A line a statement, with the variables that are different after it."""
    done = call("trace", "long.dp", "--in", "x=2")
    assert (done.code, done.err) == (0, "")
    lines = [line.split() for line in done.out.splitlines()]
    assert [line[0] for line in lines] == ["3", "3", "4"]
    assert lines[1][-3:] == ["x", "=", "0"]
    found = json.loads(call("trace", "long.dp", "--in", "x=2", "--json").out)
    assert found["steps"][-1]["changed"] == {"answer": 0}


def test_trace_tells_lines_of_modules(call: Call) -> None:
    """A statement of a module stands with its file; `a, b = e` is one line."""
    Path("tower.dp").write_text(
        "import std.stack\n\nprogram p(x: int<3>) -> int<3>:\n"
        "    cells: int<3>[2] = 0\n    top: int<3> = 0\n"
        "    cells, top = stack.push(cells, top, x)\n    return stack.peek(cells, top, 0)\n"
    )
    out = call("trace", "tower.dp", "--in", "x=2").out.splitlines()
    places = [line.split()[0] for line in out]
    pushed = [f"std/stack.dp:{k}" for k in (10, 11, 12)]
    peeked = [f"std/stack.dp:{k}" for k in (22, 24, 25)]
    assert places == ["4", "5", *pushed, "6", *peeked, "7"]
    assert out[5].endswith("  cells = [2, 0]  top = 1")


def test_a_run_is_run_with_its_networks(call: Call) -> None:
    """`run` and `trace` take the folder of a run, and the weights that stand in it."""
    Path("net.dp").write_text(
        "net half = linear(in = 1, out = 1)\n\n"
        "program f(x: real) -> real:\n    return sum(half([x]))\n"
    )
    Path("net.jsonl").write_text('{"in": {"x": 2.0}, "out": 1.0}\n{"in": {"x": 0.0}, "out": 0.0}\n')
    args = ["--steps", "300", "--network-lr", "0.1", "--select", "soft"]
    call("train", "net.dp", "--data", "net.jsonl", "--out", "net", *args)
    done = call("run", "net", "--in", "x=4.0")
    assert (done.code, done.out) == call("run", "net/learned.dp", "--in", "x=4.0")[:2]
    assert float(done.out) == pytest.approx(2.0, abs=0.2)
    steps = call("trace", "net", "--in", "x=4.0").out
    assert steps.rstrip().endswith(f"answer = {float(f'{float(done.out):.4g}')}")
    assert "not the folder of a finished run" in call("run", ".").err


def test_graph_prints_text(call: Call) -> None:
    """Without a file to draw into, the graph is printed."""
    done = call("graph", "good.dp", "--set", "n=4")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("(%xs: int<10>[4])")


def test_train_json(call: Call, data: Path) -> None:
    """One object with the report and the program; a reference program may answer."""
    Path("right.dp").write_text(AND.replace("choose(a or b, a and b, a xor b)", "a and b"))
    args = ["--data", "right.dp", "--count", "20", "--steps", "100", "--restarts", "4"]
    done = call("train", "both.dp", *args, "--json")
    found = json.loads(done.out)
    assert done.code == 0
    assert (found["schema"], found["train"], found["dev"]) == ("diffprog.train/1", 1.0, None)
    assert found["program"].endswith("return a and b\n")


def test_train_may_require_success(call: Call, data: Path) -> None:
    """What cannot be learned exits 1 where that was asked for."""
    with data.open("a") as file:
        file.write('{"in": {"a": true, "b": true}, "out": false}\n')
    args = ["--data", str(data), "--steps", "20", "--restarts", "2"]
    assert call("train", "both.dp", *args).code == 0
    assert call("train", "both.dp", *args, "--require-solved").code == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["train", "both.dp"], "Missing option '--data'"),
        (["train", "both.dp", "--data", "none.jsonl"], "cannot read none.jsonl"),
        (["train", "both.dp", "--data", "bad.jsonl"], "there is no field `out`"),
        (["train", "both.dp", "--data", "bad.jsonl", "--estimator", "luck"], "Invalid value"),
        (["emit", "none"], "is not the folder of a finished run"),
    ],
)
def test_train_and_emit_refuse(call: Call, data: Path, args: list[str], said: str) -> None:
    """Wrong calls exit 2 and leave nothing behind."""
    Path("bad.jsonl").write_text('{"in": {}}\n')
    before = sorted(Path().iterdir())
    done = call(*args)
    assert done.code == 2
    assert said in done.err
    assert sorted(Path().iterdir()) == before


# --- the whole ------------------------------------------------------------------------------------


def test_help_of_every_command(call: Call) -> None:
    """Each command has help with a first line that is a sentence."""
    assert call("--version").out.startswith("diffprog, version ")
    shown = call("--help").out
    for name in COMMANDS:
        done = call(name, "--help")
        assert done.code == 0
        assert f"Usage: diffprog {name}" in done.out
        assert name in shown


def test_unknown_commands_are_guessed(call: Call) -> None:
    """A typing error gets a hint."""
    done = call("chekc", "good.dp")
    assert done.code == 2
    assert "Did you mean 'check'?" in done.err


def test_our_own_faults_ask_for_a_report(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that is nobody's mistake but ours exits 3."""

    def fail(*_: object) -> None:
        raise RuntimeError("broken inside")

    monkeypatch.setattr("diffprog.cli.check.findings", fail)
    done = call("check", "good.dp")
    assert done.code == 3
    assert "broken inside" in done.err
    assert "Please report it" in done.err


@pytest.mark.parametrize("stop", [KeyboardInterrupt, click.Abort])
def test_interrupts_exit_130(
    call: Call, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    """Ctrl-C is no fault."""

    def interrupted(*_: object) -> None:
        raise stop

    monkeypatch.setattr("diffprog.cli.check.findings", interrupted)
    done = call("check", "good.dp")
    assert (done.code, done.out, done.err.strip()) == (130, "", "interrupted")


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR turns them off; so does a stream that is no terminal."""
    monkeypatch.setattr(sys, "stderr", type("Terminal", (), {"isatty": lambda _: True})())
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert say.coloured()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not say.coloured()


def processor_s(*codes: str, env: dict[str, str]) -> list[float]:
    """Return the processor's time for pieces of code in fresh interpreters, the least of several.

    They take turns, so that what else the machine does falls on all of them.
    """
    times: list[list[float]] = [[] for _ in codes]
    for _ in range(10):
        for code, found in zip(codes, times, strict=True):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-c", code], check=True, env=env)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return [min(found) for found in times]


def test_check_starts_fast_and_light(call: Call) -> None:
    """`diffprog check` of a ten-line file takes under 0.3 s and loads neither torch nor networkx.

    On a machine that is slow or busy, the measure is what importing its two libraries takes there.
    """
    code = (
        "import sys\nfrom diffprog.cli import main\nsys.argv = ['diffprog', 'check', 'good.dp']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "heavy = {'torch', 'networkx', 'numpy', 'rich', 'graphviz'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(Path("compiled").resolve())  # an installed package is compiled
    own, libraries = processor_s(code, "import click, lark", env=env)
    assert own < max(0.3, 4 * libraries)


def test_module_and_script_are_one(call: Call) -> None:
    """`python -m diffprog` is the command line too."""
    command = [sys.executable, "-m", "diffprog", "run", "good.dp", "--in", "xs=[1,2,3]"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "6\n"
