"""Source for reductions over the cells of an array, or over those that a mask selects.

In: a Reduce node and its inputs as terms. Out: a term.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.ops import REDUCTIONS
from diffprog.soft.rows import converted
from diffprog.soft.writer import Term, const, finite_item, item, rank, shape
from diffprog.types import Bool, Int, Real, trail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Reduce
    from diffprog.soft.emitter import Emitter


def reduce(em: Emitter, node: Reduce, args: Sequence[Term]) -> Term:
    """Return a reduction; of no cells it gives its row's `empty`, or what the program says."""
    other = converted(em, node, args[-1], node.type) if node.otherwise else None
    if 0 in shape(args[0].type):
        empty = REDUCTIONS[node.op].empty
        assert other is not None or empty is not None
        return other if other is not None else converted(em, node, _empty(node, empty), node.type)
    x = _flat(em, args[0])
    mask = _flat(em, args[1]) if node.masked else None
    if node.op in ("min", "max"):
        return _extreme(em, node, args[0], x, mask, other)
    code = _fold(em, node, args[0], x, mask)
    if mask is None or other is None:
        return em.assign(node, code)
    return _instead(em, node, code, mask, other)


def _empty(node: Reduce, value: bool | int | None) -> Term:
    assert value is not None
    return const(float(value) if isinstance(node.type, Real) else value, node.type)


def _flat(em: Emitter, term: Term) -> str:
    """Return the code of an array with its cells on one axis."""
    code, cells, depth = em.tensor(term), rank(term.type), trail(item(term.type))
    return code if cells == 1 else f"{code}.flatten({-cells - depth}, {-1 - depth})"


def _fold(em: Emitter, node: Reduce, array: Term, x: str, mask: str | None) -> str:
    picked = f"{mask} * {x}" if mask else x
    match node.op:
        case "sum" if isinstance(node.type, Real):
            return f"({picked}).sum(-1)" if mask else f"{x}.sum(-1)"
        case "sum":
            return _sum(node, array, x, mask)
        case "count":
            return f"count_of({picked})"
        case "any":
            return f"any_of({picked})"
        case "all":
            return f"product_of(1 - {mask} + {mask} * {x})" if mask else f"product_of({x})"
        case _:
            return _place(node, array, x, mask)


def _sum(node: Reduce, array: Term, x: str, mask: str | None) -> str:
    old, new = finite_item(array.type), finite_item(node.type)
    if mask:
        return f"total_of(or_zero({x}, {mask}, {old.lo}))"
    cells = 1
    for n in shape(array.type):
        cells *= n
    before = cells * old.lo - new.lo
    after = new.lo + new.size - (cells * (old.lo + old.size - 1) + 1)
    code = f"total_of({x})"
    return f"F.pad({code}, ({before}, {after}))" if before or after else code


def _place(node: Reduce, array: Term, x: str, mask: str | None) -> str:
    if isinstance(item(array.type), Real):
        signed = f"-{x}" if node.op == "argmin" else x
        return f"place_of_largest_real({signed}, {mask}, T, TIES)"
    ordered = f"{x}.flip(-1)" if node.op == "argmin" else x
    return f"place_of_largest({ordered}, {mask})"


def _extreme(
    em: Emitter, node: Reduce, array: Term, x: str, mask: str | None, other: Term | None
) -> Term:
    """Return the smallest or largest cell.

    The smallest is the largest of what is turned round.
    """
    low = node.op == "min"
    old = item(array.type)
    if isinstance(old, Real):
        if mask is None:
            return em.assign(node, f"{x}.{'amin' if low else 'amax'}(-1)")
        nothing = em.tensor(other) if other else "like.new_zeros(())"
        code = f"largest_real({x}, {mask}, {nothing})"
        return em.assign(node, f"-largest_real(-{x}, {mask}, -{nothing})" if low else code)
    turned = f"{x}.flip(-1)" if low else x
    back = ".flip(-1)" if low else ""
    if mask is None:
        found = em.typed(node, f"largest_of({turned}){back}", old)
        return converted(em, node, found, node.type)
    both = em.writer.assign("extreme", f"largest_of(selected({turned}, {mask}))", old).code
    if other is None:
        found = em.typed(node, f"normalised({both}[..., 1:]{back})", old)
        return converted(em, node, found, node.type)
    found = converted(em, node, em.typed(node, f"{both}[..., 1:]{back}", old), node.type)
    return em.assign(node, f"{found.code} + {both}[..., :1] * {em.tensor(other)}")


def _instead(em: Emitter, node: Reduce, code: str, mask: str, other: Term) -> Term:
    """Return a result whose value for nothing is replaced by the program's own."""
    nothing = em.writer.assign("nothing", f"product_of(1 - {mask})", Bool()).code
    weight = f"{nothing}[..., None]" if isinstance(node.type, Int) else nothing
    empty = em.tensor(_empty(node, REDUCTIONS[node.op].empty))
    changed = f"{code} + {weight} * ({em.tensor(other)} - {empty})"
    return em.assign(node, changed if isinstance(node.type, Real) else f"({changed}).clamp(min=0)")
