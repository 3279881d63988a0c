"""Pictures as files, by Graphviz: the system's `dot` first, else the pip package graphviz-pure.

In: a program or DOT text, and a path whose suffix says the format. Out: the file. This is the one
file that imports graphviz. Never imports torch.
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from diffprog.errors import fail
from diffprog.view.dot import dot
from diffprog.view.page import page

if TYPE_CHECKING:
    from diffprog.view.page import Subject

FORMATS = ("svg", "png", "pdf", "dot")

DPI = 144
"""Pixels per inch of PNG: sharp on screens, and a page is not large."""

INSTALL = "install Graphviz (its program `dot`), or `pip install 'diffprog[draw]'`"


def render(what: Subject | str, path: str | Path, *, beside: bool = False) -> Path:
    """Draw a program, or DOT text, into a file.

    Args:
        what: a program, with what is known of it, or DOT text.
        path: where to; its suffix is the format: svg, png, pdf, dot, or html for a page.
        beside: whether the program's text stands left of its graph; in a page it always does.

    Raises:
        DiffprogError: DP640 for an unknown format, DP641 where nothing draws, DP642 where what is
            installed has no PDF, DP643 where it fails or the file cannot be written.
    """
    path = Path(path)
    form = path.suffix[1:].lower()
    formats = FORMATS if isinstance(what, str) else (*FORMATS, "html")
    if form not in formats:
        known = ", ".join(f"`.{f}`" for f in formats)
        fail("DP640", f"cannot draw `{path.name}`", hint=f"the name must end in one of {known}")
    if form == "html" and not isinstance(what, str):
        _write(path, page(what, _svg).encode())
        return path
    source = what if isinstance(what, str) else _dot(what, beside=beside)
    _write(path, source.encode() if form == "dot" else picture(source, form))
    return path


def framed(subject: Subject) -> str:
    """Return a page in a frame of its own, for a notebook."""
    inner, title = escape(page(subject, _svg)), escape(subject.title)
    return f'<iframe srcdoc="{inner}" width="100%" height="720" title="{title}"></iframe>'


def _dot(subject: Subject, *, beside: bool) -> str:
    return dot(
        subject.graph,
        subject.title,
        weights=subject.weights,
        labels=subject.labels,
        beside=subject.text if beside else "",
    )


def _svg(source: str) -> bytes:
    return picture(source, "svg")


def picture(source: str, form: str) -> bytes:
    """Return DOT text as a picture in svg, png or pdf.

    Raises:
        DiffprogError: DP641, DP642, DP643 as `render`.
    """
    if form == "png":
        source = source.replace("{", f"{{\n  graph [dpi={DPI}];", 1)
    if shutil.which("dot") is not None:
        return _by_dot(source, form)
    program = find_pure()
    if program is None:
        fail("DP641", "no program that draws graphs is installed", hint=INSTALL)
    if form == "pdf":
        fail(
            "DP642",
            "graphviz-pure draws no PDF",
            hint="install Graphviz (its program `dot`), or draw `.svg` or `.png`",
        )
    return _by_pure(program, source, form)


def find_pure() -> str | None:
    """Return the executable of graphviz-pure: of this environment, else on the path."""
    here = sysconfig.get_path("scripts")  # right even where the environment is not activated
    return shutil.which("graphviz-pure", path=here) or shutil.which("graphviz-pure")


def _by_dot(source: str, form: str) -> bytes:
    import graphviz

    try:
        drawn: bytes = graphviz.Source(source).pipe(format=form)
    except graphviz.CalledProcessError as problem:
        _failed("dot", problem.stderr)
    return drawn


def _failed(program: str, errors: bytes) -> NoReturn:
    said = errors.decode(errors="replace").strip().splitlines()
    fail("DP643", f"`{program}` failed: {said[0] if said else 'it says nothing'}")


def _by_pure(program: str, source: str, form: str) -> bytes:
    command = [program, "-Kdot", f"-T{form}"]
    done = subprocess.run(command, input=source.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        _failed("graphviz-pure", done.stderr)
    return done.stdout


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as problem:
        fail("DP643", f"cannot write {path}: {problem.strerror or problem}")
