"""diffprog: programs that run crisply, train softly and are printed back as programs.

The public interface. Importing it loads neither torch nor networkx; `fit` and what belongs to it
load torch when they are first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from diffprog.errors import Diagnostic, DiffprogError
from diffprog.pipeline import Program, load, loads, vote

if TYPE_CHECKING:
    from diffprog.learn.emit import emit
    from diffprog.learn.examples import Example, Examples, generate, read_examples
    from diffprog.learn.fit import fit
    from diffprog.soft.module import SoftProgram

__version__ = "0.1.0"

__all__ = [
    "Diagnostic",
    "DiffprogError",
    "Example",
    "Examples",
    "Program",
    "SoftProgram",
    "emit",
    "fit",
    "generate",
    "load",
    "loads",
    "read_examples",
    "vote",
]

_LATER = {
    "Example": "diffprog.learn.examples",
    "Examples": "diffprog.learn.examples",
    "SoftProgram": "diffprog.soft.module",
    "emit": "diffprog.learn.emit",
    "fit": "diffprog.learn.fit",
    "generate": "diffprog.learn.examples",
    "read_examples": "diffprog.learn.examples",
}
"""What is imported when it is first asked for, and from where."""


def __getattr__(name: str) -> object:
    if name not in _LATER:
        message = f"module 'diffprog' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_LATER])
