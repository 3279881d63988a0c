"""Source for branches: the weights of the cases, sources given their case, and the mixture.

In: a Select node, its inputs as terms, the results wanted. Out: a term for each of those. A
test that is known becomes a Python `if`. Otherwise, in case k, a source x becomes x[v] P(test =
k | x = v) / w_k. Where the test is one table of its sources, P(test = k | x = v) is a row sum
of the joint weights; in general the test is evaluated again with x replaced by all its values,
on a new leading axis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.ir.known import is_scalar, known, known_test
from diffprog.soft.conditions import conditioned, tested
from diffprog.soft.emitter import name_of, placed
from diffprog.soft.live import live
from diffprog.soft.mixtures import Case, mixed
from diffprog.soft.watching import branched
from diffprog.soft.writer import Term
from diffprog.types import Bool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffprog.ir.graph import Select
    from diffprog.soft.emitter import Emitter


def select(
    em: Emitter, node: Select, args: Sequence[Term | None], places: frozenset[int]
) -> dict[int, Term]:
    """Return the wanted results of a branch."""
    flags = [a is not None and (a.number or a.value is not None) for a in args]
    if known_test(node, flags):
        return _decided(em, node, args, places)
    test = tested(em, node.test, args, node.sources, needed(node, places))
    weights = test.weights(em, node.unions, len(node.cases))
    branched(em, node, test.value.code, weights)
    cases = []
    for k, region in enumerate(node.cases):
        values = [v for v, case in enumerate(node.unions) if case == k]
        inputs = conditioned(em, test, args, values, live(region, places).params(region))
        em.writer.line(f"# case {k}, with weight {weights[k]}")
        em.cases.append(weights[k])
        with em.writer.reached(weights[k]):
            found = em.region(region, inputs, sorted(places))
        em.cases.pop()
        cases.append(Case(weights[k], region, inputs, {p: placed(found[p]) for p in places}))
    plain = not isinstance(test.value.type, Bool) and node.unions == tuple(range(len(cases)))
    vector = test.value.code if plain else ""
    return {p: mixed(em, node, result_name(node, p), cases, p, vector) for p in sorted(places)}


def needed(node: Select, places: frozenset[int]) -> set[int]:
    """Return the sources that some case reads."""
    used = {p for g in node.cases for p in live(g, places).params(g)}
    return {p for p in used if p < node.sources}


def _decided(
    em: Emitter, node: Select, args: Sequence[Term | None], places: frozenset[int]
) -> dict[int, Term]:
    """Return the results of a branch whose test is known: just one case is run."""
    (found,) = em.region(node.test, args, [0])
    test = placed(found)
    lo = 0 if isinstance(test.type, Bool) else getattr(test.type, "lo", 0)
    if test.value is not None:
        assert isinstance(test.value, int)
        taken = em.region(node.cases[node.unions[int(test.value) - lo]], args, sorted(places))
        return {p: placed(taken[p]) for p in places}
    return _chain(em, node, args, places, test.code)


def _chain(
    em: Emitter, node: Select, args: Sequence[Term | None], places: frozenset[int], test: str
) -> dict[int, Term]:
    """Write `if … elif … else`, each branch assigning the results to the same names."""
    t = node.test.types[0]
    lo = 0 if isinstance(t, Bool) else getattr(t, "lo", 0)
    names = {p: em.writer.fresh(result_name(node, p)) for p in sorted(places)}
    numbers = _numbers(node, args, places)
    last = len(node.cases) - 1
    for k, region in enumerate(node.cases):
        values = [v + lo for v, case in enumerate(node.unions) if case == k]
        if isinstance(t, Bool):
            ask = f"not {test}" if values == [0] else test
        else:
            ask = f"{test} == {values[0]}" if len(values) == 1 else f"{test} in {tuple(values)}"
        header = "else:" if k == last and k else f"{'elif' if k else 'if'} {ask}:"
        with em.writer.block(header):
            found = em.region(region, args, sorted(places))
            for p in sorted(places):
                term = placed(found[p])
                em.writer.line(f"{names[p]} = {term.code if p in numbers else em.tensor(term)}")
    em.writer.define(list(names.values()))
    types = node.cases[0].types
    return {p: Term(names[p], types[p], p in numbers) for p in places}


def _numbers(node: Select, args: Sequence[Term | None], places: frozenset[int]) -> set[int]:
    """Return the results that stay plain numbers: known in every case."""
    flags = [a is not None and (a.number or a.value is not None) for a in args]
    every = [(g, known(g, flags)) for g in node.cases]
    scalars = {p for p in places if is_scalar(node.cases[0].types[p])}
    return {p for p in scalars if all(f[g.results[p]] for g, f in every)}


def result_name(node: Select, place: int) -> str:
    """Return the merged variable's name.

    That of the parameter that some case leaves as it is.
    """
    for region in node.cases:
        result = region[region.results[place]]
        name = getattr(result, "name", None)
        if isinstance(name, str):
            return name
    region = node.cases[-1]
    return name_of(region[region.results[place]])
