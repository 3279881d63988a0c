"""Programs read from files and texts.

In: a path or a text, and sizes. Out: a `Program`, parsed and checked.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from diffprog.errors import Source, fail
from diffprog.lang.check import check_module
from diffprog.lang.imports import with_modules
from diffprog.lang.parse import is_module, parse
from diffprog.pipeline.beside import read_beside
from diffprog.pipeline.program import Program

if TYPE_CHECKING:
    from diffprog.errors import Diagnostic


def load(path: str | Path, **sizes: int) -> Program:
    """Read, parse and check a program; learned reals and weights beside it are its choices.

    Raises:
        DiffprogError: DP001 for a file that cannot be read, otherwise every error of the program.
    """
    text = read_text(path)
    program = loads(text, str(path), **sizes)
    choices = read_beside(path, text) if program.holes or program.checked.nets else {}
    return program.decide(choices) if choices else program


def read_text(path: str | Path) -> str:
    """Read a program's text.

    Raises:
        DiffprogError: DP001 where that is not possible.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        fail("DP001", f"{path} is not UTF-8 text (byte {problem.start})")
    except OSError as problem:
        fail("DP001", f"cannot read {path}: {problem.strerror or problem}")


def loads(text: str, name: str = "<text>", **sizes: int) -> Program:
    r"""Parse and check a program's text. Its modules stand beside the file of this name.

    Raises:
        DiffprogError: with every error of the program.

    >>> loads("program one() -> int<2>:\n    return 1\n").run()
    1
    """
    program = Program(with_modules(parse(Source(name, text))), sizes)
    _ = program.checked  # errors are told here, not at first use
    return program


def findings(text: str, name: str = "<text>", **sizes: int) -> tuple[Diagnostic, ...]:
    """Check a program or a module, and return its warnings.

    Raises:
        DiffprogError: with every error of it.
    """
    if is_module(text):
        return check_module(with_modules(parse(Source(name, text), module=True)))
    return loads(text, name, **sizes).warnings
