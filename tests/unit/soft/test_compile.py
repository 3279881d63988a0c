"""The backend `compile`: the torch source, compiled whole or some rounds of a loop at a time."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING

import pytest
import torch
from torch._dynamo.utils import counters
from torch._inductor import config

import diffprog as dp
from diffprog.soft import fused, pieces, torchgen
from diffprog.soft.finite import cells_of, side_by_side
from diffprog.soft.memory import cut, inside, put_block

if TYPE_CHECKING:
    from torch import Tensor

# torch asks tensors of its own for their slopes when it compiles.
pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")

POWER = """size n = 3

program power(v: real) -> real:
    x = 2.0
    for i in 0 .. n:
        x = x * v
    return x
"""
PASS = """size n = 12

program steps(x: real, stride: real, limit: real) -> (real, real):
    n_steps = 0.0
    while x < limit max n:
        x = x + stride
        n_steps = n_steps + 1.0
    return x, n_steps
"""
HOLE = """program plus(x: real) -> real:
    learn k: int<3>
    return x * real(k)
"""
INPUTS = {"x": [0.0, 0.5], "stride": [0.5, 0.75], "limit": [9.0, 30.0]}


def step(module: torch.nn.Module, inputs: dict[str, list[float]]) -> list[Tensor]:
    """Return results, gradients and what is unfinished."""
    given = {k: torch.tensor(v, dtype=torch.float64).requires_grad_() for k, v in inputs.items()}
    out = module(**given)
    out = out if isinstance(out, tuple) else (out,)
    torch.autograd.backward([o.sum() for o in out])
    told = [x for lines in module.report.values() for x in lines.values()]  # type: ignore[union-attr]
    return [*out, *(x.grad for x in given.values()), *told]


def pair(text: str, **sizes: int) -> list[torch.nn.Module]:
    """Return a program on both backends."""
    made = [dp.loads(text, **sizes).soften(backend=b).double() for b in ("torch", "compile")]
    assert [m.backend for m in made] == ["torch", "compile"]
    return list(made)


def test_whole() -> None:
    """The first state of this loop asks for no gradient: that of 2 v^3 at 3 is 54, and not 18."""
    torch.compiler.reset()
    before = counters["stats"]["unique_graphs"]
    _, module = pair(POWER)
    out, slope = step(module, {"v": [3.0]})
    assert counters["stats"]["unique_graphs"] == before + 1
    assert (out.item(), slope.item()) == (54.0, 54.0)


def test_the_cells_of_all_rows_lie_side_by_side_where_they_are_compiled() -> None:
    """A compiler computes several rows at a time only where it need not step over the others."""

    def between(rows: Tensor) -> list[int]:
        cells = cells_of(rows, 1)
        whole = side_by_side([x + 1.0 for x in cells], 0)
        return [x.stride(0) for x in (rows, cells[1], whole)]

    rows = torch.zeros(7, 3)
    assert between(rows) == [3, 3, 3]
    compiled = torch.compile(between, backend="eager", fullgraph=True)
    assert compiled(rows) == [3, 1, 1]


def test_parts_are_slices_where_they_are_compiled() -> None:
    """They are those of a split, in values and slopes."""

    def product(x: Tensor) -> Tensor:
        first, last = cut(x, [2, 3], -1)
        return (first.sum(-1) * last.prod(-1)).sum()

    x = torch.arange(10.0).reshape(2, 5).requires_grad_()
    graphs: list[torch.fx.GraphModule] = []

    def kept(graph: torch.fx.GraphModule, _: object) -> torch.fx.GraphModule:
        graphs.append(graph)
        return graph

    compiled = torch.compile(product, backend=kept, fullgraph=True)
    assert torch.equal(compiled(x), product(x))
    assert "split" not in graphs[0].code
    assert torch.equal(*(torch.autograd.grad(f(x), x)[0] for f in (compiled, product)))


def test_a_block_needs_no_mask_where_it_is_compiled() -> None:
    """Values and slopes are those of the mask."""
    where = ((1, 3), (1, 4)), (-2, -1)
    mask = inside(*where, (4, 5), torch.zeros(()))

    def moved(whole: Tensor, block: Tensor) -> Tensor:
        return (put_block(whole, block, *where, 2, mask).cumsum(-1) ** 2).sum()

    given = [torch.randn(3, *shape, requires_grad=True) for shape in ((4, 5), (2, 3))]
    graphs: list[torch.fx.GraphModule] = []

    def kept(graph: torch.fx.GraphModule, _: object) -> torch.fx.GraphModule:
        graphs.append(graph)
        return graph

    compiled = torch.compile(moved, backend=kept, fullgraph=True)
    found, wanted = (torch.autograd.grad(f(*given), given) for f in (compiled, moved))
    assert all(map(torch.equal, found, wanted))
    assert "where" not in graphs[0].code


def test_a_temperature_that_was_met_in_inference_mode_has_slopes_later() -> None:
    """A number is made a tensor once, for all calls that are set to it."""
    plain, module = pair(PASS, n=3)
    plain.temperature = module.temperature = 0.625  # type: ignore[assignment]
    with torch.inference_mode():
        module(**{k: torch.tensor(v, dtype=torch.float64) for k, v in INPUTS.items()})
    torch.testing.assert_close(step(module, INPUTS), step(plain, INPUTS))


def test_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long loops are compiled some rounds at a time; no temperature is compiled anew."""
    monkeypatch.setattr(torchgen, "WHOLE", 0)
    monkeypatch.setattr(pieces, "PIECE", 30)
    torch.compiler.reset()
    plain, module = pair(PASS)
    assert "run=in_pieces(" in module.source
    counts = []
    for T in (0.5, 0.4, 0.3):  # noqa: N806
        plain.temperature = module.temperature = T
        for found, wanted in zip(step(module, INPUTS), step(plain, INPUTS), strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)
        counts.append(counters["stats"]["unique_graphs"])
    assert counts[1] == counts[2]
    step(plain, INPUTS)
    assert counters["stats"]["unique_graphs"] == counts[2]


def test_what_is_compiled_does_not_grow_with_rounds() -> None:
    """The source of a loop for the compiler is the same at any length, and whole loops are few."""
    texts = []
    for n in (3, 300, 9000):
        module = dp.loads(PASS, n=n).soften(backend="compile")
        texts.append(module.source.replace(str(n + 1), "N").replace(str(n), "N"))
        assert module.generated.whole is (n == 3)
    assert texts[1] == texts[2]


def test_copies_are_compiled_too() -> None:
    """A copy has the backend of what it is a copy of."""
    assert copy.deepcopy(pair(POWER)[1]).backend == "compile"


def test_without_a_compiler() -> None:
    """A message once, and the torch source."""
    torch.compiler.reset()
    plain, module = pair(POWER)
    with (
        config.patch({"cpp.cxx": ("/nonexistent/c++",)}),
        pytest.warns(RuntimeWarning, match="the torch source is used"),
    ):
        found = step(module, {"v": [1.5]})
    assert found == step(plain, {"v": [1.5]}) == step(module, {"v": [1.5]})
    assert module.backend == "torch"


@pytest.mark.parametrize("how", ["compiled", "broken", "looked at"])
@pytest.mark.parametrize("lead", [(), (2,), (3, 2)])
def test_restarts_stand_left_of_what_inputs_have(
    how: str, lead: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logits are put beside the axes of inputs inside of what is compiled."""
    found = []
    for backend in ("torch", "compile"):
        module = dp.loads(HOLE).soften(backend=backend, restarts=4, seed=1).double()
        if how == "broken":
            monkeypatch.setattr(module._function, "broken", True, raising=False)
        if how == "looked at":
            monkeypatch.setattr(fused, "_is_inside", lambda: True)
        x = torch.arange(1.0, 1 + math.prod(lead), dtype=torch.float64).reshape(lead)
        out = module(x)
        out.sum().backward()
        (logits,) = module.parameters()
        found += [out, logits.grad]
    assert found[0].shape == (4, *lead)
    torch.testing.assert_close(found[2:], found[:2])


def test_transforms_run_the_file_as_it_stands() -> None:
    """Under `torch.func` nothing is compiled."""
    _, module = pair(POWER)
    slope = torch.func.grad(lambda v: module(v=v).sum())(torch.tensor(3.0, dtype=torch.float64))
    assert slope.item() == 54.0


READ = "program p(at: int<4>, xs: real[4, 3]) -> real[3]:\n    return xs[at]\n"
MOVED = "program p(a: int<4>, b: int<3>) -> int<4>:\n    return (a * b + 1) % 4\n"


@pytest.mark.parametrize(
    ("text", "shapes"),
    [(READ, [(4,), (4, 3)]), (MOVED, [(4,), (3,)])],
    ids=["an array", "a table"],
)
def test_small_products_are_no_calls(text: str, shapes: list[tuple[int, ...]]) -> None:
    """A compiler has a product with a small table among what is around it; eager it is one call."""
    module = dp.loads(text).soften(backend="torch")
    given = [torch.randn(5, *shape).softmax(-1) for shape in shapes]
    eager = module(*given)
    found: list[str] = []

    def look(graph: torch.fx.GraphModule, _: object) -> object:
        found.extend(str(node.target) for node in graph.graph.nodes)
        return graph.forward

    torch.compiler.reset()
    compiled = torch.compile(module, backend=look, fullgraph=True)(*given)
    torch.testing.assert_close(compiled, eager)
    assert found
    assert not any("matmul" in target for target in found)
