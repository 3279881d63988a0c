"""Rounds of loops under `torch.compile`: each once, for all rounds, lengths and files it stands in.

In: a round as a function of its file, how often it runs before it pays. Out: what it gives,
compiled. A compiler takes a state that is as wide in the first round as in all others: how wide
that is, and of what slopes are asked, the first rounds say, which run as they stand.
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

GROWS = 8
"""The rounds by which a state is as wide as it gets."""

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
        self._made: dict[bool, Callable[..., Any]] = {}

    def count(self, key: Form) -> int:
        """Count a round that began with values of some forms."""
        if len(self.counts) >= MOST_FORMS:
            self.counts.clear()
            self.after.clear()
        self.counts[key] = self.counts.get(key, 0) + 1
        return self.counts[key]

    def compiled(self) -> Callable[..., Any]:
        """Return what runs a round compiled: one for all with gradients, one for all without."""
        grad = torch.is_grad_enabled()
        if grad not in self._made:  # the compiler counts what it compiles of one piece of code
            name = f"{self.code.co_name}_{'with' if grad else 'without'}_gradient"
            own = FunctionType(told.__code__.replace(co_name=name), globals(), name)
            self._made[grad] = torch.compile(own, options=OPTIONS)
        return self._made[grad]


class Rounds:
    """The rounds of one run of a loop.

    Attributes:
        warm: whether they are compiled, in time.
    """

    def __init__(self, function: FunctionType, carried: int, patience: int) -> None:
        self.hot, self.carried = hot(function), carried
        self._as_it_stands, self._patience, self._steady = function, patience, False
        self._key: tuple[bool, Form, Form] | None = None
        own = FunctionType(self.hot.code, self.hot.names, closure=function.__closure__)
        self._round, self.warm = own, not self.hot.broken

    def __call__(self, report: dict[str, dict[int, Any]] | None, *given: Any) -> Any:
        """Run a round compiled, or as it stands before that pays."""
        if not self._pays(given):
            return self._as_it_stands(report, *given)
        if self._steady:
            cells = map(_alone, given[self.carried :])
            found, lines = self.hot.compiled()(self._round, [*given[: self.carried], *cells])
        else:
            found, lines = self._first(given)
        for kind, amounts in lines.items():
            for line, amount in amounts.items():
                note(report, kind, line, amount)
        return found

    def _pays(self, given: Sequence[Any]) -> bool:
        """Count a round, and say whether so many have run; the first says so for all."""
        if self._key is None and self.warm:
            self._key = (torch.is_grad_enabled(), _forms(given), self._outside())
            self.warm = self.hot.count(self._key) > self._patience
        elif self._key is not None and not self.warm:
            self.hot.count(self._key)
        return self.warm

    def _outside(self) -> Form:
        return _forms([c.cell_contents for c in self._round.__closure__ or ()])

    def _first(self, given: Sequence[Any]) -> Any:
        """Run a round of a state that may have to be made wider first.

        Where it is not known yet how wide, this round says so: it runs as it stands.
        """
        assert self._key is not None
        state, cells = _forms(given[: self.carried]), _forms(given[self.carried :])
        rest = (self._key[0], cells, self._key[2])
        for _ in range(GROWS):
            after = self.hot.after.get((state, rest))
            self._steady = after == state
            if self._steady or after is None:
                break
            state = after
        given = list(map(_widened, given, (*state, *cells)))
        if self._steady:
            return self.hot.compiled()(self._round, given)
        found, lines = told(self._as_it_stands, given)
        self.hot.after[state, rest] = _forms(found[: self.carried])
        return found, lines


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


def _widened(x: Any, form: Form) -> Any:
    """Return a value as wide as a form says, of which slopes may be asked if it says so."""
    if not isinstance(x, Tensor):
        return x
    shape, slopes = form
    if slopes and not x.requires_grad:
        x = x.detach().requires_grad_()
        return x.expand(shape).clone(memory_format=torch.contiguous_format)
    return _alone(x if x.shape == shape else x.expand(shape))


def _alone(x: Any) -> Any:
    """Return a value as a tensor of its own: a compiler looks at what a part is a part of."""
    if not isinstance(x, Tensor):
        return x
    return x.clone(memory_format=torch.contiguous_format) if x._is_view() else x.contiguous()
