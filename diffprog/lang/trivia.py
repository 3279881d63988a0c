"""What a text has besides its meaning: comments and blank lines, and where they go.

In: a program as parsed. Out: its comments in order, each handed out exactly once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diffprog.errors import Source, Span
    from diffprog.lang.syntax import Comment, Program


class Trivia:
    """The comments that have not been printed yet."""

    def __init__(self, program: Program) -> None:
        self.source: Source = program.span.source
        self.left: list[Comment] = sorted(program.comments, key=lambda c: -c.start)

    def knows(self, span: Span) -> bool:
        """Say whether a place lies in the text of the program: comments can be near it."""
        return span.source is self.source

    def before(self, offset: int) -> list[Comment]:
        """Take the comments before an offset."""
        taken = []
        while self.left and self.left[-1].start < offset:
            taken.append(self.left.pop())
        return taken

    def behind(self, offset: int) -> Comment | None:
        """Take the comment that follows code on its line."""
        if not self.left or self.left[-1].alone or self.left[-1].start < offset:
            return None
        if "\n" in self.source.text[offset : self.left[-1].start]:
            return None
        return self.left.pop()

    def tail(self, offset: int, column: int) -> list[Comment]:
        """Take the comments that end a block: after its code, not left of its column."""
        taken = []
        while self.left and self.left[-1].alone and self.column(self.left[-1].start) >= column:
            if self.code_between(offset, self.left[-1].start):
                break
            taken.append(self.left.pop())
        return taken

    def column(self, offset: int) -> int:
        """Return the column of an offset."""
        return self.source.place(offset)[1]

    def blank_before(self, offset: int) -> bool:
        """Say whether a blank line stands before the line of an offset."""
        line = self.source.place(offset)[0]
        return line > 1 and not self.source.line(line - 1).strip()

    def code_between(self, start: int, end: int) -> bool:
        """Say whether anything but comments stands between two offsets."""
        return self.next_code(start, end) < end

    def next_code(self, start: int, end: int) -> int:
        """Return the offset of the first code after an offset, `end` where there is none."""
        at = start
        for row in self.source.text[start:end].split("\n"):
            code = row.split("#", 1)[0]
            if code.strip():
                return at + len(code) - len(code.lstrip())
            at += len(row) + 1
        return end

    def code_end(self, start: int, end: int) -> int:
        """Return the offset after the last code between two offsets, comments left out."""
        at = last = start
        for row in self.source.text[start:end].split("\n"):
            code = row.split("#", 1)[0].rstrip()
            if code.strip():
                last = at + len(code)
            at += len(row) + 1
        return last
