"""The native backend of a softened program.

In: a module and its graph. Out: the module, running native code where that can be.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diffprog.errors import fail
from diffprog.ir.graph import Apply, Hole, regions, walk
from diffprog.native.build import compiler, warn_missing
from diffprog.native.function import Native
from diffprog.native.generate import generate
from diffprog.native.values import UnsupportedError, item
from diffprog.types import Array, Bool, trail

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from diffprog.ir.graph import Graph


BACKENDS = ("torch", "compile", "native", "auto")

MOST_MULTIPLIED = 1 << 12
"""The multiplications of a matrix product, of one row, up to which native code is the faster."""


def backed(backend: str, graph: Graph, other: Callable[..., Any]) -> Callable[..., Any]:
    """Return a program's function for a backend.

    `auto` is native code where that can be, but for large matrix products: those are torch's.

    Args:
        backend: one of `BACKENDS`.
        graph: the whole program's region.
        other: the generated torch function.

    Raises:
        DiffprogError: DP605 for an unknown backend, or a program that has no native code.
    """
    if backend not in BACKENDS:
        names = ", ".join(f"`{b}`" for b in BACKENDS)
        fail("DP605", f"there is no backend `{backend}`", hint=f"the backends are {names}")
    if backend == "torch" or (backend == "auto" and is_dense(graph)):
        return other
    try:
        return native(graph, other)
    except UnsupportedError as reason:
        if backend == "native":
            hint = "`auto` takes the torch source for such a program"
            fail("DP605", f"the backend `native` does not do {reason}", hint=hint)
    return other


def is_dense(graph: Graph) -> bool:
    """Say whether a program has a matrix product that a library for them does faster."""
    for node in graph.nodes:
        if isinstance(node, Apply) and node.op == "matmul":
            left = graph[node.inputs[0]].type
            inner = left.shape[-1] if isinstance(left, Array) else 1
            if math.prod(getattr(node.type, "shape", ())) * inner > MOST_MULTIPLIED:
                return True
        if any(is_dense(region) for _, region in regions(node)):
            return True
    return False


def native(graph: Graph, other: Callable[..., Any]) -> Callable[..., Any]:
    """Return a program as native code, or as it was (with one message) without a compiler.

    Args:
        graph: the whole program's region.
        other: the generated torch function, for the calls that native code is not for.

    Raises:
        UnsupportedError: for a program that is not supported.
    """
    generated = generate(graph)
    if compiler() is None:
        warn_missing()
        return other
    return Native(generated, graph, _axes(graph), other)


def _axes(graph: Graph) -> dict[str, int]:
    """Return how many axes the logits of each hole have."""
    found = {}
    for node in walk(graph):
        if isinstance(node, Hole):
            given = len(node.given)
            found[node.key] = given + trail(node.type) + isinstance(item(node.type), Bool)
    return found
