"""A program as its user meets it: text that was parsed and checked, and all that can be made of it.

In: a file or a text, and sizes. Out: `Program`. Stages are computed when asked for and kept.
Importing this loads neither torch nor networkx.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from diffprog.crisp.interpret import interpret
from diffprog.errors import fail
from diffprog.lang.check import check
from diffprog.pipeline import stages
from diffprog.pipeline.bindings import module_of
from diffprog.pipeline.data import (
    SizeClashError,
    declared_sizes,
    encode_inputs,
    infer_sizes,
    refuse_reshaped,
    refuse_unknown_sizes,
    shaped_sizes,
)
from diffprog.pipeline.networks import crisp_networks, modules_bound
from diffprog.pipeline.stages import Drawing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from diffprog.crisp.interpret import Outcome, Trace
    from diffprog.errors import Diagnostic
    from diffprog.ir.graph import Graph
    from diffprog.lang import syntax, typed
    from diffprog.lang.fillings import Filling
    from diffprog.pipeline.stages import GraphStage
    from diffprog.pipeline.tracing import SoftTrace
    from diffprog.soft.module import SoftProgram
    from diffprog.types import Type, Value

Choices = Mapping[str, object]
"""What each hole is, by key; see `diffprog.crisp.choices`."""

ANY_LENGTH = 3
"""The length at which a program is checked whose inputs will say it: the least at which a loop's
first, middle and last round differ."""


class Program:
    """A checked program at certain sizes.

    Attributes:
        syntax: the tree of the text.
        choices: what its remaining holes are, and the weights of its networks by
            ``nets.name.parameter``, as far as they are known (empty for a fresh program).
        externs: the modules bound to its externs, by name.
    """

    def __init__(
        self,
        tree: syntax.Program,
        given: Mapping[str, int] | None = None,
        choices: Choices | None = None,
        externs: Mapping[str, object] | None = None,
    ) -> None:
        self.syntax = tree
        self.choices: Choices = dict(choices or {})
        self.externs = dict(externs or {})
        self._given = dict(given or {})
        self._family: dict[tuple[tuple[str, int], ...], Program] = {}
        refuse_unknown_sizes(tree, self._given)

    # --- what it is

    @property
    def source(self) -> str:
        """The text."""
        return self.syntax.span.source.text

    @property
    def name(self) -> str:
        """The name of the text: the file it was read from."""
        return self.syntax.span.source.name

    @cached_property
    def checked(self) -> typed.Checked:
        """The typed tree.

        A size that only inputs can say is `ANY_LENGTH` here; `bind` makes it what inputs say.

        Raises:
            DiffprogError: with every error of the program.
        """
        shaped, declared = shaped_sizes(self.syntax), declared_sizes(self.syntax)
        assumed = {n: ANY_LENGTH for n, d in declared.items() if d.default is None and n in shaped}
        return check(self.syntax, sizes={**assumed, **self._given})

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes, bound by default, by the caller or by inputs."""
        return dict(self.checked.sizes)

    @property
    def holes(self) -> dict[str, typed.Hole]:
        """The unknowns, by key, in the order of the text."""
        return dict(self.checked.holes)

    @property
    def parameters(self) -> dict[str, Type]:
        """The types of the inputs, by name."""
        return dict(self.checked.main.params)

    @property
    def result(self) -> Type:
        """The type of the answer."""
        return self.checked.main.result

    @cached_property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What the checker warns of, and where correlation is lost (DP901)."""
        return (*self.checked.warnings, *stages.correlation_warnings(self.lowered))

    def __repr__(self) -> str:
        sizes = "".join(f", {n}={v}" for n, v in self.sizes.items())
        holes = len(self.holes)
        return f"<Program {self.name}{sizes}: {holes} hole{'' if holes == 1 else 's'}>"

    def __str__(self) -> str:
        return self.source

    # --- at other sizes

    def at(self, **sizes: int) -> Program:
        """Return the program at other sizes.

        Raises:
            DiffprogError: DP420 for a size that the program has not, or that its choices fix; and
                all errors that the program has at these sizes.
        """
        made = self._made(sizes)
        if self.choices and not self._has_holes_of(made):
            refuse_reshaped(self.syntax, self.checked, sizes)
        return made

    def _made(self, sizes: Mapping[str, int]) -> Program:
        given = {**self._given, **sizes}
        key = tuple(sorted(given.items()))
        if key not in self._family:
            made = Program(self.syntax, given, self.choices, self.externs)
            made._family = self._family
            self._family[key] = made
        return self._family[key]

    def _has_holes_of(self, other: Program) -> bool:
        """Say whether the holes of two bindings have one shape, so that choices fit both."""
        shapes = [{k: (h.type, h.given) for k, h in p.checked.holes.items()} for p in (self, other)]
        return shapes[0] == shapes[1]

    def bind(self, inputs: Mapping[str, object]) -> Program:
        """Return the program at the sizes that the shapes of inputs say.

        A size on which the shape of a hole depends keeps its number.

        Raises:
            SizeClashError: where inputs disagree (a ``ValueError``).
        """
        found = infer_sizes(self.syntax, inputs)
        changed = {n: v for n, v in found.items() if v != self.checked.sizes[n]}
        free = {n: v for n, v in changed.items() if n not in self.checked.structural}
        if not changed or not self.holes or free == changed:
            return self._made(changed) if changed else self
        # A structural size may leave the holes as they are: `top: int<n + 1>` shapes none.
        made = self._made(changed)
        return made if self._has_holes_of(made) else self._made(free)

    # --- run crisply

    def run(self, **inputs: object) -> object:
        """Run the program and return its answer, as JSON-like values.

        Raises:
            DiffprogError: DP603 for inputs that are not the program's, DP604 for wrong values, and
                what running itself may raise.
        """
        outcome, bound = self.outcome(inputs)
        return bound.result.decode(outcome.value)

    def outcome(
        self, inputs: Mapping[str, object], *, trace: Trace | None = None
    ) -> tuple[Outcome, Program]:
        """Run the program; return all that the run says, and the program at the sizes it ran at."""
        bound = self.bound(inputs)
        values = encode_inputs(self.syntax, bound.parameters, inputs)
        choices, nets = bound.choices, bound.networks
        return interpret(bound.checked, values, choices, nets=nets, trace=trace), bound

    @cached_property
    def networks(self) -> dict[str, Callable[..., Value]]:
        """What its networks compute crisply: those that are trained, externs that are bound."""
        return crisp_networks(self.checked.nets, self.choices, self.externs)

    def bound(self, inputs: Mapping[str, object]) -> Program:
        """Return the program at the sizes that inputs say; DP604 where they disagree."""
        try:
            return self.bind(inputs)
        except SizeClashError as problem:
            fail("DP604", str(problem), self.syntax.main.span)

    def trace(self, *items: Mapping[str, object], **inputs: object) -> SoftTrace:
        """Watch soft runs, with its choices: of inputs by name, or of several such mappings."""
        from diffprog.pipeline.tracing import traced

        return traced(self, items or [inputs])

    # --- its stages

    @cached_property
    def lowered(self) -> Graph:
        """The graph as lowered, before any pass."""
        return stages.lowered(self.checked)

    @cached_property
    def simplified(self) -> Graph:
        """The graph after simplification, verified."""
        return stages.simplified(self.lowered)

    def graph(self, stage: GraphStage = "simplified") -> Drawing:
        """Return the graph of a stage, to be read or drawn."""
        labels = {key: hole.labels for key, hole in self.holes.items() if hole.labels}
        graph = self.lowered if stage == "graph" else self.simplified
        return Drawing(graph, stage, self.name, self.source, labels)

    def stage(self, name: str) -> str:
        """Return a stage as text; ValueError for a name that is not in `STAGES`."""
        return stages.shown(self, name)

    def soften(
        self, restarts: int | None = None, *, backend: str = "torch", seed: int = 0
    ) -> SoftProgram:
        """Return the program as a `torch.nn.Module`; what is not known yet is drawn by the seed.

        With `restarts` it has a leading axis of as many independent sets of weights.
        """
        return module_of(self, restarts, backend, seed)

    # --- with networks

    def using(self, **externs: object) -> Program:
        """Return the program with modules bound to its externs, by name.

        A module gets tensors of rows, of a finite parameter distributions, and treats each row by
        itself. It is tried before it is used (DP326). Weights that a run left for it are put in.

        Raises:
            DiffprogError: DP326, DP327 for a module that does not fit, DP328 for no extern's name.
        """
        all_bound = self.externs | modules_bound(self.checked.nets, externs, self.choices)
        return Program(self.syntax, self._given, self.choices, all_bound)

    # --- with choices put back

    def save(self, path: str | Path) -> None:
        """Write the text to a file; beside it reals and weights that are not in it, and modules."""
        from diffprog.pipeline.beside import write_beside

        write_beside(path, self.syntax, self.choices)

    def decide(self, choices: Choices) -> Program:
        """Return the same text with its holes decided; `fill` writes them into the text."""
        return Program(self.syntax, self._given, choices, self.externs)

    def fill(self, choices: Choices) -> Program:
        """Return the program with choices written into its text, tables as they are.

        Learned reals beyond `MOST_LITERALS` stay holes, decided by `choices` of the result.
        """
        from diffprog.pipeline.filling import fillings  # `check` starts faster without

        return self.filled(fillings(self.holes, choices), choices)

    def filled(
        self,
        fillings: Mapping[str, Filling],
        choices: Choices,
        notes: Mapping[str, str] | None = None,
    ) -> Program:
        """Return the program with holes filled, as parsed from the new text.

        Other holes stay, and are what `choices` say; `notes` are remarks above holes, by key.
        """
        from diffprog.pipeline import filling

        tree = filling.rewritten(self.syntax, self.checked, fillings, notes or {})
        given = {n: v for n, v in self._given.items() if n in declared_sizes(tree)}
        made = Program(tree, given, externs=self.externs)
        made.choices = filling.remaining(self.holes, fillings, made.holes, choices)
        return made
