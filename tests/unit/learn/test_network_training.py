"""Training networks: from examples and from streams, in both readings, taken up again, emitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import diffprog as dp
from diffprog.learn.optimisers import Graves
from diffprog.learn.relaxed import Soft

if TYPE_CHECKING:
    from pathlib import Path

PARITY = """
size n = 3
net cell = gru(in = 2, out = 8)
net head = linear(in = 8)

program parity(bits: bool[n]) -> bool:
    learn start: real[8]
    h = start
    for b in bits:
        h = cell([real(int(b)), 1.0], h)
    return chance(sigmoid(head(h)))
"""

MIXED = """
net scale = linear(in = 1)

program mixed(x: real, b: bool) -> real:
    y = scale([x])
    return choose(y, -y) if b else y
"""


def draw(random: np.random.Generator) -> Any:
    """Draw bit strings of one length, and whether an odd number of them is set."""
    bits = random.integers(0, 2, (24, random.integers(1, 4))).astype(bool)
    return {"bits": bits}, bits.sum(1) % 2 == 1


def parity(**options: Any) -> Any:
    """Train the parity of up to three bits."""
    chosen = {"steps": 300, "every": 50, "network_lr": 0.02, "progress": False} | options
    return dp.fit(dp.loads(PARITY, "parity.dp"), draw, **chosen)


@pytest.fixture(scope="module")
def learned() -> Any:
    """A trained program."""
    return parity()


def test_a_stream_may_ask_how_far_the_training_is() -> None:
    """Each step is told its share; what is evaluated on is drawn as at the end."""
    asked: list[float] = []

    def paced(random: np.random.Generator, done: float) -> Any:
        asked.append(done)
        return draw(random)

    dp.fit(dp.loads(PARITY), paced, steps=4, every=4, progress=False, stop_when_exact=False)
    assert [share for share in asked if share < 1] == [0.0, 0.0, 0.25, 0.5, 0.75]
    assert asked.count(1.0) == 8


def test_a_stream_trains_a_program(learned: Any, tmp_path: Path) -> None:
    """It answers rightly, crisply, at every length; it is written with its weights beside it."""
    assert learned.estimator == "soft"
    assert learned.best.train == 1
    rows = [[bool(i >> k & 1) for k in range(3)] for i in range(8)]
    assert [learned.program.run(bits=r) for r in rows] == [sum(r) % 2 == 1 for r in rows]
    assert learned.at(n=1).run(bits=[True]) is True
    learned.program.save(tmp_path / "parity.dp")
    again = dp.load(tmp_path / "parity.dp")
    assert [again.run(bits=r) for r in rows] == [sum(r) % 2 == 1 for r in rows]


def test_crisp_is_the_module_without_temperature(learned: Any) -> None:
    """The interpreter gives what the softened program gives at temperature 0."""
    program = learned.program
    module = program.soften().double()
    module.temperature = module.choice_temperature = 0.0
    rows = [[bool(i >> k & 1) for k in range(3)] for i in range(8)]
    found = module(bits=torch.tensor(rows))
    assert found.bool().tolist() == [program.run(bits=r) for r in rows]


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not(tmp_path: Path) -> None:
    """Weights, moments and batches are those of an unbroken run, bit for bit."""
    whole = parity(steps=40, every=10, out=tmp_path / "whole", stop_when_exact=False)
    _stopped_at(20, out=tmp_path / "parts")
    parts = parity(steps=40, every=10, out=tmp_path / "parts", stop_when_exact=False)
    assert whole.metrics == parts.metrics
    for key, value in whole.choices.items():
        assert np.array_equal(value, parts.choices[key]), key


def _stopped_at(step: int, out: Path) -> None:
    """Let a run die in the middle."""
    drawn = 0

    def dying(random: np.random.Generator) -> Any:
        nonlocal drawn
        drawn += 1
        if drawn > step + 9:  # eight to evaluate on, one to begin with
            raise KeyboardInterrupt
        return draw(random)

    dying.__module__, dying.__qualname__ = draw.__module__, draw.__qualname__
    with pytest.raises(KeyboardInterrupt):
        dp.fit(
            dp.loads(PARITY, "parity.dp"), dying, steps=40, every=10, network_lr=0.02,
            progress=False, out=out, stop_when_exact=False,
        )  # fmt: skip


def test_arrays_may_be_views_backwards() -> None:
    """NumPy reverses without copying; torch alone would refuse that. A result is told in a line."""

    def backwards(random: np.random.Generator) -> Any:
        bits = random.integers(0, 2, (4, 3)).astype(bool)
        return {"bits": bits[:, ::-1]}, (bits.sum(1) % 2 == 1)[::-1]

    result = dp.fit(dp.loads(PARITY), backwards, steps=1, progress=False)
    assert len(repr(result)) < 300


def test_sizes_that_no_input_says() -> None:
    """They come with the batch."""
    program = dp.loads(
        "size n = 1\n\nnet scale = linear(in = 1)\n\nprogram p(x: real) -> real[n]:\n"
        "    ys: real[n] = 0.0\n    for i in 0 .. n:\n        ys[i] = i * scale([x])\n"
        "    return ys\n"
    )

    def multiples(random: np.random.Generator) -> Any:
        n, x = int(random.integers(1, 4)), random.normal(size=16)
        return {"x": x}, 2 * x[:, None] * np.arange(n), {"n": n}

    result = dp.fit(program, multiples, steps=300, every=100, network_lr=0.05, progress=False)
    assert result.program.at(n=3).run(x=1.0) == pytest.approx([0, 2, 4], abs=0.05)


def test_restarts_are_trained_apart() -> None:
    """Each restart learns as it would among others: what one does is no matter to the rest."""
    pairs = [
        ({"x": float(x), "b": x % 2 == 0}, 3.0 * x * (-1 if x % 2 == 0 else 1))
        for x in range(-3, 4)
    ]
    options = {"steps": 600, "network_lr": 0.05, "every": 100, "progress": False, "tolerance": 0.02}
    found = dp.fit(dp.loads(MIXED), pairs, restarts=3, estimator="soft", **options)
    assert found.best.train == 1
    assert found.share > 0
    assert "-y if b else y" in found.program.source
    assert found.program.run(x=5.0, b=True) == pytest.approx(-15, abs=0.1)


def test_batches_of_stored_examples(tmp_path: Path) -> None:
    """A file of examples of several lengths is gone through in batches of one length each."""
    random = np.random.default_rng(0)
    pairs = []
    for _ in range(20):
        inputs, answers = draw(random)
        pairs += [
            ({"bits": b.tolist()}, bool(a)) for b, a in zip(inputs["bits"], answers, strict=True)
        ]
    result = dp.fit(
        dp.loads(PARITY), pairs[:-50], dev=pairs[-50:], batch=32, steps=400, every=50,
        network_lr=0.02, progress=False, out=tmp_path,
    )  # fmt: skip
    assert result.best.dev == 1
    assert dp.load(tmp_path / "learned.dp").run(bits=[True, True, True]) is True


def test_what_the_best_is_chosen_by() -> None:
    """With `soft`, the probable answers come first: the crisp ones are reported beside them."""
    result = parity(steps=60, every=20, select="soft")
    rows = [(r["soft"], r["crisp"]) for r in result.metrics]
    assert max(soft for soft, _ in rows) == result.best.train


@pytest.mark.parametrize("select", ["soft", "crisp"])
def test_held_out_examples_are_read_once(select: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of training are read both ways, those of dev only in the way that counts."""
    read: list[tuple[int, bool]] = []
    share = Soft.share

    def watched(self: Soft, weights: Any, *, crisp: bool) -> Tensor:
        read.append((id(self), crisp))
        return share(self, weights, crisp=crisp)

    monkeypatch.setattr(Soft, "share", watched)
    parity(steps=2, every=2, dev=draw, select=select)
    counts = (select == "crisp", select == "soft")
    (train, *ways), dev = zip(*read[:2], strict=True), read[2:]
    assert len(set(train)) == 1
    assert ways == [counts]
    assert [way for _, way in dev] == [select == "crisp"]
    assert dev[0][0] not in train


def test_externs_are_trained_and_left_with_the_best() -> None:
    """The caller's module learns with the rest."""
    torch.manual_seed(0)
    module = nn.Linear(2, 1)
    program = dp.loads(
        "extern f(xs: real[2]) -> real[1]\n\nprogram p(xs: real[2]) -> real:\n    return f(xs)[0]\n"
    ).using(f=module)

    def sums(random: np.random.Generator) -> Any:
        xs = random.normal(size=(16, 2))
        return {"xs": xs}, xs.sum(1)

    result = dp.fit(program, sums, steps=300, every=100, network_lr=0.05, progress=False)
    assert module.weight.tolist()[0] == pytest.approx([1, 1], abs=0.05)
    assert result.program.using(f=module).run(xs=[2.0, 3.0]) == pytest.approx(5, abs=0.2)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        (({"bits": np.zeros((2, 3), bool)},), "no pair"),
        (({"bits": np.zeros((2, 3), bool)}, np.zeros(2, bool), 3), "no pair"),
        (
            ({"bit": np.zeros((2, 3), bool)}, np.zeros(2, bool)),
            "has the inputs `bit`, expected `bits`",
        ),
        (
            ({"bits": np.zeros((2, 3))}, np.zeros(2, bool)),
            r"`in.bits` is torch.float64, expected bools",
        ),
        (({"bits": np.zeros((2, 3), bool)}, np.zeros(3, bool)), "2 and 3 rows"),
        (
            ({"bits": np.zeros((2, 3), bool)}, np.zeros((2, 1), bool)),
            r"`out` has the shape \(2, 1\)",
        ),
    ],
)
def test_batches_that_are_wrong(batch: Any, said: str) -> None:
    """A wrong batch is told by its number and field."""
    with pytest.raises(dp.DiffprogError, match=said) as caught:
        dp.fit(dp.loads(PARITY), lambda _: batch, progress=False)
    assert caught.value.diagnostics[0].code == "DP633"


def test_a_stream_without_networks() -> None:
    """Programs without networks go through all their examples."""
    program = dp.loads("program p(bits: bool[3]) -> bool:\n    return choose bool given bits[0]\n")
    with pytest.raises(dp.DiffprogError) as caught:
        dp.fit(program, draw, progress=False)
    assert caught.value.diagnostics[0].code == "DP628"


# --- the optimiser --------------------------------------------------------------------------------


def test_graves() -> None:
    """Equations 38 to 45 of Graves 2013, written once more for numbers."""
    x = nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
    optimiser = Graves([x], lr=0.01)
    values, n, m, d = [1.0, -2.0], [0.0] * 2, [0.0] * 2, [0.0] * 2
    for step in range(5):
        optimiser.zero_grad()
        loss: Tensor = (x**2 * (step + 1)).sum()
        loss.backward()
        optimiser.step()
        for i, v in enumerate(values):
            g = 2 * v * (step + 1)
            n[i], m[i] = 0.95 * n[i] + 0.05 * g * g, 0.95 * m[i] + 0.05 * g
            d[i] = 0.9 * d[i] - 0.01 * g / (n[i] - m[i] ** 2 + 1e-4) ** 0.5
            values[i] = v + d[i]
        assert x.tolist() == pytest.approx(values, rel=1e-12)


def test_the_learning_rate_falls() -> None:
    """At the last step the stated share of it is left."""
    from diffprog.learn.trainer import Recipe

    recipe = Recipe(fall=0.01, steps=101)
    assert [recipe.share(s) for s in (0, 50, 100)] == pytest.approx([1, 0.1, 0.01])


def test_training_may_wait_until_all_is_right_several_times() -> None:
    """Of two runs alike, the one that asks for three evaluations in a row stops two later."""
    first, third = (parity(steps=400, stop_when_exact=times).metrics for times in (1, 3))
    assert [row["crisp"] for row in first].count(1.0) == 1
    assert [row["crisp"] for row in third[-3:]] == [1.0] * 3
    assert third[: len(first)] == first
    assert len(third) == len(first) + 2
    with pytest.raises(dp.DiffprogError, match="stop_when_exact"):
        parity(stop_when_exact=-1)


THRESHOLD = """
net scale = linear(in = 1)

program above(x: real) -> bool:
    return scale([x]) > 0.0
"""


def test_relaxed_operations_may_cool() -> None:
    """The loss of the last step is that of the module at the last temperature."""
    from diffprog.learn.trainer import Recipe

    assert [Recipe(cool=(1.0, 0.01), steps=3).warmth(s) for s in range(3)] == [1.0, 0.1, 0.01]
    pairs = [({"x": x}, x > 0) for x in (-1.0, -0.5, 0.5, 2.0)]
    program = dp.loads(THRESHOLD)
    options = {"steps": 1, "network_lr": 1e-9, "progress": False, "stop_when_exact": False}
    losses = [dp.fit(program, pairs, cool=(t, t), **options).metrics[-1]["loss"] for t in (1, 4)]
    xs, ys = torch.tensor([x["x"] for x, _ in pairs]), torch.tensor([y for _, y in pairs])
    for loss, t in zip(losses, (1.0, 4.0), strict=True):
        module = program.soften(seed=0)
        module.temperature = t
        said = module(x=xs)
        wanted = -torch.where(ys, said, 1 - said).log().mean().detach()
        assert loss == pytest.approx(float(wanted), rel=1e-5)
    with pytest.raises(dp.DiffprogError, match="cool"):
        dp.fit(program, pairs, steps=1, progress=False, cool=(1.0, 0.5), estimator="sample")


@pytest.mark.parametrize("name", ["anneal", "cool"])
def test_a_temperature_is_above_0(name: str) -> None:
    """What falls to 0 by factors never gets there."""
    program = dp.loads(THRESHOLD)
    with pytest.raises(dp.DiffprogError, match=rf"DP627.*{name}"):
        dp.fit(program, [({"x": 1.0}, True)], steps=1, progress=False, **{name: (1.0, 0.0)})
