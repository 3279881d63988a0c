"""The verifier: what it accepts, and each invariant broken once by hand."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from diffprog.errors import InvariantError
from diffprog.ir.dag import dag
from diffprog.ir.graph import Apply, Const, Graph, Param, Select
from diffprog.ir.verify import verify
from diffprog.types import BOOL, Array, Int
from tests.unit.ir.build import Region, at

if TYPE_CHECKING:
    from collections.abc import Callable


def program() -> Graph:
    """Build one node of nearly every kind."""
    r = Region(("xs", Array((3,), Int(0, 4))), ("n", Int(0, 3)), ("x", Int(0, 4)))
    cell = r.read(0, 1)
    total = r.op("add", cell, r.hole("f.k#1", Int(0, 4), cell))
    table = r.table(Int(0, 2), (0, 1, 1, 0), 2)
    wide = r.into("convert", table, Int(0, 4))
    changed = r.write(0, wide, 1)
    _, (merged,) = r.select(
        [2], [total], lambda t: t.op("lt", 0, t.const(2)), lambda _: [1], lambda _: [1]
    )
    zero, three = r.const(0), r.const(3)
    _, (count,) = r.loop_for(
        (zero, three),
        Int(0, 3),
        [2],
        [0],
        lambda b: [b.into("convert", b.read(2, 0), Int(0, 4))],
    )
    _, (last,) = r.loop(
        [2],
        4,
        lambda t: t.op("ge", 1, t.const(3)),
        lambda g: [
            g.into(
                "convert",
                g.op("add", g.into("narrow", 1, Int(0, 3)), g.const(1)),
                Int(0, 4),
            )
        ],
    )
    return r.done([changed, merged, count, last, r.reduce("sum", 0)])


def test_accepts_every_kind() -> None:
    """A well-made graph is returned as it is."""
    graph = program()
    assert verify(graph, simplified=True) is graph


def _first(graph: Graph, kind: type, change: Callable[..., object]) -> Graph:
    nodes = list(graph.nodes)
    place = next(i for i, n in enumerate(nodes) if isinstance(n, kind))
    nodes[place] = change(nodes[place])  # type: ignore[call-overload]
    return Graph(tuple(nodes), graph.results)


def _cyclic() -> Graph:
    x = Param(name="x", id=0, type=BOOL, span=at(1))
    a = Apply(op="not", inputs=(2,), id=1, type=BOOL, span=at(1))
    b = Apply(op="not", inputs=(1,), id=2, type=BOOL, span=at(1))
    return Graph((x, a, b), (2,))


def _loose_param() -> Graph:
    one = Const(value=True, id=0, type=BOOL, span=at(1))
    return Graph((one, Param(name="x", id=1, type=BOOL, span=at(1))), (0,))


def _two_holes() -> Graph:
    r = Region()
    return r.done([r.hole("f#1", BOOL), r.hole("f#1", Int(0, 3))])


def _tuple_result() -> Graph:
    graph = program()
    place = next(n.id for n in graph.nodes if isinstance(n, Select))
    return Graph(graph.nodes, (place,))


BROKEN: dict[str, Callable[[], Graph]] = {
    "stands at place": lambda: _first(program(), Apply, lambda n: replace(n, id=0)),
    "of no region": lambda: _first(program(), Apply, lambda n: replace(n, inputs=(0, 99))),
    "the cycle %": _cyclic,
    "stands after other nodes": _loose_param,
    "has no span": lambda: _first(program(), Apply, lambda n: replace(n, span=None)),
    "derived from its inputs": lambda: _first(program(), Apply, lambda n: replace(n, type=BOOL)),
    "it has 1 inputs, `add` takes 2": lambda: _first(
        program(), Apply, lambda n: replace(n, inputs=(2,))
    ),
    "is a tuple": _tuple_result,
    "has sources that are not finite": lambda: _first(
        program(), Select, lambda n: replace(n, sources=3)
    ),
    "names cases for 1 of 2 values": lambda: _first(
        program(), Select, lambda n: replace(n, unions=(0,))
    ),
    "sends its values to the cases": lambda: _first(
        program(), Select, lambda n: replace(n, unions=(0, 0))
    ),
    "giving": lambda: _first(program(), Select, lambda n: replace(n, cases=(n.test, n.test))),
    "has a test of": lambda: _first(
        program(), Select, lambda n: replace(n, test=Region(("p", BOOL)).done([0]))
    ),
    "hole f#1 is": _two_holes,
}


@pytest.mark.parametrize("message", BROKEN)
def test_each_invariant_bites(message: str) -> None:
    """A graph broken by hand is refused, and its text goes with the exception."""
    with pytest.raises(InvariantError, match=message) as caught:
        verify(BROKEN[message]())
    assert "->" in caught.value.__notes__[0]


def test_loops_are_checked() -> None:
    """A loop without rounds, and a body that does not give what it carries."""
    r = Region(("x", BOOL))
    _, (out,) = r.loop([0], 0, lambda _: 1, lambda _: [1])
    with pytest.raises(InvariantError, match="has 0 rounds"):
        verify(r.done([out]))
    r = Region(("x", BOOL), ("n", Int(0, 3)))
    _, (out,) = r.loop([0], 2, lambda _: 1, lambda g: [g.const(1)])
    with pytest.raises(InvariantError, match="has a go giving"):
        verify(r.done([out]))


def test_faults_inside_regions_say_where() -> None:
    """The way to a broken region is named."""
    r = Region(("x", BOOL))
    bad = lambda c: [c.put(Apply(op="not", inputs=(0,), type=Int(0, 2), span=at(3)))]  # noqa: E731
    _, (out,) = r.select([0], [], lambda _: 0, bad, bad)
    with pytest.raises(InvariantError, match=r"%1 case 1: %1: its type is int<2>"):
        verify(r.done([out]))


def test_dead_nodes_only_after_simplify() -> None:
    """A node that reaches no result is refused where nothing may be dead."""
    r = Region(("x", BOOL))
    r.op("not", 0)
    graph = r.done([0])
    verify(graph)
    with pytest.raises(InvariantError, match="%1 is dead"):
        verify(graph, simplified=True)


def test_dag_has_the_edges() -> None:
    """The networkx graph has an edge an input, with the places at which it stands."""
    r = Region(("x", Int(0, 4)))
    graph = dag(r.done([r.op("add", 0, 0)]))
    assert list(graph.edges(data="places")) == [(0, 1, (0, 1))]


def test_verify_leaves_networkx_unloaded() -> None:
    """A graph in order is verified without networkx: `check` must start at once."""
    code = "import diffprog.ir.verify, sys; print('networkx' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "False"
