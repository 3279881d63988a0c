"""Who decides the holes of a program that is run crisply.

A run asks a *decider* whenever it meets a hole. Choices written down (what training found, what
a user passes) become a decider that looks them up; laws and estimators pass one of their own.
Never imports torch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from diffprog.errors import fail
from diffprog.types import Array, Bool, Enum, Int

if TYPE_CHECKING:
    from diffprog.errors import Span
    from diffprog.lang.typed import Hole
    from diffprog.types import Finite

Path: TypeAlias = tuple[int, ...]
"""Where in a hole: the numbers `v - lo` of the values a choice is given, or a table's cell."""

Mask: TypeAlias = tuple[bool, ...]
"""Which alternatives may be taken."""

Decider: TypeAlias = "Callable[[Hole, Path, Mask | None], int | float | None]"
"""From a hole, a path and a mask (None without a `where`) to an alternative's number.

For a hole of kind `real` the answer is the number itself. Of a decision `by` a network it may be
None: then the network decides, by the largest of its logits. A decider is asked *each time* a
hole is met, and once for each cell of a `learn`; the interpreter remembers nothing. A free
choice and a table's cell are one decision for the whole program, so there a decider that
answers differently the second time runs a program that nobody could write down.
"""

Choices: TypeAlias = "Mapping[str, object] | Decider"


def alternatives(hole: Hole) -> Finite:
    """Return the finite type whose values number a finite hole's alternatives."""
    item = hole.type.item if isinstance(hole.type, Array) else hole.type
    assert isinstance(item, Bool | Int | Enum)
    return item


def as_decider(choices: Choices | None) -> Decider:
    """Return choices as a decider.

    A mapping has, by key: for a free choice the number of an alternative; for a choice `given`
    values nested lists of numbers, indexed by the number `v - lo` of each value; for a `learn`
    of a finite type nested lists of numbers in its shape; for a `learn` of reals its value; for a
    decision `by` a network the list of the alternatives that it takes in one run, in the order in
    which it is met. Without such a list the network decides.

    Raises:
        DiffprogError: DP320 where a hole that is met has no choice, DP321 where the choice has
            not the hole's shape; both when asked.
    """
    if callable(choices):
        return choices
    known, met = choices or {}, Counter[str]()

    def decide(hole: Hole, path: Path, mask: Mask | None) -> int | float | None:
        if hole.by:
            if hole.key not in known:
                return None
            path = (met[hole.key],)
            met[hole.key] += 1
        if hole.key not in known:
            undecided(hole)
        return _look_up(hole, known[hole.key], path)

    return decide


def undecided(hole: Hole) -> NoReturn:
    """Complain that nobody says what a hole is."""
    message = f"nothing is chosen for the hole `{hole.key}`"
    fail("DP320", message, hole.span, hint="train this program, or give `choices=`")


def by_network(
    decide: Decider,
    hole: Hole,
    mask: Mask | None,
    span: Span,
    logits: Callable[[], Sequence[float]],
) -> int:
    """Ask for the alternative of a decision by a network; else take that of the largest logit.

    Raises:
        DiffprogError: DP322 where a mask leaves none, and as `decided`.
    """
    chosen = decide(hole, (), mask)
    if chosen is None:
        scores = logits()
        allowed = [k for k in range(len(scores)) if mask is None or mask[k]]
        if not allowed:
            fail("DP322", f"every alternative of `{hole.key}` is masked", span)
        chosen = max(allowed, key=lambda k: scores[k])  # the first of equals
    return decided(lambda *_: chosen, hole, (), mask, span)


def _look_up(hole: Hole, leaf: object, path: Path) -> int | float:
    for i in path:
        if not isinstance(leaf, Sequence) or isinstance(leaf, str) or not 0 <= i < len(leaf):
            message = f"the choices for `{hole.key}` have no entry {list(path)}"
            fail("DP321", message, hole.span, hint=f"they have the shape {_shape(hole)}")
        leaf = leaf[i]
    if not isinstance(leaf, int | float):
        message = f"the choice for `{hole.key}` at {list(path)} is not a number"
        fail("DP321", message, hole.span, hint=f"the choices have the shape {_shape(hole)}")
    return leaf


def _shape(hole: Hole) -> Sequence[int | str]:
    if hole.by:
        return ["decisions"]
    sizes = [t.size for t in hole.given if isinstance(t, Bool | Int | Enum)]
    return sizes + list(hole.type.shape if isinstance(hole.type, Array) else ())


def decided(decide: Decider, hole: Hole, path: Path, mask: Mask | None, span: Span) -> int:
    """Ask for an alternative and make sure that it is there and allowed.

    Raises:
        DiffprogError: DP321 for an alternative that does not exist, DP322 for a masked one.
    """
    chosen = decide(hole, path, mask)
    count = alternatives(hole).size
    if not isinstance(chosen, int) or not 0 <= chosen < count:
        message = f"`{hole.key}` has no alternative {chosen}: they are numbered 0 to {count - 1}"
        fail("DP321", message, hole.span)
    if mask is not None and not mask[chosen]:
        label = hole.labels[chosen] if hole.labels else alternatives(hole).values()[chosen]
        message = f"alternative {chosen} (`{label}`) of `{hole.key}` is chosen but masked here"
        fail("DP322", message, span)
    return int(chosen)
