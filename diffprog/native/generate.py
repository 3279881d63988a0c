"""A graph as one C file: forward and reverse of the whole program, over blocks of rows.

In: the program's graph. Out: the text, and what a caller must hand in and gets back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffprog.ir.graph import (
    Apply,
    Const,
    For,
    Hole,
    Loop,
    Network,
    Param,
    Project,
    Read,
    Reduce,
    Select,
    Table,
    Write,
)
from diffprog.ir.known import known
from diffprog.native import holes, numbers, places, rows
from diffprog.native.blocks import Statement
from diffprog.native.branches import select
from diffprog.native.frame import FEW, abreast, framed
from diffprog.native.lives import lives, used
from diffprog.native.loops import loop_for, loop_halting
from diffprog.native.record import in_c
from diffprog.native.reductions import place, reduce
from diffprog.native.render import Renderer
from diffprog.native.values import Number, Slot, UnsupportedError, adjoints, room, values
from diffprog.native.writer import Writer
from diffprog.types import is_finite

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from diffprog.ir.graph import Graph, Node
    from diffprog.native.places import Free
    from diffprog.native.values import Term
    from diffprog.types import Type


@dataclass(frozen=True)
class Generated:
    """A program in C.

    Attributes:
        source: the text, for any precision (`real`) and number of vectors (`U`).
        vectors: how many a block is at most.
        params: the numbers of each parameter of the graph.
        holes: the numbers of each hole's weights, by key, in the order they are handed in.
        results: the types of the results.
        notes: what is reported, (kind, line), after the results.
        tape: the numbers that a row keeps for the reverse.
        room: the numbers that a row needs besides while it runs.
        work: roughly how many operations a row takes.
    """

    source: str
    vectors: int
    params: tuple[int, ...]
    holes: dict[str, int]
    results: tuple[Type, ...]
    notes: tuple[tuple[str, int], ...]
    tape: int
    room: int
    work: int

    def text(self, rows: int) -> str:
        """Return the text for calls with so many rows."""
        return f"#define U {1 if rows <= FEW else self.vectors}\n{self.source}"


def supported(graph: Graph) -> str | None:
    """Return why a program cannot be native code; None if it can."""
    try:
        generate(graph)
    except UnsupportedError as reason:
        return str(reason)
    return None


class Generator:
    """Writes regions."""

    def __init__(self) -> None:
        self.writer = Writer()

    def region(
        self, graph: Graph, inputs: Sequence[Term | None], granted: Collection[int] = ()
    ) -> list[Term]:
        """Write what the results of a region read; return them.

        Args:
            graph: the region.
            inputs: its parameters.
            granted: the stretches from outside that it may write over.
        """
        w, needed, first = self.writer, used(graph), self.writer.count
        alive = lives(graph, needed, known(graph, [isinstance(t, Number) for t in inputs]))
        terms: dict[int, Term] = {}
        for node in graph.nodes:
            if node.id not in needed or isinstance(node, Project):
                continue
            if isinstance(node, Param):
                given = inputs[node.id]
                assert given is not None
                terms[node.id] = given
                continue

            def free(place: int, now: int = node.id) -> bool:
                own = (place > first or place in granted) and place not in w.shared
                return own and alive.free(terms, place, now)

            w.line = node.span.line
            args = [terms.get(i) for i in node.inputs]
            match node:
                case Select():
                    found = select(w, self.region, node, args, free=free)
                case For():
                    found = loop_for(w, self.region, node, args, free=free)
                case Loop():
                    found = loop_halting(w, self.region, node, args)
                case _:
                    spoilt = alive.outlives(node.id, node.inputs[0]) if node.inputs else False
                    simple = [a for a in args if a is not None]
                    terms[node.id] = self.simple(node, simple, free=free, spoilt=spoilt)
                    continue
            for n in graph.nodes:
                if isinstance(n, Project) and n.inputs == (node.id,) and n.id in needed:
                    terms[n.id] = found[n.place]
        return [terms[r] for r in graph.results]

    def simple(self, node: Node, args: Sequence[Term], *, free: Free, spoilt: bool) -> Term:
        """Write a node with one result."""
        match node:
            case Const(value):
                return numbers.constant(value, node.type)
            case Apply(op="pick") if is_finite(args[0].type):
                return place(self.writer, node.type, self.writer.tensor(args[0]), None, low=False)
            case Apply():
                return rows.apply(self.writer, node, args)
            case Table():
                return rows.table(self.writer, node, args)
            case Hole():
                return holes.hole(self.writer, node, args)
            case Read():
                return places.read(self.writer, node, args, spoilt=spoilt)
            case Write():
                return places.write(self.writer, node, args, free=free)
            case Reduce():
                return reduce(self.writer, node, args)
            case Network(name):
                message = f"the network `{name}`"
            case _:
                message = type(node).__name__
        raise UnsupportedError(message)


def generate(graph: Graph) -> Generated:
    """Return a program in C.

    Raises:
        UnsupportedError: for what native code does not do.
    """
    maker = Generator()
    w = maker.writer
    if any(p.known for p in graph.params):
        message = "a size that is known only when the program runs"
        raise UnsupportedError(message)
    inputs = [w.slot(p.type) for p in graph.params]
    results = [w.tensor(r) for r in maker.region(graph, inputs, [s.base for s in inputs])]
    loads = _loads(w, inputs)
    w.whole.statements[:0] = loads
    places = [*((r.code, room(r.type)) for r in results), *((p, 1) for p in w.notes.values())]
    for i, (at, n) in enumerate(places):
        seed = f"if (gout[{i}]) seed({adjoints(at)}, {n}, gout[{i}], row, rows);"
        taken = f"if (out[{i}]) unload({values(at)}, {n}, out[{i}], row, rows);"
        w.both(taken, seed if i < len(results) else ())
    made = Renderer(w.whole)
    forward, reverse = made.forward(w.whole), made.reverse(w.whole)
    size = w.whole.frame.size
    return Generated(
        framed(
            w,
            [*made.macros, in_c(len(inputs) + len(w.inputs), len(places))],
            {"FORWARD": forward, "REVERSE": reverse, "SIZE": str(size)},
        ),
        abreast(tape=size, room=max(made.local), text=len(forward) + len(reverse)),
        tuple(room(s.type) for s in inputs),
        {key: n for key, (_, n) in w.inputs.items()},
        tuple(r.type for r in results),
        tuple(w.notes),
        size,
        max(made.local),
        max(size, made.work),
    )


def _loads(w: Writer, inputs: Sequence[Slot]) -> list[Statement]:
    """Return the statements that load the inputs and the holes, and clear what is reported."""
    found = []
    places = [*((s.code, room(s.type)) for s in inputs), *w.logits.values()]
    for i, (at, n) in enumerate(places):
        load = f"load({values(at)}, {n}, in[{i}], step[{i}], row, rows);"
        gather = f"if (gin[{i}]) gather({adjoints(at)}, {n}, gin[{i}], step[{i}], row, rows);"
        found.append(Statement((load,), (gather,)))
    found += w.weighing
    return [*found, *(Statement((f"fill({values(at)}, 1, 0);",), ()) for at in w.notes.values())]
