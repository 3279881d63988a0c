"""Source for tables of finite values: a row by its truth table, a tabulated expression.

In: an Apply or Table node and its inputs as terms. Out: a term. One contraction over all inputs
that are uncertain; known ones slice the table first.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diffprog.soft.emitter import Expression
from diffprog.soft.limits import table_fits
from diffprog.soft.tables import domain, results, spelled
from diffprog.soft.writer import Term, finite_item, item, rank, subscript
from diffprog.types import Bool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Apply, Node, Table
    from diffprog.soft.emitter import Emitter
    from diffprog.types import Type

DENSE_LIMIT = 1 << 20
"""The largest one-hot truth table at all; beyond it results are collected by their place."""

JOINED_LIMIT = 1 << 12
"""The largest one-hot truth table of a row that is joined with what it is applied to."""

TURNED = 8
"""A place among so many times the ways to move it is moved; a product with a table is as large as
the square of the places."""

NAMES = "abcdef"
"""What the operands of a table are called in its text."""


def lifted(em: Emitter, term: Term, t: Type) -> str:
    """Return the code of an operand whose axes stand beside the cells of a result of type `t`."""
    if term.number:
        return term.code
    missing = rank(t) - rank(term.type)
    return subscript(em.tensor(term), item(term.type), missing)


def tabulated(em: Emitter, node: Apply, args: Sequence[Term]) -> Term:
    """Return a finite row by its truth table.

    Constants are put in, other known values slice it.
    """
    joined = _joined(em, node, args)
    if joined is not None:
        return joined
    names = NAMES[: len(args)]
    first = [i for i, a in enumerate(args) if a.number and a.value is None]
    rest = [i for i, a in enumerate(args) if not a.number]
    order = first + rest
    text = spelled(
        node.op,
        [
            a.code if a.number and a.value is not None else n
            for a, n in zip(args, names, strict=True)
        ],
    )
    items = [item(args[i].type) for i in order]
    sizes = [finite_item(t).size for t in items]
    table_fits(sizes, node)
    domains = ", ".join(domain(t) for t in items)
    params = ", ".join(names[i] for i in order)
    function = f"lambda {params}: {text}"
    operands = [_distribution(em, args[i], node.type) for i in rest]
    known = list(zip([args[i].code for i in first], items[: len(first)], strict=True))
    t = finite_item(node.type)
    if not isinstance(t, Bool) and math.prod(sizes) * t.size > DENSE_LIMIT:
        places = f"places({function}, [{domains}], {t.lo}, like)"
        return _contracted(em, node, places, known, operands, collected=t.size)
    truth = f"table({function}, [{domains}], {results(item(node.type))}, like)"
    term = _contracted(em, node, truth, known, operands)
    if len(rest) == len(args) and not any(rank(a.type) for a in args):
        em.tables[term.code] = Expression(tuple(args), text, t.lo)
    return term


def _joined(em: Emitter, node: Apply, args: Sequence[Term]) -> Term | None:
    """Return a row of one argument that is a row itself as one table: small, of the latter's."""
    uncertain = [a for a in args if not a.number]
    inner = em.tables.get(uncertain[0].code) if len(uncertain) == 1 else None
    t = finite_item(node.type)
    if inner is None or any(a.number and a.value is None for a in args) or rank(node.type):
        return None
    items = [item(x.type) for x in inner.operands]
    sizes = [finite_item(x).size for x in items]
    if isinstance(t, Bool) or math.prod(sizes) * t.size > JOINED_LIMIT:
        return None
    shift = finite_item(uncertain[0].type).lo - inner.lo
    value = f"({inner.text} + {shift})" if shift else f"({inner.text})"
    text = spelled(node.op, [a.code if a.number else value for a in args])
    function = f"lambda {', '.join(NAMES[: len(items)])}: {text}"
    domains = ", ".join(map(domain, items))
    truth = f"table({function}, [{domains}], {results(t)}, like)"
    operands = [_distribution(em, x, node.type) for x in inner.operands]
    term = _contracted(em, node, truth, [], operands)
    em.tables[term.code] = Expression(inner.operands, text, t.lo)
    return term


def _distribution(em: Emitter, term: Term, t: Type) -> str:
    code = lifted(em, term, t)
    return f"both({code})" if isinstance(item(term.type), Bool) else code


def _contracted(
    em: Emitter,
    node: Node,
    truth: str,
    first: Sequence[tuple[str, Type]],
    operands: Sequence[str],
    name: str | None = None,
    collected: int = 0,
) -> Term:
    hint = name or f"{getattr(node, 'op', 'table')}_table"
    flat = f".flatten(0, {len(operands) - 1})" if len(operands) > 1 and not collected else ""
    if first:
        places = ", ".join(_place(c, t) for c, t in first)
        code = f"{em.writer.constant(hint, truth)}[{places}]{flat}"
    else:
        code = em.writer.constant(hint, truth + flat)
    call = [f"collect({code}", str(collected)] if collected else [f"image({code}"]
    return em.assign(node, f"{', '.join([*call, *operands])})")


def _place(code: str, t: Type) -> str:
    lo = finite_item(t).lo
    return f"int({code})" if isinstance(t, Bool) else code if lo == 0 else f"{code} - {lo}"


def table(em: Emitter, node: Table, args: Sequence[Term]) -> Term:
    """Return a tabulated expression.

    One contraction over all its inputs; known ones slice it first.
    """
    order = [i for i, a in enumerate(args) if a.number] + [
        i for i, a in enumerate(args) if not a.number
    ]
    t = finite_item(node.type)
    sizes = [finite_item(a.type).size for a in args]
    cells = [int(e) for e in node.entries]
    if all(a.number for a in args):
        return _known_entry(em, node, args, sizes)
    operands = [_distribution(em, args[i], node.type) for i in order if not args[i].number]
    turns = _turns(cells, sizes, t.size) if len(operands) == len(args) else None
    if turns is not None:
        places = operands if sizes[0] == t.size else operands[::-1]
        return em.assign(node, f"turned({', '.join(places)}, {turns!r})")
    made = "None" if isinstance(t, Bool) else f"range({t.size})"
    truth = f"entries({cells!r}, {sizes!r}, {made}, like)"
    if order != sorted(order):
        axes = [*order, *([] if isinstance(t, Bool) else [len(args)])]
        truth += f".permute({axes!r})"
    known = [(args[i].code, args[i].type) for i in order if args[i].number]
    return _contracted(em, node, truth, known, operands, "expression_table")


def _turns(cells: Sequence[int], sizes: Sequence[int], n: int) -> list[int] | None:
    """Return how far each value of the smaller of two operands moves the other one, round the ends.

    None where the table is no such thing, or where a product with it is as fast.
    """
    if len(sizes) != 2 or max(sizes) != n or min(sizes) * TURNED > n:
        return None
    at, every = (sizes[1], 1) if sizes[0] == n else (1, n)
    turns = [cells[b * every] for b in range(min(sizes))]
    moved = ((a * at + b * every, (a + s) % n) for b, s in enumerate(turns) for a in range(n))
    return turns if all(cells[i] == wanted for i, wanted in moved) else None


def _known_entry(em: Emitter, node: Table, args: Sequence[Term], sizes: Sequence[int]) -> Term:
    values = finite_item(node.type).values()
    name = em.writer.literal("entries", repr(tuple(values[e] for e in node.entries)))
    place = "0"
    for a, size in zip(args, sizes, strict=True):
        inner = _place(a.code, a.type)
        place = inner if place == "0" else f"({place}) * {size} + {inner}"
    return Term(f"{name}[{place}]", node.type, number=True)
