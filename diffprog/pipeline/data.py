"""Values from outside: made plain, measured for sizes, encoded with errors that name their place.

In: JSON, Python lists, NumPy arrays or tensors. Out: crisp values and sizes. Never imports torch.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from diffprog.errors import fail
from diffprog.lang import syntax

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diffprog.lang import typed
    from diffprog.types import Type, Value

_PLACE = re.compile(r"^((?:\[\d+\])+) (.*)$", re.DOTALL)


class SizeClashError(ValueError):
    """Two inputs that want a size to be two numbers."""


def clipped(text: str, limit: int = 60) -> str:
    """Return a text short enough for a message."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def plain(value: object) -> object:
    """Turn arrays and tensors into lists; leave everything else."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(plain, value)) if type(value) in (list, tuple) else list(value)
    to_list = getattr(value, "tolist", None)
    return to_list() if callable(to_list) else value


def encode_input(name: str, t: Type, value: object) -> Value:
    """Encode a value, or raise ``ValueError`` that names it, down to the cell.

    >>> from diffprog.types import Array, Int
    >>> encode_input("xs", Array((2,), Int(0, 3)), [1, 7])
    Traceback (most recent call last):
    ...
    ValueError: `xs[1]`: 7 is outside 0..3 (up to 2)
    """
    try:
        return t.encode(plain(value))
    except ValueError as problem:
        message = str(problem)
    found = _PLACE.match(message)
    place, message = found.groups() if found else ("", message)
    message = f"`{name}{place}`: {message}"
    raise ValueError(message)


def encode_inputs(
    program: syntax.Program, types: Mapping[str, Type], inputs: Mapping[str, object]
) -> dict[str, Value]:
    """Encode the inputs of a program.

    Raises:
        DiffprogError: DP603 for a missing or unknown input, DP604 for a wrong value.
    """
    params = {p.name: p for p in program.main.params}
    wanted = ", ".join(f"`{name}`" for name in params) or "none"
    for name, param in params.items():
        if name not in inputs:
            fail("DP603", f"the input `{name}` is missing", param.span)
    for name in inputs:
        if name not in params:
            message = f"`{program.main.name}` has no input `{name}`"
            fail("DP603", message, hint=f"its inputs are {wanted}")
    values = {}
    for name, t in types.items():
        try:
            values[name] = encode_input(name, t, inputs[name])
        except ValueError as problem:
            fail("DP604", str(problem), params[name].span, hint=f"`{name}` is `{t}`")
    return values


def declared_sizes(program: syntax.Program) -> dict[str, syntax.Size]:
    """Return the size declarations of a program, by name."""
    return {d.name: d for d in program.declarations if isinstance(d, syntax.Size)}


def refuse_unknown_sizes(program: syntax.Program, given: Mapping[str, object]) -> None:
    """Make sure that a program has these sizes, and that they are whole numbers.

    Raises:
        DiffprogError: DP420.
    """
    known = declared_sizes(program)
    name_of_program = program.span.source.name
    for name, length in given.items():
        if name not in known:
            sizes = ", ".join(f"`{n}`" for n in known) or "none"
            message = f"{name_of_program} has no size `{name}`"
            fail("DP420", message, hint=f"its sizes are {sizes}")
        if isinstance(length, bool) or not isinstance(length, int) or length < 0:
            hint = "a size is a whole number"
            fail("DP420", f"the size `{name}` cannot be {length!r}", hint=hint)


def refuse_reshaped(
    program: syntax.Program, learned: typed.Checked, sizes: Mapping[str, int]
) -> NoReturn:
    """Say which size choices do not bear.

    Raises:
        DiffprogError: DP420.
    """
    changed = [n for n in sizes if sizes[n] != learned.sizes[n]]
    name = next((n for n in changed if n in learned.structural), changed[0])
    fail(
        "DP420",
        f"the size `{name}` is {learned.sizes[name]} in what was learned, not {sizes[name]}",
        declared_sizes(program)[name].span,
        hint="it counts the values or the cells of a hole: train again at that size",
    )


def shaped_sizes(program: syntax.Program) -> list[str]:
    """Return the sizes that the shapes of inputs bind, in the order of the signature."""
    known = declared_sizes(program)
    found = [
        axis.id
        for param in program.main.params
        for shape in _shapes(param.type)
        for axis in shape
        if isinstance(axis, syntax.Name) and axis.id in known
    ]
    return list(dict.fromkeys(found))


def _shapes(t: syntax.TypeExpr) -> Iterator[tuple[syntax.Expr, ...]]:
    match t:
        case syntax.ArrayType(item, shape):
            yield shape
            yield from _shapes(item)
        case syntax.TupleType(items):
            for item in items:
                yield from _shapes(item)
        case _:
            return


def infer_sizes(program: syntax.Program, inputs: Mapping[str, object]) -> dict[str, int]:
    """Return the sizes that the shapes of inputs bind: those that are an axis by themselves.

    Raises:
        SizeClashError: where two inputs, or two axes of one, disagree.
    """
    bound: dict[str, tuple[int, str]] = {}
    known = declared_sizes(program)
    for param in program.main.params:
        if param.name not in inputs:
            continue
        for axis, length in _axes(param.type, inputs[param.name]):
            if axis not in known:
                continue
            first, where = bound.setdefault(axis, (length, param.name))
            if first != length:
                message = (
                    f"the size `{axis}` would be {first} by `{where}`, {length} by `{param.name}`"
                )
                raise SizeClashError(message)
    return {name: length for name, (length, _) in bound.items()}


def _axes(t: syntax.TypeExpr, value: object) -> Iterator[tuple[str, int]]:
    """Yield (name, length) for the axes that are a name, as deep as the value is a list."""
    match t:
        case syntax.ArrayType(_, shape):
            yield from _array_axes(shape, value)
        case syntax.TupleType(items) if isinstance(value, list | tuple):
            for item, part in zip(items, value, strict=False):
                yield from _axes(item, part)
        case _:
            return


def _array_axes(shape: Sequence[syntax.Expr], value: object) -> Iterator[tuple[str, int]]:
    for place, axis in enumerate(shape):
        if hasattr(value, "shape"):  # an array or a tensor: a distribution has an axis more
            lengths = zip(shape[place:], value.shape, strict=False)
            yield from ((e.id, n) for e, n in lengths if isinstance(e, syntax.Name))
            return
        if not isinstance(value, list | tuple):
            return
        if isinstance(axis, syntax.Name):
            yield axis.id, len(value)
        if not value:
            return
        value = value[0]
