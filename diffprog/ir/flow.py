"""Abstract execution of a graph on sets of uncertain sources.

In: a graph. Out: where sources meet themselves, in the ledger. Each input cell, free hole, table's
cell and decision is one bit; known numbers are computed, so that `for b in bits` reads another cell
each round. Loops that would take too many steps are run to a fixed point with an unknown counter,
which may only find more. `sources.py` is the door to this. Never imports torch.

Why disjoint sets are enough: a value is a function of its sources and sources are independent, so
values of disjoint sets are independent, and an extension of independent arguments is exact.
Conditioning makes the sources of one test depend on each other: each that a case sees carries the
test's bit besides its own, so that two of them meet in that bit. What depends on the test without
being conditioned carries the test's `stale` bit; no result may.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diffprog.ir.effort import Effort
from diffprog.ir.graph import (
    For,
    Graph,
    Loop,
    Network,
    Node,
    NodeId,
    Param,
    Project,
    Select,
    regions,
)
from diffprog.ir.marks import Marks
from diffprog.ir.masks import Origins, join, kept, union
from diffprog.ir.meet import RULES, network

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from diffprog.ir.bits import Ledger
    from diffprog.ir.meet import Flowing

    Plan = list[tuple[Node, tuple[int, ...]]]

BUDGET = 30_000
"""Node visits, after which loops run to a fixed point: `check` answers at once."""


@dataclass
class Rounds:
    """The state of a loop.

    Attributes:
        marks: the loop's own.
        state: the carried values.
        rest: the invariants.
        since: where the cells of the carried values came from, if rounds have left them alone.
        alive: the sources of all tests so far.
        results: what has stopped.
    """

    marks: Marks
    state: list[Flowing]
    rest: list[Flowing]
    since: list[Origins]
    alive: int = 0
    results: list[list[Flowing]] = field(default_factory=list)

    def enter(self) -> list[Flowing]:
        """Return the carried values such that what a region leaves alone can be told."""
        pairs = zip(self.state, self.since, strict=True)
        return [(kept(mask, self.marks, since=since), value) for (mask, value), since in pairs]


class Flow:
    """One execution; `ledger` collects what it finds."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.left = BUDGET
        self._plans: dict[tuple[int, tuple[int, ...]], Plan] = {}
        self._effort = Effort()

    def program(self, graph: Graph, crisp: Collection[str] = ()) -> None:
        """Execute a whole program; each cell of its inputs is a source unless given crisply."""
        args: list[Flowing] = []
        for p in graph.params:
            sure = p.known or p.name in crisp
            found = 0 if sure else self.ledger.source(p.name, "input", p.span, p.type)
            args.append((found, None))
        self.run(graph, args)

    def run(
        self, region: Graph, args: Sequence[Flowing], wanted: tuple[int, ...] | None = None
    ) -> list[Flowing]:
        """Execute what the wanted results of a region need; return all results, dead ones empty."""
        wanted = tuple(range(len(region.results))) if wanted is None else wanted
        values: list[list[Flowing]] = [[] for _ in region.nodes]
        for place, arg in enumerate(args):
            values[place] = [arg]
        plan = self._plan(region, wanted)
        self.left -= len(plan)
        for node, used in plan:
            if isinstance(node, Project):
                values[node.id] = [values[node.inputs[0]][node.place]]
                continue
            inputs = [values[i][0] for i in node.inputs]
            if isinstance(node, Select | For | Loop):
                values[node.id] = self._control(node, inputs, used)
            elif isinstance(node, Network):
                values[node.id] = network(self.ledger, node, inputs)
            else:
                types = [region.nodes[i].type for i in node.inputs]
                values[node.id] = [RULES[type(node)](self.ledger, node, inputs, types)]
        return [values[r][0] if values[r] else (0, None) for r in region.results]

    def _plan(self, region: Graph, wanted: tuple[int, ...]) -> Plan:
        """List the live nodes but parameters, with the results of each that are used."""
        key = (id(region), wanted)
        if key not in self._plans:
            used: dict[NodeId, set[int]] = {region.results[w]: set() for w in wanted}
            for node in reversed(region.nodes):
                if node.id in used:
                    for i in node.inputs:
                        at = used.setdefault(i, set())
                        if isinstance(node, Project):
                            at.add(node.place)
            live = (n for n in region.nodes if n.id in used and not isinstance(n, Param))
            self._plans[key] = [(n, tuple(sorted(used[n.id]))) for n in live]
        return self._plans[key]

    def _control(
        self, node: Select | For | Loop, args: list[Flowing], used: tuple[int, ...]
    ) -> list[Flowing]:
        match node:
            case Select():
                return self._select(node, args, used)
            case For():
                return self._for(node, args)
            case Loop():
                return self._loop(node, args)

    def _select(self, node: Select, args: list[Flowing], used: tuple[int, ...]) -> list[Flowing]:
        ((mask, value),) = self.run(node.test, args)
        tested = union(mask)
        if not tested and value is not None:
            lo = getattr(node.test.types[0], "lo", 0)
            return self.run(node.cases[node.unions[int(value) - lo]], args, used)
        marks, sources = Marks(self.ledger, node), node.sources
        types = [p.type for p in node.test.params][sources:]
        inside = marks.given(args[:sources], tested) + marks.stale(args[sources:], types, tested)
        with marks.under(tested):
            cases = [self.run(case, inside, used) for case in node.cases]
        return marks.merged(cases, tested)

    def _for(self, node: For, args: list[Flowing]) -> list[Flowing]:
        (_, lo), (_, hi) = args[:2]
        state, rest = args[2 : 2 + node.carried], args[2 + node.carried :]
        if lo is not None and hi is not None:
            trips = range(lo, hi, node.step)
            if len(trips) * self._effort.of(node.body) <= self.left:
                for k in trips:
                    state = self.run(node.body, [(0, k), *state, *rest])
                return state
        with self._steadily():
            while True:
                after = self.run(node.body, [(0, None), *state, *rest])
                joined = _joined(state, after)
                if joined == state:
                    return state
                state = joined

    def _loop(self, node: Loop, args: list[Flowing]) -> list[Flowing]:
        once = sum(self._effort.of(g) for _, g in regions(node))
        if node.halting.kind != "plain":
            self.ledger.halts = False
        state, rest = args[: node.carried], args[node.carried :]
        rounds = Rounds(Marks(self.ledger, node), state, rest, [()] * len(state))
        if node.rounds * once <= self.left:
            for k in range(node.rounds):
                if not self._round(node, k, rounds, last=k == node.rounds - 1):
                    break
        else:
            with self._steadily():
                self._settle_rounds(node, rounds)
        return rounds.marks.merged(rounds.results, rounds.alive)

    def _settle_rounds(self, node: Loop, rounds: Rounds) -> None:
        while True:
            before, since, tested = rounds.state, rounds.since, rounds.alive
            rounds.results.clear()
            self._round(node, None, rounds, last=True)
            rounds.state, rounds.since = before, since
            self._round(node, None, rounds, last=False)
            rounds.state = _joined(before, rounds.state)
            if (rounds.state, rounds.since, rounds.alive) == (before, since, tested):
                return

    def _round(self, node: Loop, k: int | None, rounds: Rounds, *, last: bool) -> bool:
        """Execute one round; return whether the loop may go on."""
        counter: Flowing = (0, k)
        marks, rest, carried = rounds.marks, rounds.rest, node.carried
        types = [p.type for p in node.probe.params][1:]
        state = rounds.enter()
        fresh = marks.stale(rest, types[carried:], rounds.alive)
        with marks.under(rounds.alive):
            if node.before is not None:
                state = self.run(node.before, [counter, *state, *fresh])
            probed = self.run(node.probe, [counter, *state, *fresh])
            ((mask, value),) = self.run(node.test, [counter, *probed])
        # Nothing is conditioned by a halting unit: its test is a real.
        plain = node.halting.kind == "plain"
        tested = union(mask) if plain else 0
        sources = marks.given(probed[: node.sources], tested)
        others = marks.stale(state, types[:carried], tested, marks.origins(state))
        others += marks.stale(rest, types[carried:], rounds.alive | tested)
        rounds.alive |= union(mask)
        inside = [counter, *sources, *others]
        decided = plain and not tested and value is not None
        with marks.under(rounds.alive):
            if not decided or value:
                rounds.results.append(self.run(node.stop, inside))
            if decided and value:
                return False
            after = self.run(node.last if last else node.go, inside)
        rounds.since = marks.origins(after)
        rounds.state = [(marks.settled(mask), v) for mask, v in after]
        if last:
            rounds.results.append(rounds.state)
        return not last

    @contextmanager
    def _steadily(self) -> Iterator[None]:
        """Give decisions one bit each while a loop runs to its fixed point."""
        self.ledger.steady += 1
        yield
        self.ledger.steady -= 1


def _joined(a: list[Flowing], b: list[Flowing]) -> list[Flowing]:
    return [(join(x, y), v if v == w else None) for (x, v), (y, w) in zip(a, b, strict=True)]
