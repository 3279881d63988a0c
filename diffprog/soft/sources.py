"""The generated file around the generated function: its head, the kernels it calls, its constants.

In: what a writer collected. Out: the text of a file that needs torch and nothing else; and such a
file, loaded.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import linecache
import re
import sys
from functools import cache
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from diffprog.soft import chunks, finite, folds, halting, kernels, memory, rolling
from diffprog.soft.lines import WORD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.soft.writer import Writer


def _functions(module: ModuleType) -> dict[str, FunctionType]:
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, FunctionType) and value.__module__ == module.__name__
    }


KERNELS: dict[str, FunctionType] = {
    name: function
    for module in (kernels, finite, memory, folds, halting, rolling, chunks)
    for name, function in _functions(module).items()
}
"""Every function that generated code may call, by name."""

IMPORTS = """\
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from types import FunctionType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.utils._pytree import tree_flatten, tree_unflatten
"""


SETTINGS = (
    ("choice_T", "choice_T = temperature(choice_T)"),
    ("TIES", "TIES = steady(tie_offset(temperature(T), ties), like)"),
    ("T", "T = steady(temperature(T), like)"),
    ("epsilon", "epsilon = None if is_cold(epsilon) else epsilon"),
)
"""What a program is set to, as it computes with it: a line for each that it reads."""


def used(text: str) -> list[str]:
    """Return the kernels that a text calls, and those that they call, in a fixed order."""
    found: set[str] = set()
    todo = [text]
    while todo:
        for word in set(WORD.findall(todo.pop())) & KERNELS.keys() - found:
            found.add(word)
            todo.append(_source(word))
    return [name for name in KERNELS if name in found]


@cache
def _source(name: str) -> str:
    return _texts(KERNELS[name].__module__)[name]


@cache
def _texts(module: str) -> dict[str, str]:
    """Return the text of every function of a module, by name, without notes to tools."""
    text = inspect.getsource(sys.modules[module])
    lines = re.sub(r"  # (noqa|type:).*$", "", text, flags=re.MULTILINE).splitlines()
    functions = [f for f in ast.parse(text).body if isinstance(f, ast.FunctionDef)]
    return {f.name: "\n".join(lines[f.lineno - 1 : f.end_lineno]) for f in functions}


def assembled(
    writer: Writer, weights: dict[str, tuple[str, str]], entry: str, params: Sequence[str]
) -> str:
    """Return the whole file."""
    top = ["    report = {} if report is None else report"]
    like = f"{params[0]}" if params else "next(iter(holes.values()), torch.zeros(()))"
    top.append(f"    like = {like} if like is None else like")
    body = "\n".join(writer.swept())
    words = set(WORD.findall(body))
    if words & writer.constants.keys():
        top.append("    constants = make_constants(like) if constants is None else constants")
    known = words.union(*(WORD.findall(code) for _, code in weights.values()))
    top += [f"    {line}" for name, line in SETTINGS if name in known]
    top += [f'    {name} = constants["{name}"]' for name in writer.constants if name in words]
    top += [f"    {name} = {code}" for name, code in weights.values()]
    keywords = "holes={}, constants=None, nets={}, T=1.0, choice_T=1.0, ties=True, epsilon=0.0"
    keywords += ", lead=0" if "lead" in words else ""
    head = f"def {entry}({', '.join([*params, '*', keywords, 'like=None', 'report=None'])}):"
    head = head if len(head) < 97 else head.replace(", *, ", ",\n    *, ", 1)
    doc = '    """Run the program on soft values; leading axes are free and broadcast."""'
    function = "\n".join([head, doc, *top, body])
    constants = _constants(writer, words)
    literals = "\n".join(f"{name} = {code}" for name, code in writer.literals.items())
    names = used(constants + function)
    long = f"LONG, KEPT = {rolling.LONG}, {rolling.KEPT}" if "rolled" in names else ""
    parts = [IMPORTS.strip(), long, *map(_source, names), literals, constants, function]
    return "\n\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _constants(writer: Writer, words: set[str]) -> str:
    """Return the function that makes the constants which the words name, and what those need."""
    wanted = [name for name in writer.constants if name in words]
    needed: set[str] = set()
    for name, code in reversed(writer.constants.items()):
        if name in words or name in needed:
            needed |= {name, *WORD.findall(code)}
    lines = [
        "def make_constants(like):",
        '    """Return the program\'s tables on the device and in the dtype of `like`."""',
        *(f"    {name} = {code}" for name, code in writer.constants.items() if name in needed),
        "    return {",
        *(f'        "{name}": {name},' for name in wanted),
        "    }",
    ]
    return "\n".join(lines)


def compiled(source: str, name: str) -> dict[str, Any]:
    """Return the names of a generated file; tracebacks through it show its lines.

    The file stands among the loaded modules, where `torch.compile` looks for it; equal files are
    one module.
    """
    digest = hashlib.sha256(source.encode()).hexdigest()[:12]
    title, filename = f"diffprog_{name}_{digest}", f"<diffprog {name} {digest}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    if title not in sys.modules:
        made = ModuleType(title)
        exec(compile(source, filename, "exec"), vars(made))  # the text is our own
        sys.modules[title] = made
    return vars(sys.modules[title])
