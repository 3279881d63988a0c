"""Networks: each kind is its layer of `torch.nn`, rows and restarts stand alone, crisp = soft."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor, nn

import diffprog as dp
from diffprog.nets import KINDS
from diffprog.soft.layers import BUILDERS
from tests.unit.soft.soften import soft

if TYPE_CHECKING:
    from collections.abc import Callable

    from diffprog.pipeline import Program

# A call of each kind: its options, its parameters, what it gives.
CALLS: dict[str, tuple[str, dict[str, str], str]] = {
    "linear": ("in = 3, out = 2", {"x": "real[3]"}, "real[2]"),
    "mlp": (
        "in = 3, hidden = 4, out = 2, layers = 2, activation = relu",
        {"x": "real[3]"},
        "real[2]",
    ),
    "embedding": ("words = 3, out = 2", {"x": "int<3>"}, "real[2]"),
    "norm": ("in = 3", {"x": "real[3]"}, "real[3]"),
    "rnn": ("in = 3, out = 2", {"x": "real[3]", "h": "real[2]"}, "real[2]"),
    "gru": ("in = 3, out = 2", {"x": "real[3]", "h": "real[2]"}, "real[2]"),
    "lstm": (
        "in = 3, out = 2",
        {"x": "real[3]", "h": "real[2]", "c": "real[2]"},
        "(real[2], real[2])",
    ),
    "rnn_encoder": ("in = 3, out = 2", {"xs": "real[4, 3]"}, "real[4, 2]"),
    "gru_encoder": ("in = 3, out = 2, both = true", {"xs": "real[4, 3]"}, "real[4, 4]"),
    "lstm_encoder": ("in = 3, out = 2, layers = 2", {"xs": "real[4, 3]"}, "real[4, 2]"),
    "conv1d": ("in = 3, out = 2, width = 2", {"xs": "real[4, 3]"}, "real[4, 2]"),
    "conv2d": ("out = 2, stride = 2", {"xs": "real[5, 4]"}, "real[3, 2, 2]"),
}


def text_of(kind: str) -> str:
    """Return a program that calls a network of a kind once."""
    options, params, result = CALLS[kind]
    head = ", ".join(f"{n}: {t}" for n, t in params.items())
    return (
        f"net f = {kind}({options})\n\nprogram p({head}) -> {result}:\n"
        f"    return f({', '.join(params)})\n"
    )


def inputs_of(program: Program, *lead: int) -> list[Tensor]:
    """Return random inputs of a program, with leading axes."""
    generator = torch.Generator().manual_seed(1)
    found = []
    for t in program.parameters.values():
        shape = (*lead, *getattr(t, "shape", ()))
        if str(t).startswith("int"):
            found.append(torch.randint(3, shape, generator=generator))
        else:
            found.append(torch.randn(shape, generator=generator, dtype=torch.float64))
    return found


def parts(value: Any) -> list[Tensor]:
    """Return the tensors of an answer."""
    return list(value) if isinstance(value, tuple) else [value]


def close(one: Any, other: Any) -> None:
    """Demand that two answers are one up to rounding."""
    for a, b in zip(parts(one), parts(other), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def test_each_kind_is_built_and_tried() -> None:
    """The table of kinds, the builders and these tests have the same rows."""
    assert KINDS.keys() == BUILDERS.keys() == CALLS.keys()


# --- what the kinds compute -----------------------------------------------------------------------


def _linear(own: nn.Module, x: Tensor) -> Tensor:
    return x @ own.weight.T + own.bias


def _mlp(own: nn.Module, x: Tensor) -> Tensor:
    for layer in own.hidden:
        x = torch.relu(_linear(layer, x))
    return _linear(own.last, x)


def _norm(_: nn.Module, x: Tensor) -> Tensor:
    return (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + 1e-5).sqrt()


def _gates(own: nn.Module, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    return x @ own.weight_ih.T + own.bias_ih, h @ own.weight_hh.T + own.bias_hh


def _rnn(own: nn.Module, x: Tensor, h: Tensor) -> Tensor:
    return torch.tanh(sum(_gates(own, x, h)))


def _gru(own: nn.Module, x: Tensor, h: Tensor) -> Tensor:
    (r, z, n), (hr, hz, hn) = (g.chunk(3, -1) for g in _gates(own, x, h))
    new = torch.tanh(n + torch.sigmoid(r + hr) * hn)
    kept = torch.sigmoid(z + hz)
    return (1 - kept) * new + kept * h


def _lstm(own: nn.Module, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    i, f, g, o = sum(_gates(own, x, h)).chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def _encoder(kind: type[nn.RNNBase], **options: Any) -> Callable[[nn.Module, Tensor], Tensor]:
    def run(own: nn.Module, xs: Tensor) -> Tensor:
        there = kind(3, 2, batch_first=True, **options).double()
        there.load_state_dict(own.state_dict())
        return there(xs)[0]

    return run


def _conv1d(own: nn.Module, xs: Tensor) -> Tensor:
    rows = torch.cat([xs, xs.new_zeros(len(xs), 1, 3)], 1)
    windows = torch.stack([rows[:, :4], rows[:, 1:]], -1)  # batch, place, in, width
    return torch.einsum("bpiw,oiw->bpo", windows, own.weight) + own.bias


def _conv2d(own: nn.Module, xs: Tensor) -> Tensor:
    layer = nn.Conv2d(1, 2, 3, stride=2, padding=1).double()
    layer.load_state_dict(own.state_dict())
    return layer(xs[:, None]).permute(0, 2, 3, 1)


BY_HAND: dict[str, Callable[..., Any]] = {
    "linear": _linear,
    "mlp": _mlp,
    "embedding": lambda own, x: own.weight[x],
    "norm": _norm,
    "rnn": _rnn,
    "gru": _gru,
    "lstm": _lstm,
    "rnn_encoder": _encoder(nn.RNN),
    "gru_encoder": _encoder(nn.GRU, bidirectional=True),
    "lstm_encoder": _encoder(nn.LSTM, num_layers=2),
    "conv1d": _conv1d,
    "conv2d": _conv2d,
}


@pytest.mark.parametrize("kind", KINDS)
def test_kind_computes(kind: str) -> None:
    """A kind computes what its line of documentation says, written here once more."""
    module = soft(text_of(kind))
    inputs = inputs_of(dp.loads(text_of(kind)), 5)
    close(module(*inputs), BY_HAND[kind](module.nets.layer("f"), *inputs))


@pytest.mark.parametrize("kind", KINDS)
def test_leading_axes_and_restarts_stand_alone(kind: str) -> None:
    """Rows, candidates and restarts give what each gives by itself, and without any axis."""
    program = dp.loads(text_of(kind))
    many, one = program.soften(3).double(), program.soften().double()
    inputs = inputs_of(program, 2, 4)
    found = parts(many(*inputs))
    for restart in range(3):
        one.load_choices(many.network_weights(restart))
        close(one(*inputs), tuple(y[restart] for y in found))
        alone = one(*(x[1, 2] for x in inputs))
        close(
            alone,
            tuple(y[restart, 1, 2] for y in found) if len(found) > 1 else found[0][restart, 1, 2],
        )


def test_one_graph_serves_batches_of_all_sizes() -> None:
    """Compiled with sizes that are not known, an argument without leading axes among others."""
    module = soft(text_of("rnn"))
    run = torch.compile(module, fullgraph=True, dynamic=True, backend="eager")
    for rows in (5, 7):
        x, h = (torch.randn(*n, dtype=torch.float64) for n in ((rows, 3), (2,)))
        close(run(x, h), module(x, h))


@pytest.mark.parametrize("kind", KINDS)
def test_crisp_is_soft(kind: str) -> None:
    """The interpreter runs the same layer."""
    program = dp.loads(text_of(kind))
    module = program.soften(seed=3).double()
    inputs = inputs_of(program)
    trained = program.decide(module.network_weights())
    given = dict(zip(program.parameters, (x.tolist() for x in inputs), strict=True))
    answer = trained.run(**given)
    found = module(*inputs)
    wanted = [y.tolist() for y in found] if isinstance(found, tuple) else found.tolist()
    torch.testing.assert_close(
        [torch.tensor(a, dtype=torch.float64) for a in answer],
        [torch.tensor(w, dtype=torch.float64) for w in wanted],
        rtol=1e-6,
        atol=1e-6,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_gradients(kind: str) -> None:
    """The gradients of inputs and weights are those of finite differences."""
    program = dp.loads(text_of(kind))
    module = program.soften().double()
    inputs = [
        torch.nn.functional.one_hot(x, 3).double() * 0.5 + 1 / 6 if x.dtype == torch.long else x
        for x in inputs_of(program, 2)
    ]
    names = [n for n, _ in module.named_parameters()]

    def run(*values: Tensor) -> tuple[Tensor, ...]:
        weights = dict(zip(names, values[len(inputs) :], strict=True))
        return tuple(parts(torch.func.functional_call(module, weights, values[: len(inputs)])))

    every = [*inputs, *(p.detach() for p in module.parameters())]
    assert torch.autograd.gradcheck(run, tuple(v.requires_grad_() for v in every))


# --- as part of a program -------------------------------------------------------------------------


def test_parameters_are_named_after_the_source() -> None:
    """A name that every module has as a method gets a `_`."""
    text = "net values = linear(in = 2)\nnet half = linear(in = 2)\n\n" + (
        "program p(x: real[2]) -> real:\n    return values(x) + half(x)\n"
    )
    names = set(soft(text).state_dict())
    assert names == {
        "nets.values.weight",
        "nets.values.bias",
        "nets.half_.weight",
        "nets.half_.bias",
    }


def test_lifting() -> None:
    """Along further axes a network is applied place by place, in every way of running it."""
    text = """
net cell = rnn(in = 3, out = 2)
program p(xs: real[4, 3], hs: real[4, 2]) -> (real[4, 2], real[4, 2]):
    out: real[4, 2] = 0.0
    for i in 0 .. 4:
        out[i] = cell(xs[i], hs[i])
    return cell(xs, hs), out
"""
    program = dp.loads(text)
    for restarts in (None, 3):
        module = program.soften(restarts).double()
        together, alone = module(*inputs_of(program, 5))
        torch.testing.assert_close(together, alone, rtol=1e-12, atol=1e-12)
        assert together.shape == ((3,) if restarts else ()) + (5, 4, 2)
    answer = program.decide(program.soften().network_weights()).run(
        xs=[[0.5, 1.0, 2.0]] * 4, hs=[[0.1, 0.2]] * 4
    )
    assert answer[0] == answer[1]


def test_a_network_is_a_module_like_any_other() -> None:
    """State dicts, copies, pickles, precision; a seed is a seed."""
    program = dp.loads(text_of("lstm"))
    module = program.soften(seed=5)
    inputs = [x.float() for x in inputs_of(program, 2)]
    wanted = module(*inputs)
    assert all(x.dtype == torch.float32 for x in wanted)
    other = program.soften(seed=6)
    assert not torch.equal(other(*inputs)[0], wanted[0])
    other.load_state_dict(module.state_dict())
    for same in (
        other,
        program.soften(seed=5),
        copy.deepcopy(module),
        pickle.loads(pickle.dumps(module)),
    ):
        assert all(torch.equal(a, b) for a, b in zip(same(*inputs), wanted, strict=True))
    assert module.double()(*inputs)[0].dtype == torch.float64


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm", "lstm_encoder"])
def test_spread_says_where_weights_begin(kind: str) -> None:
    """They fill what is within it of 0, of each restart and when drawn anew; constants are 0."""
    line = f"net f = {kind}(in = 60, out = 50, spread = 0.4)\n\n"
    body = "program p(x: real[2]) -> real[2]:\n    return x\n"
    for restarts in (None, 2):
        layers = dp.loads(line + body).soften(restarts, seed=1).nets
        for _ in range(2):
            for name, w in layers.each():
                of_each = [w] if restarts is None else list(w)
                largest = [float(own.detach().abs().max()) for own in of_each]
                if "bias" in name:
                    assert largest == [0.0] * len(of_each)
                else:
                    assert all(0.39 < found <= 0.4 for found in largest)
                    assert float(w.detach().mean().abs()) < 0.02
            layers.reset(torch.Generator().manual_seed(2))


def test_weights_go_with_the_program(tmp_path: Any) -> None:
    """They are saved beside the text, read again, and are what `soften` starts with."""
    program = dp.loads(text_of("gru"), "f.dp")
    module = program.soften(seed=2)
    trained = program.decide(module.network_weights())
    trained.save(tmp_path / "f.dp")
    again = dp.load(tmp_path / "f.dp")
    assert again.source == program.source
    inputs = {"x": [1.0, 2.0, 3.0], "h": [0.5, 0.5]}
    assert again.run(**inputs) == trained.run(**inputs)
    found = again.soften(seed=9)
    assert all(
        torch.equal(a, b) for a, b in zip(found.parameters(), module.parameters(), strict=True)
    )
    assert trained.fill(trained.choices).run(**inputs) == trained.run(**inputs)


def test_without_weights_a_run_says_so() -> None:
    """The diagnostic names the network and the place of the call."""
    with pytest.raises(dp.DiffprogError, match=r"`f` has no weights") as caught:
        dp.loads(text_of("linear")).run(x=[1.0, 2.0, 3.0])
    assert caught.value.diagnostics[0].code == "DP324"


def test_weights_of_another_shape() -> None:
    """Weights that are not the network's are refused."""
    program = dp.loads(text_of("linear")).decide({"nets.f.weight": [[1.0]]})
    with pytest.raises(dp.DiffprogError) as caught:
        program.run(x=[1.0, 2.0, 3.0])
    assert caught.value.diagnostics[0].code == "DP327"


# --- externs --------------------------------------------------------------------------------------

EXTERN = """
extern score(image: real[2, 2], kind: int<3>) -> (real[4], real)

program p(images: real[5, 2, 2], kinds: int<3>[5]) -> (int<4>[5], real[5]):
    places: int<4>[5] = 0
    scores, sure = score(images, kinds)
    for i in 0 .. 5:
        places[i] = pick(scores[i])
    return places, sure
"""


class Score(nn.Module):
    """A module that looks at an image and a kind."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(7, 4)

    def forward(self, image: Tensor, kind: Tensor) -> tuple[Tensor, Tensor]:
        """Return four scores and a number a row."""
        y = self.layer(torch.cat([image.flatten(1), kind], -1))
        return y, y.sum(-1)


def test_extern() -> None:
    """A bound module is called with rows, crisply and softly, and trains with the rest."""
    torch.manual_seed(0)
    program = dp.loads(EXTERN).using(score=Score())
    module = program.soften(restarts=2).double()
    module.temperature = 0.0
    images = torch.randn(3, 5, 2, 2, dtype=torch.float64)
    kinds = torch.randint(3, (3, 5))
    places, sure = module(images, kinds)
    assert places.shape == (3, 5, 4)
    crisp = program.run(images=images[1].tolist(), kinds=kinds[1].tolist())
    assert crisp[0] == places[1].argmax(-1).tolist()
    assert crisp[1] == pytest.approx(sure[1].tolist())
    sure.sum().backward()
    assert module.get_parameter("nets.score.layer.weight").grad is not None


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: nn.Linear(2, 3), r"gives \(3, 3\) for tensors of \(3, 2\)"),
        (lambda: nn.Linear(3, 4), "fails on tensors"),
        (lambda: nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4)), "`BatchNorm1d`"),
        (lambda: nn.Sequential(nn.Linear(2, 4), nn.Softmax(0)), "others stand beside"),
    ],
)
def test_extern_that_is_not_what_the_line_says(made: Callable[[], nn.Module], said: str) -> None:
    """A module is tried when it is bound; each fault has its own words."""
    program = dp.loads(
        "extern f(x: real[2]) -> real[4]\n\nprogram p(x: real[2]) -> real[4]:\n    return f(x)\n"
    )
    with pytest.raises(dp.DiffprogError, match=said) as caught:
        program.using(f=made()).run(x=[1.0, 2.0])
    assert caught.value.diagnostics[0].code == "DP326"


def test_extern_that_is_not_bound() -> None:
    """Both readings say which extern wants a module, and how it is bound."""
    program = dp.loads(
        "extern f(x: real) -> real\n\nprogram p(x: real) -> real:\n    return f(x)\n"
    )
    for run in (lambda: program.run(x=1.0), lambda: program.soften()(x=torch.ones(2))):
        with pytest.raises(dp.DiffprogError, match=r"nothing is bound to `f`") as caught:
            run()
        assert caught.value.diagnostics[0].code == "DP325"
    with pytest.raises(dp.DiffprogError) as caught:
        program.using(g=nn.Identity())
    assert caught.value.diagnostics[0].code == "DP328"


@pytest.mark.parametrize("kind", ["linear", "rnn", "gru", "lstm"])
def test_hooks_are_called(kind: str) -> None:
    """Who watches a layer, or changes what it gives, is asked in each call."""
    program = dp.loads(text_of(kind))
    module = program.soften()
    layer = module.nets.layer("f")
    assert layer is not None
    seen: list[Any] = []
    before = module(*inputs_of(program, 2))
    handle = layer.register_forward_hook(lambda _, given, out: seen.append((given, out)))
    assert torch.equal(torch.cat([*module(*inputs_of(program, 2))]), torch.cat([*before]))
    assert len(seen) == 1
    handle.remove()
    nn.utils.parametrizations.weight_norm(layer, next(n for n, _ in layer.named_parameters()))
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(2.0)
    other = torch.cat([*module(*inputs_of(program, 2))])
    assert not torch.equal(other, torch.cat([*before]))
    other.sum().backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None for p in layer.parameters())
