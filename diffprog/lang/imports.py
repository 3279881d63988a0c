"""Imports: the modules that a file names, found and parsed.

In: a program as parsed, and the folder it lies in. Out: the same with its `modules`; or every
error of the modules at once. `std.…` comes with the package, any other module stands beside the
file that imports it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from diffprog.errors import DiffprogError, Report, Source
from diffprog.lang.parse import parse

if TYPE_CHECKING:
    from diffprog.lang.syntax import Import, Program

STANDARD = Path(__file__).resolve().parent.parent / "std"
"""The folder of the standard library."""


def standard_modules() -> list[str]:
    """Return the names of the standard library's modules, as an import writes them."""
    return [f"std.{path.stem}" for path in sorted(STANDARD.glob("*.dp"))]


def with_modules(program: Program) -> Program:
    """Return a program with the modules that it imports, and those that these import.

    The files stand beside the program's own, by the name that it goes by.

    Raises:
        DiffprogError: with what is wrong with imports (DP214, DP215) and every syntax error of the
            modules.
    """
    if not program.imports:
        return program
    finder = _Finder()
    found = finder.linked(program, Path(program.span.source.name).parent, ())
    finder.report.raise_errors()
    return found


def texts(program: Program, folder: str = "") -> dict[str, str]:
    """Return the texts of the modules that stand beside a program, by their path from it."""
    found: dict[str, str] = {}
    for path, module in program.modules.items():
        if path[0] != "std":
            file = PurePath(folder, *path).with_suffix(".dp")
            found[file.as_posix()] = module.span.source.text
            found |= texts(module, str(file.parent))
    return found


@dataclass
class _Finder:
    """Parses each file once; None stands for one that has errors."""

    report: Report = field(default_factory=Report)
    known: dict[Path, Program | None] = field(default_factory=dict)

    def linked(self, program: Program, folder: Path, way: tuple[Path, ...]) -> Program:
        """Return a file's syntax with its modules; `way` are the files that led to it."""
        found = {d.path: self.module(d, folder, way) for d in program.imports}
        return replace(program, modules={p: m for p, m in found.items() if m is not None})

    def module(self, d: Import, folder: Path, way: tuple[Path, ...]) -> Program | None:
        """Return the module that an import names."""
        standard = d.path[0] == "std"
        below = d.path[1:] if standard else d.path
        file = (STANDARD if standard else folder).joinpath(*below).with_suffix(".dp")
        file = file if standard else Path(*file.parts)
        if file in way:
            self._circle(d, way[way.index(file) :])
            return None
        if file not in self.known:
            shown = PurePath("std", *below).with_suffix(".dp") if standard else file
            self.known[file] = None
            text = self._read(d, file, str(shown))
            if text is not None:
                self._parse(Source(str(shown), text), file, way)
        return self.known[file]

    def _parse(self, source: Source, file: Path, way: tuple[Path, ...]) -> None:
        try:
            parsed = parse(source, module=True)
        except DiffprogError as problem:
            self.report.diagnostics += problem.diagnostics
            return
        self.known[file] = self.linked(parsed, file.parent, (*way, file))

    def _read(self, d: Import, file: Path, shown: str) -> str | None:
        name = ".".join(d.path)
        try:
            if file.is_file():
                return file.read_text(encoding="utf-8")
            problem = f"there is no module `{name}`"
        except UnicodeDecodeError as wrong:
            problem = f"the module `{name}` is not UTF-8 text (byte {wrong.start})"
        except OSError as wrong:
            problem = f"the module `{name}` cannot be read: {wrong.strerror or wrong}"
        label = "" if d.path[0] == "std" else f"looked for {shown}"
        self.report.error("DP214", problem, d.span, label=label, help=_hint(name))
        return None

    def _circle(self, d: Import, way: tuple[Path, ...]) -> None:
        names = [file.stem for file in (*way, way[0])]
        message = f"`{names[0]}` imports itself"
        if len(way) > 1:
            message = f"modules import each other in a circle: {' imports '.join(names)}"
        hint = "put what both need into a third module"
        self.report.error("DP215", message, d.span, help=hint)


def _hint(name: str) -> str:
    known = standard_modules()
    near = get_close_matches(name, [*known, *(k.partition(".")[2] for k in known)], n=1, cutoff=0.7)
    if near:
        found = near[0] if near[0].startswith("std.") else f"std.{near[0]}"
        return f"did you mean `{found}`?"
    if name.startswith("std."):
        return f"the standard library has {', '.join(known) or 'no modules'}"
    return ""
