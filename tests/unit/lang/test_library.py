"""The library's modules with pointers: crisply each is the machine it is named after."""

from __future__ import annotations

from collections import deque
from itertools import product

import pytest

import diffprog as dp
from diffprog.lang.imports import standard_modules
from diffprog.pipeline import findings

ROOM = 2
STACK = """
import std.stack

program run(does: int<3>[4], xs: int<5>[4]) -> int<5>[4]:
    cells: int<5>[2] = 0
    top: int<3> = 0
    seen = xs
    for t in 0 .. 4:
        if does[t] == 1:
            cells, top = stack.push(cells, top, xs[t])
        elif does[t] == 2:
            top = stack.pop(top)
        seen[t] = stack.peek(cells, top, 0)
    return seen
"""
DEQUE = """
import std.deque
import std.queue

program run(does: int<5>[4], xs: int<5>[4]) -> (int<5>[4], int<5>[4]):
    cells: int<5>[2] = 0
    first: int<2> = 0
    held: int<3> = 0
    fronts = xs
    backs = xs
    for t in 0 .. 4:
        match does[t]:
            case 1:
                cells, held = queue.push(cells, first, held, xs[t])
            case 2:
                cells, first, held = deque.push_front(cells, first, held, xs[t])
            case 3:
                first, held = queue.pop(first, held)
            case 4:
                held = deque.pop_back(held)
            case _:
                pass
        fronts[t] = queue.peek(cells, first, held, 0)
        backs[t] = deque.back(cells, first, held, 0)
    return fronts, backs
"""
XS = [1, 2, 3, 4]


@pytest.mark.parametrize("name", standard_modules())
def test_modules_are_without_faults(name: str) -> None:
    """Each function of each module is checked, at sizes made up for it."""
    text = f"import {name}\n\nprogram p() -> bool:\n    return true\n"
    assert [d.code for d in findings(text)] == ["DP905"]


def test_stack() -> None:
    """All runs of four steps: nothing, push, pop; full and empty ones too."""
    program = dp.loads(STACK)
    for does in product(range(3), repeat=4):
        held: list[int] = []
        seen = []
        for what, x in zip(does, XS, strict=True):
            if what == 1 and len(held) < ROOM:
                held.append(x)
            elif what == 2 and held:
                held.pop()
            seen.append(held[-1] if held else 0)
        assert program.run(does=list(does), xs=XS) == seen


def test_queue_and_deque() -> None:
    """All runs of four steps: nothing, a push or a pop at either end."""
    program = dp.loads(DEQUE)
    for does in product(range(5), repeat=4):
        held: deque[int] = deque()
        fronts, backs = [], []
        for what, x in zip(does, XS, strict=True):
            if what in (1, 2) and len(held) < ROOM:
                (held.append if what == 1 else held.appendleft)(x)
            elif what in (3, 4) and held:
                (held.popleft if what == 3 else held.pop)()
            fronts.append(held[0] if held else 0)
            backs.append(held[-1] if held else 0)
        assert program.run(does=list(does), xs=XS) == [fronts, backs]
