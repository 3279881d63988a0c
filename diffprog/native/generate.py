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
from diffprog.native import numbers, places, rows
from diffprog.native.branches import select
from diffprog.native.conditions import used
from diffprog.native.loops import MOST_NUMBERS, loop_for, loop_halting
from diffprog.native.prelude import PRELUDE, contraction
from diffprog.native.reductions import reduce
from diffprog.native.values import Slot, UnsupportedError, room
from diffprog.native.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Graph, Node
    from diffprog.native.values import Term
    from diffprog.types import Type

LANES = 16
"""Rows of a block: a few registers of either precision."""


@dataclass(frozen=True)
class Generated:
    """A program in C.

    Attributes:
        source: the text, for any precision (`real`).
        params: the numbers of each parameter of the graph.
        holes: the numbers of each hole's weights, by key, in the order they are handed in.
        results: the types of the results.
        notes: what is reported, (kind, line), after the results.
        tape: the numbers that a row keeps.
    """

    source: str
    params: tuple[int, ...]
    holes: dict[str, int]
    results: tuple[Type, ...]
    notes: tuple[tuple[str, int], ...]
    tape: int


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

    def region(self, graph: Graph, inputs: Sequence[Term | None]) -> list[Term]:
        """Write what the results of a region read; return them."""
        w, needed = self.writer, used(graph)
        terms: dict[int, Term] = {}
        several: dict[int, list[Term]] = {}
        for node in graph.nodes:
            if node.id not in needed:
                continue
            if isinstance(node, Param):
                given = inputs[node.id]
                assert given is not None
                terms[node.id] = given
                continue
            w.line = node.span.line
            args = [terms.get(i) for i in node.inputs]
            match node:
                case Select():
                    several[node.id] = select(w, self.region, node, args)
                case For():
                    several[node.id] = loop_for(w, self.region, node, args)
                case Loop():
                    several[node.id] = loop_halting(w, self.region, node, args)
                case Project(place):
                    terms[node.id] = several[node.inputs[0]][place]
                case _:
                    terms[node.id] = self.simple(node, [a for a in args if a is not None])
        return [terms[r] for r in graph.results]

    def simple(self, node: Node, args: Sequence[Term]) -> Term:
        """Write a node with one result."""
        match node:
            case Const(value):
                return numbers.constant(value, node.type)
            case Apply():
                return rows.apply(self.writer, node, args)
            case Table():
                return rows.table(self.writer, node, args)
            case Hole():
                return places.hole(self.writer, node, args)
            case Read():
                return places.read(self.writer, node, args)
            case Write():
                return places.write(self.writer, node, args)
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
    inputs: list[Term | None] = [w.slot(p.type) for p in graph.params]
    results = [w.tensor(r) for r in maker.region(graph, inputs)]
    params = [(s.code, room(s.type)) for s in inputs if isinstance(s, Slot)]
    ins = [*params, *w.inputs.values()]
    outs = [*((r.code, room(r.type)) for r in results), *((p, 1) for p in w.notes.values())]
    size = w.frames[0].size
    if size > MOST_NUMBERS:
        message = f"a tape of {size:,} numbers (the limit is {MOST_NUMBERS:,})"
        raise UnsupportedError(message)
    return Generated(
        _file(w, ins, outs, size),
        tuple(n for _, n in params),
        {key: n for key, (_, n) in w.inputs.items()},
        tuple(r.type for r in results),
        tuple(w.notes),
        size,
    )


def _file(
    w: Writer, ins: Sequence[tuple[str, int]], outs: Sequence[tuple[str, int]], size: int
) -> str:
    tables = [f"static const int {name}[] = {{{', '.join(map(str, numbers_))}}};"
              for numbers_, name in w.tables.items()]  # fmt: skip
    constants = [f"v[({at} + {k}) * L + l] = (real){x!r};"
                 for at, xs in w.constants for k, x in enumerate(xs)]  # fmt: skip
    constants += [f"v[{at} * L + l] = 0;" for at in w.notes.values()]
    outputs = outs[: len(outs) - len(w.notes)]
    given = [f"load(v, {at}, {n}, in[{i}], step[{i}], row, rows);" for i, (at, n) in enumerate(ins)]
    taken = [f"unload(v, {at}, {n}, out[{i}], row, rows);" for i, (at, n) in enumerate(outs)]
    seeds = [f"if (gout[{i}]) seed(d, {at}, {n}, gout[{i}], row, rows);"
             for i, (at, n) in enumerate(outputs)]  # fmt: skip
    grads = [f"if (gin[{i}]) gather(d, {at}, {n}, gin[{i}], step[{i}], row, rows);"
             for i, (at, n) in enumerate(ins)]  # fmt: skip
    parts = {
        "SIZE": str(size), "CONSTANTS": "\n".join(constants), "FORWARD": "\n".join(w.forward),
        "REVERSE": "\n".join(reversed(w.reverse)), "LOAD": "\n".join(given),
        "UNLOAD": "\n".join(taken), "SEED": "\n".join(seeds), "GATHER": "\n".join(grads),
    }  # fmt: skip
    text = FRAME
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    head = f"#define L {LANES}\n{PRELUDE}"
    return "\n".join([head, *map(contraction, sorted(w.arities)), *tables, text])


FRAME = r"""
static void load(real *v, long o, long n, const real *x, long step, long row, long rows) {
  for (int l = 0; l < L; l++) {
    const real *from = x + step * (row + l < rows ? row + l : rows - 1);
    for (long j = 0; j < n; j++) v[(o + j) * L + l] = from[j];
  }
}
static void unload(const real *v, long o, long n, real *x, long row, long rows) {
  for (int l = 0; l < L && row + l < rows; l++)
    for (long j = 0; j < n; j++) x[(row + l) * n + j] = v[(o + j) * L + l];
}
static void seed(real *d, long o, long n, const real *g, long row, long rows) {
  for (int l = 0; l < L && row + l < rows; l++)
    for (long j = 0; j < n; j++) d[(o + j) * L + l] += g[(row + l) * n + j];
}
static void gather(const real *d, long o, long n, real *g, long step, long row, long rows) {
  for (int l = 0; l < L && row + l < rows; l++)
    for (long j = 0; j < n; j++) g[(row + l) * step + j] += d[(o + j) * L + l];
}
static void begin(real *restrict v, const real *const *in, const long *step, long row, long rows) {
LANES {
@CONSTANTS@
}
@LOAD@
}
static void block(real *restrict v, real T, real C, real E) {
(void)T; (void)C; (void)E;
@FORWARD@
}
static void back(const real *restrict v, real *restrict d, real T, real C, real E) {
(void)T; (void)C; (void)E;
@REVERSE@
}
void forward(const real *const *in, const long *step, real *const *out, real *tape, long keep,
             long rows, double T, double C, double E) {
  for (long row = 0; row < rows; row += L) {
    real *v = tape + (keep ? row * @SIZE@ : 0);
    begin(v, in, step, row, rows);
    block(v, (real)T, (real)C, (real)E);
@UNLOAD@
  }
}
void reverse(const real *const *in, const long *step, const real *const *gout, real *const *gin,
             real *tape, real *d, long keep, long rows, double T, double C, double E) {
  for (long row = 0; row < rows; row += L) {
    real *v = tape + (keep ? row * @SIZE@ : 0);
    if (!keep) {
      begin(v, in, step, row, rows);
      block(v, (real)T, (real)C, (real)E);
    }
    fill(d, 0, @SIZE@, 0);
@SEED@
    back(v, d, (real)T, (real)C, (real)E);
@GATHER@
  }
}
"""
"""The file around a program: a block of rows at a time is loaded, run and stored."""
