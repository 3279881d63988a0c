"""Networks: the lines that declare them, and the calls of them.

In: `net` and `extern` lines, calls. Out: `typed.Net`, `typed.NetCall`. A network is called like a
function; like an operation it lifts: with further axes before those it asks for, it is applied
along them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.errors import Label
from diffprog.lang import syntax, typed
from diffprog.lang.check.context import Frame, did_you_mean
from diffprog.lang.check.convert import fit, shown
from diffprog.lang.check.sizes import static, type_of
from diffprog.nets import EXTERN, KINDS, Open, Signature, slot
from diffprog.types import REAL, Array, Tuple, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.errors import Span
    from diffprog.lang.check.context import Unit
    from diffprog.nets import Kind, Option, Setting, Slot

MOST_CELLS = 100_000_000
"""Cells of one layer; more is refused before any memory is taken."""


# --- declarations ---------------------------------------------------------------------------------


def net(unit: Unit, d: syntax.Net) -> typed.Net | None:
    """Check ``net name = kind(options)``."""
    frame = Frame(unit, d.name, unit.sizes)
    kind = KINDS.get(d.network.name)
    if kind is None:
        listed = "the kinds are " + ", ".join(KINDS)
        hint = did_you_mean(d.network.name, KINDS, listed)
        message = f"no kind of network is called `{d.network.name}`"
        frame.error("DP216", message, d.network.span, help=hint)
        return None
    settings = options(frame, kind, d.network)
    if settings is None:
        return None
    return typed.Net(
        d.name, kind.name, tuple(settings.items()), kind.signature(settings), span=d.span
    )


def options(frame: Frame, kind: Kind, network: syntax.Network) -> dict[str, Setting] | None:
    """Check the options of a network; None after an error."""
    known = {o.name: o for o in kind.options}
    listed = ", ".join(f"`{n}`" for n in known)
    found: dict[str, Setting] = {o.name: o.default for o in kind.options}
    fine, seen = True, set[str]()
    for name, value in network.options:
        if name not in known:
            hint = did_you_mean(name, known, f"its options are {listed}")
            frame.error("DP217", f"`{kind.name}` has no option `{name}`", value.span, help=hint)
        elif name in seen:
            frame.error("DP217", f"the option `{name}` is given twice", value.span)
        elif (setting := _setting(frame, known[name], value)) is not None:
            found[name] = setting
            seen.add(name)
            continue
        seen.add(name)
        fine = False
    for name, option in known.items():
        if option.needed and name not in seen:
            message = f"`{kind.name}` needs the option `{name}`"
            hint = f"`{name} = …`: {option.doc}"
            frame.error("DP217", message, network.span, help=hint)
            fine = False
    return found if fine else None


def _setting(frame: Frame, option: Option, value: syntax.Expr) -> Setting:
    match option.sort, value:
        case "flag", syntax.Literal(bool(flag)):
            return flag
        case "word", syntax.Name(word) if word in option.words:
            return word
        case "size", _:
            return _size(frame, option, value)
        case "count", _:
            return _size(frame, option, value, 0)
        case "share", syntax.Literal(int() | float() as share) if 0 <= share < 1:
            return float(share)
        case "scale", syntax.Literal(int() | float() as scale) if scale > 0:
            return float(scale)
        case "share", _:
            wanted = "a number from 0 to below 1"
        case "scale", _:
            wanted = "a number above 0"
        case "flag", _:
            wanted = "`true` or `false`"
        case _:
            wanted = "one of " + ", ".join(f"`{w}`" for w in option.words)
    frame.error("DP217", f"the option `{option.name}` is {wanted}", value.span)
    return None


def _size(frame: Frame, option: Option, value: syntax.Expr, least: int = 1) -> int | None:
    number = static(frame, value, f"the option `{option.name}`")
    if number is not None and not least <= number <= MOST_CELLS:
        message = f"the option `{option.name}` cannot be {number}"
        hint = f"it is a number from {least} to {MOST_CELLS:,}"
        frame.error("DP217", message, value.span, help=hint)
        return None
    return number


def extern(unit: Unit, d: syntax.Extern) -> typed.Net | None:
    """Check ``extern name(params) -> type``."""
    frame = Frame(unit, d.name, unit.sizes)
    params = [_slot(frame, p.name, p.type) for p in d.params]
    result = type_of(frame, d.result)
    if result is not None and not _are_real(result):
        hint = "`pick(scores)` makes a distribution of scores, `chance(p)` a truth value"
        message = f"a network gives reals, but this is `{result}`"
        frame.error("DP218", message, d.result.span, help=hint)
        return None
    known = [p for p in params if p is not None]
    if result is None or len(known) != len(params):
        return None
    results = result.items if isinstance(result, Tuple) else (result,)
    signature = Signature(tuple(known), tuple(map(slot, results)))
    return typed.Net(d.name, EXTERN, (), signature, span=d.span)


def _slot(frame: Frame, name: str, t: syntax.TypeExpr) -> tuple[str, Slot] | None:
    found = type_of(frame, t)
    if isinstance(found, Tuple):
        hint = "give each part a parameter of its own"
        frame.error("DP218", "a network takes no tuples", t.span, help=hint)
        return None
    return None if found is None else (name, slot(found))


def _are_real(t: Type) -> bool:
    items = t.items if isinstance(t, Tuple) else (t,)
    return all((i.item if isinstance(i, Array) else i) == REAL for i in items)


# --- calls ----------------------------------------------------------------------------------------


def call(
    frame: Frame, net: typed.Net, args: Sequence[typed.Expr], span: Span
) -> typed.NetCall | None:
    """Apply a network to as many arguments as it takes."""
    params = net.signature.params
    extra = _lifted(net, args)
    lengths: dict[str, int] = {}
    entered: list[typed.Expr] = []
    for (name, wanted), arg in zip(params, args, strict=True):
        what, others = f"the argument `{name}` of `{net.name}`", (_declared(net),)
        own = _own(arg.type, len(extra), wanted)
        if own is None:
            _wrong_rank(frame, f"{what} is `{wanted}`", arg, others)
            return None
        for axis, n in zip(wanted.shape, own, strict=True):
            if isinstance(axis, Open):
                lengths.setdefault(axis.name, n)
        found = fit(frame, arg, wanted.at(lengths, extra), what, others=others)
        if found is not None:
            entered.append(found)
    if len(entered) != len(args):
        return None
    t = net.signature.result(lengths, extra)
    return typed.NetCall(net, tuple(entered), len(extra), type=t, span=span)


def _shape(t: Type) -> tuple[int, ...]:
    return t.shape if isinstance(t, Array) else ()


def _lifted(net: typed.Net, args: Sequence[typed.Expr]) -> tuple[int, ...]:
    """Return the axes along which a call applies its network: those too many of the first."""
    for (_, wanted), arg in zip(net.signature.params, args, strict=True):
        shape = _shape(arg.type)
        return shape[: max(0, len(shape) - len(wanted.shape))]
    return ()


def _own(t: Type, extra: int, wanted: Slot) -> tuple[int, ...] | None:
    shape = _shape(t)
    fine = len(shape) == extra + len(wanted.shape) and not isinstance(t, Tuple)
    return shape[extra:] if fine else None


def _wrong_rank(frame: Frame, message: str, arg: typed.Expr, others: tuple[Label, ...]) -> None:
    message = f"{message}, but this is {shown(arg.type)}"
    hint = "all arguments have the same axes before their own, or none"
    frame.error("DP404", message, arg.span, others=others, help=hint)


def _declared(net: typed.Net) -> Label:
    return Label(net.span, "declared here")
