"""Examples of codes do what they say: the wrong one gives the code, the right one does not."""

from __future__ import annotations

import re

import pytest

from diffprog.codes.choices import CHOICES
from diffprog.codes.kinds import KINDS
from diffprog.codes.loops import LOOPS
from diffprog.codes.names import NAMES
from diffprog.codes.warnings import WARNINGS
from diffprog.errors import DiffprogError, Source
from diffprog.lang.check import check, check_module
from diffprog.lang.imports import with_modules
from diffprog.lang.parse import is_module, parse

FAMILIES = NAMES | CHOICES | KINDS | LOOPS | WARNINGS
# Said by lowering and by running, not by the checker.
ELSEWHERE = re.compile(r"DP(901|32\d|330|42\d)")
CODES = [code for code in FAMILIES if not ELSEWHERE.match(code)]
# Too long to print, or of several files (test_imports.py).
LARGE = {"DP213", "DP215", "DP419"}


def whole(example: str) -> str:
    """Make a program of an example that is the body of one."""
    if re.search(r"^(program|fn)\b", example, re.MULTILINE):
        return example + "\n"
    body = "".join(f"    {line}\n" for line in example.splitlines())
    return f"program p(x: int<9>, b: bool, xs: int<9>[4]) -> int<9>:\n{body}    return x\n"


def codes_of(text: str) -> set[str]:
    """Check a program and collect the codes of its errors or warnings."""
    try:
        source = Source("example.dp", text)
        if is_module(text):
            return {w.code for w in check_module(parse(source, module=True))}
        return {w.code for w in check(with_modules(parse(source))).warnings}
    except DiffprogError as error:
        return {d.code for d in error.diagnostics}


@pytest.mark.parametrize("code", [code for code in CODES if code not in LARGE])
def test_the_wrong_example_gives_its_code(code: str) -> None:
    """It can be triggered, and by what the explanation shows."""
    assert code in codes_of(whole(FAMILIES[code].wrong))


@pytest.mark.parametrize("code", CODES)
def test_the_right_example_has_no_error(code: str) -> None:
    """The way out that the explanation shows is one."""
    found = codes_of(whole(FAMILIES[code].right))
    assert code not in found
    assert all(c.startswith("DP9") for c in found)


def test_an_if_with_too_many_branches() -> None:
    """Its example is too long to print."""
    rest = "".join(f"    elif x == {i}:\n        y = 0\n" for i in range(150))
    text = (
        f"program p(x: int<200>) -> int<200>:\n    y = 1\n    if x == 199:\n        y = 2\n{rest}"
    )
    assert codes_of(f"{text}    return y\n") == {"DP419"}


def test_calls_go_only_so_deep() -> None:
    """Fifty functions that call one another are enough; a thousand are refused, not run into."""

    def chain(count: int) -> str:
        text = "fn f0(x: int<9>) -> int<9>:\n    return x\n\n"
        for i in range(1, count):
            text += f"fn f{i}(x: int<9>) -> int<9>:\n    return f{i - 1}(x)\n\n"
        return f"{text}program p(x: int<9>) -> int<9>:\n    return f{count - 1}(x)\n"

    assert codes_of(chain(49)) == set()
    assert codes_of(chain(1000)) == {"DP213"}
