"""Bad data, programs that are too large or too deep, and numbers that are none: what is said.

Each ends with a diagnostic that names the place, quickly, and never with a traceback.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

import diffprog as dp
from diffprog.cli import main

if TYPE_CHECKING:
    from pathlib import Path

SORT = """\
size n = 3

program sort(xs: int<10>[n]) -> int<10>[n]:
    for end in n - 1 .. 0 step -1:
        for i in 0 .. end:
            choose given xs[i], xs[i + 1]:
                swap xs[i], xs[i + 1]
                pass
    return xs
"""
GOOD = '{"in": {"xs": [3, 1, 2]}, "out": [1, 2, 3]}'


@pytest.fixture
def said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Said:
    """Return what calls the command line in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return Said(tmp_path, capsys)


class Said:
    """Calls the command line and returns its exit code with what it says on standard error."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def train(self, data: str | bytes | None) -> tuple[int, str]:
        """Train the sort from a file of these contents; None for no file."""
        (self.folder / "sort.dp").write_text(SORT, encoding="utf-8")
        if data is not None:
            text = data if isinstance(data, bytes) else data.encode()
            (self.folder / "train.jsonl").write_bytes(text)
        return self("train", "sort.dp", "--data", "train.jsonl", "--out", "run")

    def check(self, text: str) -> tuple[int, str]:
        """Check a program."""
        (self.folder / "program.dp").write_text(text, encoding="utf-8")
        return self("check", "program.dp")

    def __call__(self, *args: str) -> tuple[int, str]:
        """Call a command; it may take some seconds, and say so much that a person can read it."""
        start = time.process_time()
        with pytest.raises(SystemExit) as end:
            main(args)
        assert time.process_time() - start < 10
        err = self._capsys.readouterr().err
        assert "Traceback" not in err
        assert len(err) < 20_000
        return int(end.value.code or 0), err


WRONG_DATA = {
    "missing-field": ('{"in": {"xs": [3, 1, 2]}}', "DP632", "there is no field `out`"),
    "missing-input": ('{"in": {}, "out": [1, 2, 3]}', "DP632", "`in` has no field `xs`"),
    "wrong-type": ('{"in": {"xs": "321"}, "out": [1, 2, 3]}', "DP633", "`in.xs`"),
    "wrong-cell": ('{"in": {"xs": [3, 1, 2.5]}, "out": [1, 2, 3]}', "DP633", "`in.xs[2]`"),
    "out-of-range": ('{"in": {"xs": [3, 1, 12]}, "out": [1, 2, 3]}', "DP633", "12 is outside"),
    "wrong-length": (
        '{"in": {"xs": [3, 1, 2]}, "out": [1, 3]}',
        "DP633",
        "found a list of 2, expected 3",
    ),
    "broken-json": ('{"in": {"xs": [3, 1, 2}, "out": [1, 2, 3]}', "DP631", "not JSON"),
    "not-a-number": ('{"in": {"xs": [3, 1, NaN]}, "out": [1, 2, 3]}', "DP633", "`in.xs[2]`"),
    "million-characters": (json.dumps({"in": {"xs": [7] * 350_000}}), "DP632", "`out`"),
    "million-brackets": ("[" * 1_000_000, "DP631", "not JSON"),
    "million-digits": (f'{{"in": {{"xs": [{"1" * 1_000_000}]}}, "out": [1]}}', "DP631", "JSON"),
}


@pytest.mark.parametrize("case", WRONG_DATA)
def test_wrong_data(case: str, said: Said) -> None:
    """The file, the line, the field, what was found and what was expected; nothing is left."""
    line, code, message = WRONG_DATA[case]
    status, err = said.train(f"{GOOD}\n{line}\n{GOOD}\n")
    assert status == 2
    assert f"error[{code}]" in err
    assert message in err
    assert "train.jsonl:2" in err
    assert max(map(len, err.splitlines())) < 200
    assert not (said.folder / "run").exists()


@pytest.mark.parametrize("data", [None, "", "\n \n", b"\xff\xfe\x00", b"\x00" * 100])
def test_no_data(data: str | bytes | None, said: Said) -> None:
    """A file that is missing, empty or not text is named."""
    status, err = said.train(data)
    assert status == 2
    assert "train.jsonl" in err
    assert not (said.folder / "run").exists()


HUGE = {
    "array": "xs: int<10>[1000000000] = 0\n    x = xs[x]",
    "overflow": "xs: int<10>[99999999999, 99999999999, 99999999999] = 0\n    x = xs[x, 0, 0]",
    "learned": "learn xs: int<10>[1000, 1000, 1000]\n    x = xs[x, x, x]",
    "weights": "learn w: real[100000, 100000]\n    x = x if w[0, 0] > 0 else 0",
    "domain": "x = choose int<10> given 10000 * x, 9999 * x",
    "values": "x = choose int<1000000000> % 10",
}


@pytest.mark.parametrize("case", HUGE)
def test_huge_programs(case: str, said: Said) -> None:
    """The size and the limit are said; no memory is taken for it."""
    status, err = said.check(f"program p(x: int<10>) -> int<10>:\n    {HUGE[case]}\n    return x\n")
    assert status == 1
    assert "the limit is 10,000,000" in err


def test_a_huge_size(said: Said) -> None:
    """The same where the number comes from the command line."""
    (said.folder / "sort.dp").write_text(SORT, encoding="utf-8")
    status, err = said("check", "sort.dp", "--set", "n=1000000000")
    assert status == 1
    assert "1,000,000,000 cells; the limit is 10,000,000" in err


HEAD = "program p(a: int<10>) -> int<10>:\n"
DEEP = {
    "parentheses": f"{HEAD}    return {'(' * 2000}a{')' * 2000}\n",
    "unclosed": f"{HEAD}    return {'(' * 2000}a\n",
    "sum": f"{HEAD}    return (a{' + a' * 2000}) % 10\n",
    "not": f"program p(a: bool) -> bool:\n    return {'not ' * 2000}a\n",
    "minus": f"{HEAD}    return {'-' * 2000}a\n",
    "conditional": f"{HEAD}    return {'a if a > 1 else ' * 2000}a\n",
    "blocks": HEAD
    + "".join(f"{'    ' * (i + 1)}if a > 0:\n" for i in range(500))
    + f"{'    ' * 501}a = 1\n    return a\n",
    "calls": "fn f0(x: int<10>) -> int<10>:\n    return x\n\n"
    + "".join(
        f"fn f{i}(x: int<10>) -> int<10>:\n    return f{i - 1}(x)\n\n" for i in range(1, 1000)
    )
    + f"{HEAD}    return f999(a)\n",
}


@pytest.mark.parametrize("case", DEEP)
def test_deep_programs(case: str, said: Said) -> None:
    """Deep nesting is a finding, with its place, on lines that can be read."""
    status, err = said.check(DEEP[case])
    assert status == 1
    assert "--> program.dp:" in err
    assert max(map(len, err.splitlines())) < 240


def test_as_deep_as_is_allowed() -> None:
    """Just within the limits everything works: check, run, soften."""
    brackets = "(" * 90 + "a" + ")" * 90
    text = HEAD + "".join(f"{'    ' * (i + 1)}if a < 9:\n" for i in range(50))
    text += f"{'    ' * 51}a = ({brackets} + 1) % 10\n    return a\n"
    program = dp.loads(text)
    assert program.run(a=3) == 4
    assert program.soften()(a=3).argmax().item() == 4


def test_a_chain_of_elif() -> None:
    """A hundred branches go through all stages."""
    text = "program p(x: int<200>) -> int<200>:\n    y = 0\n    if x == 0:\n        y = 7\n"
    text += "".join(f"    elif x == {i}:\n        y = {i + 1}\n" for i in range(1, 99))
    program = dp.loads(f"{text}    else:\n        y = 199\n    return y\n")
    assert [program.run(x=x) for x in (0, 50, 150)] == [7, 51, 199]
    module = program.soften()
    assert [module(x=x).argmax().item() for x in (0, 50, 150)] == [7, 51, 199]


@pytest.mark.parametrize("estimator", ["auto", "soft"])
def test_a_nan_names_step_operation_and_line(estimator: str) -> None:
    """Training stops at the first number that is none, and says where it came from."""
    program = dp.loads(
        "program p(x: real) -> real:\n    learn w: real\n    y = w * x\n"
        "    z = exp(y * y)\n    return z - z\n",
        "p.dp",
    )
    with pytest.raises(dp.DiffprogError) as caught:
        dp.fit(program, [({"x": 1000.0}, 5.0)], estimator=estimator, steps=5, progress=False)
    (found,) = caught.value.diagnostics
    assert found.code == "DP623"
    assert "at step 1 " in found.message
    assert "`exp` gives inf on line 4" in found.message
    assert found.span is not None
    assert found.span.line == 4


def test_a_nan_in_a_module_names_its_file(tmp_path: Path) -> None:
    """The line is one of the module's, not the program's line of that number."""
    (tmp_path / "tool.dp").write_text(
        "fn far(x: real) -> real:\n    # one\n    # two\n    return exp(x * x)\n"
    )
    path = tmp_path / "p.dp"
    path.write_text(
        "import tool\n\nprogram p(x: real) -> real:\n    learn w: real\n"
        "    return tool.far(w * x)\n"
    )
    program = dp.load(path)
    with pytest.raises(dp.DiffprogError) as caught:
        dp.fit(program, [({"x": 1000.0}, 5.0)], steps=5, progress=False)
    (found,) = caught.value.diagnostics
    assert "`exp` gives inf on line 4" in found.message
    assert found.span is not None
    assert found.span.source.name == str(tmp_path / "tool.dp")
