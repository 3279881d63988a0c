"""Tests in C: their value, and their sources given an outcome.

In: a test's region and its inputs as terms. Out: terms. A test that is one table of its inputs
is conditioned by that table's entries; any other is evaluated at every value of each source.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

from diffprog.ir.compute import on_scalars, scalars
from diffprog.ir.graph import Apply, Hole, Param
from diffprog.ir.known import is_scalar
from diffprog.native import numbers
from diffprog.native.contract import contract
from diffprog.native.lives import used
from diffprog.native.slopes import OTHER, PRODUCT
from diffprog.native.values import Number, Slot, UnsupportedError, finite, width
from diffprog.ops import OPS
from diffprog.types import Array, Bool

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from diffprog.ir.graph import Graph
    from diffprog.native.values import Term
    from diffprog.native.writer import Writer

    Region: TypeAlias = Callable[..., list[Term]]
    """Writes a region: (graph, inputs, the stretches that it may write over)."""

JOINT_LIMIT = 1 << 12
"""The largest joint domain of a test's inputs that is conditioned through one table."""

MOST_VERTICES = 64
"""The most values of a test's sources at which it is evaluated by itself."""


def read_params(graph: Graph) -> set[int]:
    """Return the parameters that a region reads."""
    needed = used(graph)
    return {p.id for p in graph.params if p.id in needed}


@dataclass
class Test:
    """A test that is written."""

    w: Writer
    region: Region
    graph: Graph
    args: Sequence[Term | None]
    value: Slot
    uncertain: list[int]
    entries: list[tuple[int, ...]] | None
    groups: tuple[int, str]
    extra: list[str]
    at: dict[int, list[Slot]] = field(default_factory=dict)

    def weight(self, values: Sequence[int]) -> Slot:
        """Return the probability that the test is one of `values`."""
        t = self.value.type
        if isinstance(t, Bool):
            return self.value if list(values) == [1] else _other(self.w, self.value)
        if len(values) == 1:
            return Slot(f"({self.value.code} + {values[0]})", Bool())
        slot = self.w.slot(Bool())
        contract(self.w, slot.code, 1, [self.value.code], [(0, 0, v) for v in values])
        return slot

    def posterior(self, source: int, values: Sequence[int]) -> Slot:
        """Return a source given that the test is one of `values`."""
        term = self.args[source]
        assert isinstance(term, Slot)
        n = finite(term.type).size
        mass, scaled = self.w.take(n), self.w.take(n)
        if self.entries is None:
            self._by_vertices(source, term, values, mass)
        else:
            place = self.uncertain.index(source)
            found = [
                (e[0], e[2 + place], *e[2:]) for e in self.entries if e[1] in values
            ]  # fmt: skip
            points = [self.w.points(_slot(self.args[i])) for i in self.uncertain]
            groups, group = self.groups
            contract(self.w, mass, n, [*points, *self.extra], found, groups=groups, group=group)
        self.w.normalise(scaled, mass, n)
        return Slot(f"({scaled} + 1)" if isinstance(term.type, Bool) else scaled, term.type)

    def _by_vertices(self, source: int, term: Slot, values: Sequence[int], mass: str) -> None:
        points = self.w.points(term)
        if source not in self.at:
            self.at[source] = self._outcomes(source, term)
        for k, outcome in enumerate(self.at[source]):
            there = Test(
                self.w, self.region, self.graph, self.args, outcome, [], None, (1, "0"), []
            )
            likely = there.weight(values)
            self.w.map(PRODUCT, f"({mass} + {k})", [f"{points} + {k}", likely.code])

    def _outcomes(self, source: int, term: Slot) -> list[Slot]:
        if isinstance(term.type, Array) or finite(term.type).size > MOST_VERTICES:
            message = f"a test conditions a source of type `{term.type}`"
            raise UnsupportedError(message)
        found = []
        for value in finite(term.type).values():
            args = list(self.args)
            args[source] = numbers.constant(value, term.type)
            reach, self.w.reach = self.w.reach, [self.w.constants((0.0,))]
            found.append(self.w.tensor(self.region(self.graph, args)[0]))
            self.w.reach = reach
        return found


def _slot(term: Term | None) -> Slot:
    assert isinstance(term, Slot)
    return term


def _other(w: Writer, value: Slot) -> Slot:
    slot = w.slot(Bool())
    w.map(OTHER, slot.code, [value])
    return slot


def tested(
    w: Writer, region: Region, graph: Graph, args: Sequence[Term | None], wanted: Collection[int]
) -> Test:
    """Write a test; `wanted` are the sources that are read given its outcome."""
    value = w.tensor(region(graph, args)[0])
    inputs = sorted(read_params(graph))
    uncertain = [i for i in inputs if isinstance(args[i], Slot)]
    test = Test(w, region, graph, args, value, uncertain, None, (1, "0"), [])
    if not set(uncertain) & set(wanted):
        return test
    size = math.prod(finite(graph[i].type).size if is_scalar(graph[i].type) else JOINT_LIMIT + 1
                     for i in uncertain)  # fmt: skip
    if size <= JOINT_LIMIT and all(is_scalar(graph[i].type) for i in inputs):
        _hole_entries(test) or _crisp_entries(test, inputs)
    return test


def _known(test: Test, inputs: Sequence[int]) -> list[tuple[int, Number]]:
    found = []
    for i in inputs:
        term = test.args[i]
        if isinstance(term, Number):
            found.append((i, term))
    return found


def _hole_entries(test: Test) -> bool:
    """Condition through the weights of a hole of the inputs, if the test is one."""
    node = test.graph[test.graph.results[0]]
    if not isinstance(node, Hole) or node.masked or len(set(node.inputs)) < len(node.inputs):
        return False
    if not all(isinstance(test.graph[i], Param) for i in node.inputs):
        return False
    own = 2 if isinstance(node.type, Bool) else width(node.type)
    sizes = [finite(test.graph[i].type).size for i in node.inputs]
    start = test.w.input(node.key, own * math.prod(sizes), own)
    entries = []
    opened = [i for i in node.inputs if i in test.uncertain]
    for at in product(*(range(finite(test.graph[i].type).size) for i in test.uncertain)):
        chosen = dict(zip(test.uncertain, at, strict=True))
        place = 0
        for i, size in zip(node.inputs, sizes, strict=True):
            place = place * size + chosen.get(i, 0)
        entries += [(0, k, *at, place * own + k) for k in range(own)]
    code, step = start, own
    for i, size in zip(reversed(node.inputs), reversed(sizes), strict=True):
        term = test.args[i]
        if i not in opened and isinstance(term, Number):
            code += f" + ({term.code} - {finite(term.type).lo}) * {step}"
        step *= size
    test.entries, test.extra = entries, [code]
    return True


def _crisp_entries(test: Test, inputs: Sequence[int]) -> bool:
    """Condition through the table of a test that is a finite expression of scalars."""
    nodes = [test.graph[n] for n in sorted(used(test.graph))]
    if not on_scalars(nodes):
        return False
    if any(isinstance(n, Apply) and n.op not in (*OPS, "convert", "narrow") for n in nodes):
        return False
    known = _known(test, inputs)
    order = [*(i for i, _ in known), *test.uncertain]
    domains = [finite(test.graph[i].type).values() for i in order]
    if math.prod(map(len, domains)) > JOINT_LIMIT:
        return False
    lo, entries = finite(test.graph.types[0]).lo, []
    for places in product(*(range(len(d)) for d in domains)):
        given = {i: d[p] for i, d, p in zip(order, domains, places, strict=True)}
        values = scalars(test.graph, nodes, given)
        group = 0
        for d, p in zip(domains[: len(known)], places, strict=False):
            group = group * len(d) + p
        outcome = int(values[test.graph.results[0]]) - lo
        entries.append((group, outcome, *places[len(known) :]))
    groups = math.prod(len(d) for d in domains[: len(known)])
    test.entries = entries
    test.groups = (groups, f"({numbers.place([a for _, a in known])})")
    return True


def conditioned(
    test: Test, values: Sequence[int], sources: Collection[int], region: Graph
) -> list[Term | None]:
    """Return the inputs of a region: sources that it reads, given that the test is in `values`."""
    asked = read_params(region) & set(sources) & set(test.uncertain)
    return [test.posterior(i, values) if i in asked else a for i, a in enumerate(test.args)]
