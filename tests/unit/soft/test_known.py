"""What is known stays a plain number: through loops, branches, tables and constant arrays."""

from __future__ import annotations

import diffprog as dp
from diffprog.ir.graph import For, walk
from diffprog.ir.known import carried, known
from diffprog.types import Int
from tests.unit.soft.soften import soft

TEXT = """
const skip: int<5>[3] = [2, 0, 1]

program walk(xs: real[5], start: int<5>) -> (real, int<5>):
    at: int<5> = 4
    moved = start
    total = 0.0
    for k in 0 .. 3:
        total += xs[at]
        if k != 1:
            at = (at + skip[k]) % 5
        moved = (moved + at) % 5
    return total, moved
"""


def test_a_carried_value_is_known_as_long_as_it_keeps_itself() -> None:
    """`at` depends on counters and constants alone; `moved` began as an input."""
    graph = dp.loads(TEXT).simplified
    (loop,) = (n for n in walk(graph) if isinstance(n, For))
    flags = known(graph)
    names = [p.name for p in loop.body.params[1 : 1 + loop.carried]]
    found = dict(zip(names, carried(loop, [flags[i] for i in loop.inputs]), strict=True))
    assert found["at"]
    assert not found["moved"]
    assert not found["total"]
    assert all(isinstance(graph[i].type, Int) for i in loop.inputs[:2])


def test_known_reads_cost_a_slice() -> None:
    """The generated loop indexes with numbers, and computes what the program means."""
    module = soft(TEXT)
    body = module.source[module.source.index(f"def {module.generated.entry}") :]
    assert "read(" not in body
    total, moved = module(xs=[1.0, 2.0, 4.0, 8.0, 16.0], start=0)
    want = dp.loads(TEXT).run(xs=[1.0, 2.0, 4.0, 8.0, 16.0], start=0)
    assert [total.item(), moved.argmax().item()] == list(want)


def test_a_narrowed_number_is_a_place() -> None:
    """A counter that a case has narrowed stands in a slice as it is."""
    text = """
program main(xs: real[2]) -> real[2]:
    for i in 0 .. 2:
        if i < 1:
            xs[i] = clamp(i, -8.0, 8.0)
    return xs
"""
    assert soft(text)(xs=[3.0, 4.0]).tolist() == [0.0, 4.0]
