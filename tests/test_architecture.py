"""The rooms of the package: who may import whom, what stays unloaded, how long a file may be.

Imports are read with `ast`, not by importing, so a module that does not import is still judged.
An import inside a function or under `TYPE_CHECKING` counts like any other: it is a dependency.
Each rule is a function from a package folder to a list of complaints, and each is also run on
a small package that breaks it, because a rule that cannot fail protects nothing.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGE = Path(__file__).parent.parent / "diffprog"
MAX_LINES = 300
# Files that are one list of declarations, a few lines each, to be read side by side: the kinds of
# the syntax tree, of the typed tree and of the graph. They hold no algorithm that could be cut off.
DECLARATIONS = {"lang/syntax.py", "lang/typed.py", "ir/graph.py"}
MAX_DECLARATIONS = 500

# The longest matching name decides; "" is diffprog/__init__.py, the public interface.
FLOORS = {
    "errors": 0,
    "codes": 0,
    "types": 1,
    "trace": 1,
    "ops": 2,
    "nets": 2,
    "deciders": 3,
    "lang.syntax": 3,
    "ir.graph": 3,
    "lang": 4,
    "ir": 4,
    "lower": 5,
    "crisp": 5,
    "soft": 5,
    "native": 5,
    "view": 5,
    "pipeline": 6,
    "learn": 7,
    "ask": 7,
    "cli": 8,
    "__main__": 9,
    "": 9,
}
# Libraries that one file alone may import, and the room it stands in.
ONE_IMPORTER = {"lark": "lang", "networkx": "ir", "graphviz": "view"}
TORCH_ROOMS = {"soft", "native", "learn"}


def module_name(path: Path, package: Path) -> str:
    """Name a file from inside the package: `lang/parse.py` is `lang.parse`."""
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules(package: Path) -> dict[str, Path]:
    """Find every module of a package."""
    return {module_name(path, package): path for path in sorted(package.rglob("*.py"))}


def imported(path: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports, `from a import b` as `a.b`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module}.{alias.name}" for alias in node.names)


def inner_imports(package: Path) -> Iterator[tuple[str, str]]:
    """Yield (importer, imported) for imports between modules of the package."""
    names = modules(package)
    for importer, path in names.items():
        for name in imported(path):
            top, _, rest = name.partition(".")
            if top != package.name:
                continue
            while rest and rest not in names:  # `from diffprog.types import Int` names `types`
                rest = rest.rpartition(".")[0]
            if rest != importer:
                yield importer, rest


def outer_imports(package: Path, library: str) -> list[str]:
    """List the modules that import a library."""
    return [
        name
        for name, path in modules(package).items()
        if any(found.split(".")[0] == library for found in imported(path))
    ]


def room(name: str) -> str:
    """Return the top folder that a module stands in; a file beside them is its own room."""
    return name.partition(".")[0]


def floor(name: str) -> int | None:
    """Return the floor of a module, None where the plan does not know it."""
    if name == "":
        return FLOORS[""]
    while name and name not in FLOORS:
        name = name.rpartition(".")[0]
    return FLOORS[name] if name else None


def floor_complaints(package: Path) -> list[str]:
    """Imports go down, or stay on the floor within one folder."""
    complaints = [
        f"{name}: not in FLOORS; say where it stands"
        for name in modules(package)
        if floor(name) is None
    ]
    for importer, target in sorted(set(inner_imports(package))):
        above, below = floor(importer), floor(target)
        if above is None or below is None:
            continue
        if below > above or (below == above and room(importer) != room(target)):
            target = target or package.name
            complaints.append(f"{importer} (floor {above}) imports {target} (floor {below})")
    return complaints


def cycle_complaints(package: Path) -> list[str]:
    """No module imports itself through others."""
    graph: dict[str, set[str]] = defaultdict(set)
    for importer, target in inner_imports(package):
        graph[importer].add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [" -> ".join(reversed(error.args[1]))]
    return []


def library_complaints(package: Path) -> list[str]:
    """One importer per library, in its room; torch only where tensors are."""
    complaints = []
    for library, home in ONE_IMPORTER.items():
        users = outer_imports(package, library)
        complaints += [f"{u} imports {library}" for u in users if room(u) != home]
        if len(users) > 1:
            complaints.append(f"{library} has several importers: {', '.join(users)}")
    torch_users = outer_imports(package, "torch")
    complaints += [f"{u} imports torch" for u in torch_users if room(u) not in TORCH_ROOMS]
    return complaints


def docstring_complaints(package: Path) -> list[str]:
    """Every module says what comes in, what goes out and what it never does."""
    return [
        f"{path.relative_to(package)} has no docstring"
        for path in modules(package).values()
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]


def length_complaints(package: Path) -> list[str]:
    """A file over the limit is two rooms."""
    lengths = {
        path: len(path.read_text(encoding="utf-8").splitlines())
        for path in modules(package).values()
    }
    complaints = []
    for path, length in lengths.items():
        name = path.relative_to(package).as_posix()
        limit = MAX_DECLARATIONS if name in DECLARATIONS else MAX_LINES
        if length > limit:
            complaints.append(f"{name} has {length} lines, the limit is {limit}")
    return complaints


RULES = [
    floor_complaints,
    cycle_complaints,
    library_complaints,
    docstring_complaints,
    length_complaints,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_package_keeps(rule: Callable[[Path], list[str]]) -> None:
    """The package as it stands breaks no rule."""
    complaints = rule(PACKAGE)
    assert not complaints, "\n" + "\n".join(complaints)


BROKEN = {
    "upwards": (floor_complaints, {"types.py": "from diffprog.ops import OPS", "ops.py": ""}),
    "upwards-locally": (
        floor_complaints,
        {"ir/verify.py": "def f():\n    import diffprog.pipeline", "pipeline.py": ""},
    ),
    "sideways": (
        floor_complaints,
        {"soft/lift.py": "from diffprog.crisp import interpret", "crisp/interpret.py": ""},
    ),
    "unknown-room": (floor_complaints, {"utils.py": ""}),
    "cycle": (
        cycle_complaints,
        {
            "lang/parse.py": "from diffprog.lang.check import check",
            "lang/check.py": "import diffprog.lang.parse",
        },
    ),
    "wrong-room": (library_complaints, {"ir/text.py": "import lark"}),
    "two-importers": (
        library_complaints,
        {"ir/graph.py": "import networkx as nx", "ir/text.py": "from networkx import DiGraph"},
    ),
    "torch-below": (library_complaints, {"pipeline.py": "from torch import nn"}),
    "no-docstring": (docstring_complaints, {"ops.py": "x = 1"}),
    "too-long": (length_complaints, {"ops.py": "\n" * (MAX_LINES + 1)}),
}


@pytest.mark.parametrize("case", BROKEN)
def test_rule_bites(case: str, tmp_path: Path) -> None:
    """Each rule complains once about a package that breaks it, and not about an empty one."""
    rule, files = BROKEN[case]
    package = tmp_path / "diffprog"
    package.mkdir()
    assert rule(package) == []
    for name, text in files.items():
        (package / name).parent.mkdir(exist_ok=True)
        (package / name).write_text(text, encoding="utf-8")
    assert len(rule(package)) == 1


def loads_torch(code: str) -> bool:
    """Run code in a fresh interpreter and say whether torch is loaded afterwards."""
    probe = f"import sys\n{code}\nprint('torch' in sys.modules, file=sys.stderr)"
    result = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 0, result.stderr
    return result.stderr.splitlines()[-1] == "True"


def test_import_leaves_torch_unloaded() -> None:
    """`import diffprog` is cheap."""
    assert not loads_torch("import diffprog")


@pytest.mark.skipif(not (PACKAGE / "cli").exists(), reason="there is no cli yet")
def test_check_help_leaves_torch_unloaded() -> None:
    """`diffprog check --help` is cheap, and exits 0."""
    assert not loads_torch(
        "from diffprog.cli import main\n"
        "sys.argv = ['diffprog', 'check', '--help']\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code"
    )


def test_torch_probe_bites() -> None:
    """The probe itself sees torch where it is loaded."""
    assert loads_torch("import torch")
