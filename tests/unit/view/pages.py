"""Programs that were run and drawn as pages, for the tests of pages."""

from __future__ import annotations

from functools import cache

from diffprog import loads
from diffprog.pipeline.tracing import SoftTrace, traced

SORT = """\
program sort(xs: int<4>[3]) -> int<4>[3]:
    for end in 2 .. 0 step -1:
        for i in 0 .. end:
            choose given xs[i], xs[i + 1]:  # <script>alert("&")</script>
                swap xs[i], xs[i + 1]
                pass
    return xs
"""
WHILE = """\
program w(x: int<4>, xs: int<4>[5]) -> int<4>:
    while x < 3 max 6:
        if xs[x] > 1:
            x = x + 1
        else:
            xs[x] = 3
    return xs[x]
"""
ATTENTION = """\
program translate(keys: real[3, 2], queries: real[2, 2]) -> real[2, 2]:
    out: real[2, 2] = 0.0
    for t in 0 .. 2:
        at = pick(keys @ queries[t])
        out[t] = keys[at]
    return out
"""
STACK = """\
import std.stack

program p(xs: int<3>[2], more: bool[2]) -> int<3>:
    cells: int<3>[2] = 0
    top: int<3> = 0
    for i in 0 .. 2:
        if more[i]:
            cells, top = stack.push(cells, top, xs[i])
    return stack.peek(cells, top, 0)
"""
WORDS = {"keys": ["the", "old", "cat"], "answer": ["le", "chat"]}


@cache
def sort_trace() -> SoftTrace:
    """Return a run of bubble sort, mostly sure of its comparison, with two inputs."""
    sure = [[[0.9, 0.1] if a > b else [0.2, 0.8] for b in range(4)] for a in range(4)]
    items = [{"xs": [3, 1, 0]}, {"xs": [0, 2, 1]}]
    return traced(loads(SORT, "sort.dp"), items, {"sort.choose#0": sure})


@cache
def while_trace() -> SoftTrace:
    """Return a run of a loop that halts by weight."""
    item = {"x": [0.4, 0.3, 0.2, 0.1], "xs": [0, 3, 1, 0, 1]}
    return traced(loads(WHILE, "while.dp"), [item])


@cache
def stack_trace() -> SoftTrace:
    """Return a run of a program that calls functions of a module."""
    return traced(loads(STACK, "tower.dp"), [{"xs": [2, 1], "more": [0.75, 0.5]}])


@cache
def attention_trace() -> SoftTrace:
    """Return a run of content-based attention."""
    item = {"keys": [[1, 0], [0, 0.5], [0, 1]], "queries": [[2, 0], [0, 3]]}
    return traced(loads(ATTENTION, "attention.dp"), [item])
