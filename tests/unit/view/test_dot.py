"""Pictures of graphs and trees: what stands in them, and that they come out the same each time."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from diffprog import loads
from diffprog.view import style
from diffprog.view.dot import dot
from diffprog.view.render import picture
from diffprog.view.sheet import Sheet
from diffprog.view.tree import tree_dot

PARITY = """\
size n = 5

program parity(bits: bool[n]) -> bool:
    state = choose bool
    for b in bits:
        state = choose(state and b, state or b, state xor b, not b)
    return state
"""
WEIGHTS = {"parity.state#0": [0.8, 0.2], "parity.state#1": [0.02, 0.13, 0.84, 0.01]}

EVERYTHING = """\
enum Colour: red, green, blue

program whole(xs: int<10>[3], c: Colour, r: real) -> (int<10>[3], real):
    learn t: bool[2, 2]
    for i in 0 .. 2:
        if xs[i] > xs[i + 1]:
            swap xs[i], xs[i + 1]
    match c:
        case Colour.red, Colour.green:
            xs[0] = choose int<10> given c
        case Colour.blue:
            r = r * 0.5
    k: int<4> = 0
    while k < 3 and t[0, 1] max 3:
        k = k + 1
    repeat max 4 by ponder(prior = 0.2):
        r = max(r, 0.25)
    until chance(r)
    xs[k % 3] = 3
    return xs, r + sum(xs)
"""


def drawn(text: str, **more: object) -> str:
    """Return the DOT text of a program's simplified graph."""
    return dot(loads(text, "t.dp").simplified, "t.dp", **more)  # type: ignore[arg-type]


def test_weights_are_widths_and_numbers() -> None:
    """An edge of weight 0.84 is 0.6 + 4.4 * 0.84 wide and says its number."""
    source = drawn(PARITY, weights=WEIGHTS)
    (line,) = [n for n in source.splitlines() if '"xor 6:42" ->' in n or "xor b 0.84" in n]
    assert 'penwidth="4.30"' in line
    assert 'label=" state xor b 0.84 "' in line


def test_small_alternatives_are_one() -> None:
    """Two alternatives below the least weight are one edge, `+2 more`; one alone stays."""
    assert '"+2 more"' in drawn(PARITY, weights=WEIGHTS)
    one = {**WEIGHTS, "parity.state#1": [0.02, 0.14, 0.74, 0.1]}
    assert "more" not in drawn(PARITY, weights=one)


def test_holes_say_choices_and_entropy() -> None:
    """A hole's box is dashed and orange, with the number of choices and the bits."""
    source = drawn(PARITY)
    assert "4 choices, up to 2.00 bits" in source
    assert "4 choices, 0.77 bits" in drawn(PARITY, weights=WEIGHTS)
    assert 'style="dashed,filled,bold"' in source


def test_given_holes_are_means() -> None:
    """A table of choices shows the mean over what it is given, and the mean entropy."""
    text = """\
program p(x: int<2>, y: int<4>) -> int<4>:
    return choose(y, 0) given x
"""
    source = drawn(text, weights={"p.return#0": [[1.0, 0.0], [0.5, 0.5]]})
    assert "2 × 2 choices, 0.50 bits" in source
    assert "0.75" in source


def test_labels_of_alternatives() -> None:
    """Alternatives that only pass values on are named by who knows the source."""
    text = """\
program p(x: int<4>, y: int<4>) -> int<4>:
    return choose(y, x)
"""
    assert "alternative 2" in drawn(text)
    named = drawn(text, labels={"p.return#0": ("y", "x")})
    assert "alternative" not in named
    assert 'label=" y "' in named


def test_loops_are_frames_with_a_way_back() -> None:
    """A loop says its bound and its halting; the way back is dashed."""
    text = """\
program p(x: int<4>) -> int<4>:
    while x < 3 max 4:
        x = x + 1
    return x
"""
    source = drawn(text)
    assert "while, at most 4 rounds · halts by its test" in source
    assert 'style="dashed", constraint="false"' in source


def test_a_test_that_is_a_parameter_shows_its_name() -> None:
    """Its place in the text is the whole signature, which is no label."""
    text = """\
program p(x: real, h: real) -> real:
    repeat max 4 by ponder(prior = 0.2):
        x = x / 2
    until chance(h)
    return x
"""
    source = drawn(text)
    (halt,) = [line for line in source.splitlines() if "halt by ponder" in line and "label" in line]
    assert "program" not in halt
    assert ">h<" in halt


def test_node_names_are_source_names() -> None:
    """Ids are names of the source or places in it; tooltips are file and line."""
    source = drawn(PARITY)
    assert 'id="bits"' in source
    assert 'id="parity.state#0"' in source
    assert 'tooltip="t.dp:4"' in source


@pytest.mark.parametrize("stage", ["graph", "simplified"])
def test_everything_draws(stage: str) -> None:
    """Each kind of node is drawn, by Graphviz itself, at both stages."""
    program = loads(EVERYTHING, "t.dp")
    graph = program.lowered if stage == "graph" else program.simplified
    svg = picture(dot(graph, stage), "svg").decode()
    for word in (
        "read",
        "write",
        "ponder",
        "match c",
        "for step in" if "for step" in svg else "for",
    ):
        assert word in svg


def test_trees_draw() -> None:
    """The syntax tree and the typed tree are drawn too."""
    program = loads(EVERYTHING, "t.dp")
    for tree in (program.syntax, program.checked.main):
        svg = picture(tree_dot(tree, "t.dp"), "svg").decode()
        assert "While" in svg


def test_labels_are_escaped() -> None:
    """Quotes, brackets, backslashes and newlines in a label stay what they are."""
    sheet = Sheet('a "title" \\ <b>')
    sheet.node("n", 'x < y "z" \\n & {a|b}\nnext', style.OPERATION, None)
    sheet.node("m", style.lines("acc > t & <b>", bars=[style.Bar("a<b", 0.5)]), style.HOLE, None)
    svg = picture(sheet.source(), "svg").decode()
    assert "x &lt; y &quot;z&quot; \\n &amp; {a|b}" in svg
    assert "acc &gt; t &amp; &lt;b&gt;" in svg


def test_text_keeps_its_contrast() -> None:
    """Every text on every fill has a contrast of at least 4.5 to 1."""
    for look in style.LOOKS:
        assert style.contrast(look.ink, look.fill) >= 4.5, look
    for paper in (style.LOOP_FILL, style.CASE_FILL, style.PAPER):
        assert style.contrast(style.INK, paper) >= 4.5
        assert style.contrast(style.QUIET, paper) >= 4.5


def test_light_edges_can_be_seen() -> None:
    """An edge of weight 0 is light, and not white; text never fades with its edge."""
    assert style.contrast(style.blend(style.LINE, 0.0), "#FFFFFF") > 1.3
    assert style.edge(0.1)["fontcolor"] == style.INK
    assert "label" not in style.edge(0.09)


def test_names_are_never_shared() -> None:
    """Two things of one name get two names."""
    sheet = Sheet("")
    assert [sheet.name(n) for n in ("x", "x", "x'2", "x")] == ["x", "x'2", "x'2'2", "x'3"]


def test_same_text_each_time() -> None:
    """Two processes with different hash seeds draw the same bytes."""
    code = (
        "from tests.unit.view.test_dot import drawn, EVERYTHING, PARITY, WEIGHTS\n"
        "print(drawn(EVERYTHING), drawn(PARITY, weights=WEIGHTS))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1
    assert re.search(r"digraph", runs.pop())


def test_networks_with_several_results() -> None:
    """A cell with two results is one node, whichever of them are taken."""
    text = (
        "net cell = lstm(in = 2, out = 2)\n\n"
        "program p(xs: real[3, 2], h: real[2], c: real[2]) -> real[2]:\n"
        "    for x in xs:\n        h, c = cell(x, h, c)\n    return h\n"
    )
    assert drawn(text).count("network cell") == 1
