"""The decisions of a program in one row: where each entry of each hole stands.

In: the holes of a checked program. Out: a numbering of *cells* (one decision each: a free
choice, an entry of a choice `given` values, a cell of a `learn`) and of *leaves* (one
alternative of one cell each), and the ways between that numbering, tensors of logits and
written choices. Free cells come first: they are what a particle has to remember.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor

from diffprog.errors import InvariantError
from diffprog.types import Array, Bool, Enum, Int

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.lang.typed import Hole

Choices: TypeAlias = dict[str, Any]
"""By key: an alternative's number, nested lists of them, or (kind `real`) nested floats."""


def parameter_name(key: str) -> str:
    """Return the name of a hole's logits in a module (`.` is not allowed there)."""
    return key.replace(".", ":")


@dataclass(frozen=True)
class Part:
    """The stretch of cells that belongs to one finite hole.

    Attributes:
        hole: the hole.
        first: number of its first cell.
        leaf: number of its first leaf.
        shape: the sizes of what it is given, then the shape of a `learn`.
        count: how many alternatives each cell has.
        lo: the first value that an alternative stands for.
    """

    hole: Hole
    first: int
    leaf: int
    shape: tuple[int, ...]
    count: int
    lo: int

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return math.prod(self.shape)

    @property
    def last(self) -> int:
        """The number after its last cell."""
        return self.first + self.cells


def _finite(t: object) -> Bool | Int | Enum:
    if not isinstance(t, Bool | Int | Enum):
        message = f"a choice among or given values of `{t}`"
        raise InvariantError(message)
    return t


def _shape(hole: Hole) -> tuple[int, ...]:
    given = tuple(_finite(t).size for t in hole.given)
    return given + (hole.type.shape if isinstance(hole.type, Array) else ())


class Cells:
    """All cells of a program's finite holes, free ones first; its real holes stand aside.

    So do the weights of its `networks`, by their keys among the choices.
    """

    def __init__(self, holes: Mapping[str, Hole], networks: Sequence[str] = ()) -> None:
        self.networks = tuple(networks)
        finite = [h for h in holes.values() if h.kind != "real"]
        finite.sort(key=lambda h: bool(h.given))  # stable: otherwise in the source's order
        self.reals = {h.key: h for h in holes.values() if h.kind == "real"}
        self.parts: dict[str, Part] = {}
        first = leaf = self.free = 0
        for hole in finite:
            item = _finite(hole.type.item if isinstance(hole.type, Array) else hole.type)
            part = Part(hole, first, leaf, _shape(hole), item.size, item.lo)
            self.parts[hole.key] = part
            first, leaf = part.last, leaf + part.cells * part.count
            if not hole.given:
                self.free = first
        self.size, self.leaves = first, leaf
        parts = self.parts.values()
        self.counts = _each(parts, [p.count for p in parts])
        """How many alternatives each cell has, [size]."""
        self.first_leaf = torch.cumsum(self.counts, 0) - self.counts
        """The first leaf of each cell, [size]."""

    def log_probs(
        self,
        logits: Mapping[str, Tensor],
        *,
        temperature: float = 1.0,
        masked: Sequence[tuple[int, tuple[bool, ...]]] = (),
    ) -> Tensor:
        """Return the log-probability of each leaf, [leaves, R], from logits [R, *shape, K].

        Args:
            logits: by parameter name.
            temperature: what logits are divided by.
            masked: (cell, mask) of each row of leaves that follows those of the cells.
        """
        scaled = [self._rows(logits, key) / temperature for key in self.parts]
        if not scaled:
            return torch.zeros(0, next((len(p) for p in logits.values()), 1))
        rows = [torch.log_softmax(row, -1).flatten(1) for row in scaled]
        if masked:
            flat = torch.cat([row.flatten(1) for row in scaled], 1)
            rows += [self._masked(flat, cell, mask) for cell, mask in masked]
        return torch.cat(rows, 1).t().contiguous()

    def _masked(self, flat: Tensor, cell: int, mask: tuple[bool, ...]) -> Tensor:
        first = int(self.first_leaf[cell])
        own = flat[:, first : first + len(mask)]
        # A masked leaf is never taken: its place is only kept, and must not be infinite.
        logs = torch.log_softmax(own.masked_fill(~torch.tensor(mask), -torch.inf), -1)
        return torch.where(torch.tensor(mask), logs, 0.0)

    def _rows(self, logits: Mapping[str, Tensor], key: str) -> Tensor:
        part = self.parts[key]
        found = logits[parameter_name(key)]
        return found.reshape(found.shape[0], part.cells, part.count)

    def harden(self, logits: Mapping[str, Tensor]) -> Tensor:
        """Return the best alternative of each cell, [R, size]; ties go to the first."""
        rows = [first_best(self._rows(logits, key).detach()) for key in self.parts]
        restarts = next((len(p) for p in logits.values()), 1)
        return torch.cat(rows, 1) if rows else torch.zeros(restarts, 0, dtype=torch.long)

    def entropy(self, logits: Mapping[str, Tensor]) -> Tensor:
        """Return the mean entropy of a cell's weights in bits, [R]."""
        rows = [torch.log_softmax(self._rows(logits, key), -1) for key in self.parts]
        if not rows:
            return torch.zeros(next((len(p) for p in logits.values()), 1))
        total = sum((-(row.exp() * row).sum((1, 2)) for row in rows), torch.zeros(()))
        return total / (self.size * math.log(2))

    def choices(self, flat: Tensor, reals: Mapping[str, Tensor] | None = None) -> Choices:
        """Return one row of alternatives, [size], and the reals, as written choices."""
        out: Choices = {}
        for key, part in self.parts.items():
            stretch = flat[part.first : part.last]
            out[key] = stretch.reshape(part.shape).tolist()
        for key in self.reals:
            if reals is not None:
                out[key] = reals[parameter_name(key)].tolist()
        for key in self.networks:
            if reals is not None:
                out[key] = reals[key].numpy(force=True).copy()
        return out

    def flat(self, choices: Sequence[Mapping[str, Any]]) -> Tensor:
        """Return written choices as alternatives, [R, size]."""
        rows = [
            torch.cat(
                [torch.as_tensor(c[key], dtype=torch.long).reshape(-1) for key in self.parts]
                or [torch.zeros(0, dtype=torch.long)]
            )
            for c in choices
        ]
        return torch.stack(rows)

    def real_values(self, choices: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
        """Return the learned reals of written choices by parameter name, [R, *shape]."""
        return {
            parameter_name(key): torch.stack(
                [torch.as_tensor(c[key], dtype=torch.float64) for c in choices]
            )
            for key in self.reals
        }


def _each(parts: Any, numbers: list[int]) -> Tensor:
    repeats = torch.tensor([p.cells for p in parts], dtype=torch.long)
    return torch.tensor(numbers, dtype=torch.long).repeat_interleave(repeats)


def first_best(rows: Tensor) -> Tensor:
    """Return the place of the largest number of the last axis, the first of equals.

    argmax does not promise the first; determinism does.
    """
    count = rows.shape[-1]
    best = rows == rows.amax(-1, keepdim=True)
    return torch.where(best, torch.arange(count), count).amin(-1)
