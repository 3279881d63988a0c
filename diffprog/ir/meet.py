"""What each pure node does to sets of sources, and where two sets may not meet.

In: a node and what flows into it: masks, and the plain value where it is known. Out: what flows on;
losses go to the ledger. One function a kind of node, in `RULES`. Finite values lose correlation
(DP901); reals are means at once, so for them only `affine` is at stake. Never imports torch.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

from diffprog.ir.compute import entry, finite, plain
from diffprog.ir.effects import interacting
from diffprog.ir.graph import Apply, Const, Hole, Network, Read, Reduce, Table, Write
from diffprog.ir.masks import change, places, same, spread, twice, union
from diffprog.ops import OPS
from diffprog.types import Array, Int, Real, Tuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diffprog.ir.bits import Ledger
    from diffprog.ir.graph import Node
    from diffprog.ir.masks import Cells
    from diffprog.types import Type

Flowing: TypeAlias = "tuple[Cells, Any]"
"""A value in the analysis: its masks, and the plain value where it is known, else None."""

LINEAR = {"add": (0, 1), "sub": (0, 1), "neg": (0,), "mul": (0, 1), "real": (0,), "div": (0,)}
"""Rows that keep the mean of a real argument, by the places of those arguments."""

SUMS = ("add", "sub", "neg", "real")
"""Rows on reals whose mean is right even where the arguments depend on each other."""


def item(t: Type) -> Type:
    """Return the type of the cells of an array, or the type itself."""
    return t.item if isinstance(t, Array) else t


def is_real(t: Type) -> bool:
    """Say whether a value is a real or an array of them."""
    return isinstance(item(t), Real)


def cells_of(t: Type) -> int:
    """Return the number of cells, 1 for a scalar."""
    return t.count if isinstance(t, Array) else 1


def const(_: Ledger, node: Const, __: Sequence[Flowing], ___: Sequence[Type]) -> Flowing:
    """Say that a constant has no source."""
    return 0, node.value


def hole(ledger: Ledger, node: Hole, args: Sequence[Flowing], types: Sequence[Type]) -> Flowing:
    """Give a free hole its one bit; one that is given values decides anew each time."""
    given = [union(m) for m, _ in args]
    if node.masked and given.pop():
        ledger.affine = False  # alternatives that may be missing: the softmax is no mean
    if node.logits:
        ledger.affine &= not union(given)  # the softmax of what is uncertain is no mean
        return spread(union(given) | ledger.decision(node, node.key, "hole"), node.type), None
    if not given:
        found = ledger.source(node.key, "hole", node.span, node.type)
        return change(found, ledger.untested), None
    meeting(ledger, node, given)
    if is_real(node.type):
        return union(given), None
    return spread(union(given) | ledger.decision(node, node.key, "hole"), node.type), None


def meeting(ledger: Ledger, node: Node, masks: Sequence[int]) -> None:
    """Let finite sets of sources meet: what stands in two of them is lost."""
    both = twice(masks)
    if both:
        ledger.lose(node.span, both, among=union(list(masks)))


def apply(ledger: Ledger, node: Apply, args: Sequence[Flowing], types: Sequence[Type]) -> Flowing:
    """Let the arguments of a row meet, cell by cell where it lifts."""
    if not any(map(union, (m for m, _ in args))) and node.op not in RELAXED:
        return 0, plain(node, [value for _, value in args], types)
    match node.op:
        case "convert":
            return spread(args[0][0], node.type), None
        case "narrow":
            return args[0][0], None
        case "array":
            return _beside(args, types), None
        case op if op in OPS and not OPS[op].lifts:
            return _whole(ledger, node, args), None
        case _:
            return _lifted(ledger, node, args, types), None


RELAXED = ("lt", "le", "gt", "ge", "eq", "ne", "chance", "pick")
"""Rows that, on reals, decide softly: their result is uncertain though the arguments are not."""

STRAIGHT = ("matmul", "sums_before", "sums_after")
"""Rows on whole arrays that are linear in each argument."""


def _beside(args: Sequence[Flowing], types: Sequence[Type]) -> Cells:
    out: list[int] = []
    for (mask, _), t in zip(args, types, strict=True):
        out += [mask] * cells_of(t) if isinstance(mask, int) else mask
    return out


def _whole(ledger: Ledger, node: Apply, args: Sequence[Flowing]) -> Cells:
    masks = [union(m) for m, _ in args]
    bits = union(masks)
    if node.op == "only":
        return spread(bits, node.type)
    # Products of matrices and sums are linear in each; the others keep no means.
    if bits and (node.op not in STRAIGHT or twice(masks)):
        ledger.affine = False
    if node.op == "pick":
        bits |= ledger.decision(node, node.span.text)
    return spread(bits, node.type)


def _lifted(ledger: Ledger, node: Apply, args: Sequence[Flowing], types: Sequence[Type]) -> Cells:
    count = cells_of(node.type)
    reals = [is_real(t) for t in types]
    decides = node.op in RELAXED and any(reals)
    if all(isinstance(m, int) for m, _ in args) and not decides:
        return _cell(ledger, node, [m for m, _ in args], reals)  # type: ignore[misc]
    columns = [[m] * count if isinstance(m, int) else m for m, _ in args]
    out = [_cell(ledger, node, row, reals) for row in zip(*columns, strict=True)]
    if decides:
        out = [m | ledger.decision(node, node.span.text) for m in out]
    return out if isinstance(node.type, Array) else out[0]


def _cell(ledger: Ledger, node: Apply, masks: Sequence[int], reals: Sequence[bool]) -> int:
    """Let the scalar arguments of a row meet."""
    linear = LINEAR.get(node.op, ())
    bits = 0
    for place, mask in enumerate(masks):
        bits |= mask
        if mask and reals[place] and place not in linear:
            ledger.affine = False
    both = twice(masks)
    if both and not (is_real(node.type) and node.op in SUMS):
        if all(reals[i] for i, m in enumerate(masks) if m & both):
            ledger.affine = False
        else:
            ledger.lose(node.span, both, among=bits)
    return bits


def table(ledger: Ledger, node: Table, args: Sequence[Flowing], types: Sequence[Type]) -> Flowing:
    """Let those inputs of a table meet whose effects depend on each other."""
    masks = [union(m) for m, _ in args]
    bits = union(masks)
    if bits or any(v is None for _, v in args):
        if twice(masks):
            for i, j in interacting(node, [finite(t).size for t in types]):
                meeting(ledger, node, [masks[i], masks[j]])
        return bits, None
    return 0, entry(node, [value for _, value in args], types)


def _indices(args: Sequence[Flowing], types: Sequence[Type]) -> tuple[int, list[int | None]]:
    bits, at = 0, []
    for (mask, value), t in zip(args, types, strict=True):
        assert isinstance(t, Int)
        bits |= union(mask)
        at.append(value if value is not None else (t.lo if t.size == 1 else None))
    return bits, at


def read(ledger: Ledger, node: Read, args: Sequence[Flowing], types: Sequence[Type]) -> Flowing:
    """Read: the cells that may be meant, and the index itself."""
    (cells, value), whole = args[0], types[0]
    assert isinstance(whole, Array)
    index, at = _indices(args[1:], types[1:])
    meeting(ledger, node, [union(m) for m, _ in args[1:]])
    if isinstance(cells, int):
        found: Cells = spread(cells, node.type)
    else:
        named = places(whole.shape, node.axes, at)
        picked = [cells[p[0]] if len(p) == 1 else union([cells[i] for i in p]) for p in named]
        found = picked if isinstance(node.type, Array) else picked[0]
    if index:
        _by_index(ledger, node, index, union(found), finite=not is_real(whole))
        return change(spread(found, node.type) or index, lambda m: m | index), None
    known = value is not None and not isinstance(node.type, Array) and None not in at
    return found, _cell_at(value, at) if known and len(at) == len(whole.shape) else None


def _cell_at(value: Any, at: Sequence[int | None]) -> Any:
    for index in at:
        value = value[index]
    return value


def _by_index(ledger: Ledger, node: Node, index: int, cells: int, *, finite: bool) -> None:
    both = index & cells
    if both and finite:
        ledger.lose(node.span, both, among=index | cells)
    elif both:
        ledger.affine = False


def write(ledger: Ledger, node: Write, args: Sequence[Flowing], types: Sequence[Type]) -> Flowing:
    """Write: a known cell becomes the value; an uncertain index touches every cell it may mean."""
    (cells, _), (value, _), whole = args[0], args[1], types[0]
    assert isinstance(whole, Array)
    index, at = _indices(args[2:], types[2:])
    meeting(ledger, node, [union(m) for m, _ in args[2:]])
    finite = not is_real(whole)
    if index:
        _by_index(ledger, node, index, union(cells) | union(value), finite=finite)
    if isinstance(cells, int) and (cells == union(value) | index or not _lists(whole)):
        return same(cells | union(value) | index), None
    out = list(cells) if isinstance(cells, list) else [cells] * whole.count
    named = places(whole.shape, node.axes, at)
    values = [value] * len(named) if isinstance(value, int) else value
    for cell, new in zip(named, values, strict=True):
        sure = len(cell) == 1 and not index
        for place in cell:
            old = out[place]
            if node.op is not None:
                _update(ledger, node, old, new, finite=finite)
            out[place] = new if sure and node.op is None else old | new | index
    return out, None


def _lists(whole: Array) -> bool:
    return isinstance(spread(1, whole), list)


def _update(ledger: Ledger, node: Write, old: int, new: int, *, finite: bool) -> None:
    """Let a cell and the value that updates it meet."""
    assert node.op is not None
    both = old & new
    if both and finite:
        ledger.lose(node.span, both, among=old | new)
    elif both and node.op not in SUMS:
        ledger.affine = False


def fold(ledger: Ledger, node: Reduce, args: Sequence[Flowing], types: Sequence[Type]) -> Flowing:
    """Let all cells of a reduction meet, with those of its mask."""
    whole = types[0]
    assert isinstance(whole, Array)
    masks = [[m] * whole.count if isinstance(m, int) else m for m, _ in args[: 1 + node.masked]]
    bits = union([union(m) for m, _ in args])
    if not is_real(whole):
        otherwise = [union(m) for m, _ in args[1 + node.masked :]]
        meeting(ledger, node, [*chain.from_iterable(masks), *otherwise])
        return bits, None
    if node.masked:
        pairs = zip(*masks, strict=True)
        for cell, chosen in pairs:
            _by_index(ledger, node, chosen, cell, finite=True)
    if node.op != "sum":
        if union(masks[0]):
            ledger.affine = False
        if node.masked:
            meeting(ledger, node, masks[1])
    if not is_real(node.type):
        bits |= ledger.decision(node, node.span.text)
    return bits, None


def network(ledger: Ledger, node: Network, args: Sequence[Flowing]) -> list[Flowing]:
    """Return what a network's results, which are reals, depend on: nothing.

    It takes the mean of what is uncertain: what it gives is computed from that mean, and not from
    one value or another that it might have met.
    """
    if any(union(m) for m, _ in args):
        ledger.affine = False
    types = node.type.items if isinstance(node.type, Tuple) else (node.type,)
    return [(0, None) for _ in types]


RULES: dict[type, Callable[..., Flowing]] = {
    Const: const,
    Hole: hole,
    Apply: apply,
    Table: table,
    Read: read,
    Write: write,
    Reduce: fold,
}
"""The rule of each pure kind: (ledger, node, what flows in, its types) to what flows on."""
