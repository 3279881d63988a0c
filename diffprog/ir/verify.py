"""The invariants of a graph, each a named function from a region to its complaints.

`verify` runs them after lowering and after every pass. A broken one is our fault, never the
user's: `InvariantError`, with the graph's text as a note. Passes and `soft` may rely on all of
them. Never imports torch; networkx only to name a cycle that was found.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from diffprog.errors import InvariantError
from diffprog.ir.dag import cycle
from diffprog.ir.derive import complaint
from diffprog.ir.graph import (
    Apply,
    For,
    Graph,
    Hole,
    Loop,
    Network,
    Param,
    Project,
    Select,
    Table,
    regions,
    walk,
)
from diffprog.ir.text import text
from diffprog.types import BOOL, Int, Real, Tuple, Type, is_finite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Invariant: TypeAlias = "Callable[[Graph], Iterator[str]]"

SHOWN = 5
"""So many complaints are told; the first is nearly always the cause of the rest."""


def verify(graph: Graph, *, simplified: bool = False) -> Graph:
    """Return the graph if it keeps every invariant.

    Args:
        graph: a whole program's region.
        simplified: also demand that nothing is dead.

    Raises:
        InvariantError: with the complaints, and the graph's text as a note.
    """
    found = list(islice(_complaints(graph, simplified=simplified), SHOWN))
    if found:
        fault = InvariantError("the graph breaks its invariants: " + "; ".join(found))
        fault.add_note(text(graph, lines=True))
        raise fault
    return graph


def _complaints(graph: Graph, *, simplified: bool) -> Iterator[str]:
    pending = [("", graph)]
    while pending:
        where, region = pending.pop()
        for invariant in STRUCTURE:
            broken = [f"{where}{what}" for what in invariant(region)]
            yield from broken
            if broken:  # what follows would stumble over it
                return
        for invariant in (*MEANING, *(SIMPLE if simplified else ())):
            yield from (f"{where}{what}" for what in invariant(region))
        for node in region.nodes:
            pending += [(f"{where}%{node.id} {name}: ", g) for name, g in regions(node)]
            if isinstance(node, Table) and node.expression is not None:
                yield from _expression(f"{where}%{node.id} expression: ", node.expression)
    yield from holes_agree(graph)


def _expression(where: str, region: Graph) -> Iterator[str]:
    """Judge the expression of a table, which is for pictures: it is not simplified."""
    for invariant in STRUCTURE:
        yield from (f"{where}{what}" for what in invariant(region))


def ids_are_places(region: Graph) -> Iterator[str]:
    """Node i stands at place i."""
    for place, node in enumerate(region.nodes):
        if node.id != place:
            yield f"%{node.id} stands at place {place}"


def nothing_is_captured(region: Graph) -> Iterator[str]:
    """Inputs and results are nodes of the same region."""
    here = range(len(region.nodes))
    for node in region.nodes:
        yield from (f"%{node.id} takes %{i} of no region" for i in node.inputs if i not in here)
    yield from (f"result %{i} is of no region" for i in region.results if i not in here)


def inputs_come_first(region: Graph) -> Iterator[str]:
    """Every node stands after its inputs: so the region is a DAG, in an order of use."""
    late = [n.id for n in region.nodes if any(i >= n.id for i in n.inputs)]
    if late:
        circle = cycle(region)
        through = f" (the cycle {' -> '.join(f'%{i}' for i in circle)})" if circle else ""
        yield f"%{late[0]} stands before an input of its own{through}"


def params_come_first(region: Graph) -> Iterator[str]:
    """The parameters are the first nodes."""
    seen = False
    for node in region.nodes:
        seen |= not isinstance(node, Param)
        if seen and isinstance(node, Param):
            yield f"parameter %{node.id} stands after other nodes"


def nodes_have_places(region: Graph) -> Iterator[str]:
    """Every node has its span in the text; made nodes inherit one."""
    yield from (f"%{n.id} has no span" for n in region.nodes if n.span is None)


def types_are_derived(region: Graph) -> Iterator[str]:
    """The stored type is the one derived from the inputs."""
    for node in region.nodes:
        wrong = complaint(node, [region[i].type for i in node.inputs])
        if wrong is not None:
            yield f"%{node.id}: {wrong}"


def tuples_are_taken_apart(region: Graph) -> Iterator[str]:
    """Only projections take tuples, and only control and networks have them."""
    for node in region.nodes:
        makes = isinstance(node, Select | For | Loop | Network)
        if isinstance(node.type, Tuple) and not makes:
            yield f"%{node.id} is a tuple"
        takes = any(isinstance(region[i].type, Tuple) for i in node.inputs)
        if takes and not isinstance(node, Project):
            yield f"%{node.id} takes a tuple"
    yield from (f"result %{r} is a tuple" for r in region.results if _is_tuple(region, r))


def _is_tuple(region: Graph, node: int) -> bool:
    return isinstance(region[node].type, Tuple)


def selects_fit(region: Graph) -> Iterator[str]:
    """A test of finite sources, a case for each of its values, cases of one signature."""
    for node in region.nodes:
        if isinstance(node, Select):
            types = [region[i].type for i in node.inputs]
            yield from (f"%{node.id} {what}" for what in _select(node, types))


def _select(node: Select, types: list[Type]) -> Iterator[str]:
    sources = types[: node.sources]
    if len(sources) < node.sources or not all(map(is_finite, sources)):
        yield "has sources that are not finite inputs"
    yield from _signature("test", node.test, types, None)
    if len(node.test.types) != 1 or not is_finite(node.test.types[0]):
        yield "has a test whose result is not one finite value"
    else:
        size = getattr(node.test.types[0], "size", 0)
        if len(node.unions) != size:
            yield f"names cases for {len(node.unions)} of {size} values"
    if set(node.unions) != set(range(len(node.cases))):
        yield f"sends its values to the cases {sorted(set(node.unions))}"
    assert isinstance(node.type, Tuple)
    for number, case in enumerate(node.cases):
        yield from _signature(f"case {number}", case, types, list(node.type.items))


def loops_fit(region: Graph) -> Iterator[str]:
    """Bounds are known numbers; bodies map the carried values to themselves."""
    for node in region.nodes:
        types = [region[i].type for i in node.inputs]
        if isinstance(node, For):
            yield from (f"%{node.id} {what}" for what in _for(node, types))
        elif isinstance(node, Loop):
            yield from (f"%{node.id} {what}" for what in _loop(node, types))


def _for(node: For, types: list[Type]) -> Iterator[str]:
    if node.step == 0:
        yield "has a step of 0"
    if not all(isinstance(t, Int) for t in types[:2]):
        yield "has bounds that are no ints"
    yield from _carries(node, types[2:])
    yield from _counted("body", node.body, types[2:], types[2 : 2 + node.carried])


def _loop(node: Loop, types: list[Type]) -> Iterator[str]:
    if node.rounds < 1:
        yield f"has {node.rounds} rounds"
    if node.halting.kind not in ("plain", "act", "ponder"):
        yield f"halts by `{node.halting.kind}`"
    yield from _carries(node, types)
    state = types[: node.carried]
    if node.before is not None:
        yield from _counted("before", node.before, types, state)
    yield from _counted("probe", node.probe, types, None)
    probed = list(node.probe.types)
    sources = probed[: node.sources]
    if len(sources) < node.sources or not all(map(is_finite, sources)):
        yield "has sources that are not finite"
    stops = BOOL if node.halting.kind == "plain" else Real()
    yield from _counted("test", node.test, probed, [stops])
    for name, end in (("stop", node.stop), ("go", node.go), ("last", node.last)):
        yield from _counted(name, end, [*sources, *types], state)


def _carries(node: For | Loop, types: list[Type]) -> Iterator[str]:
    assert isinstance(node.type, Tuple)
    if list(node.type.items) != types[: node.carried]:
        yield f"carries {', '.join(map(str, types[: node.carried]))} but is {node.type}"


def _counted(
    name: str, inside: Graph, types: list[Type], results: list[Type] | None
) -> Iterator[str]:
    """Check a loop's region: it takes the counter, a known int, before the rest."""
    params = inside.params
    if not params or not params[0].known or not isinstance(params[0].type, Int):
        yield f"has a {name} whose first parameter is no known counter"
    yield from _signature(name, inside, [*(p.type for p in params[:1]), *types], results)


def _signature(
    name: str, inside: Graph, types: list[Type], results: list[Type] | None
) -> Iterator[str]:
    takes = [p.type for p in inside.params]
    if takes != types:
        yield f"has a {name} of {_list(takes)} where {_list(types)} come in"
    if results is not None and list(inside.types) != results:
        yield f"has a {name} giving {_list(inside.types)} where {_list(results)} go out"


def _list(types: list[Type] | tuple[Type, ...]) -> str:
    return f"({', '.join(map(str, types))})"


def no_dead_nodes(region: Graph) -> Iterator[str]:
    """Every node but a parameter reaches a result."""
    live = set(region.results)
    for node in reversed(region.nodes):
        if node.id in live:
            live.update(node.inputs)
        elif not isinstance(node, Param):
            yield f"%{node.id} is dead"


def choices_are_tabulated(region: Graph) -> Iterator[str]:
    """`choose`, which evaluates one side, stands in tables alone: branches are Selects."""
    for node in region.nodes:
        if isinstance(node, Apply) and node.op == "choose":
            yield f"%{node.id} chooses outside a table"


def holes_agree(graph: Graph) -> Iterator[str]:
    """Holes of one key, which read the same logits, ask for the same alternatives."""
    kinds: dict[str, tuple[Type, ...]] = {}
    for region, node in _holes(graph):
        kind = (node.type, *(region[i].type for i in node.given))
        if kinds.setdefault(node.key, kind) != kind:
            yield f"hole {node.key} is {_list(kind)} and {_list(kinds[node.key])}"


def _holes(graph: Graph) -> Iterator[tuple[Graph, Hole]]:
    regions_of = [graph, *(g for n in walk(graph) for _, g in regions(n))]
    for region in regions_of:
        yield from ((region, n) for n in region.nodes if isinstance(n, Hole))


STRUCTURE: tuple[Invariant, ...] = (
    ids_are_places,
    nothing_is_captured,
    inputs_come_first,
    params_come_first,
    nodes_have_places,
    types_are_derived,
)
"""What the rest builds on: where one is broken, the region is judged no further."""

SIMPLE: tuple[Invariant, ...] = (no_dead_nodes, choices_are_tabulated)
"""What holds only after the passes."""

MEANING: tuple[Invariant, ...] = (tuples_are_taken_apart, selects_fit, loops_fit)
