"""Bodies of loops whose iterations do not depend on each other, without the counters.

In: a nest of loops. Out: its body once more: each read or write at a place that moves with the
counters has become a parameter. What such a body computes for one iteration it computes for all of
them at once, if each parameter has the iterations on leading axes. Makes no text.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from diffprog.ir.affine import difference
from diffprog.ir.graph import (
    Apply,
    Builder,
    Cut,
    Hole,
    Loop,
    Network,
    Param,
    Read,
    Write,
    regions,
    walk,
)
from diffprog.ops import OPS
from diffprog.soft.lifted import Count, Lifted, Slice, Whole, left, rest
from diffprog.soft.live import live
from diffprog.types import Array, Real

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Node, NodeId
    from diffprog.soft.lifted import Places
    from diffprog.soft.nest import Nest
    from diffprog.types import Type


WIDENING = frozenset({"add", "sub", "mul", "div", "convert"})
"""Operations that take an integer among reals as the real it is."""


class NotIndependentError(Exception):
    """Iterations may depend on each other, or a body does what is not lifted."""


def lifted(found: Nest, *, diagonal: bool = False) -> Lifted | None:
    """Return the body for all iterations at once, None where they may depend on each other.

    Along a diagonal they may read what earlier ones have written: cells none of whose counters is
    further, and some are less far.
    """
    if any(abs(loop.step) != 1 for loop in found.loops):
        return None
    try:
        return _Lifting(found, diagonal).done()
    except NotIndependentError:
        return None


@dataclass
class _Lifting:
    """A body being written anew, node by node."""

    nest: Nest
    diagonal: bool = False
    builder: Builder = field(default_factory=Builder)
    params: list[Slice | Count | Whole | Hole] = field(default_factory=list)
    new: dict[NodeId, NodeId] = field(default_factory=dict)
    moving: dict[NodeId, frozenset[int]] = field(default_factory=dict)
    counts: dict[NodeId, NodeId] = field(default_factory=dict)
    owner: dict[NodeId, int] = field(default_factory=dict)
    own: dict[int, Places] = field(default_factory=dict)

    def done(self) -> Lifted:
        """Write the body.

        Raises:
            NotIndependentError: where an iteration may see another.
        """
        body = self.nest.body
        used = [body[n] for n in sorted(live(body, self.nest.results.values()).nodes)]
        self._move(used)
        for node in used:
            if isinstance(node, Write):
                self._own(node)
        self._declare(used)
        for node in used:
            self._copy(node)
        results = []
        for place in self.nest.results.values():
            end = body.results[place]
            if self.owner.get(end) != place:
                raise NotIndependentError
            if end != 1 + place and place not in self.own:
                raise NotIndependentError
            results.append(self._at(end))
        graph = self.builder.done(results)
        return Lifted(graph, tuple(self.params), self.own)

    def _move(self, nodes: Sequence[Node]) -> None:
        """Note of each node with which counters it moves, and of arrays whose versions they are."""
        state = {1 + p: p for p in self.nest.results.values()}
        for node in nodes:
            if node.id in self.nest.counters:
                self.moving[node.id] = frozenset({self.nest.counters.index(node.id)})
            elif isinstance(node, Param):
                self.moving[node.id] = frozenset()
                if node.id in state:
                    self.owner[node.id] = state[node.id]
            else:
                known = isinstance(node, Apply) and self._is_index(node)
                parts = [self.moving[i] for i in node.inputs] if known else []
                self.moving[node.id] = frozenset().union(*parts)
                if isinstance(node, Write) and node.inputs[0] in self.owner:
                    self.owner[node.id] = self.owner[node.inputs[0]]

    def _is_index(self, node: Node) -> bool:
        """Say whether a node is a counter with a number added, or several in such a way."""
        return any(self._offset(node.id, c) is not None for c in self.nest.counters)

    def _offset(self, node: NodeId, counter: NodeId) -> int | None:
        return difference(self.nest.body.nodes, node, counter)

    def _places(self, node: Read | Write) -> Places:
        """Return how a read or write moves with the counters.

        Raises:
            NotIndependentError: where it does so in another way than by a counter and a number.
        """
        indices = iter(node.inputs[1 if isinstance(node, Read) else 2 :])
        found = []
        for axis, cut in enumerate(node.axes):
            if cut is not None:
                continue
            index = next(indices)
            for k in self.moving[index]:
                offset = self._offset(index, self.nest.counters[k])
                if offset is None:
                    raise NotIndependentError
                found.append((axis, k, offset))
        if len({k for _, k, _ in found}) < len(found):
            raise NotIndependentError
        return tuple(found)

    def _own(self, node: Write) -> None:
        """Note where the iterations write an array: each at cells of its own."""
        places = self._places(node)
        if not places:
            return
        place = self.owner.get(node.id)
        if place is None or {k for _, k, _ in places} != set(range(len(self.nest.loops))):
            raise NotIndependentError
        if self.own.setdefault(place, places) != places:
            raise NotIndependentError

    def _declare(self, nodes: Sequence[Node]) -> None:
        """Make the parameters of the new body."""
        for node in nodes:
            if isinstance(node, Param) and node.id not in self.nest.counters:
                own = self.own.get(self.owner.get(node.id, -1))
                if own is not None:
                    what, t = Slice(node.id, own), rest(node.type, own)
                    self.new[node.id] = self._param(node, what, t)
                else:
                    self.new[node.id] = self._param(node, Whole(node.id), node.type)
            elif isinstance(node, Hole):
                if node.inputs:
                    raise NotIndependentError
                self.new[node.id] = self._param(node, node, node.type)
            elif _widens(node):
                self._widen(node)
            elif isinstance(node, Read) and (
                node.inputs[0] not in self.owner or self._is_earlier(node)
            ):
                self._slice(node)

    def _is_earlier(self, node: Read) -> bool:
        """Say whether what is read was written by iterations on earlier diagonals."""
        own = self.own.get(self.owner[node.inputs[0]])
        if (
            not self.diagonal
            or own is None
            or not isinstance(self.nest.body[node.inputs[0]], Param)
        ):
            return False
        places = self._places(node)
        if [p[:2] for p in places] != [p[:2] for p in own]:
            return False
        back = [mine - its for (*_, mine), (*_, its) in zip(own, places, strict=True)]
        return min(back) >= 0 and max(back) > 0

    def _widen(self, node: Node) -> None:
        """Make the counters that a real operation reads parameters, as the reals they are."""
        for i in node.inputs:
            if self.moving[i] and i not in self.counts:
                (k,) = self.moving[i]
                offset = self._offset(i, self.nest.counters[k])
                assert offset is not None
                self.counts[i] = self._param(self.nest.body[i], Count(k, offset), Real())

    def _slice(self, node: Read) -> None:
        places = self._places(node)
        if places:
            array = self.nest.body[node.inputs[0]]
            if not isinstance(array, Param):
                raise NotIndependentError
            what, t = Slice(array.id, places), rest(array.type, places)
            self.new[node.id] = self._param(node, what, t)

    def _param(self, node: Node, what: Slice | Count | Whole | Hole, t: Type) -> NodeId:
        if what in self.params and not isinstance(what, Hole):
            return self.params.index(what)
        self.params.append(what)
        return self.builder.param(getattr(node, "name", "") or "cells", t, node.span)

    def _at(self, node: NodeId) -> NodeId:
        """Return the node of the new body.

        Raises:
            NotIndependentError: for a counter, of which nothing is left there.
        """
        if node not in self.new:
            raise NotIndependentError
        return self.new[node]

    def _copy(self, node: Node) -> None:
        """Write a node into the new body."""
        if isinstance(node, Param | Hole):
            return
        if _widens(node):
            self._count(node)
            return
        if self.moving[node.id]:
            return  # an index: reads and writes have taken it in
        if isinstance(node, Network | Loop) or not _is_plain(node):
            raise NotIndependentError
        if isinstance(node, Read | Write):
            self._access(node)
            return
        if any(i in self.owner for i in node.inputs):
            raise NotIndependentError
        inputs = tuple(self._at(i) for i in node.inputs)
        self.new[node.id] = self.builder.add(replace(node, inputs=inputs))

    def _count(self, node: Node) -> None:
        """Write a real operation, which may read counters."""
        inputs = tuple(self.counts[i] if i in self.counts else self._at(i) for i in node.inputs)
        if isinstance(node, Apply) and node.op == "convert" and node.inputs[0] in self.counts:
            self.new[node.id] = inputs[0]
        else:
            self.new[node.id] = self.builder.add(replace(node, inputs=inputs))

    def _access(self, node: Read | Write) -> None:
        """Write what is left of a read or write: the axes that do not move."""
        places, owner = self._places(node), self.owner.get(node.inputs[0])
        if owner is not None and self.own.get(owner) != places and node.id not in self.new:
            raise NotIndependentError
        axes, indices = left(node, {axis for axis, _, _ in places})
        after = 1 if isinstance(node, Read) else 2
        # What is read of another array, or on an earlier diagonal, is a parameter already.
        array = self.new[node.id] if node.id in self.new else self._at(node.inputs[0])
        inputs = (array, *(self._at(i) for i in (*node.inputs[1:after], *indices)))
        if (
            isinstance(node, Write)
            and node.op is None
            and _is_whole(axes, self.builder.type(array))
        ):
            self.new[node.id] = inputs[1]
        elif axes:
            t = node.type if isinstance(node, Read) else self.builder.type(array)
            self.new[node.id] = self.builder.add(replace(node, axes=axes, inputs=inputs, type=t))
        elif isinstance(node, Read):
            self.new[node.id] = array
        else:
            raise NotIndependentError


def _is_whole(axes: Sequence[Cut | None], t: Type) -> bool:
    """Say whether a place is all of a value of this type."""
    sizes = t.shape[: len(axes)] if isinstance(t, Array) else ()
    return axes == tuple(Cut(0, n) for n in sizes)


def _widens(node: Node) -> bool:
    return isinstance(node, Apply) and node.op in WIDENING and isinstance(node.type, Real)


def _is_plain(node: Node) -> bool:
    """Say whether a node and what it holds report nothing, and have no weights of their own."""
    inside = [n for _, region in regions(node) for n in walk(region)]
    return not any(isinstance(n, Hole | Loop | Network) or _is_partial(n) for n in (node, *inside))


def _is_partial(node: Node) -> bool:
    return isinstance(node, Apply) and node.op in OPS and OPS[node.op].partial is not None
