"""The lines of a generated function, in blocks.

In: lines, headers of blocks, names with the code of what they stand for. Out: the lines, with what
does not vary in a loop before it, and without what nothing reads. Knows nothing of values.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WORD = re.compile(r"[A-Za-z_]\w*")
NAME = re.compile(r"(?<![\w.'])[A-Za-z_]\w*")
"""A word that is no attribute of something, and does not begin a text."""
INDENT = "    "
CALL = frozenset({"T", "TIES", "choice_T", "epsilon", "holes", "nets", "report", "lead"})
"""What each call of the function brings with it; without it, code is made of constants alone."""


@dataclass
class Block:
    """A block that is being written.

    Attributes:
        start: where its header stands among the lines.
        depth: of its own lines.
        loop: whether it runs again and again; what does not vary there may stand before it.
        shared: the names of what is written in it, by code.
    """

    start: int
    depth: int
    loop: bool = False
    shared: dict[str, str] = field(default_factory=dict)


@dataclass
class Lines:
    """Lines of one function, and in which block each name has its value.

    A name that is not in `_levels` varies in any way: what reads it stays where it is.
    """

    lines: list[str] = field(default_factory=list)
    fixed: bool = False
    _blocks: list[Block] = field(default_factory=lambda: [Block(0, 1)])
    _levels: dict[str, int] = field(default_factory=dict)
    _local: set[str] = field(default_factory=set)
    _pure: set[str] = field(default_factory=set)

    @property
    def depth(self) -> int:
        """How far the lines are indented now."""
        return self._blocks[-1].depth

    def line(self, text: str) -> None:
        """Write a line."""
        self.lines.append(INDENT * self.depth + text)

    @contextmanager
    def block(self, header: str, varies: Sequence[str] | None = None) -> Iterator[None]:
        """Write a header, and what the `with` writes under it, indented.

        A loop names what varies in it, and has its last value after it.
        """
        outside = len(self._blocks) - 1
        start = len(self.lines)
        self.line(header)
        self._blocks.append(Block(start, self.depth + 1, loop=varies is not None))
        self.define(varies or ())
        yield
        inside = self._inside()
        if all(text.lstrip().startswith("#") for text in inside):
            self.line("pass")
        self._blocks.pop()
        self._levels |= dict.fromkeys(varies or (), outside)

    def define(self, names: Sequence[str]) -> None:
        """Note that names have their values from here on, in this block."""
        self._levels |= dict.fromkeys(names, len(self._blocks) - 1)

    def outside(self, names: Sequence[str], *, constant: bool = False) -> None:
        """Note that names have their values before the first line, in all calls if `constant`."""
        self._levels |= dict.fromkeys(names, -1 if constant else 0)

    def known(self, code: str) -> str | None:
        """Return the name that the same code has in this block already, or around it."""
        return next((b.shared[code] for b in reversed(self._blocks) if code in b.shared), None)

    def share(self, name: str, code: str) -> None:
        """Write `name = code` before the loops in which it does not vary; nothing else happens."""
        level = max(0, self._outermost(code))
        block = self._blocks[level]
        text = f"{INDENT * block.depth}{name} = {code}"
        if level == len(self._blocks) - 1:
            self.lines.append(text)
        else:
            self._insert(level + 1, text)
        block.shared[code] = name
        self._levels[name] = level
        self._pure.add(name)

    def also(self, code: str, name: str) -> None:
        """Note that other code is what a name that is shared stands for."""
        self._blocks[max(0, self._levels[name])].shared[code] = name

    def _insert(self, level: int, text: str) -> None:
        """Write a line before the header of a block that is being written."""
        self.lines.insert(self._blocks[level].start, text)
        for inner in self._blocks[level:]:
            inner.start += 1

    def forget(self, start: str) -> None:
        """Let nothing be taken from before of what is written with this start: it has changed."""
        for block in self._blocks:
            block.shared = {c: n for c, n in block.shared.items() if not c.startswith(start)}

    def varies(self, code: str) -> bool:
        """Say whether code has to stand in the block that is being written."""
        return self._outermost(code) == len(self._blocks) - 1

    def is_constant(self, code: str) -> bool:
        """Say whether code is the same in all calls."""
        return self._outermost(code) < 0

    def _outermost(self, code: str) -> int:
        """Return the block farthest out in which code can stand; -1: among the constants."""
        level = len(self._blocks) - 1
        words = set(NAME.findall(code))
        least = max((self._levels.get(word, level) for word in words & self._local), default=-1)
        least = max(least, 0) if words & CALL else least
        if self.fixed or least < 0:
            return level if self.fixed else least
        while level > least and self._blocks[level].loop:
            level -= 1
        return level

    def mentions(self, name: str) -> bool:
        """Say whether the block that is being written reads a name."""
        inside = self._inside()
        return any(name in WORD.findall(t) for t in inside if not t.lstrip().startswith("#"))

    def size(self) -> int:
        """Return how many lines the block that is being written has, without comments."""
        inside = self._inside()
        return sum(not text.lstrip().startswith("#") for text in inside)

    def _inside(self) -> list[str]:
        return self.lines[self._blocks[-1].start + 1 :]

    def rewrite(self, header: str, inside: Sequence[str]) -> None:
        """Put other lines in the place of the header of the block that is being written, and all.

        It stands in no other block that has lines after it.
        """
        start = self._blocks[-1].start
        self.lines[start:] = [INDENT * self._blocks[-2].depth + header, *inside]

    def headed(self, header: str) -> None:
        """Put another header in the place of that of the block that is being written."""
        self.rewrite(header, self._inside())

    def before(self, text: str) -> None:
        """Write a line before the block that is being written."""
        self._insert(len(self._blocks) - 1, INDENT * self._blocks[-2].depth + text)

    def rename(self, old: str, new: str) -> None:
        """Rename what varies in the loop that is being written, in its header."""
        start = self._blocks[-1].start
        self.lines[start] = re.sub(rf"\b{old}\b", new, self.lines[start])
        self.define([new])

    def swept(self, after: str | None = None) -> list[str]:
        """Return the lines without those that give a name to what nothing reads.

        `after`: what stands after the block that is being written, where its lines are wanted.
        """
        kept: list[str] = []
        read = set(WORD.findall(after or ""))
        for text in reversed(self.lines if after is None else self._inside()):
            name, equals, _ = text.strip().partition(" = ")
            if equals and name in self._pure and name not in read:
                continue
            if text.endswith(":") and _is_empty(text, kept):
                kept.append(f"{_indent(text)}{INDENT}pass")
            kept.append(text)
            if not text.lstrip().startswith("#"):
                read.update(WORD.findall(text))
        return kept[::-1]


def _indent(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _is_empty(header: str, after: Sequence[str]) -> bool:
    """Say whether only comments are left under a header; the lines after it stand backwards."""
    if header.lstrip().startswith("#"):
        return False
    for text in reversed(after):
        if len(_indent(text)) <= len(_indent(header)):
            return True
        if not text.lstrip().startswith("#"):
            return False
    return True
