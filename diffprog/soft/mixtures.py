"""Source for mixtures of results by weight, in few operations.

In: the cases of a branch with their weights, written; a place of their results. Out: the code of
the mixture. Alternatives that are tables of the same values are mixed as tables, and the one table
that comes of it is applied; where one of two results is the other changed, it is that one changed
by its weight.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffprog.ir.graph import Apply, Const, Param
from diffprog.ir.known import is_scalar
from diffprog.soft.emitter import placed
from diffprog.soft.live import live
from diffprog.soft.tables import domain, spelled
from diffprog.soft.writer import Term, finite_item, weighed
from diffprog.types import Bool, trail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Graph, NodeId, Select
    from diffprog.soft.emitter import Emitter
    from diffprog.types import Type

MOST_VALUES = 1 << 12
"""The largest joint domain of a table that is mixed with others."""
MOST_NUMBERS = 1 << 20
"""The numbers of all tables that are mixed together."""

PLACE = re.compile(r"^(.*)\[\.\.\., (\d+)\]$")
"""The code of one of the weights on an axis."""


@dataclass(frozen=True)
class Case:
    """One case of a branch, written.

    Attributes:
        weight: the code of its weight.
        region: what it is.
        inputs: what that is given.
        results: by place.
    """

    weight: str
    region: Graph
    inputs: Sequence[Term | None]
    results: dict[int, Term]


@dataclass(frozen=True)
class Table:
    """A result that is a finite expression in which each of its operands stands once."""

    operands: tuple[Term, ...]
    text: str

    def code(self, t: Type) -> str:
        """Return the code of its one-hot truth table, for a result of a type."""
        names = ", ".join("abcdef"[: len(self.operands)])
        domains = ", ".join(domain(x.type) for x in self.operands)
        return f"table(lambda {names}: {self.text}, [{domains}], {domain(t)}, like)"


def mixed(
    em: Emitter, node: Select, name: str, cases: Sequence[Case], place: int, vector: str
) -> Term:
    """Return sum_k w_k r_k for one result; a result that is the same in all cases stays as it is.

    `vector` is the code of all weights on one axis, "" where there is no such tensor.
    """
    terms = [c.results[place] for c in cases]
    t = cases[0].region.types[place]
    if all(term == terms[0] for term in terms):
        return terms[0]
    depth = trail(t)
    shares, done = _tables(em, node, cases, place, vector)
    rest = [c for k, c in enumerate(cases) if k not in done]
    groups = merged([c.weight for c in rest], [c.results[place] for c in rest])
    codes, weights = em.tensors([x for _, x in groups]), [_weight(w, depth) for w, _ in groups]
    if len(groups) == 2 and not shares:
        return em.typed(node, _of_two(em, codes, weights), t, hint=name)
    if vector and len(groups) == len(cases):
        stacked = f"side_by_side(({', '.join(codes)}), {depth})"
        return em.typed(node, f"read({stacked}, {vector}, 0, {depth})", t, hint=name)
    pairs = list(zip(weights, codes, strict=True))
    total = " + ".join(shares) or "{} * {}".format(*pairs.pop(0))
    for weight, code in pairs:
        total = f"{em.typed(node, total, t, hint=name).code} + {weight} * {code}"
    return em.typed(node, total, t, hint=name)


def _of_two(em: Emitter, codes: Sequence[str], weights: Sequence[str]) -> str:
    """Return the code of the mixture of two values.

    Where one is the other changed, it is that one changed by its weight.
    """
    for old, new in ((0, 1), (1, 0)):
        change = em.changes.get((codes[new], codes[old]))
        if change is not None:
            return change(weights[new])
    return f"torch.lerp({codes[0]}, {codes[1]}, {weights[1]})"


def merged(weights: Sequence[str], terms: Sequence[Term]) -> list[tuple[list[str], Term]]:
    """Return the different results, each with the weights of all cases that have it."""
    groups: list[tuple[list[str], Term]] = []
    for weight, term in zip(weights, terms, strict=True):
        for together, other in groups:
            if other == term:
                together.append(weight)
                break
        else:
            groups.append(([weight], term))
    return groups


def _weight(weights: Sequence[str], depth: int) -> str:
    """Return the code of a sum of weights beside a value's own axes."""
    if depth == 1:  # an axis of one cell, without making one
        weights = [PLACE.sub(_as_axis, w) for w in weights]
        if all(":" in w for w in weights):
            return weights[0] if len(weights) == 1 else f"({' + '.join(weights)})"
    code = weights[0] if len(weights) == 1 else f"({' + '.join(weights)})"
    return weighed(code, depth)


def _as_axis(found: re.Match[str]) -> str:
    place = int(found[2])
    return f"{found[1]}[..., {place}:{place + 1}]"


# --- tables ---------------------------------------------------------------------------------------


def _tables(
    em: Emitter, node: Select, cases: Sequence[Case], place: int, vector: str
) -> tuple[list[str], set[int]]:
    """Return the codes of what comes of the cases that are mixed as tables, and which these are."""
    found: dict[tuple[str, ...], dict[int, Table]] = {}
    for k, case in enumerate(cases):
        table = _table(em, case, place) if vector else None
        if table is not None:
            found.setdefault(tuple(em.tensors(table.operands)), {})[k] = table
    t = cases[0].region.types[place]
    shares: list[str] = []
    done: set[int] = set()
    for operands, tables in found.items():
        one = next(iter(tables.values()))
        several = len({table.text for table in tables.values()}) > 1
        values = math.prod(finite_item(x.type).size for x in one.operands)
        if several and len(tables) * values * finite_item(t).size <= MOST_NUMBERS:
            if len(operands) == 1:
                tables |= _constant(cases, place, one.operands, done)
            code = _share(em, tables, operands, t, vector, len(cases))
            shares.append(em.typed(node, code, t, hint="share").code)
            done |= tables.keys()
    return shares, done


def _constant(
    cases: Sequence[Case], place: int, operands: tuple[Term, ...], done: set[int]
) -> dict[int, Table]:
    """Return the results that are constants, as tables in which all rows are the same."""
    values = {k: c.results[place].value for k, c in enumerate(cases) if k not in done}
    return {k: Table(operands, f"({v!r})") for k, v in values.items() if v is not None}


def _share(
    em: Emitter,
    tables: dict[int, Table],
    operands: Sequence[str],
    t: Type,
    vector: str,
    cases: int,
) -> str:
    """Return the code of what comes of some cases: their tables, mixed and applied."""
    one = next(iter(tables.values()))
    codes = [table.code(t) for table in tables.values()]
    if len(operands) == 1 and len(tables) < cases:  # small: nothing stands for all other cases
        codes = [tables[k].code(t) if k in tables else f"0 * {one.code(t)}" for k in range(cases)]
    elif len(tables) < cases:
        where = f"torch.tensor({list(tables)!r}, device=like.device)"
        vector += f".index_select(-1, {em.writer.constant('places', where)})"
    truth = em.writer.constant("tables", f"torch.stack(({', '.join(codes)}))")
    return f"mixture({', '.join([vector, truth, *operands])})"


def _table(em: Emitter, case: Case, place: int) -> Table | None:
    """Return a result as a table of what it is computed from, None where it is more than that.

    Each value may go into it by one way only: then the extension of the whole is that of its parts,
    one after the other.
    """
    region = case.region
    used = [region[n] for n in sorted(live(region, [place]).nodes)]
    texts: dict[NodeId, str] = {}
    reads = [i for n in used for i in n.inputs]
    params = [n.id for n in used if isinstance(n, Param)]
    operands = [placed(case.inputs[p]) for p in params]
    plain = all(is_scalar(n.type) and isinstance(n, Param | Const | Apply) for n in used)
    uncertain = all(not (x.number or isinstance(x.type, Bool)) for x in operands)
    if not (plain and uncertain and params) or len(set(reads)) < len(reads):
        return None
    if math.prod(finite_item(x.type).size for x in operands) > MOST_VALUES:
        return None
    for n in used:
        match n:
            case Param():
                texts[n.id] = "abcdef"[params.index(n.id) : params.index(n.id) + 1]
            case Const(value):
                texts[n.id] = f"({value!r})"
            case Apply(op) if op != "narrow":
                texts[n.id] = f"({spelled(op, [texts[i] for i in n.inputs])})"
            case _:
                return None
    return Table(tuple(operands), texts[region.results[place]])
