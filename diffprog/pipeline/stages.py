"""The stages after checking, each from the one before: graph, simplified graph, their texts.

In: a checked program. Out: verified graphs and named texts. `run_pass` is the one way to run a
pass: run, verify, log. The stages are imported when they are asked for, because the verifier
loads networkx.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from diffprog.crisp.choices import alternatives
from diffprog.crisp.interpret import interpret
from diffprog.errors import Span, titled
from diffprog.lang import typed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from diffprog.errors import Diagnostic
    from diffprog.ir.graph import Graph
    from diffprog.lang.syntax import Syntax
    from diffprog.soft.module import SoftProgram
    from diffprog.types import Value
    from diffprog.view.page import Item, Subject
    from diffprog.view.panels import Words

STAGES = ("ast", "typed", "graph", "simplified", "torch")
"""The stages that can be printed, in their order."""

GraphStage: TypeAlias = Literal["graph", "simplified"]

log = logging.getLogger(__name__)


def run_pass(name: str, change: Callable[[Graph], Graph], graph: Graph) -> Graph:
    """Run a pass over a graph, verify what it gives, and log how long it took.

    Raises:
        InvariantError: naming the pass, with the graph in a note.
    """
    from diffprog.ir.verify import verify  # networkx comes with it

    start = perf_counter()
    changed = change(graph)
    try:
        verify(changed)
    except Exception as problem:
        problem.add_note(f"after the pass `{name}`")
        raise
    sizes = (len(graph.nodes), len(changed.nodes))
    log.debug("%s: %d nodes to %d in %.1f ms", name, *sizes, 1e3 * (perf_counter() - start))
    return changed


def lowered(checked: typed.Checked) -> Graph:
    """Lower a checked program; functions are tabulated by the interpreter. Not verified."""
    from diffprog.lower import lower

    return lower(checked, evaluate=_evaluate)


def _evaluate(function: typed.Function, args: Sequence[Value]) -> Value:
    alone = typed.Checked(function, {}, {}, frozenset())
    inputs = {name: arg for (name, _), arg in zip(function.params, args, strict=True)}
    return interpret(alone, inputs).value


def simplified(graph: Graph) -> Graph:
    """Verify a lowered graph and apply the rules of simplification."""
    from diffprog.ir.rules import simplify

    return run_pass("simplify", simplify, run_pass("lower", lambda g: g, graph))


def correlation_warnings(graph: Graph) -> tuple[Diagnostic, ...]:
    """Return the warnings of lost correlation (DP901)."""
    from diffprog.ir.sources import warnings

    return tuple(warnings(graph))


class Staged(Protocol):
    """A program, as far as its stages are printed."""

    @property
    def syntax(self) -> Syntax:
        """The tree of the text."""

    @property
    def checked(self) -> typed.Checked:
        """The typed tree."""

    def graph(self, stage: GraphStage) -> Drawing:
        """Return the graph of a stage."""

    def soften(self) -> SoftProgram:
        """Return the module."""


def shown(program: Staged, name: str) -> str:
    """Return a stage of a program as text; ValueError for a name that is not in `STAGES`."""
    match name:
        case "ast":
            return tree(program.syntax)
        case "typed":
            return tree(program.checked.main)
        case "graph" | "simplified":
            return program.graph(name).text
        case "torch":
            return program.soften().source
        case _:
            message = f"no stage is called {name!r}; they are {', '.join(STAGES)}"
            raise ValueError(message)


class Open(Protocol):
    """A program with holes."""

    @property
    def holes(self) -> Mapping[str, typed.Hole]:
        """The holes, by key."""


class Learned(Protocol):
    """What training gives: the program with its holes, and what each of them is."""

    @property
    def source(self) -> Open:
        """The program."""

    @property
    def choices(self) -> Mapping[str, object]:
        """The choices, by key."""


Weighted: TypeAlias = "Mapping[str, Any] | Learned"
"""Weights by hole (nested lists, the alternatives last), or what was learned."""


def _weights(given: Weighted | None) -> Mapping[str, Any] | None:
    """Return weights; what was learned gives its choices all the weight, unless it has weights."""
    if given is None or isinstance(given, Mapping):
        return given
    known = getattr(given, "weights", None)
    if isinstance(known, Mapping) and known:
        return known
    finite = {k: h for k, h in given.source.holes.items() if h.kind != "real"}
    return {k: _one_hot(given.choices[k], alternatives(h).size) for k, h in finite.items()}


def _one_hot(choice: object, size: int) -> list[Any]:
    if isinstance(choice, list):
        return [_one_hot(part, size) for part in choice]
    return [float(k == choice) for k in range(size)]


@dataclass(frozen=True)
class Drawing:
    """A graph that can be read (`text`) and drawn (`render`).

    Attributes:
        graph: the graph itself.
        stage: the stage it comes from.
        name: the name of the program's text.
        source: the program's text.
        labels: the alternatives of holes by key, as the text writes them.
    """

    graph: Graph
    stage: str
    name: str
    source: str
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What a picture of it is called."""
        return f"{titled(self.name)}: {self.stage}"

    @property
    def text(self) -> str:
        """The graph as stable text."""
        from diffprog.ir.text import text

        return text(self.graph)

    def render(
        self,
        path: str | Path,
        weights: Weighted | None = None,
        *,
        beside: bool = False,
        items: Sequence[Item] = (),
        words: Words | None = None,
    ) -> Path:
        """Draw the graph into a file; the suffix says the format (svg, png, pdf, dot, html).

        Args:
            path: where to.
            weights: the weights of each hole by its key, or a result of training.
            beside: whether the program's text stands left of the graph; in a page it always does.
            items: for a page: inputs, and what was watched with them.
            words: for a page: what cells are called, see `SoftTrace.render`.

        Raises:
            DiffprogError: where the format is unknown or nothing that draws is installed.
        """
        from diffprog.view.render import render

        return render(self._subject(weights, items, words), path, beside=beside)

    def bundle(self, weights: Weighted | None = None, items: Sequence[Item] = ()) -> dict[str, str]:
        """Return what a notebook shows: the page in a frame of its own, and the text."""
        from diffprog.view.render import framed

        return {"text/html": framed(self._subject(weights, items, None)), "text/plain": self.text}

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Show the page in a notebook."""
        return self.bundle()

    def _subject(
        self, weights: Weighted | None, items: Sequence[Item], words: Words | None
    ) -> Subject:
        from diffprog.view.page import Subject

        return Subject(
            self.graph,
            self.name,
            self.source,
            self.title,
            weights=_weights(weights) or {},
            labels=self.labels,
            items=items,
            words=words or {},
        )

    def __str__(self) -> str:
        return self.text


# --- trees as text --------------------------------------------------------------------------------


def tree(node: object) -> str:
    """Return a tree of dataclasses as indented text: a line a node, its plain fields beside it."""
    return "\n".join(_lines("", node, 0))


def _lines(name: str, node: object, depth: int) -> list[str]:
    indent, label = "  " * depth, f"{name}: " if name else ""
    if isinstance(node, tuple) and any(map(_is_tree, _flat(node))):
        inner = [line for i, item in enumerate(node) for line in _lines(f"{i}", item, depth + 1)]
        return [f"{indent}{label}".rstrip(), *inner]
    if not _is_tree(node):
        return [f"{indent}{label}{_leaf(node)}"]
    shown, deeper = [], []
    for f in fields(node):  # type: ignore[arg-type]
        value = getattr(node, f.name)
        if isinstance(value, Span) or f.name in ("comments", "modules"):
            continue
        if _is_tree(value) or (isinstance(value, tuple) and any(map(_is_tree, _flat(value)))):
            deeper += _lines(f.name, value, depth + 1)
        elif value not in (None, (), ""):
            shown.append(f"{f.name}={_leaf(value)}")
    head = f"{type(node).__name__}({', '.join(shown)})"
    return [f"{indent}{label}{head}", *deeper]


def _flat(value: tuple[object, ...]) -> list[object]:
    out: list[object] = []
    for item in value:
        out += _flat(item) if isinstance(item, tuple) else [item]
    return out


def _is_tree(node: object) -> bool:
    return type(node).__module__ in ("diffprog.lang.syntax", "diffprog.lang.typed")


def _leaf(value: object) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(_leaf, value))})"
    return str(value) if type(value).__module__ == "diffprog.types" else repr(value)
