"""What writes the generated source: lines, names, constants, and values as the source names them.

In: what the generators of the node kinds say. Out: lines of Python. Knows nothing of nodes.
"""

from __future__ import annotations

import builtins
import keyword
import re
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from diffprog.soft.lines import Lines
from diffprog.types import (
    Array,
    Bool,
    Enum,
    Finite,
    Int,
    Real,
    Scalar,
    Tuple,
    Type,
    Value,
    trail,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OURS = "torch math F Tensor T TIES ties choice_T epsilon report like lead holes constants nets"
RESERVED = {*keyword.kwlist, *dir(builtins), *OURS.split()}
"""Names that no variable of the generated function may have."""


@dataclass(frozen=True, slots=True)
class Term:
    """A value as the generated source names it.

    Attributes:
        code: a Python expression: a tensor, or a plain number. Empty for a constant array.
        type: the value's type; a tensor has `trail(type)` trailing axes.
        number: whether the expression is a plain Python number.
        value: the crisp value, where it is a constant of the program.
        late: a name for the value where `code` is not written yet: it is when it is first read.
        cells: whether the expression is a Python list of an array's cells.
    """

    code: str
    type: Type
    number: bool = False
    value: Value | None = None
    late: str = ""
    cells: bool = False


def item(t: Type) -> Scalar:
    """Return the type of a value's cells: a scalar's own."""
    assert not isinstance(t, Tuple)
    return t.item if isinstance(t, Array) else t


def finite_item(t: Type) -> Finite:
    """Return the finite type of a value's cells."""
    found = item(t)
    assert isinstance(found, Bool | Int | Enum)
    return found


def shape(t: Type) -> tuple[int, ...]:
    """Return the shape of a value's own axes, without the one of its distribution."""
    return t.shape if isinstance(t, Array) else ()


def rank(t: Type) -> int:
    """Return how many axes of cells a value has."""
    return len(shape(t))


def const(value: Value, t: Type) -> Term:
    """Return a constant as a term: scalars are plain numbers."""
    if isinstance(t, Array):
        return Term("", t, value=value)
    code = repr(value)
    return Term(f"({code})" if code.startswith("-") else code, t, number=True, value=value)


def offset(code: str, by: int) -> str:
    """Return the source of `code - by`, folded where it is a literal."""
    try:
        return str(int(code.strip("()")) - by)
    except ValueError:
        return code if by == 0 else f"{code} - {by}" if by > 0 else f"{code} + {-by}"


def subscript(code: str, t: Type, axes: int) -> str:
    """Return a scalar's code with `axes` new axes of one cell before its own trailing ones."""
    if not axes:
        return code
    return f"{code}[..., {', '.join(['None'] * axes + [':'] * trail(t))}]"


def weighed(code: str, depth: int) -> str:
    """Return the code of a weight, one number a row, with `depth` trailing axes of one cell."""
    return subscript(code, Real(), depth)


def row_of(codes: Sequence[str]) -> str:
    """Return the code of a tuple."""
    return f"({', '.join(codes)}{',' if len(codes) == 1 else ''})"


def assign_all(writer: Writer, left: Sequence[str], right: Sequence[str]) -> None:
    """Write an assignment of several values at once, one a line where they are long."""
    line = f"{', '.join(left)} = {', '.join(right)}"
    if len(line) <= 80:
        writer.line(line)
        return
    writer.line(f"{', '.join(left)} = (")
    for code in right:
        writer.line(f"    {code},")
    writer.line(f"){'[0]' if len(left) == 1 else ''}")


@dataclass
class Writer(Lines):
    """Collects the body of one generated function, its constants, and which kernels it calls."""

    constants: dict[str, str] = field(default_factory=dict)
    literals: dict[str, str] = field(default_factory=dict)
    reach: list[str] = field(default_factory=list)
    inspect: bool = False
    _names: set[str] = field(default_factory=lambda: set(RESERVED))

    def reserve(self, names: set[str]) -> None:
        """Keep names from being given to variables."""
        self._names |= names

    def fresh(self, hint: str) -> str:
        """Return a name that nothing has, close to the hint."""
        base = re.sub(r"\W", "_", hint).strip("_") or "x"
        base = f"n{base}" if base[0].isdigit() else base
        name, number = base, 2
        while name in self._names:
            name, number = f"{base}_{number}", number + 1
        self._names.add(name)
        self._local.add(name)
        return name

    def assign(
        self, hint: str, code: str, t: Type, *, number: bool = False, pure: bool = False
    ) -> Term:
        """Write `name = code` and return the name as a term; if `pure`, only where that is read."""
        name = self.fresh(hint)
        self.line(f"{name} = {code}")
        self.define([name])
        if pure:
            self._pure.add(name)
        return Term(name, t, number=number)

    def shared(self, hint: str, code: str, t: Type) -> Term:
        """Write `name = code`, or return the name that the same code has already.

        What does not vary in a loop is written before it.
        """
        name = self.known(code)
        if name is None and self.is_constant(code):
            name = self.constant(hint, code)
        elif name is None:
            name = self.fresh(hint)
            self.share(name, code)
        return Term(name, t)

    def one(self) -> str:
        """Return the name of the constant 1."""
        return self.tensor(const(1.0, Real()))

    def zero(self) -> str:
        """Return the name of the constant 0."""
        return self.tensor(const(0.0, Real()))

    def complement(self, name: str) -> str:
        """Return the code of 1 - what has this name: what it is 1 minus of, where that is so."""
        start = f"{self.one()} - "
        for block in reversed(self._blocks):
            for code, made in block.shared.items():
                if made == name and code.startswith(start) and code[len(start) :].isidentifier():
                    return code[len(start) :]
        return f"{start}{name}"

    def constant(self, hint: str, code: str) -> str:
        """Return the name of a constant tensor, made once by an expression in `like`."""
        for name, known in self.constants.items():
            if known == code:
                return name
        name = self.fresh(hint)
        self.constants[name] = code
        self.outside([name], constant=True)
        return name

    def literal(self, hint: str, code: str) -> str:
        """Return the name of a plain Python constant at the top of the file."""
        for name, known in self.literals.items():
            if known == code:
                return name
        name = self.fresh(hint.upper())
        self.literals[name] = code
        self.outside([name], constant=True)
        return name

    def note(self, kind: str, line: int, amount: str) -> None:
        """Write that an amount is reported, times the weight with which this place is reached."""
        self.line(f'note(report, "{kind}", {line}, {" * ".join([*self.reach, amount])})')

    @contextmanager
    def reached(self, weight: str) -> Iterator[None]:
        """Let what is reported inside count by a weight."""
        self.reach.append(weight)
        yield
        self.reach.pop()

    def tensor(self, term: Term) -> str:
        """Return the code of a term as a soft value."""
        if term.value is not None:
            return self._constant_of(term)
        if term.late:
            return self.shared(term.late, term.code, term.type).code
        if term.cells:
            code = f"side_by_side({term.code}, {trail(term.type) - 1})"
            return self.assign(term.code, code, term.type, pure=True).code
        if not term.number:
            return term.code
        match term.type:
            case Int(lo, hi):
                return f"{self.units(hi - lo)}[{offset(term.code, lo)}]"
            case Enum():
                return f"{self.units(term.type.size)}[{term.code}]"
            case _:
                return f"like.new_full((), float({term.code}))"

    def units(self, n: int) -> str:
        """Return the constant whose rows are the one-hot values of an int."""
        return self.constant(f"units_{n}", f"vertices({n}, like, 0)")

    def values(self, t: Type) -> str:
        """Return the constant that holds an int's values as reals."""
        lo, size = finite_item(t).lo, finite_item(t).size
        code = f"torch.arange({lo}, {lo + size}, dtype=like.dtype, device=like.device)"
        return self.constant(f"values_{size}", code)

    def _constant_of(self, term: Term) -> str:
        flat = flattened(term.value)
        match item(term.type):
            case Real():
                return self.constant(*_numbers(shape(term.type), flat, term.value))
            case Bool():
                return self.constant(*_numbers(shape(term.type), flat, _floats(term.value)))
            case finite:
                lo, n = finite.lo, finite.size
                if not isinstance(term.type, Array):
                    where = int(term.code.strip("()")) - lo
                    return self.constant(f"is_{where}_of_{n}", f"vertices({n}, like, 0)[{where}]")
                code = f"entries({flat!r}, {list(shape(term.type))!r}, range({lo}, {lo + n}), like)"
                return self.constant("cells", code)


NAMED = {0.0: "zero", 1.0: "one"}
"""What constants of one cell are called."""


def _numbers(shape: Sequence[int], flat: Sequence[float], value: object) -> tuple[str, str]:
    """Return a name for reals and their code; if all are one number, without a list of them."""
    if not shape:
        return NAMED.get(flat[0], f"number_{flat[0]}"), f"like.new_full((), {float(flat[0])!r})"
    if len(set(map(repr, flat))) == 1:
        return "numbers", f"like.new_full({tuple(shape)!r}, {float(flat[0])!r})"
    return "numbers", f"like.new_tensor({value!r})"


def flattened(value: Value | None) -> list[int | float]:
    """Return the scalars of a crisp value, in row-major order."""
    if isinstance(value, list):
        return [v for part in value for v in flattened(part)]
    assert isinstance(value, int | float)
    return [value]


def _floats(value: Value | None) -> object:
    if isinstance(value, list):
        return [_floats(v) for v in value]
    assert isinstance(value, int | float)
    return float(value)


def retyped(term: Term, t: Type) -> Term:
    """Return a term under another type: the tensor or number is the same."""
    return replace(term, type=t)
