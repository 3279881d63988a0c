"""The holes of a module: parameters, their weights, the choices that they amount to.

In: holes by key. Out: logits as parameters, and choices as plain numbers, both ways.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from diffprog.soft.kernels import choice, temperature
from diffprog.types import Array, Bool, Enum, Int, Real

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.lang.typed import Hole

GAP = 1e4
"""How far a choice's logit stands above the others when it is put in.

Their weights are exactly 0.
"""

NOISE = 0.1
"""The spread of the first logits.

Enough to tell restarts apart, little enough to prefer nothing.
"""

SCREEN = 20
"""How many holes `repr` shows."""


class Choices(nn.Module):
    """The holes of a program as parameters, named after the source.

    Attributes:
        holes: logits ``[restarts, *sizes of given, *shape, alternatives]`` by key (with `:` for
            `.`); reals as they are.
        labels: of the decisions of networks by key, how the program writes the alternatives.
        restarts: the size of the leading axis of each of them, None for no such axis.
    """

    choice_temperature: float | Tensor

    def __init__(self, holes: Mapping[str, Hole], restarts: int | None) -> None:
        super().__init__()
        self.hole_types = dict(holes)
        self.labels: dict[str, tuple[str, ...]] = {}
        self.restarts = restarts
        lead = () if restarts is None else (restarts,)
        self.holes = nn.ParameterDict(
            {
                key.replace(".", ":"): nn.Parameter(torch.zeros((*lead, *sizes(h))))
                for key, h in holes.items()
            }
        )
        self.register_buffer("_like", torch.zeros(()), persistent=False)

    @property
    def like(self) -> Tensor:
        """A zero of the module's type on its device."""
        found = self._buffers["_like"]  # by its name it is found last, after all else
        assert found is not None
        return found

    def hole(self, key: str) -> Tensor:
        """Return the logits of a hole (the numbers themselves for a `learn` of reals).

        They are its parameter, or the tensor that `torch.func.functional_call` puts in its place.
        """
        name = key.replace(".", ":")
        found = self.holes._parameters.get(name)  # by its name it is found after much else
        if found is None:
            found = self.holes[name]
        assert isinstance(found, Tensor)
        return found

    def logits(self, lead: int) -> dict[str, Tensor]:
        """Return the logits of all holes, restarts standing left of `lead` other leading axes."""
        found = {key: self.hole(key) for key in self.hole_types}
        return found if self.restarts is None or not lead else aside(found, lead)

    @torch.no_grad()
    def reset(self, seed: int | torch.Generator = 0, *, noise: float = NOISE) -> None:
        """Draw all logits and learned reals anew, from a normal distribution of spread `noise`.

        They are drawn on the CPU in double precision: a seed means the same on every device.
        """
        generator = (
            seed if isinstance(seed, torch.Generator) else torch.Generator().manual_seed(seed)
        )
        for parameter in self.holes.values():
            if parameter.is_meta:
                continue
            drawn = torch.randn(
                parameter.shape, generator=generator, dtype=torch.float64, device="cpu"
            )
            parameter.copy_(drawn * noise)

    def weights(self) -> dict[str, Tensor]:
        """Return the weights of each hole's alternatives, on the last axis.

        Learned reals as they are.
        """
        t = temperature(self.choice_temperature)
        return {
            key: self.hole(key) if hole.kind == "real" else choice(self.hole(key), t)
            for key, hole in self.hole_types.items()
        }

    @torch.no_grad()
    def harden(self, restart: int | None = None) -> dict[str, Any]:
        """Return the best alternative of each hole, as nested lists of numbers.

        A learned real is itself. With restarts: those of one, or lists over all of them.
        """
        found: dict[str, Any] = {}
        for key, hole in self.hole_types.items():
            value: Tensor = self.hole(key)
            if self.restarts is not None and restart is not None:
                value = value[restart]
            found[key] = value.tolist() if hole.kind == "real" else value.argmax(-1).tolist()
        return found

    @torch.no_grad()
    def load_choices(self, choices: Mapping[str, Any], restart: int | None = None) -> None:
        """Put choices in, so that their weights are exactly 1 (in all restarts, or in one)."""
        for key, chosen in choices.items():
            hole, parameter = self.hole_types[key], self.hole(key)
            target = parameter if restart is None else parameter[restart]
            if hole.kind == "real":
                target.copy_(torch.as_tensor(chosen, dtype=parameter.dtype).to(parameter.device))
                continue
            places = torch.as_tensor(chosen, device=parameter.device).long()[..., None]
            alternatives = torch.arange(parameter.shape[-1], device=parameter.device)
            target.copy_(torch.where(places == alternatives, 0.0, -GAP))

    @torch.no_grad()
    def load_weights(self, weights: Mapping[str, Any]) -> None:
        """Put in the weights of holes, as softmaxed at `choice_temperature` 1.

        Args:
            weights: by key, the alternatives on the last axis; of a learned real, the reals.
        """
        for key, given in weights.items():
            parameter = self.hole(key)
            found = torch.as_tensor(given, dtype=torch.float64).to(parameter)
            real = self.hole_types[key].kind == "real"
            logits = torch.where(found > 0, found.log(), -GAP)
            parameter.copy_(found if real else logits)

    def extra_repr(self) -> str:
        """Return one line for each hole: its alternative in the lead and that one's weight."""
        if any(p.is_meta for p in self.holes.values()):
            return ""
        lines = [self._line(key, hole) for key, hole in list(self.hole_types.items())[:SCREEN]]
        more = len(self.hole_types) - SCREEN
        return "\n".join([*lines, f"… and {more} more"] if more > 0 else lines)

    def _line(self, key: str, hole: Hole) -> str:
        if hole.kind == "real":
            return f"{key}: {hole.type}"
        weights = self.weights()[key].detach()
        weights = weights.reshape(-1, *weights.shape[-1:])
        best, place = weights.max(-1)
        if len(best) == 1:
            return f"{key}: {label(hole, int(place[0]))} ({float(best[0]):.2f} of 1)"
        lead = f"leading weight {float(best.mean()):.2f}"
        return f"{key}: {len(best)} choices of {weights.shape[-1]}, {lead}"


def aside(logits: Mapping[str, Tensor], lead: int) -> dict[str, Tensor]:
    """Return logits of restarts, which then stand left of `lead` other leading axes."""
    return {k: x.reshape(x.shape[0], *(1,) * lead, *x.shape[1:]) for k, x in logits.items()}


def sizes(hole: Hole) -> tuple[int, ...]:
    """Return the shape of a hole's parameter, without restarts."""
    shape = hole.type.shape if isinstance(hole.type, Array) else ()
    item = hole.type.item if isinstance(hole.type, Array) else hole.type
    given = [t.size for t in hole.given if isinstance(t, Bool | Int | Enum)]
    own = () if isinstance(item, Real) else (_size(item),)
    return (*given, *shape, *own)


def _size(item: object) -> int:
    assert isinstance(item, Bool | Int | Enum)
    return item.size


def label(hole: Hole, place: int) -> str:
    """Return an alternative as the source writes it."""
    if place < len(hole.labels):
        return hole.labels[place]
    item = hole.type.item if isinstance(hole.type, Array) else hole.type
    return (
        str(item.decode(item.values()[place]))
        if isinstance(item, Bool | Int | Enum)
        else str(place)
    )
