"""Which estimator: the one that is asked for, or the most exact one that fits the budget.

In: a program, its tasks, the user's word. Out: an estimator that says why it was taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch

from diffprog.errors import fail
from diffprog.ir.graph import Loop, walk
from diffprog.learn.beam import Beam
from diffprog.learn.estimators import Estimator, Exact, Sample, Weighed
from diffprog.learn.expand import TooManyStates
from diffprog.learn.networks import only_decides
from diffprog.learn.relaxed import Soft, relax
from diffprog.learn.scout import Scouted
from diffprog.learn.through import Through

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from diffprog.learn.cells import Cells
    from diffprog.learn.networks import Networks
    from diffprog.learn.outcomes import Likelihood
    from diffprog.learn.rows import Task
    from diffprog.soft.module import SoftProgram

NAMES = ("auto", "exact", "beam", "sample", "search", "soft")
"""The estimators, as the user calls them."""

ROW_SHARE = 16
"""The part of the budget of `exact` that a single row may have for `auto` to go on with it."""


@dataclass(frozen=True)
class Setting:
    """What an estimator is made from.

    Attributes:
        tasks: the rows, by size and batch.
        modules: the soft program of each task; made when asked for.
        cells: the decisions.
        likelihood: what counts as an answer.
        restarts: how many there are.
        samples: draws for each row, for `sample`.
        states: the budget of `exact`.
        width: sequences for each row, for `beam`.
        straight: whether `sample` has gradients straight through its draws.
        networks: those of the program, or None.
        weights: the first weights of these.
    """

    tasks: Sequence[Task]
    cells: Cells
    likelihood: Likelihood
    restarts: int
    samples: int
    states: int
    width: int
    modules: Callable[[], Sequence[SoftProgram]] = tuple
    straight: bool = False
    networks: Networks | None = None
    weights: Mapping[str, Tensor] = field(default_factory=dict)


def choose(name: str, setting: Setting) -> Estimator:
    """Return the estimator that a name means (`search` has no gradient and is made elsewhere).

    Raises:
        DiffprogError: DP624 for a name that is none, DP622 where `exact` does not fit.
    """
    if name not in NAMES:
        names = ", ".join(f"`{n}`" for n in NAMES)
        fail("DP624", f"no estimator is called `{name}`", hint=f"they are {names}")
    if name == "auto":
        return _auto(setting)
    if name != "soft":
        refuse_pondering(name, setting.tasks, setting.cells)
    if name == "exact":
        return _exact(setting, "asked for")
    if name == "beam":
        return _beam(setting, "asked for")
    if name == "sample":
        return _sample(setting, "asked for")
    return _soft(setting, "asked for")


def renew(estimator: Estimator, task: Task, module: Callable[[], SoftProgram]) -> None:
    """Give an estimator the next batch of a stream.

    Raises:
        DiffprogError: DP628 for one that prepares its examples.
    """
    match estimator:
        case Soft():
            estimator.renew(task, module())
        case Weighed() | Sample() | Scouted():
            estimator.tasks = [task]
        case _:
            message = f"`{estimator.name}` goes through its examples before: it takes no stream"
            fail("DP628", message, hint="use `soft`, `sample` or `beam`")


def learns_to_halt(tasks: Sequence[Task], cells: Cells) -> bool:
    """Say whether learned reals may decide when a loop `by ponder` stops."""
    loops = (n for t in tasks for n in walk(t.graph) if isinstance(n, Loop))
    return bool(cells.reals or cells.networks) and any(n.halting.kind == "ponder" for n in loops)


def refuse_pondering(name: str, tasks: Sequence[Task], cells: Cells) -> None:
    """Complain where an estimator runs a loop crisply that only learns by its weights.

    Raises:
        DiffprogError: DP624.
    """
    if learns_to_halt(tasks, cells):
        message = f"`{name}` runs a loop `by ponder` crisply: it cannot learn when to stop"
        fail("DP624", message, hint="use `soft`")


def _soft(setting: Setting, why: str) -> Soft:
    modules = setting.modules()
    return Soft(setting.tasks, modules, setting.likelihood, why)


def _auto(setting: Setting) -> Estimator:
    if not all(only_decides(t.graph) for t in setting.tasks):
        return _soft(setting, "the program computes with networks")
    if learns_to_halt(setting.tasks, setting.cells):
        return _soft(setting, "it learns when a loop `by ponder` stops")
    try:
        _probe(setting)
        exact = _exact(setting, "")
        if isinstance(exact, Weighed):
            _try(exact, setting)
    except TooManyStates as problem:
        why = f"`exact` does not fit: {problem.diagnostics[0].message}"
        return _sample(setting, why) if setting.networks is None else _beam(setting, why)
    size = f"{exact.arcs:,} steps from state to state" if isinstance(exact, Exact) else "few states"
    exact.why = f"every sequence of decisions fits the budget ({size})"
    return exact


def _probe(setting: Setting) -> None:
    """Enumerate one row of each size within a part of the budget, so that a refusal comes soon."""
    if not setting.cells.reals:
        first = [replace(t, rows=t.rows.take(torch.tensor([0]))) for t in setting.tasks]
        alone = {t.graph: t for t in first}
        Exact(list(alone.values()), setting.cells, setting.likelihood, setting.states // ROW_SHARE)


def _try(exact: Weighed, setting: Setting) -> None:
    """Run the first step with flat weights, to see whether it fits."""
    weights = {
        **{
            key.replace(".", ":"): torch.zeros(setting.restarts, *p.shape, p.count)
            for key, p in setting.cells.parts.items()
        },
        **{
            key.replace(".", ":"): torch.zeros(setting.restarts, *getattr(h.type, "shape", ()))
            for key, h in setting.cells.reals.items()
        },
    }
    for value in weights.values():
        value.requires_grad_()
    weights |= setting.weights
    for task in range(len(setting.tasks)):
        exact.loss(task, weights, torch.Generator(), 1.0)


def _exact(setting: Setting, why: str) -> Exact | Weighed:
    common = (setting.tasks, setting.cells, setting.likelihood)
    if setting.cells.reals or not all(only_decides(t.graph) for t in setting.tasks):
        return Weighed(*common, relax(), setting.states, why, setting.networks)
    return Exact(*common, setting.states, why, setting.networks)


def _sample(setting: Setting, why: str) -> Sample | Through:
    tasks, cells, likelihood = common = (setting.tasks, setting.cells, setting.likelihood)
    if setting.straight:
        crisp = not (cells.reals or cells.networks)
        made = setting.modules()
        return Through(tasks, made, likelihood, why=why, samples=setting.samples, crisp=crisp)
    return Sample(*common, relax(), setting.samples, why, setting.networks)


def _beam(setting: Setting, why: str) -> Beam | Scouted:
    common = (setting.tasks, setting.cells, setting.likelihood)
    width, networks = setting.width, setting.networks
    pure = not setting.cells.reals and all(only_decides(t.graph) for t in setting.tasks)
    if pure and networks is not None and networks.remember:
        return Scouted(*common, networks, setting.states, why, width=width)
    return Beam(*common, relax(), setting.states, why, networks, width=width)
