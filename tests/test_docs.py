"""The documentation does what it says: its programs run, its Python runs, its commands exist.

Fenced blocks are read by their first word:

* ``dp``: a program. It has to pass the checker, give what its `# in:` and `# out:` comments say (as
  the golden programs do) in every way of running it, and warn of `# warns: DP901` where it says so;
  with `# refused: DP403` the checker has to refuse it by just these codes.
* ``python``: runs; what it prints is compared with its comments `# -> …`.
* ``console``: each `$ diffprog …` runs; what it prints is compared with what follows, where `…`
  stands for any text. The blocks of a page run from top to bottom, in one folder.
* ``sh``: commands that only have to exist, with their options.

A second word is a file's name: the block is written there before the page runs. A comment
``<!-- setup … -->`` holds Python that runs first, and ``<!-- slow`` marks a page whose blocks take
more than a few seconds.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
import torch
from click.testing import CliRunner

from diffprog.cli import main
from diffprog.codes import CODES
from diffprog.errors import DiffprogError
from diffprog.pipeline import loads
from diffprog.soft.inputs import Encoder
from tests.goldens import cases
from tests.test_golden_run import WAYS, as_json, in_turn

if TYPE_CHECKING:
    from types import ModuleType


ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_FENCE = re.compile(r"(?ms)^```(\w+)(?: +(\S+))?\n(.*?)^```$")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_SETUP = re.compile(r"(?s)<!-- setup\n(.*?)-->")
_SAID = re.compile(r"(?m)^# (refused|warns):(.*)$")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, its kind, the file it is written to, its text."""

    page: Path
    line: int
    kind: str
    name: str
    text: str

    @property
    def place(self) -> str:
        """The page and the line of the block."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    def said(self, word: str) -> set[str] | None:
        """Return the codes after `# refused:` or `# warns:`, None where nothing is said."""
        found = [codes for key, codes in _SAID.findall(self.text) if key == word]
        return set(" ".join(found).split()) if found else None


def blocks(page: Path, *kinds: str) -> list[Block]:
    """Return the fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    found = [
        Block(page, text.count("\n", 0, m.start()) + 2, m[1], m[2] or "", m[3])
        for m in _FENCE.finditer(text)
    ]
    return [b for b in found if b.kind in kinds] if kinds else found


def parameters(*kinds: str) -> pytest.MarkDecorator:
    """Return the blocks of all pages for pytest."""
    found = [b for page in PAGES for b in blocks(page, *kinds)]
    return pytest.mark.parametrize("block", found, ids=[b.place for b in found])


def pages_with(*kinds: str) -> pytest.MarkDecorator:
    """Return the pages that have such blocks for pytest, the slow ones marked."""
    found = [
        pytest.param(
            page,
            id=str(page.relative_to(ROOT)),
            marks=[pytest.mark.slow] if "<!-- slow" in page.read_text(encoding="utf-8") else [],
        )
        for page in PAGES
        if blocks(page, *kinds)
    ]
    return pytest.mark.parametrize("page", found)


# --- programs -------------------------------------------------------------------------------------


def codes_of(text: str) -> set[str]:
    """Return the codes with which a program is refused."""
    try:
        loads(text)
    except DiffprogError as error:
        return {d.code for d in error.diagnostics}
    return set()


@parameters("dp")
def test_program_is_checked(block: Block) -> None:
    """The checker accepts a program, or refuses it by just the codes that are named."""
    assert codes_of(block.text) == (block.said("refused") or set())


@parameters("dp")
def test_program_warns(block: Block) -> None:
    """A program warns of what it says that it does."""
    wanted = block.said("warns")
    if wanted is not None:
        assert {d.code for d in loads(block.text).warnings} == wanted


@pytest.mark.parametrize("way", WAYS)
@parameters("dp")
def test_program_gives(block: Block, way: str, tmp_path: Path) -> None:
    """A program gives what its comments say, in every way of running it."""
    path = tmp_path / f"{block.page.stem}_{block.line}.dp"
    path.write_text(block.text, encoding="utf-8")
    for case in cases(path):
        if case.error is not None:
            with pytest.raises(DiffprogError) as caught:
                WAYS[way](case)
            assert caught.value.diagnostics[0].code == case.error
            continue
        try:
            answer = WAYS[way](case)
        except pytest.skip.Exception:
            continue  # this way does not take this case
        assert as_json(answer.out) == case.out
        if answer.unfinished is not None and case.unfinished is not None:
            assert answer.unfinished == case.unfinished


@parameters("dp")
def test_program_softly(block: Block, tmp_path: Path) -> None:
    """Where inputs and choices are crisp, the soft program gives what the comments say."""
    path = tmp_path / f"{block.page.stem}_{block.line}.dp"
    path.write_text(block.text, encoding="utf-8")
    for case in cases(path):
        if case.error is not None:
            continue
        program = loads(case.text, **case.sizes)
        if in_turn(case, program.checked):
            continue  # no weights decide just so
        module = program.soften().double()
        module.temperature = module.choice_temperature = 0
        module.load_choices(case.choices)
        inputs = {n: t.encode(case.inputs[n]) for n, t in program.parameters.items()}
        wanted = Encoder("out", None, module.like).encode(
            program.result.encode(case.out), program.result
        )
        found = parts(module(**inputs))
        for x, y in zip(found, wanted, strict=True):
            torch.testing.assert_close(x, y.double(), rtol=1e-12, atol=1e-12)


def parts(value: object) -> list[torch.Tensor]:
    """Return the tensors of a soft value: one, or those of a tuple."""
    if isinstance(value, torch.Tensor):
        return [value]
    assert isinstance(value, tuple)
    return [x for part in value for x in parts(part)]


def test_reference_pages_show_a_program() -> None:
    """Each page of a construct has a program that runs."""
    made = {"index", "ops", "errors", "cli", "api", "reserved"}
    made |= {"extern"}  # its program needs a module from Python, and runs there
    for page in sorted((ROOT / "docs" / "reference").glob("*.md")):
        if page.stem not in made:
            assert any("# in:" in b.text for b in blocks(page, "dp")), page


# --- Python and commands --------------------------------------------------------------------------


def write_files(page: Path, folder: Path) -> None:
    """Write the named blocks of a page."""
    for block in blocks(page):
        if block.name:
            (folder / block.name).write_text(block.text, encoding="utf-8")


@pages_with("python", "console")
def test_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python and the sessions of a page, from top to bottom, give what they show."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for block in blocks(page):
        if block.name:
            (tmp_path / block.name).write_text(block.text, encoding="utf-8")
    names: dict[str, object] = {"__name__": page.stem}
    for setup in _SETUP.findall(page.read_text(encoding="utf-8")):
        exec(setup, {})
    for block in blocks(page, "python", "console"):
        run_python(block, names) if block.kind == "python" else run_session(block)


def run_python(block: Block, names: dict[str, object]) -> None:
    """Run a block and compare what it prints with its comments `# -> …`."""
    printed = io.StringIO()
    code = compile("\n" * (block.line - 1) + block.text, block.place, "exec")
    with contextlib.redirect_stdout(printed):
        exec(code, names)
    wanted = re.findall(r"(?m)# -> (.*)$", block.text)
    if wanted:
        assert printed.getvalue().splitlines() == wanted


def run_session(block: Block) -> None:
    """Run each `$ diffprog …` and compare what it prints with the lines that follow."""
    for part in re.split(r"(?m)^\$ ", block.text)[1:]:
        line, _, wanted = part.partition("\n")
        words = shlex.split(line, comments=True)
        if words[:1] != ["diffprog"]:
            continue
        result = CliRunner().invoke(command_line(), words[1:])
        pattern = re.escape(wanted.strip()).replace("…", "(?s:.*)")
        assert re.fullmatch(pattern, result.output.strip()), f"{line}\n{result.output}"


@parameters("sh")
def test_command_exists(block: Block) -> None:
    """Each command that a page names exists and has the options that it is given."""
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["diffprog"]:
            assert unknown(command_line(), words[1:]) == [], line


def command_line() -> click.Group:
    """Return the command line."""
    return main


def unknown(cli: click.Group, words: list[str]) -> list[str]:
    """Return the words that the command line does not know: a command, or options of one."""
    command: click.Command | None = cli
    if words and not words[0].startswith("-"):
        if words[0] not in cli.list_commands(context := click.Context(cli)):
            return words[:1]
        command = cli.get_command(context, words[0])
    assert command is not None
    options = {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"--help"}
    given = [w.split("=")[0] for w in words if w.startswith("-") and len(w) > 1]
    return [w for w in given if w not in options]


# --- generated parts and links --------------------------------------------------------------------


def generator() -> ModuleType:
    """Import docs/generate.py."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_fresh() -> None:
    """Tables of operations, diagnostics, commands and functions are what the code says."""
    assert not generator().stale(), "run docs/generate.py"


def test_codes_in_the_text_exist() -> None:
    """A page names no diagnostic that there is not."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert set(re.findall(r"\bDP\d{3}\b", text)) <= CODES.keys(), page


@pytest.mark.parametrize("page", PAGES, ids=[str(p.relative_to(ROOT)) for p in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    """A link to a file of the repository, or to a heading of a page, finds it."""
    for link in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    heads = re.findall(r"(?m)^#+ (.*)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in heads}
