"""Learning a program from examples: `fit`.

In: a program with holes, examples. Out: `Result`: the emitted program, its choices, every other
restart that fits, metrics and a report. No decision depends on the clock; the same seed gives
the same result.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from diffprog.learn.emit import emit
from diffprog.learn.examples import Examples, Pairs, as_examples
from diffprog.learn.history import programs
from diffprog.learn.policies import as_tables
from diffprog.learn.runs import Run, options
from diffprog.learn.session import Session
from diffprog.learn.streams import Stream
from diffprog.learn.weights import softmaxed
from diffprog.nets import PREFIX
from diffprog.pipeline.decided import program_for
from diffprog.pipeline.tracing import traced
from diffprog.view.curves import curves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.learn.record import Solution
    from diffprog.learn.streams import Draw
    from diffprog.pipeline import Program
    from diffprog.pipeline.tracing import SoftTrace
    from diffprog.view.curves import Found


@dataclass(frozen=True)
class Result:
    """What training found.

    Attributes:
        source: the program with its holes.
        examples: what it was trained on.
        best: the best hardened program: by dev, then by train.
        solutions: the different programs that fit, those first that hold on dev.
        metrics: one row for each evaluation.
        estimator: which one was used.
        why: why.
        share: the share of restarts that fit.
        restarts: how many were trained.
        weights: of the holes by key when the best was found, the alternatives on the last axis.
        impossible: training examples that no choices can answer (as far as the estimator can tell).
        out: the folder of the run, if there is one.
    """

    source: Program = field(repr=False)
    examples: Examples | Stream = field(repr=False)
    best: Solution
    solutions: list[Solution] = field(repr=False)
    metrics: list[dict[str, object]] = field(repr=False)
    estimator: str
    why: str
    share: float
    restarts: int
    impossible: int
    weights: dict[str, object] = field(default_factory=dict, repr=False)
    out: Path | None = None

    @property
    def choices(self) -> dict[str, object]:
        """What each hole is."""
        return self.best.choices

    @cached_property
    def program(self) -> Program:
        """The learned program, as text that was parsed again; weights of networks go with it."""
        if self.source.checked.nets:  # its examples are not run again: that takes long
            return emit(self.source, self.choices, mode="verbatim", weights=self.weights or None)
        assert isinstance(self.examples, Examples)
        return emit(self.source, self.choices, self.examples, weights=self.weights or None)

    @cached_property
    def rules(self) -> Program:
        """The learned program with its policies of finite values written as rules, or as tables."""
        known = self.examples if isinstance(self.examples, Examples) else None
        return emit(*as_tables(self.program), known)

    def program_for(self, *, explain: bool = False, **inputs: object) -> Program:
        """Return the program that its networks write for an input; `explain` adds how sure.

        Raises:
            DiffprogError: DP329 where more is open than what networks decide.
        """
        return program_for(self.program, inputs, explain=explain)

    def trace(self, *items: Mapping[str, object], **inputs: object) -> SoftTrace:
        """Run the program softly, with the learned weights, and watch what it does.

        Takes inputs by name, or several of such mappings.
        """
        return traced(self.source.decide(self.choices), items or [inputs], self.weights)

    @cached_property
    def found(self) -> list[Found]:
        """The different programs that fit, each with what it writes into the text."""
        known = self.examples if isinstance(self.examples, Examples) else None
        return programs(self.source, self.solutions, None if self.source.checked.nets else known)

    def curves(self, path: str | Path) -> Path:
        """Draw how it was trained, and what the restarts found (svg, png, pdf)."""
        name = self.source.name
        return curves(self.metrics, path, found=self.found, restarts=self.restarts, title=name)

    def at(self, **sizes: int) -> Program:
        """Return the learned program at other sizes."""
        return self.program.at(**sizes)

    @property
    def report(self) -> dict[str, object]:
        """The result in numbers."""
        return {
            "schema": "diffprog.report/1",
            "estimator": self.estimator,
            "why": self.why,
            "train": self.best.train,
            "dev": self.best.dev,
            "restart": self.best.restart,
            "step": self.best.step,
            "restarts": self.restarts,
            "share_of_restarts_that_fit": self.share,
            "different_solutions": len(self.solutions),
            "solutions": [asdict(found) for found in self.found],
            "impossible_examples": self.impossible,
            "choices": {k: v for k, v in self.choices.items() if not k.startswith(PREFIX)},
        }


def fit(
    program: Program,
    examples: Examples | str | Path | Pairs | Draw,
    *,
    dev: Examples | str | Path | Pairs | Draw | None = None,
    restarts: int | None = None,
    estimator: str = "auto",
    steps: int = 1000,
    seed: int = 0,
    out: str | Path | None = None,
    lr: float | None = None,
    network_lr: float = 1e-3,
    fall: float = 1.0,
    weight_decay: float = 0.0,
    optimiser: str = "adam",
    clip: float | None = 1.0,
    noise: float = 0.0,
    entropy: float = 0.0,
    anneal: tuple[float, float] | None = None,
    cool: tuple[float, float] | None = None,
    start: float = 0.5,
    batch: int | None = None,
    every: int = 10,
    samples: int = 16,
    straight_through: bool = False,
    states: int = 2**19,
    width: int = 64,
    tolerance: float = 1e-3,
    scale: float | None = None,
    cost: float | tuple[float, float] = 0.01,
    select: str = "crisp",
    backend: str = "torch",
    progress: bool = True,
    stop_when_exact: bool | int = True,
    resume: bool = True,
) -> Result:
    """Learn the holes of a program from examples.

    Args:
        program: with holes.
        examples: a file of JSON lines, pairs (inputs, answer), `Examples`, or, for a program with
            networks, a function that draws a batch from a `numpy.random.Generator` (and, where it
            takes two arguments, the share of the steps that are done): inputs by name and the
            answers, as arrays of a row an example.
        dev: held-out examples: what the best restart is chosen by.
        restarts: how many sets of choices and weights are trained side by side: 32, or 1 where
            the program has networks.
        estimator: `exact`, `beam`, `sample`, `soft`, `search`, or `auto`: `exact` where it fits.
        steps: the most steps taken.
        seed: of everything random.
        out: the folder of the run; a run that was stopped there goes on.
        lr: the learning rate of choices; by default what suits the estimator.
        network_lr: that of networks, and of learned reals beside them.
        fall: the share of the learning rates that is left at the last step.
        weight_decay: of the optimiser.
        optimiser: `adam`, `rmsprop` or `graves` (the centred form of Graves 2013).
        clip: the largest gradient norm of a restart.
        noise: the scale of gradient noise, noise / (1 + t)^0.55 after clipping.
        entropy: the weight of an entropy bonus that falls to 0.
        anneal: the choices' temperature at the first and the last step.
        cool: that of the relaxed operations (`pick`, `chance`, comparisons), for `soft`: what is
            trained while it falls loses less where it is run crisply.
        start: the spread of the first logits.
        batch: how many rows a step sees; all by default.
        every: how many steps lie between two crisp evaluations.
        samples: draws for each row, for `sample`.
        straight_through: whether `sample` draws whole programs and takes gradients straight
            through the draws (Bengio 2013), instead of the score function.
        states: the budget of `exact`: states at once.
        width: sequences that are followed for each row, for `beam`.
        tolerance: how far off a real answer may be.
        scale: of a Gaussian likelihood of reals instead of the tolerance.
        cost: the weight of what loops `by act` and `by ponder` cost (tau in Graves 2016, beta in
            Banino 2021), for `soft`; two numbers are that of the first and of the last step.
        select: what the best is chosen by, and what has to be exact to stop: the `crisp` answers,
            or the most probable `soft` ones. Programs without networks know only the first.
        backend: what runs the soft form, as in `Program.soften`; `auto` compiles the rounds of
            loops with networks after a while.
        progress: whether to show it, on stderr.
        stop_when_exact: whether to stop when a restart is right on train and dev; a number
            is how many evaluations in a row have to say so.
        resume: whether to go on with the run in `out`.

    Raises:
        DiffprogError: DP61x for wrong examples, DP62x for training that cannot
            be done, DP627 for wrong options.
    """
    chosen = options(
        {
            "restarts": restarts, "estimator": estimator, "steps": steps, "seed": seed, "lr": lr,
            "optimiser": optimiser, "clip": clip, "noise": noise, "entropy": entropy,
            "anneal": anneal, "cool": cool, "start": start, "batch": batch, "every": every,
            "samples": samples, "straight_through": straight_through, "states": states,
            "width": width, "tolerance": tolerance, "scale": scale, "cost": cost,
            "stop_when_exact": stop_when_exact, "network_lr": network_lr, "fall": fall,
            "weight_decay": weight_decay, "select": select, "backend": backend,
        }
    )  # fmt: skip
    train = _source(examples, program, seed, "examples")
    held = None if dev is None else _source(dev, program, seed, "dev")
    session = Session(program, train, held, chosen)
    run = None if out is None else Run(out)
    rows = session.train(run, resume=resume, progress=progress)
    session.leave(program.externs)
    result = _result(session, rows, None if out is None else Path(out))
    if run is not None:
        run.finish(result.program, result.report)
    return result


def _source(
    given: Examples | str | Path | Pairs | Draw, program: Program, seed: int, name: str
) -> Examples | Stream:
    return Stream(given, seed, name) if callable(given) else as_examples(given, program, name)


def _result(session: Session, rows: list[dict[str, object]], out: Path | None) -> Result:
    record, cells = session.record, session.cells
    return Result(
        source=session.program,
        examples=session.examples,
        best=record.solution(record.restarts, cells),
        solutions=record.solutions(cells),
        metrics=rows,
        estimator=session.name,
        why=session.why,
        share=record.fits / record.restarts,
        restarts=record.restarts,
        impossible=session.impossible,
        weights=softmaxed(record.weights),
        out=out,
    )
