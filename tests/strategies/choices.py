"""Strategies of what holes are: alternatives for the interpreter, weights for soft modules."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from diffprog.crisp.choices import alternatives
from diffprog.crisp.values import cells
from diffprog.lang import typed
from diffprog.types import Array, Bool, Enum, Int
from tests.strategies.values import simplex, values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diffprog.types import Value


def nodes(tree: object) -> Iterator[Any]:
    """Yield every node of a typed tree."""
    if isinstance(tree, tuple):
        for item in tree:
            yield from nodes(item)
    elif is_dataclass(tree) and type(tree).__module__ == typed.__name__:
        yield tree
        for f in fields(tree):
            yield from nodes(getattr(tree, f.name))


def masks(checked: typed.Checked) -> dict[str, list[bool]]:
    """Return which alternatives of each hole its constant mask leaves, where it has one."""
    found = {}
    for node in nodes(checked.main):
        if getattr(node, "mask", None) is not None:
            found[node.hole.key] = literal_mask(node.mask)
    return found


def literal_mask(mask: typed.Expr) -> list[bool]:
    """Return the value of a mask that the program writes out."""
    if isinstance(mask, typed.Lit):
        return [bool(v) for v in cells(mask.value)]
    assert isinstance(mask, typed.ArrayOf)
    return [bool(item.value) for item in mask.items if isinstance(item, typed.Lit)]


def shape(hole: typed.Hole) -> list[int]:
    """Return the axes of a hole before its alternatives."""
    sizes = [t.size for t in hole.given if isinstance(t, Bool | Int | Enum)]
    return sizes + list(hole.type.shape if isinstance(hole.type, Array) else ())


def blocks(leaf: st.SearchStrategy[Any], axes: list[int]) -> st.SearchStrategy[Any]:
    """Give nested lists."""
    if not axes:
        return leaf
    inner = blocks(leaf, axes[1:])
    return st.lists(inner, min_size=axes[0], max_size=axes[0])


def choices(checked: typed.Checked) -> st.SearchStrategy[dict[str, Any]]:
    """Give choices for every hole, as `interpret` takes them; none is masked."""
    masked = masks(checked)

    def of(hole: typed.Hole) -> st.SearchStrategy[Any]:
        if hole.kind == "real":
            return values(hole.type)
        mask = masked.get(hole.key)
        numbers = range(alternatives(hole).size)
        allowed = [k for k in numbers if mask is None or mask[k]]
        return blocks(st.sampled_from(allowed), shape(hole))

    return st.fixed_dictionaries({key: of(hole) for key, hole in checked.holes.items()})


def hole_weights(
    checked: typed.Checked, *, interior: bool = False
) -> st.SearchStrategy[dict[str, Any]]:
    """Give weights for every finite hole, and values for the real ones.

    A weight of a masked alternative may be positive: masking comes after.
    """

    def of(hole: typed.Hole) -> st.SearchStrategy[Any]:
        if hole.kind == "real":
            return values(hole.type)
        point = simplex(alternatives(hole).size, interior=interior)
        return blocks(point, shape(hole))

    return st.fixed_dictionaries({key: of(hole) for key, hole in checked.holes.items()})


def one_hot_weights(checked: typed.Checked, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the weights that say the same as choices."""

    def of(leaf: Any, count: int) -> Any:
        if isinstance(leaf, list):
            return [of(item, count) for item in leaf]
        return [float(leaf == k) for k in range(count)]

    return {
        key: chosen[key] if hole.kind == "real" else of(chosen[key], alternatives(hole).size)
        for key, hole in checked.holes.items()
    }


def all_choices(checked: typed.Checked) -> Iterator[dict[str, Value]]:
    """Yield every assignment of the finite holes, masked ones too; real holes are not allowed."""
    holes = checked.holes

    def of(hole: typed.Hole, axes: list[int]) -> list[Any]:
        if not axes:
            return list(range(alternatives(hole).size))
        return [list(p) for p in product(of(hole, axes[1:]), repeat=axes[0])]

    options = [of(hole, shape(hole)) for hole in holes.values()]
    for chosen in product(*options):
        yield dict(zip(holes, chosen, strict=True))
