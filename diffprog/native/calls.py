"""Calls of compiled programs: rooms, addresses, rows shared out to threads.

In: a loaded library and tensors. Out: what it writes. Never differentiates.
"""

from __future__ import annotations

import ctypes
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from diffprog.native.build import library

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diffprog.native.generate import Generated

MOST_KEPT = 1 << 24
"""The bytes of a tape that is kept for the reverse; a larger one is computed again, by block.

Beyond the processor's cache, computing again is faster than reading back.
"""

TAPES: dict[tuple[int, torch.dtype], Tensor] = {}
"""The tape that was read last, for the next call: fresh memory costs more than writing it."""

LEAST_SHARED = 1 << 20
"""The numbers of all rows from which on the rows are shared out to threads."""

SPACE = threading.local()
"""Room for the values of one block, kept from call to call by each thread."""

PRECISIONS = {torch.float32: "float", torch.float64: "double"}

LONG, POINTER, REAL = ctypes.c_long, ctypes.c_void_p, ctypes.c_double
TAIL = (POINTER, POINTER, LONG, LONG, LONG, LONG, REAL, REAL, REAL, REAL)


@dataclass(frozen=True)
class Code:
    """A loaded program: its two functions, and the rows that they take at once."""

    forward: Callable[..., None]
    reverse: Callable[..., None]
    lanes: int


@lru_cache(maxsize=256)
def code(source: str, precision: str) -> Code:
    """Return a program, compiled or from the cache.

    Raises:
        BuildError: without a compiler, or if it fails.
    """
    found = library(source, precision)
    found.forward.argtypes = (POINTER, POINTER, POINTER, *TAIL)
    found.reverse.argtypes = (POINTER, POINTER, POINTER, POINTER, *TAIL)
    found.forward.restype = found.reverse.restype = None
    found.lanes.restype = LONG
    return Code(found.forward, found.reverse, found.lanes())


def space(name: str, n: int, dtype: torch.dtype) -> int:
    """Return the address of this thread's room of a name, made larger where it has to be."""
    key = f"{name} {dtype}"
    found: Tensor | None = getattr(SPACE, key, None)
    if found is None or found.numel() < n:
        found = torch.empty(n, dtype=dtype)
        setattr(SPACE, key, found)
    return found.data_ptr()


def take_tape(n: int, dtype: torch.dtype) -> Tensor:
    """Return room for a tape."""
    found = TAPES.pop((n, dtype), None)
    return torch.empty(n, dtype=dtype) if found is None else found


def give_back(tape: Tensor) -> None:
    """Keep the room of a tape that has been read."""
    TAPES.clear()
    TAPES[tape.numel(), tape.dtype] = tape


def addresses(tensors: Sequence[Tensor | None]) -> ctypes.Array[ctypes.c_void_p]:
    """Return where tensors lie."""
    return (POINTER * len(tensors))(*[None if t is None else t.data_ptr() for t in tensors])


@lru_cache(maxsize=8)
def _workers(n: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n, thread_name_prefix="diffprog")


@dataclass(frozen=True)
class Call:
    """One call: the program, the numbers that it runs with, its rows and their strides."""

    code: Code
    generated: Generated
    numbers: tuple[float, float, float, float]
    lead: torch.Size
    rows: int
    steps: tuple[int, ...]
    dtype: torch.dtype

    @property
    def size(self) -> int:
        """The numbers of a tape of all rows."""
        return -(-self.rows // self.code.lanes) * self.code.lanes * self.generated.tape

    @property
    def keeps(self) -> bool:
        """Whether the tape of all rows is kept."""
        return self.size * self.dtype.itemsize <= MOST_KEPT

    @property
    def shares(self) -> list[tuple[int, int]]:
        """The rows of each thread: one does all where little is to be done."""
        threads = torch.get_num_threads()
        if threads == 1 or self.rows * self.generated.work < LEAST_SHARED:
            return [(0, self.rows)]
        blocks = -(-self.rows // self.code.lanes)
        each = -(-blocks // threads) * self.code.lanes
        return [(at, min(at + each, self.rows)) for at in range(0, self.rows, each)]

    def forward(
        self, inputs: Sequence[Tensor], outs: Sequence[Tensor], tape: Tensor | None
    ) -> None:
        """Write results, and the tape if there is one."""
        given = (addresses(inputs), self.strides, addresses(outs))

        def run(place: int, first: int, last: int) -> None:
            del place
            self.code.forward(*given, *self._rooms(tape), first, last, self.rows, *self.numbers)

        self._all(run)

    def reverse(
        self,
        inputs: Sequence[Tensor],
        grads: Sequence[Tensor | None],
        wanted: Sequence[bool],
        tape: Tensor | None,
    ) -> tuple[Tensor | None, ...]:
        """Return the gradients of the inputs that are wanted."""
        shares = len(self.shares)
        found = [
            None if not w else x.new_zeros(x.shape if s or shares == 1 else (shares, *x.shape))
            for x, w, s in zip(inputs, wanted, self.steps, strict=True)
        ]
        given = (addresses(inputs), self.strides, addresses(grads))

        def run(place: int, first: int, last: int) -> None:
            parts = [
                g if g is None or s or shares == 1 else g[place]
                for g, s in zip(found, self.steps, strict=True)
            ]
            rooms = self._rooms(tape)
            self.code.reverse(
                *given, addresses(parts), *rooms, first, last, self.rows, *self.numbers
            )

        self._all(run)
        if shares == 1:
            return tuple(found)
        return tuple(
            g if g is None or s else g.sum(0) for g, s in zip(found, self.steps, strict=True)
        )

    def _all(self, run: Callable[[int, int, int], None]) -> None:
        shares = self.shares
        if len(shares) == 1:
            run(0, *shares[0])
            return
        tasks = [_workers(len(shares)).submit(run, i, *rows) for i, rows in enumerate(shares)]
        for task in tasks:
            task.result()

    def _rooms(self, tape: Tensor | None) -> tuple[int, int, int]:
        """Return the addresses of a tape and of room beside it, and whether the tape is kept."""
        lanes, made = self.code.lanes, self.generated
        at = space("tape", lanes * made.tape, self.dtype) if tape is None else tape.data_ptr()
        return at, space("room", lanes * made.room, self.dtype), int(tape is not None)

    @property
    def strides(self) -> ctypes.Array[ctypes.c_long]:
        """How far apart the rows of each input are."""
        return (LONG * len(self.steps))(*self.steps)
