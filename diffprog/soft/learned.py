"""What a module learns: the logits of its holes, its reals, the weights of its networks.

In: holes and networks. Out: parameters named after the source, drawn by a seed, and as plain
choices and arrays by key, both ways.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import torch
from torch import Tensor, nn

from diffprog.errors import fail
from diffprog.nets import EXTERN, PREFIX
from diffprog.soft.choices import NOISE, Choices
from diffprog.soft.networks import Layers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diffprog.lang.typed import Hole, Net
    from diffprog.soft.networks import Call


class Learned(Choices):
    """The holes and the networks of a program.

    Attributes:
        nets: the layers by name.
    """

    def __init__(
        self,
        holes: Mapping[str, Hole],
        nets: Mapping[str, Net],
        externs: Mapping[str, nn.Module],
        restarts: int | None,
    ) -> None:
        super().__init__(holes, restarts)
        self.nets = Layers(nets, externs, restarts)

    @torch.no_grad()
    def reset(self, seed: int | torch.Generator = 0, *, noise: float = NOISE) -> None:
        """Draw all logits, learned reals and weights of networks anew.

        The first two from a normal distribution of spread `noise`, the last as `torch.nn` does.
        """
        generator = (
            seed if isinstance(seed, torch.Generator) else torch.Generator().manual_seed(seed)
        )
        super().reset(generator, noise=noise)
        self.nets.reset(generator)

    def calls(self, lead: int) -> dict[str, Call]:
        """Return the networks as the generated source calls them, with `lead` leading axes."""
        layers = self._modules["nets"]  # by its name it is found last, after all else
        assert isinstance(layers, Layers)
        return layers.calls(lead)

    def network_weights(self, restart: int | None = None) -> dict[str, Any]:
        """Return the weights of the `net` lines as arrays, keyed ``nets.cell.weight_ih``."""
        return weights(self.nets, restart)

    def network_parameters(self) -> dict[str, Tensor]:
        """Return the live parameters of all networks, externs too, keyed alike."""
        return {f"{PREFIX}{name}": p for name, p in self.nets.each()}

    @contextmanager
    def given(self, weights: Mapping[str, Tensor]) -> Iterator[None]:
        """Compute with other weights than the networks' own while it lasts.

        Args:
            weights: by key, of the shapes of `network_parameters`; gradients go to them.
        """
        places = [(key, *self.nets.place(key.removeprefix(PREFIX))) for key in weights]
        before = [owner._parameters[name] for _, owner, name in places]
        for key, owner, name in places:
            owner._parameters[name] = weights[key]  # type: ignore[assignment]
        try:
            yield
        finally:
            for (_, owner, name), own in zip(places, before, strict=True):
                owner._parameters[name] = own

    @torch.no_grad()
    def load_choices(self, choices: Mapping[str, Any], restart: int | None = None) -> None:
        """Put choices in, so that their weights are exactly 1, and weights of networks.

        Raises:
            DiffprogError: DP330 for a choice that is no hole of the module, DP327 for weights
                that are not those of its networks.
        """
        load(self.nets, choices, restart)
        own = {k: v for k, v in choices.items() if not k.startswith(PREFIX)}
        for key in own:
            if key not in self.hole_types:
                refuse(key, self.nets.lines)
        super().load_choices(own, restart)


def refuse(key: str, nets: Mapping[str, Net]) -> NoReturn:
    """Complain of a choice that a module has no logits for (DP330)."""
    network = nets.get(key.replace(".", ":"))
    if network is None:
        fail("DP330", f"the module has no hole `{key}`", hint="its holes: `module.hole_types`")
    message = f"`{key}` has no weights of its own: a network decides it each time it is met"
    hint = "to follow a list of decisions run crisply: `program.decide(choices).run(…)`"
    fail("DP330", message, network.span, hint=hint)


def weights(layers: Layers, restart: int | None = None) -> dict[str, Any]:
    """Return the weights of all `net` lines as NumPy arrays by key, those of one restart."""
    found = {}
    for name, net in layers.lines.items():
        if net.kind == EXTERN:
            continue
        for key, parameter in layers.named_weights(name):
            value = parameter.detach() if restart is None else parameter.detach()[restart]
            found[f"{PREFIX}{name}.{key}"] = value.cpu().numpy().copy()
    return found


@torch.no_grad()
def load(layers: Layers, given: Mapping[str, Any], restart: int | None = None) -> None:
    """Put weights in, in all restarts or in one.

    Raises:
        DiffprogError: DP327 where they are not those of the program's networks.
    """
    for name, net in layers.lines.items():
        if net.kind == EXTERN:
            continue
        for key, parameter in layers.named_weights(name):
            value = given.get(f"{PREFIX}{name}.{key}")
            if value is None:
                continue
            new = torch.as_tensor(value)
            own = parameter.shape if layers.restarts is None else parameter.shape[1:]
            if new.shape != own:
                message = f"the weights `{key}` of `{name}` have the shape {tuple(new.shape)}"
                hint = f"this program's are {tuple(own)}"
                fail("DP327", message, net.span, hint=hint)
            (parameter if restart is None else parameter[restart]).copy_(new)
