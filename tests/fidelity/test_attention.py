"""`std.attention` against the papers that each function names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor

import diffprog as dp
from tests.fidelity.equal import numbers, same

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STEPS, D, E, UNITS, WIDTH, K, B = 6, 4, 3, 5, 3, 2, 2


def attend(parameters: str, call: str, place: str = f"int<{STEPS}>") -> str:
    """Return a program that gives a place."""
    return (
        f"import std.attention\n\nprogram attend({parameters}) -> {place}:\n"
        f"    return attention.{call}\n"
    )


def additive(s: Tensor, h: Tensor, w: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Bahdanau, Cho and Bengio (2015): e_ij = v tanh(W s + U h_j), then a softmax."""
    e = [torch.tanh(s @ w + h[:, j] @ u) @ v for j in range(STEPS)]
    return torch.stack(e, -1).softmax(-1)


def aware(s: Tensor, h: Tensor, last: Tensor, f: Tensor, u: Tensor, b: Tensor, v: Tensor) -> Tensor:
    """Chorowski et al. (2015), eq. 8 and 9: the filters run over the last weights."""
    kernel = f.T[:, None]  # k filters of one channel
    features = torch.nn.functional.conv1d(last[:, None], kernel, padding=WIDTH // 2)
    e = torch.tanh(s[:, None] + h + features.transpose(1, 2) @ u + b) @ v
    return e.softmax(-1)


def monotonic(e: Tensor, last: Tensor) -> Tensor:
    """Raffel et al. (2017), eq. 9 to 11, and what nobody stopped.

    q_j = (1 - p_(j-1)) q_(j-1) + last_j, and alpha_j = p_j q_j.
    """
    p, q, out = e.sigmoid(), torch.zeros_like(e[:, 0]), []
    for j in range(STEPS):
        stayed = (1 - p[:, j - 1]) * q if j else q
        q = stayed + last[:, j]
        out.append(p[:, j] * q)
    return torch.stack([*out, (1 - p[:, -1]) * q + last[:, -1]], -1)


def window(h: Tensor, heights: Tensor, narrow: Tensor, centres: Tensor) -> Tensor:
    """Graves (2013), eq. 46 and 47."""
    places = torch.arange(STEPS, dtype=h.dtype)
    bells = heights[..., None] * (-narrow[..., None] * (centres[..., None] - places) ** 2).exp()
    return (bells.sum(-2)[..., None] * h).sum(-2)


CASES: dict[str, tuple[str, Callable[..., Tensor], Sequence[Sequence[int]]]] = {
    "dot": (
        attend(f"q: real[{D}], h: real[{STEPS}, {D}]", "dot(q, h)"),
        lambda q, h: torch.einsum("bd,bjd->bj", q, h).softmax(-1),
        [(B, D), (B, STEPS, D)],
    ),
    "scaled": (
        attend(f"q: real[{D}], h: real[{STEPS}, {D}]", "scaled(q, h)"),
        lambda q, h: (torch.einsum("bd,bjd->bj", q, h) / D**0.5).softmax(-1),
        [(B, D), (B, STEPS, D)],
    ),
    "general": (
        attend(f"q: real[{D}], h: real[{STEPS}, {E}], w: real[{D}, {E}]", "general(q, h, w)"),
        lambda q, h, w: torch.einsum("bd,de,bje->bj", q, w, h).softmax(-1),
        [(B, D), (B, STEPS, E), (D, E)],
    ),
    "location": (
        attend(f"q: real[{D}], w: real[{STEPS}, {D}]", "location(q, w)"),
        lambda q, w: (q @ w.T).softmax(-1),
        [(B, D), (STEPS, D)],
    ),
    "additive": (
        attend(
            f"s: real[{D}], h: real[{STEPS}, {E}], w: real[{D}, {UNITS}], u: real[{E}, {UNITS}], "
            f"v: real[{UNITS}]",
            "additive(s, h, w, u, v)",
        ),
        additive,
        [(B, D), (B, STEPS, E), (D, UNITS), (E, UNITS), (UNITS,)],
    ),
    "window": (
        attend(
            f"h: real[{STEPS}, {E}], a: real[{K}], b: real[{K}], k: real[{K}]",
            "window(h, a, b, k)",
            f"real[{E}]",
        ),
        window,
        [(B, STEPS, E), (B, K), (B, K), (B, K)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_places(name: str) -> None:
    """Weights, and gradients of queries, keys and matrices, for a batch."""
    text, paper, shapes = CASES[name]
    same(text, paper, numbers(*shapes))


def test_aware_of_the_last_place() -> None:
    """The features of each place come from a convolution over the last weights."""
    text = attend(
        f"s: real[{UNITS}], h: real[{STEPS}, {UNITS}], last: int<{STEPS}>, f: real[{WIDTH}, {K}], "
        f"u: real[{K}, {UNITS}], b: real[{UNITS}], v: real[{UNITS}]",
        "aware(s, h, last, f, u, b, v)",
    )
    shapes = [(B, UNITS), (B, STEPS, UNITS), (B, STEPS), (WIDTH, K), (K, UNITS), (UNITS,), (UNITS,)]
    same(text, aware, numbers(*shapes), (2,))


def test_monotonic() -> None:
    """The recursion of the expectation, from a place that may be anywhere or beyond the end."""
    place = f"int<{STEPS + 1}>"
    text = attend(f"e: real[{STEPS}], last: {place}", "monotonic(e, last)", place)
    same(text, monotonic, numbers((B, STEPS), (B, STEPS + 1)), (1,))


def test_monotonic_crisply() -> None:
    """From the last place on, the first that says stop; beyond the end there is no context."""
    program = dp.loads(
        "import std.attention\n\n"
        "program p(e: real[4], last: int<5>, xs: real[4, 1]) -> (int<5>, real[1]):\n"
        "    at = attention.monotonic(e, last)\n"
        "    return at, attention.context(xs, at)\n"
    )
    e, xs = [1.0, -1.0, -1.0, 2.0], [[1.0], [2.0], [3.0], [4.0]]
    assert program.run(e=e, last=1, xs=xs) == [3, [4.0]]
    assert program.run(e=e, last=0, xs=xs) == [0, [1.0]]
    assert program.run(e=[-1.0] * 4, last=2, xs=xs) == [4, [0.0]]
