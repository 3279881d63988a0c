"""The search for numbers that are not finite: what each operation of an inspected run is shown to.

In: values with the operation and the line that made them. Out: an exception that names the
first bad one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from diffprog.errors import Diagnostic
from diffprog.ir.graph import walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from diffprog.ir.graph import Graph


class NotFiniteError(Exception):
    """An operation gave a number that is not finite."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def inspector(graph: Graph) -> Callable[[Tensor, str, int], None]:
    """Return the function that an inspected run shows its values to."""
    spans = {node.span.line: node.span for node in walk(graph)}

    def inspect(value: Tensor, operation: str, line: int) -> None:
        bad = ~torch.isfinite(value)
        if bool(bad.any()):
            found = float(value[bad][0])
            message = f"`{operation}` gives {found} on line {line}"
            raise NotFiniteError(Diagnostic("DP602", message, spans.get(line)))

    return inspect
