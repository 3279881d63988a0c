"""Networks in exact inference: which calls an enumeration meets, noted once and run each step.

What a program's states are does not depend on the weights of a network that only decides. So the
enumeration needs no numbers of it: each call becomes an entry of a tape, what it gives a
*reference* (a number for each particle that is computed from the same things), and a decision
leaves of its own for each reference of its logits. A step of training runs the tape, all rows of
a call at once, and puts log-probabilities on the leaves; the graph of decisions does the rest.

A reference stands in the place of reals, as whole numbers: `particles` merges by it, so that two
particles are one only where their controllers have met the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor

from diffprog.learn.particles import Keys, representatives
from diffprog.learn.vector import domain, item_of, shape_of
from diffprog.types import Real, Tuple, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diffprog.ir.graph import Network
    from diffprog.learn.particles import World

Results: TypeAlias = "Tensor | tuple[Tensor, ...]"
Apply: TypeAlias = "Callable[[str, int, Sequence[Type], Sequence[Tensor], Tensor | None], Results]"
"""A network on rows: (name, lifted axes, types, arguments [U, *shape], which row of the first
argument each has, where that has fewer) to results [U, *shape]."""


def is_reference(value: Tensor, t: Type) -> bool:
    """Say whether particles hold references where a type says reals."""
    return isinstance(item_of(t), Real) and not value.is_floating_point()


@dataclass(frozen=True)
class Called:
    """A network applied to rows.

    Attributes:
        name: the network.
        lifted: the axes it is applied along.
        types: of its arguments.
        args: crisp values [U, *shape], or references [U].
        first: the reference of the first row; part j of row i has first + j · U + i.
        parts: how many results it has.
    """

    name: str
    lifted: int
    types: tuple[Type, ...]
    args: tuple[Tensor, ...]
    first: int
    parts: int

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.args[0])


@dataclass(frozen=True)
class Decided:
    """A decision for each of some references to logits.

    Attributes:
        logits: references, [U].
        mask: what is allowed, [U, K], or None.
        first: the leaf of the first alternative of the first row.
        count: how many alternatives there are.
    """

    logits: Tensor
    mask: Tensor | None
    first: int
    count: int


class Tape:
    """The calls and decisions that an enumeration meets, in order."""

    def __init__(self) -> None:
        self.calls: list[Called] = []
        self.decisions: list[Decided] = []
        self.references = self.leaves = 0
        self.firsts: list[int] = []
        self.results: list[tuple[int, int]] = []

    def network(
        self, node: Network, types: Sequence[Type], values: Sequence[Tensor], world: World
    ) -> Tensor | tuple[Tensor, ...]:
        """Note a call for particles, [P, *shape] each, and return references, [P]."""
        classes, first = _distinct(values, types)
        args = tuple(v.index_select(0, first) for v in values)
        parts = len(node.type.items) if isinstance(node.type, Tuple) else 1
        call = Called(node.name, node.lifted, tuple(types), args, self.references, parts)
        self._note(call)
        found = tuple(call.first + j * call.rows + classes for j in range(parts))
        return found if isinstance(node.type, Tuple) else found[0]

    def _note(self, call: Called) -> None:
        """Add a call; note the first reference of each of its results, and whose it is."""
        for part in range(call.parts):
            self.firsts.append(self.references)
            self.results.append((len(self.calls), part))
            self.references += call.rows
        self.calls.append(call)

    def decide(self, logits: Tensor, mask: Tensor | None, count: int) -> Tensor:
        """Note decisions of particles by references [P] and return their leaves, [P, K]."""
        keys = Keys(len(logits))
        keys.add(logits.unsqueeze(1), self.references + 1)
        if mask is not None:
            keys.add(mask.long(), 2)
        classes, number = keys.done()
        first = representatives(classes, number)
        own = None if mask is None else mask[first]
        self.decisions.append(Decided(logits[first], own, self.leaves, count))
        leaves = self.leaves + classes.unsqueeze(1) * count + torch.arange(count)
        self.leaves += number * count
        return leaves

    def run(self, apply: Apply, temperature: float) -> Tensor:
        """Return the log-probability of each leaf, [leaves], with its gradient."""
        found: list[tuple[Tensor, ...]] = []
        for call in self.calls:
            found.append(self._called(call, apply, found))
        rows = [self._log_probs(d, found, temperature) for d in self.decisions]
        return torch.cat([r.reshape(-1) for r in rows]) if rows else torch.zeros(0)

    def _called(
        self, call: Called, apply: Apply, found: Sequence[tuple[Tensor, ...]]
    ) -> tuple[Tensor, ...]:
        """Run a call whose references are to what was found."""
        pairs = list(zip(call.args, call.types, strict=True))
        of = _shared(*pairs[0])
        if of is not None:
            pairs[0] = (torch.unique(call.args[0]), call.types[0])
        args = [self._gathered(v, found) if is_reference(v, t) else v for v, t in pairs]
        result = apply(call.name, call.lifted, call.types, args, of)
        return result if isinstance(result, tuple) else (result,)

    def _log_probs(
        self, decided: Decided, found: Sequence[tuple[Tensor, ...]], temperature: float
    ) -> Tensor:
        logits = self._gathered(decided.logits, found) / temperature
        if decided.mask is None:
            return torch.log_softmax(logits, -1)
        logs = torch.log_softmax(logits.masked_fill(~decided.mask, -torch.inf), -1)
        return torch.where(decided.mask, logs, 0.0)  # a masked leaf is never taken

    def _gathered(self, references: Tensor, found: Sequence[tuple[Tensor, ...]]) -> Tensor:
        """Return what references stand for, [U, *shape]."""
        places: list[Tensor] = []
        owner = torch.searchsorted(torch.tensor(self.firsts), references, right=True) - 1
        index = torch.zeros_like(references)
        offset = 0
        for k in torch.unique(owner).tolist():
            here = owner == k
            index[here] = references[here] - self.firsts[k] + offset
            call, part = self.results[k]
            places.append(found[call][part])
            offset += len(places[-1])
        whole = places[0] if len(places) == 1 else torch.cat(places)
        return whole.index_select(0, index)

    def pruned(self, leaves: Tensor) -> tuple[Tape, Tensor]:
        """Return the tape of what some leaves need, and the new number of each leaf (-1: none).

        Args:
            leaves: which leaves are wanted, bools.
        """
        made, number = Tape(), torch.full((self.leaves,), -1)
        wanted = torch.zeros(self.references, dtype=torch.bool)
        kept: list[Decided] = []
        for d in self.decisions:
            block = slice(d.first, d.first + len(d.logits) * d.count)
            rows = leaves[block].reshape(-1, d.count).any(1)
            if not bool(rows.any()):
                continue
            mask = None if d.mask is None else d.mask[rows]
            kept.append(Decided(d.logits[rows], mask, made.leaves, d.count))
            own = torch.full((len(rows), d.count), -1)
            many = int(rows.sum()) * d.count
            own[rows] = (made.leaves + torch.arange(many)).reshape(-1, d.count)
            number[block] = own.reshape(-1)
            made.leaves += many
            wanted[d.logits[rows]] = True
        calls: list[tuple[Called, Tensor]] = []
        for call in reversed(self.calls):
            stop = call.first + call.parts * call.rows
            rows = wanted[call.first : stop].reshape(call.parts, -1).any(0)
            if bool(rows.any()):
                args = tuple(a[rows] for a in call.args)
                calls.append((replace(call, args=args), rows))
                for a, t in zip(args, call.types, strict=True):
                    if is_reference(a, t):
                        wanted[a] = True
        made._renumber(calls[::-1], kept, self.references)
        return made, number

    def _renumber(
        self, calls: Sequence[tuple[Called, Tensor]], kept: Sequence[Decided], references: int
    ) -> None:
        new = torch.full((references,), -1)
        for call, rows in calls:
            many = int(rows.sum())
            for j in range(call.parts):
                old = call.first + j * len(rows) + torch.nonzero(rows).squeeze(1)
                new[old] = self.references + j * many + torch.arange(many)
            args = tuple(
                new[a] if is_reference(a, t) else a
                for a, t in zip(call.args, call.types, strict=True)
            )
            self._note(replace(call, args=args, first=self.references))
        self.decisions = [replace(d, logits=new[d.logits]) for d in kept]


class Read(Tape):
    """A tape that runs each call when it is noted, without gradients: its numbers are known."""

    def __init__(self, apply: Apply, temperature: float) -> None:
        super().__init__()
        self.apply, self.temperature = apply, temperature
        self.found: list[tuple[Tensor, ...]] = []
        self._logs = torch.zeros(0)

    def network(
        self, node: Network, types: Sequence[Type], values: Sequence[Tensor], world: World
    ) -> Tensor | tuple[Tensor, ...]:
        """Note a call, and run it."""
        references = super().network(node, types, values, world)
        self.found.append(self._called(self.calls[-1], self.apply, self.found))
        return references

    def decide(self, logits: Tensor, mask: Tensor | None, count: int) -> Tensor:
        """Note decisions, and how probable their alternatives are."""
        leaves = super().decide(logits, mask, count)
        rows = self._log_probs(self.decisions[-1], self.found, self.temperature)
        self._logs = torch.cat((self._logs, rows.reshape(-1)))
        return leaves

    def logs(self) -> Tensor:
        """Return the log-probability of each leaf so far."""
        return self._logs


def _shared(value: Tensor, t: Type) -> Tensor | None:
    """Return which row each has, where whole arrays that were computed are had by several."""
    if not is_reference(value, t) or len(shape_of(t)) < 2:
        return None
    rows, of = torch.unique(value, return_inverse=True)
    return of if 2 * len(rows) <= len(value) else None


def _distinct(values: Sequence[Tensor], types: Sequence[Type]) -> tuple[Tensor, Tensor]:
    """Number particles by the arguments they give: their classes, and the first of each."""
    keys = Keys(len(values[0]))
    for value, t in zip(values, types, strict=True):
        flat = value.reshape(len(value), -1)
        if value.is_floating_point():
            keys.add(flat, None)
        elif is_reference(value, t):
            keys.add(flat, int(flat.max()) + 1)
        else:
            lo, size = domain(t)
            keys.add(flat - lo, size)
    classes, count = keys.done()
    return classes, representatives(classes, count)
