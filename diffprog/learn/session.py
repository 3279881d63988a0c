"""Training from the first step to the last: what is prepared, what is repeated, what is kept.

In: a program, examples, options. Out: a record of what was found and rows of metrics. A run in
a folder is saved at each evaluation, and when it is interrupted.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from diffprog.errors import Diagnostic, DiffprogError, fail
from diffprog.lang.imports import texts
from diffprog.learn.cells import Cells, parameter_name
from diffprog.learn.choose import Setting, choose, refuse_pondering, renew
from diffprog.learn.judges import Crisp, Judge, Softened
from diffprog.learn.networks import Networks, only_decides
from diffprog.learn.outcomes import Likelihood
from diffprog.learn.progress import Meter
from diffprog.learn.record import Marks, Record
from diffprog.learn.relaxed import Soft
from diffprog.learn.runs import Config, Options, Run
from diffprog.learn.search import Search
from diffprog.learn.streams import Stream
from diffprog.learn.tasks import digest, evaluated, first_networks, modules, stored, tasks
from diffprog.learn.trainer import Descent, Recipe, Trainer, Walk, chance
from diffprog.nets import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diffprog.learn.examples import Examples
    from diffprog.learn.rows import Task
    from diffprog.pipeline import Program
    from diffprog.soft.module import SoftProgram

Row = dict[str, object]
RATES = {"exact": 0.3, "beam": 0.3, "soft": 0.1, "sample": 0.1}
"""Learning rates unless told otherwise: exact gradients bear larger ones."""
RESTARTS = 32
"""Restarts unless told otherwise; a program with networks has one."""


class Session:
    """One training of one program."""

    def __init__(
        self,
        program: Program,
        examples: Examples | Stream,
        held: Examples | Stream | None,
        options: Options,
    ) -> None:
        networks = program.checked.nets
        if not program.holes and not networks:
            hint = "leave a `choose` or a `learn` where you do not know"
            fail("DP626", f"{program.name} has nothing to learn", hint=hint)
        self.program, self.examples, self.held, self.options = program, examples, held, options
        self.restarts = options.restarts or (1 if networks else RESTARTS)
        # One restart has no axis: networks then run as they are.
        self.axis = None if self.restarts == 1 and networks else self.restarts
        self.networks = first_networks(program, self.axis, options.seed) if networks else {}
        self.deciding = Networks.of(networks, program.externs) if networks else None
        self.cells = Cells(program.holes, list(self.networks))
        # A network that only decides leaves an answer as right or wrong as it was.
        computed = bool(self.cells.reals) or not only_decides(program.simplified)
        open_scale = options.scale is None and computed
        self.likelihood = Likelihood(options.tolerance, 1.0 if open_scale else options.scale)
        self.judge = self._judge(examples, 1)
        self.dev = None if held is None else self._judge(held, 2)
        self.trainer, self.name, self.why = self._trainer()
        self.record = Record.empty(self.restarts, self.cells, held_out=held is not None)
        self.rows: list[Row] = []
        self._modules: dict[int, SoftProgram] = {}

    def _judge(self, examples: Examples | Stream, part: int) -> Judge:
        if not self.networks:
            return Crisp(tasks(self.program, stored(examples))[0], self.cells, self.likelihood)
        found, programs = evaluated(self.program, examples, part)
        if self.options.select == "crisp" and all(only_decides(t.graph) for t in found):
            crisply = Networks.of(self.program.checked.nets, self.program.externs).eval()
            return Crisp(found, self.cells, self.likelihood, crisply)
        judged = Soft(found, modules(programs, self.axis, self.options.backend), self.likelihood)
        return Softened(judged, soft=self.options.select == "soft")

    @property
    def impossible(self) -> int:
        """Rows that no decisions can answer, as far as the last step could tell."""
        return self.trainer.impossible if isinstance(self.trainer, Descent) else 0

    def _trainer(self) -> tuple[Trainer, str, str]:
        o = self.options
        batches, programs = self._batches()
        self.batches = len(batches)
        if o.estimator == "search":
            refuse_pondering("search", batches, self.cells)
            search = Search(tasks(self.program, stored(self.examples))[0], self.cells, o.steps)
            return Walk(search, self.restarts, o.seed), "search", "asked for"
        setting = Setting(
            tasks=batches,
            cells=self.cells,
            likelihood=self.likelihood,
            restarts=self.restarts,
            samples=o.samples,
            states=o.states,
            width=o.width,
            modules=lambda: modules(programs, self.axis, o.backend),
            straight=o.straight_through,
            networks=self.deciding,
            weights=self.networks,
        )
        estimator = choose(o.estimator, setting)
        rate = RATES[estimator.name] if o.lr is None else o.lr
        recipe = Recipe(
            lr=rate, network_lr=o.network_lr, fall=o.fall, weight_decay=o.weight_decay,
            optimiser=o.optimiser, clip=o.clip, noise=o.noise, entropy=o.entropy,
            anneal=o.anneal, cool=o.cool, cost=o.cost, steps=o.steps, start=o.start, seed=o.seed,
        )  # fmt: skip
        if o.cool is not None and not isinstance(estimator, Soft):
            message = f"`cool` is a way of `soft`, not of `{estimator.name}`"
            fail("DP627", message, hint="use `estimator='soft'`")
        descent = Descent(estimator, self.cells, self.restarts, recipe, self.networks)
        return descent, estimator.name, estimator.why

    def _batches(self) -> tuple[list[Task], list[Program]]:
        """Return all that is trained on, cut into batches; of a stream the first one."""
        if isinstance(self.examples, Stream):
            task, bound = self.examples.task(self.program, 0, done=0.0)
            return [task], [bound]
        return tasks(self.program, self.examples, batch=self.options.batch, seed=self.options.seed)

    def config(self) -> Config:
        """Return what this training was asked for."""
        return Config(
            program=self.program.source,
            modules=texts(self.program.syntax),
            sizes=self.program.sizes,
            examples=digest(self.examples),
            dev=None if self.held is None else digest(self.held),
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
        if isinstance(self.trainer, Descent) and isinstance(self.trainer.estimator, Soft):
            recipe, soft = self.trainer.recipe, self.trainer.estimator
            soft.warmth, soft.cost = recipe.warmth(step), recipe.weight(step)
        if isinstance(self.examples, Stream):
            assert isinstance(self.trainer, Descent)
            done = step / self.options.steps
            task, bound = self.examples.task(self.program, step, done=done)
            renew(self.trainer.estimator, task, lambda: self._module(bound))
            return [0]
        if self.options.batch is None:
            return range(self.batches)
        epoch, place = divmod(step, self.batches)
        order = torch.randperm(self.batches, generator=chance(self.options.seed, -2 - epoch))
        return [int(order[place])]

    def _module(self, bound: Program) -> SoftProgram:
        if id(bound) not in self._modules:
            self._modules[id(bound)] = bound.soften(self.axis, backend=self.options.backend)
        return self._modules[id(bound)]

    def _done(self) -> bool:
        """Say whether some restart was right on everything, as often as is asked."""
        times = self.options.stop_when_exact
        soft = self.options.select == "soft" and self.networks
        exact = [
            row["soft" if soft else "crisp"] == row.get("dev", 1) == 1 for row in self.rows[-times:]
        ]
        return times > 0 and len(exact) == times and all(exact)

    def _evaluated(self, step: int, loss: Tensor) -> Row:
        choices, reals = self.trainer.hardened(), self.trainer.reals()
        train, close = self.judge.share(self.trainer), self.judge.close(self.trainer)
        dev = None if self.dev is None else self.dev.share(self.trainer)
        tie = None if close is None else 1e-4 * close + 1e-6 / (1 + loss.double().clamp(min=0))
        marks = Marks(train, dev, tie)
        self.record.take(marks, choices, reals, step, self._logits())
        best = int(marks.rank.max(0).indices)
        shares = (train, self._soft(loss)) if close is None else (train, close)
        crisp, soft = shares[::-1] if self.options.select == "soft" and self.networks else shares
        row: Row = {"step": step, "loss": float(loss[best]), "soft": float(soft[best])}
        row["crisp"] = float(crisp[best])
        if dev is not None:
            row["dev"] = float(dev[best])
        row["entropy"] = float(self.trainer.entropy()[best])
        if isinstance(self.trainer, Descent):
            row |= {name: float(value[best]) for name, value in self.trainer.more.items()}
        row |= {"restart": best, "fit": self.record.fits}
        self.rows.append(row)
        return row

    def _logits(self) -> dict[str, Tensor]:
        """Return the logits of the choices by parameter name; search has none."""
        if not isinstance(self.trainer, Descent):
            return {}
        names = map(parameter_name, self.cells.parts)
        return {name: self.trainer.weights[name] for name in names}

    def _soft(self, loss: Tensor) -> Tensor:
        """Return the soft accuracy of each restart, [R].

        For `soft` the share of rows whose most probable answer is right; for `exact` and `beam`
        the (geometric) mean probability of the right answer; for the others the share of right
        cells.
        """
        trainer = self.trainer
        if isinstance(trainer, Descent) and isinstance(trainer.estimator, Soft):
            shares = [trainer.estimator.right(t, trainer.weights, 1.0) for t in range(self.batches)]
            return torch.stack(shares).mean(0)
        exact = self.name in ("exact", "beam")
        return (-loss).exp() if exact else 1 - loss

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
        if isinstance(trainer.estimator, Soft):
            return trainer.estimator.find_nan(trainer.weights)
        batches, programs = self._batches()
        made = modules(programs, self.axis)
        return Soft(batches, made, self.likelihood).find_nan(trainer.weights)

    def leave(self, externs: Mapping[str, Any]) -> None:
        """Give the modules that the caller bound the weights of the best."""
        best = self.record.solution(self.restarts, self.cells).choices
        for name, module in externs.items():
            prefix = f"{PREFIX}{name}."
            for key, parameter in module.named_parameters():
                if f"{prefix}{key}" in best:
                    with torch.no_grad():
                        parameter.copy_(torch.as_tensor(best[f"{prefix}{key}"]))

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
