"""Calls: functions at the sizes of their arguments, operations, reductions, `len`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.errors import Label
from diffprog.lang import syntax, typed
from diffprog.lang.check import networks, operations
from diffprog.lang.check.context import BUILTINS, Frame, Signature, Unit, did_you_mean, listed
from diffprog.lang.check.convert import fit
from diffprog.lang.check.sizes import bind, type_of
from diffprog.ops import OPS, REDUCTIONS
from diffprog.types import Array, Int

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOREIGN = {
    "bool": "compare instead: `x != 0`",
    "enumerate": "count the places: `for i in 0 .. len(xs):`",
    "float": "write `real(x)`",
    "length": "write `len(xs)`",
    "mean": "write `sum(xs) / len(xs)`",
    "pow": "multiply: `x * x`",
    "print": "a program only returns; return what you want to see",
    "range": "write `for i in 0 .. n:`",
    "round": "a real does not become an int; compare it, or `pick` a place",
    "softmax": "`pick(scores)` is the place of the best score, softly a softmax",
}


def call(
    frame: Frame,
    e: syntax.Call,
    args: list[typed.Expr] | None,
    where: typed.Expr | None,
    otherwise: typed.Expr | None,
) -> typed.Expr | None:
    """Call whatever has this name; `args` is None if one of them was wrong."""
    name, clauses = e.name, where is not None or otherwise is not None
    unit, own = frame.unit.look_up(name)
    function = unit.functions.get(own)
    reduces = name in REDUCTIONS and (name not in OPS or clauses or len(e.args) == 1)
    net = frame.unit.nets.get(name)
    if not reduces and clauses and (function or net or name in BUILTINS):
        clause = "where" if where is not None else "else"
        frame.error("DP416", f"`{name}` takes no `{clause}`", e.span)
        return None
    if function is not None:
        return _function(frame, unit, function, e, args)
    if net is not None:
        declared = Label(net.span, "declared here")
        if not _counted(frame, e, len(net.signature.params), declared) or args is None:
            return None
        return networks.call(frame, net, args, e.span)
    if name not in BUILTINS:
        _unknown(frame, e)
        return None
    arity = 1 if reduces or name == "len" else OPS[name].arity
    if not _counted(frame, e, arity) or args is None:
        return None
    if name == "len":
        return _length(frame, e, args[0])
    if reduces:
        return operations.reduce(frame, name, args[0], where, otherwise, e.span)
    return operations.apply(frame, name, args, e.span)


def _counted(frame: Frame, e: syntax.Call, arity: int, *others: Label) -> bool:
    if len(e.args) == arity:
        return True
    wanted = "1 argument" if arity == 1 else f"{arity or 'no'} arguments"
    message = f"`{e.name}` takes {wanted}, found {len(e.args)}"
    hint = "`min` and `max` take two numbers or one array" if e.name in ("min", "max") else ""
    if arity == 1 and e.name in REDUCTIONS:
        hint = f"put the values in an array: `{e.name}([a, b])`"
    frame.error("DP207", message, e.span, others=others, help=hint)
    return False


def _unknown(frame: Frame, e: syntax.Call) -> None:
    unit = frame.unit
    if e.name in unit.broken:
        return
    if e.name in OPS:
        hint = f"write it with its sign: `a {OPS[e.name].symbol} b`"
    elif e.name in _FOREIGN:
        hint = _FOREIGN[e.name]
    else:
        hint = _similar(unit, e.name)
    if e.name in frame.scope.variables:
        t = frame.scope.variables[e.name].type
        hint = f"to take a cell write `{e.name}[…]`" if isinstance(t, Array) else hint
        frame.error("DP202", f"`{e.name}` is a variable, not a function", e.span, help=hint)
    elif kind := unit.kind_of(e.name):
        frame.error("DP202", f"`{e.name}` is {kind}, not a function", e.span, help=hint)
    else:
        frame.error("DP202", f"no function is called `{e.name}`", e.span, help=hint)


def _similar(unit: Unit, name: str) -> str:
    """Return a suggestion for the name of a function, or of the module before it."""
    owner, own = unit.look_up(name)
    alias, dot, _ = name.rpartition(".")
    if owner is not unit:
        return did_you_mean(own, owner.functions, f"`{alias}` has {listed(owner.functions)}")
    if dot:
        hint = f"import the module at the top of the file, such as `import std.{alias}`"
        return did_you_mean(alias, unit.modules, hint)
    found = next((alias for alias, m in unit.modules.items() if name in m.functions), None)
    if found is not None:
        return f"of its module: `{found}.{name}`"
    return did_you_mean(name, [*unit.functions, *unit.nets, *BUILTINS])


def _length(frame: Frame, e: syntax.Call, arg: typed.Expr) -> typed.Expr | None:
    if not isinstance(arg.type, Array):
        message = f"`len` counts the cells of an array, but this is `{arg.type}`"
        frame.error("DP401", message, arg.span)
        return None
    n = arg.type.shape[0]
    return typed.Lit(n, type=Int(n, n + 1), span=e.span)


def _function(
    frame: Frame,
    unit: Unit,
    function: syntax.Function,
    e: syntax.Call,
    args: list[typed.Expr] | None,
) -> typed.Expr | None:
    if function.keyword == "program":
        hint = "put what both need into a `fn`"
        frame.error("DP211", "the program itself cannot be called", e.span, help=hint)
        return None
    declared = Label(unit.declared[function.name], "declared here")
    if not _counted(frame, e, len(function.params), declared) or args is None:
        return None
    inside = Frame(unit, function.name, unit.sizes)
    sizes = bind(inside, function.params, [a.type for a in args], e.span)
    types = None if sizes is None else signature(inside, function, sizes)
    if sizes is None or types is None:
        return None
    entered = [
        fit(
            frame,
            arg,
            t,
            f"the argument `{param.name}` of `{e.name}`",
            others=(Label(param.span, f"`{param.name}` is `{t}`"),),
        )
        for arg, param, t in zip(args, function.params, types.params, strict=True)
    ]
    known = tuple(a for a in entered if a is not None)
    if len(known) != len(entered) or function.name in unit.recursive:
        return None
    assert unit.instantiate is not None
    instance = unit.instantiate(unit, function, sizes, types)
    return typed.Call(instance, known, type=types.result, span=e.span)


def signature(
    frame: Frame, function: syntax.Function, sizes: Mapping[str, int]
) -> Signature | None:
    """Return the types of a function's parameters and result, or None after an error."""
    inside = Frame(frame.unit, function.name, sizes)
    params = [type_of(inside, p.type) for p in function.params]
    result = type_of(inside, function.result)
    known = tuple(t for t in params if t is not None)
    if result is None or len(known) != len(params):
        return None
    return Signature(known, result)
