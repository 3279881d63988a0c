"""A program at all the sizes that inputs say, for its module: one set of weights, many lengths.

In: a program and how it is softened. Out: sizes of rows, and modules at sizes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

from diffprog.pipeline.data import infer_sizes, refuse_reshaped
from diffprog.pipeline.networks import softened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diffprog.ir.graph import Graph
    from diffprog.lang import syntax, typed
    from diffprog.soft.module import SoftProgram
    from diffprog.soft.ragged import Sizes


class Program(Protocol):
    """A program, as far as it matters here."""

    syntax: syntax.Program
    choices: Mapping[str, object]
    externs: dict[str, object]
    _given: dict[str, int]

    @property
    def checked(self) -> typed.Checked:
        """The typed tree."""

    @property
    def simplified(self) -> Graph:
        """The graph."""

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes."""

    def bound(self, inputs: Mapping[str, object]) -> Self:
        """Return it at the sizes that inputs say."""

    def at(self, **sizes: int) -> Self:
        """Return it at sizes."""


def module_of(program: Program, restarts: int | None, backend: str, seed: int) -> SoftProgram:
    """Return a program as a module that takes inputs of all sizes."""
    parts = (program.checked, program.simplified, program.choices, program.externs)
    module = softened(*parts, restarts=restarts, backend=backend, seed=seed)
    module.bindings = Bindings(program, restarts, backend)
    return module


@dataclass(frozen=True)
class Bindings:
    """What a module asks for where its inputs have other sizes than its own.

    Attributes:
        program: at the sizes of the module.
        restarts, backend: how it is softened.
    """

    program: Program
    restarts: int | None
    backend: str

    def sizes(self, shapes: Mapping[str, object]) -> Sizes:
        """Return the sizes that the axes of inputs say.

        Raises:
            DiffprogError: DP604 where inputs disagree, DP420 for a size that learning fixed.
        """
        found = self.program.bound(shapes)
        asked = infer_sizes(self.program.syntax, shapes)
        if any(found.sizes[name] != n for name, n in asked.items()):
            refuse_reshaped(self.program.syntax, self.program.checked, asked)
        return tuple(sorted(found.sizes.items()))

    def module(self, sizes: Sizes) -> SoftProgram:
        """Return the program at sizes, as a module."""
        module = module_of(self.program.at(**dict(sizes)), self.restarts, self.backend, 0)
        module.bindings = None
        return module

    def __reduce__(self) -> tuple[Callable[..., Bindings], tuple[Any, ...]]:
        """Return what is pickled: the stages of the program are computed again."""
        program = self.program
        parts = (program.syntax, program._given, program.choices, program.externs)
        return _again, (type(program), parts, self.restarts, self.backend)

    def __deepcopy__(self, memo: object) -> Bindings:
        """Return itself: nothing in it changes."""
        return self


def _again(
    kind: type[Program], parts: tuple[Any, ...], restarts: int | None, backend: str
) -> Bindings:
    return Bindings(kind(*parts), restarts, backend)
