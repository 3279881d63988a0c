"""The generated source does no more than it must: what it leaves out makes no difference.

A file that is watched writes every operation where the program has it. It is what the file of a
module is compared with here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

import diffprog as dp
from diffprog.ir.graph import Loop, walk
from diffprog.soft.finite import mixture
from diffprog.soft.growth import is_tame
from diffprog.soft.sources import compiled
from diffprog.soft.torchgen import generate
from tests.unit.soft.soften import random_value, soft

if TYPE_CHECKING:
    from diffprog.soft.module import SoftProgram

PROGRAMS = Path(__file__).parents[2] / "bench" / "programs"
EXAMPLES = Path(__file__).parents[3] / "examples"

KEPT_CELLS = """\
program p(xs: real[5], m: real[2, 3]) -> (real[5], real, real[2, 3]):
    total = 0.0
    for i in 0 .. 4:
        old = xs
        xs[i] = xs[i] * 0.5 + xs[i + 1]
        total = total + old[i] - xs[i]
        if total > 0.0:
            total = total + 2.0
            xs[i + 1] = 0.25
    for i in 0 .. 2:
        for j in 0 .. 3:
            m[i, j] = m[i, j] + m[1, 2] * total
    return xs, total, m
"""
MACHINE = """\
program p(a: int<5>, b: int<5>, m: int<5>[3]) -> (int<5>, int<5>[3]):
    learn code: int<6>[3]
    learn next: int<3>[5, 5]
    learn odd: bool[5, 5]
    for k in 0 .. 3:
        r: int<5> = 0
        match code[k]:
            case 0:
                r = (a + b) % 5
            case 1:
                r = min(a, b)
            case 2:
                r = b
            case 3:
                r = (a + 4) % 5
            case 4:
                r = 4 - a
            case 5:
                m[next[a, b]] = r
        b = m[next[a, b]] if odd[a, b] else b
        a = r
    return a, m
"""
BLOCKS = """\
program p(xs: real[4, 5]) -> (real[4, 5], real[6, 5, 2]):
    out: real[6, 5, 2] = 1.0
    for step in 0 .. 3:
        for i in 0 .. 4:
            for j in 1 .. 4:
                xs[i, j] = xs[i, j - 1] * 0.5 + xs[i, j] * step
                out[i + 1, j, :] = 0.0
                out[i + 1, j, pick(out[0, 0])] = xs[i, j]
        xs[0, 0] = 1.0
        xs[3, 1 .. 3] = 0.0
    return xs, out
"""
TEXTS = {"cells": KEPT_CELLS, "machine": MACHINE, "blocks": BLOCKS}


def watched(module: SoftProgram) -> Any:
    """Return a module's function with nothing left out."""
    made = generate(module.graph, module.name, inspect=True)
    names = compiled(made.source, made.entry)
    names["inspect"] = lambda *_: None
    return names[made.entry]


def results(module: SoftProgram, function: Any = None) -> list[torch.Tensor]:
    """Return what a module gives on random inputs, and its slopes; or another function for it."""
    g = torch.Generator().manual_seed(1)
    inputs = [random_value(t, g, (3,)).requires_grad_() for _, t in module.params]
    if function is None:
        out = module.run(inputs)
    else:
        holes = module.logits(1)
        out = function(*inputs, holes=holes, like=module.like, T=module.temperature)
    out = out if isinstance(out, tuple) else (out,)
    loss = sum(((x + 1) ** 2).sum() for x in out)
    asked = [*inputs, *module.parameters()]
    return [*out, *torch.autograd.grad(loss, asked, allow_unused=True, materialize_grads=True)]


def body(module: SoftProgram) -> str:
    """Return the text of a module's own function."""
    return module.source[module.source.index(f"def {module.generated.entry}(") :]


@pytest.mark.parametrize(
    "name", [*TEXTS, "bubble", "levenshtein", "path", "counter", "register", "turing"]
)
def test_what_is_left_out_makes_no_difference(name: str) -> None:
    """Values and slopes are those of the file in which every operation stands."""
    folder = EXAMPLES / name if name == "turing" else PROGRAMS
    text = TEXTS.get(name) or (folder / f"{name}.dp").read_text(encoding="utf-8")
    sizes = {"steps": 5} if name in ("counter", "register") else {}
    module = soft(text, **sizes)
    module.temperature = 0.5
    for a, b in zip(results(module), results(module, watched(module)), strict=True):
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-11)


def test_cells_are_not_cut_out_of_their_array() -> None:
    """An array that is written cell by cell is a list of cells, put together for its share."""
    text = body(soft((PROGRAMS / "bubble.dp").read_text(encoding="utf-8")))
    assert "cells_of(" not in text[: text.index("rolled(")]
    assert text.count("cells_of(") == 1
    assert "put(" not in text
    assert text.count("side_by_side(") == 2


def test_what_does_not_vary_stands_before_the_loop() -> None:
    """Also out of two loops; what is made of constants is made with them."""
    module = soft(
        "program p(x: real, ys: real[3, 3]) -> real:\n"
        "    table: real[3] = 2.0\n"
        "    table[1] = 5.0\n"
        "    for i in 0 .. 3:\n"
        "        for j in 0 .. 3:\n"
        "            x = x * tanh(ys[1, 2]) + exp(ys[i, 0]) + table[j]\n"
        "    return x\n"
    )
    lines = body(module).split("\n")
    first = next(k for k, line in enumerate(lines) if line.lstrip().startswith("for i"))
    inner = next(k for k, line in enumerate(lines) if line.lstrip().startswith("for j"))
    assert any("tanh(" in line for line in lines[:first])
    assert any("exp(" in line for line in lines[first:inner])
    assert "masked_fill" not in body(module)
    assert "masked_fill" in module.source


def test_a_block_that_no_round_reads_is_written_once() -> None:
    """What was written last is put into the array after the loop."""
    lines = body(soft((PROGRAMS / "path.dp").read_text(encoding="utf-8"))).split("\n")
    assert sum(line.startswith("    came = put_block(") for line in lines) == 1
    assert not any(line.startswith("        came") for line in lines)


def test_a_share_of_a_sum_is_added() -> None:
    """`x + y` in one case, `x` in the other: y is added by its weight; a write likewise."""
    text = body(
        soft(
            "program p(x: real, y: real, m: real[3], i: int<3>, c: bool) -> (real, real[3]):\n"
            "    if c:\n        x = x + y\n        m[i] = 1.0\n    return x, m\n"
        )
    )
    assert "x + y * c" in text
    assert text.count("torch.lerp(") == 1


def test_alternatives_of_the_same_values_are_mixed_as_tables() -> None:
    """One product each for those of two values, and for those of one."""
    text = body(soft((PROGRAMS / "register.dp").read_text(encoding="utf-8")))
    assert text.count("mixture(") == 2
    assert "image(" not in text
    assert "convolve(" not in text


CONSTANTS = """\
program p(a: int<5>, b: int<5>, k: int<7>) -> int<5>:
    r = a
    match k:
        case 0:
            r = (a + 1) % 5
        case 1:
            r = a * 2 % 5
        case 2:
            r = 3
        case 3:
            r = (b + 2) % 5
        case 4:
            r = b // 2
        case 5:
            r = 1
        case 6:
            r = b
    return r
"""


def test_constants_are_tables_too() -> None:
    """They are no further operation; where there are two tables they are in one of them."""
    program = dp.loads(CONSTANTS)
    assert not re.search(r"= \w+ \+ \S+ \* ", body(program.soften()))
    g = torch.Generator().manual_seed(0)
    inputs = [random_value(t, g, (3,)) for t in program.parameters.values()]
    found = program.soften().double()(*inputs)
    torch.testing.assert_close(found, program.soften(backend="native").double()(*inputs))
    torch.testing.assert_close(found.sum(-1), torch.ones(3, dtype=torch.float64))


def test_tables_that_are_read_at_one_place_are_read_together() -> None:
    """They are put side by side before the loop."""
    text = body(dp.load(EXAMPLES / "turing" / "turing.dp").soften())
    assert text.count("tables_beside(") == 1
    assert text.index("tables_beside(") < text.index("def round_of")
    assert text.count(" read(") == 2


@pytest.mark.parametrize("rows", [(), (4,)])
def test_a_mixture_of_tables_is_the_mixture_of_what_they_give(rows: tuple[int, ...]) -> None:
    """Whether there are fewer weights than rows, or as many."""
    g = torch.Generator().manual_seed(0)
    tables = torch.rand(3, 2, 5, 6, generator=g, dtype=torch.float64)
    w = torch.rand(*rows, 3, generator=g, dtype=torch.float64)
    p, q = (torch.rand(4, n, generator=g, dtype=torch.float64) for n in (2, 5))
    wanted = torch.einsum("bk,kpqn,bp,bq->bn", w.expand(4, 3), tables, p, q)
    assert torch.allclose(mixture(w, tables, p, q), wanted)


COUNTER = """\
program p(x: real, stride: real, limit: real) -> real:
    while x < limit max 40:
        x = x + stride
    return x
"""


def test_a_row_that_has_halted_does_no_harm() -> None:
    """It goes on where it stays small, and is kept as it was where it would overflow."""
    module = dp.loads(COUNTER).soften()
    module.temperature = 0.01
    limit, stride = torch.tensor([1.0, 30.0]), torch.tensor([1e38, 1.0], requires_grad=True)
    both = module(torch.zeros(2), stride, limit)
    alone = module(torch.zeros(1), stride[:1], limit[:1])
    both.sum().backward()
    assert both[0].isfinite()
    assert both[0] == alone[0]
    assert stride.grad is not None
    assert stride.grad.isfinite().all()


@pytest.mark.parametrize(
    ("change", "tame"),
    [
        ("x + stride", True),
        ("x * 0.5 + stride", True),
        ("max(x, stride) - limit", True),
        ("x * 1.01 + 1.0", True),
        ("x * 3.0 + 1.0", False),
        ("x * x + 1.0", False),
        ("x * stride", False),
        ("exp(x)", False),
        ("1.0 / x", False),
    ],
)
def test_which_loops_are_tame(change: str, tame: bool) -> None:
    """Numbers that grow by a constant amount, or little, do not overflow."""
    graph = dp.loads(COUNTER.replace("x + stride", change)).soften().graph
    (loop,) = (n for n in walk(graph) if isinstance(n, Loop))
    assert is_tame(loop) is tame


THINKER = """\
net cell = lstm(in = 3, out = 3)
net enough = linear(in = 3)
net more = linear(in = 3, out = 3)

program p(x: real[3]) -> real[3]:
    h: real[3] = 0.0
    c: real[3] = 0.0
    repeat max 9 by act(epsilon = 0.01):
        h, c = cell(x, h, c)
    until chance(sigmoid(enough(h)))
    return h
"""


@pytest.mark.parametrize(
    ("change", "tame"),
    [
        ("h, c = cell(x, h, c)", True),
        ("h, c = cell(more(x), h, c)", True),
        ("h, c = cell(more(h), h, c)", True),
        ("h = tanh(more(h))", True),
        ("h = more(h)", False),
        ("h = relu(more(h)) * 0.5", False),
        ("h, c = cell(x, more(h), c)", False),
        ("h, c = cell(other(h), h, c)", False),
    ],
)
def test_which_loops_with_networks_are_tame(change: str, tame: bool) -> None:
    """A cell's state is bounded; what another network gives is not, and may not be kept."""
    other = "extern other(x: real[3]) -> real[3]\n"
    graph = dp.loads(other + THINKER.replace("h, c = cell(x, h, c)", change)).soften().graph
    (loop,) = (n for n in walk(graph) if isinstance(n, Loop))
    assert is_tame(loop) is tame


@pytest.mark.parametrize(
    ("call", "looked"),
    [
        ("cell(x, h, c)", False),
        ("cell(with_one(x, k), h, c)", False),
        ("cell(x * 0.5, h, c)", True),
        ("cell(more(x), h, c)", True),
        ("cell(x, h, x)", True),
        ("cell(with_one(x, x[0]), h, c)", True),
    ],
)
def test_what_only_cells_are_shown_is_not_looked_at(call: str, looked: bool) -> None:
    """It is alike in all rounds, and their state is bounded whatever it is."""
    text = THINKER.replace("cell(x, h, c)", call).replace("    repeat", "    k = 1.0\n    repeat")
    text = text.replace("        h, c =", "        k = 0.5 * k\n        h, c =")
    text += "\nfn with_one(xs: real[3], k: real) -> real[3]:\n    xs[1] = k\n    return xs\n"
    assert ("are_moderate" in body(dp.loads(text).soften())) is looked


@pytest.mark.parametrize("scale", [3.0, 1e308])
@pytest.mark.parametrize("by", ["act(epsilon = 0.01)", "ponder(prior = 0.2)"])
def test_a_row_that_has_stopped_thinking_is_as_if_alone(by: str, scale: float) -> None:
    """Others go on with the same cell; results and slopes of the weights are those of each row.

    Numbers may be so large that what the gates are given is infinite.
    """
    module = dp.loads(THINKER.replace("act(epsilon = 0.01)", by)).soften().double()
    g = torch.Generator().manual_seed(0)
    x = scale * torch.randn(6, 3, generator=g, dtype=torch.float64).clamp(-1.7, 1.7)
    together = module(x)
    used = [p for net in ("cell", "enough") for p in getattr(module.nets, net).parameters()]
    slopes = torch.autograd.grad(together.square().sum(), used)
    each = torch.stack([module(row) for row in x])
    assert torch.allclose(together, each)
    for one, other in zip(slopes, torch.autograd.grad(each.square().sum(), used), strict=True):
        assert torch.allclose(one, other)


def test_short_rounds_are_not_asked_each_time_whether_all_have_halted() -> None:
    """After every few; long ones each time."""
    text = body(dp.loads(COUNTER).soften())
    assert "every=" in text
    assert "every=" not in body(soft((PROGRAMS / "bubble.dp").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("start", "test", "known"),
    [
        ("0", "i < 4 and not done max 4", True),
        ("4", "i > 0 and not done max 4", True),
        ("4", "i < 4 and not done max 4", False),
        ("first", "i < 4 and not done max 4", False),
        ("0", "i < 4 and not done and x < 2.0 max 4", False),
        ("0", "not done max 4 by ponder(prior = 0.2)", False),
    ],
)
def test_no_weight_leaves_a_round_that_is_known_to_go_on(
    start: str, test: str, *, known: bool
) -> None:
    """The first test of such a loop parts nothing; results, slopes and reports are the same."""
    text = f"""\
program p(first: int<5>, x: real, flags: bool[5]) -> (real, int<5>):
    i: int<5> = {start}
    done = false
    while {test}:
        x = x + 0.5
        done = flags[i]
        i = clamp(i + 1, 0, 4)
    return x, i
"""
    module = soft(text)
    assert bool(re.search(r"if \w+ > 0:", body(module))) is known
    for a, b in zip(results(module), results(module, watched(module)), strict=True):
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-11)
