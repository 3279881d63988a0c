"""Wrong programs and what is said about them: `tests/golden/errors/*.dp`.

The first lines of a file are comments, `# error: DP106 5:9`, one for each expected error with its
line and column. The whole text that is printed stands beside it, in `.err`. Both are rewritten by
`pytest tests/test_golden_errors.py --update-goldens`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from diffprog.errors import DiffprogError
from diffprog.pipeline import loads

FOLDER = Path(__file__).parent / "golden" / "errors"
FILES = sorted(FOLDER.glob("*.dp"))
EXPECTED = re.compile(r"# error: (DP\d{3}) (\d+:\d+)\n")


def said(path: Path) -> DiffprogError:
    """Load a wrong program; its name is the bare one, so that the text is the same anywhere."""
    with pytest.raises(DiffprogError) as caught:
        loads(path.read_bytes().decode(), path.name)
    return caught.value


def places(error: DiffprogError) -> list[tuple[str, str]]:
    """List code and place of each diagnostic."""
    return [(d.code, str(d.span).partition(":")[2]) for d in error.diagnostics]


def write(path: Path) -> None:
    """Put the comments and the text of the errors as they are now."""
    text = path.read_bytes().decode()
    count = len(places(said(path)))
    lead = len(EXPECTED.findall(text))
    if count != lead:  # the comments take lines, so the places move with their number
        body = EXPECTED.sub("", text)
        path.write_bytes(("# error: DP000 0:0\n" * count + body).encode())
    error = said(path)
    body = EXPECTED.sub("", path.read_bytes().decode())
    lead_text = "".join(f"# error: {code} {place}\n" for code, place in places(error))
    path.write_bytes((lead_text + body).encode())
    path.with_suffix(".err").write_text(f"{said(path)}\n", encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_errors(path: Path, update_goldens: bool) -> None:
    """A wrong program gets exactly its errors, in exactly these words."""
    if update_goldens:
        write(path)
    expected = EXPECTED.findall(path.read_bytes().decode())
    error = said(path)
    assert places(error) == expected
    assert f"{error}\n" == path.with_suffix(".err").read_text(encoding="utf-8")


def test_there_are_many() -> None:
    """The promise of the manual: at least forty wrong programs with their exact messages."""
    assert len(FILES) >= 24
