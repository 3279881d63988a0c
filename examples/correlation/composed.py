"""What a system computes that composes marginals: the same programs by its rules, in a few lines.

The rules: an operation takes its arguments as independent; a branch mixes each variable by the
weight of the case; a loop lets the state run on, and mixes those at which it may end by the
product of its tests; nothing is conditioned on a test; a comparison of reals is the plain logistic
function. So do the branches and loops of AlgoVision 0.1.2.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Weights = dict["Hashable", float]


def applied(f: Callable[..., Hashable], *args: Weights) -> Weights:
    """Return the distribution of f of independent values."""
    out: Weights = {}
    for values in product(*args):
        weight = math.prod(p[v] for p, v in zip(args, values, strict=True))
        result = f(*values)
        out[result] = out.get(result, 0.0) + weight
    return out


def mixed(weight: float, first: Weights, second: Weights) -> Weights:
    """Return weight * first + (1 - weight) * second."""
    return {
        v: weight * first.get(v, 0.0) + (1 - weight) * second.get(v, 0.0)
        for v in {**first, **second}
    }


def added(out: Weights, weight: float, x: Weights) -> Weights:
    """Return out + weight * x."""
    return {v: out.get(v, 0.0) + weight * x.get(v, 0.0) for v in {**out, **x}}


def minus(x: Weights) -> Weights:
    """`x - x`."""
    return applied(lambda a, b: a - b, x, x)


def plus(x: Weights) -> Weights:
    """`x + x`."""
    return applied(lambda a, b: a + b, x, x)


def upto(x: Weights) -> Weights:
    """`while x < 3 max 4: x = x + 1`; the range is as wide as the loop can make it."""
    alive: float = 1.0
    out: Weights = {}
    for _ in range(4):
        go = applied(lambda v: v < 3, x).get(True, 0.0)
        out = added(out, alive * (1 - go), x)
        alive, x = alive * go, applied(lambda v: v + 1, x)
    return added(out, alive, x)


def smaller(a: Weights, b: Weights) -> Weights:
    """`if a > b: swap a, b`, and then a."""
    return mixed(applied(lambda v, w: v > w, a, b).get(True, 0.0), b, a)


def ordered(a: Weights, b: Weights) -> Weights:
    """`if a > b: swap a, b`, and then `a <= b`."""
    swapped = applied(lambda v, w: v > w, a, b).get(True, 0.0)
    return applied(lambda v, w: v <= w, mixed(swapped, b, a), mixed(swapped, a, b))


def cells(i: Weights) -> Weights:
    """`m[i] = true; count(m)`."""
    marks: list[Weights] = [{1: i.get(k, 0.0), 0: 1 - i.get(k, 0.0)} for k in range(4)]
    return applied(lambda *ms: sum(ms), *marks)


def reach(x: float, temperature: float) -> float:
    """`while x < 5 max 3: x = x + 1`, with the plain logistic function for `<`."""
    alive, out = 1.0, 0.0
    for _ in range(3):
        go = 1 / (1 + math.exp(min(700.0, (x - 5) / temperature)))
        out += alive * (1 - go) * x
        alive, x = alive * go, x + 1
    return out + alive * x
