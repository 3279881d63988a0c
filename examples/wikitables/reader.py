"""The controller: it reads a question and the columns of a table, and attends to both.

In: words by distributions, numbers about columns. Out: a memory with a place for each word and for
each column; a state that holds a cell, what of the question it attends to, and how well each column
fits that. Heads of the program read the state.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from examples.wikitables.questions import BLANK, COLUMNS, HINTS, LENGTH, TITLE

EMBED, MEMORY, HIDDEN, DECISION = 64, 64, 64, 32
STATE = HIDDEN + MEMORY + COLUMNS
"""What `ask.dp` calls `memory`, `state` and `embed` (of a decision) is as wide."""
FAR = -1e30
SHARP = 4.0
"""Scores of columns are so much larger than a dot product of unit size, to be heard at once."""


class Reader(nn.Module):
    """A controller of the kind `module`.

    Args:
        words: how many there are.
        drop: the share of the words that training leaves out.
    """

    def __init__(self, words: int, drop: float = 0.1) -> None:
        super().__init__()
        self.read = Read(words, drop)
        self.start = Start()
        self.step = Step()


class Read(nn.Module):
    """The memory: a vector for each word, and for each column from its name."""

    def __init__(self, words: int, drop: float) -> None:
        super().__init__()
        self.words = nn.Parameter(torch.randn(words, EMBED) * 0.3)
        self.over = nn.GRU(EMBED, MEMORY // 2, batch_first=True, bidirectional=True)
        self.alike = nn.Linear(EMBED, EMBED, bias=False)
        nn.init.eye_(self.alike.weight)
        self.column = nn.Linear(EMBED + HINTS + 1, MEMORY)
        self.drop = drop

    def forward(self, question: Tensor, names: Tensor, about: Tensor) -> Tensor:
        """Return [B, length + columns · title + columns, memory].

        The last number of a word's vector says whether it is there; names have no places.
        """
        there = 1 - question[..., BLANK : BLANK + 1]
        asked = question @ self.words
        if self.training:
            asked = asked * (torch.rand_like(asked[..., :1]) >= self.drop)
        titles = names.reshape(len(names), COLUMNS, TITLE, -1)
        some = 1 - titles[..., BLANK : BLANK + 1]
        named = (titles @ self.words * some).sum(2) / some.sum(2).clamp_min(1)
        scores = self.alike(named) @ asked.transpose(1, 2) + (1 - there).transpose(1, 2) * FAR
        near = scores.amax(-1, keepdim=True).clamp_min(-9)
        columns = torch.tanh(self.column(torch.cat((named, about.to(named), near), -1)))
        columns = columns * about[..., -1:].to(named)
        nothing = columns.new_zeros(len(names), COLUMNS * TITLE, MEMORY)
        read, _ = self.over(asked * there)
        words = torch.cat((read[..., :-1] * there, there), -1)
        return torch.cat((words, nothing, columns), 1)


class Attending(nn.Module):
    """What start and step share."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(HIDDEN, MEMORY)
        self.fits = nn.Linear(HIDDEN + MEMORY, MEMORY)

    def attends(self, memory: Tensor, state: Tensor) -> Tensor:
        """Return the weight of each word, [B, length]; a state begins with its cell."""
        words = memory[:, :LENGTH]
        scores = (words @ self.query(state[:, :HIDDEN]).unsqueeze(-1)).squeeze(-1) / MEMORY**0.5
        return torch.softmax(scores + (1 - words[..., -1]) * FAR, -1)

    def state(self, memory: Tensor, inner: Tensor) -> Tensor:
        """Return the state whose cell holds `inner`."""
        words, columns = memory[:, :LENGTH], memory[:, -COLUMNS:]
        context = (self.attends(memory, inner).unsqueeze(1) @ words).squeeze(1)
        wanted = self.fits(torch.cat((inner, context), -1)).unsqueeze(-1)
        scores = (columns @ wanted).squeeze(-1) * (SHARP / MEMORY**0.5)
        return torch.cat((inner, context, scores), -1)


class Start(Attending):
    """The state before the first decision."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(MEMORY, HIDDEN)

    def forward(self, memory: Tensor) -> Tensor:
        """Return the state, [B, state]."""
        words = memory[:, :LENGTH]
        best = (words + (words[..., -1:] - 1) * 2).amax(1)
        return self.state(memory, torch.tanh(self.first(best)))


class Step(Attending):
    """The state after a decision."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRUCell(DECISION + MEMORY, HIDDEN)

    def forward(self, memory: Tensor, state: Tensor, decision: Tensor) -> Tensor:
        """Return the next state, [B, state]."""
        inner, context, _ = torch.split(state, [HIDDEN, MEMORY, COLUMNS], -1)
        return self.state(memory, self.cell(torch.cat((decision, context), -1), inner))
