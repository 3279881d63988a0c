"""Modules checked by themselves: every function, at sizes made up for it.

In: the syntax of a file without a `program`. Out: its warnings, or all of its errors. In a
program only what is called is looked at, at the sizes of the call.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from diffprog.errors import DiffprogError
from diffprog.lang import syntax
from diffprog.lang.check.calls import signature
from diffprog.lang.check.context import Frame, Unit
from diffprog.lang.check.declarations import refuse_unknowns
from diffprog.lang.check.names import walk
from diffprog.lang.check.program import deep, unit_of
from diffprog.lang.check.unused import warn_unread

if TYPE_CHECKING:
    from diffprog.errors import Diagnostic

LEAST = 3
"""The first size made up; each further one is larger, so that axes that differ clash."""


def check_module(module: syntax.Program) -> tuple[Diagnostic, ...]:
    """Check a module and return its warnings.

    Raises:
        DiffprogError: with every error that its functions have at the sizes made up.
    """
    with deep():
        unit, instances = unit_of(module, {})
        refuse_unknowns(unit, module)
        for function in module.functions:
            sizes = {**unit.sizes, **_made_up(unit, function)}
            types = signature(Frame(unit, function.name, sizes), function, sizes)
            if types is not None and not unit.report.errors:
                instances.get(unit, function, sizes, types)
            warn_unread(unit, function)
    unit.report.drop_warnings(lambda span: span.source is not module.span.source)
    if unit.report.errors:
        raise DiffprogError(*unit.report.errors)
    return unit.report.warnings


def _made_up(unit: Unit, function: syntax.Function) -> dict[str, int]:
    """Return a size for each name that the parameters' types bind."""
    names = [n.id for p in function.params for n in walk(p.type) if isinstance(n, syntax.Name)]
    free = [n for n in dict.fromkeys(names) if n not in unit.constants and n not in unit.sizes]
    return dict(zip(free, count(LEAST), strict=False))
