"""Pages: what stands in them, and their pictures, drawn by their own JavaScript without a browser.

`tests/test_browser.py` opens the same pages in one.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
import quickjs

import diffprog as dp
from diffprog.errors import DiffprogError
from diffprog.view.page import WEB
from tests.unit.view.pages import WORDS, attention_trace, sort_trace, stack_trace, while_trace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from diffprog.pipeline.tracing import SoftTrace

SVG = "{http://www.w3.org/2000/svg}"
PURE = ("weights.js", "pictures.js")


@pytest.fixture(scope="module")
def js() -> quickjs.Context:
    """Return an engine that knows the functions of the page that need no browser."""
    context = quickjs.Context()
    for name in PURE:
        context.eval((WEB / name).read_text(encoding="utf-8"))
    return context


def called(js: quickjs.Context, name: str, *args: object) -> Any:
    """Call a function of the page."""
    listed = ", ".join(json.dumps(arg) for arg in args)
    return json.loads(js.eval(f"JSON.stringify({name}({listed}))"))


def html_of(trace: SoftTrace, path: Path, words: Mapping[str, list[str]] | None = None) -> str:
    """Return the page of a trace."""
    return trace.render(path / "x.html", words).read_text(encoding="utf-8")


def data_of(html: str) -> dict[str, Any]:
    """Return the data in a page."""
    found = re.search(r'<script type="application/json" id="dp-data">(.*?)</script>', html)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def drawn(js: quickjs.Context, panel: object, last: int, temperature: float = 1.0) -> Any:
    """Return the picture of a panel as XML: it is well-formed."""
    return ElementTree.fromstring(f"<all>{called(js, 'picture', panel, last, temperature)}</all>")


def marks(tree: Any, tag: str = "rect") -> dict[tuple[str, str], Any]:
    """Return what is drawn of cells, by cell and moment; of several, the last."""
    found = [
        e for e in tree.iter(SVG + tag) if "data-cell" in e.attrib and "data-moment" in e.attrib
    ]
    return {(e.get("data-cell"), e.get("data-moment")): e for e in found}


def test_nothing_comes_from_outside(tmp_path: Path) -> None:
    """No address but the names of XML, and a policy that forbids every request."""
    html = html_of(sort_trace(), tmp_path)
    assert set(re.findall(r'https?://[^"\s<>]+', html)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "default-src 'none'" in html
    assert not re.search(r"<(link|img|iframe|script [^>]*src)", html)


def test_texts_are_escaped(tmp_path: Path) -> None:
    """A program's comment cannot end a script or begin one; it is shown as it is."""
    html = html_of(sort_trace(), tmp_path)
    assert '<script>alert("' not in html
    assert "&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;" in html
    assert html.count("</script>") == 2  # the data and the code


def test_the_same_bytes_each_time(tmp_path: Path) -> None:
    """Two pages of one run are one file."""
    assert html_of(sort_trace(), tmp_path) == html_of(sort_trace(), tmp_path)


def test_lines_and_nodes_know_each_other(tmp_path: Path) -> None:
    """Every line can be focused; places say for ids of the SVG which lines they come from."""
    html = html_of(sort_trace(), tmp_path)
    assert len(re.findall(r'class="line" tabindex="0"', html)) == 7
    data = data_of(html)
    ids = set(re.findall(r'<g id="([^"]+)" class="(?:node|cluster)"', html))
    assert ids <= {name.replace("'", "&#39;") for name in data["places"]}
    assert data["places"]["frame cluster"] == ["sort.dp", 2, 6]
    assert {place[1] for place in data["places"].values()} >= {1, 2, 3, 4}


def test_modules_stand_behind_the_program(tmp_path: Path) -> None:
    """A line of a module is one of its own text; the program's line of that number stays dark."""
    html = html_of(stack_trace(), tmp_path)
    data = data_of(html)
    assert data["files"] == ["tower.dp", "std/stack.dp"]
    assert re.findall(r"<h2>([\w/.]+)</h2>", html) == data["files"]
    listed = re.findall(r'data-file="1" data-line="(\d+)">.*?<span>(.*?)</span>', html)
    assert ("10", "        cells[top] = value") in listed
    found = {p["title"]: p["places"] for p in data["items"][0]["soft"]["panels"]}
    assert found["writes to cells (line 10 of std/stack.dp)"] == [["std/stack.dp", 10]]
    assert found["more[i] (line 7)"] == [["tower.dp", 7]]
    branches = {tuple(s["place"]) for s in data["shares"].values() if s["cases"]}
    assert ("std/stack.dp", 9) in branches
    assert ("tower.dp", 7) in branches


@pytest.mark.parametrize("pure", [False, True])
def test_shares_are_parts_of_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pure: bool
) -> None:
    """Each edge, bar and number of bits that follows a weight is there by its id, by any `dot`."""
    if pure:
        monkeypatch.setenv("PATH", "")
    html = html_of(sort_trace(), tmp_path)
    shares = data_of(html)["shares"]
    assert {name.split()[0] for name in shares} == {"edge", "bar", "bits"}
    for name, share in shares.items():
        prefix = "" if name.startswith("edge") else "a_"
        assert f'<g id="{prefix}{name}"' in html
        assert share["hole"] == "sort.choose#0"
    assert shares["bar 1"]["alternatives"] == [0]


def test_items_hold_soft_and_crisp_runs(tmp_path: Path) -> None:
    """Each input is there twice; the crisp answer is sorted, the soft one says how sure it is."""
    first, second = data_of(html_of(sort_trace(), tmp_path))["items"]
    assert first["name"] == "xs = [3, 1, 0]"
    assert first["crisp"]["answer"] == "[0, 1, 3] (1.00)"
    assert re.fullmatch(r"\[0, 1, 3\] \(0\.\d\d\)", first["soft"]["answer"])
    (choice,) = [p for p in second["crisp"]["panels"] if p["choice"]]
    assert all(set(values) == {0, 1} for _, _, values in choice["spans"])


def test_temperature_weighs_again(js: quickjs.Context) -> None:
    """Weights are w^(1/T) with the same sum; at 0 the first of the largest takes all."""
    weights = [0.1, 0.6, 0.3]
    assert called(js, "tempered", weights, 1) == weights
    assert called(js, "tempered", weights, 0) == [0, 1, 0]
    squared = [w**2 for w in weights]
    assert called(js, "tempered", weights, 0.5) == pytest.approx(
        [w / sum(squared) for w in squared]
    )
    assert sum(called(js, "tempered", [0.1, 0.2], 3)) == pytest.approx(0.3)
    assert called(js, "meanWeights", [[[0.5, 0.5]], [[0.9, 0.1]]], 0) == [1, 0]
    assert called(js, "meanBits", [[0.5, 0.5], [1.0, 0.0]], 1) == 0.5


def test_shares_are_of_the_moment_or_of_the_hole(js: quickjs.Context) -> None:
    """What a branch weighs now comes first, then the hole, else nothing is known."""
    share = {"hole": "h", "alternatives": [1], "place": ["a.dp", 3], "case": 1, "cases": 2}
    now = [{"places": [["m.dp", 3], ["a.dp", 3]], "values": [0.25, 0.75]}]
    assert called(js, "shareWeight", share, {"h": [0.4, 0.6]}, now, 1) == 0.75
    assert called(js, "shareWeight", share, {"h": [0.4, 0.6]}, [], 1) == 0.6
    assert called(js, "shareWeight", share, {}, [], 1) is None
    elsewhere = [{"places": [["m.dp", 3]], "values": [0.25, 0.75]}]
    assert called(js, "shareWeight", share, {}, elsewhere, 1) is None


def test_reads_are_teal_and_writes_orange(js: quickjs.Context, tmp_path: Path) -> None:
    """A cell is its hue blended to white by its weight; its title says it in words."""
    (item,) = data_of(html_of(while_trace(), tmp_path))["items"]
    panels = {p["kind"]: p for p in item["soft"]["panels"]}
    read = marks(drawn(js, panels["read"], item["soft"]["last"]))["0", "0"]
    assert panels["read"]["spans"][0][2][0] == pytest.approx(4 / 9, abs=1e-4)
    assert read.get("fill") == called(js, "blend", "#0F766E", 4 / 9, 0)
    assert read.find(SVG + "title").text == "cell 0, moment 0: 0.44"
    assert marks(drawn(js, panels["write"], 6))["0", "0"].get("fill").startswith("#")
    assert panels["write"]["hue"] == "#9A3412"


def test_halting_bars_sum_to_one(js: quickjs.Context, tmp_path: Path) -> None:
    """The bars have their sum beside them; the remainder is hatched."""
    (item,) = data_of(html_of(while_trace(), tmp_path))["items"]
    (panel,) = [p for p in item["soft"]["panels"] if p["kind"] == "halting"]
    tree = drawn(js, panel, item["soft"]["last"])
    assert "sum 1.00" in [e.text for e in tree.iter(SVG + "text")]
    bars = [e for e in tree.iter(SVG + "rect") if e.get("data-moment") and not e.get("class")]
    hatched = [e for e in bars if e.get("fill", "").startswith("url(#")]
    assert len(hatched) == 1
    assert sum(float(e.get("height", "0")) for e in bars) == pytest.approx(64, abs=1e-3)


def test_choices_follow_the_temperature(js: quickjs.Context, tmp_path: Path) -> None:
    """The boxes of a choice change with it; memory, which was computed at 1, does not."""
    item = data_of(html_of(sort_trace(), tmp_path))["items"][0]["soft"]
    (choice,) = [p for p in item["panels"] if p["choice"]]
    (memory,) = [p for p in item["panels"] if p["kind"] == "memory"]
    cold = marks(drawn(js, choice, item["last"], 0))
    assert float(cold["0", "0"].get("height")) == 16
    assert float(cold["1", "0"].get("height")) == 0
    warm = marks(drawn(js, choice, item["last"]))
    assert float(warm["0", "0"].get("height")) == pytest.approx(16 * 0.9)
    assert called(js, "picture", memory, 3, 0) == called(js, "picture", memory, 3, 1)


def test_alignments_have_words_and_links(js: quickjs.Context, tmp_path: Path) -> None:
    """Words stand on both axes, and a line for each weight links them."""
    (item,) = data_of(html_of(attention_trace(), tmp_path, WORDS))["items"]
    run = item["soft"]
    (panel,) = [p for p in run["panels"] if p["kind"] == "read" and p["name"] == "keys"]
    tree = drawn(js, panel, run["last"])
    texts = [e.text for e in tree.iter(SVG + "text")]
    assert {*WORDS["keys"], *WORDS["answer"]} <= set(texts)
    links = marks(tree, "line")
    (_, _, values), *_ = panel["spans"]
    width = float(links["0", str(panel["spans"][0][0])].get("stroke-width"))
    assert width == pytest.approx(0.6 + 4.4 * values[0], abs=1e-6)


def test_decisions_show_argmax_and_entropy(js: quickjs.Context) -> None:
    """The largest is outlined; the entropy of each step stands beneath in bits."""
    panel = {
        "id": 0, "kind": "decision", "form": "decision", "hue": "#7E22CE", "side": "", "name": "op",
        "title": "decides op", "places": [["a.dp", 1]], "rows": ["add", "sub"], "columns": {},
        "low": 0, "high": 1, "choice": True, "spans": [[0, 1, [0.5, 0.5]], [1, 2, [0.125, 0.875]]],
    }  # fmt: skip
    tree = drawn(js, panel, 1)
    outlined = [e for e in tree.iter(SVG + "rect") if e.get("stroke-width") == "2"]
    assert [e.get("data-cell") for e in outlined] == ["0", "1"]
    assert {"1.00", "0.54", "entropy, bits"} <= {e.text for e in tree.iter(SVG + "text")}


def test_strips_show_the_steps_of_an_address(js: quickjs.Context) -> None:
    """A row a step, a bar a location."""
    steps = ("content", "sharpen")
    look = {"hue": "#1D4ED8", "choice": False, "spans": [[0, 1, [0.25, 0.75]]]}
    panels = [{"name": f"{s}, reads of m", **look} for s in steps]
    tree = ElementTree.fromstring(called(js, "strip", panels, 0))
    assert {e.text for e in tree.iter(SVG + "text")} >= set(steps)
    heights = [
        float(e.get("height", "0")) for e in tree.iter(SVG + "rect") if "data-cell" in e.attrib
    ]
    assert heights == [5, 15, 5, 15]
    assert called(js, "strip", panels, 3) == ""


def test_a_page_of_a_graph_alone(tmp_path: Path) -> None:
    """Without runs the page has the text and the graph; a notebook gets it in a frame."""
    from diffprog import loads
    from tests.unit.view.pages import SORT

    graph = loads(SORT, "sort.dp").graph()
    html = graph.render(tmp_path / "x.html").read_text(encoding="utf-8")
    assert data_of(html)["items"] == []
    bundle = graph._repr_mimebundle_()
    assert bundle["text/html"].startswith('<iframe srcdoc="&lt;!doctype html&gt;')
    assert bundle["text/plain"] == graph.text


def test_pages_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    """A folder that is not there is a diagnostic."""
    with pytest.raises(DiffprogError, match="DP643"):
        while_trace().render(tmp_path / "none" / "x.html")


def test_pictures_do_not_say_where_a_program_lies(tmp_path: Path) -> None:
    """They are called after its file, in a graph and in a page."""
    file = tmp_path / "same.dp"
    text = "program same(xs: real[2], i: int<2>) -> real:\n    return xs[i]\n"
    file.write_text(text, encoding="utf-8")
    program = dp.load(file)
    traced = program.trace(xs=[1.0, 2.0], i=1).render(tmp_path / "t.svg")
    drawings = [program.graph().render(tmp_path / f"x.{form}") for form in ("dot", "html")]
    for path in (traced, *drawings):
        drawn = path.read_text(encoding="utf-8")
        assert "same.dp" in drawn
        assert f">{file}" not in drawn
        assert f"{file}: " not in drawn
