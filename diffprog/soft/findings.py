"""The search for numbers that are not finite: what each operation of an inspected run is shown to.

In: values with the operation and the place that made them, then the run's results. Out: an
exception that names the first bad value, or the last value whose gradient is bad.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from diffprog.errors import Diagnostic
from diffprog.ir.graph import walk

if TYPE_CHECKING:
    from diffprog.ir.graph import Graph
    from diffprog.soft.recorder import Place


class NotFiniteError(Exception):
    """An operation gave a number that is not finite."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class Inspector:
    """What an inspected run shows its values to."""

    def __init__(self, graph: Graph) -> None:
        self.spans = {(s.source.name, s.line): s for s in (node.span for node in walk(graph))}
        self.seen: list[tuple[Tensor, str, Place]] = []

    def __call__(self, value: Tensor, operation: str, place: Place) -> None:
        """Look at a value, and remember it if a gradient will go through it.

        Raises:
            NotFiniteError: where it is not finite.
        """
        self._look(value, f"`{operation}` gives", place)
        if value.requires_grad and not value.is_leaf:
            value.retain_grad()
            self.seen.append((value, operation, place))

    def backward(self, results: Any) -> None:
        """Go back through the run from its results, and look at the gradients.

        Raises:
            NotFiniteError: where one is not finite.
        """
        total = sum((x.sum() for x in _tensors(results) if x.requires_grad), torch.zeros(()))
        if not total.requires_grad:
            return
        seen = list(self.seen)
        total.backward()  # type: ignore[no-untyped-call]
        for value, operation, place in reversed(seen):
            if value.grad is not None:
                self._look(value.grad, f"what `{operation}` gives has the gradient", place)

    def _look(self, value: Tensor, what: str, place: Place) -> None:
        bad = ~torch.isfinite(value)
        if bool(bad.any()):
            message = f"{what} {float(value.detach()[bad][0])} on line {place[1]}"
            raise NotFiniteError(Diagnostic("DP602", message, self.spans.get(place)))


def _tensors(results: Any) -> list[Tensor]:
    if isinstance(results, Tensor):
        return [results]
    return [x for part in results for x in _tensors(part)]
