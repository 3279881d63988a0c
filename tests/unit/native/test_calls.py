"""Calls of native code: the same as the torch source however they are made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

import diffprog as dp
from diffprog.native import build, calls, function

if TYPE_CHECKING:
    from diffprog.soft.module import SoftProgram

TEXT = """program f(x: real[3], y: real) -> real:
    learn w: real[3]
    return w[0] * x[0] + w[1] * x[1] * x[2] + (1.0 if x[0] > y else w[2] * y)
"""


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile for these tests alone, and fast."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setattr(build, "FLAGS", ("-O1", "-std=gnu11", "-fPIC", "-shared", "-w"))


def modules(text: str = TEXT) -> list[SoftProgram]:
    """Return a program as native code (where there is a compiler) and as torch source."""
    program = dp.loads(text, "test.dp")
    backends = ("torch" if build.compiler() is None else "native", "torch")
    return [program.soften(backend=backend, seed=3).double() for backend in backends]


def inputs(rows: int, seed: int = 0) -> list[torch.Tensor]:
    """Return numbers for the program above."""
    g = torch.Generator().manual_seed(seed)
    shapes = ((rows, 3), (rows,))
    return [torch.randn(s, generator=g, dtype=torch.float64, requires_grad=True) for s in shapes]


def gradients(module: SoftProgram, given: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return gradients in whatever wants one."""
    wanted = [x for x in (*given, *module.parameters()) if x.requires_grad]
    return list(torch.autograd.grad(module(*given).square().sum(), wanted))


def assert_same(given: list[torch.Tensor], *pair: SoftProgram) -> None:
    """Assert that two modules have the same gradients."""
    for a, b in zip(*(gradients(m, given) for m in pair), strict=True):
        torch.testing.assert_close(a, b)


def test_without_inputs() -> None:
    """A program may have no parameters, nor holes."""
    for module in modules("program f() -> (real, int<3>):\n    return 1.0, 2\n"):
        number, place = module()
        assert number == 1.0
        assert place.tolist() == [0.0, 0.0, 1.0]


def test_rows_are_shared_out_to_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """What rows share gets the sum of what each thread found."""
    monkeypatch.setattr(calls, "LEAST_SHARED", 1)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert_same(inputs(37), *modules())
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("blocks", [0, 1, 3, 50])
def test_the_tape_of_the_last_rows_is_kept(
    blocks: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as fit, of each thread's rows; the others are computed again."""
    pair, given = modules(), inputs(150)
    monkeypatch.setattr(calls, "LEAST_SHARED", 1)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        if build.compiler() is None:
            assert pair[0].backend == "torch"
            return
        pair[0](*given)
        plans = pair[0]._function.plans  # type: ignore[attr-defined]
        (plan,) = plans.values()
        each = plan.code.lanes * plan.generated.tape * torch.float64.itemsize * threads
        monkeypatch.setattr(calls, "MOST_KEPT", {0: each * blocks})
        plans.clear()
        assert_same(given, *pair)
        (plan,) = plans.values()
        assert len(plan.parts) == threads
        for first, last, kept, _ in plan.parts:
            whole, left = (-(-(last - row) // plan.code.lanes) for row in (first, kept))
            assert left == min(blocks, whole)
    finally:
        torch.set_num_threads(before)


def test_a_larger_tape_is_kept_where_its_numbers_took_more_computing() -> None:
    """To read it back costs the same, to compute it again does not."""
    module, given = modules()[0], inputs(5)
    module(*given)
    if build.compiler() is None:
        assert module.backend == "torch"
        return
    (plan,) = module._function.plans.values()  # type: ignore[attr-defined]
    tape = 4 * 2**20 // torch.float64.itemsize // plan.code.lanes
    for each, kept in ((1, False), (10, True)):
        made = replace(plan.generated, tape=tape, work=each * tape)
        assert bool(replace(plan, generated=made, lead=torch.Size([1])).size) == kept


@pytest.mark.parametrize("wanted", [(True, False), (False, True), (False, False)])
def test_some_inputs_want_no_gradient(wanted: tuple[bool, bool]) -> None:
    """Only what wants a gradient gets one."""
    pair, given = modules(), inputs(5)
    for x, wants in zip(given, wanted, strict=True):
        x.requires_grad_(wants)
    assert_same(given, *pair)


def test_settings_and_shapes_change_from_call_to_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Temperatures, weights, rows, numbers that are not side by side; more shapes than are kept."""
    monkeypatch.setattr(function, "MOST_PLANS", 2)
    pair = modules()
    for k, rows in enumerate((1, 9, 17, 9, 1)):
        for module in pair:
            module.temperature, module.ties = 0.2 * k, bool(k % 2)
            with torch.no_grad():
                for p in module.parameters():
                    p.add_(0.1)
        x, y = inputs(rows, k)
        assert_same([x, y], *pair)
        assert_same([x.flip(0).T.contiguous().T, y[:1]], *pair)


def test_an_input_that_is_changed_is_seen() -> None:
    """A reverse of numbers that are no more is refused, as torch refuses it."""
    module, _ = modules()
    if build.compiler() is None:
        assert module.backend == "torch"
        return
    x, y = (t.detach() for t in inputs(5))
    out = module(x, y).sum()
    x.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.backward()


def test_without_gradients_the_same() -> None:
    """Under `no_grad` the numbers are the same, and nothing is kept."""
    for module in modules():
        given = inputs(9)
        want = module(*given)
        with torch.no_grad():
            found = module(*given)
        assert not found.requires_grad
        torch.testing.assert_close(found, want.detach())
