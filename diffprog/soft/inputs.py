"""What a module is called with, as soft values; and its outputs, put together again.

In: tensors or nested lists, by parameter. Out: one tensor for each scalar or array of the
parameters. Integers and bools are crisp; floating tensors are distributions (or reals) and are
checked to be so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import torch
from torch import Tensor

from diffprog.errors import fail
from diffprog.soft.finite import one_hot
from diffprog.soft.halting import is_transformed
from diffprog.types import Array, Bool, Enum, Int, Real, Tuple, trail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diffprog.errors import Span
    from diffprog.types import Type

TOLERANCE = 1e-3
"""How far a distribution's sum may be from 1: half precision, summed."""


def leaves(t: Type) -> list[Type]:
    """Return the types of a value's tensors: its own, or those of a tuple's parts."""
    return [leaf for part in t.items for leaf in leaves(part)] if isinstance(t, Tuple) else [t]


def gathered(t: Type, tensors: Iterator[Tensor]) -> Any:
    """Return a value of a type from its tensors: a tensor, or a tuple."""
    if isinstance(t, Tuple):
        return tuple(gathered(part, tensors) for part in t.items)
    return next(tensors)


def named(
    program: str, names: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a module is called with, by the names of its parameters.

    Raises:
        DiffprogError: DP603 for a missing or unknown input.
    """
    if not args and len(kwargs) == len(names) and all(map(kwargs.__contains__, names)):
        return dict(kwargs)
    if args and isinstance(args[0], Mapping):
        args, kwargs = args[1:], {**args[0], **kwargs}
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    if len(args) > len(names) or len(given) < len(args) + len(kwargs):
        fail("DP603", f"`{program}` takes {len(names)} inputs: {', '.join(names) or 'none'}")
    for name in names:
        if name not in given:
            fail("DP603", f"the input `{name}` is missing")
    for name in given:
        if name not in names:
            hint = f"it takes {', '.join(names)}"
            fail("DP603", f"`{program}` has no input `{name}`", hint=hint)
    return given


def soft_shape(t: Type) -> tuple[int, ...]:
    """Return the axes of a soft value of its own."""
    item = t.item if isinstance(t, Array) else t
    shape = t.shape if isinstance(t, Array) else ()
    return (*shape, item.size) if isinstance(item, Int | Enum) else tuple(shape)


class Encoder:
    """Turns the value of one parameter into soft tensors, or says what is wrong with it."""

    def __init__(self, name: str, span: Span | None, like: Tensor) -> None:
        self.name, self.span, self.like = name, span, like

    def encode(self, value: Any, t: Type) -> list[Tensor]:
        """Return the soft tensors of a value.

        Raises:
            DiffprogError: DP604 for a value that is not one of the type.
        """
        if isinstance(t, Tuple):
            if not isinstance(value, list | tuple) or len(value) != len(t.items):
                self._fail(f"is not a tuple of {len(t.items)}", t)
            parts = zip(value, t.items, strict=True)
            return [leaf for v, part in parts for leaf in self.encode(v, part)]
        return [self._soft(self._tensor(value, t), t)]

    def _tensor(self, value: Any, t: Type) -> Tensor:
        if isinstance(value, Tensor):
            return value.to(self.like.device)
        try:
            found = torch.tensor(_numbered(value, t), device=self.like.device)
        except (TypeError, ValueError, RuntimeError):
            self._fail("is not a tensor or lists of equal lengths", t)
        if found.is_floating_point():  # numbers are read in full, then rounded once
            exact = torch.tensor(_numbered(value, t), dtype=torch.float64, device="cpu")
            return exact.to(self.like)
        return found

    def _soft(self, x: Tensor, t: Type) -> Tensor:
        item = t.item if isinstance(t, Array) else t
        shape = t.shape if isinstance(t, Array) else ()
        if x.is_floating_point():
            return self._distribution(x, t, item)
        self._shaped(x, shape, t)
        if x.dtype == torch.bool:
            if not isinstance(item, Bool):
                self._fail("is bool", t)
            return x.to(self.like.dtype)
        if isinstance(item, Real):
            return x.to(self.like.dtype)
        if isinstance(item, Bool):
            self._fail(f"is {str(x.dtype).removeprefix('torch.')}", t)
        assert isinstance(item, Int | Enum)
        self._within(x, item.lo, item.size, t)
        return one_hot(x - item.lo, item.size, self.like)

    def _distribution(self, x: Tensor, t: Type, item: Type) -> Tensor:
        self._shaped(x, soft_shape(t), t)
        x = x.to(self.like.dtype)
        if not isinstance(item, Real) and not holds_chances(x, single=isinstance(item, Bool)):
            what = "probabilities" if isinstance(item, Bool) else "distributions"
            self._fail(f"is floating, so it must hold {what}, and does not", t)
        return x

    def _shaped(self, x: Tensor, wanted: Sequence[int], t: Type) -> None:
        if tuple(x.shape[x.dim() - len(wanted) :]) != tuple(wanted) or x.dim() < len(wanted):
            axes = ", ".join(["...", *map(str, wanted)])
            self._fail(f"has the shape {tuple(x.shape)}, expected ({axes})", t)

    def _within(self, x: Tensor, lo: int, size: int, t: Type) -> None:
        if not _may_look(x):
            return
        wrong = (x < lo) | (x >= lo + size)
        if bool(wrong.any()):
            self._fail(f"holds {int(x[wrong][0])}, outside {lo}..{lo + size}", t)

    def _fail(self, what: str, t: Type) -> NoReturn:
        fail("DP604", f"the input `{self.name}` {what}", self.span, hint=_wanted(self.name, t))


def holds_chances(x: Tensor, *, single: bool) -> bool:
    """Say whether numbers may be distributions on the last axis, or `single` probabilities.

    What may not be looked at may, and what is no number: that is found where it is met.
    """
    if not x.numel() or not _may_look(x):
        return True
    numbers = x.detach() if x.requires_grad else x
    least, most = numbers.aminmax()
    if least.item() < -TOLERANCE:
        return False
    if single:
        return not most.item() > 1 + TOLERANCE
    low, high = numbers.sum(-1).aminmax()
    return not (low.item() < 1 - TOLERANCE or high.item() > 1 + TOLERANCE)


def _may_look(x: Tensor) -> bool:
    """Say whether values may be looked at: not in transforms, nor while a GPU records a graph."""
    if torch.compiler.is_compiling() or is_transformed() or x.is_meta:
        return False
    return not (x.is_cuda and torch.cuda.is_current_stream_capturing())


def _wanted(name: str, t: Type) -> str:
    if isinstance(t, Tuple):
        return f"`{name}` is `{t}`"
    crisp = {Bool: "a BoolTensor", Real: "a floating tensor"}
    item = t.item if isinstance(t, Array) else t
    soft = f" or probabilities with {trail(t)} trailing axes" if not isinstance(item, Real) else ""
    return f"`{name}` is `{t}`: give {crisp.get(type(item), 'a LongTensor')}{soft}"


def _numbered(value: Any, t: Type) -> Any:
    """Return nested lists with the members of an enumeration by number."""
    item = t.item if isinstance(t, Array) else t
    if isinstance(value, list | tuple):
        return [_numbered(v, t) for v in value]
    if isinstance(value, str) and isinstance(item, Enum):
        return item.members.index(value)
    return value
