"""Small programs in which two values meet that something may have tied together.

Random programs seldom lose a correlation at just one place. Here each has one statement that ties
values (or none that does) and one operation in which two of them meet, so that a place that the
analysis overlooks makes a program that it calls clean and that is not the expectation.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from hypothesis import strategies as st

from diffprog.errors import Source
from diffprog.lang.parse import parse
from tests.strategies.programs import Generated

PARAMS = {"a": "int<{k}>", "b": "int<{k}>", "xs": "int<{k}>[2]", "i": "int<2>", "f": "bool"}

Tie: TypeAlias = tuple[str, tuple[str, ...]]
"""A statement, and the values that depend on each other after it."""

TIES: tuple[Tie, ...] = (
    ("", ("a", "b", "i", "xs[0]", "int(f)")),
    ("a = (a + {c}) % {k}", ("a", "a")),
    ("b = choose int<{k}> given a", ("a", "b")),
    ("b = choose int<{k}> given {c}", ("b", "b")),
    ("b = choose(a, b)", ("a", "b")),
    ("if a > b:\n    swap a, b", ("a", "b")),
    ("if f:\n    a = {c}\n    b = {d}", ("a", "b", "int(f)")),
    ("if f:\n    swap a, b", ("a", "b")),
    ("if a == {c}:\n    b = {d}", ("a", "b")),
    ("match a:\n    case {c}:\n        b = {d}\n    case _:\n        xs[0] = {c}", ("b", "xs[0]")),
    ("a, b = (b, a) if f else (a, {c})", ("a", "b")),
    ("choose:\n    swap a, b\n    pass", ("a", "b")),
    ("choose given i:\n    a = b\n    b = {c}", ("a", "b", "i")),
    ("while a < {k} - 1 max {k}:\n    a = a + 1\n    b = (b + 1) % {k}", ("a", "b")),
    ("repeat max 2:\n    a = (a + 1) % {k}\n    b = {c} if f else b\nuntil f", ("a", "b")),
    ("repeat max 2:\n    c = (a + b) % {k}\n    a = c\nuntil c == {d}", ("a", "b")),
    ("for x in xs:\n    if x > a:\n        a = x", ("a", "xs[0]", "xs[1]")),
    ("for j in 0 .. i + 1:\n    a = (a + 1) % {k}", ("a", "i")),
    ("b = xs[i]", ("b", "i", "xs[0]", "xs[1]")),
    ("xs[i] = a", ("xs[0]", "xs[1]", "a", "i")),
    ("xs[i] //= 1 + a", ("xs[0]", "xs[1]", "a", "i")),
    ("swap xs[0], xs[i]", ("xs[0]", "xs[1]", "i")),
    ("xs = [a, b] if f else xs", ("xs[0]", "xs[1]", "int(f)")),
)

Meeting: TypeAlias = tuple[str, str, str]
"""Statements before, an expression, and its type; `u` and `v` are what meets."""

MEETINGS: tuple[Meeting, ...] = (
    ("", "({u} + {v}) % {k}", "int<{k}>"),
    ("", "({u} * {v} + {u}) % {k}", "int<{k}>"),
    ("", "{u} == {v}", "bool"),
    ("", "{u} < {v}", "bool"),
    ("", "max({u}, {v})", "int<{k}>"),
    ("", "[{u}, {v}] + [{v}, {d}]", "int<{k} * 2 - 1>[2]"),
    ("", "{c} if {u} < {v} else {d}", "int<{k}>"),
    ("", "{u} if {u} < {v} else {v}", "int<{k}>"),
    ("", "({c} if {u} == {d} else {v}, {u})", "(int<{k}>, int<{k}>)"),
    ("", "choose bool given {u}, {v}", "bool"),
    ("", "choose int<{k}> where [true, {u} == {c}, {v} == {d}][0 .. {k}]", "int<{k}>"),
    ("", "table[{u}, {v}]", "int<{k}>"),
    ("", "[{v}, {c}, {d}][{u}]", "int<{k}>"),
    ("ys: int<{k}>[3] = [{v}, {c}, {d}]\nys[{u}] = {c}", "ys", "int<{k}>[3]"),
    ("ys: int<{k}>[3] = [{c}, {d}, {c}]\nys[{u}] = {v}", "ys", "int<{k}>[3]"),
    ("ys: int<{k}>[3, 3] = table\nys[{u}, {v}] = {c}", "ys", "int<{k}>[3, 3]"),
    ("ys: int<{k}>[1] = [{u}]\nys[0] //= 1 + {v}", "ys", "int<{k}>[1]"),
    ("ys: int<{k}>[2] = [{c}, {d}]\nys[{u} % 2] //= 1 + {v}", "ys", "int<{k}>[2]"),
    ("", "sum([{u}, {v}])", "int<{k} * 2 - 1>"),
    ("", "max([{u}, {v}, {c}])", "int<{k}>"),
    ("", "argmax([{u}, {v}])", "int<2>"),
    ("", "any([{u} == {c}, {v} == {d}])", "bool"),
    ("", "count([{u} == {c}, {v} == {d}])", "int<3>"),
    ("", "sum([{u}, {c}] where [{v} == {d}, true])", "int<{k} * 2 - 1>"),
    ("", "min([{u}] where [{c} == {d}] else {v})", "int<{k}>"),
    ("", "min([{c}] where [{u} == {d}] else {v})", "int<{k}>"),
    ("", "real({u}) + 0.5 * real({v})", "real"),
    ("", "real({u}) * real({v})", "real"),
    ("", "real({u}) * 0.5", "real"),
    ("", "real({u}) * (0.5 + {v})", "real"),
    ("", "exp(real({u})) + real({v})", "real"),
    ("", "[real({u}), 0.5] @ [real({v}), real({u})]", "real"),
    ("", "[0.5, 0.25] @ [real({v}), real({u})]", "real"),
    ("", "[real({u}), 1.5, real({v})][{v}]", "real"),
    ("ys: real[3] = [real({u}), 0.5, 0.25]\nys[{v}] = 1.0", "ys", "real[3]"),
    ("ys: real[3] = [real({u}), 0.5, 0.25]\nys[{v}] += 1.0", "ys", "real[3]"),
    ("ys: real[1] = [real({u})]\nys[0] *= real({v})", "ys", "real[1]"),
    ("ys: real[1] = [real({u})]\nys[0] -= real({v})", "ys", "real[1]"),
    ("", "sum([real({u}), 0.5] where [{v} == {c}, true])", "real"),
    ("", "sum([real({u}), real({v})])", "real"),
    ("", "max([real({u}), 0.5 + real({v})])", "real"),
    ("", "sum([0.5, 1.5] where [{u} == {c}, {v} == {d}])", "real"),
    ("", "max([0.5, 1.5] where [{u} == {c}, {v} == {d}] else 0.0)", "real"),
    ("", "real({u}) > 0.75", "bool"),
    ("", "pick([real({u}), real({v}), 0.5])", "int<3>"),
    ("w: int<{k}> = {u}", "only(w)", "bool[{k}]"),
)


@st.composite
def meetings(draw: st.DrawFn, ties: tuple[Tie, ...] = TIES) -> Generated:
    """Give such programs, of some ties."""
    k = draw(st.integers(2, 3))
    number = st.integers(0, k - 1)
    tie, tied = draw(st.sampled_from(ties))
    before, value, t = draw(st.sampled_from(MEETINGS))
    u, v = draw(st.sampled_from(tied)), draw(st.sampled_from(tied))
    filled = {"k": k, "c": draw(number), "d": draw(number), "u": u, "v": v}
    body = [*tie.split("\n"), *before.split("\n"), f"return {value}"]
    text = "\n".join("    " + line.format(**filled) for line in body if line)
    used = [n for n in PARAMS if re.search(rf"\b{n}\b", text)]
    params = ", ".join(f"{n}: {PARAMS[n].format(k=k)}" for n in used)
    rows = [[draw(number) for _ in range(3)] for _ in range(3)]
    table = f"const table: int<{k}>[3, 3] = {rows}\n" if "table" in text else ""
    head = f"program main({params}) -> {t.format(k=k)}:"
    return Generated(parse(Source("meetings.dp", f"{table}{head}\n{text}\n")))
