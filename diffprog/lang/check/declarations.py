"""Declarations at the top of a file: sizes, enumerations, constants, functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.errors import Diagnostic, Label
from diffprog.lang import syntax, typed
from diffprog.lang.check import networks
from diffprog.lang.check.constants import constant
from diffprog.lang.check.context import BUILTINS, TYPE_NAMES, Frame, Unit, did_you_mean
from diffprog.lang.check.convert import fit
from diffprog.lang.check.expressions import expression
from diffprog.lang.check.names import choices, name_span, walk
from diffprog.lang.check.sizes import static, type_of
from diffprog.types import Enum

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.errors import Span

_ASSUMED = 4
"""What an unbound size counts as while the rest of the program is looked through."""


def declare(unit: Unit, program: syntax.Program, sizes: Mapping[str, int]) -> None:
    """Enter the declarations of a program; report names taken twice and sizes without a value."""
    unit.ready = True
    _known_sizes(unit, program, sizes)
    _imports(unit, program)
    declared = program.declarations
    functions = program.functions
    for d in [*(d for d in declared if d not in functions), *functions]:
        match d:
            case syntax.Size():
                _size(unit, d, sizes)
            case syntax.EnumDecl():
                _enum(unit, d)
            case syntax.Const():
                _const(unit, d)
            case syntax.Function():
                _function(unit, d)
            case syntax.Import():
                pass
            case syntax.Net() | syntax.Extern():
                _net(unit, d)
    for function in functions:
        _params(unit, function)


def _imports(unit: Unit, program: syntax.Program) -> None:
    """Enter the modules of a file: those that it names first, so that they have these names."""
    for d in program.imports:
        module = program.modules[d.path]
        if _is_free(unit, d.name, d):
            unit.modules[d.name] = unit.known.setdefault(id(module), unit.module(d.name))
    for d in program.imports:
        module = program.modules[d.path]
        if id(module) in unit.known and not unit.known[id(module)].ready:
            declare(unit.known[id(module)], module, {})
            refuse_unknowns(unit, module)


def refuse_unknowns(unit: Unit, module: syntax.Program) -> None:
    """Report what a module cannot have, because a program's learned choices go into its text."""
    for d in module.declarations:
        if isinstance(d, syntax.Net | syntax.Extern):
            hint = "declare it in the program, and hand what it gives to the function"
            unit.report.error("DP310", "a module has no networks of its own", d.span, help=hint)
    for choice in choices(module.declarations):
        hint = "choose in the program, and hand the value to the function"
        unit.report.error("DP310", "a module has no choices of its own", choice.span, help=hint)


def _net(unit: Unit, d: syntax.Net | syntax.Extern) -> None:
    if not _is_free(unit, d.name, d):
        return
    found = networks.net(unit, d) if isinstance(d, syntax.Net) else networks.extern(unit, d)
    if found is None:
        unit.broken.add(d.name)
    else:
        unit.nets[d.name] = found


def _is_free(unit: Unit, name: str, node: syntax.Syntax) -> bool:
    span = name_span(node, name)
    if name in BUILTINS or name in TYPE_NAMES:
        kind = "an operation" if name in BUILTINS else "a type"
        hint = f"choose another name, such as `{name}_`"
        unit.report.error("DP204", f"`{name}` is {kind} of the language", span, help=hint)
        unit.broken.add(name)
        unit.declared.setdefault(name, span)
        return False
    if name in unit.declared:
        others = (Label(unit.declared[name], "first declared here"),)
        hint = "choose another name"
        message = f"`{name}` is declared twice"
        unit.report.error("DP203", message, span, others=others, help=hint)
        return False
    unit.declared[name] = span
    return True


def _known_sizes(unit: Unit, program: syntax.Program, sizes: Mapping[str, int]) -> None:
    names = [d.name for d in program.declarations if isinstance(d, syntax.Size)]
    for name, value in sizes.items():
        if name not in names:
            listed = ", ".join(f"`{n}`" for n in names) or "none"
            hint = did_you_mean(name, names, f"the sizes of this program: {listed}")
            message = f"the program has no size `{name}`"
            unit.report.diagnostics.append(Diagnostic("DP208", message, help=hint))
        elif value < 0:
            message = f"the size `{name}` cannot be {value}"
            unit.report.diagnostics.append(Diagnostic("DP208", message))


def _size(unit: Unit, d: syntax.Size, sizes: Mapping[str, int]) -> None:
    if not _is_free(unit, d.name, d):
        return
    value = sizes.get(d.name)
    if value is None and d.default is None:
        hint = f"give it with `--set {d.name}=3`, by the shape of an input, "
        if unit.name:
            hint = "a signature binds its sizes by itself: take this line away, "
        unit.report.error(
            "DP208",
            f"the size `{d.name}` has no value",
            unit.declared[d.name],
            help=f"{hint}or write `size {d.name} = 3`",
        )
        unit.assumed, value = True, _ASSUMED
    if value is None and d.default is not None:
        value = static(Frame(unit, "", unit.sizes), d.default)
        if value is not None and value < 0:
            message = f"the size `{d.name}` cannot be {value}"
            unit.report.error("DP208", message, d.default.span)
            value = None
    if value is None or value < 0:
        unit.assumed, value = True, _ASSUMED
    unit.sizes[d.name] = value


def _enum(unit: Unit, d: syntax.EnumDecl) -> None:
    if not _is_free(unit, d.name, d):
        return
    for member in dict.fromkeys(d.members):
        if d.members.count(member) > 1:
            message = f"`{d.name}` has the value `{member}` twice"
            unit.report.error("DP203", message, d.span, help="name each value once")
    unit.enums[d.name] = Enum(unit.shown(d.name), tuple(dict.fromkeys(d.members)))


def _const(unit: Unit, d: syntax.Const) -> None:
    if not _is_free(unit, d.name, d):
        return
    unit.broken.add(d.name)
    frame = Frame(unit, d.name, unit.sizes)
    if found := choices(d.value):
        message, hint = "a constant cannot hold a choice", "choose inside the program"
        unit.report.error("DP308", message, found[0].span, help=hint)
        return
    t, value = type_of(frame, d.type), expression(frame, d.value)
    if t is None or value is None:
        return
    others = (Label(d.type.span, f"`{d.name}` is `{t}`"),)
    entered = fit(frame, value, t, f"`{d.name}`", others=others, spread=True)
    known = None if entered is None else constant(frame, entered)
    if known is not None:
        unit.broken.discard(d.name)
        unit.constants[d.name] = typed.Lit(known, type=t, span=d.span)


def _function(unit: Unit, d: syntax.Function) -> None:
    _is_free(unit, d.name, d)
    unit.functions.setdefault(d.name, d)  # also under a name refused, to look inside


def _params(unit: Unit, d: syntax.Function) -> None:
    """Report parameters whose names are taken."""
    seen: dict[str, Span] = {}
    axes = {n.id for p in d.params for n in walk(p.type) if isinstance(n, syntax.Name)}
    for param in d.params:
        span = name_span(param, param.name)
        kind = unit.kind_of(param.name) or (
            "a size of this signature" if param.name in axes else ""
        )
        if param.name in seen:
            others = (Label(seen[param.name], "first here"),)
            message = f"two parameters are called `{param.name}`"
            unit.report.error("DP203", message, span, others=others, help="name them apart")
        elif kind:
            message = f"`{param.name}` is {kind} and cannot be a parameter"
            unit.report.error("DP203", message, span, help="choose another name")
        seen.setdefault(param.name, span)
