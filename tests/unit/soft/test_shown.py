"""Cells of whose input a part stays: the same numbers and slopes as when it is shown each round."""

from __future__ import annotations

import re

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad

import diffprog as dp

STATES = {"rnn": ("h",), "gru": ("h",), "lstm": ("h", "c")}

INPUTS = {
    "all of it": "cell(xs, {state})",
    "a flag after it": "cell(after(xs, flag), {state})",
    "a flag before it": "cell(before(xs, flag), {state})",
    "three flags": "cell(wide(xs, flag), {state})",
    "an array after it": "cell(beside(xs, {first}), {state})",
    "an array before it": "cell(beside({first}, xs), {state})",
}
"""How a cell is called in a round, `first` being its state."""

FUNCTIONS = """
fn after(xs: real[k], flag: real) -> real[k + 1]:
    both: real[k + 1] = flag
    both[..k] = xs
    return both

fn before(xs: real[k], flag: real) -> real[k + 1]:
    both: real[k + 1] = flag
    both[1..] = xs
    return both

fn wide(xs: real[k], flag: real) -> real[k + 3]:
    both: real[k + 3] = flag
    both[..k] = xs
    return both

fn beside(a: real[m], b: real[n]) -> real[m + n]:
    both: real[m + n] = 0.0
    both[..m] = a
    both[m..] = b
    return both
"""


def program_of(
    kind: str, shown: str, loop: str, inputs: int, hidden: int, first: float = 0.1
) -> dp.Program:
    """Return a program whose cell sees `xs` in every round of a loop, its state first a number."""
    more = {"all of it": 0, "three flags": 3, "an array after it": hidden}
    more["an array before it"] = hidden
    state = ", ".join(STATES[kind])
    call = INPUTS[shown].format(state=state, first="h")
    starts = "\n".join(f"    {s}: real[{hidden}] = {first}" for s in STATES[kind])
    head, end = {
        "for": ("for t in 0 .. 4:", ""),
        "act": ("repeat max 6 by act(epsilon = 0.01):", "    until chance(sigmoid(stop(h)))\n"),
    }[loop]
    return dp.loads(
        f"net cell = {kind}(in = {inputs + more.get(shown, 1)}, out = {hidden})\n"
        f"net stop = linear(in = {hidden})\n{FUNCTIONS}\n"
        f"program think(xs: real[{inputs}]) -> real[{hidden}]:\n{starts}\n    flag = 1.0\n"
        f"    {head}\n        {state} = {call}\n        flag = flag * 0.5 - 0.25\n{end}"
        f"    return h\n"
    )


def found(module: dp.SoftProgram, xs: Tensor) -> list[Tensor]:
    """Return what a module gives, and all slopes of the sum of its squares."""
    xs = xs.clone().requires_grad_()
    out = module(xs)
    loss = out.square().sum()
    return [out, *torch.autograd.grad(loss, [xs, *module.parameters()], allow_unused=True)]


@pytest.mark.parametrize("loop", ["for", "act"])
@pytest.mark.parametrize("shown", INPUTS)
@pytest.mark.parametrize("kind", STATES)
@pytest.mark.parametrize("first", [0.0, 0.1])
def test_it_is_multiplied_once(first: float, kind: str, shown: str, loop: str) -> None:
    """Held against the cell of torch, which is asked with the whole input where one watches it."""
    inputs, hidden = (3, 4) if kind == "rnn" else (112, 64)
    program = program_of(kind, shown, loop, inputs, hidden, first)
    module = program.soften(backend="torch").double()
    before, inside = module.source.split("def round_of" if loop == "act" else "for t in range", 1)
    assert re.search(r"cell_shown = nets\['cell'\]\.shown\(xs, ", before)
    assert "nets['cell'](" not in inside
    for lead in ((5,), (2, 3), ()):
        xs = torch.randn(*lead, inputs, dtype=torch.float64, generator=torch.Generator())
        ours = found(module, xs)
        layer = module.nets.layer("cell")
        assert layer is not None
        calls: list[Tensor] = []
        with layer.register_forward_hook(lambda _, given, out, calls=calls: calls.append(given[0])):
            whole = found(module, xs)
        assert len(calls) >= 2
        for mine, theirs in zip(ours, whole, strict=True):
            if theirs is not None:
                torch.testing.assert_close(mine, theirs, rtol=1e-11, atol=1e-12)


@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")  # torch's own
@pytest.mark.parametrize("kind", STATES)
def test_a_first_state_of_zeros_has_slopes_of_the_forward_mode(kind: str) -> None:
    """A state that is nothing is not multiplied, unless somebody asks how it changes."""
    state = ", ".join(STATES[kind])
    program = dp.loads(
        f"net cell = {kind}(in = 112, out = 64)\n\n"
        f"program p(xs: real[112], h: real[64], c: real[64]) -> real[64]:\n"
        f"    for t in 0 .. 2:\n        {state} = cell(xs, {state})\n    return h + c\n"
    )
    module = program.soften().double()
    xs, h, c, slope = torch.randn(4, 112, dtype=torch.float64, generator=torch.Generator())
    h, c, slope = torch.zeros_like(h[:64]), c[:64], slope[:64]
    with torch.no_grad(), forward_ad.dual_level():
        found = forward_ad.unpack_dual(module(xs, forward_ad.make_dual(h, slope), c)).tangent
    _, wanted = torch.func.jvp(lambda h: module(xs, h, c), (h,), (slope,))
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_small_cells_of_several_gates_stay_whole(kind: str) -> None:
    """Their gates one by one take longer than what is spared."""
    assert ".shown(" not in program_of(kind, "all of it", "for", 3, 4).soften().source


def test_what_changes_is_not_kept() -> None:
    """An input that the loop changes is shown each round; another beside it is not."""
    text = (
        "net cell = rnn(in = 3, out = 3)\n\n"
        "program p(xs: real[3], h: real[3]) -> real[3]:\n    for t in 0 .. 4:\n"
        "        xs = xs * 0.5\n        h = cell(xs, h)\n    return h\n"
    )
    assert ".shown(" not in dp.loads(text).soften().source


def test_restarts_have_weights_of_their_own() -> None:
    """Each restart gives what a module with its weights alone gives."""
    program = program_of("rnn", "a flag after it", "for", 3, 4)
    many = program.soften(restarts=3).double()
    xs = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator())
    together = many(xs)
    for r in range(3):
        one = program.soften().double()
        with torch.no_grad():
            for own, of_all in zip(one.parameters(), many.parameters(), strict=True):
                own.copy_(of_all[r])
        torch.testing.assert_close(together[r], one(xs), rtol=1e-11, atol=1e-12)
