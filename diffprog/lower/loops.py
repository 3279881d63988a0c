"""Loops: known trips become a `For`, everything that halts by weight a `Loop`.

In: what is carried, how a round's test and body are computed. Out: the carried values after the
loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffprog.ir.graph import For, Graph, Halting, Loop, NodeId
from diffprog.lower.region import Region
from diffprog.types import Int, Tuple, Type

if TYPE_CHECKING:
    from diffprog.errors import Span

Step = Callable[[Region], list[NodeId]]
"""Computes the carried values after a round, in the region of the body."""


@dataclass(frozen=True)
class Carried:
    """What goes round.

    Names of the parameters, their types, and their values before the loop.
    """

    names: Sequence[str]
    types: Sequence[Type]
    before: Sequence[NodeId]


Enter = Callable[[Region, Sequence[NodeId], NodeId], None]
"""Binds the variables of a round: the region, its carried parameters and its counter."""


def for_known(
    region: Region,
    bounds: tuple[NodeId, NodeId, int],
    counter: tuple[str, Type],
    carried: Carried,
    enter: Enter,
    step: Step,
    span: Span,
) -> list[NodeId]:
    """Append a loop over a known range and return the carried values after it."""
    lo, hi, by = bounds
    body = Region(region)
    at = body.param(*counter, span, known=True)
    params = [body.param(n, t, span) for n, t in zip(carried.names, carried.types, strict=True)]
    enter(body, params, at)
    results = step(body)
    inputs = (lo, hi, *carried.before, *body.raw)
    node = For(
        step=by,
        carried=len(params),
        body=body.close(list(body.raw), results, [at, *params]),
        inputs=inputs,
        type=Tuple(tuple(carried.types)),
        span=span,
    )
    number = region.add(node)
    return [region.project(number, k) for k in range(len(params))]


def loop(
    region: Region,
    carried: Carried,
    enter: Enter,
    rounds: int,
    halting: Halting,
    before: Step | None,
    test: Callable[[Region], NodeId],
    body: Step | None,
    span: Span,
) -> list[NodeId]:
    """Append a loop that halts by weight and return the carried values after it.

    `before` is the body of a `repeat`, `body` that of a `while`. `test` computes whether to
    stop, or for `act` and `ponder` the halting unit, from the carried values that `enter`
    binds.
    """
    clock = Int(0, rounds)
    opening = None if before is None else _opened(region, carried, enter, before, clock, span)
    state = Region(region)
    at = state.param("step", clock, span, known=True)
    params = [state.param(n, t, span) for n, t in zip(carried.names, carried.types, strict=True)]
    # What the body made one value is one here too: what is known of it holds for both names.
    values = [params[k] for k in (opening.firsts if opening else range(len(params)))]
    enter(state, values, at)
    tested = test(state)
    sources = state.sources(tested) if halting.kind == "plain" else []
    tester, needed, result = state.extract(tested, sources)
    sides = [Region(state, sources, sealed=True) for _ in range(3)]
    kept = [[side.bring(v) for v in values] for side in sides]
    if body is not None:
        kept[1] = body(sides[1])
    needed = [n for n in needed if n != at]
    for number in opening.region.raw if opening else ():
        state.bring(number)
    outside = list(state.raw)
    own = [state.raw[n] for n in outside]
    layout = [at, *sources, *params, *own]
    stop, go, last = (s.close(layout, k) for s, k in zip(sides, kept, strict=True))
    probed = [*sources, *needed]
    node = Loop(
        carried=len(params),
        sources=len(sources),
        rounds=rounds,
        halting=halting,
        before=opening.close(outside) if opening else None,
        probe=state.close(outside, probed, [at, *params]),
        test=tester.close([at, *probed], [result]),
        stop=stop,
        go=go,
        last=last,
        inputs=(*carried.before, *outside),
        type=Tuple(tuple(carried.types)),
        span=span,
    )
    number = region.add(node)
    return [region.project(number, k) for k in range(len(params))]


@dataclass(frozen=True)
class _Opening:
    """The body of a `repeat`: its region, parameters and results."""

    region: Region
    params: list[NodeId]
    results: list[NodeId]
    types: Sequence[Type]

    @property
    def firsts(self) -> list[int]:
        """The place of the first carried value that each of them is the same as."""
        pairs = list(zip(self.results, self.types, strict=True))
        return [pairs.index(pair) for pair in pairs]

    def close(self, outside: list[NodeId]) -> Graph:
        """Return its graph, once all invariants are known."""
        return self.region.close(outside, self.results, self.params)


def _opened(
    region: Region, carried: Carried, enter: Enter, before: Step, clock: Type, span: Span
) -> _Opening:
    opening = Region(region)
    at = opening.param("step", clock, span, known=True)
    params = [opening.param(n, t, span) for n, t in zip(carried.names, carried.types, strict=True)]
    enter(opening, params, at)
    return _Opening(opening, [at, *params], before(opening), carried.types)
