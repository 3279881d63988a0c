"""The passes as tables of rules, and `simplify`, which runs them to a fixed point.

In: a graph. Out: a smaller graph of the same crisp and soft results, verified. An identity is here
only if it holds for the composed extension (DESIGN §3, Correlation): it may drop an argument, or
reuse one where it stood, but never replaces `h - h` by 0 or `x + x` by `2 * x`, because the soft
program computes what is written. The algebra stands beside each rule. Never imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.ir.algebra import ALGEBRA
from diffprog.ir.branches import BRANCHES
from diffprog.ir.cells import CELLS
from diffprog.ir.prune import prune
from diffprog.ir.rewrite import fixed_point, rewrite
from diffprog.ir.verify import verify

if TYPE_CHECKING:
    from diffprog.ir.graph import Graph
    from diffprog.ir.rewrite import Rule, Trace

RULES: tuple[Rule, ...] = (*ALGEBRA, *CELLS, *BRANCHES)
"""Every rule on a node, in the order in which they are tried."""


def simplify(graph: Graph, trace: Trace | None = None) -> Graph:
    """Return the graph after all rules, repeated until none applies.

    Args:
        graph: a whole program's region; its parameters stay as they are.
        trace: told the name of each rule and the place where it applied.

    Raises:
        InvariantError: where the result breaks an invariant, or the rules come to no end.
    """

    def once(before: Graph, told: Trace) -> Graph:
        return prune(rewrite(before, RULES, told), told)

    return verify(fixed_point(graph, once, trace), simplified=True)
