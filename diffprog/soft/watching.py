"""What a traced run is watched for: memory, attention, branches, halting.

In: nodes with the codes of what is watched. Out: lines that call `watch` and `tick`, which
`recorder` hears when they run. Plain programs have none.
"""

from __future__ import annotations

import math
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from diffprog.ir.graph import Hole, Param
from diffprog.soft.addressing import array_name
from diffprog.soft.emitter import place_of
from diffprog.soft.writer import Term, finite_item, item, shape
from diffprog.types import Array, Bool, Enum, Int, Real, trail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from diffprog.errors import Span
    from diffprog.ir.graph import Cut, Graph, Loop, Network, Node, Select
    from diffprog.soft.emitter import Emitter
    from diffprog.types import Type

CALLS = ("watch", "tick")
"""What the lines call; a traced run puts a `Recorder`'s methods there."""


# --- lines of the generated source ----------------------------------------------------------------


@contextmanager
def rounds(em: Emitter, memory: Iterable[Term], span: Span) -> Iterator[None]:
    """Write that a round of a loop begins, with the arrays that go round; then what it does."""
    if em.tracing is not None:
        em.writer.line("tick(report)")
        for term in memory:
            cells(em, term.code, term, span)
    em.loops += 1
    yield
    em.loops -= 1


def loop_ends(em: Emitter, found: Mapping[int, Term], names: Mapping[int, str], span: Span) -> None:
    """Write the arrays that an outermost loop leaves, under the names that they had in it."""
    if em.tracing is not None and not em.loops:
        em.writer.line("tick(report)")
        for place, term in found.items():
            cells(em, names[place], term, span)


def cells(em: Emitter, name: str, term: Term, span: Span) -> None:
    """Write that an array is watched."""
    t = term.type
    if em.tracing is None or not isinstance(t, Array) or math.prod(t.shape) == 0:
        return
    finite = not isinstance(t.item, Real)
    lo, high = (finite_item(t).lo, finite_item(t).size - 1) if finite else (0, 0)
    bounds = f"({lo}, {lo + high})" if finite else "None"
    where = f'"{re.sub(r"_[0-9]+$", "", name)}", {place_of(span)}'
    spread = f"{trail(t.item)}, {math.prod(t.shape)}"
    em.writer.line(f'watch(report, "memory", {where}, ({em.tensor(term)}, {spread}), {bounds})')


def attended(
    em: Emitter, kind: str, node: Node, at: Sequence[Term | Cut], array: Type, changed: Term | None
) -> None:
    """Write that an array is read or written at a place; where no loop shows it, the array too.

    A part of fixed bounds is no place, and nothing is looked for at one that is always the same: of
    those only what is written is shown.
    """
    if em.tracing is None or 0 in shape(array):
        return
    axes = []
    for index, n in zip(at, shape(array), strict=True):
        if isinstance(index, Term):
            lo = getattr(index.type, "lo", 0)
            axes.append(f"({index.code if index.number else em.tensor(index)}, {lo}, {n})")
        else:
            axes.append(f"(slice({index.lo}, {index.hi}), 0, {n})")
    name = array_name(node.span.text)
    weight = " * ".join(em.cases) or "1.0"
    place = f"[{', '.join(axes)}], {weight}"
    places = [index.code for index in at if isinstance(index, Term)]
    if places if kind == "write" else not all(code.isdecimal() for code in places):
        em.writer.line(f'watch(report, "{kind}", "{name}", {place_of(node.span)}, ({place}))')
    if changed is not None and not em.loops and not em.cases:
        em.writer.line("tick(report)")
        cells(em, name, changed, node.span)


def decided(em: Emitter, node: Hole, weights: str) -> None:
    """Write that a decision is watched; `weights` is a tensor, its last axis the alternatives."""
    if em.tracing is not None:
        labels = em.tracing.get(node.key) or _values(node.type)
        name = node.key.rpartition(".")[2].partition("#")[0]
        _distribution(em, "decision", name, node, weights, tuple(labels))


def called(em: Emitter, node: Network, args: Sequence[Term], found: Term) -> None:
    """Write that a controller is watched: what it reads, and where it attends in that."""
    whose, _, what = node.name.rpartition(":")
    if em.tracing is None or what not in ("read", "start", "step"):
        return
    if what == "read":
        names = ", ".join(arg.code for arg in args)
        members = _values(arg) if isinstance(arg := item(args[0].type), Enum) else []
        more = f"({names!r}, {em.tensor(args[0])}), {tuple(members)!r}"
    else:
        more = f"(nets[{node.name!r}], {em.tensor(args[0])}, {em.tensor(found)})"
    kind = "reader" if what == "read" else "attends"
    em.writer.line(f'watch(report, "{kind}", {whose!r}, {place_of(node.span)}, {more})')


def addressed(em: Emitter, name: str, node: Node, term: Term) -> None:
    """Write that a step of addressing is watched."""
    if not term.number:
        _distribution(em, "address", name, node, em.tensor(term), ())


def _distribution(
    em: Emitter, kind: str, name: str, node: Node, code: str, labels: tuple[str, ...]
) -> None:
    if em.tracing is not None:
        what = f"({code}, {' * '.join(em.cases) or '1.0'})"
        more = f'"{kind}", {name!r}, {place_of(node.span)}, {what}, {labels!r}'
        em.writer.line(f"watch(report, {more})")


def branched(em: Emitter, node: Select, code: str, weights: Sequence[str]) -> None:
    """Write that the weights of a branch's cases are watched."""
    if em.tracing is None or code in em.decided:  # then it is watched already
        return
    decider = node.test[node.test.results[0]]
    key = decider.key if isinstance(decider, Hole) else em.choices.get(code)
    name, values = _first_line(decider), _values(decider.type)
    if isinstance(decider, Param) and key is not None:
        name = f"choose {key.partition('.')[2].partition('#')[0]}"
    if key is not None:
        values = list(em.tracing.get(key, ())) or list(map(_written, node.cases))
    groups: list[list[str]] = [[] for _ in node.cases]
    for place, case in enumerate(node.unions):
        groups[case].append(values[place] if place < len(values) else str(place))
    labels = tuple(", ".join(group) for group in groups)
    listed = f"({', '.join(weights)},)"
    where = f"{name!r}, {place_of(node.span)}"
    em.writer.line(f'watch(report, "branch", {where}, {listed}, {labels!r})')


def halts(em: Emitter, node: Loop, *weights: str, rest: bool = False) -> None:
    """Write that a halting weight is watched; `rest` is what a loop leaves at its bound."""
    if em.tracing is not None:
        kind, where = "rest" if rest else "halting", f"{_first_line(node)!r}, {place_of(node.span)}"
        em.writer.line(f'watch(report, "{kind}", {where}, ({", ".join(weights)},))')


def _first_line(node: Node) -> str:
    text = node.span.text.split("\n", 1)[0].split("#")[0]
    return text.strip().removesuffix(":")


def _written(case: Graph) -> str:
    """Return what a case does, as the program writes it."""
    made = [case[r] for r in case.results if not isinstance(case[r], Param)]
    return _first_line(made[0]) if made else "pass"


def _values(t: Type) -> list[str]:
    match t:
        case Bool():
            return ["false", "true"]
        case Int() | Enum():
            return [str(t.decode(v)) for v in t.values()]
        case _:
            return []
