"""Rounds of loops under `torch.compile`: each once, for all rounds, lengths and files it stands in.

In: a round as a function of its file, how often it runs before it pays. Out: what it gives,
compiled: once for a state that stays as wide as it is and has the same slopes asked of it, and once
for one that does not, as in a first round. Which it is the first run of a round says, as it stands.
"""

from __future__ import annotations

from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor

from diffprog.soft.halting import note

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PATIENCE = 1000
"""The rounds that run as they stand before a round is compiled, which takes as long as these."""

MOST_FORMS = 4096
"""The most combinations of shapes that are remembered of a round."""

OF_FILES: dict[str, Any] = {
    "size_asserts": False,
    "guard_filter_fn": torch.compiler.skip_guard_on_globals_unsafe,
}
"""Of the compiler: the shapes of what it allocates itself need no check, and the names of a
generated file stand for the same in every call: to look costs as much as a small program."""

OPTIONS: dict[str, Any] = {**OF_FILES, "pattern_matcher": False}
"""Of a round: a softmax of a product stays what it is (the compiler's own rewriting looks through
the numbers twice more)."""

Form: TypeAlias = "Any"
"""Of a tensor its shape, and whether slopes are asked of it; of lists those of each."""


class Hot:
    """A round of a loop, in all files that have it.

    Attributes:
        code, names: of the first of these.
        counts: how many rounds have run as they stand, by what they began with.
        after: the forms of a state after a round, by those before it and of what the round reads.
        broken: whether the compiler has failed.
    """

    def __init__(self, function: FunctionType) -> None:
        self.code, self.names = function.__code__, function.__globals__
        self.counts: dict[Form, int] = {}
        self.after: dict[Form, Form] = {}
        self.broken = False
        self._made: dict[tuple[bool, bool], Callable[..., Any]] = {}

    def count(self, key: Form) -> int:
        """Count a round that began with values of some forms."""
        if len(self.counts) >= MOST_FORMS:
            self.counts.clear()
            self.after.clear()
        self.counts[key] = self.counts.get(key, 0) + 1
        return self.counts[key]

    def compiled(self, steady: bool) -> Callable[..., Any]:
        """Return what runs a round compiled, one for all: with gradients, or without.

        A state that a round hands on in another form is that of a first round, which has its own.
        """
        key = torch.is_grad_enabled(), steady
        if key not in self._made:  # the compiler counts what it compiles of one piece of code
            with_, kind = "with" if key[0] else "without", "" if steady else "first_"
            name = f"{kind}{self.code.co_name}_{with_}_gradient"
            own = FunctionType(told.__code__.replace(co_name=name), globals(), name)
            self._made[key] = torch.compile(own, options=OPTIONS)
        return self._made[key]


class Rounds:
    """The rounds of one run of a loop.

    Attributes:
        warm: whether a round was compiled, in time.
    """

    def __init__(self, function: FunctionType, carried: int, patience: int) -> None:
        self.hot, self.carried, self.warm = hot(function), carried, False
        self._as_it_stands, self._patience = function, patience
        self._round = FunctionType(self.hot.code, self.hot.names, closure=function.__closure__)
        self._state: Form | None = None
        self._steady = self._ours = False

    def __call__(self, report: dict[str, dict[int, Any]] | None, *given: Any) -> Any:
        """Run a round compiled, or as it stands before that pays."""
        if self.hot.broken:
            return self._as_it_stands(report, *given)
        if self._state is None:
            cells = [c.cell_contents for c in self._round.__closure__ or ()]
            self._rest = _forms(given[self.carried :]), _forms(cells), torch.is_grad_enabled()
            self._state = _forms(given[: self.carried])
        key = self._state, self._rest
        often = not self._patience or self.hot.count(key) > self._patience
        if not self._steady:
            known = self.hot.after.get(key)
            if known is None:
                found = self._as_it_stands(report, *given)
                self._state = self.hot.after[key] = _forms(found[: self.carried])
                return found
            self._steady, self._state = known == self._state, known
        if not often or (self._patience and not self._steady):  # of first rounds a call has one
            return self._as_it_stands(report, *given)
        found, lines = self.hot.compiled(self._steady)(self._round, self._alone(given))
        self.warm = self._ours = True
        for kind, amounts in lines.items():
            for line, amount in amounts.items():
                note(report, kind, line, amount)
        return found

    def _alone(self, given: Sequence[Any]) -> list[Any]:
        """Return what a round is given as tensors of their own; those that are our own are."""
        ours = self.carried if self._ours else 0
        return [*given[:ours], *map(_alone, given[ours:])]


def told(
    function: Callable[..., Any], given: Sequence[Any]
) -> tuple[Any, dict[str, dict[int, Any]]]:
    """Return what a round gives, and what it reports."""
    report: dict[str, dict[int, Any]] = {}
    return function(report, *given), report


HOT: dict[Any, Hot] = {}
"""The rounds by what they do: the same round of a program at other sizes is the same."""

KNOWN: dict[int, tuple[CodeType, Hot]] = {}
"""The same by the address of the code, which is kept: to look at what it does takes long."""


def hot(function: FunctionType) -> Hot:
    """Return the round that a function is."""
    code = function.__code__
    if id(code) not in KNOWN:
        KNOWN[id(code)] = code, _same(function)
    return KNOWN[id(code)][1]


def _same(function: FunctionType) -> Hot:
    code, names = _bare(function.__code__), function.__globals__
    plain = [(n, names[n]) for n in code.co_names if n in names]
    values = (f"{n} = {v!r}" for n, v in plain if not isinstance(v, FunctionType | ModuleType))
    key = (code, *values)
    if key not in HOT:
        HOT[key] = Hot(function)
    return HOT[key]


def _bare(code: CodeType) -> CodeType:
    """Return code without where it stands: the same lines of two files are the same."""
    inside = tuple(_bare(c) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(
        co_consts=inside,
        co_firstlineno=1,
        co_linetable=b"",
        co_filename="",
        co_name="",
        co_qualname="",
    )


def _forms(values: Sequence[Any]) -> tuple[Form, ...]:
    return tuple(map(_form, values))


def _form(x: Any) -> Form:
    match x:
        case Tensor():
            return x.shape, x.requires_grad
        case list() | tuple():
            return _forms(x)
        case _:
            return None


def _alone(x: Any) -> Any:
    """Return a value as a tensor of its own: a compiler looks at what a part is a part of."""
    if not isinstance(x, Tensor):
        return x
    return x.clone(memory_format=torch.contiguous_format) if x._is_view() else x.contiguous()
