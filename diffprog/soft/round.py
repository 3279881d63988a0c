"""What the ways of writing a halting loop share: a round's names, its test, the way into the next.

In: a Loop node, its inputs as terms. Out: lines of a round, and of the loop around it. A round is a
local function of the weight that is still alive, of the results so far and of the state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffprog.soft.apart import writes_itself
from diffprog.soft.cells import as_cells, copied
from diffprog.soft.emitter import placed
from diffprog.soft.growth import is_tame, only_shown
from diffprog.soft.live import live
from diffprog.soft.watching import rounds
from diffprog.soft.writer import Term, assign_all, item, row_of, weighed
from diffprog.types import Bool, Real, trail

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diffprog.ir.graph import Graph, Loop
    from diffprog.soft.emitter import Emitter
    from diffprog.soft.writer import Writer


LOOK = 64
"""To see whether all rows have halted costs this much less than so many lines of a round: where a
round has fewer it is not looked at each time."""


@dataclass(frozen=True)
class Round:
    """One loop being written.

    Its live carried values, their names in a round, the counter's, the inputs; how many rounds are
    in the loop, where the last test may stand after it; the arrays of which rounds hand on the
    cells.
    """

    node: Loop
    args: Sequence[Term | None]
    state: tuple[int, ...]
    middle: tuple[int, ...]
    names: dict[int, str]
    outs: dict[int, str]
    counter: str
    rounds: int
    apart: frozenset[int]

    @property
    def number(self) -> Term:
        """The counter, as what each region is given first."""
        return Term(self.counter, self.node.probe.params[0].type, number=True)

    def inputs(
        self, state: dict[int, Term], sources: Sequence[Term | None] = ()
    ) -> list[Term | None]:
        """Return a region's inputs: counter, sources, carried values, invariants."""
        values = [state.get(p) for p in range(self.node.carried)]
        return [self.number, *sources, *values, *self.args[self.node.carried :]]

    def terms(self, names: dict[int, str]) -> dict[int, Term]:
        """Return carried values under the given names."""
        types = self.node.stop.types
        return {p: Term(names[p], types[p], cells=p in self.apart) for p in self.state}


def region(
    em: Emitter, graph: Graph, inputs: Sequence[Term | None], wanted: Sequence[int]
) -> dict[int, Term]:
    """Write a region of a loop and return its wanted results as tensors."""
    found = em.region(graph, inputs, wanted)
    return {p: Term(em.tensor(placed(found[p])), graph.types[p]) for p in wanted}


def onward(
    em: Emitter,
    loop: Round,
    graph: Graph,
    state: dict[int, Term],
    sources: Sequence[Term | None],
    wanted: Sequence[int],
) -> dict[int, Term]:
    """Write a region that changes the state, and return it in the form in which it is handed on."""
    inputs = loop.inputs(state, sources)
    for p in loop.apart & state.keys():
        place = 1 + len(sources) + p
        if writes_itself(graph, place):  # what a round is given stays as it is
            inputs[place] = copied(em, state[p])
    found = em.region(graph, inputs, wanted)
    return {
        p: as_cells(em, placed(found[p]))
        if p in loop.apart
        else Term(em.tensor(placed(found[p])), graph.types[p])
        for p in wanted
    }


def moment(em: Emitter, loop: Round) -> tuple[dict[int, Term], list[Term | None], set[int]]:
    """Write a round up to its test.

    Returns:
        The state there, what the test is given, and which of that is read after the test.
    """
    node, state = loop.node, loop.terms(loop.names)
    if node.before is not None:
        state = onward(em, loop, node.before, state, (), loop.middle)
    wanted = sources_of(loop, node.stop) | sources_of(loop, node.go) | sources_of(loop, node.last)
    asked = {i - 1 for i in wanted | set(live(node.test).params(node.test)) if i > 0}
    probed = em.region(node.probe, loop.inputs(state), sorted(asked))
    return state, [loop.number, *probed], wanted


def tame(em: Emitter, loop: Round, starts: dict[int, str]) -> str:
    """Return the code of whether rows that have halted can go on without harm."""
    types = loop.node.stop.types
    reals = [p for p in loop.state if isinstance(item(types[p]), Real)]
    if not reals or not is_tame(loop.node):
        return "False"
    shown, count = only_shown(loop.node), loop.node.carried
    looked = [a for i, a in enumerate(loop.args) if i >= count and i not in shown]
    given = [a for a in looked if a is not None and a.value is None]
    codes = [em.tensor(a) for a in given if isinstance(item(a.type), Real)]
    codes = [c for c in [*codes, *(starts[p] for p in reals)] if not em.writer.is_constant(c)]
    if not codes:
        return "True"
    return em.writer.assign("tame", f"are_moderate({', '.join(dict.fromkeys(codes))})", Bool()).code


def go_on(
    em: Emitter,
    loop: Round,
    state: dict[int, Term],
    sources: Callable[[Graph], Sequence[Term | None]],
    alive: tuple[str, str],
    tame: str,
) -> None:
    """Write the way into the next round; rows that have halted keep the state they came with.

    `sources`: those of the test, for a region after it. `tame`: the code of whether reals that go
    on without weight do no harm; what is finite never does any.
    """
    node, last = loop.node, loop.node.rounds - 1
    old = loop.terms(loop.names)

    def part(graph: Graph) -> None:
        new = onward(em, loop, graph, state, sources(graph), loop.state)
        changed = {p: term for p, term in new.items() if term.code != old[p].code}
        moved = []
        for p, term in changed.items():
            wild = isinstance(item(term.type), Real) and not em.writer.is_constant(term.code)
            harmless = tame if wild else "True"
            if (alive[1], harmless) == ("None", "True"):  # all rows go on
                moved.append((old[p].code, term.code))
                continue
            on = em.writer.shared("on", f"rows_on({', '.join(alive)}, {harmless})", Bool()).code
            code = f"kept({on}, {term.code}, {old[p].code}, {trail(term.type)})"
            moved.append((old[p].code, code))
        if moved:
            assign_all(em.writer, *zip(*moved, strict=True))

    if last == 0 or _same(node.go, node.last):
        part(node.last)
        return
    if loop.rounds == last:
        part(node.go)
        return
    with em.writer.block(f"if {loop.counter} < {last}:"):
        part(node.go)
    with em.writer.block("else:"):
        part(node.last)


def _same(a: Graph, b: Graph) -> bool:
    return a.nodes == b.nodes and a.results == b.results


def written(
    em: Emitter,
    loop: Round,
    scalars: dict[str, str],
    starts: dict[int, str],
    over: str,
    body: Callable[[], None],
    nothing: str = "0.0",
) -> None:
    """Write the loop around a round: its function, the first state, and the call of the driver.

    Its results start as `nothing`.
    """
    writer, counter = em.writer, loop.counter
    names = [*scalars, *loop.outs.values(), *loop.names.values()]
    function = writer.fresh("round_of")
    head = f"def {function}(report, {', '.join([counter, *names])}):"
    # The rounds of a state that grows are not alike.
    taken = em.pieces is not None and nothing != "()" and em.pieces.takes(loop.node)
    with (
        em.body(loop.rounds) as more,
        writer.block(head, [counter, *names]),
        rounds(em, loop.terms(loop.names).values(), loop.node.span),
    ):
        body()
        writer.line(f"return {row_of(names)}")
        every = 1 if writer.fixed else LOOK // _cost(writer)
        alone = taken and em.pieces is not None and em.pieces.cuts_out(writer.size())
        if alone:
            writer.headed(f"def {function}(report, {', '.join([*names, counter])}):")
    firsts = [Term(starts[p], loop.node.stop.types[p]) for p in loop.state]
    state = [
        as_cells(em, t).code if p in loop.apart else t.code
        for p, t in zip(loop.state, firsts, strict=True)
    ]
    driver, step = "rolled", function
    if alone:  # what uses a network keeps all its rounds in any case
        writer.line(f"{function} = as_one({function}, {len(names)})")
        driver, step = "stretch", f"lambda report, k, *state: {function}(report, *state, k)"
        nothing = writer.zero()
        more.clear()
    first = [*scalars.values(), *(nothing for _ in loop.outs), *state]
    counters = f"range({loop.rounds})"
    writer.line(f"{row_of(names)} = {driver}(")
    if every > 1:
        more.append(f"every={every}")
    for argument in (step, counters, row_of(first), "report", f"lambda state: {over}", *more):
        writer.line(f"    {argument},")
    writer.line(")")


def _cost(writer: Writer) -> int:
    """Return how much a round costs, in lines; one with loops or networks in it costs enough."""
    large = any(writer.mentions(word) for word in ("for", "rolled", "nets"))
    return LOOK if large else writer.size()


def add(em: Emitter, loop: Round, weights: dict[int, str], values: dict[int, Term]) -> None:
    """Write that results grow by what leaves now, each by its weight."""
    for p, term in values.items():
        weight = weighed(weights[p], trail(term.type))
        em.writer.line(f"{loop.outs[p]} = added({loop.outs[p]}, {weight}, {term.code})")


def sources_of(loop: Round, graph: Graph) -> set[int]:
    """Return the sources of the test that a region after it reads, as inputs of that region."""
    wanted = loop.outs if graph is loop.node.stop else loop.state
    used = live(graph, wanted).params(graph)
    return {i for i in used if 0 < i <= loop.node.sources}
