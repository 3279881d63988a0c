"""The graph: a small closed set of node kinds, in regions that capture nothing.

A region (`Graph`) lists its nodes in an order in which each stands after its inputs. Branches
and loops hold regions of their own; whatever a region needs comes in through its parameters.
All nodes are frozen; passes build new regions with `Builder`.

Soft meaning in one line each (DESIGN §3 has the whole):

- Param: what the region is given.
- Const: the value; one-hot.
- Hole: softmax(logits / choice_temperature), contracted with the `given` values; its logits are
  a parameter, or the first input: a network's, of a decision each time it is met.
- Apply: the multilinear extension of the row's crisp function, or the row's formula.
- Table: a tabulated expression, extended over all its inputs at once.
- Read: sum_j i_j M_j. Write: M_j <- i_j v + (1 - i_j) M_j; by `op`: i_j op(M_j, v) + (1 - i_j) M_j.
- Reduce: sum, count, … of the selected cells: the extension of the fold.
- Select: sum_k w_k case_k(sources given test = k, others).
- For: known trips. Loop: sum_k alive_k (1 - c_k) (state given stop) + the rest.
- Project: one of several results. Network: a function of reals.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from diffprog.types import Tuple, Type, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from diffprog.errors import Span

NodeId: TypeAlias = int


@dataclass(frozen=True, slots=True)
class Base:
    """What every node has.

    Its inputs (ids in the same region), its type and its place in the text.
    """

    id: NodeId = field(kw_only=True, default=-1)
    inputs: tuple[NodeId, ...] = field(kw_only=True, default=())
    type: Type = field(kw_only=True)
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Param(Base):
    """A parameter of the region.

    `known`: a plain number in every run (a loop's counter, a size).
    """

    name: str
    known: bool = False


@dataclass(frozen=True, slots=True)
class Const(Base):
    """A crisp value of any type."""

    value: Value


@dataclass(frozen=True, slots=True)
class Hole(Base):
    """The value of a hole.

    inputs: its logits if `logits` (reals that a network gives; else they are a parameter), or the
    `given` values; then the mask if `masked`.

    A hole with either is a decision each time it is met, so no two nodes of it are one.
    `branches`: made for a branch, whose test alone reads it; conditioning looks through it.
    For `select` holes the type is ``Int(0, k)``. Every Hole node of one key reads the same
    logits.
    """

    key: str
    masked: bool = False
    branches: bool = False
    logits: bool = False

    @property
    def given(self) -> tuple[NodeId, ...]:
        """The values that it is given."""
        return self.inputs[int(self.logits) : len(self.inputs) - self.masked]


@dataclass(frozen=True, slots=True)
class Apply(Base):
    """A row of `OPS`, lifted where an input is an array, or a structural operation.

    * ``convert``: into the node's type (subrange to range, int to real, a scalar into each
      cell);
    * ``narrow``: into the narrower range of the node's type, normalised (in a live case the
      mass outside is nil; in a dead one the uniform distribution becomes the uniform one over
      the range);
    * ``array``: the inputs side by side on a new leading axis.

    Tuples are taken apart by `lower`: only nodes with several results (Select, For, Loop) have
    tuple types.
    """

    op: str


STRUCTURAL = ("convert", "narrow", "array", "choose")
"""Apply operations that are not rows: their result type is not a function of the inputs' types.

``choose`` (test, then, other) stands only in the expression of a `Table`, and evaluates one
side.
"""


@dataclass(frozen=True, slots=True)
class Table(Base):
    """A finite scalar expression that some source reaches by two paths.

    As one operation of its inputs.

    `expression` is a region of the same inputs, for pictures and text (None: a function
    tabulated whole); `entries` are the results as numbers (value - lo of the type), flat,
    row-major over the inputs' values.
    """

    entries: tuple[int, ...]
    expression: Graph | None = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Cut:
    """A static slice ``lo..hi`` of one axis."""

    lo: int
    hi: int


Axes: TypeAlias = tuple[Cut | None, ...]
"""How each leading axis of an array is indexed.

A static slice, or by the next index input (None).
"""


@dataclass(frozen=True, slots=True)
class Read(Base):
    """inputs: the array, then an Int node for each None of `axes`."""

    axes: Axes


@dataclass(frozen=True, slots=True)
class Write(Base):
    """inputs: the array, the value, then an Int node for each None of `axes`.

    `op`: update in place by a row.

    The value has the type of the place (for `op`: a scalar, or the place's shape).
    """

    axes: Axes
    op: str | None = None


@dataclass(frozen=True, slots=True)
class Reduce(Base):
    """inputs.

    The array, then the mask if `masked`, then the value for nothing if `otherwise`.
    """

    op: str
    masked: bool = False
    otherwise: bool = False


@dataclass(frozen=True, slots=True)
class Select(Base):
    """A branch.

    inputs: `sources` finite sources of the test first, then whatever else the cases need.

    `test` is a region of the sources and of those others that it needs unconditioned: its
    parameters are all inputs; its one result is a Bool (case 0 is false, case 1 is true) or a
    finite value (case number = value - lo). `cases`: regions of all the inputs, in the same
    order; in case k each of the first `sources` inputs is x[v] P(test = k | x = v) / w_k.
    `unions[v]` is the case that value number v of the test goes to, so that several values may
    share a case. The type is a tuple of the variables merged. A source may be a finite scalar
    or an array of them: then each cell is conditioned by itself. In a dead case a source is
    uniform.
    """

    sources: int
    test: Graph
    unions: tuple[int, ...]
    cases: tuple[Graph, ...]


@dataclass(frozen=True, slots=True)
class For(Base):
    """A loop whose bounds are known.

    inputs: lo, hi (known), the carried values, then invariants.

    `body`: region of (counter, carried…, invariants…) with the carried values as results.
    """

    step: int
    carried: int
    body: Graph


@dataclass(frozen=True, slots=True)
class Halting:
    """``plain``, ``act`` (`number`: epsilon) or ``ponder`` (`number`: the prior)."""

    kind: str = "plain"
    number: float = 0.0


@dataclass(frozen=True, slots=True)
class Loop(Base):
    """A loop that halts by weight. inputs: carried values, then invariants.

    Each round k = 0, 1, … of at most `rounds` is the chain (all regions take the counter k,
    known, first):

    * `before`: (k, carried, invariants) -> carried: the body of a `repeat`; identity (None) for
      `while`;
    * `probe`: (k, carried, invariants) -> the test's finite sources, then the others that it
      needs;
    * `test`: a region of what `probe` gives, with one Bool result: true = stop;
    * `stop`: (k, sources given stop, carried, invariants) -> carried;
    * `go`: (k, sources given go, carried, invariants) -> carried: the body of a `while`.

    `while` has rounds = max + 1 (in the last round, what would go on is only conditioned, by
    `last`, and stays as unfinished); `repeat` has rounds = max. `last`: (k, sources given go,
    carried, invariants) -> carried, without the body. For `act` and `ponder` nothing is
    conditioned and the test's result is a real: the halting unit.
    """

    carried: int
    sources: int
    rounds: int
    halting: Halting
    before: Graph | None
    probe: Graph
    test: Graph
    stop: Graph
    go: Graph
    last: Graph


@dataclass(frozen=True, slots=True)
class Project(Base):
    """One of the results of a node of tuple type."""

    place: int


@dataclass(frozen=True, slots=True)
class Network(Base):
    """A neural network or an extern, by name, applied along the first `lifted` axes of its inputs.

    The type is a tuple where it has several results. `kind`: a row of `diffprog.nets.KINDS`.
    """

    name: str
    kind: str = "extern"
    lifted: int = 0


Node: TypeAlias = (
    Param
    | Const
    | Hole
    | Apply
    | Table
    | Read
    | Write
    | Reduce
    | Select
    | For
    | Loop
    | Project
    | Network
)


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A region: parameters, nodes in an order of use, results. Node i has id i."""

    nodes: tuple[Node, ...]
    results: tuple[NodeId, ...]

    def __getitem__(self, node: NodeId) -> Node:
        """Return the node with this id."""
        return self.nodes[node]

    @property
    def params(self) -> tuple[Param, ...]:
        """The parameters: always the first nodes."""
        return tuple(n for n in self.nodes if isinstance(n, Param))

    @property
    def types(self) -> tuple[Type, ...]:
        """The types of the results."""
        return tuple(self.nodes[r].type for r in self.results)

    def uses(self) -> list[list[NodeId]]:
        """Return, for each node, the nodes of this region that take it as input."""
        out: list[list[NodeId]] = [[] for _ in self.nodes]
        for n in self.nodes:
            for i in n.inputs:
                out[i].append(n.id)
        return out


def regions(node: Node) -> tuple[tuple[str, Graph], ...]:
    """Return the regions that a node holds, by name, in a fixed order."""
    match node:
        case Select():
            return (("test", node.test), *((f"case {k}", g) for k, g in enumerate(node.cases)))
        case For():
            return (("body", node.body),)
        case Loop():
            named = (
                ("before", node.before),
                ("probe", node.probe),
                ("test", node.test),
                ("stop", node.stop),
                ("go", node.go),
                ("last", node.last),
            )
            return tuple((name, g) for name, g in named if g is not None)
        case _:
            return ()


def with_regions(node: Node, change: Callable[[Graph], Graph]) -> Node:
    """Return the node with every region that it holds changed."""
    match node:
        case Select():
            return replace(node, test=change(node.test), cases=tuple(map(change, node.cases)))
        case For():
            return replace(node, body=change(node.body))
        case Loop():
            return replace(
                node,
                before=None if node.before is None else change(node.before),
                probe=change(node.probe),
                test=change(node.test),
                stop=change(node.stop),
                go=change(node.go),
                last=change(node.last),
            )
        case _:
            return node


def walk(graph: Graph) -> Iterator[Node]:
    """Yield every node of a region and of the regions inside it."""
    for node in graph.nodes:
        yield node
        for _, inner in regions(node):
            yield from walk(inner)


class Builder:
    """Builds a region; equal pure nodes become one, so that a value has one name."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._same: dict[Any, NodeId] = {}

    def add(self, node: Node) -> NodeId:
        """Append a node (its inputs must stand already) and return its id.

        An equal one is reused.
        """
        node = replace(node, id=-1)
        key = _key(node)
        if key is not None and key in self._same:
            return self._same[key]
        number = len(self.nodes)
        self.nodes.append(replace(node, id=number))
        if key is not None:
            self._same[key] = number
        return number

    def param(self, name: str, t: Type, span: Span, *, known: bool = False) -> NodeId:
        """Append a parameter."""
        return self.add(Param(name=name, known=known, type=t, span=span))

    def type(self, node: NodeId) -> Type:
        """Return the type of a node that stands already."""
        return self.nodes[node].type

    def project(self, node: NodeId, place: int) -> NodeId:
        """Append the projection of one result of a node of tuple type."""
        t = self.type(node)
        assert isinstance(t, Tuple)
        span = self.nodes[node].span
        return self.add(Project(place=place, inputs=(node,), type=t.items[place], span=span))

    def done(self, results: Sequence[NodeId]) -> Graph:
        """Return the region."""
        return Graph(tuple(self.nodes), tuple(results))


def _key(node: Node) -> tuple[Any, ...] | None:
    """Return what equal nodes have in common; None where no two nodes are one."""
    if isinstance(node, Param | Select | For | Loop | Network):
        return None
    if isinstance(node, Hole) and node.inputs:
        return None
    if isinstance(node, Const):
        # By its text: lists have no hash, and 1 == 1.0 == True are different constants here.
        return (Const, node.type, repr(node.value))
    return (type(node), node)
