"""Loops over numbers in C, with their reverse: a rule applied to each, or a sum of parts.

In: a rule and the places of its arguments. Out: two texts, forward and reverse. What is the same
for all numbers of a cell is read once, and its adjoint is summed before it is added.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diffprog.native.values import Number, Slot, adjoint, base, value

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from diffprog.native.slopes import Rule
    from diffprog.native.values import Term


def mapped(
    rule: Rule,
    to: str,
    args: Sequence[Term | str],
    n: int,
    *,
    cells: int,
    constant: Collection[int],
) -> tuple[str, str]:
    """Return a rule applied to number `j` of `n` in cell `i`, as its arguments' places name them.

    The stretches in `constant` have no adjoints.
    """
    reads, ok = [read(i, arg) for i, arg in enumerate(args)], rule.defined
    slopes, sums = [], []
    for i, arg in enumerate(args):
        if isinstance(arg, Number) or rule.slopes[i] == "0":
            continue
        place = arg.code if isinstance(arg, Slot) else arg
        if base(place) in constant:
            continue
        slope = f"g * ({rule.slopes[i]})"
        slope = f"choose({ok}, {slope}, all(0))" if ok else slope
        if _names(place, "j"):
            slopes.append(f"{adjoint(place)} += {slope};")
        else:
            slopes.append(f"s_{i} += {slope};")
            sums.append((f"vec s_{i} = {{0}};", f"{adjoint(place)} += s_{i};"))
    text = f"choose({ok}, {rule.value}, all(0))" if ok else rule.value
    out = f"{to} + i * {n} + j"
    forward = _loop(reads, f"{value(out)} = {text};", (), n, cells)
    if not slopes:
        return forward, ""
    return forward, _loop(_used(reads, slopes, out), " ".join(slopes), sums, n, cells)


def mixed(
    to: str, weights: Sequence[str], parts: Sequence[str], n: int, *, constant: Collection[int]
) -> tuple[str, str]:
    """Return the sum of parts times weights."""
    forward, reverse, sums = [], [], []
    for k, (weight, part) in enumerate(zip(weights, parts, strict=True)):
        number = f"{part} + j"
        forward.append(f"{value(weight)} * {value(number)}")
        sums.append((f"vec s_{k} = {{0}};", f"{adjoint(weight)} += s_{k};"))
        reverse.append(f"s_{k} += g * {value(number)};")
        if base(part) not in constant:
            reverse.append(f"{adjoint(number)} += g * {value(weight)};")
    g = f"const vec g = {adjoint(f'{to} + j')};"
    return (
        _loop((), f"{value(f'{to} + j')} = {' + '.join(forward)};", (), n, 1),
        _loop((), f"{g} {' '.join(reverse)}", sums, n, 1),
    )


def _names(code: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", code) is not None


def _loop(
    reads: Sequence[str], text: str, sums: Sequence[tuple[str, str]], n: int, cells: int
) -> str:
    """Return a loop over the numbers of cells; what does not change with `j` is read outside."""
    outside = " ".join([*(r for r in reads if not _names(r, "j")), *(s for s, _ in sums)])
    inside = " ".join([*(r for r in reads if _names(r, "j")), text])
    after = " ".join(s for _, s in sums)
    body = f"{outside} {_over('j', n)} {{ {inside} }} {after}"
    return f"EACH_VEC({_over('i', cells)} {{ {body} }})"


def _over(name: str, n: int) -> str:
    """Return the head of a loop; of one round, a declaration."""
    return f"const long {name} = 0;" if n == 1 else f"for (long {name} = 0; {name} < {n}; {name}++)"


def _used(reads: Sequence[str], slopes: Sequence[str], out: str) -> list[str]:
    """Return the declarations that slopes read."""
    text = " ".join(slopes)
    found = [r for i, r in enumerate(reads) if f"x_{i}" in text]
    if _names(text, "y"):
        found.append(f"const vec y = {value(out)};")
    return [*found, f"const vec g = {adjoint(out)};"]


def read(i: int, arg: Term | str) -> str:
    """Return the declaration of an argument of a rule."""
    if isinstance(arg, Number):
        return f"const vec x_{i} = all((real)({arg.code}));"
    return f"const vec x_{i} = {value(arg.code if isinstance(arg, Slot) else arg)};"
