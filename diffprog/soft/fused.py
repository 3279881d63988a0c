"""A generated function under `torch.compile`: whole where it is small, else its loops in pieces.

A loop with networks is compiled a round at a time, which is the same code at all lengths.

In: the function of a file that was written for it. Out: a callable of the same signature, which
runs the file as it stands where nothing can be compiled.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from types import FunctionType
from typing import TYPE_CHECKING, Any

import torch
from torch._dynamo.exc import TorchDynamoException

from diffprog.soft.choices import aside
from diffprog.soft.halting import is_transformed
from diffprog.soft.hot import OF_FILES, PATIENCE, Rounds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

KNOBS = ("T", "choice_T", "epsilon")
"""What is set to a number: handed on as a tensor, or each number would be compiled anew."""


class Fused:
    """A program in the place of its generated function, compiled.

    Attributes:
        whole: whether all of it is compiled as one; else its loops are, some rounds at a time.
        patience: how often a round that stands by itself runs before it is compiled.
        warm: whether something of it is compiled.
        broken: whether the compiler has failed: then the file runs as it stands.
    """

    def __init__(self, function: FunctionType, *, whole: bool, patience: int) -> None:
        self.function, self.whole, self.patience = function, whole, patience
        self.warm, self.broken = patience == 0, False
        self.__globals__ = function.__globals__
        if not whole:
            self.function = _with(function, as_one=self._as_one)
        self.run: Callable[..., tuple[Any, Any]] = all_told
        if whole:  # the compiler counts what it compiles of one piece of code
            own = all_told.__code__.replace(co_name=function.__name__)
            self.run = torch.compile(FunctionType(own, globals()), options=OF_FILES)

    @property
    def backend(self) -> str:
        """What runs a call: `compile`, or `torch` before that pays, and where it has failed."""
        return "compile" if self.warm and not self.broken else "torch"

    def __call__(
        self, *inputs: Tensor, report: dict[str, dict[int, Any]], lead: int = 0, **given: Any
    ) -> Any:
        """Run what is compiled; in transforms, and without a compiler, the file as it stands.

        `lead` is how many axes of inputs the logits of restarts are still to stand left of.
        """
        if _is_inside():
            return self.function(*inputs, report=report, **_placed(given, lead))
        if not self.broken:
            try:
                return self._run(inputs, given, lead, report)
            except TorchDynamoException as problem:
                text = str(problem).strip().splitlines()[0]
                warnings.warn(f"the torch source is used: {text}", RuntimeWarning, stacklevel=2)
                self.broken = True
        with torch.compiler.set_stance("force_eager"):
            return self.function(*inputs, report=report, **_placed(given, lead))

    def _run(
        self,
        inputs: tuple[Tensor, ...],
        given: Mapping[str, Any],
        lead: int,
        report: dict[str, Any],
    ) -> Any:
        steady = {k: _steady(given[k], given["like"]) for k in KNOBS}
        found, lines = self.run(self.function, inputs, {**given, **steady}, lead)
        for kind, amounts in lines.items():
            report[kind].update(amounts)
        return found

    def _as_one(self, function: FunctionType, carried: int) -> Callable[..., Any]:
        """Return what runs a round of a loop, in the place of what the file says."""
        if self.broken or _is_inside():
            return function
        rounds = Rounds(function, carried, self.patience)

        def run(report: dict[str, dict[int, Any]] | None, *given: Any) -> Any:
            try:
                found = rounds(report, *given)
            except TorchDynamoException:
                rounds.hot.broken = True
                raise
            self.warm |= rounds.warm
            return found

        return run


def _is_inside() -> bool:
    """Say whether a transform or a compiler looks on: it wants the file as it stands."""
    return is_transformed() or torch.compiler.is_compiling()


def _with(function: FunctionType, **names: Any) -> FunctionType:
    """Return a function that finds other things under some names of its file."""
    names = {**function.__globals__, **names}
    made = FunctionType(function.__code__, names, function.__name__, function.__defaults__)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def fused(
    function: FunctionType, whole: bool | None, *, patient: bool = False
) -> Callable[..., Any]:
    """Return a generated function as its file is to be run: None says that it stands as it is."""
    if whole is None:
        return function
    return Fused(function, whole=whole, patience=PATIENCE if patient else 0)


def constants_of(function: Callable[..., Any], like: Tensor) -> dict[str, Tensor] | None:
    """Return the constants of a file; none where native code runs, which has its own."""
    if getattr(function, "backend", "torch") == "native":
        return None
    made: dict[str, Tensor] = function.__globals__["make_constants"](like)
    return made


def all_told(
    function: Callable[..., Any], inputs: tuple[Tensor, ...], given: Mapping[str, Any], lead: int
) -> tuple[Any, dict[str, dict[int, Any]]]:
    """Return what a generated function gives, and what it reports."""
    report: dict[str, dict[int, Any]] = {}
    return function(*inputs, report=report, **_placed(given, lead)), report


def _placed(given: Mapping[str, Any], lead: int) -> Mapping[str, Any]:
    return {**given, "holes": aside(given["holes"], lead)} if lead else given


def _steady(number: Any, like: Tensor) -> Any:
    """Return a number as a tensor, but those that the file treats by themselves."""
    if isinstance(number, int | float) and number not in (0, 1):
        return _constant(number, like.dtype, like.device)
    return number


@lru_cache(maxsize=64)
@torch.inference_mode(False)  # what is made there may not be met by slopes later
def _constant(number: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.tensor(number, dtype=dtype, device=device)
