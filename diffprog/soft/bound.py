"""Networks met from outside: externs looked at before they are used, and crisp functions.

In: the networks of a module. Out: complaints about a module that is not what its `extern` line
says; functions of plain Python values for the interpreter.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from diffprog.errors import fail
from diffprog.nets import EXTERN, PREFIX, bound_as
from diffprog.soft.inputs import Encoder
from diffprog.soft.learned import load
from diffprog.soft.networks import Layers
from diffprog.types import Array, Enum, Int

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diffprog.lang.typed import Net
    from diffprog.nets import Slot
    from diffprog.soft.networks import Call
    from diffprog.types import Type, Value

ROWS = 3
"""Rows with which an extern is tried."""

CLOSE = 1e-3
"""How far an extern's answer to a row may be from its answer to the same row alone."""


# --- externs --------------------------------------------------------------------------------------


def part(net: Net, module: Any) -> Any:
    """Return what computes an extern: a module, or the part of it that a controller needs.

    Raises:
        DiffprogError: DP326 for a module without that part.
    """
    whose, _, name = net.name.rpartition(":")
    if not whose:
        return module
    found = getattr(module, name, None)
    if not isinstance(found, nn.Module):
        message = f"the controller `{bound_as(net.name)}` is bound to what has no part `{name}`"
        hint = "it is an `nn.Module` with the submodules `read`, `start` and `step`"
        fail("DP326", message, net.span, hint=hint)
    return found


@torch.no_grad()
def remember(net: Net, module: nn.Module, choices: Mapping[str, Any]) -> None:
    """Put the weights that a run has left for an extern into the module that is bound to it.

    Raises:
        DiffprogError: DP327 where they are those of another module.
    """
    for key, parameter in module.named_parameters():
        value = choices.get(f"{PREFIX}{net.name}.{key}")
        if value is None:
            continue
        new = torch.as_tensor(value)
        if new.shape != parameter.shape:
            message = f"the weights `{key}` of `{net.name}` have the shape {tuple(new.shape)}"
            hint = f"those of what is bound to it are {tuple(parameter.shape)}"
            fail("DP327", message, net.span, hint=hint)
        parameter.copy_(new)


def refuse_wrong(net: Net, module: nn.Module) -> None:
    """Run a module that is to be an extern on a few rows, and look at what it gives.

    Raises:
        DiffprogError: DP326 for another shape than the declared one, or rows that depend on one
            another.
    """
    for part in module.modules():
        if isinstance(part, _BatchNorm) or getattr(part, "track_running_stats", False):
            kind = type(part).__name__
            hint = "normalise each row by itself: LayerNorm, GroupNorm"
            message = f"`{net.name}` has a `{kind}`: a row would depend on the others of its batch"
            fail("DP326", message, net.span, hint=hint)
    generator = torch.Generator().manual_seed(0)
    rows = [_sample(slot, module, generator) for _, slot in net.signature.params]
    training = module.training
    module.eval()
    try:
        with torch.no_grad():
            found = _tried(net, module, rows)
            alone = _tried(net, module, [x[:1] for x in rows])
    finally:
        module.train(training)
    for whole, one in zip(found, alone, strict=True):
        gap = (whole[:1] - one).abs().max() if one.numel() else torch.zeros(())
        if float(gap) > CLOSE * (1 + float(one.abs().max() if one.numel() else 0)):
            message = f"`{net.name}` answers a row differently when others stand beside it"
            fail("DP326", message, net.span, hint="it has to treat each row by itself")


def _tried(net: Net, module: nn.Module, rows: list[Tensor]) -> tuple[Tensor, ...]:
    count = len(rows[0]) if rows else 1
    shown = ", ".join(str(tuple(x.shape)) for x in rows)
    try:
        found = module(*rows)
    except Exception as problem:
        first = str(problem).split("\n", 1)[0]
        message = f"`{net.name}` fails on tensors of {shown}: {first}"
        fail("DP326", message, net.span, hint=_expected(net))
    parts = found if isinstance(found, tuple) else (found,)
    wanted = [(count, *_sizes(slot)) for slot in net.signature.results]
    shapes = [tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__ for x in parts]
    if shapes != wanted:
        message = f"`{net.name}` gives {_list(shapes)} for tensors of {shown}"
        fail("DP326", message, net.span, hint=f"{_expected(net)}: {_list(wanted)}")
    return parts


def _list(shapes: list[Any]) -> str:
    return ", ".join(map(str, shapes))


def _expected(net: Net) -> str:
    return f"with {ROWS} rows it has to give what the line says"


def _sizes(slot: Slot) -> tuple[int, ...]:
    return tuple(n for n in slot.shape if isinstance(n, int))


def _sample(slot: Slot, module: nn.Module, generator: torch.Generator) -> Tensor:
    like = next(iter(module.parameters()), torch.zeros(()))
    shape = (ROWS, *_sizes(slot))
    if isinstance(slot.item, Int | Enum):
        places = torch.randint(slot.item.size, shape, generator=generator)
        found = nn.functional.one_hot(places, slot.item.size)
    else:
        found = torch.rand(shape, generator=generator)
    return found.to(like)


# --- crisply --------------------------------------------------------------------------------------


def crisply(
    nets: Mapping[str, Net], choices: Mapping[str, Any], externs: Mapping[str, nn.Module]
) -> dict[str, Callable[..., Value]]:
    """Return networks as functions of plain values; `net` lines compute in double precision."""
    for name, module in externs.items():
        if name in nets:
            refuse_wrong(nets[name], module)
    layers = Layers(nets, externs, None)
    for name, net in nets.items():
        layer = layers.layer(name)
        if net.kind != EXTERN and layer is not None:
            layer.double().eval()  # nothing is left out where a program is run
    load(layers, choices)
    return {name: partial(_crisply, nets[name], call) for name, call in layers.calls(0).items()}


@torch.no_grad()
def _crisply(net: Net, call: Call, *args: Value) -> Value:
    assert isinstance(call.module, nn.Module)
    like = next(iter(call.module.parameters()), torch.zeros((), dtype=torch.float64))
    encoder = Encoder(net.name, net.span, like.detach())
    tensors = [
        x
        for arg, (_, slot) in zip(args, net.signature.params, strict=True)
        for x in encoder.encode(arg, _type(slot, arg))
    ]
    found = call(*tensors)
    if isinstance(found, tuple):
        return tuple(part.tolist() for part in found)
    value: Value = found.tolist()
    return value


def _type(slot: Slot, value: Value) -> Type:
    """Return the type of an argument of a slot, open axes as long as the value has them."""
    shape, inside = [], value
    for _ in slot.shape:
        assert isinstance(inside, list)
        shape.append(len(inside))
        inside = inside[0] if inside else 0
    return Array(tuple(shape), slot.item) if shape else slot.item
