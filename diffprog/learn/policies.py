"""What policies of finite values have learned, as tables, and so as rules.

In: a program with policies and their weights. Out: the program with each such choice `given` the
values that the policy sees, and the alternative that it takes at each: a table that `emit` may find
an expression for.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from diffprog.deciders import POLICIES
from diffprog.lang import syntax as s
from diffprog.lang.check.names import choices as choices_in
from diffprog.lang.check.names import hole_keys
from diffprog.lang.format import format_program
from diffprog.learn.decided import nested
from diffprog.nets import PREFIX
from diffprog.pipeline import loads
from diffprog.types import Bool, Enum, Int

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.lang.typed import Net
    from diffprog.pipeline import Program
    from diffprog.types import Finite

MOST_ENTRIES = 4_096
"""Entries of a table that is asked of a policy."""


def as_tables(program: Program) -> tuple[Program, dict[str, object]]:
    """Return a program with its policies of finite values as tables, and its choices.

    A policy that sees reals, arrays or too many values, or has a mask, stays with its weights.
    """
    checked, choices = program.checked, dict(program.choices)
    nodes = {key: node for f in program.syntax.functions for key, node in _by_key(f).items()}
    for key, hole in checked.decisions.items():
        domain = _domain(nodes[key], checked.nets[hole.network])
        if domain is None:
            continue
        network, entries = program.networks[hole.network], []
        for point in product(*(t.values() for t in domain)):
            logits = network(*point)
            assert isinstance(logits, list)
            entries.append(max(range(len(logits)), key=logits.__getitem__))  # the first of equals
        choices[key] = nested(entries, [t.size for t in domain])
    by_key = {id(node): key for key, node in nodes.items()}
    tree = _given(program.syntax, by_key, choices)
    made = loads(format_program(tree), program.name, **program.sizes)
    kept = {
        k: v for k, v in choices.items() if not k.startswith(PREFIX) or _net(k) in made.checked.nets
    }
    return made, kept


def _by_key(function: s.Function) -> dict[str, s.Syntax]:
    keys = hole_keys(function)
    return {keys[id(node)]: node for node in choices_in(function.body)}


def _domain(node: s.Syntax, net: Net) -> Sequence[Finite] | None:
    """Return the values that a policy sees, if they are few; a mask would be one more."""
    assert isinstance(node, s.ChooseValue | s.ChooseExpr | s.ChooseBlock)
    by = node.decider.by
    if by is None or by.name not in POLICIES or node.decider.where is not None:
        return None
    slots = [slot for _, slot in net.signature.params]
    types = [t for slot in slots if isinstance(t := slot.item, Bool | Int | Enum)]
    few = len(types) == len(slots) and not any(slot.shape for slot in slots)
    return types if few and prod(t.size for t in types) <= MOST_ENTRIES else None


def _net(key: str) -> str:
    return key.split(".")[1]


def _given(node: Any, keys: Mapping[int, str], choices: Mapping[str, object]) -> Any:
    """Return syntax in which choices that have a table are given what their policies see."""
    if isinstance(node, tuple):
        return tuple(_given(part, keys, choices) for part in node)
    if not (isinstance(node, s.Syntax) and is_dataclass(node)):
        return node
    names = [f.name for f in fields(node) if f.name not in ("span", "comments", "modules")]
    made: Any = replace(node, **{n: _given(getattr(node, n), keys, choices) for n in names})
    if isinstance(made, s.ChooseValue | s.ChooseExpr | s.ChooseBlock):
        by = made.decider.by
        if by is not None and by.name in POLICIES and keys[id(node)] in choices:
            decider = replace(made.decider, given=by.inputs, by=None)
            return replace(made, decider=decider)
    return made
