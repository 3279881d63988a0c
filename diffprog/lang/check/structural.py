"""Which sizes learning fixes: those on which the shape of a hole depends, or may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.lang import syntax
from diffprog.lang.check.names import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diffprog.lang import typed
    from diffprog.lang.check.context import Unit


def structural(
    program: syntax.Program,
    unit: Unit,
    holes_at: Callable[[Mapping[str, int]], dict[str, typed.Hole] | None],
) -> frozenset[str]:
    """Return the structural sizes.

    A size that stands in an ``int<…>``, in the type of a `learn` or in a `net` line is structural
    by the rule of the language. Any other may still reach the domain of a `given`, through a loop's
    counter or a call: that is seen by checking the program once more with this size one larger.
    """
    named = {n.id for part in _fixed(program) for n in walk(part) if isinstance(n, syntax.Name)}
    found = {name for name in unit.sizes if name in named}
    if any(hole.given for hole in unit.holes.values()):
        for name in unit.sizes.keys() - found:
            other = holes_at({**unit.sizes, name: unit.sizes[name] + 1})
            if other is None or _shapes(other) != _shapes(unit.holes):
                found.add(name)
    return frozenset(found)


def _fixed(program: syntax.Program) -> list[syntax.Syntax]:
    return [
        n.type if isinstance(n, syntax.Learn) else n
        for n in walk(program.declarations)
        if isinstance(n, syntax.IntType | syntax.Learn | syntax.Net)
    ]


def _shapes(holes: Mapping[str, typed.Hole]) -> dict[str, object]:
    return {key: (hole.type, hole.given) for key, hole in holes.items()}
