"""The estimator `soft`: decisions get the point of the simplex, by the generated soft module.

In: tasks with their modules. Out: minus the log-likelihood of the targets under the marginals, in
expectation over the outcomes (the steps of a loop `by ponder`), and what the loops cost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from diffprog.learn.cells import parameter_name
from diffprog.learn.estimators import Loss
from diffprog.learn.outcomes import Likelihood, soft_right
from diffprog.learn.vector import item_of, shape_of, spread
from diffprog.lower.value import flat_types
from diffprog.ops import OPS
from diffprog.soft import kernels
from diffprog.types import Bool, Tuple, Type, trail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diffprog.errors import Diagnostic
    from diffprog.learn.rows import Task
    from diffprog.learn.runner import Relax
    from diffprog.soft.module import SoftProgram


@dataclass
class Soft:
    """The mixture of everything. One module for each task; all are given the same weights.

    Attributes:
        warmth: the temperature of the relaxed operations in training.
        cost: the weight of what loops `by act` and `by ponder` cost: the loss is
            sum_n p_n L_n + cost * (N + R, or the divergence).
    """

    tasks: Sequence[Task]
    modules: Sequence[SoftProgram]
    likelihood: Likelihood
    why: str = ""
    name: str = field(default="soft", init=False)
    warmth: float = field(default=1.0, init=False)
    cost: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        pairs = zip(self.modules, self.tasks, strict=True)
        self.encoded = [m.encode(**_inputs(m, t.rows.inputs)) for m, t in pairs]

    def renew(self, task: Task, module: SoftProgram) -> None:
        """Take another task in the place of all."""
        self.tasks, self.modules = [task], [module]
        self.encoded = [module.encode(**_inputs(module, task.rows.inputs))]

    def values(
        self, task: int, weights: Mapping[str, Tensor], temperature: float
    ) -> tuple[Tensor, ...]:
        """Return the soft answers to a task's rows, by result, [R, B, *shape, K]."""
        module = self.modules[task]
        with module.given(layers(module, weights)):
            found = module.run(self.encoded[task], _logits(module, weights, temperature))
        return self.expanded(task, found, (restarts_of(weights), self.tasks[task].rows.count))

    def expanded(self, task: int, found: Any, lead: tuple[int, ...]) -> tuple[Tensor, ...]:
        """Return answers by result, with all leading axes."""
        parts = _flat(found if isinstance(found, tuple) else (found,))
        types = self.tasks[task].result
        return tuple(
            p.expand(*lead, *p.shape[p.dim() - trail(t) :])
            for p, t in zip(parts, types, strict=True)
        )

    def loss(
        self, task: int, weights: Mapping[str, Tensor], chance: torch.Generator, temperature: float
    ) -> Loss:
        """Return minus the mean log-likelihood of the answers, and the weighted costs."""
        own, module = self.tasks[task], self.modules[task]
        module.temperature = self.warmth
        rows = (restarts_of(weights), own.rows.count)
        logits = _logits(module, weights, temperature)
        with module.given(layers(module, weights)):
            found = module.alternatives(self.encoded[task], logits)
        # Without holes there is no axis of restarts, but of one by itself.
        whole = found.weights.dim() > 2
        likely = (found.weights if whole else found.weights.unsqueeze(1)).expand(-1, *rows)
        values = self.expanded(
            task, found.values, tuple(likely.shape) if whole else likely.shape[::2]
        )
        # Outcomes and restarts are one axis here: each is judged by itself.
        judged = [v.flatten(0, 1) if whole else v for v in values]
        logs = self.likelihood.soft(judged, own.rows.targets, own.result).view_as(likely)
        each = -(likely * logs).sum(0)
        spent = sum(module.costs.values(), torch.zeros_like(each))
        each = each + self.cost * spent
        share = (own.rows.weights / own.rows.weights.sum()).to(each.dtype)
        value = (each * share).sum(-1)
        more = {"cost": (spent.detach() * share).sum(-1)} if module.costs else {}
        return Loss(value, value.detach(), float(own.rows.weights.sum()), more=more)

    def right(self, task: int, weights: Mapping[str, Tensor], temperature: float) -> Tensor:
        """Return the share of rows whose most probable answer is right, [R]."""
        rows = self.tasks[task].rows.weights
        return (self._fine(task, weights, temperature) * (rows / rows.sum())).sum(-1)

    def share(self, weights: Mapping[str, Tensor], *, crisp: bool) -> Tensor:
        """Return the share of all rows whose most probable answer is right, [R].

        `crisp`: of the hardened program, which is the soft one where all temperatures are 0; what
        is undefined is no answer.
        """
        right, total = torch.zeros(restarts_of(weights), dtype=torch.float64), 0.0
        for place, task in enumerate(self.tasks):
            fine = self._fine(place, weights, 0.0 if crisp else 1.0, crisp=crisp)
            right = right + (fine * task.rows.weights).sum(-1)
            total += float(task.rows.weights.sum())
        return right / max(1.0, total)

    def _fine(
        self, task: int, weights: Mapping[str, Tensor], temperature: float, *, crisp: bool = False
    ) -> Tensor:
        """Say whether the most probable answer to each row is right, [R, B]."""
        own, module = self.tasks[task], self.modules[task]
        before, module.temperature = module.temperature, 0.0 if crisp else module.temperature
        with torch.no_grad():
            values = self.values(task, weights, temperature)
            share = soft_right(values, own.rows.targets, own.result, self.likelihood.tolerance)
        module.temperature = before
        fine = share == 1
        for amount in module.report["undefined"].values() if crisp else ():
            fine = fine & (amount == 0)
        return fine

    def find_nan(self, weights: Mapping[str, Tensor]) -> Diagnostic | None:
        """Return the first operation that gives what is no number."""
        for module, task in zip(self.modules, self.tasks, strict=True):
            with torch.no_grad():
                for name, p in module.holes.items():
                    p.copy_(weights[name] if module.restarts is not None else weights[name][0])
            inputs = _inputs(module, task.rows.inputs)
            with module.given(layers(module, weights)):
                found = module.find_nan(**inputs)
            if found is not None:
                return found
        return None


def restarts_of(weights: Mapping[str, Tensor]) -> int:
    """Return how many restarts weights are of."""
    return len(next(iter(weights.values())))


def _logits(
    module: SoftProgram, weights: Mapping[str, Tensor], temperature: float
) -> dict[str, Tensor]:
    """Return what the holes of a module are: restarts, then one axis for the rows, then their own.

    The module takes on the temperature.
    """
    module.choice_temperature = temperature
    return {key: weights[parameter_name(key)].unsqueeze(1) for key in module.hole_types}


def layers(module: SoftProgram, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of a module's networks; of one restart it has no axis."""
    found = {key: weights[key] for key in module.network_parameters() if key in weights}
    return found if module.restarts is not None else {k: v[0] for k, v in found.items()}


def _inputs(module: SoftProgram, rows: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return rows as the module takes them: truth values as such, a tuple's parts as a tuple."""
    return {name: _input(name, t, rows) for name, t in module.params}


def _input(name: str, t: Type, rows: Mapping[str, Tensor]) -> Any:
    if isinstance(t, Tuple):
        count = len(flat_types(t))
        parts = [rows[name if count == 1 else f"{name}.{i}"] for i in range(count)]
        return _nested(t, iter(zip(parts, flat_types(t), strict=True)))
    return _crisp(rows[name], t)


def _nested(t: Type, parts: Iterator[tuple[Tensor, Type]]) -> Any:
    if isinstance(t, Tuple):
        return tuple(_nested(item, parts) for item in t.items)
    return _crisp(*next(parts))


def _crisp(value: Tensor, t: Type) -> Tensor:
    return value.bool() if isinstance(item_of(t), Bool) else value


def _flat(parts: Sequence[Any]) -> list[Tensor]:
    return [t for p in parts for t in ([p] if isinstance(p, Tensor) else _flat(p))]


def relax() -> Relax:
    """Return the soft form of relaxed rows at a temperature of 1: their stated formulas."""
    names = {**vars(kernels), "torch": torch, "T": 1.0, "TIES": kernels.tie_offset(1.0, True)}

    def row(op: str, types: Sequence[Type], result: Type, args: Sequence[Tensor]) -> Tensor:
        places = [f"a{i}" for i in range(len(args))]
        lifted = [spread(a, shape_of(result)) if OPS[op].lifts else a for a in args]
        formula = (OPS[op].formula or "").format(*places)
        scope = {**names, **dict(zip(places, lifted, strict=True))}
        out = eval(formula, scope)
        assert isinstance(out, Tensor)
        return out

    return row
