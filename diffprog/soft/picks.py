"""Source for the place of the largest of a few scalars, and for what stands there.

In: a `pick` of an array that is written as `[a, b, …]`; a read of it at that place. Out: terms.
The scalars stand on the first axis, so that each operation is one on whole tensors; torch takes
several times as long for a last axis of a few numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.soft.emitter import name_of
from diffprog.soft.writer import Term, item
from diffprog.types import Int, Real

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Apply, Cut, Read
    from diffprog.soft.emitter import Emitter


def pick(em: Emitter, node: Apply, scores: Term) -> Term:
    """Return the place of the largest score."""
    if isinstance(item(scores.type), Int):
        return em.assign(node, f"place_of_largest({em.tensor(scores)}, None)")
    least = bool(scores.late) and scores.code.startswith("-")  # a variable may be called `neg`
    array = scores.code[1:] if least else em.tensor(scores)
    row, t = "pick", "T"
    if least:
        row, t = "pick_least", em.writer.shared("minus_T", "-T", Real()).code
    if array not in em.items or em.writer.inspect:  # who looks on sees arrays as they are
        return em.assign(node, f"{row}({array}, {t})")
    first = em.writer.shared(f"{array}_first", f"stacked({em.items[array]})", scores.type).code
    place = em.assign(node, f"{row}({first}, {t}, 0)").code
    code = f"{place}.movedim(0, -1)"
    em.picked[code, array] = f"({place} * {first}).sum(0)"
    return Term(code, node.type, late=name_of(node))


def at_picked(em: Emitter, node: Read, array: Term, at: Sequence[Term | Cut]) -> Term | None:
    """Return what an array has at the place that is picked of its own cells."""
    code = em.picked.get((at[0].code, array.code)) if isinstance(at[0], Term) else None
    return None if code is None else em.assign(node, code)
