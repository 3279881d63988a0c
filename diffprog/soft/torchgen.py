"""A graph as readable torch source: one function, the kernels it calls, the constants it needs.

In: the program's graph. Out: the text of a file that runs without diffprog. Every value's
meaning is on its trailing axes; the generated code knows how many, and never names a leading
one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, assert_never

from diffprog.errors import InvariantError
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
from diffprog.ir.known import is_scalar, known
from diffprog.ops import OPS
from diffprog.soft import rows, watching
from diffprog.soft.addressing import addressing
from diffprog.soft.apart import spent
from diffprog.soft.branches import select
from diffprog.soft.counted import loop_for
from diffprog.soft.emitter import Emitter, placed
from diffprog.soft.halted import loop_halting
from diffprog.soft.holes import hole
from diffprog.soft.limits import value_fits
from diffprog.soft.live import live
from diffprog.soft.networks import called, unpacked
from diffprog.soft.parted import parts, read_apart
from diffprog.soft.pieces import WHOLE, Pieces
from diffprog.soft.places import read, write
from diffprog.soft.reductions import reduce
from diffprog.soft.sources import KERNELS, assembled
from diffprog.soft.tabulated import table
from diffprog.soft.together import read_together, together
from diffprog.soft.watching import CALLS, addressed, loop_ends
from diffprog.soft.writer import Term, Writer, const, item, row_of
from diffprog.types import Bool, Real, Tuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.ir.graph import Graph, Node


@dataclass(frozen=True)
class Generated:
    """The text of a program's file, and the names in it that a caller needs.

    `whole` says of a file for `torch.compile` whether all of it is compiled as one; else None.
    `patient` says whether its rounds are compiled only once they have run often.
    """

    source: str
    entry: str
    params: tuple[str, ...]
    whole: bool | None = None
    patient: bool = False


@dataclass
class Generator:
    """Writes regions: one term for each node that is read."""

    writer: Writer
    weights: dict[str, tuple[str, str]] = field(default_factory=dict)
    tracing: Mapping[str, Sequence[str]] | None = None
    outcomes: bool = False

    def __post_init__(self) -> None:
        self.emitter = Emitter(self.writer, self.region, self.hole_weights, self.tracing)
        self.emitter.alternatives = [] if self.outcomes else None

    def hole_weights(self, node: Hole) -> str:
        """Return the name of a hole's weights, computed once at the top of the function."""
        if node.key not in self.weights:
            name = self.writer.fresh(node.key.replace("#", "_"))
            code = f"holes[{node.key!r}]"
            if not isinstance(item(node.type), Real):
                code = f"choice({code}, choice_T)"
                code += "[..., 1]" if isinstance(item(node.type), Bool) else ""
            self.weights[node.key] = (name, code)
            self.writer.outside([name])
            self.emitter.choices[name] = node.key
        return self.weights[node.key][0]

    def region(
        self, graph: Graph, inputs: Sequence[Term | None], wanted: Sequence[int] | None
    ) -> list[Term | None]:
        """Write what the wanted results of a region read, in its order; return the results."""
        self.emitter.regions += 1
        needed = live(graph, wanted)
        flags = known(graph, [t is not None and (t.number or t.value is not None) for t in inputs])
        terms: dict[int, Term] = {}
        several: dict[int, dict[int, Term]] = {}
        steps = addressing(graph) if self.tracing is not None else {}
        beside = {} if self.writer.fixed else together(graph, needed.nodes)
        apart = {} if self.writer.fixed else parts(graph, needed.nodes)
        writes = spent(graph)
        for node in (graph[n] for n in sorted(needed.nodes)):
            self.emitter.spent = writes
            args = [terms.get(i) for i in node.inputs]
            terms |= read_together(self.emitter, graph, beside.get(node.id, ()), terms)
            if node.id in apart:
                terms |= read_apart(self.emitter, node, *apart[node.id], terms)
            match node:
                case Read() if node.id in terms:
                    continue
                case Param():
                    terms[node.id] = placed(inputs[node.id])
                case Project(place):
                    terms[node.id] = several[node.inputs[0]][place]
                case Select() | For() | Loop():
                    self.emitter.comment(node)
                    places = needed.places.get(node.id, frozenset())
                    several[node.id] = self.block(node, args, places)
                case Network(type=Tuple()):
                    self.emitter.comment(node)
                    several[node.id] = unpacked(self.emitter, node, list(map(placed, args)))
                case _:
                    terms[node.id] = self.simple(
                        node, list(map(placed, args)), number=flags[node.id]
                    )
                    if not terms[node.id].number:
                        value_fits(node.type, node.span)
            if node.id in steps:
                addressed(self.emitter, steps[node.id], node, terms[node.id])
        self.emitter.regions -= 1
        return [terms.get(r) for r in graph.results]

    def block(
        self, node: Select | For | Loop, args: Sequence[Term | None], places: frozenset[int]
    ) -> dict[int, Term]:
        """Write a node that holds regions."""
        match node:
            case Select():
                return select(self.emitter, node, args, places)
            case For():
                found = loop_for(self.emitter, node, args, places)
                names = {p: node.body.params[1 + p].name for p in found}
            case Loop():
                found = loop_halting(self.emitter, node, args, places)
                names = {p: node.stop.params[1 + node.sources + p].name for p in found}
        loop_ends(self.emitter, found, names, node.span)
        return found

    def simple(self, node: Node, args: Sequence[Term], *, number: bool) -> Term:  # noqa: C901 - a case a kind
        """Write a node with one result."""
        em = self.emitter
        if not isinstance(node, Const) and not (isinstance(node, Hole) and not args):
            em.comment(node)
        match node:
            case Const(value):
                return const(value, node.type)
            case Apply(op):
                # A branch whose cases agree on a constant gives more than `known` promises.
                constant = op in OPS and is_scalar(node.type) and all(map(_is_known, args))
                known_now = number or constant
                return rows.number(em, node, args) if known_now else rows.apply(em, node, args)
            case Table():
                return table(em, node, args)
            case Hole():
                return hole(em, node, args)
            case Read():
                return read(em, node, args)
            case Write():
                return write(em, node, args)
            case Reduce():
                return reduce(em, node, args)
            case Network():
                found = em.assign(node, called(em, node, args))
                watching.called(em, node, args, found)
                return found
            case Param() | Project() | Select() | For() | Loop():
                message = f"{type(node).__name__} is not a simple node"
                raise InvariantError(message)
            case _:
                assert_never(node)


def _is_known(term: Term) -> bool:
    return term.number and is_scalar(term.type)


def generate(
    graph: Graph,
    name: str,
    *,
    inspect: bool = False,
    tracing: Mapping[str, Sequence[str]] | None = None,
    outcomes: bool = False,
    pieces: bool = False,
    patient: bool = False,
) -> Generated:
    """Return a program's file.

    Args:
        graph: the whole program's region.
        name: the program's name, which the generated function gets.
        inspect: whether each value is handed to `inspect(value, operation, place)`, to find a
            NaN.
        tracing: the alternatives of holes by key, where what the run does is handed to `watch`.
        outcomes: whether the function returns alternatives on leading axes, one for each step of a
            loop `by ponder`, and first the weights of each such axis.
        pieces: whether it is for `torch.compile`, with loops some rounds at a time.
        patient: whether, of that, only large rounds with networks are compiled, in time; a
            program without such is written as it would be without a compiler.
    """
    writer = Writer(inspect=inspect, fixed=inspect or tracing is not None)
    writer.reserve({*KERNELS, "inspect", *CALLS})
    generator = Generator(writer, tracing=tracing, outcomes=outcomes)
    cut = generator.emitter.pieces = Pieces(patient) if pieces else None
    entry = writer.fresh(name)
    params = tuple(writer.fresh(p.name) for p in graph.params)
    writer.outside(params)
    for p in graph.params:
        value_fits(p.type, p.span)
    inputs = [
        Term(text, p.type, number=p.known) for text, p in zip(params, graph.params, strict=True)
    ]
    results = generator.region(graph, inputs, None)
    codes = [writer.tensor(placed(r)) for r in results]
    if generator.emitter.alternatives is not None:
        codes.insert(0, row_of(generator.emitter.alternatives))
    writer.line(f"return {row_of(codes)}")
    source = assembled(writer, generator.weights, entry, params)
    if cut is None:
        return Generated(source, entry, params)
    whole = not cut.rounds and cut.cost(writer) <= WHOLE
    if whole or (patient and not cut.rounds):  # nothing is cut: as without a compiler
        plain = generate(graph, name, inspect=inspect, tracing=tracing, outcomes=outcomes)
        return plain if patient else replace(plain, whole=True)
    return Generated(source, entry, params, whole, patient)
