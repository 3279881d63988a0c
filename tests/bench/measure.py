"""How the benchmark measures: a process for each variant, all of a case's taking turns.

In: a case and the names of variants. Out: rows. Every variant's outputs and gradients are first
compared with the hand-written ones, in double precision. Then each is timed in short rounds, one
variant after the other and then back, in the order they are named in, so that whatever else the
machine does falls on all of them alike.
"""

from __future__ import annotations

import ctypes
import math
import multiprocessing
import os
import resource
import sys
import time
import traceback
import warnings
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import torch

from tests.bench.cases import CASES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection

    from tests.bench.case import Case, Variant

REFERENCE = "hand eager"
ROUND_S = 0.03
"""How long a round lasts, unless one step is longer."""
CASE_S, MORE = 30, 8
"""How long the rounds of a case last where they are short: they are up to so many times as many."""
AGREES = 1e-9
ENVIRONMENT = {"TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1", "TORCHINDUCTOR_COMPILE_THREADS": "1"}
"""So that compile times are those of a first compilation, in one process."""
HEAP = {-1: 1 << 30, -3: 1 << 25}
"""Settings of glibc's `mallopt`, M_TRIM_THRESHOLD and M_MMAP_THRESHOLD: memory stays the process's.

Else one of several equal processes gives it back to the system in each step and takes it again,
and a step takes half as long again.
"""


@dataclass(frozen=True)
class Row:
    """One variant of one case.

    Attributes:
        program: the case's program.
        setup: its size.
        variant: which of the peers.
        rounds_s: of a step, forward and backward, in each round; the other variants take turns.
        compile_s: from nothing to the end of the first step, less one step.
        peak_rss_mb: of the variant's process.
        max_diff: of outputs and gradients from the hand-written ones, relative to the largest.
        note: why there are no numbers; empty where there are.
    """

    program: str
    setup: str
    variant: str
    rounds_s: tuple[float, ...] = ()
    compile_s: float = math.nan
    peak_rss_mb: float = math.nan
    max_diff: float = math.nan
    note: str = ""

    @property
    def median_s(self) -> float:
        """Of the rounds; not a number where there is none."""
        return median(self.rounds_s) if self.rounds_s else math.nan

    @property
    def min_s(self) -> float:
        """Of the fastest round."""
        return min(self.rounds_s, default=math.nan)

    @property
    def spread_s(self) -> float:
        """Between the quartiles of the rounds."""
        low, high = quartiles(self.rounds_s)
        return high - low

    def as_json(self) -> dict[str, object]:
        """Return it with null for what was not measured."""
        found = {"median_s": self.median_s, "min_s": self.min_s, "spread_s": self.spread_s}
        return {k: None if v != v else v for k, v in (asdict(self) | found).items()}


def quartiles(numbers: Sequence[float]) -> tuple[float, float]:
    """Return the numbers a quarter of the way from each end; of none, not a number."""
    found, away = sorted(numbers), len(numbers) // 4
    return (found[away], found[-1 - away]) if found else (math.nan, math.nan)


@dataclass
class Step:
    """A training step of one variant: forward, a fixed loss, backward."""

    run: Variant
    numbers: dict[str, torch.Tensor]
    weights: list[torch.Tensor]

    @classmethod
    def of(cls, case: Case, variant: str, dtype: torch.dtype, device: str) -> Step:
        """Build a variant with numbers of its own; they are the same for all variants."""
        numbers = numbers_of(case, dtype, device)
        kind = Graphed if variant.endswith("graphed") else cls
        return kind(case.variant(variant, numbers), numbers, [])

    def __call__(self) -> Sequence[torch.Tensor]:
        """Run the step once; return the outputs."""
        for number in self.numbers.values():
            number.grad = None
        out = self.run(self.numbers)
        if not self.weights:
            made = torch.Generator().manual_seed(1)
            for x in out:
                drawn = torch.randn(x.shape, generator=made, dtype=torch.float64)
                self.weights.append(drawn.to(x.device, x.dtype))
        loss = sum((x * w).sum() for x, w in zip(out, self.weights, strict=True))
        assert isinstance(loss, torch.Tensor)
        loss.backward()
        return out

    def found(self) -> list[Any]:
        """Return outputs and gradients as arrays."""
        out = [x.detach().cpu().numpy() for x in self()]
        return out + [
            (torch.zeros_like(p) if p.grad is None else p.grad).cpu().numpy()
            for p in self.numbers.values()
            if p.requires_grad
        ]


class Graphed(Step):
    """A step as a CUDA graph: recorded after a few steps, then played back."""

    recorded: tuple[torch.cuda.CUDAGraph, Sequence[torch.Tensor]] | None = None

    def __call__(self) -> Sequence[torch.Tensor]:
        """Run the step once; return the outputs."""
        if self.recorded is None:
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(3):
                    super().__call__()
            torch.cuda.current_stream().wait_stream(stream)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                out = super().__call__()
            self.recorded = graph, out
        self.recorded[0].replay()
        return self.recorded[1]


def numbers_of(case: Case, dtype: torch.dtype, device: str) -> dict[str, torch.Tensor]:
    """Return a case's numbers, as what gradients are asked of."""
    return {
        name: torch.nn.Parameter(x.to(device, dtype), requires_grad=name not in case.data)
        for name, x in case.draw(torch.Generator().manual_seed(0)).items()
    }


def serve(pipe: Connection, index: int, variant: str, device: str, threads: int) -> None:
    """Measure one variant as the other end says: the work of a variant's process."""
    torch.set_num_threads(threads)
    warnings.filterwarnings("ignore", category=UserWarning, module="algovision")
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        for setting, value in HEAP.items():
            libc.mallopt(setting, value)
    try:
        warm = CASES[index].warm if variant == "ours auto" else 2
        step = Step.of(CASES[index], variant, torch.float64, device)
        timed(step, warm, device)  # what is timed is what is compared
        pipe.send(step.found())
        pipe.recv()
        torch.compiler.reset()
        start = time.perf_counter()
        step = Step.of(CASES[index], variant, torch.float32, device)
        timed(step, 1, device)
        first = time.perf_counter() - start
        timed(step, warm, device)
        once = timed(step, 1, device)
        pipe.send((first - once, once))
        while (times := pipe.recv()) is not None:
            pipe.send(timed(step, times, device))
        pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    except Exception as problem:
        if os.environ.get("BENCH_DEBUG"):
            traceback.print_exc()
        pipe.send(problem_text(problem))


def problem_text(problem: Exception) -> str:
    """Return the first line of what went wrong."""
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0][:60].strip()


def timed(step: Step, times: int, device: str) -> float:
    """Return the seconds of one step, as the mean of a few in a row."""
    start = time.perf_counter()
    for _ in range(times):
        step()
    if device == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - start) / times


@contextmanager
def worker(index: int, variant: str, device: str, threads: int) -> Iterator[Connection]:
    """Start the process of a variant.

    It is forked from this one, which has loaded torch and computed nothing, on a GPU neither.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, index, variant, device, threads))
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join(10)
        if process.is_alive():
            process.terminate()


def said(pipe: Connection) -> Any:
    """Return what a worker says; a text is what went wrong there."""
    try:
        return pipe.recv()
    except EOFError:
        return "its process ended"


def difference(found: Sequence[Any], wanted: Sequence[Any]) -> float:
    """Return the largest difference, relative to the largest number of each array (at least 1)."""
    worst = 0.0
    for a, b in zip(found, wanted, strict=True):
        if a.shape != b.shape:
            return math.inf
        if a.size:
            worst = max(worst, float(abs(a - b).max() / max(1.0, abs(b).max())))
    return worst


def measured(
    index: int, variants: Sequence[str], device: str, threads: int, rounds: int
) -> list[Row]:
    """Return the rows of a case."""
    os.environ.update(ENVIRONMENT)
    case = CASES[index]
    rows = {v: Row(case.program, case.setup, v) for v in variants}
    wanted: list[Any] | None = None
    open_: dict[str, Connection] = {}
    results: dict[str, tuple[float, float, float, list[float]]] = {}
    order = [REFERENCE, *(v for v in variants if v != REFERENCE)]
    with ExitStack() as stack:
        for variant in order:
            pipe = stack.enter_context(worker(index, variant, device, threads))
            found = said(pipe)
            if isinstance(found, str):
                rows[variant] = Row(case.program, case.setup, variant, note=found)
                continue
            wanted = found if wanted is None else wanted
            gap = difference(found, wanted)
            pipe.send("go on")
            ready = said(pipe)
            if isinstance(ready, str):
                rows[variant] = Row(case.program, case.setup, variant, max_diff=gap, note=ready)
                continue
            open_[variant], results[variant] = pipe, (gap, *ready, [])
        turns = list(open_)
        lasts = sum(max(ROUND_S, results[v][2]) for v in turns)
        fitting = round(CASE_S / lasts) if turns else 0
        for _ in range(max(rounds, min(MORE * rounds, fitting))):
            for variant in turns:
                open_[variant].send(max(1, round(ROUND_S / results[variant][2])))
                results[variant][3].append(open_[variant].recv())
            turns.reverse()
        for variant, pipe in open_.items():
            pipe.send(None)
            gap, compile_s, _, times = results[variant]
            rows[variant] = Row(
                case.program,
                case.setup,
                variant,
                rounds_s=tuple(times),
                compile_s=max(0.0, compile_s),
                peak_rss_mb=pipe.recv(),
                max_diff=gap,
                note="" if gap <= AGREES else "DISAGREES",
            )
    for row in rows.values():
        print(f"{row.program}, {row.setup}, {row.variant}: {_said(row)}", file=sys.stderr)
    return [rows[v] for v in variants]


def _said(row: Row) -> str:
    return f"{1e3 * row.median_s:.3f} ms, off by {row.max_diff:.1e} {row.note}".replace("nan", "-")
