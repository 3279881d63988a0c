"""Whole programs: declarations, function instances, and what is told at the end."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from diffprog.errors import DiffprogError, Report
from diffprog.lang import syntax, typed
from diffprog.lang.check.calls import signature
from diffprog.lang.check.context import Frame, Signature, Unit
from diffprog.lang.check.declarations import declare
from diffprog.lang.check.names import hole_keys
from diffprog.lang.check.returns import check_returns
from diffprog.lang.check.scope import Variable
from diffprog.lang.check.sizes import type_of
from diffprog.lang.check.statements import block
from diffprog.lang.check.structural import structural
from diffprog.lang.check.unused import check_met, recursive, too_deep, warn_unused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diffprog.errors import Diagnostic

MOST_CALLS = 50
"""How deep functions may call functions: each level is a level of what runs them."""

_DEPTH = 20_000
"""Python frames: a block or an expression may nest 200 deep, each level takes a few."""


def check(program: syntax.Program, *, sizes: Mapping[str, int] | None = None) -> typed.Checked:
    """Check a program at concrete sizes.

    Args:
        program: what `parse` made.
        sizes: numbers for sizes that the program declares; they go before its defaults.

    Returns:
        The typed program, its holes and the warnings.

    Raises:
        DiffprogError: all errors of the program at once: DP2xx names, DP3xx choices, DP4xx types
            and sizes, DP5xx loops and halting.
    """
    checked, unit = _checked(program, dict(sizes or {}))
    unit.report.drop_warnings(lambda span: span.source is not program.span.source)
    warn_unused(unit, program)
    if unit.assumed:
        found = unit.report.diagnostics
        unit.report.diagnostics = [d for d in found if _holds_at_any_size(d, program)]
    else:
        check_met(unit, program)
    if checked is None or unit.report.errors:
        raise DiffprogError(*unit.report.errors)
    return typed.Checked(
        checked,
        unit.holes,
        unit.sizes,
        structural(program, unit, lambda other: _holes(program, other)),
        unit.report.warnings,
        unit.nets,
        unit.decisions,
    )


def _holes(program: syntax.Program, sizes: Mapping[str, int]) -> dict[str, typed.Hole] | None:
    """Return the holes of a program at other sizes, or None where it has errors there."""
    checked, unit = _checked(program, sizes)
    return None if checked is None or unit.report.errors else unit.holes


def unit_of(program: syntax.Program, sizes: Mapping[str, int]) -> tuple[Unit, _Instances]:
    """Return the declarations of a program and of its modules, looked at as written."""
    unit = Unit(Report())
    instances = _Instances(unit)
    unit.instantiate = instances.get
    declare(unit, program, sizes)
    todo = [(unit, program)]
    seen = {id(program)}
    while todo:
        owner, file = todo.pop()
        _functions(owner, file)
        for module in file.modules.values():
            if id(module) in unit.known and id(module) not in seen:
                seen.add(id(module))
                todo.append((unit.known[id(module)], module))
    return unit, instances


def _checked(
    program: syntax.Program, sizes: Mapping[str, int]
) -> tuple[typed.Function | None, Unit]:
    with deep():
        unit, instances = unit_of(program, sizes)
        main = program.main
        types = signature(Frame(unit, main.name, unit.sizes), main, unit.sizes)
        checked = None
        if types is None:
            instances.look(main)
        else:
            checked = instances.get(unit, main, unit.sizes, types)
        instances.rest()
    return checked, unit


def _holds_at_any_size(d: Diagnostic, program: syntax.Program) -> bool:
    """Say whether a finding stands although a size was made up to look for more errors."""
    if d.code[:3] in ("DP2", "DP3", "DP9") or d.span is None:
        return True
    sizes = [s.span for s in program.declarations if isinstance(s, syntax.Size)]
    here = d.span.source is program.span.source
    return here and any(s.start <= d.span.start < s.end for s in sizes)


def _functions(unit: Unit, program: syntax.Program) -> None:
    """Look at functions as written: returns, holes, calls in circles."""
    for function in program.functions:
        unit.keys.update(hole_keys(function))
        check_returns(unit.report, function)
    told: set[str] = set()
    for name, way in recursive(unit.functions).items():
        unit.recursive.add(name)
        if name in told:
            continue
        told.update(way)
        shown = " calls ".join(f"`{n}`" for n in way)
        message = (
            f"`{name}` calls itself"
            if len(way) == 2
            else f"functions call each other in a circle: {shown}"
        )
        hint = "there is no recursion; write a `for`, `while … max n` or `repeat max n` loop"
        unit.report.error("DP209", message, unit.declared[name], help=hint)
    if (deep := too_deep(unit.functions, MOST_CALLS)) is not None:
        message = f"`{deep}` calls functions that call functions, more than {MOST_CALLS} deep"
        hint = "do in one function what several only hand on"
        unit.report.error("DP213", message, unit.declared[deep], help=hint)
        unit.report.raise_errors()  # to go on would go as deep


@dataclass
class _Instances:
    """Functions that were checked, one for each combination of sizes and types."""

    unit: Unit
    known: dict[object, typed.Function] = field(default_factory=dict)

    def get(
        self, unit: Unit, function: syntax.Function, sizes: Mapping[str, int], types: Signature
    ) -> typed.Function:
        """Return a function at given sizes, checking its body the first time."""
        key = (unit.shown(function.name), types, tuple(sorted(sizes.items())))
        if key not in self.known:
            self.known[key] = self._checked(unit, function, sizes, types)
        return self.known[key]

    def _checked(
        self, unit: Unit, function: syntax.Function, sizes: Mapping[str, int], types: Signature
    ) -> typed.Function:
        frame = Frame(
            unit,
            function.name,
            sizes,
            result=types.result,
            result_span=function.result.span,
        )
        params = []
        for param, t in zip(function.params, types.params, strict=True):
            variable = Variable(t, param.span, pinned=t)
            frame.scope.set(param.name, variable)
            params.append((param.name, t))
        body = tuple(block(frame, function.body))
        name = unit.shown(function.name)
        return typed.Function(name, tuple(params), types.result, body, function.span)

    def look(self, function: syntax.Function) -> None:
        """Find what else is wrong in a function whose signature has errors."""
        frame = Frame(self.unit, function.name, self.unit.sizes)
        for param in function.params:
            t = type_of(frame, param.type)
            frame.scope.set(param.name, Variable(t, param.span, pinned=t))
        block(frame, function.body)

    def rest(self) -> None:
        """Check functions that were not reached, where their types need no call."""
        reached = {f.name for f in self.known.values()}
        for name, function in self.unit.functions.items():
            if name in reached:
                continue
            trial = replace(self.unit, report=Report())
            types = signature(Frame(trial, name, self.unit.sizes), function, self.unit.sizes)
            if types is None and all(d.code == "DP201" for d in trial.report.errors):
                continue  # it waits for sizes that only a call can give
            self.unit.report.diagnostics += trial.report.diagnostics
            if types is not None:
                met = set(self.unit.met)
                holes = dict(self.unit.holes)
                self.get(self.unit, function, self.unit.sizes, types)
                self.unit.met, self.unit.holes = met, holes


@contextmanager
def deep() -> Iterator[None]:
    """Let Python recurse as deep as a program may nest."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _DEPTH))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
