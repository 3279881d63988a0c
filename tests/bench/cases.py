"""What the benchmark measures: each program with its sizes, inputs, weights, and its peers.

A case draws the same numbers for all variants. A variant is a function of those numbers, by name:
ours on some backend, hand-written torch, hand-written torch under `torch.compile`, AlgoVision.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

import diffprog as dp
from tests.bench import hand, machines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

Numbers: TypeAlias = "dict[str, Tensor]"
Variant: TypeAlias = "Callable[[Numbers], Sequence[Tensor]]"

HERE = Path(__file__).parent / "programs"
TURING = Path(__file__).parents[2] / "examples" / "turing" / "turing.dp"
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
        sizes: of the program.
        holes: the keys of holes by the names of their logits.
        restarts: of the module.
        data: the numbers of which no gradient is asked: distributions, where it is not unique.
        temperature: of relaxed operations.
    """

    program: str
    setup: str
    file: Path
    draw: Callable[[torch.Generator], Numbers]
    hand: Callable[..., Sequence[Tensor]]
    compiled: Callable[[], Callable[..., Sequence[Tensor]]]
    algo: Callable[[], Callable[..., Any]] | None = None
    sizes: dict[str, int] = field(default_factory=dict)
    holes: dict[str, str] = field(default_factory=dict)
    restarts: int | None = None
    data: tuple[str, ...] = ()
    temperature: float = TEMPERATURE

    def ours(self, backend: str, numbers: Numbers) -> Variant:
        """Return our program on a backend, with the numbers of its holes in it."""
        module = dp.load(self.file, **self.sizes).soften(restarts=self.restarts, backend=backend)
        some = next(iter(numbers.values()))
        module.to(some.dtype).to(some.device)
        module.ties, module.temperature = False, self.temperature
        for name, key in self.holes.items():
            # The numbers are the parameters: gradients of all variants are asked of the same ones.
            module.holes[key.replace(".", ":")] = numbers[name]

        def run(given: Numbers) -> Sequence[Tensor]:
            out = module(**{n: x for n, x in given.items() if n not in self.holes})
            return out if isinstance(out, tuple) else (out,)

        return run

    def variant(self, name: str, numbers: Numbers) -> Variant:
        """Return a variant by its name in the table."""
        match name.split():
            case ["ours", backend]:
                return self.ours(backend, numbers)
            case ["AlgoVision"]:
                assert self.algo is not None
                made = self.algo()
                return lambda given: _several(made(*given.values()))
            case ["hand", "eager"]:
                return lambda given: self.hand(**given, temperature=self.temperature)
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


def bubble(n: int, batch: int) -> Case:
    """Bubble sort."""

    def algo() -> Any:
        from tests.bench import algo

        return algo.bubble(n, 1 / TEMPERATURE)

    return Case(
        "bubble sort",
        f"n {n}, batch {batch}",
        HERE / "bubble.dp",
        lambda g: {"xs": normal(g, batch, n)},
        hand.bubble,
        whole(hand.bubble),
        algo,
        sizes={"n": n},
    )


def levenshtein(length: int) -> Case:
    """Edit distance."""

    def algo() -> Any:
        from tests.bench import algo

        return algo.levenshtein(length, length, 1 / TEMPERATURE)

    return Case(
        "Levenshtein",
        f"length {length}, batch 64",
        HERE / "levenshtein.dp",
        lambda g: {"s": simplex(g, 64, length, 4), "t": simplex(g, 64, length, 4)},
        hand.levenshtein,
        whole(hand.levenshtein),
        algo,
        sizes={"m": length, "n": length},
    )


def path(side: int) -> Case:
    """Shortest path."""

    def algo() -> Any:
        from tests.bench import algo

        return algo.path(side, side, 25, 1 / TEMPERATURE)

    def compiled() -> Any:
        forth, home = whole(hand.relax)(), whole(hand.back)()
        return partial(hand.path, rounds=25, forth=forth, home=home)

    return Case(
        "shortest path",
        f"{side} x {side}, batch 64",
        HERE / "path.dp",
        lambda g: {"cost": torch.sigmoid(4 * normal(g, 64, side, side)) + 0.2},
        partial(hand.path, rounds=25),
        compiled,
        algo,
        sizes={"height": side, "width": side},
    )


def counter(steps: int) -> Case:
    """A loop of many small steps."""

    def compiled() -> Any:
        return partial(hand.count, steps=steps, chunk=whole(hand.counted)())

    return Case(
        "counter",
        f"{steps} steps, batch 64",
        HERE / "counter.dp",
        lambda g: {
            "x": normal(g, 64),
            "stride": 0.5 + torch.rand(64, generator=g, dtype=torch.float64),
            "limit": 0.75 * steps + normal(g, 64),
        },
        partial(hand.count, steps=steps),
        compiled,
        sizes={"steps": steps},
    )


def register(restarts: int, batch: int) -> Case:
    """A register machine."""
    names = {"code": 16, "first": 8, "second": 8, "target": 8}

    def draw(g: torch.Generator) -> Numbers:
        found = {"start": simplex(g, batch, 8, 32), "cells": simplex(g, batch, 32, 32)}
        return found | {name: normal(g, restarts, 16, n) for name, n in names.items()}

    def compiled() -> Any:
        return partial(machines.register, body=whole(machines.step)())

    return Case(
        "register machine",
        f"{restarts} restarts, batch {batch}",
        HERE / "register.dp",
        draw,
        machines.register,
        compiled,
        holes={name: f"machine.{name}#0" for name in names},
        restarts=restarts,
        data=("start", "cells"),
        temperature=1.0,
    )


def turing(restarts: int) -> Case:
    """The Turing machine of the examples."""
    sizes = {"write": 3, "move": 3, "next_": 4, "halt": 2}

    def draw(g: torch.Generator) -> Numbers:
        found = {"tape": simplex(g, 5, 5, 3)}
        return found | {name: normal(g, restarts, 4, 3, n) for name, n in sizes.items()}

    return Case(
        "turing",
        f"{restarts} restart{'s' * (restarts > 1)}, batch 5",
        TURING,
        draw,
        machines.turing,
        whole(machines.turing),
        holes={name: f"turing.{name.strip('_')}#0" for name in sizes},
        restarts=restarts,
        data=("tape",),
        temperature=1.0,
    )


CASES = [
    *(bubble(n, batch) for n in (5, 10) for batch in (1, 64, 1024)),
    *(levenshtein(length) for length in (8, 16)),
    *(path(side) for side in (8, 12)),
    *(counter(steps) for steps in (16, 64, 256, 4096)),
    *(register(*of) for of in ((1, 64), (16, 4), (128, 4))),
    *(turing(restarts) for restarts in (1, 128)),
]
