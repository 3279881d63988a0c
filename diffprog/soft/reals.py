"""Source for rows that state a formula: functions of reals, of reals and ints, and relaxed rows.

In: an Apply node and its inputs as terms. Out: a term. Where an int meets a real the formula is
evaluated for each of the int's values and the expectation is taken; where it is linear in the
int its mean is the same and cheaper.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from diffprog.ops import OPS
from diffprog.soft.picks import pick
from diffprog.soft.writer import Term, item, rank, retyped
from diffprog.types import Array, Int, Real, Tuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Apply
    from diffprog.ops import OpSpec
    from diffprog.soft.emitter import Emitter
    from diffprog.types import Type

LINEAR = {"add": (0, 1), "sub": (0, 1), "mul": (0, 1), "neg": (0,), "real": (0,), "div": (0,)}
"""The arguments in which a row is linear, each by itself."""

CAREFUL = {"sqrt": "root({0})"}
"""Formulas in the form whose slope is finite at the edge of where they are defined."""

PLAIN = ("add", "sub", "mul", "div", "neg", "eq", "ne", "lt", "le", "gt", "ge")
"""Rows whose formula takes plain numbers beside at least one tensor."""


def formula(em: Emitter, node: Apply, args: Sequence[Term]) -> Term:
    """Return a row by its formula."""
    if not OPS[node.op].lifts:
        return _whole(em, node, args)
    linear = LINEAR.get(node.op, ())
    args = [_mean(em, node, a) if i in linear else a for i, a in enumerate(args)]
    if node.op == "real":
        return retyped(args[0], node.type)
    args = _solid(em, node, args)
    ints = [i for i, a in enumerate(args) if not a.number and isinstance(item(a.type), Int)]
    codes = [_beside(em, a, node.type, ints, i) for i, a in enumerate(args)]
    code, bad = _guarded(em, node, args, codes)
    if node.op == "neg" and not em.writer.inspect:
        return Term(code, node.type, late=node.op)  # who reads it may do with what it is minus of
    if not ints:
        term = em.assign(node, code)
        _change(em, node, term, codes)
        _report(em, node, bad, rank(node.type))
        if node.op == "sigmoid":
            em.chances.add(term.code)
        return term
    over = _joint(em, node, args, ints)
    flat = f".flatten(-{len(ints)})" if len(ints) > 1 else ""
    at = em.typed(node, code, node.type, hint=f"{node.op}_at").code
    _report(em, node, f"({over} * {bad}{flat}).sum(-1)" if bad else "", rank(node.type))
    return em.assign(node, f"({over} * {at}{flat}).sum(-1)")


def _change(em: Emitter, node: Apply, term: Term, codes: Sequence[str]) -> None:
    """Note of a sum that it is one of its terms changed by the other."""
    one = em.writer.one()
    if node.op == "add":
        for old, other in (codes, codes[::-1]):
            em.changes[term.code, old] = partial(_added, old, other == one or other)
    elif node.op == "sub":
        old, other = codes
        em.changes[term.code, old] = partial(_added, old, other == one or other, sign="-")


def _added(old: str, other: str | bool, weight: str, *, sign: str = "+") -> str:
    """Return the code of a sum whose second term, True for 1, counts by a weight."""
    if other is True:
        return f"{old} {sign} {weight}"
    return f"{old} {sign} {other} * {weight}"


def _mean(em: Emitter, node: Apply, term: Term) -> Term:
    """Return the mean of an int; a real as it is."""
    old = item(term.type)
    if not isinstance(old, Int):
        return term
    real: Type = Array(term.type.shape, Real()) if isinstance(term.type, Array) else Real()
    if term.number or term.value is not None:
        return Term(term.code, real, term.number, term.value)
    return em.mean(node, term, real)


def _solid(em: Emitter, node: Apply, args: Sequence[Term]) -> list[Term]:
    """Return the arguments, as tensors where the formula cannot do with numbers."""
    row = OPS[node.op]
    guarded = row.partial is not None and not _is_defined(row, args)
    plain = node.op in PLAIN and not guarded and not all(a.number for a in args)
    return [
        _tensor(em, _as_real(a)) if a.number and (a.value is not None or not plain) else a
        for a in args
    ]


def _tensor(em: Emitter, number: Term) -> Term:
    """Return a number as a tensor: operations on tensors are much faster than with numbers."""
    return replace(number, code=em.tensor(number), number=False)


def _as_real(term: Term) -> Term:
    value = term.value
    return Term(term.code, Real(), True, float(value) if isinstance(value, int | float) else None)


def _beside(em: Emitter, term: Term, t: Type, ints: Sequence[int], place: int) -> str:
    """Return an argument's code beside the result's cells, with an axis for each int's values."""
    if term.number:
        return term.code
    if term.value is not None and rank(term.type) == 0:
        return em.tensor(term)
    missing = rank(t) - rank(term.type)
    if place in ints:
        new = len(ints) - 1 - ints.index(place)
        values = em.writer.values(term.type)
        return values if new == 0 else f"{values}[{', '.join([':', *['None'] * new])}]"
    axes = [*["None"] * missing, *[":"] * rank(term.type), *["None"] * len(ints)]
    code = em.tensor(term)
    return f"{code}[..., {', '.join(axes)}]" if "None" in axes else code


def _joint(em: Emitter, node: Apply, args: Sequence[Term], ints: Sequence[int]) -> str:
    codes = []
    for i in ints:
        missing = rank(node.type) - rank(args[i].type)
        code = em.tensor(args[i])
        codes.append(f"{code}[..., {', '.join(['None'] * missing)}, :]" if missing else code)
    return codes[0] if len(codes) == 1 else f"joint({', '.join(codes)})"


def _guarded(
    em: Emitter, node: Apply, args: Sequence[Term], codes: Sequence[str]
) -> tuple[str, str]:
    """Return a formula, 0 where it is undefined, and the code of where that is (or "")."""
    row = OPS[node.op]
    text = CAREFUL.get(node.op, row.formula)
    assert text is not None
    if node.op == "chance" and args[0].code in em.chances:
        text = "chance({0}, T, True)"
    if row.partial is None or _is_defined(row, args):
        return text.format(*codes), ""
    ok = em.writer.assign("defined", row.partial.format(*codes), node.type).code
    safe = [
        f"torch.where({ok}, {c}, 1.0)" if f"{{{i}}}" in row.partial else c
        for i, c in enumerate(codes)
    ]
    return f"torch.where({ok}, {text.format(*safe)}, 0.0)", f"(~{ok}).to(like.dtype)"


def _is_defined(row: OpSpec, args: Sequence[Term]) -> bool:
    """Say whether a quotient's divisor is a constant or an int that is never 0."""
    if row.name != "div":
        return False
    divisor = args[1]
    if isinstance(divisor.value, int | float):
        return divisor.value != 0
    old = item(divisor.type)
    return isinstance(old, Int) and not old.lo <= 0 < old.hi


def _report(em: Emitter, node: Apply, bad: str, cells: int) -> None:
    if bad:
        axes = f".sum({tuple(range(-cells, 0))})" if cells else ""
        em.writer.note("undefined", node.span.line, f"({bad}){axes}" if axes else bad)


def _whole(em: Emitter, node: Apply, args: Sequence[Term]) -> Term:
    """Return a row on whole arrays."""
    if node.op == "sharpen":
        return _sharpened(em, node, args)
    if node.op == "pick":
        return pick(em, node, args[0])
    codes = [em.tensor(_mean(em, node, a)) for a in args]
    text = OPS[node.op].formula
    assert text is not None
    if node.op == "matmul":
        text = text[:-1] + f", {tuple(rank(a.type) for a in args)})"
    return em.assign(node, text.format(*codes))


def _sharpened(em: Emitter, node: Apply, args: Sequence[Term]) -> Term:
    p, g = args
    code = em.tensor(p)
    if g.number or isinstance(g.type, Real):
        return em.assign(node, f"sharpen({code}, {g.code})")
    assert not isinstance(g.type, Tuple)
    at = f"sharpen({code}[..., None, :], {em.writer.values(g.type)})"
    return em.assign(node, f"contract({em.tensor(g)}, {at})")
