"""The networks of a module: their layers, and how the generated source calls them.

In: `net` and `extern` lines, the modules that the caller binds. Out: layers as parameters named
after the source, and functions of soft values with free leading axes. A layer itself works on rows
with one leading axis; here the leading axes become one, and with restarts each has weights of its
own, on a leading axis of every parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from diffprog.errors import fail
from diffprog.nets import EXTERN, bound_as
from diffprog.soft import deciders
from diffprog.soft import layers as plain
from diffprog.soft.leads import applied, each, one_by_one, rows, together, unflat
from diffprog.soft.shown import Shown, shown
from diffprog.soft.writer import Term
from diffprog.types import Tuple, trail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from diffprog.ir.graph import Network
    from diffprog.lang.typed import Net
    from diffprog.nets import Slot
    from diffprog.soft.emitter import Emitter


BUILDERS = {**plain.BUILDERS, **deciders.BUILDERS}
"""The builder of every kind of network."""
ALONE = plain.ALONE | deciders.ALONE
"""Kinds of which each restart is run by itself."""


class Layers(nn.Module):
    """The networks of a module by name: those of `net` lines, and the externs that are bound."""

    def __init__(
        self, nets: Mapping[str, Net], externs: Mapping[str, nn.Module], restarts: int | None
    ) -> None:
        super().__init__()
        self.lines, self.restarts = dict(nets), restarts
        self._keys = {name: _key(name) for name in nets}
        self._axes = {
            name: tuple(own_axes(slot) for _, slot in net.signature.params)
            for name, net in nets.items()
        }
        for name, net in nets.items():
            made = externs.get(name) if net.kind == EXTERN else built(net, restarts, 0)
            if made is not None:
                self.add_module(self._keys[name], made)

    def layer(self, name: str) -> nn.Module | None:
        """Return the module of a network, None for an extern that is not bound."""
        return self._modules.get(self._keys[name])

    def named_weights(self, name: str) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield the parameters of a network, by their names in it."""
        layer = self.layer(name)
        return iter(()) if layer is None else layer.named_parameters()

    def each(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield the parameters of all networks, externs too, by ``cell.weight_ih``."""
        for name in self.lines:
            for own, parameter in self.named_weights(name):
                yield f"{name}.{own}", parameter

    def place(self, path: str) -> tuple[nn.Module, str]:
        """Return the module that holds a parameter, and its name there."""
        name, _, rest = path.partition(".")
        layer = self.layer(name)
        assert layer is not None
        owner, _, own = rest.rpartition(".")
        return layer.get_submodule(owner), own

    @torch.no_grad()
    def reset(self, generator: torch.Generator) -> None:
        """Draw the weights of all `net` lines anew, one after another."""
        for name, net in self.lines.items():
            layer = self.layer(name)
            if net.kind == EXTERN or layer is None:
                continue
            seed = int(torch.randint(2**31, (), generator=generator, device="cpu"))
            drawn = built(net, self.restarts, seed)
            for own, new in zip(layer.parameters(), drawn.parameters(), strict=True):
                if not own.is_meta:
                    own.copy_(new)

    def calls(self, lead: int) -> dict[str, Call]:
        """Return the networks as the generated source calls them, with `lead` leading axes."""
        found = {}
        watched = nn.modules.module._has_any_global_hook()  # type: ignore[no-untyped-call]
        for name, net in self.lines.items():
            layer = self.layer(name)
            if layer is None:
                name = bound_as(name)
                hint = f"bind it: `program.using({name}=module)`"
                fail("DP325", f"nothing is bound to `{name}`", net.span, hint=hint)
            restarts = None if net.kind == EXTERN else self.restarts
            as_module = watched or restarts is not None or net.kind == EXTERN
            run = layer if as_module else taken(layer)
            found[name] = Call(run, layer, self._axes[name], restarts, lead, net.kind in ALONE)
        return found


def _key(name: str) -> str:
    """Return the name of a submodule: some words are methods of every module."""
    return f"{name}_" if hasattr(nn.Module, name) or name in ("lines", "restarts") else name


# --- as source ------------------------------------------------------------------------------------


def called(em: Emitter, node: Network, args: Sequence[Term]) -> str:
    """Return the code of a call."""
    if (code := shown(em, node, args)) is not None:
        return code
    lifted = [f"lifted={node.lifted}"] if node.lifted else []
    return f"nets[{node.name!r}]({', '.join([*em.tensors(args), *lifted])})"


def unpacked(em: Emitter, node: Network, args: Sequence[Term]) -> dict[int, Term]:
    """Write a call with several results, and return them by place."""
    assert isinstance(node.type, Tuple)
    names = [em.writer.fresh(node.name) for _ in node.type.items]
    em.writer.line(f"{', '.join(names)} = {called(em, node, args)}")
    return {i: Term(n, t) for i, (n, t) in enumerate(zip(names, node.type.items, strict=True))}


# --- as layers ------------------------------------------------------------------------------------


def built(net: Net, restarts: int | None, seed: int) -> nn.Module:
    """Return the layer of a `net` line, its first weights drawn by a seed.

    They are as `torch.nn` draws them, or as the option `spread` says. With restarts each parameter
    has a leading axis, and each place of it its own draw.
    """
    settings, builder = dict(net.options), BUILDERS[net.kind]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = [builder(settings) for _ in range(restarts or 1)]
        if (spread := settings.get("spread")) is not None:
            for layer in layers:
                _spread(layer, float(spread))
    if restarts is None:
        return layers[0]
    names = [name for name, _ in layers[0].named_parameters()]
    for name in names:
        owner = layers[0].get_submodule(name.rpartition(".")[0])
        together = torch.stack([layer.get_parameter(name).detach() for layer in layers])
        owner.register_parameter(name.rpartition(".")[2], nn.Parameter(together))
    return layers[0]


@torch.no_grad()
def _spread(layer: nn.Module, bound: float) -> None:
    for name, parameter in layer.named_parameters():
        if name.startswith("bias"):
            parameter.zero_()
        else:
            parameter.uniform_(-bound, bound)


def taken(layer: nn.Module) -> Callable[..., Any]:
    """Return what a layer computes with the weights that it has now.

    The layer itself where it does not say so by `taken`, or somebody watches its calls.
    """
    if layer._forward_hooks or layer._forward_pre_hooks:
        return layer
    if layer._backward_hooks or layer._backward_pre_hooks:
        return layer
    take = getattr(type(layer), "taken", None)
    return layer if take is None else take(layer)


@dataclass(slots=True)
class Call:
    """A network as the generated source calls it.

    Attributes:
        run: works on rows.
        module: what holds the weights, if one does.
        own: how many axes of each argument are not leading ones.
        restarts: how many sets of weights the module has; None where it has one for all.
        lead: how many leading axes stand right of the one of the restarts.
        alone: whether each restart is run by itself.
    """

    run: Callable[..., Any]
    module: nn.Module | None
    own: tuple[int, ...]
    restarts: int | None
    lead: int
    alone: bool = False

    def __call__(self, *tensors: Tensor, lifted: int = 0) -> Any:
        """Apply the network to soft values, along all their leading axes and `lifted` others."""
        if self.restarts is None:
            return applied(self.run, self.own, tensors)
        pairs = list(zip(tensors, self.own, strict=True))
        lead = together([x.shape[: x.dim() - n] for x, n in pairs])
        return self._restarted(pairs, lead, self.lead + lifted)

    def shown(self, part: Tensor, span: tuple[int, int, int], *, alike: bool = False) -> Shown:
        """Show a cell, for good, a part of its input: from a place to another of so many."""
        assert self.module is not None
        whole = self.restarts is not None or self.run is self.module
        return Shown(self, self.module, part, span, alike=alike, whole=whole)

    def _restarted(
        self, pairs: Sequence[tuple[Tensor, int]], lead: tuple[int, ...], right: int
    ) -> Any:
        """Give each restart its rows; the axis of the restarts has `right` others after it."""
        assert isinstance(self.module, nn.Module)
        assert self.restarts is not None
        lead = (1,) * (right + 1 - len(lead)) + lead
        at = len(lead) - right - 1
        whole = (*lead[:at], self.restarts, *lead[at + 1 :])
        others = (*lead[:at], *lead[at + 1 :])
        given = tuple(rows(x, whole, n, at, split=True) for x, n in pairs)
        weights = dict(self.module.named_parameters())
        run = partial(functional_call, self.module)
        found = (one_by_one(run) if self.alone else vmap(run))(weights, given)
        return each(found, lambda y: unflat(y, 1, others).movedim(0, at))


def own_axes(slot: Slot) -> int:
    """Return how many trailing axes a value of a slot has."""
    return len(slot.shape) + trail(slot.item)
