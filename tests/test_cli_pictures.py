"""The command line where it draws, traces and warns of lost correlation."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from diffprog.view.render import find_pure
from tests.test_cli import Call, call, data

__all__ = ["call", "data"]  # fixtures

LOSING = """\
program p(x: int<9>) -> int<9>:
    c = x
    s: int<9> = 0
    t: int<9> = 0
    u: int<9> = 0
    v: int<9> = 0
    w: int<9> = 0
    for i in 0 .. 4:
        s = (s + c) % 9
        t = (t + 2 * c) % 9
        u = (u + 3 * c) % 9
        v = (v + 4 * c) % 9
        w = (w + 5 * c) % 9
    return max([s, t, u, v, w])
"""
TURN = """\
program turn(x: int<4>, xs: bool[4]) -> bool:
    repeat max 3:
        xs[x] = choose(xs[x], not xs[x])
        x = (x + 1) % 4
    until xs[x]
    return xs[0]
"""


def test_check_tells_few_places_of_lost_correlation(call: Call) -> None:
    """Three lines, each once, and how many more there are; JSON and `--all` have every place."""
    Path("p.dp").write_text(LOSING)
    found = json.loads(call("check", "p.dp", "--json").out)["files"][0]["diagnostics"]
    lost = [d for d in found if d["code"] == "DP901"]
    lines = {d["line"] for d in lost}
    assert len(lost) >= len(lines) > 4
    done = call("check", "p.dp")
    assert (done.code, done.out) == (0, "")
    assert done.err.count("warning[DP901]") == 3
    more = f"and {len(lines) - 3} more places where correlation is lost (--all shows them)"
    assert done.err.splitlines()[-1] == more
    assert call("check", "p.dp", "--all").err.count("warning[DP901]") == len(lost)


def test_the_help_says_what_helps_here() -> None:
    """Plain inputs help against uncertain inputs, `exact` against choices."""
    import diffprog as dp

    helps = {w.help for w in dp.loads(LOSING).warnings if w.code == "DP901"}
    assert all("plain values" in text and "exact" not in text for text in helps)
    chosen = LOSING.replace("= x", "= choose int<9>").replace("(x:", "(_x:")
    helps = {w.help for w in dp.loads(chosen).warnings if w.code == "DP901"}
    assert helps == {"learn it with the estimator `exact`, which loses nothing"}


def test_trace_of_a_run(call: Call, data: Path) -> None:
    """The picture and the records are of the soft program with the weights of the run."""
    pytest.importorskip("matplotlib")
    Path("both.dp").write_text(
        "program both(a: bool, b: bool) -> bool:\n"
        "    y = false\n"
        "    choose given a, b:\n"
        "        y = true\n"
        "        pass\n"
        "    return y\n"
    )
    assert call("train", "both.dp", "--data", str(data), "--steps", "40", "--out", "run").code == 0
    done = call("trace", "run", "--in", "a=true", "--in", "b=true", "-o", "t.png")
    assert (done.code, done.out, done.err) == (0, "", "t.png: written\n")
    assert Path("t.png").stat().st_size > 1000
    found = json.loads(call("trace", "run", "--in", "a=true", "--in", "b=true", "--json").out)
    assert found["steps"][-1]["changed"] == {"answer": True}
    (record,) = found["soft"]["records"]
    assert record["labels"] == ["y = true", "pass"]
    assert 0.5 < record["values"][0] < 1
    assert found["soft"]["answer"] == pytest.approx(record["values"][0])


def test_a_picture_of_some_variables(call: Call) -> None:
    """`--only` leaves the other panels out; a place that is always the same is not looked for."""
    Path("p.dp").write_text(
        "program p(xs: int<3>[4], at: int<4>) -> int<3>:\n    ys = xs\n    for i in 0 .. 3:\n"
        "        ys[at] = xs[at]\n        at = (at + xs[0]) % 4\n    return ys[at]\n"
    )
    given = ("--in", "xs=[1, 0, 2, 1]", "--in", "at=1")
    whole, part = (
        Path(call("trace", "p.dp", *given, "-o", name, *only).err.split(":")[0]).read_text()
        for name, only in (("whole.svg", ()), ("part.svg", ("--only", "ys")))
    )
    titles = [re.findall(r"<!-- ((?:memory|reads|writes)[^(]*) \(", svg) for svg in (whole, part)]
    assert titles == [["memory ys", "reads of ys", "writes to ys", "reads of xs"], titles[0][:3]]


def test_trace_of_a_program(call: Call) -> None:
    """A program with open holes is run softly; an answer that is a distribution is no matter."""
    Path("turn.dp").write_text(TURN)
    args = ["trace", "turn.dp", "--in", "x=[0.5, 0.5, 0, 0]", "--in", "xs=[0, 0, 0, 0.5]"]
    done = call(*args)
    assert (done.code, done.err) == (0, "")
    kinds = {line.split()[1] for line in done.out.splitlines()}
    assert kinds == {"memory", "read", "write", "branch", "halting"}


def test_a_program_beside_its_graph(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text stands left of the graph, escaped and numbered."""
    Path("turn.dp").write_text(TURN)
    assert call("graph", "turn.dp", "--beside", "-o", "turn.dot").err == "turn.dot: written\n"
    source = Path("turn.dot").read_text()
    assert "program turn(x: int&lt;4&gt;, xs: bool[4]) -&gt; bool:" in source
    assert call("graph", "turn.dp", "-o", "plain.dot").code == 0
    assert "program turn" not in Path("plain.dot").read_text()
    assert call("graph", "turn.dp", "-o", "turn.gif").code == 2
    if find_pure() is None:
        pytest.skip("graphviz-pure is not installed")
    monkeypatch.setenv("PATH", "")
    assert call("graph", "turn.dp", "--beside", "-o", "turn.svg").code == 0
    drawn = Path("turn.svg").read_text()
    left = [float(x) for x in re.findall(r'x="([\d.]+)"[^>]*>[^<]*(?:program turn|max 3)', drawn)]
    assert len(left) > 1
    assert left == sorted(left)


def test_pages(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-o x.html` writes a page, of a trace with every input of the file and the words given."""
    Path("turn.dp").write_text(TURN)
    assert call("graph", "turn.dp", "-o", "g.html").err == "g.html: written\n"
    assert 'data-line="3"' in Path("g.html").read_text()
    rows = [{"x": x, "xs": [False, True, False, True]} for x in (0, 3)]
    Path("in.jsonl").write_text("".join(json.dumps({"in": r, "out": True}) + "\n" for r in rows))
    args = ["trace", "turn.dp", "--input", "in.jsonl", "--words", "xs=a b c d"]
    assert call(*args, "-o", "t.html").err == "t.html: written\n"
    data = json.loads(re.search(r'id="dp-data">(.*?)</script>', Path("t.html").read_text())[1])
    assert [item["name"][:5] for item in data["items"]] == ["x = 0", "x = 3"]
    (memory,) = [p for p in data["items"][0]["soft"]["panels"] if p["kind"] == "memory"]
    assert memory["rows"] == ["a", "b", "c", "d"]
    assert call("trace", "turn.dp", "--words", "=a").code == 2

    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda uri: opened.append(uri) or True)
    assert call("graph", "turn.dp", "--view").err.endswith("turn.html: opened\n")
    assert opened[0].startswith("file:///")


def test_curves_of_a_run(call: Call, data: Path) -> None:
    """Restarts that found programs of the same text are one; a run without metrics is told."""
    text = "program both(a: bool, b: bool) -> bool:\n    return choose(a, a and b, b)\n"
    Path("both.dp").write_text(text)
    trained = ["train", "both.dp", "--data", str(data), "--restarts", "6", "--out", "run"]
    assert call(*trained).code == 0
    assert call("curves", "run", "-o", "c.svg").err == "c.svg: written\n"
    assert "what the 6 restarts found" in Path("c.svg").read_text()
    found = json.loads(call("curves", "run", "--json").out)
    assert (found["schema"], found["restarts"]) == ("diffprog.curves/1", 6)
    (program,) = found["programs"]
    assert program["lines"] == ["return a and b"]
    shown = call("curves", "run").out.splitlines()
    assert shown[0].split()[:3] == ["step", "loss", "soft"]
    assert shown[-2:] == [f"{program['restarts']} of 6 restarts:", "    return a and b"]
    lost = call("curves", "none")
    assert lost.code != 0
    assert "DP625" in lost.err
