"""Soft answers as people read them: the most likely value, and how likely it is.

In: a type and what a module gave for one row: anything with `tolist`. Out: text. Never imports
torch.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from diffprog.types import Array, Bool, Enum, Int, Real, Tuple, Type

if TYPE_CHECKING:
    from diffprog.types import Finite


def listed(answer: Any) -> object:
    """Return an answer as nested lists."""
    return [listed(a) for a in answer] if isinstance(answer, tuple) else answer.tolist()


def answer_text(t: Type, answer: Any) -> str:
    """Return the most likely answer, and the least weight that a part of it has.

    >>> from diffprog.types import Bool
    >>> class Tensor:
    ...     def tolist(self): return 0.25
    >>> answer_text(Bool(), Tensor())
    'false (0.75)'
    """
    shares: list[float] = []
    text = json.dumps(_best(t, listed(answer), shares))
    return f"{text} ({min(shares):.2f})" if shares else text


def _best(t: Type, value: Any, shares: list[float]) -> object:
    match t:
        case Tuple(items):
            return [_best(item, part, shares) for item, part in zip(items, value, strict=True)]
        case Array(shape, item):
            return _cells(shape, item, value, shares)
        case Real():
            return float(f"{value:.3g}")
        case Bool():
            shares.append(max(value, 1 - value))
            return bool(value >= 0.5)
        case _:
            return _likeliest(t, value, shares)


def _cells(shape: tuple[int, ...], item: Type, value: Any, shares: list[float]) -> object:
    if not shape:
        return _best(item, value, shares)
    return [_cells(shape[1:], item, part, shares) for part in value]


def _likeliest(t: Finite, value: list[float], shares: list[float]) -> object:
    assert isinstance(t, Int | Enum)
    share = max(value)
    shares.append(share)
    return t.decode(t.values()[value.index(share)])
