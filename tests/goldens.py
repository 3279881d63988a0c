"""Golden programs: `.dp` files whose comments say what they give.

A file holds, in comments of their own lines and in this order for each case::

    # set: n=4                       sizes, from here on
    # choices: {"f.x#0": 1}          what the holes are, from here on, by the checker's keys
    # in: a=3 xs=[3, 1, 2]           inputs, as JSON
    # out: [1, 2, 3]                 the result, as JSON; or `# error: DP601`
    # unfinished: {"5": 1}           what the loops at these lines left (checked where it is said)
    # cost: {"5": 4.25}              the cost of loops that halt by weight
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from diffprog.errors import Source
from diffprog.lang.check import check
from diffprog.lang.imports import with_modules
from diffprog.lang.parse import parse

if TYPE_CHECKING:
    from pathlib import Path

    from diffprog.lang.typed import Checked
    from diffprog.types import Value

_COMMENT = re.compile(r"^# (set|choices|in|out|error|unfinished|cost):(.*)$")
_NAME = re.compile(r"\s*(\w+)=")


@dataclass
class Case:
    """One case of a golden program.

    Attributes:
        program: the file's name.
        line: where its inputs stand.
        text: the whole file.
        sizes: sizes that are set.
        choices: what the holes are.
        inputs: inputs as JSON.
        out: the expected result as JSON.
        error: the expected diagnostic's code, None where there is a result.
        unfinished: what loops are expected to leave, by line; None where nothing is said.
        cost: the expected costs; None where nothing is said.
    """

    program: str
    line: int
    text: str
    sizes: dict[str, int] = field(default_factory=dict)
    choices: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    out: Any = None
    error: str | None = None
    unfinished: dict[int, float] | None = None
    cost: dict[int, float] | None = None

    @property
    def source(self) -> Source:
        """The program as it was written."""
        return Source(f"{self.program}.dp", self.text)

    def checked(self, text: str | None = None) -> Checked:
        """Check the program, or another text of it, at the sizes of this case."""
        source = self.source if text is None else Source(f"{self.program}.dp", text)
        return check(with_modules(parse(source)), sizes=self.sizes)

    def encoded(self, checked: Checked) -> dict[str, Value]:
        """Return the inputs as crisp values."""
        params = dict(checked.main.params)
        return {name: params[name].encode(value) for name, value in self.inputs.items()}


def cases(path: Path) -> list[Case]:
    """Read the cases of a golden program."""
    text = path.read_text(encoding="utf-8")
    found: list[Case] = []
    sizes: dict[str, int] = {}
    choices: dict[str, Any] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _COMMENT.match(line)
        if match is None:
            continue
        word, rest = match.groups()
        if word == "set":
            sizes = assignments(rest)
        elif word == "choices":
            choices = json.loads(rest)
        elif word == "in":
            found.append(Case(path.stem, number, text, sizes, choices, assignments(rest)))
        else:
            expect(found[-1], word, rest)
    return found


def assignments(text: str) -> dict[str, Any]:
    """Read `a=3 xs=[3, 1, 2]`."""
    found, at = {}, 0
    decoder = json.JSONDecoder()
    while match := _NAME.match(text, at):
        found[match[1]], at = decoder.raw_decode(text, match.end())
    assert not text[at:].strip(), text
    return found


def expect(case: Case, word: str, rest: str) -> None:
    """Enter one expectation of a case."""
    if word == "error":
        case.error = rest.strip()
    elif word == "out":
        case.out = json.loads(rest)
    else:
        numbers = {int(line): value for line, value in json.loads(rest).items()}
        setattr(case, word, numbers)
