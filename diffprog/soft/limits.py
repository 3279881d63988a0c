"""How large a softened program may be: what exceeds it is refused before memory is used.

In: sizes that are known at generation time, and the node that they belong to. Out: nothing, or
a diagnostic with the size and the limit. Crisply the same programs run.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diffprog.errors import fail
from diffprog.types import Array, Enum, Int, Tuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.errors import Span
    from diffprog.ir.graph import Node
    from diffprog.types import Type

MOST_ENTRIES = 1 << 22
"""Entries of one table, which is made by calling the crisp function on each of them."""

MOST_NUMBERS = 1 << 27
"""Numbers of one soft value, or multiplied for one, for each row of a batch."""

MOST_ROUNDS = 10_000_000
"""Rounds of one `for`."""

HINT = "use smaller ranges, or the value itself less often; run crisply, it has no such limit"


def table_fits(sizes: Sequence[int], node: Node) -> None:
    """Refuse a table over values of so many alternatives each.

    Raises:
        DiffprogError: DP606.
    """
    entries = math.prod(sizes)
    if entries > MOST_ENTRIES:
        message = f"softly this is a table of {entries:,} entries; the limit is {MOST_ENTRIES:,}"
        fail("DP606", message, node.span, hint=HINT)


def product_fits(sizes: Sequence[int], node: Node) -> None:
    """Refuse a convolution of distributions that are too long.

    Raises:
        DiffprogError: DP606.
    """
    products = math.prod(sizes)
    if products > MOST_NUMBERS:
        message = f"softly this takes {products:,} products; the limit is {MOST_NUMBERS:,}"
        fail("DP606", message, node.span, hint=HINT)


def value_fits(t: Type, span: Span) -> None:
    """Refuse a soft value of too many numbers.

    Raises:
        DiffprogError: DP606.
    """
    numbers = _numbers(t)
    if numbers > MOST_NUMBERS:
        message = f"softly this is {numbers:,} numbers a row; the limit is {MOST_NUMBERS:,}"
        fail(
            "DP606", message, span, hint=f"its type is `{t}`: give it smaller ranges or fewer cells"
        )


def rounds_fit(rounds: int, span: Span) -> None:
    """Refuse a `for` of too many rounds.

    Raises:
        DiffprogError: DP606.
    """
    if rounds > MOST_ROUNDS:
        message = f"this loop has {rounds:,} rounds; softly the limit is {MOST_ROUNDS:,}"
        fail("DP606", message, span)


def _numbers(t: Type) -> int:
    match t:
        case Int() | Enum():
            return t.size
        case Array(_, item):
            return t.count * _numbers(item)
        case Tuple(items):
            return sum(map(_numbers, items))
        case _:
            return 1
