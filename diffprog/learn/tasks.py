"""Examples as tasks: rows of one size each, with the program at that size.

In: a program, examples. Out: tasks in an order that the seed decides, cut into batches where asked.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import torch

from diffprog.errors import fail
from diffprog.learn.rows import Task, as_rows
from diffprog.learn.streams import Stream
from diffprog.learn.trainer import chance
from diffprog.lower.value import flat_types
from diffprog.nets import EXTERN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from diffprog.learn.examples import Examples
    from diffprog.pipeline import Program
    from diffprog.soft.module import SoftProgram

MOST_EVALUATED = 2048
"""Training examples that a program with networks is evaluated on now and then."""

AT_ONCE = 256
"""Rows of a soft evaluation that are run together."""


def tasks(
    program: Program, examples: Examples, *, batch: int | None = None, seed: int = 0
) -> tuple[list[Task], list[Program]]:
    """Return examples as tasks, by size and batch, and the program of each."""
    found: list[Task] = []
    programs: list[Program] = []
    for sizes, places in examples.groups.items():
        bound = program.at(**dict(sizes))
        rows = as_rows([examples[i] for i in places], bound.parameters, bound.result)
        result = tuple(flat_types(bound.result))
        order = torch.randperm(rows.count, generator=chance(seed, -1))
        parts = [rows] if batch is None else [rows.take(p) for p in order.split(batch)]  # type: ignore[no-untyped-call]
        found += [Task(bound.simplified, result, part) for part in parts]
        programs += [bound] * len(parts)
    return found, programs


def evaluated(
    program: Program, examples: Examples | Stream, part: int
) -> tuple[list[Task], list[Program]]:
    """Return what a program with networks is evaluated on, in pieces that are run at once."""
    if isinstance(examples, Stream):
        drawn = examples.held(program, part)
        return [task for task, _ in drawn], [bound for _, bound in drawn]
    return tasks(program, examples[:MOST_EVALUATED], batch=AT_ONCE)


def modules(
    programs: Sequence[Program], restarts: int | None, backend: str = "torch"
) -> list[SoftProgram]:
    """Return the module of each program; equal programs share one."""
    made: dict[int, SoftProgram] = {}
    for program in programs:
        if id(program) not in made:
            made[id(program)] = program.soften(restarts, backend=backend)
    return [made[id(program)] for program in programs]


def digest(examples: Examples | Stream) -> str:
    """Return what a run remembers of examples."""
    if isinstance(examples, Stream):
        return examples.digest
    text = repr([(e.inputs, e.output) for e in examples])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def stored(examples: Examples | Stream) -> Examples:
    """Return examples that are at hand; complain of a stream where one cannot be used.

    Raises:
        DiffprogError: DP628.
    """
    if isinstance(examples, Stream):
        hint = "draw some and pass them as a list of pairs"
        fail("DP628", "a stream of batches trains programs with networks only", hint=hint)
    return examples


def first_networks(program: Program, restarts: int | None, seed: int) -> dict[str, Tensor]:
    """Return the first weights of a program's networks by key, restarts on a leading axis.

    Those that the program has already are kept. An extern that is bound is trained where there is
    one restart: its weights are the caller's own.
    """
    module = program.soften(restarts, seed=seed)
    found = {key: p.detach() for key, p in module.network_parameters().items()}
    if restarts is None:
        return {key: p.unsqueeze(0) for key, p in found.items()}
    externs = {name for name, net in program.checked.nets.items() if net.kind == EXTERN}
    return {key: p for key, p in found.items() if key.split(".")[1] not in externs}
