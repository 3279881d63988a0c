"""The module: inputs, holes, reports, and everything a user of torch expects of one."""

from __future__ import annotations

import copy
import io
import pickle
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor, nn

import diffprog as dp
from tests.unit.soft.soften import soft

if TYPE_CHECKING:
    from diffprog.soft.module import SoftProgram

SORT = """
program order(xs: int<4>[3]) -> int<4>[3]:
    for end in 2 .. 0 step -1:
        for i in 0 .. end:
            choose given xs[i], xs[i + 1]:
                swap xs[i], xs[i + 1]
                pass
    return xs
"""

MANY = """
enum Colour: red, green, blue

program many(c: Colour, b: bool, x: int<2..5>, r: real[2], t: (int<2>, real)) -> (Colour, real):
    learn scale: real[2]
    learn shade: Colour[2]
    total = sum(r * scale) + x
    if b:
        c = shade[0]
    else:
        c = choose(c, shade[1])
    return c, total + t[1]
"""

CLIMB = """
program climb(x: int<4>, r: real) -> (int<4>, real):
    while x < 3 max 4:
        x = x + 1
        r = r * 0.5
    return x, r
"""

INPUTS = {
    "c": torch.tensor([0, 1, 2]),
    "b": torch.tensor([True, False, True]),
    "x": torch.tensor([2, 3, 4]),
    "r": torch.tensor([[1.0, 2.0]] * 3),
    "t": (torch.tensor([0, 1, 0]), torch.tensor([0.5, 0.25, 0.0])),
}

XS = torch.tensor([[3, 1, 2], [0, 0, 3]])


def sorting(restarts: int | None = None) -> SoftProgram:
    """Return the module of a sort whose comparison is unknown."""
    return dp.loads(SORT, "sort.dp").soften(restarts)


def comparison() -> list[list[int]]:
    """Return the choices that sort: swap where the left is larger."""
    return [[0 if a > b else 1 for b in range(4)] for a in range(4)]


def test_inputs_by_name_and_place() -> None:
    """Crisp tensors, nested lists, members by name, distributions: all the same."""
    module = soft(MANY)
    first, total = module(**INPUTS)
    again, _ = module(*INPUTS.values())
    lists, _ = module(
        c=["red", "green", "blue"],
        b=[True, False, True],
        x=[2, 3, 4],
        r=[[1, 2]] * 3,
        t=([0, 1, 0], [0.5, 0.25, 0.0]),
    )
    given = dict(INPUTS, c=torch.eye(3), b=torch.tensor([1.0, 0.0, 1.0]))
    mixed, _ = module(**given)
    assert torch.equal(first, again)
    assert torch.equal(first, lists)
    assert torch.equal(first, mixed)
    assert first.shape == (3, 3)
    assert total.shape == (3,)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("x", torch.tensor([5]), "holds 5, outside 2..5"),
        ("x", torch.tensor([[0.5, 0.6, 0.2]]), "must hold distributions"),
        ("x", torch.tensor([0.5, 0.5]), "has the shape (2,), expected (..., 3)"),
        ("b", torch.tensor([0, 1]), "is int64"),
        ("b", torch.tensor([1.5]), "must hold probabilities"),
        ("x", torch.tensor([True]), "is bool"),
        ("r", torch.tensor([1.0, 2.0, 3.0]), "expected (..., 2)"),
        ("r", [[1.0], [1.0, 2.0]], "lists of equal lengths"),
        ("c", ["pink"], "lists of equal lengths"),
        ("t", torch.tensor([0]), "is not a tuple of 2"),
    ],
)
def test_wrong_inputs(name: str, value: object, told: str) -> None:
    """A wrong input is told by name, with the line that declares it and what was wanted."""
    module = soft(MANY)
    with pytest.raises(dp.DiffprogError) as caught:
        module(**dict(INPUTS, **{name: value}))
    text = str(caught.value)
    assert told in text
    assert f"`{name}` is" in text
    assert "test.dp:4" in text


def test_missing_and_unknown_inputs() -> None:
    """What is missing, unknown or too much is told."""
    module = soft(CLIMB)
    for args, kwargs, told in [
        ((), {"x": 1}, "`r` is missing"),
        ((1, 2.0), {"y": 1}, "no input `y`"),
        ((1, 2.0, 3), {}, "takes 2 inputs"),
        ((1,), {"x": 1, "r": 0.0}, "takes 2 inputs"),
    ]:
        with pytest.raises(dp.DiffprogError, match=told):
            module(*args, **kwargs)


def test_choices_go_in_and_out() -> None:
    """Loaded choices weigh exactly 1, in single precision too, and come out again."""
    module = sorting()
    module.load_choices({"order.choose#0": comparison()})
    assert module.harden() == {"order.choose#0": comparison()}
    assert torch.equal(module(XS).argmax(-1), XS.sort(-1).values)
    assert set(module(XS).unique().tolist()) == {0.0, 1.0}
    assert set(module.weights()["order.choose#0"].unique().tolist()) == {0.0, 1.0}
    real = soft(MANY)
    real.load_choices({"many.scale#0": [0.1, -2.0]})
    assert real.harden()["many.scale#0"] == [0.1, -2.0]


def test_choice_temperature_zero_takes_the_best() -> None:
    """At a choice temperature of 0 each hole is its best alternative, exactly."""
    module = sorting()
    module.reset(1, noise=1.0)
    module.choice_temperature = 0.0
    crisp = module(XS)
    other = sorting()
    other.load_choices(module.harden())
    assert torch.equal(crisp, other(XS))


def test_restarts_are_a_leading_axis() -> None:
    """Restarts stand left of the batch; each is what it would be alone."""
    module = sorting(restarts=3)
    module.load_choices({"order.choose#0": comparison()}, restart=1)
    out = module(XS)
    assert out.shape == (3, 2, 3, 4)
    assert module.harden(1) == {"order.choose#0": comparison()}
    alone = sorting()
    for r in range(3):
        with torch.no_grad():
            alone.hole("order.choose#0").copy_(module.hole("order.choose#0")[r])
        assert torch.allclose(alone(XS), out[r], atol=1e-6)
    assert module(XS[0]).shape == (3, 3, 4)


def test_seeds() -> None:
    """The same seed gives the same logits; another one gives others."""
    a, b = sorting(), sorting()
    assert torch.equal(a.hole("order.choose#0"), b.hole("order.choose#0"))
    b.reset(1)
    assert not torch.equal(a.hole("order.choose#0"), b.hole("order.choose#0"))


def test_parameters_are_named_after_the_source() -> None:
    """A strict round trip through a state dict, a copy, a pickle, a file; names from the text."""
    module = sorting()
    assert [n for n, _ in module.named_parameters()] == ["holes.order:choose#0"]
    other = sorting()
    other.reset(7)
    other.load_state_dict(module.state_dict(), strict=True)
    want = module(XS)
    assert torch.equal(other(XS), want)
    assert torch.equal(copy.deepcopy(module)(XS), want)
    assert torch.equal(pickle.loads(pickle.dumps(module))(XS), want)
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    assert torch.equal(torch.load(file, weights_only=False)(XS), want)


def test_precision_and_devices() -> None:
    """Constants follow `double`; a module made on meta is filled later."""
    module = soft(MANY)
    assert all(c.dtype == torch.float64 for c in module._constants.values())
    assert module(**INPUTS)[1].dtype == torch.float64
    assert module.float()(**INPUTS)[1].dtype == torch.float32
    with torch.device("meta"):
        empty = sorting()
    assert empty.hole("order.choose#0").is_meta
    filled = empty.to_empty(device="cpu")
    module = sorting()
    filled.load_state_dict(module.state_dict())
    assert torch.equal(filled(XS), module(XS))


@pytest.mark.parametrize("batch", [0, 1])
def test_small_batches(batch: int) -> None:
    """Batches of none and of one."""
    assert sorting()(XS[:batch]).shape == (batch, 3, 4)
    x, r = soft(CLIMB)(x=torch.zeros(batch, dtype=torch.long), r=torch.zeros(batch))
    assert x.shape == (batch, 4)
    assert r.shape == (batch,)


def test_training_reaches_the_holes() -> None:
    """Gradients arrive at every hole and are finite."""
    module = soft(MANY)
    colour, total = module(**INPUTS)
    (colour[..., 0].sum() + total.sum()).backward()
    for parameter in module.parameters():
        assert parameter.grad is not None
        assert torch.isfinite(parameter.grad).all()


def test_of_what_is_reported_only_costs_carry_gradients() -> None:
    """The rest is to be looked at: it holds no graph, on any backend."""
    text = (
        "program p(x: real) -> real:\n    y = 1.0 / x\n"
        "    while x < 3 max 2{}:\n        x = x + 1\n    return x * y\n"
    )
    x = torch.tensor([0.0, 0.5], dtype=torch.float64, requires_grad=True)
    for by in ("", " by act(epsilon = 0.25)"):
        module = soft(text.format(by))
        module(x)
        assert not module.report["unfinished"][3].requires_grad
        assert not module.report["undefined"][2].requires_grad
    assert module.costs[3].requires_grad


def test_autocast_keeps_full_precision() -> None:
    """Probabilities keep their mass under autocast."""
    module = sorting()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = module(XS)
    assert out.dtype == torch.float32
    assert torch.allclose(out.sum(-1), torch.ones(()))


def test_vmap_and_grad() -> None:
    """`torch.func` works: a loop whose rows halt at different rounds, per-example gradients."""
    module = soft(CLIMB)
    x = torch.rand(5, 4, dtype=torch.float64)
    x = x / x.sum(-1, keepdim=True)
    r = torch.ones(5, dtype=torch.float64)
    want = module(x, r)
    got = torch.func.vmap(module)(x, r)
    assert all(torch.allclose(a, b) for a, b in zip(got, want, strict=True))

    def value(x: Tensor, r: Tensor) -> Tensor:
        out: Tensor = module(x, r)[1]
        return out

    each = torch.func.vmap(torch.func.grad(value))(x, r)
    x.requires_grad_()
    assert torch.allclose(each, torch.autograd.grad(module(x, r)[1].sum(), x)[0])


class Wrapped(nn.Module):
    """A program among other layers."""

    def __init__(self) -> None:
        super().__init__()
        self.program = sorting()

    def forward(self, xs: Tensor) -> Tensor:
        """Return the sorted values' distributions."""
        out: Tensor = self.program(xs)
        return out


def test_export() -> None:
    """`torch.export` takes a program with its loops, for any batch."""
    model = Wrapped()
    batch = torch.export.Dim("batch")
    exported = torch.export.export(model, (XS,), dynamic_shapes={"xs": {0: batch}})
    more = torch.tensor([[3, 2, 1]] * 5)
    assert torch.allclose(exported.module()(more), model(more))
    climb = soft(CLIMB)
    inputs = (torch.tensor([0, 2]), torch.ones(2, dtype=torch.float64))
    exported = torch.export.export(climb, inputs)
    want = climb(*inputs)
    got = exported.module()(*inputs)
    assert all(torch.allclose(a, b) for a, b in zip(got, want, strict=True))


@pytest.mark.slow
def test_compile() -> None:
    """`torch.compile` takes the whole of a program as one graph."""
    module = sorting()
    compiled = torch.compile(module, fullgraph=True)
    assert torch.allclose(compiled(XS), module(XS), atol=1e-6)


def test_repr_fits_a_screen() -> None:
    """One line a choice, with the alternative in the lead."""
    module = soft(MANY)
    assert list(module.hole_types) == ["many.scale#0", "many.shade#0", "many.c#0"]
    module.load_choices({"many.shade#0": [1, 1], "many.c#0": 1})
    text = repr(module)
    assert "many.c#0: shade[1] (1.00 of 1)" in text
    assert "2 choices of 3, leading weight 1.00" in text
    assert "real[2]" in text
    assert len(text.splitlines()) < 24
