"""The kinds of networks, one row each: their options, and what they take and give.

In: the options of a `net` line. Out: its signature, as shapes in which some axes stay open until
a call says how long they are. What a kind computes stands in `diffprog.soft.layers`, a builder a
row. Never imports torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from diffprog.types import REAL, Array, Int, Scalar, Tuple, Type

Setting: TypeAlias = "int | float | bool | str | None"
"""The value of an option."""

Settings: TypeAlias = Mapping[str, Setting]


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a kind.

    Attributes:
        name: what stands before its `=`.
        sort: `size` (a number of cells, at least 1), `scale` (a number above 0), `flag` (true or
            false) or `word`.
        default: what it is where the line does not say; None of a size: a single number instead
            of an array of them.
        needed: whether the line has to say it.
        words: the words it may be.
        doc: what it means.
    """

    name: str
    sort: str
    doc: str
    default: Setting = None
    needed: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Open:
    """An axis whose length a call says; a result may keep every `by`-th place of it."""

    name: str
    by: int = 1

    def __str__(self) -> str:
        return self.name if self.by == 1 else f"{self.name} / {self.by}"


@dataclass(frozen=True, slots=True)
class Slot:
    """The type of an argument or a result, in which some axes may be open."""

    item: Scalar
    shape: tuple[int | Open, ...] = ()

    def __str__(self) -> str:
        return f"{self.item}[{', '.join(map(str, self.shape))}]" if self.shape else str(self.item)

    def at(self, lengths: Mapping[str, int], extra: tuple[int, ...] = ()) -> Type:
        """Return the type with its open axes known, `extra` axes standing before its own."""
        own = (-(-lengths[n.name] // n.by) if isinstance(n, Open) else n for n in self.shape)
        shape = (*extra, *own)
        return Array(shape, self.item) if shape else self.item


@dataclass(frozen=True, slots=True)
class Signature:
    """What a network takes, by name, and what it gives: one value, or several."""

    params: tuple[tuple[str, Slot], ...]
    results: tuple[Slot, ...]

    def result(self, lengths: Mapping[str, int], extra: tuple[int, ...] = ()) -> Type:
        """Return the type of the result where the open axes are known."""
        types = tuple(slot.at(lengths, extra) for slot in self.results)
        return types[0] if len(types) == 1 else Tuple(types)


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of `KINDS`.

    Attributes:
        name: what stands in a `net` line.
        options: what may follow it.
        signature: what it takes and gives.
        doc: what it computes.
        grows: of a cell, by how much each result may be larger than the state that it was given
            (or 1); empty where its weights decide that.
    """

    name: str
    options: tuple[Option, ...]
    signature: Callable[[Settings], Signature]
    doc: str
    grows: tuple[float, ...] = ()


EXTERN = "extern"
"""What stands for the kind of a network that the Python caller binds."""


def bound_as(name: str) -> str:
    """Return the name under which a caller binds a network: of a part of a controller, that one's.

    >>> bound_as("encoder"), bound_as("answer:reader:step")
    ('encoder', 'reader')
    """
    return name.split(":")[1] if ":" in name else name


PREFIX = "nets."
"""What the key of a network's weights starts with among choices: ``nets.cell.weight_ih``."""


def slot(t: Type) -> Slot:
    """Return a type as a slot without open axes."""
    assert not isinstance(t, Tuple)
    return Slot(t.item, t.shape) if isinstance(t, Array) else Slot(t)


# --- what rows are made of ------------------------------------------------------------------------

ACTIVATIONS = ("tanh", "relu", "gelu", "sigmoid")

_IN = "cells of the argument (at each place); where it may be missing, a single real then"
_OUT = "cells of the result (at each place); where it may be missing, a single real then"
IN = Option("in", "size", _IN, needed=True)
OUT = Option("out", "size", _OUT, needed=True)
MAY_OUT = Option("out", "size", _OUT)
CHANNELS = Option("in", "size", _IN)
WIDTH = Option("width", "size", "places that go into one of the result", default=3)
STRIDE = Option("stride", "size", "every so manieth place is kept", default=1)
BIAS = Option("bias", "flag", "whether a constant is added", default=True)
BOTH = Option("both", "flag", "read from both ends; the result is twice as wide", default=False)
SPREAD = Option(
    "spread",
    "scale",
    "the first weights are uniform within so much of 0, and constants are 0; where it is missing, "
    "as `torch.nn` draws them",
)
DEEP = Option("layers", "size", "how many, one on the other", default=1)


def _real(*shape: Setting | Open) -> Slot:
    return Slot(REAL, tuple(n for n in shape if isinstance(n, int | Open)))


def _signature(*results: Slot, **params: Slot) -> Signature:
    return Signature(tuple(params.items()), results)


def _cell(o: Settings) -> Signature:
    return _signature(_real(o["out"]), x=_real(o["in"]), h=_real(o["out"]))


def _lstm(o: Settings) -> Signature:
    state = _real(o["out"])
    return _signature(state, state, x=_real(o["in"]), h=state, c=state)


def _sequence(o: Settings) -> Signature:
    length, out = Open("length"), o["out"]
    assert isinstance(out, int)
    wide = 2 * out if o["both"] else out
    return _signature(_real(length, wide), xs=_real(length, o["in"]))


def _row(o: Settings) -> Signature:
    return _signature(_real(o["out"]), x=_real(o["in"]))


def _embedding(o: Settings) -> Signature:
    words = o["words"]
    assert isinstance(words, int)
    return _signature(_real(o["out"]), word=Slot(Int(0, words)))


def _conv(*names: str) -> Callable[[Settings], Signature]:
    def signature(o: Settings) -> Signature:
        by = o["stride"]
        assert isinstance(by, int)
        result = _real(*(Open(n, by) for n in names), o["out"])
        return _signature(result, xs=_real(*map(Open, names), o["in"]))

    return signature


_CELL = (IN, OUT, SPREAD)
_ENCODER = (IN, OUT, BOTH, DEEP, SPREAD)
_CONV = (CHANNELS, OUT, WIDTH, STRIDE)

_ROWS = (
    Kind("linear", (IN, MAY_OUT, BIAS), _row, "A matrix product, and a constant added."),
    Kind(
        "mlp",
        (
            IN,
            MAY_OUT,
            Option("hidden", "size", "cells of each hidden layer", needed=True),
            DEEP,
            Option("activation", "word", "after each hidden layer", "tanh", words=ACTIVATIONS),
        ),
        _row,
        "Hidden layers with an activation, and a linear one.",
    ),
    Kind(
        "embedding",
        (Option("words", "size", "how many there are", needed=True), OUT),
        _embedding,
        "A row of numbers for each word; of a distribution, their mean.",
    ),
    Kind("norm", (IN,),
         lambda o: _signature(_real(o["in"]), x=_real(o["in"])),
         "The cells with mean 0 and variance 1, scaled and shifted (layer normalisation)."),
    Kind("rnn", _CELL, _cell, "One step of a plain recurrent cell: tanh(W x + U h + b).",
         (0.0,)),
    Kind("gru", _CELL, _cell, "One step of a gated recurrent unit (Cho 2014).", (0.0,)),
    Kind("lstm", _CELL, _lstm, "One step of a long short-term memory (Hochreiter 1997).",
         (0.0, 1.0)),
    Kind("rnn_encoder", _ENCODER, _sequence, "A plain recurrent network over a sequence."),
    Kind("gru_encoder", _ENCODER, _sequence, "A gated recurrent unit over a sequence."),
    Kind("lstm_encoder", _ENCODER, _sequence, "A long short-term memory over a sequence."),
    Kind("conv1d", _CONV, _conv("length"), "A convolution along a sequence, with zeros beyond it."),
    Kind("conv2d", _CONV, _conv("height", "width"),
         "A convolution over a picture, with zeros beyond it."),
)  # fmt: skip

KINDS: dict[str, Kind] = {row.name: row for row in _ROWS}
"""All kinds of networks by name."""
