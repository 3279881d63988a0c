"""Files of pictures: the system's `dot`, graphviz-pure, and neither."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from diffprog import loads
from diffprog.errors import DiffprogError
from diffprog.view import render as room
from diffprog.view.page import Subject
from diffprog.view.render import find_pure, render

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = 'digraph d { a -> b [label="x > y"]; }'
MAGIC = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}

FAKE_DOT = """\
#!{python}
import sys
source = sys.stdin.buffer.read()
form = next(a[2:] for a in sys.argv[1:] if a.startswith("-T"))
if b"broken" in source:
    sys.exit("Error: <stdin>: syntax error in line 1 near 'broken'")
sys.stdout.buffer.write({{"pdf": b"%PDF-1.7", "svg": b"<?xml", "png": b"\\x89PNG"}}[form] + source)
"""


@pytest.fixture
def dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program called `dot` on the path, and nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "dot"
    program.write_text(FAKE_DOT.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.fixture
def no_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the path empty: graphviz-pure is found beside Python, `dot` is not."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def nothing(no_dot: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave nothing that draws."""
    monkeypatch.setattr(room, "find_pure", lambda: None)


def code(error: pytest.ExceptionInfo[DiffprogError]) -> str:
    """Return the code of the one diagnostic."""
    (diagnostic,) = error.value.diagnostics
    return diagnostic.code


@pytest.mark.usefixtures("dot")
@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_dot_is_preferred(form: str, tmp_path: Path) -> None:
    """Where the system has `dot`, it draws everything."""
    path = render(SOURCE, tmp_path / f"x.{form}")
    data = path.read_bytes()
    assert data.startswith(MAGIC[form])
    drawn = SOURCE.partition("{")[2].encode()
    assert drawn in data  # the fake one: graphviz-pure would have drawn it


@pytest.mark.usefixtures("no_dot")
@pytest.mark.skipif(find_pure() is None, reason="graphviz-pure is not installed")
@pytest.mark.parametrize("form", ["svg", "png"])
def test_graphviz_pure_draws(form: str, tmp_path: Path) -> None:
    """Without `dot`, the pip package draws, though its folder is not on the path."""
    assert shutil.which("dot") is None
    assert render(SOURCE, tmp_path / f"x.{form}").read_bytes().startswith(MAGIC[form])


@pytest.mark.usefixtures("no_dot")
@pytest.mark.skipif(find_pure() is None, reason="graphviz-pure is not installed")
def test_pdf_needs_dot(tmp_path: Path) -> None:
    """graphviz-pure has no PDF: the message says what has."""
    with pytest.raises(DiffprogError, match="draws no PDF") as error:
        render(SOURCE, tmp_path / "x.pdf")
    assert code(error) == "DP642"
    assert "install Graphviz" in str(error.value)


@pytest.mark.usefixtures("nothing")
def test_neither_is_installed(tmp_path: Path) -> None:
    """Without both, the message says which to install."""
    with pytest.raises(DiffprogError, match="no program that draws") as error:
        render(SOURCE, tmp_path / "x.svg")
    assert code(error) == "DP641"
    assert "diffprog[draw]" in str(error.value)


@pytest.mark.usefixtures("nothing")
def test_dot_text_needs_nothing(tmp_path: Path) -> None:
    """A `.dot` file is written whatever is installed."""
    graph = loads("program p(x: bool) -> bool:\n    return not x\n").simplified
    path = render(Subject(graph, title="p"), tmp_path / "x.dot")
    assert path.read_text().startswith("digraph program {")


def test_unknown_formats_are_told(tmp_path: Path) -> None:
    """The message says which formats there are."""
    with pytest.raises(DiffprogError, match=r"`\.svg`, `\.png`, `\.pdf`, `\.dot`") as error:
        render(SOURCE, tmp_path / "x.gif")
    assert code(error) == "DP640"


@pytest.mark.usefixtures("dot")
def test_failures_of_dot_are_told(tmp_path: Path) -> None:
    """What `dot` says goes into the message, without a traceback."""
    with pytest.raises(DiffprogError, match="`dot` failed: Error: <stdin>: syntax") as error:
        render("broken", tmp_path / "x.svg")
    assert code(error) == "DP643"


@pytest.mark.usefixtures("no_dot")
@pytest.mark.skipif(find_pure() is None, reason="graphviz-pure is not installed")
def test_failures_of_graphviz_pure_are_told(tmp_path: Path) -> None:
    """So does what graphviz-pure says."""
    with pytest.raises(DiffprogError, match="`graphviz-pure` failed"):
        render("digraph {", tmp_path / "x.svg")


def test_unwritable_places_are_told(tmp_path: Path) -> None:
    """A folder that is not there is a diagnostic."""
    with pytest.raises(DiffprogError, match="cannot write") as error:
        render(SOURCE, tmp_path / "none" / "x.dot")
    assert code(error) == "DP643"
