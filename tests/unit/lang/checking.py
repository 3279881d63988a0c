"""Short ways to check a program in a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.errors import DiffprogError, Source
from diffprog.lang import typed
from diffprog.lang.check import check
from diffprog.lang.parse import parse

if TYPE_CHECKING:
    from diffprog.types import Type


def checked(text: str, **sizes: int) -> typed.Checked:
    """Check a whole program."""
    return check(parse(Source("test.dp", text)), sizes=sizes)


def body(lines: str, params: str = "x: int<10>, b: bool", result: str = "int<10>") -> str:
    """Make a program of the lines of its body."""
    inside = "".join(f"    {line}\n" for line in lines.strip("\n").splitlines())
    return f"program p({params}) -> {result}:\n{inside}"


def errors(text: str, **sizes: int) -> list[str]:
    """Return the codes of a program's errors, in order."""
    try:
        checked(text, **sizes)
    except DiffprogError as error:
        return [d.code for d in error.diagnostics]
    return []


def said(text: str, **sizes: int) -> str:
    """Return what is printed of a wrong program."""
    try:
        checked(text, **sizes)
    except DiffprogError as error:
        return str(error)
    return ""


def warned(text: str, **sizes: int) -> list[str]:
    """Return the codes of a right program's warnings."""
    return [w.code for w in checked(text, **sizes).warnings]


def assigned(statements: typed.Block, name: str) -> list[Type]:
    """Return the types in which statements at the top of a block assign a variable."""
    return [
        s.place.type for s in statements if isinstance(s, typed.Assign) and s.place.name == name
    ]
