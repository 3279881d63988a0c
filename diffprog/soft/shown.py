"""Recurrent cells of whose input a part stays: what it gives the gates is had once, not each round.

In: the call of a cell in a loop. Out: source that shows it what stays before the loop, and the rest
in each round. The cell that thinks of Graves (2016) sees its input at every step, and beside it a
flag that changes: W x is W' x' + w f, and W' x' is made once, forward and in reverse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch.autograd import forward_ad
from torch.nn import functional

from diffprog.soft.halting import is_transformed
from diffprog.soft.layers import OF_A_CELL, weights
from diffprog.soft.leads import applied
from diffprog.soft.memory import beside, edged
from diffprog.soft.writer import shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor, nn

    from diffprog.ir.graph import Network
    from diffprog.soft.emitter import Emitter
    from diffprog.soft.writer import Term

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
"""How many gates each cell has."""
PAYS = 20_000
"""Products of a row that a cell of several gates has to be spared: torch has all of such a cell in
one call, and its gates by themselves take longer."""


class Part(NamedTuple):
    """A part of a cell's input, from a place to another, and the rest of it.

    `alike`: whether the rest is one number, that stands in all its cells.
    """

    code: str
    lo: int
    hi: int
    rest: str
    alike: bool = False


def shown(em: Emitter, node: Network, args: Sequence[Term]) -> str | None:
    """Return the code of a cell's call where a part of its input is the same in each round."""
    if node.kind not in GATES or node.lifted or em.writer.fixed or em.pieces is not None:
        return None
    whole, *state = em.tensors(args)
    (width,), (size,) = shape(args[0].type), shape(args[1].type)
    for part in _parts(em, whole, width):
        pays = node.kind == "rnn" or GATES[node.kind] * size * (part.hi - part.lo) >= PAYS
        alike = ", alike=True" if part.alike else ""
        code = f"nets[{node.name!r}].shown({part.code}, ({part.lo}, {part.hi}, {width}){alike})"
        if pays and not em.writer.varies(code):
            name = em.writer.shared(f"{node.name}_shown", code, node.type).code
            return f"{name}({', '.join([part.rest, *state])})"
    return None


def _parts(em: Emitter, code: str, width: int) -> Iterator[Part]:
    yield Part(code, 0, width, "None")
    if code in em.ends:
        _, cut, left, right, cell = em.ends[code]
        for own, rest, lo, hi in ((left, right, 0, cut), (right, left, cut, width)):
            if own is not None and rest is not None:
                yield Part(own, lo, hi, rest)
            elif own is not None and cell is not None:
                yield Part(own, lo, hi, cell, alike=True)


class Shown:
    """A cell that was shown a part of its input.

    Attributes:
        module: the cell.
    """

    def __init__(
        self,
        call: Callable[..., Any],
        module: nn.Module,
        part: Tensor,
        span: tuple[int, int, int],
        *,
        alike: bool,
        whole: bool,
    ) -> None:
        lo, hi, width = span
        self._call, self.module, self._part, self._alike = call, module, part, alike
        self._before, self._after, self._asked_whole = lo, width - hi, whole
        if whole:  # it has many weights, or somebody watches it
            return
        self._step: Callable[..., Any] = module.of_gates  # type: ignore[assignment]
        weight, inner, bias, inner_bias = weights(module, *OF_A_CELL)
        sizes = [n for n in (lo, hi - lo, width - hi) if n]  # it stands at an end, or is all
        own, *others = weight.split_with_sizes(sizes, 1)[:: -1 if lo else 1]
        if not getattr(module, "own_bias", False):
            bias = bias + inner_bias
        self._own = self._gates = functional.linear(part, own, bias)
        self._inner, self._bias = inner.t(), inner_bias
        self._weight: Tensor = others[0] if others else own
        if alike:
            more = self._weight.shape[1] > 1
            self._weight = self._weight.sum(1) if more else self._weight.squeeze(1)
        self._rest: Tensor | None = None

    def __call__(self, rest: Tensor | None, *state: Tensor) -> Any:
        """Return the cell's next state, of the rest of its input and its state."""
        if self._asked_whole:
            return self._call(self._whole(rest), *state)
        gates = self._gates
        if rest is not self._rest:
            gates = self._all(rest)
            if not torch.compiler.is_compiling():
                self._rest, self._gates = rest, gates  # a flag is mostly what it was
        if _is_plain(state[0], 1) and not state[0].any():
            return self._step(gates, *state, None, self._bias)  # each cell by itself
        return applied(self._run, (1,) * (1 + len(state)), (gates, *state))

    def _run(self, gates: Tensor, *state: Tensor) -> Any:
        return self._step(gates, *state, self._inner, self._bias)

    def _all(self, rest: Tensor | None) -> Tensor:
        """Return what the whole input gives the gates."""
        if rest is None:
            return self._own
        if not self._alike:
            return self._own + functional.linear(rest, self._weight)
        if not _is_plain(rest, 0):
            return self._own + rest.unsqueeze(-1) * self._weight
        flag = rest.item()
        return torch.add(self._own, self._weight, alpha=flag) if flag else self._own

    def _whole(self, rest: Tensor | None) -> Tensor:
        """Return the whole input."""
        if rest is None:
            return self._part
        if self._alike:
            return edged(self._part, rest, self._before, self._after)
        return beside(*((rest, self._part) if self._before else (self._part, rest)), 0, 1)


def _is_plain(x: Tensor, own: int) -> bool:
    """Say whether a value is one of `own` axes for all rows, that may be looked at and is no work.

    A flag is mostly a constant, and so is the state before the first round, mostly of zeros. What
    has slopes, of either mode, is none.
    """
    plain = x.dim() == own and x.is_cpu and not (x.requires_grad or x.is_meta)
    if not plain or torch.compiler.is_compiling() or is_transformed():
        return False
    return forward_ad._current_level < 0
