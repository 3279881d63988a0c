"""Runs of a module that are watched: for pictures, and for the first number that is not finite.

In: a module and its inputs by name. Out: records, a diagnostic. Other source than the module's own
is run, with hooks that it calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import torch

from diffprog.soft.recorder import Recorder
from diffprog.soft.torchgen import generate
from diffprog.soft.watching import CALLS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from diffprog.errors import Diagnostic
    from diffprog.ir.graph import Graph
    from diffprog.lang.typed import Hole
    from diffprog.soft.torchgen import Generated
    from diffprog.trace import TraceStep


class Module(Protocol):
    """A softened program, as far as it matters here."""

    name: str
    graph: Graph
    hole_types: dict[str, Hole]
    labels: dict[str, tuple[str, ...]]
    _function: Callable[..., tuple[Tensor, ...]]
    _constants: dict[str, Tensor] | None

    def _loaded(self, generated: Generated) -> tuple[Callable[..., Any], dict[str, Tensor] | None]:
        """Return a generated function, and its constants."""

    def encode(self, *args: Any, **kwargs: Any) -> list[Tensor]:
        """Return inputs as soft tensors."""

    def run(self, tensors: Sequence[Tensor], logits: Mapping[str, Tensor] | None = None) -> Any:
        """Run the program."""

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget gradients."""


def traced(module: Module, inputs: Mapping[str, Any]) -> tuple[Any, tuple[TraceStep, ...]]:
    """Return the answer, and what was seen."""
    labels = {key: hole.labels for key, hole in module.hole_types.items() if hole.labels}
    labels |= module.labels
    generated, recorder = generate(module.graph, module.name, tracing=labels), Recorder()
    hooks = {name: getattr(recorder, name) for name in CALLS}
    with torch.no_grad():
        answer = _run(module, generated, hooks, inputs)
    return answer, tuple(recorder.records)


def nan(module: Module, inputs: Mapping[str, Any]) -> Diagnostic | None:
    """Return the first operation that gives a number that is not finite.

    Where there is none, the last whose result has a gradient that is not finite.
    """
    from diffprog.soft.findings import Inspector, NotFiniteError

    generated = generate(module.graph, module.name, inspect=True)
    inspector = Inspector(module.graph)
    try:
        with torch.enable_grad():
            inspector.backward(_run(module, generated, {"inspect": inspector}, inputs))
    except NotFiniteError as problem:
        return problem.diagnostic
    finally:
        module.zero_grad(set_to_none=True)
    return None


def _run(
    module: Module, generated: Generated, hooks: Mapping[str, Any], inputs: Mapping[str, Any]
) -> Any:
    function, made = module._loaded(generated)
    function.__globals__.update(hooks)
    own, constants = module._function, module._constants
    module._function, module._constants = function, made
    try:
        return module.run(module.encode(**inputs))
    finally:
        module._function, module._constants = own, constants
