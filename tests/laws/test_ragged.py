"""Law 6, mixed lengths: a batch of rows of different lengths is each of them alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import diffprog as dp
from diffprog.types import Array
from tests.laws.harness import LAW
from tests.strategies import soft_values

FRAGMENTS = (
    "for x in xs:\n    state = (state {op} x) % {k}",
    "for i in 0 .. n:\n    state = choose(state, xs[i], (state {op} xs[i]) % {k})",
    "for i in 1 .. n:\n    if xs[i] > xs[i - 1]:\n        swap xs[i], xs[i - 1]",
    "for i in 0 .. n:\n    level = level * w + rs[n - 1 - i]",
    "level = level + max(rs)",
    "level = level + sum(rs where rs > {half})",
    "state = xs[argmax(rs)]",
    "at = pick(rs)\nstate = xs[at]\nrs[at] = level",
    "state = xs[n - 1]",
    "while state < {last} max n:\n    state = state + 1",
    "repeat max n:\n    state = choose int<{k}> given state\nuntil state == {last}",
    "repeat max n by act(epsilon = 0.01):\n    level = level * w\nuntil chance(sigmoid(level))",
    "for i in 0 .. n:\n    rs[i] = tanh(rs[i] + level)",
    "level = level / rs[0]",
)
"""Statements that depend on a size, each in its own way."""
RESULTS = ("state", "level", "xs", "rs", "rs @ rs", "count(rs > {half})")
HEAD = "size n = 2\n\nprogram mixed(xs: int<{k}>[n], rs: real[n], w: real) -> {type}:\n"
TYPES = ("int<{k}>", "real", "int<{k}>[n]", "real[n]", "real", "int<n + 1>")


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Give programs over a free size."""
    k = draw(st.integers(2, 4))
    fields = {"k": k, "last": k - 1, "half": 0.5}
    body = ["state: int<{k}> = 0", "level = 0.5"]
    body += draw(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=4))
    shown = draw(st.lists(st.sampled_from(range(5)), min_size=1, max_size=3))
    body.append(f"return {', '.join(RESULTS[i] for i in shown)}")
    text = HEAD.replace("{type}", f"({', '.join(TYPES[i] for i in shown)})")
    text += "".join(f"    {line}\n" for part in body for line in part.splitlines())
    return text.format(op=draw(st.sampled_from("+-*")), **fields)


@dataclass(frozen=True)
class Row:
    """A row of a batch."""

    xs: torch.Tensor
    rs: torch.Tensor


@st.composite
def rows(draw: st.DrawFn, program: dp.Program) -> list[Row]:
    """Give rows of different lengths, soft where that is possible."""
    lengths = draw(st.lists(st.integers(1, 4), min_size=2, max_size=5))
    cells = program.parameters["xs"]
    assert isinstance(cells, Array)
    reals = st.integers(-8, 16).map(lambda v: v / 8)
    return [
        Row(
            torch.tensor(draw(soft_values(Array((n,), cells.item))), dtype=torch.float64),
            torch.tensor(draw(st.lists(reals, min_size=n, max_size=n)), dtype=torch.float64),
        )
        for n in lengths
    ]


def flat(answer: Any) -> list[Any]:
    """Return the parts of an answer."""
    return [p for part in answer for p in flat(part)] if isinstance(answer, tuple) else [answer]


def row_of(answer: Any, place: int, like: torch.Tensor) -> torch.Tensor:
    """Return a row of a batch; what is one value for all rows has no axis for them."""
    if isinstance(answer, torch.Tensor) and answer.dim() == like.dim():
        return answer
    found: torch.Tensor = answer[place if len(answer) > 1 else 0]
    return found


@LAW
@given(texts(), st.data())
def test_mixed_lengths(text: str, data: st.DataObject) -> None:
    """Answers and reports of a row do not depend on what lengths stand beside it."""
    module = dp.loads(text).soften(seed=data.draw(st.integers(0, 9))).double()
    batch = data.draw(rows(dp.loads(text)))
    weights = torch.linspace(0.25, 1.0, len(batch), dtype=torch.float64)
    whole = flat(module(xs=[r.xs for r in batch], rs=[r.rs for r in batch], w=weights))
    report = module.report
    for i, row in enumerate(batch):
        alone = flat(module(xs=row.xs, rs=row.rs, w=weights[i]))
        for mixed, one in zip(whole, alone, strict=True):
            torch.testing.assert_close(row_of(mixed, i, one), one, rtol=1e-12, atol=1e-12)
        for kind, lines in report.items():
            for line, amounts in lines.items():
                one = module.report[kind].get(line, torch.zeros((), dtype=torch.float64))
                found = amounts if amounts.dim() == 0 else amounts[i % len(amounts)]
                torch.testing.assert_close(found, one.reshape(()), rtol=1e-12, atol=1e-12)


@settings(LAW, max_examples=15)
@given(texts(), st.data())
def test_gradients_of_mixed_lengths(text: str, data: st.DataObject) -> None:
    """The gradient of a mixed batch is the sum of its rows' gradients."""
    module = dp.loads(text).soften().double()
    batch = data.draw(rows(dp.loads(text)))
    parameters = [p for p in module.parameters() if p.numel()]

    def slopes(total: torch.Tensor) -> list[torch.Tensor]:
        if not (parameters and total.requires_grad):
            return []
        found = torch.autograd.grad(total, parameters, allow_unused=True)
        return [
            torch.zeros_like(p) if g is None else g for g, p in zip(found, parameters, strict=True)
        ]

    def loss(values: list[torch.Tensor]) -> torch.Tensor:
        return sum((x.square().sum() for x in values), torch.zeros((), dtype=torch.float64))

    whole = flat(module(xs=[r.xs for r in batch], rs=[r.rs for r in batch], w=0.5))
    single = [flat(module(xs=r.xs, rs=r.rs, w=0.5)) for r in batch]
    alone = slopes(loss([x for ones in single for x in ones]))
    rowwise = [
        row_of(x, i, one)
        for i, ones in enumerate(single)
        for x, one in zip(whole, ones, strict=True)
    ]
    mixed = slopes(loss(rowwise))
    for a, b in zip(mixed, alone, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)
