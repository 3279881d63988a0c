"""Lowering: the typed tree to the graph. The only room that sees both.

In: a checked program. Out: its graph, with branches conditioned, loops as regions, and finite
expressions that some source reaches by two paths tabulated. Never imports torch.
"""

from __future__ import annotations

from diffprog.ir.graph import Graph, Param
from diffprog.lang import typed
from diffprog.lower.expressions import Evaluate, Lowering
from diffprog.lower.region import Region
from diffprog.lower.statements import run_block
from diffprog.lower.value import flat, flat_types, unflat


def lower(checked: typed.Checked, *, evaluate: Evaluate) -> Graph:
    """Return the graph of a program.

    Its parameters are the program's inputs, in order (a tuple as its parts, named `name.0`,
    `name.1`, …); its results are the parts of what the program returns.

    Args:
        checked: the program.
        evaluate: the interpreter of one function on crisp arguments, for tabulating functions.
    """
    region = Region()
    main = checked.main
    for name, t in main.params:
        types = flat_types(t)
        names = [name] if len(types) == 1 else [f"{name}.{i}" for i in range(len(types))]
        nodes = [region.param(n, u, main.span) for n, u in zip(names, types, strict=True)]
        region.assign(name, unflat(iter(nodes), t))
    run_block(Lowering(evaluate, run_block), region, main.body)
    results = flat(region.get(typed.RESULT))
    own = [n.id for n in region.builder.nodes if isinstance(n, Param)]
    return region.close([], results, own)
