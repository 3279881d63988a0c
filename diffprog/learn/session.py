"""Training from the first step to the last: what is prepared, what is repeated, what is kept.

In: a program, examples, options. Out: a record of what was found and rows of metrics. A run in
a folder is saved at each evaluation, and when it is interrupted.
"""

from __future__ import annotations

import hashlib
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from diffprog.errors import Diagnostic, DiffprogError, fail
from diffprog.lang.imports import texts
from diffprog.learn.cells import Cells, parameter_name
from diffprog.learn.choose import Setting, choose, refuse_pondering
from diffprog.learn.estimators import Task
from diffprog.learn.outcomes import Likelihood
from diffprog.learn.progress import Meter
from diffprog.learn.record import Marks, Record, accuracy
from diffprog.learn.relaxed import Soft
from diffprog.learn.rows import as_rows
from diffprog.learn.runs import Config, Options, Run
from diffprog.learn.search import Search
from diffprog.learn.trainer import Descent, Recipe, Trainer, Walk, chance
from diffprog.lower.value import flat_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diffprog.learn.examples import Examples
    from diffprog.pipeline import Program

Row = dict[str, object]
RATES = {"exact": 0.3, "beam": 0.3, "soft": 0.1, "sample": 0.1}
"""Learning rates unless told otherwise: exact gradients bear larger ones."""


class Session:
    """One training of one program."""

    def __init__(
        self, program: Program, examples: Examples, held: Examples | None, options: Options
    ) -> None:
        if not program.holes:
            hint = "leave a `choose` or a `learn` where you do not know"
            fail("DP626", f"{program.name} has nothing to learn", hint=hint)
        self.program, self.examples, self.held = program, examples, held
        self.options, self.cells = options, Cells(program.holes)
        scale = 1.0 if options.scale is None and self.cells.reals else options.scale
        self.likelihood = Likelihood(options.tolerance, scale)
        self.whole, _ = tasks(program, examples)
        self.dev = None if held is None else tasks(program, held)[0]
        self.trainer, self.name, self.why = self._trainer()
        self.record = Record.empty(options.restarts, self.cells, held_out=held is not None)
        self.rows: list[Row] = []

    @property
    def impossible(self) -> int:
        """Rows that no decisions can answer, as far as the last step could tell."""
        return self.trainer.impossible if isinstance(self.trainer, Descent) else 0

    def _trainer(self) -> tuple[Trainer, str, str]:
        o = self.options
        batches, programs = tasks(self.program, self.examples, batch=o.batch, seed=o.seed)
        self.batches = len(batches)
        if o.estimator == "search":
            refuse_pondering("search", self.whole, self.cells)
            search = Search(self.whole, self.cells, o.steps)
            return Walk(search, o.restarts, o.seed), "search", "asked for"
        setting = Setting(
            tasks=batches,
            cells=self.cells,
            likelihood=self.likelihood,
            restarts=o.restarts,
            samples=o.samples,
            states=o.states,
            width=o.width,
            modules=lambda: [p.soften(o.restarts) for p in programs],
            cost=o.cost,
        )
        estimator = choose(o.estimator, setting)
        rate = RATES[estimator.name] if o.lr is None else o.lr
        recipe = Recipe(
            rate, o.optimiser, o.clip, o.noise, o.entropy, o.anneal, o.steps, o.start, o.seed
        )
        descent = Descent(estimator, self.cells, o.restarts, recipe)
        return descent, estimator.name, estimator.why

    def config(self) -> Config:
        """Return what this training was asked for."""
        return Config(
            program=self.program.source,
            modules=texts(self.program.syntax),
            sizes=self.program.sizes,
            examples=_digest(self.examples),
            dev=None if self.held is None else _digest(self.held),
            options=self.options,
        )

    def train(self, run: Run | None, *, resume: bool, progress: bool) -> list[Row]:
        """Take all steps, or those that are left, and return the metrics."""
        first = 0
        if run is not None:
            found = run.open(self.config(), resume=resume)
            first = 0 if found is None else self._load(found)
        with Meter(self.options.steps, shown=progress) as meter, interrupts() as asked:
            for step in range(first, self.options.steps):
                if self._done():
                    break
                loss = self.trainer.step(step, self._tasks(step))
                self._finite(loss, step)
                last = step + 1 == self.options.steps
                if (step + 1) % self.options.every == 0 or last:
                    row = self._evaluated(step + 1, loss)
                    meter.update(step + 1, row, last=last or self._done())
                    self._save(run, step + 1)
                if asked:
                    self._save(run, step + 1)
                    raise KeyboardInterrupt
        return self.rows

    def _tasks(self, step: int) -> range | list[int]:
        """Return the batches of a step: all without `batch`, else the next of the epoch's order."""
        if self.options.batch is None:
            return range(self.batches)
        epoch, place = divmod(step, self.batches)
        order = torch.randperm(self.batches, generator=chance(self.options.seed, -2 - epoch))
        return [int(order[place])]

    def _done(self) -> bool:
        """Say whether some restart is right on everything."""
        if not self.options.stop_when_exact:
            return False
        return float(self.record.train[-1]) == 1 and (
            self.dev is None or float(self.record.dev[-1]) == 1
        )

    def _evaluated(self, step: int, loss: Tensor) -> Row:
        choices, reals = self.trainer.hardened(), self.trainer.reals()
        tolerance = self.options.tolerance
        train = accuracy(self.whole, self.cells, choices, reals, tolerance)
        dev = None
        if self.dev is not None:
            dev = accuracy(self.dev, self.cells, choices, reals, tolerance)
        self.record.take(Marks(train, dev), choices, reals, step, self._logits())
        best = int(Marks(train, dev).rank.max(0).indices)
        row: Row = {"step": step, "loss": float(loss[best]), "soft": self._soft(loss, best)}
        row["crisp"] = float(train[best])
        if dev is not None:
            row["dev"] = float(dev[best])
        row["entropy"] = float(self.trainer.entropy()[best])
        if isinstance(self.trainer, Descent) and self.trainer.left_out is not None:
            row["left out"] = float(self.trainer.left_out[best])
        row |= {"restart": best, "fit": self.record.fits}
        self.rows.append(row)
        return row

    def _logits(self) -> dict[str, Tensor]:
        """Return the logits of the choices by parameter name; search has none."""
        if not isinstance(self.trainer, Descent):
            return {}
        names = map(parameter_name, self.cells.parts)
        return {name: self.trainer.weights[name] for name in names}

    def _soft(self, loss: Tensor, best: int) -> float:
        """Return the soft accuracy of a restart.

        For `soft` the share of rows whose most probable answer is right; for `exact` and `beam`
        the (geometric) mean probability of the right answer; for the others the share of right
        cells.
        """
        trainer = self.trainer
        if isinstance(trainer, Descent) and isinstance(trainer.estimator, Soft):
            shares = [trainer.estimator.right(t, trainer.weights, 1.0) for t in range(self.batches)]
            return float(torch.stack(shares).mean(0)[best])
        exact = self.name in ("exact", "beam")
        return float((-loss[best]).exp() if exact else 1 - loss[best])

    def _finite(self, loss: Tensor, step: int) -> None:
        """Complain of a loss or a gradient that is no number, by step, operation and line."""
        broken = isinstance(self.trainer, Descent) and self.trainer.broken
        finite = bool(loss.isfinite().all())
        if finite and not broken:
            return
        found = self._find_nan(self.trainer) if isinstance(self.trainer, Descent) else None
        what = "gradient" if finite else "loss"
        message = f"at step {step + 1} the {what} of a restart is not a number"
        if found is not None:
            message += f": {found.message}"
        help_ = "use a smaller `lr`, or a `clip`"
        span = None if found is None else found.span
        raise DiffprogError(Diagnostic("DP623", message, span, help=help_))

    def _find_nan(self, trainer: Descent) -> Diagnostic | None:
        """Look for it by the soft reading, whatever the estimator."""
        batches, programs = tasks(
            self.program, self.examples, batch=self.options.batch, seed=self.options.seed
        )
        modules = [p.soften(self.options.restarts) for p in programs]
        return Soft(batches, modules, self.likelihood).find_nan(trainer.weights)

    def _save(self, run: Run | None, step: int) -> None:
        if run is not None:
            run.metrics(self.rows)
            state = {"step": step, "rows": self.rows}
            run.save({**self.trainer.state(), **self.record.state()}, state)

    def _load(self, found: dict[str, Any]) -> int:
        self.trainer.load(found["tensors"])
        self.record.load(found["tensors"])
        self.rows = list(found["state"]["rows"])
        return int(found["state"]["step"])


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


def _digest(examples: Examples) -> str:
    text = repr([(e.inputs, e.output) for e in examples])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def interrupts() -> Iterator[list[int]]:
    """Collect interrupts instead of dying of the first: a checkpoint comes before the end."""
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: asked.append(number))
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
