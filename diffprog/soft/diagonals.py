"""Source for loops like those of edit distances: all iterations of a diagonal at once.

In: a nest of two loops, its inputs as terms. Out: a term for each result wanted, or None where an
iteration reads something else than what stands before it. Cell (i, j) is computed with all those
of the same i + j, which stand on a leading axis, i ascending.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.ir.graph import Hole
from diffprog.soft.emitter import placed
from diffprog.soft.lifted import Count, Slice, Whole
from diffprog.soft.lifting import lifted
from diffprog.soft.limits import rounds_fit
from diffprog.soft.live import live
from diffprog.soft.slices import given, name_of, shifted, sliced, uniform
from diffprog.soft.writer import Term
from diffprog.types import trail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.soft.emitter import Emitter
    from diffprog.soft.lifted import Lifted, Places
    from diffprog.soft.nest import Nest

FIRST_TWO = [(0, 0), (1, 1)]
"""How an array that is read along diagonals moves: its first axis with the outer counter."""


def diagonals(em: Emitter, found: Nest, args: Sequence[Term | None]) -> dict[int, Term] | None:
    """Write a nest of two loops diagonal after diagonal, if it can be."""
    bounds = [given(source, args).value for pair in found.bounds for source in pair]
    if len(found.loops) != 2 or not all(isinstance(b, int) for b in bounds):
        return None
    if any(loop.step != 1 for loop in found.loops):
        return None
    made = lifted(found, diagonal=True)
    if made is None or not _is_diagonal(made) or not _looks_along(made):
        return None
    a, b, c, d = (int(str(bound)) for bound in bounds)
    if a >= b or c >= d:
        return None
    return _Diagonals(em, found, made, args).written(a, b, c, d)


def _is_diagonal(made: Lifted) -> bool:
    """Say whether all that moves with both counters does so on its first two axes."""
    moving = [p.places for p in made.params if isinstance(p, Slice)] + [*made.places.values()]
    return all([p[:2] for p in places] == FIRST_TWO for places in moving if len(places) > 1)


def _looks_along(made: Lifted) -> bool:
    """Say whether an iteration reads what the inner loop wrote just before.

    Where none does, the iterations of the inner loop are independent.
    """
    own = {1 + place: places for place, places in made.places.items()}
    return any(
        p.places != own[p.source] and p.places[0] == own[p.source][0]
        for p in made.params
        if isinstance(p, Slice) and p.source in own
    )


class _Diagonals:
    """A nest that is being written."""

    def __init__(self, em: Emitter, found: Nest, made: Lifted, args: Sequence[Term | None]) -> None:
        self.em, self.found, self.made, self.args = em, found, made, args
        self.state: dict[int, Term] = {}

    def written(self, a: int, b: int, c: int, d: int) -> dict[int, Term]:
        """Write the loop over the diagonals of a..b times c..d; return its results."""
        em, made = self.em, self.made
        count = b - a + d - c - 1
        rounds_fit(count, self.found.loops[0].span)
        for place in made.places:
            start = given(self.found.sources[1 + place], self.args)
            name = self.found.body.params[1 + place].name
            self.state[place] = em.writer.assign(name, em.tensor(start), start.type)
        self.k, self.first, self.last = map(em.writer.fresh, ("diagonal", "first", "last"))
        k = self.k
        with em.body(count), em.writer.block(f"for {k} in range({a + c}, {b + d - 1}):"):
            low, high = shifted(k, 1 - d), shifted(k, 1 - c)
            em.writer.line(f"{self.first}, {self.last} = max({a}, {low}), min({b}, {high})")
            read = live(made.body).params(made.body)
            inputs = [self._input(i) if i in read else None for i in range(len(made.params))]
            values = em.region(made.body, inputs, None)
            for place, value in zip(self.found.results.values(), values, strict=True):
                if place in made.places:
                    self._put(place, placed(value))
        return {
            outside: self.state.get(place) or given(self.found.sources[1 + place], self.args)
            for outside, place in self.found.results.items()
        }

    def _input(self, i: int) -> Term:
        """Return a parameter of the lifted body as a term."""
        em, (what, t) = self.em, (self.made.params[i], self.made.body.params[i].type)
        match what:
            case Count(counter, offset):
                ends = [
                    (self.first, self.last),
                    (f"{self.k} - {self.first}", f"{self.k} - {self.last}"),
                ]
                lo, hi = (shifted(code, offset) for code in ends[counter])
                step = ", -1" if counter else ""
                code = f"torch.arange({lo}, {hi}{step}, dtype=like.dtype, device=like.device)"
                return em.writer.assign("counts", code, t)
            case Hole():
                return uniform(em, Term(em.hole_weights(what), what.type), 1)
            case Whole(source):
                return uniform(em, given(self.found.sources[source], self.args), 1)
            case Slice(source, places):
                array = self.state.get(source - 1) or given(self.found.sources[source], self.args)
                return em.writer.assign(f"{name_of(array)}_all", self._slice(array, places), t)

    def _slice(self, array: Term, places: Places) -> str:
        code, depth = self.em.tensor(array), trail(array.type)
        if len(places) > 1:
            return f"diagonal({code}, {self._where(places)}, {depth})"
        ((axis, counter, offset),) = places
        if counter == 0:
            return sliced(code, array, places, [(self.first, self.last)])
        low, high = (shifted(f"{self.k} - {end}", 1 + offset) for end in (self.last, self.first))
        return f"{sliced(code, array, ((axis, 0, 0),), [(low, high)])}.flip(-{depth})"

    def _where(self, places: Places) -> str:
        """Return the code of a diagonal's first cell and of its length."""
        (*_, down), (*_, across) = places
        column = shifted(f"{self.k} - {self.first}", across)
        return f"{shifted(self.first, down)}, {column}, {self.last} - {self.first}"

    def _put(self, place: int, value: Term) -> None:
        state, em = self.state[place], self.em
        where = self._where(self.made.places[place])
        call = f"put_diagonal({state.code}, {em.tensor(value)}, {where}, {trail(state.type)})"
        em.writer.line(f"{state.code} = {call}")
