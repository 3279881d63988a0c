"""Particles: many crisp runs of one program side by side, and when two of them are one.

A particle is one run of one *unit* (a data row, or a data row of one restart). Everything that
it holds stands on a flat axis [P]; when particles split or merge, everything is re-indexed by
their parents.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor

from diffprog.learn.vector import domain, item_of
from diffprog.types import Real, Tuple, Type

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True)
class Lazy:
    """A free choice or a `learn` that nobody has looked at: cells are decided when met."""

    key: str


@dataclass(frozen=True)
class Given:
    """An input: all particles of a unit hold the same, so it need not follow them.

    Attributes:
        rows: what each unit holds, [units, *shape].
    """

    rows: Tensor

    def to(self, world: World) -> Tensor:
        """Return what each particle holds, [P, *shape]."""
        return self.rows.index_select(0, world.unit)


Held: TypeAlias = "Tensor | Lazy | Given | tuple[Held, ...]"
"""What a node is worth to each particle: a tensor [P, *shape], or several results."""


@dataclass(frozen=True)
class World:
    """What a particle is, beside the values of the region that it is in.

    Attributes:
        unit: which unit it runs, [P].
        restart: whose choices it runs under, [P].
        node: its node in the graph of decisions, [P] (used by the enumerating decider).
        memory: the alternative of each free cell, -1 where undecided, [P, free cells].
        undefined: whether it has met something undefined, [P].
        unfinished: whether a loop's bound has cut it off, [P].
    """

    unit: Tensor
    restart: Tensor
    node: Tensor
    memory: Tensor
    undefined: Tensor
    unfinished: Tensor

    @property
    def count(self) -> int:
        """The number of particles."""
        return self.unit.shape[0]

    def take(self, parent: Tensor) -> World:
        """Return the world of particles that descend from these."""
        return World(
            self.unit.index_select(0, parent),
            self.restart.index_select(0, parent),
            self.node.index_select(0, parent),
            self.memory.index_select(0, parent),
            self.undefined.index_select(0, parent),
            self.unfinished.index_select(0, parent),
        )


def start(units: int, free: int, restart: Tensor | None = None) -> World:
    """Return one particle a unit, nothing decided."""
    unit = torch.arange(units)
    no = torch.zeros(units, dtype=torch.bool)
    memory = torch.full((units, free), -1)
    of = torch.zeros_like(unit) if restart is None else restart
    return World(unit, of, unit, memory, no, no)


def join(worlds: Sequence[World]) -> World:
    """Return several groups of particles as one."""
    return World(
        torch.cat([w.unit for w in worlds]),
        torch.cat([w.restart for w in worlds]),
        torch.cat([w.node for w in worlds]),
        torch.cat([w.memory for w in worlds]),
        torch.cat([w.undefined for w in worlds]),
        torch.cat([w.unfinished for w in worlds]),
    )


def taken(value: Held | None, parent: Tensor) -> Held | None:
    """Return what descendants hold."""
    if isinstance(value, Tensor):
        return value.index_select(0, parent)
    if isinstance(value, tuple):
        return tuple(p for v in value if (p := taken(v, parent)) is not None)
    return value


@dataclass
class Shelf:
    """Values that descendants will need, with their types; None where no longer."""

    values: list[Held | None]
    types: list[Type]


@dataclass
class Frame:
    """A region being run: its particles and everything that has to follow them.

    Attributes:
        world: the particles now.
        outer: particles with different numbers differ in something the callers still need, [P].
        origin: the particle at entry from which each descends, [P]; None while they are the same.
        shelves: the values to be re-indexed; the first holds the region's nodes.
    """

    world: World
    outer: Tensor
    origin: Tensor | None = None
    shelves: list[Shelf] = field(default_factory=list)

    def take(self, parent: Tensor | None, world: World | None = None) -> None:
        """Go over to particles that descend from the present ones (None: the same ones)."""
        if parent is None:
            self.world = self.world if world is None else world
            return
        self.world = self.world.take(parent) if world is None else world
        self.outer = self.outer.index_select(0, parent)
        self.origin = parent if self.origin is None else self.origin.index_select(0, parent)
        for shelf in self.shelves:
            shelf.values = [taken(v, parent) for v in shelf.values]

    def columns(self) -> Iterator[tuple[Tensor, int | None]]:
        """Yield what tells particles apart here: [P, n] and its size (None: reals)."""
        world = self.world
        yield self.outer.unsqueeze(1), int(self.outer.max()) + 1 if world.count else 1
        for shelf in self.shelves:
            for value, t in zip(shelf.values, shelf.types, strict=True):
                yield from _columns(value, t)

    def classes(self, memories: int) -> tuple[Tensor, int]:
        """Number the particles: two of one class agree on all that is live, and on free choices.

        Args:
            memories: the number of values that a free cell can have, -1 not counted.

        Returns:
            The class of each particle, [P], and how many classes there are.
        """
        world = self.world
        keys = Keys(world.count)
        keys.add(world.unit.unsqueeze(1), int(world.unit.max()) + 1 if world.count else 1)
        flags = world.undefined.long() * 2 + world.unfinished.long()
        keys.add(flags.unsqueeze(1), 4)
        keys.add(world.memory + 1, memories + 1)
        for column, size in self.columns():
            keys.add(column, size)
        return keys.done()


def _columns(value: Held | None, t: Type) -> Iterator[tuple[Tensor, int | None]]:
    if isinstance(value, tuple):
        assert isinstance(t, Tuple)
        for v, inner in zip(value, t.items, strict=True):
            yield from _columns(v, inner)
    elif isinstance(value, Tensor):
        flat = value.reshape(value.shape[0], -1)
        if isinstance(item_of(t), Real):
            yield flat, None
        else:
            lo, size = domain(t)
            yield flat - lo, size


class Keys:
    """Packs columns of small numbers into one int64 key, exactly."""

    LIMIT = 2**62

    def __init__(self, count: int) -> None:
        self.key = torch.zeros(count, dtype=torch.long)
        self.radix = 1

    def add(self, columns: Tensor, size: int | None) -> None:
        """Take in columns [P, n] of numbers below `size`, or of reals."""
        if size is None:
            self._reals(columns)
            return
        width = max(1, 40 // max(1, size.bit_length()))
        for chunk in torch.split(columns, width, 1) if columns.shape[1] else ():
            weights = size ** torch.arange(chunk.shape[1])
            self._pack((chunk * weights).sum(1), size ** chunk.shape[1])

    def _reals(self, columns: Tensor) -> None:
        for column in columns.unbind(1):
            if column.requires_grad:  # equal numbers may still have different gradients
                self._pack(torch.arange(len(column)), max(1, len(column)))
            else:
                numbers, ids = torch.unique(column, return_inverse=True)
                self._pack(ids, max(1, len(numbers)))

    def _pack(self, column: Tensor, size: int) -> None:
        if self.radix * size > self.LIMIT:
            self.key, self.radix = self.done()
        if self.radix * size > self.LIMIT:
            column, size = _dense(column)
        self.key, self.radix = self.key * size + column, self.radix * size

    def done(self) -> tuple[Tensor, int]:
        """Return class numbers without gaps, and how many there are."""
        return _dense(self.key)


def _dense(key: Tensor) -> tuple[Tensor, int]:
    numbers, ids = torch.unique(key, return_inverse=True)
    return ids, len(numbers)


def representatives(classes: Tensor, count: int) -> Tensor:
    """Return the first particle of each class, [count]."""
    first = torch.full((count,), len(classes), dtype=torch.long)
    return first.scatter_reduce(0, classes, torch.arange(len(classes)), "amin")
