"""Source for arrays that are kept as a Python list of cells: reading one is no operation.

In: a place, whose first index may be a known number. Out: the cell there, and the rest of the
place; the list with another cell. A list belongs to one loop, so that it can be changed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diffprog.soft.apart import MOST_CELLS
from diffprog.soft.emitter import name_of
from diffprog.soft.writer import Term, const, shape
from diffprog.types import Array, trail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Cut, Read, Write
    from diffprog.soft.emitter import Emitter
    from diffprog.types import Type, Value


def bare(code: str) -> str:
    """Return the code of a number without the parentheses around all of it."""
    inner = code[1:-1]
    whole = code.startswith("(") and code.endswith(")") and not set(inner) & set("()")
    return inner if whole else code


def as_cells(em: Emitter, array: Term) -> Term:
    """Return an array as a list of its cells."""
    if array.cells:
        return array
    code = f"cells_of({em.tensor(array)}, {trail(array.type)})"
    return Term(code, array.type, cells=True)


def copied(em: Emitter, array: Term) -> Term:
    """Return another list of the same cells, which may be changed."""
    name = em.writer.assign(array.code, f"[*{array.code}]", array.type).code
    return replace(array, code=name)


def in_cell(em: Emitter, array: Term, at: Sequence[Term | Cut]) -> tuple[Term, list[Term | Cut]]:
    """Return the cell of an array that is kept as cells, and the rest of a place.

    An array that is the same in all rounds of a loop is taken apart before it, where the loop goes
    through its cells.
    """
    first = at[0]
    if not isinstance(first, Term) or not first.number:
        return array, list(at)
    if array.code in em.diagonals:
        return _on_diagonal(em, array, at)
    t, place = _without_first(array.type), bare(first.code)
    if array.cells:  # it may change: what is read is read now
        return em.writer.shared("cell", f"{array.code}[{place}]", t), list(at[1:])
    if not _goes_through(em, array, first):
        return array, list(at)
    whole = em.tensor(array)
    code = f"{whole}.unbind({-trail(array.type)})"
    cells = em.writer.shared(f"{whole}_cells", code, array.type).code
    return Term(f"{cells}[{place}]", t), list(at[1:])


def constant_cell(em: Emitter, node: Read, array: Term, at: Sequence[Term]) -> Term:
    """Return a cell of a constant array at known places."""
    places = [i.value for i in at]
    if all(isinstance(p, int) for p in places):
        value = array.value
        for p in places:
            assert isinstance(value, list)
            assert isinstance(p, int)
            value = value[p]
        assert value is not None
        return const(value, node.type)
    name = em.writer.literal("cells", repr(_tuples(array.value)))
    return Term(name + "".join(f"[{i.code}]" for i in at), node.type, number=True)


def _tuples(value: Value | None) -> object:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _on_diagonal(
    em: Emitter, array: Term, at: Sequence[Term | Cut]
) -> tuple[Term, list[Term | Cut]]:
    """Return a cell of an array that is a list of its diagonals still."""
    places = [i.value for i in at[:2] if isinstance(i, Term)]
    if len(places) < 2 or not all(isinstance(p, int) for p in places):
        return array, list(at)
    row, column = (int(str(p)) for p in places)
    place = row - max(0, row + column + 1 - shape(array.type)[1])
    t = _without_first(_without_first(array.type))
    after = ", ".join([str(place), *[":"] * trail(t)])
    code = f"{em.diagonals[array.code]}[{row + column}][..., {after}]"
    return Term(code, t), list(at[2:])


def with_cell(em: Emitter, node: Write, array: Term, place: Term, value: str) -> Term:
    """Write the list with another cell; in place, where nothing reads it as it was."""
    name = array.code
    if node.id not in em.spent:
        name = em.writer.assign(name_of(node), f"[*{array.code}]", node.type).code
    em.writer.line(f"{name}[{bare(place.code)}] = {value}")
    em.writer.forget(f"{name}[")
    return replace(array, code=name)


def _goes_through(em: Emitter, array: Term, index: Term) -> bool:
    code, writer = em.tensor(array), em.writer
    if writer.fixed or not code.isidentifier() or shape(array.type)[0] > MOST_CELLS:
        return False
    return writer.varies(index.code) and not writer.varies(code) and not writer.is_constant(code)


def _without_first(t: Type) -> Type:
    assert isinstance(t, Array)
    return Array(t.shape[1:], t.item) if len(t.shape) > 1 else t.item
