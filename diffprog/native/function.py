"""Native code as a function of tensors with a gradient, in the place of a generated torch one.

In: a program in C. Out: a callable with the signature of the generated torch source. Calls that
native code is not for (other devices, transforms, a temperature that is a tensor) go there.
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from diffprog.native.build import BuildError
from diffprog.native.calls import PRECISIONS, Call, code, give_back, take_tape
from diffprog.types import Array, Enum, Int, Type, trail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from diffprog.ir.graph import Graph
    from diffprog.native.generate import Generated

TWICE = "native code has first derivatives only; soften with backend='torch' for second ones"


class Run(torch.autograd.Function):
    """The program, with its reverse as gradient."""

    @staticmethod
    def forward(ctx: Any, call: Call, notes: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Run forward; results stand in rows, and what is reported is written into `notes`."""
        outs = [
            torch.empty((*call.lead, *_own(t)), dtype=call.dtype) for t in call.generated.results
        ]
        keep = any(ctx.needs_input_grad) and call.keeps
        tape = take_tape(call.size, call.dtype) if keep else None
        call.forward(inputs, [*outs, *notes], tape)
        ctx.call, ctx.tape = call, tape
        ctx.save_for_backward(*inputs)
        ctx.set_materialize_grads(False)
        return tuple(outs)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        """Run the reverse."""
        wanted = ctx.needs_input_grad[2:]
        if all(g is None for g in grads):
            return (None, None, *(None for _ in wanted))
        tape, ctx.tape = ctx.tape, None  # the reverse puts back what was written over
        found = (Reverse.apply if torch.is_grad_enabled() else _reverse)(
            ctx.call, tape, wanted, len(grads), *grads, *ctx.saved_tensors
        )
        if tape is not None:
            give_back(tape)
        return (None, None, *found)


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
    grads = [None if g is None else g.contiguous() for g in tensors[:n]]
    return call.reverse(tensors[n:], grads, wanted, tape)


def _own(t: Type) -> tuple[int, ...]:
    item = t.item if isinstance(t, Array) else t
    last = (item.size,) if isinstance(item, Int | Enum) else ()
    return (*(t.shape if isinstance(t, Array) else ()), *last)


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
        # What the module reads from its function: the constants of the torch source.
        self.__globals__: dict[str, Any] = getattr(other, "__globals__", {})

    @property
    def backend(self) -> str:
        """What runs a call: `native`, or `torch` once the compiler has failed."""
        return "torch" if self.broken else "native"

    def __call__(self, *inputs: Tensor, **given: Any) -> tuple[Tensor, ...]:
        """Run native code where it is for such a call, else the torch source."""
        if self.broken or not _is_for(inputs, given):
            return tuple(self.other(*inputs, **given))
        try:
            code(self.generated.source, PRECISIONS[given["like"].dtype])
        except BuildError as problem:
            warnings.warn(f"the torch source is used: {problem}", RuntimeWarning, stacklevel=2)
            self.broken = True
            return tuple(self.other(*inputs, **given))
        self.calls += 1
        return self._run(inputs, **given)

    def _run(
        self,
        inputs: Sequence[Tensor],
        *,
        holes: Mapping[str, Tensor],
        T: float,  # noqa: N803 - the signature of the torch source
        choice_T: float,  # noqa: N803
        ties: bool,
        epsilon: float,
        like: Tensor,
        report: dict[str, dict[int, Tensor]],
        **_: Any,
    ) -> tuple[Tensor, ...]:
        made = self.generated
        tensors = [*inputs, *(holes[key] for key in made.holes)]
        leads = [x.shape[: x.dim() - r] for x, r in zip(tensors, self.ranks, strict=True)]
        lead = _together(leads)
        placed, steps = [], []
        for x, own in zip(tensors, leads, strict=True):
            one = math.prod(own) == 1
            if not one and own != lead:
                x = x.expand(*lead, *x.shape[len(own) :])
            n = x.numel() // math.prod(own if one else lead) if x.numel() else 0
            placed.append(x.to(like.dtype).contiguous())
            steps.append(0 if one else n)
        c = max(0.0, -math.log(T)) if ties and T > 0 else 0.0
        knobs = (float(T), c, float(epsilon), float(choice_T))
        loaded = code(made.source, PRECISIONS[like.dtype])
        call = Call(loaded, made, knobs, lead, math.prod(lead), tuple(steps), like.dtype)
        notes = like.new_empty((len(made.notes), *lead))
        outs = Run.apply(call, notes, *(placed or [like.reshape(1, 1)]))  # type: ignore[no-untyped-call]
        for (kind, line), amount in zip(made.notes, notes, strict=True):
            report[kind][line] = amount
        return tuple(outs)


def _together(leads: Sequence[torch.Size]) -> torch.Size:
    """Return the leading axes that all can be expanded to."""
    first = leads[0] if leads else torch.Size()
    if all(one == first for one in leads):
        return first
    return torch.broadcast_shapes(*leads)  # type: ignore[no-untyped-call,no-any-return]


def _is_for(inputs: Sequence[Tensor], given: Mapping[str, Any]) -> bool:
    """Say whether a call is one for native code."""
    like = given["like"]
    knobs = [given[k] for k in ("T", "choice_T", "epsilon")]
    plain = all(isinstance(k, int | float) for k in knobs)  # no tensor; logits, not weights
    tensors = [like, *inputs, *given["holes"].values()]
    return (
        plain
        and given["choice_T"] > 0
        and like.dtype in PRECISIONS
        and all(x.device.type == "cpu" and not x.is_meta for x in tensors)
        and not torch.compiler.is_compiling()
        and torch._C._functorch.peek_interpreter_stack() is None
    )
