"""The table of diagnostic codes: complete, and its examples do what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from diffprog.codes import CODES
from diffprog.codes.syntax import SYNTAX
from diffprog.errors import DiffprogError, Source
from diffprog.lang.parse import parse

PACKAGE = Path(__file__).parent.parent / "diffprog"
# Their wrong examples are too large to print; test_parse.py has the real ones.
LARGE = {"DP105", "DP140", "DP141", "DP142"}


def used() -> dict[str, set[str]]:
    """Find the codes written in the package, and the files they are written in."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name != "codes":
            for code in re.findall(r'"(DP\d{3})"', path.read_text(encoding="utf-8")):
                found.setdefault(code, set()).add(path.name)
    return found


def test_every_code_is_explained() -> None:
    """A code that can be printed can be looked up."""
    missing = {code: files for code, files in used().items() if code not in CODES}
    assert not missing


def test_every_explanation_is_of_a_code() -> None:
    """Nothing is explained that no line of the package says."""
    assert not CODES.keys() - used().keys()


def whole(example: str) -> str:
    """Make a program of an example that is the body of one."""
    if re.search(r"^(program|fn)\b", example, re.MULTILINE):
        return example
    body = "".join(f"    {line}\n" for line in example.splitlines())
    return f"program p(x: int<9>, b: bool, xs: int<9>[4]) -> int<9>:\n{body}    return x\n"


def codes_of(text: str) -> list[str]:
    """Parse a text and list the codes of its errors."""
    try:
        parse(Source("example.dp", text))
    except DiffprogError as error:
        return [d.code for d in error.diagnostics]
    return []


@pytest.mark.parametrize("code", SYNTAX)
def test_syntax_examples(code: str) -> None:
    """The wrong example of a syntax error gives that error, the right one none."""
    example = SYNTAX[code]
    if code not in LARGE:
        assert code in codes_of(whole(example.wrong))
    assert codes_of(whole(example.right)) == []
