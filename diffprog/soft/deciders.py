"""The layers of policies and controllers: one builder a kind of `diffprog.deciders`.

In: the options of a network. Out: a module of rows, as those of `diffprog.soft.layers`. A
controller is five networks that share a state, so that a program can carry it like any other
variable: what reads the input, what makes the first state, the head of each decision, the
embedding of each decision, and the step that takes it in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from diffprog.soft.layers import Encoder, Mlp

if TYPE_CHECKING:
    from collections.abc import Callable

    from diffprog.nets import Settings

FAR = -1e30
"""The score of a place that is not there."""


class Policy(nn.Module):
    """The logits of a decision from values: all their numbers side by side, through layers."""

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, *values: Tensor) -> Tensor:
        """Return logits, [B, K], of values [B, *shape, …]."""
        like = next((v for v in self.parameters()), values[0])
        rows = [v.reshape(len(v), -1).to(like.dtype) for v in values]
        return self.layers(torch.cat(rows, -1))  # type: ignore[no-any-return]


class Words(nn.Module):
    """Several sequences as one of vectors; what is blank gets zeros.

    A place of ints is the row of a matrix, or the mean of rows where it is a distribution.
    """

    def __init__(self, sizes: list[int], out: int, blank: int | None, drop: float) -> None:
        super().__init__()
        drawn = [nn.Parameter(torch.randn(n, out) / max(1, n if n < 4 else 1) ** 0.5 * 0.3)
                 for n in sizes]  # fmt: skip
        self.tables = nn.ParameterList(drawn)
        self.blank, self.drop = blank, drop

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return vectors, [B, length, out], and which places there are, [B, length, 1]."""
        parts = [self._part(x, table) for x, table in zip(inputs, self.tables, strict=True)]
        there = torch.cat([t for _, t in parts], 1)
        words = torch.cat([v for v, _ in parts], 1)
        if self.training and self.drop:
            # Whole words are dropped: the reading must not hang on a single one.
            kept = torch.rand(words.shape[:2], dtype=words.dtype, device=words.device) >= self.drop
            words = words * kept.unsqueeze(-1)
        return words * there, there

    def _part(self, x: Tensor, table: Tensor) -> tuple[Tensor, Tensor]:
        blank = self.blank
        if not x.is_floating_point():  # places instead of distributions
            there = torch.ones_like(x) if blank is None else x != blank
            return table[x], there.to(table.dtype).unsqueeze(-1)
        x = x.unsqueeze(-1) if x.dim() == 2 else x
        found = x.to(table.dtype) @ table
        if blank is None or x.shape[-1] <= blank:
            return found, torch.ones_like(found[..., :1])
        return found, 1 - x[..., blank : blank + 1].to(table.dtype)


class Reading(nn.Module):
    """An input as a memory: for each place a vector, zeros where nothing is."""

    def __init__(self, kind: str, sizes: list[int], o: Settings) -> None:
        super().__init__()
        hidden, blank, drop = _size(o, "hidden"), o["blank"], o["drop"]
        embed = _size(o, "embed") if o["embed"] else hidden
        assert blank is None or isinstance(blank, int)
        assert isinstance(drop, int | float)
        self.words = Words(sizes, embed, blank, float(drop))
        self.over: nn.Module
        if kind == "conv":
            self.over = Grams(embed, hidden, _size(o, "width"))
        else:
            made = nn.LSTM if kind == "lstm" else nn.GRU
            self.over = Encoder(made, {"in": embed, "out": hidden, "both": True, "layers": 1})

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return the memory, [B, length, width]."""
        words, there = self.words(*inputs)
        return self.over(words) * there  # type: ignore[no-any-return]


class Grams(nn.Module):
    """Features of every stretch of 1, 2, … words that begins at a place."""

    def __init__(self, size: int, out: int, width: int) -> None:
        super().__init__()
        self.grams = nn.ModuleList(nn.Conv1d(size, out, n) for n in range(1, width + 1))

    def forward(self, words: Tensor) -> Tensor:
        """Return relu features, [B, length, out · width]."""
        x = words.transpose(1, 2)
        found = [
            torch.relu(
                gram(nn.functional.pad(x, (0, n)))
            )  # zeros beyond the end: as many places as words
            for n, gram in enumerate(self.grams)
        ]
        return torch.cat(found, 1).transpose(1, 2)


def attention(memory: Tensor, queries: Tensor) -> Tensor:
    """Return the weight of each place, [B, n, length], for queries [B, n, width].

    Softmax of dot products; zeros are no place.
    """
    scores = queries @ memory.transpose(1, 2) / memory.shape[-1] ** 0.5
    there = (memory != 0).any(-1).unsqueeze(1)
    return torch.softmax(torch.where(there, scores, FAR), -1)


def attended(memory: Tensor, query: Tensor, of: Tensor | None) -> Tensor:
    """Return what is attended to, [B, width]; `of` says whose memory each row has, [B]."""
    if of is None:
        return (attention(memory, query.unsqueeze(1)) @ memory).squeeze(1)
    order = torch.argsort(of, stable=True)
    counts = torch.bincount(of, minlength=len(memory))
    starts = torch.cumsum(counts, 0) - counts
    rank = torch.empty_like(of)
    rank[order] = torch.arange(len(of), device=of.device) - starts[of[order]]
    side_by_side = query.new_zeros(len(memory), int(counts.max()), query.shape[-1])
    queries = side_by_side.index_put((of, rank), query)
    return (attention(memory, queries) @ memory)[of, rank]


def pooled(memory: Tensor) -> Tensor:
    """Return the largest of each feature over all places, [B, width]; of none, zeros."""
    if memory.shape[1] == 0:
        return memory.new_zeros(memory.shape[0], memory.shape[2])
    there = (memory != 0).any(-1, keepdim=True)
    best = torch.where(there, memory, FAR).amax(1)
    return torch.where(there.any(1), best, 0.0)


class Attending(nn.Module):
    """What start and step share: a state is its cell's numbers, what it attends to, all it read."""

    def __init__(self, o: Settings) -> None:
        super().__init__()
        self.hidden, self.memory = _size(o, "hidden"), _size(o, "memory")
        self.query = nn.Linear(self.hidden, self.memory)

    def state(
        self, memory: Tensor, inner: Tensor, all_read: Tensor, of: Tensor | None = None
    ) -> Tensor:
        """Return the state whose cell holds `inner`; the first `hidden` numbers of it ask."""
        context = attended(memory, self.query(inner[:, : self.hidden]), of)
        return torch.cat((inner, context, all_read), -1)

    def attends(self, memory: Tensor, state: Tensor) -> Tensor:
        """Return the weight of each place in a state, [B, length]."""
        return attention(memory, self.query(state[:, : self.hidden]).unsqueeze(1)).squeeze(1)


class Start(Attending):
    """The state before the first decision."""

    def __init__(self, o: Settings) -> None:
        super().__init__(o)
        self.cells = 2 if o["cell"] == "lstm" else 1
        self.first = nn.Linear(self.memory, self.hidden * self.cells)

    def forward(self, memory: Tensor) -> Tensor:
        """Return the state, [B, cell + 2 · width]."""
        all_read = pooled(memory)
        return self.state(memory, torch.tanh(self.first(all_read)), all_read)


class Step(Attending):
    """The state after a decision: the cell takes its embedding and what was attended to."""

    def __init__(self, o: Settings) -> None:
        super().__init__(o)
        size = _size(o, "embed") + self.memory
        self.lstm = o["cell"] == "lstm"
        self.cell = nn.LSTMCell(size, self.hidden) if self.lstm else nn.GRUCell(size, self.hidden)

    def forward(
        self, memory: Tensor, state: Tensor, decision: Tensor, of: Tensor | None = None
    ) -> Tensor:
        """Return the next state; `of` says which row of the memory each row has."""
        inner = self.hidden * (2 if self.lstm else 1)
        cell, context, all_read = torch.split(state, [inner, self.memory, self.memory], -1)
        x = torch.cat((decision, context), -1)
        if self.lstm:
            new = torch.cat(self.cell(x, (cell[:, : self.hidden], cell[:, self.hidden :])), -1)
        else:
            new = self.cell(x, cell)
        return self.state(memory, new, all_read, of)


class Head(nn.Linear):
    """The logits of a decision from a state."""

    def __init__(self, size: int, out: int, drop: float) -> None:
        super().__init__(size, out)
        self.drop = drop

    def forward(self, state: Tensor) -> Tensor:
        """Return logits, [B, K]."""
        return super().forward(nn.functional.dropout(state, self.drop, self.training))


class Decision(nn.Module):
    """The embedding of a decision: the row of an alternative, the mean of rows where it is soft."""

    def __init__(self, size: int, out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(size, out))

    def forward(self, p: Tensor) -> Tensor:
        """Return sum_k p_k W_k; of a truth value, p W_1 + (1 - p) W_0."""
        pairs = torch.stack((1 - p, p), -1) if p.dim() == 1 else p
        return pairs.to(self.weight.dtype) @ self.weight


def _size(o: Settings, name: str) -> int:
    value = o[name]
    assert isinstance(value, int)
    return value


def _sizes(o: Settings) -> list[int]:
    return [n for key, n in o.items() if key.startswith("in ") and isinstance(n, int)]


def _share(o: Settings) -> float:
    value = o["drop"]
    assert isinstance(value, int | float)
    return float(value)


def _mlp(o: Settings) -> nn.Module:
    sizes = (_size(o, "in"), _size(o, "hidden"), _size(o, "out"), _size(o, "layers"))
    return Policy(Mlp(*sizes, str(o["activation"])))


BUILDERS: dict[str, Callable[[Settings], nn.Module]] = {
    "policy linear": lambda o: Policy(nn.Linear(_size(o, "in"), _size(o, "out"))),
    "policy mlp": _mlp,
    "reader lstm": lambda o: Reading("lstm", _sizes(o), o),
    "reader gru": lambda o: Reading("gru", _sizes(o), o),
    "reader conv": lambda o: Reading("conv", _sizes(o), o),
    "controller start": Start,
    "controller step": Step,
    "controller head": lambda o: Head(_size(o, "in"), _size(o, "out"), _share(o)),
    "controller decision": lambda o: Decision(_size(o, "in"), _size(o, "out")),
}
"""The builder of each network of a policy or a controller, by its kind."""

ALONE = frozenset(k for k in BUILDERS if not k.startswith("policy"))
"""What draws random numbers or runs over a sequence: each restart is run by itself."""
