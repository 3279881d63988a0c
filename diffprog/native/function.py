"""Native code as a function of tensors with a gradient, in the place of a generated torch one.

In: a program in C. Out: a callable with the signature of the generated torch source. Calls that
native code is not for (other devices, transforms, a temperature that is a tensor) go there.
"""

from __future__ import annotations

import ctypes
import math
import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from diffprog.native.build import BuildError, library
from diffprog.types import Array, Enum, Int, Type, trail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from diffprog.ir.graph import Graph
    from diffprog.native.generate import Generated

MOST_KEPT = 1 << 22
"""The bytes of a tape that is kept for the reverse; a larger one is computed again, by block.

Beyond the processor's cache, computing again is faster than reading back.
"""

SPACE = threading.local()
"""Room for the values and the adjoints of one block, kept from call to call by each thread."""

PRECISIONS = {torch.float32: "float", torch.float64: "double"}
TWICE = "native code has first derivatives only; soften with backend='torch' for second ones"


@dataclass(frozen=True)
class Call:
    """One call: the library, the tensors' sizes, the numbers that it runs with."""

    library: ctypes.CDLL
    generated: Generated
    numbers: tuple[float, float, float, float]
    lanes: int
    rows: int
    steps: tuple[int, ...]

    @property
    def size(self) -> int:
        """The numbers of a tape of all rows."""
        return -(-self.rows // self.lanes) * self.lanes * self.generated.tape

    def tape(self, like: Tensor, *, kept: bool) -> Tensor:
        """Return room for the values of all blocks, or of one."""
        if not kept:
            return space("values", self.lanes * self.generated.tape, like.dtype)
        return torch.empty(self.size, dtype=like.dtype)

    def keeps(self, like: Tensor) -> bool:
        """Say whether the tape of all rows is kept."""
        return self.size * like.element_size() <= MOST_KEPT

    def run(self, name: str, arrays: Sequence[Any], tape: Tensor, *, keep: bool) -> None:
        """Call a function of the library."""
        room = space("room", self.lanes * self.generated.room, tape.dtype)
        places = (ctypes.c_void_p(tape.data_ptr()), ctypes.c_void_p(room.data_ptr()))
        doubles = [ctypes.c_double(x) for x in self.numbers]
        counts = [ctypes.c_long(n) for n in (keep, 0, self.rows, self.rows)]
        getattr(self.library, name)(*arrays, *places, *counts, *doubles)

    @property
    def strides(self) -> Any:
        """How far apart the rows of each input are."""
        return (ctypes.c_long * len(self.steps))(*self.steps)


def space(name: str, n: int, dtype: torch.dtype) -> Tensor:
    """Return this thread's room of a name, made larger where it has to be."""
    key = f"{name} {dtype}"
    found: Tensor | None = getattr(SPACE, key, None)
    if found is None or found.numel() < n:
        found = torch.empty(n, dtype=dtype)
        setattr(SPACE, key, found)
    return found


def _pointers(tensors: Sequence[Tensor | None]) -> Any:
    return (ctypes.c_void_p * len(tensors))(*(None if t is None else t.data_ptr() for t in tensors))


class Run(torch.autograd.Function):
    """The program, with its reverse as gradient."""

    @staticmethod
    def forward(ctx: Any, call: Call, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Run forward; results are ``[rows, numbers]``, reports ``[rows]``."""
        made = call.generated
        like = inputs[0]
        sizes = [*(_room(t) for t in made.results), *(1 for _ in made.notes)]
        outs = tuple(torch.empty((call.rows, n), dtype=like.dtype) for n in sizes)
        keep = any(ctx.needs_input_grad) and call.keeps(like)
        tape = call.tape(like, kept=keep)
        call.run("forward", (_pointers(inputs), call.strides, _pointers(outs)), tape, keep=keep)
        ctx.call, ctx.tape = call, tape if keep else None
        ctx.save_for_backward(*inputs)
        ctx.mark_non_differentiable(*outs[len(made.results) :])
        ctx.set_materialize_grads(False)
        return outs

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        """Run the reverse."""
        given = [g for g in grads if g is not None]
        if not given:
            return (None,) * len(ctx.needs_input_grad)
        wanted = tuple(ctx.needs_input_grad[1:])
        tape, ctx.tape = ctx.tape, None  # the reverse puts back what was written over
        found = Reverse.apply(ctx.call, tape, wanted, len(grads), *grads, *ctx.saved_tensors)  # type: ignore[no-untyped-call]
        return (None, *found)


class Reverse(torch.autograd.Function):
    """The reverse; it has no gradient of its own."""

    @staticmethod
    def forward(
        ctx: Any, call: Call, tape: Tensor | None, wanted: Sequence[bool], n: int, *tensors: Any
    ) -> tuple[Tensor | None, ...]:
        """Return the gradients of the inputs that are wanted."""
        inputs = tensors[n:]
        grads = [None if g is None else g.contiguous() for g in tensors[:n]]
        like = inputs[0]
        out = tuple(torch.zeros_like(x) if w else None for x, w in zip(inputs, wanted, strict=True))
        values = call.tape(like, kept=False) if tape is None else tape
        arrays = (_pointers(inputs), call.strides, _pointers(grads), _pointers(out))
        call.run("reverse", arrays, values, keep=tape is not None)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Refuse a second derivative."""
        raise RuntimeError(TWICE)


def _room(t: Type) -> int:
    item = t.item if isinstance(t, Array) else t
    each = item.size if isinstance(item, Int | Enum) else 1
    return each * (t.count if isinstance(t, Array) else 1)


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
        self.generated, self.other, self.axes = generated, other, dict(axes)
        self.ranks = [trail(p.type) for p in graph.params]
        self.calls = 0
        self.broken = False
        # What the module reads from its function: the constants of the torch source.
        self.__globals__: dict[str, Any] = getattr(other, "__globals__", {})

    def __call__(self, *inputs: Tensor, **given: Any) -> tuple[Tensor, ...]:
        """Run native code where it is for such a call, else the torch source."""
        if self.broken or not _is_for(inputs, given):
            return tuple(self.other(*inputs, **given))
        try:
            library(self.generated.source, PRECISIONS[given["like"].dtype])
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
        tensors = [(x, r) for x, r in zip(inputs, self.ranks, strict=True)]
        for key in made.holes:
            tensors.append((holes[key], self.axes[key]))
        lead = torch.broadcast_shapes(*(x.shape[: x.dim() - r] for x, r in tensors))  # type: ignore[no-untyped-call]
        rows = math.prod(lead)
        flat, steps = [], []
        for x, r in tensors:
            own = x.shape[x.dim() - r :]
            n = math.prod(own)
            one = math.prod(x.shape[: x.dim() - r]) == 1
            wide = x if one else x.expand(*lead, *own)
            flat.append(wide.reshape(1 if one else rows, n).to(like.dtype).contiguous())
            steps.append(0 if one else n)
        c = max(0.0, -math.log(T)) if ties and T > 0 else 0.0
        compiled = library(made.source, PRECISIONS[like.dtype])
        knobs = (float(T), c, float(epsilon), float(choice_T))
        call = Call(compiled, made, knobs, compiled.lanes(), rows, tuple(steps))
        outs = Run.apply(call, *(flat or [like.reshape(1, 1)]))  # type: ignore[no-untyped-call]
        for (kind, line), amount in zip(made.notes, outs[len(made.results) :], strict=True):
            report[kind][line] = amount.reshape(lead)
        results = zip(outs, made.results, strict=False)
        return tuple(x.reshape(*lead, *_own(t)) for x, t in results)


def _is_for(inputs: Sequence[Tensor], given: Mapping[str, Any]) -> bool:
    """Say whether a call is one for native code."""
    like = given["like"]
    plain = not any(isinstance(given[k], Tensor) for k in ("T", "choice_T", "epsilon"))
    tensors = [like, *inputs, *given["holes"].values()]
    return (
        plain
        and given["choice_T"] > 0
        and like.dtype in PRECISIONS
        and all(x.device.type == "cpu" and not x.is_meta for x in tensors)
        and not torch.compiler.is_compiling()
        and torch._C._functorch.peek_interpreter_stack() is None
    )
