"""Law 2, Mass: every soft value stays on its simplex, whatever the inputs and weights."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from diffprog.ir.graph import For, Loop, regions
from diffprog.types import Int
from tests.laws.harness import LAW, assert_mass, graph_of, load_weights, module_of, soft_inputs
from tests.strategies import Generated, hole_weights, programs

if TYPE_CHECKING:
    from diffprog.ir.graph import Graph, Node


def soft_run(program: Generated, data: st.DataObject, temperature: float) -> Any:
    """Run a program softly at drawn inputs and weights."""
    module = module_of(program)
    module.temperature = temperature
    load_weights(module, data.draw(hole_weights(program.checked)))
    rows = data.draw(st.lists(program.soft_inputs(), min_size=1, max_size=3))
    return module, module(**soft_inputs(rows, program.params))


@LAW
@given(programs(rough=True), st.data(), st.sampled_from([0.0, 0.3, 1.0]))
def test_results(program: Generated, data: st.DataObject, temperature: float) -> None:
    """Results are distributions."""
    _, soft = soft_run(program, data, temperature)
    assert_mass(soft, program.checked.main.result)


@LAW
@given(programs(halting=True), st.data())
def test_unfinished(program: Generated, data: st.DataObject) -> None:
    """What loops leave unfinished is a part of their mass, reported and not lost.

    A loop that is met several times leaves at most all of each.
    """
    module, soft = soft_run(program, data, 1.0)
    assert_mass(soft, program.checked.main.result)
    met = meetings(graph_of(program))
    for line, mass in module.report["unfinished"].items():
        assert (mass >= -1e-12).all()
        assert (mass <= met[line] + 1e-9).all()


def meetings(graph: Graph) -> Counter[int]:
    """Count how often the loops of each line are met in a run, at most."""
    found: Counter[int] = Counter()
    for node in graph.nodes:
        found[node.span.line] += isinstance(node, Loop)
        for _, inner in regions(node):
            for line, count in meetings(inner).items():
                found[line] += count * rounds(node)
    return found


def rounds(node: Node) -> int:
    """Return how often a region of a node is run."""
    match node:
        case For():
            counter = node.body.params[0].type
            assert isinstance(counter, Int)
            return counter.size
        case Loop():
            return node.rounds
        case _:
            return 1
