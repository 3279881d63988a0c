"""What the benchmark measures: each program at each of its sizes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from tests.bench import hand, machines
from tests.bench.case import HERE, TEMPERATURE, Case, normal, simplex, whole
from tests.bench.networked import act, ntm

if TYPE_CHECKING:
    from tests.bench.case import Numbers

TURING = Path(__file__).parents[2] / "examples" / "turing" / "turing.dp"


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
        devices=("cpu", "cuda") if batch == 1024 else ("cpu",),
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


def where(restarts: int) -> tuple[str, ...]:
    """Return the devices for so many restarts: a GPU wants many."""
    return {128: ("cpu", "cuda"), 1024: ("cuda",)}.get(restarts, ("cpu",))


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
        devices=where(restarts),
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
        devices=where(restarts),
        data=("tape",),
        temperature=1.0,
    )


CASES = [
    *(bubble(n, batch) for n in (5, 10) for batch in (1, 64, 1024)),
    *(levenshtein(length) for length in (8, 16)),
    *(path(side) for side in (8, 12)),
    *(counter(steps) for steps in (16, 64, 256, 4096)),
    *(register(*of) for of in ((1, 64), (16, 4), (128, 4), (1024, 4))),
    *(turing(restarts) for restarts in (1, 128, 1024)),
    *(ntm(*of) for of in ((1, 1), (1, 32), (20, 1), (20, 32))),
    *(act(mean) for mean in (2, 6, 25)),
]
