"""A generated function under `torch.compile`: whole where it is small, else its loops in pieces.

In: the function of a file that was written for it. Out: a callable of the same signature, which
runs the file as it stands where nothing can be compiled.
"""

from __future__ import annotations

import warnings
from types import FunctionType
from typing import TYPE_CHECKING, Any

import torch
from torch._dynamo.exc import TorchDynamoException

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

KNOBS = ("T", "choice_T", "epsilon")
"""What is set to a number: handed on as a tensor, or each number would be compiled anew."""


class Fused:
    """A program in the place of its generated function, compiled.

    Attributes:
        whole: whether all of it is compiled as one; else its loops are, some rounds at a time.
        broken: whether the compiler has failed: then the file runs as it stands.
    """

    def __init__(self, function: FunctionType, *, whole: bool) -> None:
        self.function, self.whole, self.broken = function, whole, False
        self.__globals__ = function.__globals__
        self.run: Callable[..., tuple[Any, Any]] = told
        if whole:  # the compiler counts what it compiles of one piece of code
            own = told.__code__.replace(co_name=function.__name__)
            self.run = torch.compile(FunctionType(own, globals()))

    @property
    def backend(self) -> str:
        """What runs a call: `compile`, or `torch` once the compiler has failed."""
        return "torch" if self.broken else "compile"

    def __call__(self, *inputs: Tensor, report: dict[str, dict[int, Any]], **given: Any) -> Any:
        """Run what is compiled; in transforms, and without a compiler, the file as it stands."""
        transformed = torch._C._functorch.peek_interpreter_stack() is not None
        if transformed or torch.compiler.is_compiling():
            return self.function(*inputs, report=report, **given)
        if not self.broken:
            try:
                return self._run(inputs, given, report)
            except TorchDynamoException as problem:
                text = str(problem).strip().splitlines()[0]
                warnings.warn(f"the torch source is used: {text}", RuntimeWarning, stacklevel=2)
                self.broken = True
        with torch.compiler.set_stance("force_eager"):
            return self.function(*inputs, report=report, **given)

    def _run(
        self, inputs: tuple[Tensor, ...], given: Mapping[str, Any], report: dict[str, Any]
    ) -> Any:
        steady = {k: _steady(given[k], given["like"]) for k in KNOBS}
        found, lines = self.run(self.function, inputs, {**given, **steady})
        for kind, amounts in lines.items():
            report[kind].update(amounts)
        return found


def fused(function: FunctionType, whole: bool | None) -> Callable[..., Any]:
    """Return a generated function as its file is to be run: None says that it stands as it is."""
    return function if whole is None else Fused(function, whole=whole)


def constants_of(function: Callable[..., Any], like: Tensor) -> dict[str, Tensor] | None:
    """Return the constants of a file; none where native code runs, which has its own."""
    if getattr(function, "backend", "torch") == "native":
        return None
    made: dict[str, Tensor] = function.__globals__["make_constants"](like)
    return made


def told(
    function: Callable[..., Any], inputs: tuple[Tensor, ...], given: Mapping[str, Any]
) -> tuple[Any, dict[str, dict[int, Any]]]:
    """Return what a generated function gives, and what it reports."""
    report: dict[str, dict[int, Any]] = {}
    return function(*inputs, report=report, **given), report


def _steady(number: Any, like: Tensor) -> Any:
    """Return a number as a tensor, but those that the file treats by themselves."""
    if isinstance(number, int | float) and number not in (0, 1):
        return like.new_tensor(number)
    return number
