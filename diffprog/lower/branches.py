"""Branches: `if`, `match`, `choose` and conditional expressions are one construct, a `Select`.

In: a test, and a way to compute each case. Out: the merged results. Each case sees the test's
sources given the case (DESIGN §3, Conditioning); what depends on them is computed again there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from diffprog.ir.graph import NodeId, Select
from diffprog.lower.region import Region
from diffprog.types import Tuple

if TYPE_CHECKING:
    from diffprog.errors import Span

Case = Callable[[Region], list[NodeId]]


def select(
    region: Region, test: NodeId, unions: Sequence[int], cases: Sequence[Case], span: Span
) -> list[NodeId]:
    """Append a branch and return its results.

    Args:
        region: where the branch stands.
        test: a finite scalar.
        unions: for each value of the test, the number of its case.
        cases: each computes the same number and types of results in the region it is given.
        span: the branch's place in the text.
    """
    sources = region.sources(test)
    inners = [Region(region, sources) for _ in cases]
    results = [case(inner) for case, inner in zip(cases, inners, strict=True)]
    if not results[0]:
        return []
    tester, needed, tested = region.extract(test, sources)
    raw = [n for inner in inners for n in inner.raw]
    inputs = list(dict.fromkeys([*sources, *needed, *raw]))
    node = Select(
        sources=len(sources),
        test=tester.close(inputs, [tested]),
        unions=tuple(unions),
        cases=tuple(i.close(inputs, r) for i, r in zip(inners, results, strict=True)),
        inputs=tuple(inputs),
        type=Tuple(tuple(inners[0].type(r) for r in results[0])),
        span=span,
    )
    number = region.add(node)
    return [region.project(number, place) for place in range(len(results[0]))]
