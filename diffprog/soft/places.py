"""Source for reads and writes of arrays: slices at known places, mixtures at uncertain ones.

In: a Read or Write node and its inputs as terms. Out: a term.
"""

from __future__ import annotations

from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING

from diffprog.ir.graph import Apply, Cut
from diffprog.ops import OPS
from diffprog.soft.cells import bare, constant_cell, in_cell, with_cell
from diffprog.soft.emitter import name_of
from diffprog.soft.picks import at_picked
from diffprog.soft.rows import apply, converted, mean
from diffprog.soft.watching import attended
from diffprog.soft.writer import Term, finite_item, flattened, item, rank, shape, subscript
from diffprog.types import Array, Bool, Int, Real, Tuple, trail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from diffprog.ir.graph import Read, Write
    from diffprog.soft.emitter import Emitter
    from diffprog.types import Type

    Index: TypeAlias = Term | Cut
    """How one axis is indexed: by a known number, a distribution, or a slice."""

MIXED = "torch.lerp({old}, {new}, {weight})"
"""What a cell becomes that is replaced with some weight."""
LINEAR = {
    "add": "torch.addcmul({old}, {new}, {weight})",
    "sub": "torch.addcmul({old}, {new}, {weight}, value=-1)",
    "mul": "{old} * torch.lerp({one}, {new}, {weight})",
}
"""The same for updates of reals, by row, with fewer steps over the whole array: what is added is
weighed, and what is multiplied by is mixed with 1."""
LESS = "{old} * torch.addcmul({one}, {new}, {weight}, value=-1)"
"""What a cell becomes that is multiplied by 1 less something."""


def indices(axes: Sequence[Cut | None], terms: Sequence[Term], array: Type) -> list[Index]:
    """Return how each axis of an array is indexed; axes that are not named are taken whole."""
    rest = iter(terms)
    found: list[Index] = [next(rest) if axis is None else axis for axis in axes]
    return found + [Cut(0, n) for n in shape(array)[len(found) :]]


def read(em: Emitter, node: Read, args: Sequence[Term]) -> Term:
    """Return the cells of an array at a place."""
    array, at = args[0], indices(node.axes, args[1:], args[0].type)
    attended(em, "read", node, at, array.type, None)
    if array.value is not None and all(isinstance(i, Term) and i.number for i in at):
        return constant_cell(em, node, array, [i for i in at if isinstance(i, Term)])
    if (found := at_picked(em, node, array, at)) is not None:
        return found
    array, at = in_cell(em, array, at)
    code, sizes = _sliced(em.tensor(array), array.type, at)
    at = [i for i in at if not (isinstance(i, Term) and i.number)]
    if all(isinstance(i, Cut) for i in at):
        return Term(code, node.type) if code == array.code else em.assign(node, code)
    depth = trail(item(array.type))
    while any(isinstance(i, Term) for i in at):
        axis = next(j for j, i in enumerate(at) if isinstance(i, Term))
        uncertain = [i for i in takewhile(_is_term, at[axis:]) if isinstance(i, Term)]
        for j, index in enumerate(uncertain):
            code = _narrowed(code, sizes, axis + j, index, depth)
        del sizes[axis : axis + len(uncertain)], at[axis : axis + len(uncertain)]
        after = len(sizes) - axis + depth
        code = _contracted(em, code, em.tensors(uncertain), axis, after)
    return em.assign(node, code)


def _is_term(index: Index) -> bool:
    return isinstance(index, Term)


def _contracted(em: Emitter, code: str, indices: Sequence[str], before: int, after: int) -> str:
    """Return a contraction over neighbouring axes: as one, over their joint distribution."""
    if len(indices) == 1:
        return f"read({code}, {indices[0]}, {before}, {after})"
    index = em.writer.shared("place", f"joint({', '.join(indices)})", Bool()).code
    return (
        f"read({code}.flatten({-after - len(indices)}, {-after - 1}), {index}, {before}, {after})"
    )


def _sliced(code: str, t: Type, at: Sequence[Index]) -> tuple[str, list[int]]:
    """Return an array after its known indices and cuts, and the sizes that are left."""
    parts, sizes, plain = [], [], True
    for index, n in zip(at, shape(t), strict=True):
        if isinstance(index, Cut):
            whole = (index.lo, index.hi) == (0, n)
            parts.append(":" if whole else f"{index.lo}:{index.hi}")
            sizes.append(index.hi - index.lo)
            plain &= whole
        elif index.number:
            parts.append(index.code if index.value is not None else bare(index.code))
            plain = False
        else:
            parts.append(":")
            sizes.append(n)
    if plain:
        return code, sizes
    return f"{code}[..., {', '.join(parts + [':'] * trail(item(t)))}]", sizes


def _narrowed(code: str, sizes: Sequence[int], axis: int, index: Term, depth: int) -> str:
    """Return an array cut along one axis to the range of the index."""
    t = finite_item(index.type)
    if t.size == sizes[axis]:
        return code
    after = [":"] * (len(sizes) - axis - 1 + depth)
    return f"{code}[..., {', '.join([f'{t.lo}:{t.lo + t.size}', *after])}]"


def write(em: Emitter, node: Write, args: Sequence[Term]) -> Term:
    """Return the array with the cells at a place replaced or updated."""
    array, value = args[0], args[1]
    at = indices(node.axes, args[2:], array.type)
    if array.cells and isinstance(at[0], Term) and at[0].number:
        cell, rest = in_cell(em, array, at)
        new = _written(em, node, cell.code, list(shape(cell.type)), rest, value)
        return with_cell(em, node, array, at[0], em.tensor(new))
    number = _number(node, value)
    if number is not None and _is_part(at, array.type):
        return em.assign(node, f"{em.tensor(array)}.masked_fill({_mask(em, array, at)}, {number})")
    if _is_over_nothing(node, array, at, value):
        weight = _weight(em, at, shape(array.type), range(len(at)), 0)
        fresh = "" if value.value == 1 else f" * {subscript(em.tensor(value), Real(), len(at))}"
        return em.assign(node, weight + fresh)
    code = _written(em, node, em.tensor(array), list(shape(array.type)), at, value)
    new = code if code.type == node.type else Term(code.code, node.type)
    attended(em, "write", node, at, array.type, new)
    return new


def _number(node: Write, value: Term) -> float | None:
    """Return the number that a write puts into all cells of a place, if it is one."""
    if node.op is not None or value.value is None or not isinstance(item(node.type), Real | Bool):
        return None
    numbers = set(map(float, flattened(value.value)))
    return numbers.pop() if len(numbers) == 1 else None


def _is_over_nothing(node: Write, array: Term, at: Sequence[Index], value: Term) -> bool:
    """Say whether a value is written into zeros at an uncertain place: it is there by weight."""
    zeros = array.value is not None and not any(flattened(array.value))
    uncertain = all(isinstance(i, Term) and not i.number for i in at)
    plain = isinstance(item(node.type), Real | Bool) and rank(value.type) == 0
    return node.op is None and zeros and uncertain and plain


def _is_part(at: Sequence[Index], array: Type) -> bool:
    """Say whether a place is always the same, and not the whole array."""
    whole = [
        isinstance(i, Cut) and (i.lo, i.hi) == (0, n) for i, n in zip(at, shape(array), strict=True)
    ]
    return not all(whole) and all(isinstance(i, Cut) or i.value is not None for i in at)


def _mask(em: Emitter, array: Term, at: Sequence[Index]) -> str:
    """Return the constant that says where a place is in an array."""
    spans = []
    for index in at:
        lo, hi = (index.lo, index.hi) if isinstance(index, Cut) else (int(bare(index.code)), None)
        spans.append((lo, lo + 1 if hi is None else hi))
    sizes, axes = shape(array.type), tuple(range(-rank(array.type), 0))
    return em.writer.constant("inside", f"inside({tuple(spans)!r}, {axes!r}, {sizes!r}, like)")


def _written(
    em: Emitter, node: Write, code: str, sizes: list[int], at: Sequence[Index], value: Term
) -> Term:
    """Write one known axis after another: cut the part out, write into that, put it back."""
    cell = item(node.type)
    full = len(sizes) + trail(cell)
    for axis, (index, n) in enumerate(zip(at, sizes, strict=True)):
        before, after = [":"] * axis, [":"] * (full - axis - 1)
        if isinstance(index, Cut) and (index.lo, index.hi) != (0, n):
            part = f"{code}[..., {', '.join([*before, f'{index.lo}:{index.hi}', *after])}]"
            inner = [*at[:axis], Cut(0, index.hi - index.lo), *at[axis + 1 :]]
            cut = [*sizes[:axis], index.hi - index.lo, *sizes[axis + 1 :]]
            new = _written(em, node, part, cut, inner, value).code
            return _with_slice(em, node, code, new, (index, n, axis, full))
        if isinstance(index, Term) and index.number:
            part = f"{code}[..., {', '.join([*before, index.code, *after])}]"
            inner, cut = [*at[:axis], *at[axis + 1 :]], [*sizes[:axis], *sizes[axis + 1 :]]
            new = _written(em, node, part, cut, inner, value).code
            return em.assign(node, f"put({code}, {new}, {index.code}, {axis}, {full})")
    return _mixed(em, node, code, sizes, at, value)


def _with_slice(
    em: Emitter, node: Write, code: str, new: str, place: tuple[Cut, int, int, int]
) -> Term:
    """Write an array with a slice replaced: of what stands beside it, where that is known."""
    index, n, axis, full = place
    at_end = index.lo == 0 or index.hi == n
    left, right, cut = (None, new, index.lo) if index.lo else (new, None, index.hi)
    other = em.ends.get(code)
    if at_end and other is not None and other[:2] == (axis, cut):
        left, right = left or other[2], right or other[3]
    if left is not None and right is not None:
        text = f"beside({left}, {right}, {axis}, {full})"
    elif at_end and full == 1 and code in em.fills:
        text = f"edged({new}, {em.fills[code]}, {index.lo}, {n - index.hi})"
    else:
        text = f"put_slice({code}, {new}, {index.lo}, {index.hi}, {axis}, {full})"
    found = em.assign(node, text)
    if at_end:
        em.ends[found.code] = axis, cut, left, right, em.fills.get(code)
    return found


def _mixed(
    em: Emitter, node: Write, code: str, sizes: list[int], at: Sequence[Index], value: Term
) -> Term:
    """Write at uncertain places: each cell becomes the new value by the weight of its place."""
    cell = item(node.type)
    place: Type = Array(tuple(sizes), cell) if sizes else cell
    uncertain = [axis for axis, i in enumerate(at) if isinstance(i, Term)]
    if (uncertain or node.op) and not code.isidentifier():
        code = em.typed(node, code, place, hint="part").code
    less = em.less(value) if node.op == "mul" and uncertain else None
    new = _beside(em, less or value, sizes, uncertain)
    # The mean of an int, by which reals are updated linearly, is a real.
    linear = bool(uncertain) and isinstance(cell, Real) and node.op in LINEAR
    if linear:
        new = mean(em, node, new) if isinstance(item(new.type), Int) else new
    elif node.op is not None:
        new = _updated(em, node, Term(code, place), new)
    if not uncertain:
        return Term(em.tensor(new), place)
    fresh = em.tensor(new)
    if rank(new.type) == 0 and sizes:
        fresh = subscript(fresh, cell, len(sizes))
    weight = _weight(em, at, sizes, uncertain, trail(cell))
    text = LESS if less else LINEAR[node.op or ""] if linear else MIXED
    made = partial(text.format, old=code, new=fresh, one=em.writer.one())
    term = em.typed(node, made(weight=weight), place, hint=name_of(node))
    em.changes[term.code, code] = lambda by: made(weight=f"{by} * {weight}")
    return term


def _beside(em: Emitter, value: Term, sizes: list[int], uncertain: Sequence[int]) -> Term:
    """Return a new value with an axis of one cell for each uncertain axis of the place.

    A scalar as it is.
    """
    if rank(value.type) in (0, len(sizes)):
        return value
    axes = ["None" if axis in uncertain else ":" for axis in range(len(sizes))]
    code = f"{em.tensor(value)}[..., {', '.join(axes + [':'] * trail(item(value.type)))}]"
    return Term(code, Array(tuple(sizes), item(value.type)))


def _updated(em: Emitter, node: Write, old: Term, new: Term) -> Term:
    """Return the row of an update, for every cell of the place, in the type of the cells."""
    assert node.op is not None
    result = OPS[node.op].rule([item(old.type), item(new.type)])
    assert not isinstance(result, Array | Tuple)
    t: Type = Array(shape(old.type), result) if rank(old.type) else result
    row = Apply(op=node.op, type=t, span=node.span)
    return converted(em, node, apply(em, row, [old, new]), old.type)


def _weight(
    em: Emitter, at: Sequence[Index], sizes: Sequence[int], uncertain: Sequence[int], depth: int
) -> str:
    """Return the weight of each cell of a place: the product of its indices'."""
    factors = []
    for axis in uncertain:
        index = at[axis]
        assert isinstance(index, Term)
        t, code = finite_item(index.type), em.tensor(index)
        if t.size != sizes[axis]:
            code = f"F.pad({code}, ({t.lo}, {sizes[axis] - t.lo - t.size}))"
        parts = ["None"] * axis + [":"] + ["None"] * (len(sizes) - axis - 1 + depth)
        factors.append(f"{code}[..., {', '.join(parts)}]" if len(parts) > 1 else code)
    return " * ".join(factors)
