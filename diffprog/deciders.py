"""The kinds of policies and of controllers' readers, one row each: their options.

A policy is a network of values: ``choose … by mlp(hidden = 8) of a, b``. A controller is a
recurrent network that has read an input and knows what it has decided:
``controller reader = lstm(hidden = 64) reads text``, ``choose … by reader``. What a kind computes
stands in `diffprog.soft.deciders`. Never imports torch.
"""

from __future__ import annotations

from diffprog.nets import ACTIVATIONS, DEEP, Kind, Option, Settings, Signature

LINEAR, MLP = "linear", "mlp"
MODULE = "module"
"""The kind of a controller whose networks the Python caller binds."""


def _none(_: Settings) -> Signature:
    # What a policy or a reader takes is what the program gives it: it has no signature of its own.
    return Signature((), ())


HIDDEN = Option("hidden", "size", "numbers of the state, and of each word", needed=True)
EMBED = Option("embed", "size", "numbers of each word, where not as many as hidden")
BLANK = Option("blank", "count", "the value that says: nothing stands here")
DROP = Option("drop", "share", "of the words and of the state, left out in training", default=0.0)
GRAMS = Option("width", "size", "words of the longest stretch that has features", default=3)
OWN = (
    Option("memory", "size", "numbers that it gives for each place", needed=True),
    Option("state", "size", "numbers of the state", needed=True),
    Option("embed", "size", "numbers of each decision's vector", needed=True),
)

POLICIES: dict[str, Kind] = {
    LINEAR: Kind(LINEAR, (), _none, "A matrix product of the values."),
    MLP: Kind(
        MLP,
        (
            Option("hidden", "size", "cells of each hidden layer", needed=True),
            DEEP,
            Option("activation", "word", "after each hidden layer", "tanh", words=ACTIVATIONS),
        ),
        _none,
        "Hidden layers with an activation, and a linear one.",
    ),
}
"""What can stand after `by` and before `of`."""

READERS: dict[str, Kind] = {
    "lstm": Kind("lstm", (HIDDEN, EMBED, BLANK, DROP), _none,
                 "A long short-term memory that reads from both ends; its state is one too."),
    "gru": Kind("gru", (HIDDEN, EMBED, BLANK, DROP), _none,
                "A gated recurrent unit that reads from both ends; its state is one too."),
    "conv": Kind("conv", (HIDDEN, EMBED, GRAMS, BLANK, DROP), _none,
                 "Features of stretches of 1, 2, … words; its state is a gated recurrent unit."),
    MODULE: Kind(MODULE, OWN, _none, "A module that the Python caller binds."),
}  # fmt: skip
"""What can stand after `controller NAME =`."""


def memory_width(kind: str, o: Settings) -> int:
    """Return how many numbers a reader gives for each place."""
    if kind == MODULE:
        return own(o, "memory")
    return own(o, "hidden") * (own(o, "width") if kind == "conv" else 2)


def state_width(kind: str, o: Settings) -> int:
    """Return how many numbers a controller's state has: its cell, what it attends to, all it read.

    >>> state_width("lstm", {"hidden": 8})
    48
    """
    if kind == MODULE:
        return own(o, "state")
    return own(o, "hidden") * (2 if kind == "lstm" else 1) + 2 * memory_width(kind, o)


def embed_width(kind: str, o: Settings) -> int:
    """Return how many numbers the vector of a decision has."""
    return own(o, "embed" if kind == MODULE else "hidden")


def own(o: Settings, name: str) -> int:
    """Return an option that is a size."""
    value = o[name]
    assert isinstance(value, int)
    return value


WHOLE = frozenset(f"reader {kind}" for kind in READERS)
"""Kinds of networks that take the places of values as well as distributions over them."""


def only_decides(kind: str) -> bool:
    """Say whether a network of a kind is a part of a controller, or a policy: no line makes it."""
    return " " in kind
