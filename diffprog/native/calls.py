"""Calls of compiled programs: rooms, addresses, rows shared out to threads.

In: a loaded library and tensors. Out: what it writes. Never differentiates.
"""

from __future__ import annotations

import ctypes
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from diffprog.native.build import library
from diffprog.native.frame import PARTS
from diffprog.native.record import in_python
from diffprog.types import Array, Enum, Int

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from struct import Struct

    from diffprog.native.generate import Generated
    from diffprog.types import Type

MOST_KEPT = {0: 1 << 21, 4: 1 << 25}
"""The bytes of a tape that are kept for the reverse, of programs that take at least so many
operations for each of its numbers; the rest of it is computed again, by block.

Beyond the cache that a core has for itself, computing again is faster than reading back, but where
each number took some computing. So the last rows are kept, which the reverse begins with.
"""

TAPES: dict[tuple[int, torch.dtype], Tensor] = {}
"""The tape that was read last, for the next call: fresh memory costs more than writing it."""

LEAST_SHARED = 1 << 20
"""The numbers of all rows from which on the rows are shared out to threads."""

PRECISIONS = {torch.float32: "float", torch.float64: "double"}


class Space(threading.local):
    """Room for the values of one block, kept from call to call by each thread."""

    def __init__(self) -> None:
        self.rooms: dict[torch.dtype, tuple[int, int, Tensor]] = {}

    def address(self, n: int, dtype: torch.dtype) -> int:
        """Return the address of room for `n` numbers."""
        found = self.rooms.get(dtype)
        if found is None or found[0] < n:
            made = torch.empty(n, dtype=dtype)
            found = self.rooms[dtype] = n, made.data_ptr(), made
        return found[1]


SPACE = Space()


@dataclass(frozen=True)
class Code:
    """A loaded program: its two functions of a record, and the rows that they take at once."""

    forward: Callable[[bytes], None]
    reverse: Callable[[bytes], None]
    lanes: int


@lru_cache(maxsize=256)
def code(source: str, precision: str) -> Code:
    """Return a program, compiled or from the cache.

    Raises:
        BuildError: without a compiler, or if it fails.
    """
    found = library(source, precision, PARTS)
    found.forward.argtypes = found.reverse.argtypes = (ctypes.c_char_p,)
    found.forward.restype = found.reverse.restype = None
    found.lanes.restype = ctypes.c_long
    return Code(found.forward, found.reverse, found.lanes())


@lru_cache(maxsize=8)
def _workers(n: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n, thread_name_prefix="diffprog")


def _own(t: Type) -> tuple[int, ...]:
    item = t.item if isinstance(t, Array) else t
    last = (item.size,) if isinstance(item, Int | Enum) else ()
    return (*(t.shape if isinstance(t, Array) else ()), *last)


@dataclass(frozen=True)
class Plan:
    """How calls with inputs of certain shapes run: found once, whatever the numbers are.

    Attributes:
        code, generated: the program.
        lead: the leading axes of the results.
        steps: how far apart the rows of each input are; 0 where all rows share it.
        spread: the inputs that are expanded to all leading axes, with their shapes then.
        dtype: of all numbers.
        threads: that rows may be shared out to.
    """

    code: Code
    generated: Generated
    lead: torch.Size
    steps: tuple[int, ...]
    spread: tuple[tuple[int, ...] | None, ...]
    dtype: torch.dtype
    threads: int

    @cached_property
    def rows(self) -> int:
        """The number of rows."""
        return math.prod(self.lead)

    @cached_property
    def blanks(self) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """What results and reports are like: `torch.empty_like` is the quickest to make one."""
        one, made = torch.zeros((), dtype=self.dtype), self.generated
        results = tuple(one.expand((*self.lead, *_own(t))) for t in made.results)
        return results, (one.expand(self.lead),) * len(made.notes)

    @cached_property
    def kept(self) -> int:
        """The blocks of each share of the rows, its last, whose tape is kept."""
        made = self.generated
        most = max(n for k, n in MOST_KEPT.items() if made.work >= k * made.tape)
        each = max(1, self.block[0] * self.dtype.itemsize) * len(self.shares)
        return min(most // each, max(map(self._blocks, self.shares)))

    @cached_property
    def size(self) -> int:
        """The numbers of the tape that is kept."""
        return len(self.shares) * self.kept * self.block[0]

    def _blocks(self, rows: tuple[int, int]) -> int:
        return -(-(rows[1] - rows[0]) // self.code.lanes)

    @cached_property
    def block(self) -> tuple[int, int]:
        """The numbers of the tape, and of the room beside it, of the rows taken at once."""
        return self.code.lanes * self.generated.tape, self.code.lanes * self.generated.room

    @cached_property
    def shares(self) -> tuple[tuple[int, int], ...]:
        """The rows of each thread: one does all where little is to be done."""
        if self.threads == 1 or self.rows * self.generated.work < LEAST_SHARED:
            return ((0, self.rows),)
        each = -(-self._blocks((0, self.rows)) // self.threads) * self.code.lanes
        return tuple((at, min(at + each, self.rows)) for at in range(0, self.rows, each))

    @cached_property
    def parts(self) -> tuple[tuple[int, int, int, int], ...]:
        """Of each share its rows, the first whose tape is kept, and the byte where that begins."""
        lanes, each = self.code.lanes, self.kept * self.block[0] * self.dtype.itemsize
        return tuple(
            (first, last, first + max(0, self._blocks((first, last)) - self.kept) * lanes, k * each)
            for k, (first, last) in enumerate(self.shares)
        )

    @cached_property
    def record(self) -> Struct:
        """What packs the record of a call."""
        return in_python(len(self.steps), len(self.nothing[1]))

    @cached_property
    def nothing(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Null for each input, and for each result and report."""
        outs = len(self.generated.results) + len(self.generated.notes)
        return (0,) * len(self.steps), (0,) * outs

    def placed(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Return inputs as the program reads them: of one type, the rows of each side by side."""
        dtype, found = self.dtype, []
        for x, shape in zip(inputs, self.spread, strict=True):
            if shape is not None:
                x = x.expand(shape)
            if x.dtype is not dtype:
                x = x.to(dtype)
            found.append(x if x.is_contiguous() else x.contiguous())
        return found

    def tape(self) -> Tensor | None:
        """Return room for the tape that is kept, if one is."""
        if not self.size:
            return None
        found = TAPES.pop((self.size, self.dtype), None)
        return torch.empty(self.size, dtype=self.dtype) if found is None else found

    def give_back(self, tape: Tensor) -> None:
        """Keep the room of a tape that has been read."""
        TAPES.clear()
        TAPES[self.size, self.dtype] = tape

    def forward(
        self,
        inputs: Sequence[Tensor],
        outs: Sequence[Tensor],
        knobs: tuple[float, ...],
        tape: Tensor | None,
    ) -> None:
        """Write results and reports, and the tape if there is one."""
        gins, gouts = self.nothing
        ins, outs_at = [x.data_ptr() for x in inputs], [x.data_ptr() for x in outs]
        tail = (*ins, *self.steps, *outs_at, *gouts, *gins)
        self._run(self.code.forward, knobs, tape, [tail] * len(self.shares))

    def reverse(
        self,
        inputs: Sequence[Tensor],
        grads: Sequence[Tensor | None],
        wanted: Sequence[bool],
        knobs: tuple[float, ...],
        tape: Tensor | None,
    ) -> tuple[Tensor | None, ...]:
        """Return the gradients of the inputs that are wanted."""
        n = len(self.shares)
        found = [
            None
            if not w
            else torch.empty_like(x)
            if step
            else x.new_zeros(x.shape if n == 1 else (n, *x.shape))
            for x, w, step in zip(inputs, wanted, self.steps, strict=True)
        ]
        outs = self.nothing[1]
        gouts = [0 if g is None else g.data_ptr() for g in grads]
        head = [*[x.data_ptr() for x in inputs], *self.steps, *outs, *gouts, *outs[len(gouts) :]]
        gins = [0 if g is None else g.data_ptr() for g in found]
        if n == 1:
            self._run(self.code.reverse, knobs, tape, [(*head, *gins)])
            return tuple(found)
        parts = [
            [g if step or x is None else x[k].data_ptr()
             for g, x, step in zip(gins, found, self.steps, strict=True)]
            for k in range(n)
        ]  # fmt: skip
        self._run(self.code.reverse, knobs, tape, [(*head, *part) for part in parts])
        return tuple(
            g if g is None or step else g.sum(0) for g, step in zip(found, self.steps, strict=True)
        )

    def _run(
        self,
        function: Callable[[bytes], None],
        knobs: tuple[float, ...],
        tape: Tensor | None,
        tails: Sequence[tuple[int, ...]],
    ) -> None:
        """Run a function on each share of the rows, with the end of each one's record."""
        if len(tails) == 1:
            self._share(function, knobs, tape, self.parts[0], tails[0])
            return
        share = partial(self._share, function, knobs, tape)
        for done in _workers(len(tails)).map(share, self.parts, tails):
            assert done is None

    def _share(
        self,
        function: Callable[[bytes], None],
        knobs: tuple[float, ...],
        tape: Tensor | None,
        part: tuple[int, int, int, int],
        tail: tuple[int, ...],
    ) -> None:
        (first, last, kept, start), (own, room) = part, self.block
        at = SPACE.address(own + room, self.dtype)
        if tape is None:
            kept, start = last, 0
        else:
            start += tape.data_ptr()
        places = start, at, at + own * self.dtype.itemsize
        function(self.record.pack(self.rows, first, last, kept, *knobs, *places, *tail))
