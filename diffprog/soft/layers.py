"""The layers of the kinds of networks: thin names for `torch.nn`, one builder a kind.

In: the options of a `net` line. Out: a module of rows: its tensors have one leading axis, and then
the axes of the signature in `diffprog.nets`; of a finite argument, its distribution. What is called
in every round of a loop says by `taken` what it computes with the weights that it has now: to ask a
module for them takes longer than a small product. A cell says by `of_gates` what it makes of what
its input gives its gates.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable

    from diffprog.nets import Settings

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "gelu": functional.gelu,
    "sigmoid": torch.sigmoid,
}


OF_A_CELL = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
"""The weights of a recurrent cell, in the order in which torch takes them."""


def weights(layer: nn.Module, *names: str) -> list[Any]:
    """Return weights of a layer by name.

    A module looks for a name among its parameters last; what stands elsewhere is made of others.
    """
    held = layer._parameters
    return [held[name] if name in held else getattr(layer, name) for name in names]


class Linear(nn.Linear):
    """A matrix product; with `out` None it gives single numbers."""

    def __init__(self, size: int, out: int | None, bias: bool = True) -> None:
        super().__init__(size, out or 1, bias)
        self.single = out is None

    def taken(self) -> Callable[[Tensor], Tensor]:
        """Return what gives W x + b."""
        weight, bias = weights(self, "weight", "bias")
        if not self.single:
            return lambda x: functional.linear(x, weight, bias)
        made: list[Tensor] = []

        def single(x: Tensor) -> Tensor:
            if torch.compiler.is_compiling():  # there it costs nothing to take the axis off
                row = weight.squeeze(0)
            else:  # once for all rounds
                made[:] = made or [weight.squeeze(0)]
                (row,) = made
            return x.mv(row) if bias is None else torch.addmv(bias, x, row)

        return single

    def forward(self, x: Tensor) -> Tensor:
        """Return W x + b."""
        return self.taken()(x)


class Mlp(nn.Module):
    """Hidden layers with an activation after each, and a linear one."""

    def __init__(self, size: int, hidden: int, out: int | None, layers: int, word: str) -> None:
        super().__init__()
        sizes = [size, *[hidden] * layers]
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.last = Linear(sizes[-1], out)
        self.activation = word

    def forward(self, x: Tensor) -> Tensor:
        """Return the numbers of the last layer."""
        for layer in self.hidden:
            x = ACTIVATIONS[self.activation](layer(x))
        return self.last(x)  # type: ignore[no-any-return]


class Embedding(nn.Module):
    """A row of a matrix for each value of an int; of a distribution, the mean of the rows."""

    def __init__(self, words: int, out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(words, out))

    def forward(self, p: Tensor) -> Tensor:
        """Return sum_v p_v W_v."""
        return p @ self.weight


def with_state(sums: Tensor, h: Tensor, inner: Tensor | None) -> Tensor:
    """Return sums with what a state adds to them; nothing where it is known to be 0."""
    return sums if inner is None else torch.addmm(sums, h, inner)


class Lstm(nn.LSTMCell):
    """One step of an LSTM; its state are two arguments."""

    def taken(self) -> Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Return what gives the next h and c."""
        own = weights(self, *OF_A_CELL)
        return lambda x, h, c: torch.lstm_cell(x, (h, c), *own)

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Return the next h and c."""
        return self.taken()(x, h, c)

    @staticmethod
    def of_gates(
        gates: Tensor, h: Tensor, c: Tensor, inner: Tensor | None, _: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the next h and c, of what the input gives the gates (Hochreiter 1997)."""
        new, forget, cell, out = with_state(gates, h, inner).chunk(4, -1)
        c = torch.sigmoid(forget) * c + torch.sigmoid(new) * torch.tanh(cell)
        return torch.sigmoid(out) * torch.tanh(c), c


class Rnn(nn.RNNCell):
    """One step of a plain recurrent network."""

    def taken(self) -> Callable[[Tensor, Tensor], Tensor]:
        """Return what gives the next h."""
        own = weights(self, *OF_A_CELL)
        return lambda x, h: torch.rnn_tanh_cell(x, h, *own)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:  # type: ignore[override]
        """Return the next h."""
        return self.taken()(x, h)

    @staticmethod
    def of_gates(gates: Tensor, h: Tensor, inner: Tensor | None, _: Tensor) -> Tensor:
        """Return tanh(W x + U h + b), of W x + b."""
        return torch.tanh(with_state(gates, h, inner))


class Gru(nn.GRUCell):
    """One step of a GRU. One of its gates adds what the state gives later, with its bias."""

    own_bias = True

    def taken(self) -> Callable[[Tensor, Tensor], Tensor]:
        """Return what gives the next h."""
        own = weights(self, *OF_A_CELL)
        return lambda x, h: torch.gru_cell(x, h, *own)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:  # type: ignore[override]
        """Return the next h."""
        return self.taken()(x, h)

    @staticmethod
    def of_gates(gates: Tensor, h: Tensor, inner: Tensor | None, bias: Tensor) -> Tensor:
        """Return the next h, of what the input gives the gates (Cho 2014, as torch has it)."""
        reset, update, new = gates.chunk(3, -1)
        own_reset, own_update, own = with_state(bias, h, inner).chunk(3, -1)
        new = torch.tanh(new + torch.sigmoid(reset + own_reset) * own)
        return torch.lerp(new, h, torch.sigmoid(update + own_update))


class Encoder(nn.Module):
    """A recurrent network over a sequence: the states of its last layer, one a place."""

    def __init__(self, kind: type[nn.RNN | nn.GRU | nn.LSTM], o: Settings) -> None:
        super().__init__()
        self.both, self.layers, self.kind = bool(o["both"]), _size(o, "layers"), kind.__name__
        size, out = _size(o, "in"), _size(o, "out")
        made = kind(size, out, self.layers, batch_first=True, bidirectional=self.both)
        for name, parameter in made.named_parameters():
            self.register_parameter(name, parameter)
        self.out = out

    def forward(self, xs: Tensor) -> Tensor:
        """Return the states, both directions side by side."""
        runs = self.layers * (2 if self.both else 1)
        start = xs.new_zeros(runs, xs.shape[0], self.out)
        weights: list[Tensor] = list(self.parameters())
        options = (True, self.layers, 0.0, False, self.both, True)
        if xs.shape[1] == 0:
            return xs.new_zeros(xs.shape[0], 0, self.out * (2 if self.both else 1))
        if self.kind == "LSTM":
            return torch.lstm(xs, (start, start), weights, *options)[0]
        run = torch.gru if self.kind == "GRU" else torch.rnn_tanh
        return run(xs, start, weights, *options)[0]


class Conv(nn.Module):
    """A convolution in one or two directions, the numbers of a place on the last axis.

    Zeros stand beyond the ends, so that stride 1 keeps the length.
    """

    def __init__(self, o: Settings, axes: int) -> None:
        super().__init__()
        kind = nn.Conv1d if axes == 1 else nn.Conv2d
        self.single, self.axes = o["in"] is None, axes
        self.width, self.stride = _size(o, "width"), _size(o, "stride")
        made = kind(1 if self.single else _size(o, "in"), _size(o, "out"), self.width)
        self.weight, self.bias = made.weight, made.bias

    def forward(self, xs: Tensor) -> Tensor:
        """Return one row of numbers for each place."""
        xs = xs[:, None] if self.single else xs.movedim(-1, 1)
        before = (self.width - 1) // 2
        xs = functional.pad(xs, (before, self.width - 1 - before) * self.axes)
        run: Any = functional.conv1d if self.axes == 1 else functional.conv2d
        found: Tensor = run(xs, self.weight, self.bias, self.stride)
        return found.movedim(1, -1)


def _size(o: Settings, name: str) -> int:
    value = o[name]
    assert isinstance(value, int)
    return value


def _may(o: Settings, name: str) -> int | None:
    return None if o[name] is None else _size(o, name)


def _mlp(o: Settings) -> nn.Module:
    sizes = (_size(o, "in"), _size(o, "hidden"), _may(o, "out"), _size(o, "layers"))
    return Mlp(*sizes, str(o["activation"]))


BUILDERS: dict[str, Callable[[Settings], nn.Module]] = {
    "linear": lambda o: Linear(_size(o, "in"), _may(o, "out"), bool(o["bias"])),
    "mlp": _mlp,
    "embedding": lambda o: Embedding(_size(o, "words"), _size(o, "out")),
    "norm": lambda o: nn.LayerNorm(_size(o, "in")),
    "rnn": lambda o: Rnn(_size(o, "in"), _size(o, "out")),
    "gru": lambda o: Gru(_size(o, "in"), _size(o, "out")),
    "lstm": lambda o: Lstm(_size(o, "in"), _size(o, "out")),
    "rnn_encoder": lambda o: Encoder(nn.RNN, o),
    "gru_encoder": lambda o: Encoder(nn.GRU, o),
    "lstm_encoder": lambda o: Encoder(nn.LSTM, o),
    "conv1d": lambda o: Conv(o, 1),
    "conv2d": lambda o: Conv(o, 2),
}
"""The builder of each kind of `diffprog.nets.KINDS`, by name."""

ALONE = {"rnn", "gru", "lstm", "rnn_encoder", "gru_encoder", "lstm_encoder"}
"""Kinds whose fused kernels `torch.func.vmap` cannot batch: restarts run one after the other."""
