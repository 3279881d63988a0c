"""What is known of the numbers at places while C is written: where else they stand, how made.

In: facts, and the places that are written over. Out: facts that still hold. What is found out
inside a block is forgotten at its end; what a block writes over is forgotten after it as well.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from diffprog.native.values import Slot, base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diffprog.native.values import Term

F = TypeVar("F")


@dataclass(frozen=True)
class Sum:
    """A number that is the sum of two others."""

    left: Term
    right: Term

    def beyond(self, place: str) -> Term | None:
        """Return what is added to the numbers at a place; None if it is not a sum with them."""
        for one, other in ((self.left, self.right), (self.right, self.left)):
            if isinstance(one, Slot) and one.code == place:
                return other
        return None


class Facts:
    """Facts by kind and place, each with the stretches that it speaks of."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[object, frozenset[int]]] = {}

    def note(self, kind: str, place: str, fact: object, *places: str) -> None:
        """Note a fact of a place that speaks of other places too."""
        named = re.findall(r"(?:@|\bx)(\d+)\b", " ".join((place, *places)))
        self._found[kind, place] = fact, frozenset(map(int, named))

    def get(self, kind: str, place: str, like: type[F]) -> F | None:
        """Return the fact of a kind about a place, of a type; None if there is none."""
        found, _ = self._found.get((kind, place), (None, ()))
        return found if isinstance(found, like) else None

    def forget(self, place: str) -> None:
        """Forget what was known of the numbers of a stretch."""
        here = base(place)
        self._found = {k: v for k, v in self._found.items() if here not in v[1]}

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Keep what is known before and still holds after."""
        before, self._found = self._found, dict(self._found)
        yield
        self._found = {k: v for k, v in before.items() if self._found.get(k) == v}
