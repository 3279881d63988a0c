"""State of a halting loop to which each round adds the same.

In: a Loop node. Out: which carried values those are, and what is added. Makes no text.

The result of such a value needs no sum of its own over the rounds. With a_k the weight that is
alive before round k, and x_k the value there, summation by parts gives
sum_k (a_k - a_{k+1}) x_k = x_0 + sum_k a_{k+1} (x_{k+1} - x_k): the start, and what is added times
the expected number of rounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffprog.ir.graph import Apply, Const, Param
from diffprog.soft.writer import item
from diffprog.types import Real

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diffprog.ir.graph import Loop

SIGNS = {"add": 1, "sub": -1}


@dataclass(frozen=True)
class Stride:
    """What a round adds to a carried value: a node of `go`, a constant or an invariant, signed."""

    node: Const | Param
    sign: int


def strides(node: Loop, places: Iterable[int]) -> dict[int, Stride]:
    """Return the carried values, of some, to which each round of a loop adds the same real.

    The loop is one whose test leaves them as they are, in its last round too.
    """
    found, first = {}, 1 + node.sources
    for p in places:
        param, step = node.go.params[first + p], node.go[node.go.results[p]]
        if not isinstance(item(param.type), Real):
            continue
        if not isinstance(step, Apply) or step.op not in SIGNS or param.id not in step.inputs:
            continue
        ends = step.inputs if step.op == "sub" or step.inputs[0] == param.id else step.inputs[::-1]
        by = node.go[ends[1]]
        if ends[0] != param.id or by.type != param.type:
            continue
        if isinstance(by, Const) or (isinstance(by, Param) and by.id >= first + node.carried):
            found[p] = Stride(by, SIGNS[step.op])
    return found
