"""Fillings written into a program's text, and the proof that the text says them.

In: syntax, its checked form, what fills its holes. Out: syntax as parsed from the printed text.
Never imports torch.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from diffprog.errors import DiffprogError, InvariantError, Source
from diffprog.lang import syntax, typed
from diffprog.lang.check import check
from diffprog.lang.check.names import walk
from diffprog.lang.fill import fill
from diffprog.lang.fillings import Filling, verbatim
from diffprog.lang.format import format_program
from diffprog.lang.parse import parse
from diffprog.lang.walk import expressions, statements, within
from diffprog.nets import PREFIX
from diffprog.pipeline.data import declared_sizes
from diffprog.types import Array

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diffprog.types import Type

MOST_LITERALS = 64
"""Learned reals that are printed; a hole with more stays, its weights beside the text."""


def fillings(holes: Mapping[str, typed.Hole], choices: Mapping[str, object]) -> dict[str, Filling]:
    """Return the verbatim filling of each hole that is printed."""
    return {
        key: verbatim(hole, choices[key])
        for key, hole in holes.items()
        if key in choices and not stays(hole)
    }


def stays(hole: typed.Hole) -> bool:
    """Say whether a hole holds too many reals to be printed."""
    count = hole.type.count if isinstance(hole.type, Array) else 1
    return hole.kind == "real" and count > MOST_LITERALS


def rewritten(
    tree: syntax.Program,
    checked: typed.Checked,
    filled: Mapping[str, Filling],
    notes: Mapping[str, str],
) -> syntax.Program:
    """Fill holes, print the program and parse it again.

    Raises:
        InvariantError: where the text does not parse to what was printed, or is no program.
    """
    sizes = checked.sizes
    tree = _with_sizes(tree, {n: sizes[n] for n in checked.structural - _following(tree, checked)})
    try:
        return _checked(fill(tree, checked.holes, filled, notes=notes), sizes)
    except DiffprogError:
        # A variable may have owed its room to alternatives that are gone: write its type out.
        types = dict(_assigned(checked.main))
        try:
            return _checked(fill(tree, checked.holes, filled, notes=notes, types=types), sizes)
        except DiffprogError as problem:
            message = f"the filled program has errors:\n{problem}"
            raise InvariantError(message) from None


def _following(program: syntax.Program, checked: typed.Checked) -> set[str]:
    """Return the sizes that follow from others, as `steps = 2 * n + 1` does, and may go on to.

    Not those that would be something else where the text stands alone.
    """
    declared = declared_sizes(program)
    derived = {
        name
        for name, d in declared.items()
        if any(isinstance(part, syntax.Name) for part in walk(d.default))
    }
    if not derived & checked.structural:
        return set()
    fixed = checked.structural - derived
    alone = {n: v for n, v in checked.sizes.items() if n in fixed or declared[n].default is None}
    known = check(program, sizes=alone).sizes
    return {name for name in derived if known[name] == checked.sizes[name]}


def _with_sizes(program: syntax.Program, sizes: Mapping[str, int]) -> syntax.Program:
    """Write sizes out as the defaults of their declarations, where those say something else.

    What has the shape that learning fixed has to be right where the text stands alone.
    """

    def stated(d: syntax.Declaration) -> syntax.Declaration:
        if not isinstance(d, syntax.Size) or d.name not in sizes:
            return d
        literal = syntax.Literal(sizes[d.name], span=d.span)
        return d if d.default == literal else replace(d, default=literal)

    return replace(program, declarations=tuple(map(stated, program.declarations)))


def _checked(filled: syntax.Program, sizes: Mapping[str, int]) -> syntax.Program:
    text = format_program(filled)
    name = PurePath(filled.span.source.name)
    source = Source(f"{name.stem}.learned{name.suffix or '.dp'}", text)
    parsed = replace(parse(source), modules=filled.modules)
    if parsed != filled:
        message = f"the emitted text does not say what was filled in:\n{text}"
        raise InvariantError(message)
    check(parsed, sizes={n: v for n, v in sizes.items() if n in declared_sizes(parsed)})
    return parsed


def _assigned(main: typed.Function) -> Iterator[tuple[str, Type]]:
    """Yield the type of each expression that is a choice, by the key of its hole."""
    todo, seen = [main], {id(main)}
    while todo:
        for statement in statements(todo.pop().body):
            for e in within(expressions(statement)):
                if isinstance(e, typed.ChooseExpr | typed.ChooseValue):
                    yield e.hole.key, e.type
                if isinstance(e, typed.Call) and id(e.function) not in seen:
                    seen.add(id(e.function))
                    todo.append(e.function)


def remaining(
    before: Mapping[str, typed.Hole],
    filled: Mapping[str, Filling],
    after: Mapping[str, typed.Hole],
    choices: Mapping[str, object],
) -> dict[str, object]:
    """Return the choices of the holes that stayed, by their keys in the new text, and all weights.

    A hole inside an alternative that was not taken went with it.
    """
    old = sorted((h for k, h in before.items() if k not in filled), key=lambda h: h.span.start)
    new = sorted(after.values(), key=lambda h: h.span.start)
    found = {key: value for key, value in choices.items() if key.startswith(PREFIX)}
    for hole in new:
        same = next(
            h for h in old if (h.kind, h.type, h.given) == (hole.kind, hole.type, hole.given)
        )
        del old[: old.index(same) + 1]
        if same.key in choices:
            found[hole.key] = choices[same.key]
    return found
