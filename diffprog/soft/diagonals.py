"""Source for loops like those of edit distances: all iterations of a diagonal at once.

In: a nest of two loops, its inputs as terms. Out: a term for each result wanted, or None where an
iteration reads something else than what stands before it. Cell (i, j) is computed with all those
of the same i + j, which stand on a leading axis, i ascending.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.ir.graph import Const, Hole, Param
from diffprog.soft.early import common, split
from diffprog.soft.emitter import placed
from diffprog.soft.lifted import Count, Slice, Whole
from diffprog.soft.lifting import lifted
from diffprog.soft.limits import rounds_fit
from diffprog.soft.live import live
from diffprog.soft.slices import given, iterations, name_of, shifted, sliced, uniform
from diffprog.soft.writer import Term, offset, shape
from diffprog.types import trail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Graph
    from diffprog.soft.emitter import Emitter
    from diffprog.soft.lifted import Lifted, Places
    from diffprog.soft.nest import Nest
    from diffprog.soft.slices import Span
    from diffprog.types import Type

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


def _line(places: Places) -> int:
    """Return how many diagonals behind the one that is written cells are."""
    return sum(offset for *_, offset in places[:2])


class _Diagonals:
    """A nest that is being written.

    Each array that it writes is a list of diagonals meanwhile: what a round reads and writes are
    whole ones, or parts of them.
    """

    def __init__(self, em: Emitter, found: Nest, made: Lifted, args: Sequence[Term | None]) -> None:
        self.em, self.found, self.made, self.args = em, found, made, args
        self.lists: dict[int, str] = {}

    def written(self, a: int, b: int, c: int, d: int) -> dict[int, Term]:
        """Write the loop over the diagonals of a..b times c..d; return its results."""
        em, made = self.em, self.made
        count = b - a + d - c - 1
        rounds_fit(count, self.found.loops[0].span)
        for place in made.places:
            name = self.found.body.params[1 + place].name
            self.lists[place] = em.writer.fresh(f"{name}_diagonals")
            start = self._start(place)
            em.writer.line(f"{self.lists[place]} = [*{self._lines(start)}]")
        early, late = split(made.body, self._written())
        alike, late, cells = self._alike(late)
        before = self._early(early, [(str(a), str(b)), (str(c), str(d))])
        self.k, self.first, self.last = map(em.writer.fresh, ("diagonal", "first", "last"))
        k, header = self.k, f"for {self.k} in range({a + c}, {b + d - 1}):"
        varies = [k, self.first, self.last, *self.lists.values()]
        with em.body(count), em.writer.block(header, varies):
            low, high = shifted(k, 1 - d), shifted(k, 1 - c)
            em.writer.line(f"{self.first}, {self.last} = max({a}, {low}), min({b}, {high})")
            read = live(late).params(late)
            inputs = [self._input(i) if i in read else None for i in range(len(made.params))]
            inputs += [Term(f"{code}[{offset(k, a + c)}]", t) for code, t in before]
            inputs += self._cells(alike, cells)
            values = em.region(late, inputs, None)
            for place, value in zip(self.found.results.values(), values, strict=True):
                if place in made.places:
                    self._put(place, placed(value))
        return {
            outside: self._result(place) if place in self.lists else self._start(place)
            for outside, place in self.found.results.items()
        }

    def _start(self, place: int) -> Term:
        return given(self.found.sources[1 + place], self.args)

    def _written(self) -> set[int]:
        """Return the parameters that are cells of arrays that the iterations write."""
        own = {1 + place for place in self.made.places}
        return {
            i
            for i, what in enumerate(self.made.params)
            if isinstance(what, Slice | Whole) and what.source in own
        }

    def _alike(self, late: Graph) -> tuple[Graph, Graph, list[Slice]]:
        """Take out what several cells of a diagonal have in common.

        Return that; the rest, to which it comes as further parameters; the places of the cells.
        """
        moving = {
            i: what
            for i, what in enumerate(self.made.params)
            if isinstance(what, Slice) and what.source - 1 in self.lists and len(what.places) > 1
        }
        lines = {i: (what.source, _line(what.places)) for i, what in moving.items()}
        same = [i for i, what in enumerate(self.made.params) if isinstance(what, Whole | Hole)]
        found = common(late, lines, same)
        others = {n.id for n in late.nodes if not isinstance(n, Param | Const)} - found.keys()
        alike, rest = split(late, others)
        return alike, rest, [moving[found[n]] for n in sorted(found)]

    def _cells(self, alike: Graph, cells: Sequence[Slice]) -> list[Term]:
        """Write what cells have in common for whole diagonals; return it at the cells."""
        read = live(alike).params(alike)
        inputs: list[Term | None] = [None] * len(alike.params)
        for i in read:
            what = self.made.params[i]
            t = alike[i].type
            inputs[i] = Term(self._own_line(what), t) if isinstance(what, Slice) else self._input(i)
        found = []
        values = map(placed, self.em.region(alike, inputs, None))
        for value, what in zip(values, cells, strict=True):
            array = given(self.found.sources[what.source], self.args)
            code = f"on_diagonal({self.em.tensor(value)}, {self._where(what.places, array.type)})"
            found.append(self.em.writer.assign("cells", code, value.type))
        return found

    def _own_line(self, what: Slice) -> str:
        """Return the code of the diagonal that cells of an array being written are on."""
        return f"{self.lists[what.source - 1]}[{shifted(self.k, _line(what.places))}]"

    def _early(self, graph: Graph, spans: Sequence[Span]) -> list[tuple[str, Type]]:
        """Write what all iterations can compute before any runs; return its diagonals."""
        em, read = self.em, live(graph).params(graph)
        inputs = [
            iterations(em, self.found, self.made, spans, self.args, i) if i in read else None
            for i in range(len(self.made.params))
        ]
        sizes = [int(hi) - int(lo) for lo, hi in spans]
        values, found = em.region(graph, inputs, None), []
        for value, t in zip(values, graph.types, strict=True):
            code = f"whole({em.tensor(placed(value))}, {sizes!r}, {trail(t) + 2})"
            order = self._order(*sizes)
            lines = em.writer.shared("early", f"diagonals({code}, {order}, {trail(t) + 2})", t)
            found.append((lines.code, t))
        return found

    def _input(self, i: int) -> Term:
        """Return a parameter of the lifted body as a term."""
        em, (what, t) = self.em, (self.made.params[i], self.made.body.params[i].type)
        match what:
            case Count(counter, by):
                ends = [
                    (self.first, self.last),
                    (f"{self.k} - {self.first}", f"{self.k} - {self.last}"),
                ]
                lo, hi = (shifted(code, by) for code in ends[counter])
                step = ", -1" if counter else ""
                code = f"torch.arange({lo}, {hi}{step}, dtype=like.dtype, device=like.device)"
                return em.writer.assign("counts", code, t)
            case Hole():
                return uniform(em, Term(em.hole_weights(what), what.type), 1)
            case Whole(source):
                return uniform(em, given(self.found.sources[source], self.args), 1)
            case Slice(source, places):
                array = given(self.found.sources[source], self.args)
                code = self._slice(array, self.lists.get(source - 1), places)
                return em.writer.assign(f"{name_of(array)}_all", code, t)

    def _slice(self, array: Term, lines: str | None, places: Places) -> str:
        depth = trail(array.type)
        if len(places) > 1:
            line = f"{lines or self._lines(array)}[{shifted(self.k, _line(places))}]"
            return f"on_diagonal({line}, {self._where(places, array.type)})"
        code = self.em.tensor(array)
        ((axis, counter, by),) = places
        if counter == 0:
            return sliced(code, array, places, [(self.first, self.last)])
        low, high = (shifted(f"{self.k} - {end}", 1 + by) for end in (self.last, self.first))
        return f"{sliced(code, array, ((axis, 0, 0),), [(low, high)])}.flip(-{depth})"

    def _lines(self, array: Term) -> str:
        """Return the diagonals of an array that is only read."""
        order = self._order(*shape(array.type)[:2])
        code = f"diagonals({self.em.tensor(array)}, {order}, {trail(array.type)})"
        return self.em.writer.shared(f"{name_of(array)}_diagonals", code, array.type).code

    def _order(self, rows: int, width: int) -> str:
        """Return the code of the order of cells by diagonals in matrices of a size."""
        return self.em.writer.constant("order", f"by_diagonal({rows}, {width}, like)")

    def _where(self, places: Places, t: Type) -> str:
        """Return the code of a diagonal's first cell and its length, and of the array's sizes."""
        (*_, down), (*_, across) = places
        column = shifted(f"{self.k} - {self.first}", across)
        size = f"{self.last} - {self.first}, {shape(t)[1]}, {trail(t)}"
        return f"{shifted(self.first, down)}, {column}, {size}"

    def _put(self, place: int, value: Term) -> None:
        where = self._where(self.made.places[place], self._start(place).type)
        lines = self.lists[place]
        self.em.writer.line(f"put_on_diagonal({lines}, {self.em.tensor(value)}, {where})")

    def _result(self, place: int) -> Term:
        """Return an array, put together where it is read."""
        t, lines = self._start(place).type, self.lists[place]
        rows, width = shape(t)[:2]
        code = f"of_diagonals({lines}, {self._order(rows, width)}, {width}, {trail(t)})"
        self.em.diagonals[code] = lines
        return Term(code, t, late=name_of(self._start(place)))
