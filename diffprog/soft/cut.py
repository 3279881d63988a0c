"""A round of a loop without what is different at each length: its reads and writes by the counter.

In: the lines of a round. Out: the lines of what is compiled once for all rounds and all lengths,
and what is read before it and written after it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diffprog.soft.lines import WORD

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

READ = re.compile(r"\b([A-Za-z_]\w*)\[([^\[\]]*)\](?! =)")
"""A read at a place that stands in brackets."""


@dataclass
class Cut:
    """What is left of a round, and what is not.

    Attributes:
        lines: of the round.
        before: what is read at the counter, by the names that it has in the round.
        after: of each list that is only written at the counter, the place and the new cell.
        counted: whether the round reads the counter still.
    """

    lines: list[str]
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, tuple[str, str]] = field(default_factory=dict)
    counted: bool = False


def cut(
    lines: Sequence[str], counter: str, carried: Sequence[str], fresh: Callable[[str], str]
) -> Cut:
    """Return the parts of a round.

    Args:
        lines: of its body.
        counter: its name.
        carried: the names that change from round to round.
        fresh: makes a name.
    """
    found = Cut([])
    assigned = {name for line in lines for name in _assigned(line)} | set(carried)
    depth = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    last = _last_writes(lines, " " * depth, counter, carried)
    for line in lines:
        if line.lstrip().startswith("#"):
            found.lines.append(line)
        elif (written := last.get(line)) is not None:
            found.after[written[0]] = written[1:]
        elif len(line) - len(line.lstrip()) == depth:
            found.lines.append(_without_reads(line, counter, assigned, found.before, fresh))
        else:
            found.lines.append(line)
    found.counted = any(_mentions(line, counter) for line in found.lines)
    found.counted |= any(_mentions(value, counter) for _, value in found.after.values())
    return found


def _last_writes(
    lines: Sequence[str], indent: str, counter: str, carried: Sequence[str]
) -> dict[str, tuple[str, str, str]]:
    """Return the lines that write the one cell of a list that a round knows: list, place, cell.

    A line inside another block may be run more or less than once; it stays.
    """
    found = {}
    for name in carried:
        mentions = [line for line in lines if _mentions(line, name)]
        write = re.fullmatch(rf"{indent}{name}\[([^\[\]]+)\] = (\w+)", "".join(mentions))
        if write and set(WORD.findall(write[1])) == {counter}:
            found[mentions[0]] = (name, write[1], write[2])
    return found


def _without_reads(
    line: str, counter: str, assigned: set[str], before: dict[str, str], fresh: Callable[[str], str]
) -> str:
    """Return a line with names in the place of what it reads at the counter, from outside."""

    def name(found: re.Match[str]) -> str:
        code = found[0]
        if found[1] in assigned or set(WORD.findall(found[2])) != {counter}:
            return code
        known = next((n for n, c in before.items() if c == code), None) or fresh("cell")
        before[known] = code
        return known

    return READ.sub(name, line)


def _assigned(line: str) -> list[str]:
    """Return the names that a line gives values to."""
    left, equals, _ = line.partition(" = ")
    return WORD.findall(left) if equals else []


def _mentions(line: str, name: str) -> bool:
    return not line.lstrip().startswith("#") and name in WORD.findall(line)
