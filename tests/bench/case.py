"""A case of the benchmark: a program with its sizes, inputs, weights, and its peers.

A case draws the same numbers for all variants. A variant is a function of those numbers, by name:
ours on some backend, hand-written torch, hand-written torch under `torch.compile`, AlgoVision.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

import diffprog as dp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

Numbers: TypeAlias = "dict[str, Tensor]"
Variant: TypeAlias = "Callable[[Numbers], Sequence[Tensor]]"

HERE = Path(__file__).parent / "programs"
TEMPERATURE = 0.2


@dataclass(frozen=True)
class Case:
    """One program at one size.

    Attributes:
        program: its name in the table.
        setup: what is varied, in words.
        file: the `.dp` file.
        draw: the numbers by name, from a generator; those of holes are called as `holes` says.
        hand: the hand-written version, which takes the numbers by name and `temperature`.
        compiled: the same with what one would compile compiled.
        algo: AlgoVision's, of the numbers in order.
        padded: the hand-written version that always runs to the bound.
        module: the hand-written version as a module of torch's layers, named as ours.
        sizes: of the program.
        holes: the keys of holes by the names of their logits.
        nets: the places of networks' weights, as `net.weight`, by their names.
        restarts: of the module.
        data: the numbers of which no gradient is asked: distributions, where it is not unique.
        temperature: of relaxed operations.
        devices: where it is measured.
        warm: the steps before ours with `auto` is timed: it compiles what has run often.
    """

    program: str
    setup: str
    file: Path
    draw: Callable[[torch.Generator], Numbers]
    hand: Callable[..., Sequence[Tensor]]
    compiled: Callable[[], Callable[..., Sequence[Tensor]]]
    algo: Callable[[], Callable[..., Any]] | None = None
    padded: Callable[..., Sequence[Tensor]] | None = None
    module: Callable[[], torch.nn.Module] | None = None
    sizes: dict[str, int] = field(default_factory=dict)
    holes: dict[str, str] = field(default_factory=dict)
    nets: dict[str, str] = field(default_factory=dict)
    restarts: int | None = None
    data: tuple[str, ...] = ()
    temperature: float = TEMPERATURE
    devices: tuple[str, ...] = ("cpu",)
    warm: int = 2

    def load(self) -> dp.Program:
        """Return our program at the case's sizes."""
        return dp.load(self.file, **self.sizes)

    def ours(self, program: dp.Program, backend: str, numbers: Numbers) -> Variant:
        """Return our program on a backend, with the numbers of its holes in it."""
        module = program.soften(restarts=self.restarts, backend=backend)
        some = next(iter(numbers.values()))
        module.to(some.dtype).to(some.device)
        module.ties, module.temperature = False, self.temperature
        for name, key in self.holes.items():
            # The numbers are the parameters: gradients of all variants are asked of the same ones.
            module.holes[key.replace(".", ":")] = numbers[name]
        return self.bound(module, module.nets, numbers)

    def bound(self, module: torch.nn.Module, layers: torch.nn.Module, numbers: Numbers) -> Variant:
        """Return a module as a variant, with the numbers of its networks in it."""
        for name, place in self.nets.items():
            net, weight = place.split(".")
            setattr(getattr(layers, net), weight, numbers[name])
        inside = self.holes.keys() | self.nets.keys()

        def run(given: Numbers) -> Sequence[Tensor]:
            return _several(module(**{n: x for n, x in given.items() if n not in inside}))

        return run

    def has(self, name: str, device: str) -> bool:
        """Say whether the case has a variant."""
        match name:
            case "AlgoVision":
                return self.algo is not None and device == "cpu"
            case "hand padded":
                return self.padded is not None
            case "hand module":
                return self.module is not None
            case "hand graphed" | "ours graphed":
                return device == "cuda"
            case "ours native" | "ours auto":
                return device == "cpu"
            case _:
                return True

    def variant(self, name: str, numbers: Numbers) -> Variant:
        """Return a variant by its name in the table."""
        match name.split():
            case ["ours", backend]:
                backend = "torch" if backend == "graphed" else backend
                return self.ours(self.load(), backend, numbers)
            case ["AlgoVision"]:
                assert self.algo is not None
                made = self.algo()
                return lambda given: _several(made(*given.values()))
            case ["hand", "eager" | "graphed"]:
                return lambda given: self.hand(**given, temperature=self.temperature)
            case ["hand", "padded"]:
                assert self.padded is not None
                padded = self.padded
                return lambda given: padded(**given, temperature=self.temperature)
            case ["hand", "module"]:
                assert self.module is not None
                module = self.module()
                return self.bound(module, module, numbers)
            case ["hand", "compiled"]:
                compiled = self.compiled()
                return lambda given: compiled(**given, temperature=self.temperature)
            case _:
                raise ValueError(name)


def _several(out: Any) -> Sequence[Tensor]:
    return out if isinstance(out, tuple) else (out,)


def whole(function: Callable[..., Any]) -> Callable[[], Callable[..., Any]]:
    """Return what compiles a function as one graph."""
    return lambda: torch.compile(function, dynamic=False, fullgraph=True)


def normal(generator: torch.Generator, *shape: int) -> Tensor:
    """Draw reals."""
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def simplex(generator: torch.Generator, *shape: int) -> Tensor:
    """Draw distributions."""
    return torch.softmax(normal(generator, *shape), -1)
