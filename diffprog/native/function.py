"""Native code as a function of tensors with a gradient, in the place of a generated torch one.

In: a program in C. Out: a callable with the signature of the generated torch source. Calls that
native code is not for (other devices, transforms, a temperature that is a tensor) go there.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from diffprog.native.build import BuildError
from diffprog.native.calls import PRECISIONS, Plan, code
from diffprog.types import trail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from diffprog.ir.graph import Graph
    from diffprog.native.generate import Generated

TWICE = "native code has first derivatives only; soften with backend='torch' for second ones"

NUMBER = (int, float)

MOST_PLANS = 256
"""The most combinations of shapes that are remembered."""


@dataclass(eq=False)
class Call:
    """One call: how it runs, the numbers that it runs with, where reports go."""

    __slots__ = ("knobs", "notes", "plan")

    plan: Plan
    knobs: tuple[float, ...]
    notes: list[Tensor]


class Run(torch.autograd.Function):
    """The program, with its reverse as gradient."""

    @staticmethod
    def forward(ctx: Any, call: Call, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Run forward; results stand in rows, and what is reported is written into its notes."""
        plan = call.plan
        outs = [torch.empty_like(x) for x in plan.blanks[0]]
        tape = plan.tape() if True in ctx.needs_input_grad else None
        plan.forward(inputs, [*outs, *call.notes], call.knobs, tape)
        ctx.call, ctx.tape = call, tape
        ctx.save_for_backward(*inputs)
        ctx.set_materialize_grads(False)
        return tuple(outs)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        """Run the reverse."""
        _, *wanted = ctx.needs_input_grad
        for g in grads:
            if g is not None:
                break
        else:
            return (None,) * (1 + len(wanted))
        call, tape = ctx.call, ctx.tape
        ctx.tape = None  # the reverse puts back what was written over
        reverse = Reverse.apply if torch.is_grad_enabled() else _reverse
        found = reverse(call, tape, wanted, len(grads), *grads, *ctx.saved_tensors)
        if tape is not None:
            call.plan.give_back(tape)
        return (None, *found)


class Reverse(torch.autograd.Function):
    """The reverse; it has no gradient of its own."""

    @staticmethod
    def forward(ctx: Any, *given: Any) -> tuple[Tensor | None, ...]:
        """Return the gradients of the inputs that are wanted."""
        return _reverse(*given)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Refuse a second derivative."""
        raise RuntimeError(TWICE)


def _reverse(
    call: Call, tape: Tensor | None, wanted: Sequence[bool], n: int, *tensors: Any
) -> tuple[Tensor | None, ...]:
    grads = [g if g is None or g.is_contiguous() else g.contiguous() for g in tensors[:n]]
    return call.plan.reverse(tensors[n:], grads, wanted, call.knobs, tape)


class Native:
    """A program in the place of a generated torch function."""

    def __init__(
        self,
        generated: Generated,
        graph: Graph,
        axes: Mapping[str, int],
        other: Callable[..., Any],
    ) -> None:
        self.generated, self.other = generated, other
        self.ranks = [*(trail(p.type) for p in graph.params), *(axes[k] for k in generated.holes)]
        self.calls = 0
        self.broken = False
        self.plans: dict[tuple[Any, ...], Plan] = {}
        # What the module reads from its function: the constants of the torch source.
        self.__globals__: dict[str, Any] = getattr(other, "__globals__", {})

    @property
    def backend(self) -> str:
        """What runs a call: `native`, or `torch` once the compiler has failed."""
        return "torch" if self.broken else "native"

    def __call__(
        self,
        *inputs: Tensor,
        holes: Mapping[str, Tensor],
        like: Tensor,
        report: dict[str, dict[int, Tensor]],
        **given: Any,
    ) -> tuple[Tensor, ...]:
        """Run native code where it is for such a call, else the torch source."""
        tensors = (*inputs, *[holes[key] for key in self.generated.holes])
        if not self.broken and _is_for(like, tensors, **given):
            try:
                plan = self._plan(tensors, like.dtype)
            except BuildError as problem:
                warnings.warn(f"the torch source is used: {problem}", RuntimeWarning, stacklevel=2)
                self.broken = True
            else:
                self.calls += 1
                return self._run(plan, tensors, report, **given)
        return tuple(self.other(*inputs, holes=holes, like=like, report=report, **given))

    def _plan(self, tensors: Sequence[Tensor], dtype: torch.dtype) -> Plan:
        """Return how a call with tensors of such shapes runs.

        Raises:
            BuildError: without a compiler, or if it fails.
        """
        key = (dtype, torch.get_num_threads(), *[x.shape for x in tensors])
        if key not in self.plans:
            if len(self.plans) >= MOST_PLANS:
                self.plans.clear()
            self.plans[key] = self._planned(tensors, dtype)
        return self.plans[key]

    def _planned(self, tensors: Sequence[Tensor], dtype: torch.dtype) -> Plan:
        leads = [x.shape[: x.dim() - r] for x, r in zip(tensors, self.ranks, strict=True)]
        lead = _together(leads)
        steps, spread = [], []
        for x, own in zip(tensors, leads, strict=True):
            one, numbers = math.prod(own) == 1, x.shape[len(own) :]
            steps.append(0 if one else math.prod(numbers))
            spread.append(None if one or own == lead else (*lead, *numbers))
        loaded = code(self.generated.text(math.prod(lead)), PRECISIONS[dtype])
        threads = torch.get_num_threads()
        return Plan(loaded, self.generated, lead, tuple(steps), tuple(spread), dtype, threads)

    def _run(
        self,
        plan: Plan,
        tensors: Sequence[Tensor],
        report: dict[str, dict[int, Tensor]],
        *,
        T: float,  # noqa: N803 - as the torch source calls it
        ties: bool,
        epsilon: float,
        choice_T: float,  # noqa: N803
        **_: Any,
    ) -> tuple[Tensor, ...]:
        c = -math.log(T) if ties and 0 < T < 1 else 0.0
        notes = [torch.empty_like(x) for x in plan.blanks[1]]
        call = Call(plan, (T, c, epsilon, choice_T), notes)
        outs = _apply(call, *plan.placed(tensors))
        for (kind, line), amount in zip(self.generated.notes, notes, strict=True):
            report[kind][line] = amount
        return outs


_apply: Callable[..., tuple[Tensor, ...]] = super(torch.autograd.Function, Run).apply
"""`Run.apply` without its search for transforms, which `_is_for` has made."""


def _together(leads: Sequence[torch.Size]) -> torch.Size:
    """Return the leading axes that all can be expanded to."""
    first = leads[0] if leads else torch.Size()
    if all(one == first for one in leads):
        return first
    return torch.broadcast_shapes(*leads)  # type: ignore[no-untyped-call,no-any-return]


def _is_for(
    like: Tensor,
    tensors: Sequence[Tensor],
    *,
    T: float | Tensor,  # noqa: N803
    epsilon: float | Tensor,
    choice_T: float | Tensor | None,  # noqa: N803
    **_: Any,
) -> bool:
    """Say whether a call is one for native code."""
    if torch._C._functorch.peek_interpreter_stack() is not None or torch.compiler.is_compiling():
        return False
    # No tensors; logits, not weights.
    if not (isinstance(T, NUMBER) and isinstance(epsilon, NUMBER) and isinstance(choice_T, NUMBER)):
        return False
    if not like.is_cpu or like.dtype not in PRECISIONS or choice_T <= 0:
        return False
    return False not in [x.is_cpu for x in tensors]
