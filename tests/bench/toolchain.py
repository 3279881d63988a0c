"""What the toolchain itself costs: to check, lower and generate each program of the benchmark.

Native code is generated and compiled in a process of its own, and then once more in another, which
finds it in the cache; both begin with the simplified graph, and what a module of the torch source
costs is taken off. Times are of the processor, the compiler's included: other work on the machine
is not counted.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import tempfile
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from unittest import mock

import torch

import diffprog as dp
from diffprog.soft.torchgen import generate
from tests.bench.cases import CASES
from tests.bench.measure import Row, numbers_of, problem_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.case import Case

TIMES = 3
STAGES = ("parse and check", "lower", "simplify", "generate torch source")
TRIFLE = "program same(x: real) -> real:\n    return x\n"
NATIVE = ("compile native code", "load native code again")


def costs() -> list[Row]:
    """Return rows for each program, at the last size that is measured of it."""
    with tempfile.TemporaryDirectory() as cache, mock.patch.dict(os.environ, XDG_CACHE_HOME=cache):
        return [row for case in {c.file: c for c in CASES}.values() for row in _of(case)]


def _of(case: Case) -> Iterator[Row]:
    runs = [_stages(case) for _ in range(TIMES)]
    for name, times in zip(STAGES, zip(*runs, strict=True), strict=True):
        yield Row("toolchain", case.file.stem, name, times)
    for name in NATIVE:
        found = _apart(case)
        if isinstance(found, str):
            yield Row("toolchain", case.file.stem, name, note=found)
        else:
            yield Row("toolchain", case.file.stem, name, (found,))


def _stages(case: Case) -> list[float]:
    moments = [processor()]
    program = case.load()
    moments.append(processor())
    for stage in ("lowered", "simplified"):
        getattr(program, stage)
        moments.append(processor())
    generate(program.simplified, "program")
    moments.append(processor())
    return [b - a for a, b in pairwise(moments)]


def _apart(case: Case) -> float | str:
    """Return how long native code takes until its first step is done, in a process of its own."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_native, args=(case, theirs))
    process.start()
    found: float | str = ours.recv()
    process.join()
    return found


def processor() -> float:
    """Return the seconds of the processor that this process and what it called have taken."""
    return time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def _native(case: Case, pipe: Any) -> None:
    try:
        dp.loads(TRIFLE).soften(backend="native")(x=0.5)  # what only the first program pays
        program, numbers = case.load(), numbers_of(case, torch.float32, "cpu")
        moments = []
        for backend in ("torch", "torch", "native"):  # the first time it is generated
            moments.append(processor())
            run = case.ours(program, backend, numbers)
        run(numbers)
        moments.append(processor())
        run(numbers)
        _, module, start, first = moments
        pipe.send((first - start) - (start - module) - (processor() - first))
    except Exception as problem:
        pipe.send(problem_text(problem))
