"""Places in source text, diagnostics about them, and the one exception that carries them.

In: a source text and what is wrong with it. Out: messages a person can act on.
This module imports nothing of diffprog and never loads torch.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

Severity = Literal["error", "warning"]

WIDEST = 160
"""Characters of a line that an excerpt shows; of a longer one, a part around what is marked."""


@dataclass(frozen=True)
class Source:
    """A named text, with the offsets of its lines."""

    name: str
    text: str

    @cached_property
    def starts(self) -> list[int]:
        """Offsets at which lines begin."""
        return [0, *(i + 1 for i, c in enumerate(self.text) if c == "\n")]

    def place(self, offset: int) -> tuple[int, int]:
        """Return the 1-based line and column (in code points) of an offset."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Return the text of a 1-based line, without its newline."""
        return self.text[self.starts[number - 1] :].split("\n", 1)[0].rstrip("\r")


def titled(name: str) -> str:
    """Return what a text is called in pictures: of a full path its last part."""
    path = PurePath(name)
    return path.name if path.is_absolute() else name


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch ``start..end`` of a source text.

    Spans never count for equality of trees.
    """

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """The 1-based line on which the span begins."""
        return self.source.place(self.start)[0]

    @property
    def text(self) -> str:
        """The stretch of text itself."""
        return self.source.text[self.start : self.end]

    def __str__(self) -> str:
        """Print ``file:line:column``."""
        line, column = self.source.place(self.start)
        return f"{self.source.name}:{line}:{column}"


@dataclass(frozen=True)
class Label:
    """A second place that explains a diagnostic."""

    span: Span
    text: str


@dataclass(frozen=True)
class Diagnostic:
    """One finding: a code, a sentence, a place, and how to mend it."""

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    others: tuple[Label, ...] = ()
    help: str = ""
    severity: Severity = "error"

    def render(self) -> str:
        """Return the finding as text.

        Place, the line as written, carets, second places, help.
        """
        out = [f"{self.severity}[{self.code}]: {self.message}"]
        if self.span is not None:
            file = self.span.source
            others = sorted(self.others, key=lambda o: (o.span.source is not file, o.span.start))
            pad = len(str(max(p.line for p in (self.span, *(o.span for o in others)))))
            out.append(f"{' ' * pad}--> {self.span}")
            out += _excerpt(self.span, "^", self.label, pad)
            for other in others:
                if other.span.source is not file:
                    out.append(f"{' ' * pad}::: {other.span}")
                    file = other.span.source
                out += _excerpt(other.span, "-", other.text, pad)
        if self.help:
            out.append(f"  = help: {self.help}")
        return "\n".join(out)


def _excerpt(span: Span, mark: str, label: str, pad: int) -> list[str]:
    line, column = span.source.place(span.start)
    text, at = span.source.line(line), column - 1
    width = max(1, min(span.end - span.start, len(text) - at))
    if len(text) > WIDEST:
        text, at, width = _window(text, at, width)
    lead = "".join(c if c == "\t" else " " for c in text[:at])
    return [f"{line:>{pad}} | {text}", f"{' ' * pad} | {lead}{mark * width} {label}".rstrip()]


def _window(text: str, at: int, width: int) -> tuple[str, int, int]:
    """Cut a long line to the part around a stretch of it: the part, and the stretch in it."""
    start = min(max(0, at - WIDEST // 3), len(text) - WIDEST)
    end = start + WIDEST
    before, after = "..." if start else "", "..." if end < len(text) else ""
    width = min(width, end - at)
    return f"{before}{text[start:end]}{after}", at - start + len(before), width


class DiffprogError(Exception):
    """A user's mistake: one or more diagnostics, never a traceback."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        self.diagnostics = diagnostics
        super().__init__("\n\n".join(d.render() for d in diagnostics))


class InvariantError(Exception):
    """A fault of diffprog's own.

    Something that the earlier stages should have made impossible.
    """


@dataclass
class Report:
    """Collects the diagnostics of one run of a stage, so that all are told at once."""

    diagnostics: list[Diagnostic] = field(default_factory=list)

    def error(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        label: str = "",
        others: tuple[Label, ...] = (),
        help: str = "",
    ) -> None:
        """Record an error."""
        self.diagnostics.append(Diagnostic(code, message, span, label, others, help))

    def warn(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        label: str = "",
        others: tuple[Label, ...] = (),
        help: str = "",
    ) -> None:
        """Record a warning."""
        self.diagnostics.append(
            Diagnostic(code, message, span, label, others, help, severity="warning")
        )

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The recorded errors, by file and place, each said once."""
        return self._of("error")

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """The recorded warnings, by file and place, each said once."""
        return self._of("warning")

    def _of(self, severity: Severity) -> tuple[Diagnostic, ...]:
        found = dict.fromkeys(d for d in self.diagnostics if d.severity == severity)
        files = list(dict.fromkeys(d.span.source.name for d in found if d.span))

        def place(d: Diagnostic) -> tuple[int, int]:
            return (files.index(d.span.source.name), d.span.start) if d.span else (-1, 0)

        return tuple(sorted(found, key=place))

    def drop_warnings(self, unwanted: Callable[[Span], bool]) -> None:
        """Forget the warnings at some places."""
        self.diagnostics = [
            d
            for d in self.diagnostics
            if d.severity == "error" or d.span is None or not unwanted(d.span)
        ]

    def raise_errors(self) -> None:
        """Raise what was recorded, if any of it is an error."""
        if self.errors:
            raise DiffprogError(*self.errors)


def fail(code: str, message: str, span: Span | None = None, *, hint: str = "") -> NoReturn:
    """Raise a single diagnostic."""
    raise DiffprogError(Diagnostic(code, message, span, help=hint))
