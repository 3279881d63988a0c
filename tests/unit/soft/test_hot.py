"""Rounds of loops with networks that are compiled by themselves: once, and when it pays."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch._dynamo.exc import BackendCompilerFailed

import diffprog as dp
from diffprog.soft import fused, hot, pieces
from diffprog.soft.cut import cut

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from diffprog.soft.module import SoftProgram

# torch asks tensors of its own for their slopes when it compiles.
pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")

TEXT = """size n = 3
net cell = rnn(in = 2, out = 4)
net tell = linear(in = 4, out = 2)

program run(xs: real[n, 2]) -> real[n, 2]:
    learn h: real[4]
    sharp: real[3] = 1.0
    ys: real[n, 2] = 0.0
    for i in 0 .. n:
        h = cell(xs[i], h)
        sharp = spread(pick(sharp + h[0]))
        ys[i] = tell(h) * sharp[0]
    return ys

fn spread(p: int<3>) -> real[3]:
    found: real[3] = 0.0
    found[p] = 1.0
    return found
"""


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by one for each graph that is compiled, which is run as it is."""
    made: list[int] = []

    def backend(graph: torch.fx.GraphModule, inputs: object) -> Callable[..., Any]:
        made.append(len(made))
        return graph.forward

    compiler = torch.compile

    def compiled(function: Callable[..., Any], options: dict[str, Any]) -> Callable[..., Any]:
        asked = {k: v for k, v in options.items() if k == "guard_filter_fn"}
        return compiler(function, backend=backend, options=asked)

    monkeypatch.setattr(torch, "compile", compiled)
    monkeypatch.setattr(hot, "HOT", {})
    monkeypatch.setattr(hot, "KNOWN", {})
    torch._dynamo.reset()
    return made


def module_of(backend: str, **sizes: int) -> SoftProgram:
    """Return the program on a backend, its weights the same on all."""
    return dp.loads(TEXT, **sizes).soften(backend=backend, seed=3).double()


def inputs(n: int, batch: int) -> torch.Tensor:
    """Return inputs of a length."""
    made = torch.Generator().manual_seed(10 * n + batch)
    return torch.randn(batch, n, 2, generator=made, dtype=torch.float64)


def slopes(module: SoftProgram, *xs: Any) -> list[torch.Tensor]:
    """Return answers, and the gradients of all weights."""
    module.zero_grad()
    found = module(*xs)
    parts = found if isinstance(found, list) else [found]
    torch.stack([(p * p).sum() for p in parts]).sum().backward()  # type: ignore[no-untyped-call]
    return [*parts, *(p.grad for p in module.parameters() if p.grad is not None)]


def same(found: list[torch.Tensor], wanted: list[torch.Tensor]) -> None:
    """Check that numbers are the same."""
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-11)


def test_one_round_for_all_lengths(graphs: list[int]) -> None:
    """Lengths, temperatures and rows of several lengths compile nothing anew."""
    plain, module = module_of("torch"), module_of("compile")
    same(slopes(module, inputs(3, 4)), slopes(plain, inputs(3, 4)))
    assert len(graphs) == 1  # that of a state that stays as wide as it is
    for n in (7, 12):
        same(slopes(module, inputs(n, 4)), slopes(plain, inputs(n, 4)))
    assert len(graphs) == 2  # the first round's too
    for T in (0.5, 0.4):  # noqa: N806
        plain.temperature = module.temperature = T
        same(slopes(module, inputs(5, 4)), slopes(plain, inputs(5, 4)))
    assert len(graphs) == 4
    rows = [*inputs(5, 4), *inputs(2, 4)]
    same(slopes(module, rows), slopes(plain, rows))
    assert len(graphs) == 4
    same(slopes(module, inputs(1, 4)), slopes(plain, inputs(1, 4)))


def test_a_loop_of_one_round_is_one_still(graphs: list[int]) -> None:
    """At a size of 1 the round is compiled, the same as at others."""
    plain, module = module_of("torch", n=1), module_of("compile", n=1)
    for _ in range(3):
        same(slopes(module, inputs(1, 4)), slopes(plain, inputs(1, 4)))
    assert len(graphs) == 1
    other = module_of("compile", n=6)
    same(slopes(other, inputs(6, 4)), slopes(module_of("torch", n=6), inputs(6, 4)))
    assert len(graphs) == 2  # of rounds after the first


def test_all_numbers_of_rows_but_one_share_a_round(graphs: list[int]) -> None:
    """The second number of rows is compiled for all of them."""
    plain, module = module_of("torch"), module_of("compile")
    for batch in (4, 6, 3, 9):
        same(slopes(module, inputs(3, batch)), slopes(plain, inputs(3, batch)))
    assert len(graphs) == 2


@pytest.mark.parametrize("by", ["act(epsilon = 0.01)", "ponder(prior = 0.2)"])
def test_one_round_of_a_halting_loop(graphs: list[int], by: str) -> None:
    """However long it thinks, a step is compiled once, beside the very first and the very last."""
    text = """net cell = rnn(in = 3, out = 4)
net enough = linear(in = 4)

program run(x: real[2]) -> real[4]:
    seen: real[3] = 1.0
    seen[..2] = x
    h: real[4] = 0.0
    repeat max 6 by HALTING:
        h = cell(seen, h)
        seen[2] = 0.0
    until chance(sigmoid(enough(h) - 4.0 * x[0]))
    return h
"""
    program = dp.loads(text.replace("HALTING", by))
    plain, module = (
        program.soften(backend=backend, seed=3).double() for backend in ("torch", "compile")
    )
    assert "as_one(" in module.source
    for shift in (-3.0, 0.0, 3.0):  # soon, in time, at the bound
        x = inputs(1, 5)[:, 0] + shift
        same(slopes(module, x), slopes(plain, x))
        costs = zip(module.costs.values(), plain.costs.values(), strict=True)
        same(*(list(c) for c in zip(*costs, strict=True)))
    assert 2 <= len(graphs) <= 4


def test_without_gradients(graphs: list[int]) -> None:
    """Runs without gradients have code of their own, and ask for none."""
    plain, module = module_of("torch"), module_of("compile")
    slopes(module, inputs(3, 4))
    with torch.no_grad():
        found = module(inputs(6, 4))
        torch.testing.assert_close(found, plain(inputs(6, 4)))
    assert not found.requires_grad
    assert len(graphs) == 2


def test_auto_compiles_what_has_run_often(
    graphs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what runs; small rounds, and loops without networks, stay as they are."""
    assert "as_one(" not in module_of("auto").source
    assert module_of("auto").source == module_of("torch").source
    monkeypatch.setattr(pieces, "LEAST", 1)
    monkeypatch.setattr(fused, "PATIENCE", 20)
    plain, module = module_of("torch"), module_of("auto")
    assert "as_one(" in module.source
    for times in range(16):
        n = 3 + times % 2
        assert module.backend == "torch"
        same(slopes(module, inputs(n, 4)), slopes(plain, inputs(n, 4)))
        if graphs:
            break
    assert graphs
    assert 8 <= times <= 12  # of three or four rounds, the first is of another kind
    slopes(module, inputs(3, 4))
    assert module.backend == "compile"
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        same(slopes(other, inputs(9, 4)), slopes(plain, inputs(9, 4)))
    assert len(graphs) == 1


def test_without_a_compiler(graphs: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A message, the same numbers, and no second try at other lengths."""

    def fails(function: Callable[..., Any], **_: Any) -> Callable[..., Any]:
        def run(*given: Any) -> Any:
            graphs.append(0)
            raise BackendCompilerFailed(fails, ValueError("no compiler"), None)

        return run

    monkeypatch.setattr(torch, "compile", fails)
    plain, module = module_of("torch"), module_of("compile")
    with pytest.warns(RuntimeWarning, match="the torch source is used"):
        same(slopes(module, inputs(3, 4)), slopes(plain, inputs(3, 4)))
    assert module.backend == "torch"
    same(slopes(module, inputs(5, 4)), slopes(plain, inputs(5, 4)))
    assert len(graphs) == 1


@pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")
def test_transforms_run_the_file_as_it_stands(graphs: list[int]) -> None:
    """Under `vmap` nothing is compiled."""
    plain, module = module_of("torch"), module_of("compile")
    found = torch.func.vmap(module)(inputs(3, 4))
    torch.testing.assert_close(found, plain(inputs(3, 4)))
    assert not graphs


def test_fit_takes_it(graphs: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Training finds the same on both, and is compiled on the way."""
    monkeypatch.setattr(pieces, "LEAST", 1)
    monkeypatch.setattr(fused, "PATIENCE", 20)

    def draw(made: np.random.Generator) -> tuple[dict[str, Any], Any]:
        xs = made.normal(size=(4, int(made.integers(1, 5)), 2))
        return {"xs": xs}, xs.cumsum(1)

    losses = []
    for backend in ("torch", "auto"):
        found = dp.fit(
            dp.loads(TEXT), draw, estimator="soft", steps=12, every=4, scale=1.0,
            backend=backend, progress=False, select="soft", stop_when_exact=False,
        )  # fmt: skip
        losses.append([row["loss"] for row in found.metrics])
    assert graphs
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_cut() -> None:
    """Reads at the counter go before, the one write after; others keep the counter."""
    lines = ["    a = xs[i] * w[i + 1]", "    # ys[i]", "    ys[i] = a", "    zs[i] = zs[0]"]
    names = iter("pq")
    found = cut(lines, "i", ["h", "ys", "zs"], lambda _: next(names))
    assert found.lines == ["    a = p * q", "    # ys[i]", "    zs[i] = zs[0]"]
    assert found.before == {"p": "xs[i]", "q": "w[i + 1]"}
    assert found.after == {"ys": ("i", "a")}
    assert found.counted


def test_a_write_in_an_inner_block_stays() -> None:
    """It may be run more or less than once."""
    lines = ["    if a > 0:", "        ys[i] = a"]
    assert cut(lines, "i", ["ys"], str).lines == lines
