"""Native code is the torch source: values, reports and gradients of hand-written programs."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

import diffprog as dp
from diffprog.native import build, calls
from diffprog.native.backend import native
from diffprog.native.function import Native
from diffprog.native.generate import generate, supported
from diffprog.native.values import item
from diffprog.types import Enum, Int
from tests.goldens import cases
from tests.unit.soft.soften import random_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diffprog.pipeline.program import Program
    from diffprog.soft.module import SoftProgram
    from diffprog.types import Type

SORT = """size n = 5

program sort(xs: int<3>[n]) -> int<3>[n]:
    for end in n - 1 .. 0 step -1:
        for i in 0 .. end:
            if xs[i] > xs[i + 1]:
                swap xs[i], xs[i + 1]
    return xs
"""

COUNTER = """program f(x: int<5>, stop: bool) -> int<5>:
    while not stop max 9:
        x = (x + 1) % 5
        stop = x == 4 and stop
    return x
"""

NET = """net mix = linear(in = 3, out = 2)

program f(x: real[3]) -> real[2]:
    return mix(x)
"""

PONDER = """program f(x: real, h: real) -> real:
    repeat max 3 by ponder(prior = 0.2):
        x = x + 0.5
    until chance(h)
    return x
"""

PROGRAMS = {
    "sort": SORT,
    "sort of reals": SORT.replace("int<3>", "real"),
    "learned sort": """size n = 3

program sort(xs: int<4>[n]) -> int<4>[n]:
    for end in n - 1 .. 0 step -1:
        for i in 0 .. end:
            choose given xs[i], xs[i + 1]:
                swap xs[i], xs[i + 1]
                pass
    return xs
""",
    "conditioned loop": """program f(x: int<4>) -> int<4>:
    while x < 3 max 4:
        x = x + 1
    return x
""",
    "counter": COUNTER,
    "unfinished": COUNTER.replace("max 9", "max 2"),
    "repeat": """program f(x: real, v: real) -> real:
    repeat max 6:
        x = x + 0.5 * v
    until x > 1.0
    return x
""",
    "distance": """size n = 4

program distance(a: int<3>[n], b: int<3>[n]) -> int<9>:
    row: int<9>[n + 1] = 0
    for j in 0 .. n:
        row[j + 1] = j + 1
    for i in 0 .. n:
        left: int<9> = i + 1
        for j in 0 .. n:
            cost = 0 if a[i] == b[j] else 1
            best: int<9> = min(min(left + 1, row[j + 1] + 1), row[j] + cost) % 9
            row[j] = left
            left = best
        row[n] = left
    return row[n]
""",
    "memory": """program f(m: int<4>[5], at: int<5>, v: int<4>, go: int<3>) -> int<4>:
    m[at] = v
    at = (at + go) % 5
    m[at] = (m[at] + 1) % 4
    return m[at]
""",
    "grid": """program f(m: real[3, 4], i: int<3>, j: int<4>, v: real) -> real:
    m[i, j] += v
    m[i] = [v, 1.0, 2.0, v * v]
    m[1] *= 0.5
    return sum(m[i]) + m[2, j]
""",
    "branch on reals": """program f(a: real, b: real[3]) -> real:
    s = 0.0
    for i in 0 .. 3:
        if b[i] > a:
            s = s + b[i] * a
        else:
            s = tanh(s) + exp(min(a, b[i]))
    return s / a + log(abs(s) + 1.0)
""",
    "undefined": """program f(a: real, c: bool) -> real:
    x = 1.0
    if c:
        x = log(a) + sqrt(a) + 1.0 / a
    return x
""",
    "reductions": """program f(p: bool[4], q: bool[4], x: real[4]) -> (int<5>, bool, bool, real):
    return count(p where q), any(p), all(p where q), sum(x where p)
""",
    "extremes of ints": """program f(
    x: int<4>[3], p: bool[3]
) -> (int<4>, int<-1..5>, int<3>, int<3>, int<7>):
    lowest = min(x where p else -1)
    total = sum(x where p) % 7
    return max(x), lowest, argmin(x where p), argmax(x), total
""",
    "extremes of reals": """program f(
    x: real[3], p: bool[3], d: real
) -> (real, real, real, int<3>, int<3>):
    least = min(x where p else d)
    most = max(x where p else d)
    return max(x), least, most, argmin(x), argmax(x where p)
""",
    "attention": """program f(keys: real[4, 3], q: real[3], g: real) -> (real[3], int<4>, int<5>):
    at = sharpen(pick(2.0 * cosine(keys, q)), 1.0 + exp(g))
    best = pick(keys @ q)
    selected = only(best)
    return keys[at], at, count(selected)
""",
    "masked hole": """program f(a: int<3>, m: bool[4]) -> int<4>:
    return choose int<4> given a where m
""",
    "apart": """program f(m: real[3, 4], i: int<3>, v: real[3]) -> real[3, 4]:
    m[:, 1] = v
    m[:, 2] += 2.0 * v
    return m
""",
    "written over": """program f(x: real[4], way: int<4>) -> (real[3, 4], real):
    came: real[3, 4] = 1.0
    n = 0.0
    for k in 0 .. 3:
        for j in 0 .. 2:
            came[j, :] = 0.0
            came[j, way] = x[k]
            n = n + came[j, 1] * came[j + 1, 2]
            if x[k] > x[k + 1]:
                swap came[j, 0], came[2, 1]
                n = n + x[k] * n
            came[j, way] = n
            if x[k] < 0.0:
                n = came[j, 3] + n
    return came, n
""",
    "learned numbers": """program f(x: real[2], b: bool) -> real:
    learn w: real[2]
    learn t: int<3>[2]
    k = t[1] if b else t[0]
    return w[0] * x[0] + w[1] * x[1] + real(k)
""",
}


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile for these tests alone, and fast."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setattr(build, "FLAGS", ("-O1", "-std=gnu11", "-fPIC", "-shared", "-w"))


@pytest.fixture
def fresh() -> Iterator[None]:
    """Forget loaded libraries and what was told, before and after."""
    for memory in (build.library, calls.code, build.warn_missing):
        memory.cache_clear()
    yield
    for memory in (build.library, calls.code, build.warn_missing):
        memory.cache_clear()


def swapped(program: Program, module: SoftProgram) -> bool:
    """Make a module native; say whether it is (without a compiler the message is checked)."""
    if build.compiler() is None:
        build.warn_missing.cache_clear()
        with pytest.warns(RuntimeWarning, match="no C compiler"):
            assert native(program.simplified, module._function) is module._function
        return False
    module._function = native(program.simplified, module._function)
    return True


def inputs_of(
    module: SoftProgram, lead: tuple[int, ...], dtype: torch.dtype
) -> dict[str, torch.Tensor]:
    """Return random soft inputs."""
    g = torch.Generator().manual_seed(1)
    return {n: random_value(t, g, lead).to(dtype).requires_grad_() for n, t in module.params}


def along(gradient: torch.Tensor, t: Type) -> torch.Tensor:
    """Return a gradient along the simplex: off it the extensions may differ."""
    finite = isinstance(item(t), Int | Enum)
    return gradient - gradient.mean(-1, keepdim=True) if finite else gradient


def outcome(module: SoftProgram, inputs: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    """Return outputs, gradients and reports of one call."""
    found = module(**inputs)
    outputs = list(found) if isinstance(found, tuple) else [found]
    total = sum(
        (x * torch.sin(torch.arange(x.numel()).to(x)).reshape(x.shape)).sum() for x in outputs
    )
    wanted = [*inputs.values(), *module.parameters()]
    grads = torch.autograd.grad(total, wanted, allow_unused=True)
    filled = [torch.zeros_like(x) if d is None else d for d, x in zip(grads, wanted, strict=True)]
    filled = [*map(along, filled, [t for _, t in module.params]), *filled[len(inputs) :]]
    reports = [r for kind in module.report.values() for _, r in sorted(kind.items())]
    return [*outputs, *filled, *reports]


def assert_same(
    text: str,
    lead: tuple[int, ...] = (37,),
    dtype: torch.dtype = torch.float64,
    tolerance: float = 1e-10,
    **options: Any,
) -> None:
    """Assert that native code and the torch source agree on a program."""
    program = dp.loads(text, "test.dp")
    module = program.soften(restarts=options.pop("restarts", None)).to(dtype)
    for name, value in options.items():
        setattr(module, name, value)
    inputs = inputs_of(module, lead, dtype)
    want = outcome(module, inputs)
    if not swapped(program, module):
        return
    got = outcome(module, inputs)
    assert isinstance(module._function, Native)
    assert module._function.calls == 1
    for a, b in zip(got, want, strict=True):
        torch.testing.assert_close(a, b.expand_as(a), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same_as_torch(name: str) -> None:
    """Values, gradients by inputs and holes, and reports."""
    assert_same(PROGRAMS[name])


@pytest.mark.parametrize("temperature", [0.0, 0.3, 2.0])
def test_temperatures(temperature: float) -> None:
    """Relaxed comparisons, with their offset at ties and without."""
    for ties in (True, False):
        assert_same(PROGRAMS["branch on reals"], temperature=temperature, ties=ties)


@pytest.mark.parametrize("lead", [(), (1,), (2, 3), (16,), (17,)])
def test_leading_axes(lead: tuple[int, ...]) -> None:
    """Any leading axes, whole blocks and parts of one."""
    assert_same(PROGRAMS["memory"], lead)


def test_restarts() -> None:
    """Restarts stand left of the batch."""
    assert_same(PROGRAMS["learned sort"], restarts=3)


def test_epsilon_freezes_rows() -> None:
    """A row with at most epsilon alive keeps its state."""
    assert_same(COUNTER, epsilon=0.2)


def test_single_precision() -> None:
    """Single precision, to its rounding."""
    assert_same(SORT, dtype=torch.float32, tolerance=1e-5)


def test_a_tape_that_is_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit the reverse runs forward again, a block at a time."""
    monkeypatch.setattr(calls, "MOST_KEPT", {0: 0})
    assert_same(SORT)


def test_calls_do_not_share_a_tape() -> None:
    """Calls that are open at once, and a reverse that is run twice, get their own numbers."""
    program = dp.loads(SORT, "test.dp")
    module = program.soften().double()
    if not swapped(program, module):
        return
    one, other = (inputs_of(module, (n,), torch.float64)["xs"] for n in (9, 9))
    other = other.detach().flip(0).requires_grad_()
    wanted = [torch.autograd.grad(module(x).square().sum(), x)[0] for x in (one, other)]
    outputs = [module(x).square().sum() for x in (one, other)]
    for _ in range(2):
        for x, out, want in zip((one, other), outputs, wanted, strict=True):
            (found,) = torch.autograd.grad(out, x, retain_graph=True)
            torch.testing.assert_close(found, want)


def test_second_derivatives_are_refused() -> None:
    """Differentiating a gradient is an error that says what to do."""
    program = dp.loads(SORT, "test.dp")
    module = program.soften().double()
    if not swapped(program, module):
        return
    x = inputs_of(module, (3,), torch.float64)["xs"]
    (grad,) = torch.autograd.grad(module(x).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="first derivatives only"):
        torch.autograd.grad(grad.sum(), x)


def test_transforms_take_the_torch_source() -> None:
    """Under vmap the call goes to the torch source."""
    program = dp.loads(SORT, "test.dp")
    module = program.soften().double()
    if not swapped(program, module):
        return
    x = inputs_of(module, (3,), torch.float64)["xs"].detach()
    torch.testing.assert_close(torch.func.vmap(module)(x), module(x))
    assert isinstance(module._function, Native)
    assert module._function.calls == 1


def test_the_source_does_not_grow_with_rounds() -> None:
    """A loop of more rounds is the same text but for numbers."""
    short, long = (
        generate(dp.loads(COUNTER.replace("max 9", f"max {n}"), "test.dp").simplified).source
        for n in (16, 4096)
    )
    assert short.count("\n") == long.count("\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (NET, "the network `mix`"),
        (PONDER, "`by ponder`"),
    ],
)
def test_what_is_not_supported_is_said(text: str, reason: str) -> None:
    """`supported` gives the reason; of what is supported, none."""
    assert reason in (supported(dp.loads(text, "test.dp").simplified) or "")
    assert supported(dp.loads(SORT, "test.dp").simplified) is None


@pytest.mark.usefixtures("fresh")
def test_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program is compiled once; nothing half-made stays in the cache."""
    if build.compiler() is None:
        with pytest.raises(build.BuildError, match="no C compiler"):
            build.library("int one(void) { return 1; }", "double")
        return
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    source = "int one(void) { return 1; }"
    assert build.library(source, "double").one() == 1
    assert [p.suffix for p in (tmp_path / "diffprog").iterdir()] == [".so"]
    build.library.cache_clear()
    forbidden: Callable[..., None] = lambda *_: pytest.fail("compiled again")  # noqa: E731
    monkeypatch.setattr(build, "_compile", forbidden)
    assert build.library(source, "double").one() == 1


@pytest.mark.usefixtures("fresh")
def test_parts_are_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one part defines, the other calls; a part that fails fails the file."""
    if build.compiler() is None:
        with pytest.raises(build.BuildError, match="no C compiler"):
            build.library("", "double", 2)
        return
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = "int one(void) { return 1; }"
    second = "int one(void); int two(void) { return 2 * one(); }"
    parts = "#if PART == 1\n{}\n#else\n{}\n#endif"
    assert build.library(parts.format(first, second), "double", 2).two() == 2
    for wrong in (parts.format(first, "what?"), parts.format("what?", second)):
        with pytest.raises(build.BuildError, match="what"):
            build.library(wrong, "double", 2)
    assert [p.suffix for p in (tmp_path / "diffprog").iterdir()] == [".so"]
    assert not hasattr(build.library(parts.format(first, second), "double"), "two")


@pytest.mark.usefixtures("fresh")
def test_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """One message, once, and the torch source runs."""
    monkeypatch.setattr(build, "compiler", lambda: None)
    monkeypatch.setattr("diffprog.native.backend.compiler", lambda: None)
    program = dp.loads(SORT, "test.dp")
    other = program.soften()._function
    with pytest.warns(RuntimeWarning, match="the torch source is used"):
        assert native(program.simplified, other) is other
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert native(program.simplified, other) is other


def test_backends() -> None:
    """`native` is refused where it cannot be; `auto` then takes the torch source."""
    whole = dp.loads(NET, "test.dp")
    with pytest.raises(dp.DiffprogError, match="does not do the network `mix`"):
        whole.soften(backend="native")
    assert not isinstance(whole.soften(backend="auto")._function, Native)
    if build.compiler() is None:
        with pytest.warns(RuntimeWarning, match="no C compiler"):
            dp.loads(SORT, "test.dp").soften(backend="auto")
        return
    module = dp.loads(SORT, "test.dp").soften(backend="auto").double()
    module(inputs_of(module, (2,), torch.float64)["xs"])
    assert isinstance(module._function, Native)
    assert module._function.calls == 1
    assert "f, backend=torch" in repr(whole.soften(backend="auto"))
    assert "sort, backend=native" in repr(module)
    assert copy.deepcopy(module).backend == "torch"


def test_given_weights_take_the_torch_source() -> None:
    """Weights in the place of logits run as torch source; so do temperatures that are tensors."""
    program = dp.loads(PROGRAMS["learned sort"], "test.dp")
    module = program.soften().double()
    if not swapped(program, module):
        return
    tensors = module.encode(inputs_of(module, (3,), torch.float64)["xs"])
    weights = {k: torch.softmax(x, -1) for k, x in module.logits(1).items()}
    torch.testing.assert_close(
        module.run(tensors, weights=weights).sum(-1), torch.ones(3, 3).double()
    )
    module.temperature = torch.tensor(1.0)
    module.run(tensors)
    assert isinstance(module._function, Native)
    assert module._function.calls == 0


@pytest.mark.usefixtures("fresh")
def test_a_compiler_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the compiler does not take runs as torch source, after a message."""
    monkeypatch.setattr("diffprog.native.backend.compiler", lambda: "cc")
    monkeypatch.setattr(build, "FLAGS", ("--no-such-flag",))
    program = dp.loads(SORT, "test.dp")
    module = program.soften()
    x = inputs_of(module, (2,), torch.float32)["xs"]
    want = module(x)
    module._function = native(program.simplified, module._function)
    with pytest.warns(RuntimeWarning, match="the torch source is used"):
        assert torch.equal(module(x), want)
    assert torch.equal(module(x), want)


def test_auto_leaves_large_matrix_products_to_torch() -> None:
    """By size: wherever in the program the product stands."""
    text = """size n = 16

program f(a: real[n, n], b: real[n, n]) -> real[n, n]:
    for step in 0 .. 2:
        a = a @ b
    return a
"""
    backends = [dp.loads(text, n=n).soften(backend="auto").backend for n in (16, 17)]
    assert backends == ["torch" if build.compiler() is None else "native", "torch"]


def test_what_is_certain_is_exact() -> None:
    """A golden program of values far apart, of which one is certain."""
    path = Path(__file__).parents[2] / "golden" / "run" / "far_apart.dp"
    for case in cases(path):
        module = dp.load(path).soften(backend="native").double()
        module.temperature = 0.0
        found = [x.tolist() for x in module(**case.inputs)]
        assert module.backend == "native"
        assert found == case.out
