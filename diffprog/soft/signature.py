"""The parameters of a module: what it is called with, by name, as soft tensors.

In: the names and types of the parameters, and values. Out: one tensor for each scalar or array.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor

from diffprog.soft.inputs import Encoder, holds_chances, leaves, named, soft_shape
from diffprog.types import Array, Bool, Real, Tuple, trail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.errors import Span
    from diffprog.types import Type


class Signature:
    """The parameters of a program.

    Attributes:
        params: their names and types.
    """

    def __init__(
        self, program: str, params: Sequence[tuple[str, Type]], spans: Mapping[str, Span]
    ) -> None:
        self.program, self.params = program, tuple(params)
        self._names = [n for n, _ in params]
        first = next(iter(spans.values()), None)
        self._spans = [spans.get(n, first) for n in self._names]
        self._own_axes = [trail(leaf) for _, t in params for leaf in leaves(t)]
        self._slots = [
            (
                name,
                None if isinstance(t, Tuple) else soft_shape(t),
                type(t.item if isinstance(t, Array) else t),
            )
            for name, t in params
        ]

    def named(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a module is called with, by the names of its parameters.

        Raises:
            DiffprogError: DP603 for a missing or unknown input.
        """
        return named(self.program, self._names, args, kwargs)

    def encode(self, given: Mapping[str, Any], like: Tensor) -> list[Tensor]:
        """Return inputs, none of which is missing, as soft tensors like another.

        Raises:
            DiffprogError: DP604 for a wrong one.
        """
        return [
            x
            for (name, t), span in zip(self.params, self._spans, strict=True)
            for x in Encoder(name, span, like).encode(given[name], t)
        ]

    def ready(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], like: Tensor
    ) -> list[Tensor] | None:
        """Return inputs that are soft tensors as they are given; None if one is not.

        Most calls of a small program are with such; this is the short way for them. What a call
        does once is not in the processor's cache, so there is as little of it as may be.
        """
        if len(args) + len(kwargs) != len(self._slots):
            return None
        found, dtype, device = [], like.dtype, like.device
        for k, (name, own, item) in enumerate(self._slots):
            x = args[k] if k < len(args) else kwargs.get(name)
            if not isinstance(x, Tensor) or x.dtype is not dtype or x.device != device:
                return None
            if own is None or (own and x.shape[-len(own) :] != own):
                return None
            if item is not Real and not holds_chances(x, single=item is Bool):
                return None
            found.append(x)
        return found

    def lead(self, tensors: Sequence[Tensor]) -> int:
        """Return how many leading axes inputs have."""
        return max([0, *(x.dim() - n for x, n in zip(tensors, self._own_axes, strict=True))])
