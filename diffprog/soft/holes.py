"""Source for holes: their weights, contracted with the values that they are given.

In: a Hole node and its inputs as terms. Out: a term.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.soft import watching
from diffprog.soft.writer import Term, finite_item, item, shape
from diffprog.types import Bool, trail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Hole
    from diffprog.soft.emitter import Emitter


def hole(em: Emitter, node: Hole, args: Sequence[Term]) -> Term:
    """Return the value of a hole.

    W_k = sum_{a,b} p(a) q(b) softmax(logits[a, b] / choice_T)[k], a mask in the softmax.
    """
    if node.logits:
        return _by_network(em, node, args)
    given = args[:-1] if node.masked else args
    weights = em.hole_weights(node)
    if not given and not node.masked:
        return Term(weights, node.type)
    pairs = node.masked and isinstance(node.type, Bool)
    code = f"both({weights})" if pairs else weights
    after = len(shape(node.type)) + (1 if pairs else trail(item(node.type)))
    if any(g.number for g in given):
        axes = [_index(g) if g.number else ":" for g in given] + [":"] * after
        code = f"{code}[..., {', '.join(axes)}]"
    uncertain = [g for g in given if not g.number]
    if node.masked:
        mask = em.tensor(args[-1])
        if uncertain:
            mask += f"[..., {', '.join(['None'] * len(uncertain))}, :]"
        code = f"normalised({code} * {mask})"
    if uncertain:
        code = _contracted(em, code, uncertain, after)
    if pairs:
        code = f"{code}[..., 1]"
    return em.assign(node, code, hint=_hint(node))


def _by_network(em: Emitter, node: Hole, args: Sequence[Term]) -> Term:
    """Return a decision: the softmax of logits that a network gives, a mask in it."""
    code = f"choice({em.tensor(args[0])}, choice_T)"
    if node.masked:
        mask = em.tensor(args[-1])
        code = f"normalised(choice(allowed({em.tensor(args[0])}, {mask}), choice_T) * {mask})"
    decided = em.assign(node, f"{code}[..., 1]" if isinstance(node.type, Bool) else code,
                        hint=_hint(node))  # fmt: skip
    em.choices[decided.code] = node.key
    em.decided.add(decided.code)
    weights = f"both({decided.code})" if isinstance(node.type, Bool) else decided.code
    watching.decided(em, node, weights)
    return decided


def _hint(node: Hole) -> str:
    return node.key.rpartition(".")[2].partition("#")[0] or "hole"


def _contracted(em: Emitter, code: str, uncertain: Sequence[Term], after: int) -> str:
    operands = [
        f"both({em.tensor(g)})" if isinstance(g.type, Bool) else em.tensor(g) for g in uncertain
    ]
    index = operands[0]
    if len(operands) > 1:
        index = em.writer.shared("place", f"joint({', '.join(operands)})", Bool()).code
        start = -after - len(operands)
        code = f"{code}.flatten({start}, {-after - 1})"
    return f"read({code}, {index}, 0, {after})"


def _index(term: Term) -> str:
    lo = finite_item(term.type).lo
    if isinstance(term.type, Bool):
        return f"int({term.code})"
    return f"{term.code} - {lo}" if lo else term.code
