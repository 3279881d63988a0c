"""Pages in headless Chromium: they load, follow their controls, and light up what belongs together.

`make test` runs these where Chromium is installed; `.ci/run` installs it and wants them run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser import ask, screenshot
from tests.unit.view.pages import WORDS, attention_trace, sort_trace, while_trace

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

HELPERS = """
const $ = (q) => [...document.querySelectorAll(q)];
const set = (q, value, event) => {
  const e = $(q)[0];
  e.value = value;
  e.dispatchEvent(new Event(event));
};
const over = (e) => e.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
const ids = (q) => $(q).map((e) => e.id);
const lines = (q) => $(q).map((e) => +e.dataset.line);
const cursor = () => +$(".cursor")[0].getAttribute("x");
const line = (n) => $(`.line[data-line="${n}"]`)[0];
"""


def test_a_sort_in_the_browser(tmp_path: Path) -> None:
    """Slider, keys, switch, temperature, input, hovering: each changes what it should."""
    page = sort_trace().render(tmp_path / "x.html")
    found = ask(
        page,
        HELPERS
        + """
const out = { loaded: performance.getEntriesByType("resource").length };
out.cursor = [cursor()]; out.said = [$("#dp-said")[0].textContent]; out.now = [lines(".line.now")];
set("#dp-time", 2, "input");
out.cursor.push(cursor()); out.said.push($("#dp-said")[0].textContent);
document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
out.moment = $("#dp-time")[0].value;
document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Home", bubbles: true }));
out.home = $("#dp-time")[0].value;
over(line(4)); out.lit = ids("g.lit"); out.line = lines(".line.lit");
over($('g[id="frame cluster\\'2"] polygon, g[id="frame cluster\\'2"] path')[0]);
out.back = lines(".line.lit");
over(document.body); out.none = ids("g.lit").length;
line(2).focus(); out.focus = ids("g.lit");
const edges = () => $("g.edge[id^='edge '] path").map((e) => +e.getAttribute("stroke-width"));
out.edges = [edges()];
set("#dp-heat", -2, "input"); out.edges.push(edges());
out.bar = document.getElementById("a_bar 1 number").textContent.trim();
out.bits = document.getElementById("a_bits 3").textContent.trim();
set("#dp-heat", 0, "input");
$("[value=crisp]")[0].click(); out.crisp = $("#dp-said")[0].textContent;
set("#dp-item", 1, "change"); out.item = $("#dp-said")[0].textContent;
out.links = $("#dp-graph a").filter((e) => e.hasAttribute("xlink:href")).length;
out.broken = broken; return out;
""",
    )
    assert found["broken"] == []
    assert found["loaded"] == 0  # nothing was asked for
    assert found["links"] == 0
    assert found["cursor"][1] - found["cursor"][0] == 68
    assert found["said"][0].startswith("Moment 0.")
    assert found["said"][1].startswith("Moment 2.")
    assert found["now"] == [[4]]
    assert (found["moment"], found["home"]) == ("3", "0")
    assert "node sort.choose#0" in found["lit"]
    assert (found["line"], found["back"]) == ([4], [3, 4, 5, 6])
    assert found["none"] == 0
    assert "frame cluster" in found["focus"]
    assert sorted(found["edges"][0]) == pytest.approx([1.04, 1.04, 4.56, 4.56])
    assert sorted(found["edges"][1]) == pytest.approx([0.6, 0.6, 5, 5])
    assert found["bar"] == "1.00"
    assert found["bits"].endswith("0.00 bits")
    assert found["crisp"].endswith("Answer: [0, 1, 3] (1.00)")
    assert found["item"].endswith("Answer: [0, 1, 2] (1.00)")


def test_words_keep_only_their_links(tmp_path: Path) -> None:
    """Hovering a word leaves its links, a cell its row and column; a click goes to its moment."""
    page = attention_trace().render(tmp_path / "x.html", WORDS)
    found = ask(
        page,
        HELPERS
        + """
const box = $(".panel").find((p) => p.querySelector(".links"));
const kept = (q) => [...box.querySelectorAll(q)].filter((e) => e.classList.contains("kept"));
const word = (name) => [...box.querySelectorAll(".links text")].find((e) => e.textContent === name);
const out = {};
over(word("cat")); out.cat = kept("line").map((e) => e.dataset.cell);
out.opacity = [...box.querySelectorAll("line:not(.kept)")].map((e) => getComputedStyle(e).opacity);
over(word("chat")); out.chat = kept("line").map((e) => e.dataset.moment);
word("chat").dispatchEvent(new MouseEvent("click", { bubbles: true }));
out.moment = $("#dp-time")[0].value;
over(document.body); out.some = $(".panel.some").length;
out.broken = broken; return out;
""",
    )
    assert found["broken"] == []
    assert set(found["cat"]) == {"2"}
    assert set(found["opacity"]) == {"0.12"}
    assert set(found["chat"]) == {found["moment"]}
    assert found["some"] == 0


def test_pages_are_drawn(tmp_path: Path) -> None:
    """A page is a picture too, and not an empty one."""
    page = while_trace().render(tmp_path / "x.html")
    screenshot(page, tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size > 20_000
