"""Laws 1, 5, 6 for programs with networks: generated programs whose smooth functions are networks.

The functions of reals in a generated program (`tanh`, `exp`, …) are replaced by networks with drawn
weights, or what it returns goes through one; everything else stays as it was drawn.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from diffprog.crisp.interpret import interpret
from diffprog.errors import DiffprogError
from diffprog.lang import syntax as s
from diffprog.pipeline.networks import crisp_networks
from diffprog.soft.module import SoftProgram
from diffprog.types import Real, Tuple
from tests.laws.harness import (
    LAW,
    UNDEFINED,
    assert_crisp,
    graph_of,
    leaves,
    load_weights,
    row_of,
    soft_inputs,
    vertex_inputs,
)
from tests.laws.test_broadcast import assert_same
from tests.laws.test_gradient import flat, scalar
from tests.strategies import Generated, choices, hole_weights, programs
from tests.strategies.spell import NOWHERE, array, call, index, literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.types import Type

FEWER = settings(LAW, max_examples=LAW.max_examples // 4)

LINES: dict[str, tuple[str, dict[str, int]]] = {
    "tanh": ("linear", {"in": 1}),
    "sigmoid": ("mlp", {"in": 1, "hidden": 3}),
    "sin": ("rnn", {"in": 2, "out": 1}),
    "cos": ("gru", {"in": 1, "out": 2}),
    "exp": ("norm", {"in": 2}),
}
"""The network that stands for a function: its kind and options."""


def called(op: str, x: s.Expr) -> s.Expr:
    """Write a call of the network that stands for a function; a number goes in and comes out."""
    net, one = f"net_{op}", array([x])
    match op:
        case "sin":
            return index(call(net, array([x, literal(1.0)]), one), literal(0))
        case "cos":
            return index(call(net, one, array([literal(0.5), literal(-1.0)])), literal(1))
        case "exp":
            return index(call(net, array([x, literal(2.0)])), literal(0))
        case _:
            return call(net, one)


def with_networks(node: Any, met: set[str]) -> Any:
    """Return syntax with networks in the place of functions, and note which."""
    if isinstance(node, tuple):
        return tuple(with_networks(n, met) for n in node)
    if not isinstance(node, s.Syntax) or not is_dataclass(node):
        return node
    if isinstance(node, s.Call) and node.name in LINES:
        met.add(node.name)
        return called(node.name, with_networks(node.args[0], met))
    names = [f.name for f in fields(node) if f.name != "span"]
    return replace(node, **{n: with_networks(getattr(node, n), met) for n in names})


def through(tree: s.Program, t: Type, met: set[str]) -> s.Program:
    """Let the reals that a program returns go through a network."""
    main = tree.declarations[-1]
    assert isinstance(main, s.Function)
    last = main.body[-1]
    assert isinstance(last, s.Return)
    if isinstance(t, Tuple) and isinstance(last.value, s.TupleLiteral):
        pairs = zip(last.value.items, t.items, strict=True)
        value: s.Expr = replace(last.value, items=tuple(_sent(e, u, met) for e, u in pairs))
    else:
        value = _sent(last.value, t, met)
    body = (*main.body[:-1], replace(last, value=value))
    return replace(tree, declarations=(*tree.declarations[:-1], replace(main, body=body)))


def _sent(e: s.Expr, t: Type, met: set[str]) -> s.Expr:
    if not isinstance(t, Real):
        return e
    met.add("sigmoid")
    return called("sigmoid", e)


def rewritten(program: Generated) -> Generated:
    """Return a generated program with networks in it."""
    met: set[str] = set()
    tree = with_networks(program.syntax, met)
    if not met:
        tree = through(tree, program.checked.main.result, met)
    assume(met)
    lines = []
    for op in sorted(met):
        kind, options = LINES[op]
        written = tuple((name, literal(value)) for name, value in options.items())
        network = s.Network(kind, written, span=NOWHERE)
        lines.append(s.Net(f"net_{op}", network, span=NOWHERE))
    return Generated(s.Program((*lines, *tree.declarations), span=NOWHERE))


def networked(**wishes: Any) -> st.SearchStrategy[Generated]:
    """Give programs with networks."""
    return programs(rough=True, max_size=16, max_domain=64, **wishes).map(rewritten)


def module_of(program: Generated, *, restarts: int | None = None, seed: int = 0) -> SoftProgram:
    """Return the soft module of a program with networks, in float64."""
    checked = program.checked
    return SoftProgram(
        graph_of(program),
        checked.holes,
        checked.main.params,
        checked.main.result,
        restarts=restarts,
        nets=checked.nets,
        seed=seed,
    ).double()


def crisp(program: Generated, inputs: Mapping[str, Any], chosen: Mapping[str, Any]) -> Any:
    """Return the crisp result, or None where it is undefined."""
    nets = crisp_networks(program.checked.nets, chosen, {})
    try:
        return interpret(program.checked, inputs, chosen, nets=nets).value
    except DiffprogError as error:
        if error.diagnostics[0].code in UNDEFINED:
            return None
        raise


@FEWER
@given(networked(), st.data())
def test_vertex(program: Generated, data: st.DataObject) -> None:
    """At vertices and temperature 0 the module is the interpreter with the same weights."""
    module = module_of(program)
    module.temperature = 0.0
    chosen = data.draw(choices(program.checked))
    module.load_choices(chosen)
    chosen = {**chosen, **module.network_weights()}
    rows = data.draw(st.lists(program.inputs(), min_size=1, max_size=4))
    result = program.checked.main.result
    soft = module(**vertex_inputs(rows, program.params))
    for k, row in enumerate(rows):
        value = crisp(program, row, chosen)
        if value is not None:
            assert_crisp(row_of(soft, result, k), value, result)


@FEWER
@given(networked(), st.data())
def test_rows_and_restarts(program: Generated, data: st.DataObject) -> None:
    """Each row and each restart is what it is alone."""
    drawn = data.draw(hole_weights(program.checked))
    rows = data.draw(st.lists(program.soft_inputs(), min_size=2, max_size=3))
    result = program.checked.main.result
    together = module_of(program, restarts=2, seed=1)
    for k in range(2):
        load_weights(together, drawn, k)
    stacked = together(**soft_inputs(rows, program.params))
    for r in range(2):
        one = module_of(program)
        load_weights(one, drawn)
        one.load_choices(together.network_weights(r))
        mine = one(**soft_inputs(rows, program.params))
        for (a, leaf), (b, _) in zip(leaves(stacked, result), leaves(mine, result), strict=True):
            assert_same(a[r] if a.dim() > b.dim() else a, b, leaf)
        for k, row in enumerate(rows):
            alone = one(**soft_inputs([row], program.params))
            assert_same(row_of(mine, result, k), row_of(alone, result, 0), result)


@FEWER
@given(networked(), st.data())
def test_finite_gradients(program: Generated, data: st.DataObject) -> None:
    """At vertices no gradient, of weights or inputs, is infinite or not a number."""
    module = module_of(program)
    module.load_choices(data.draw(choices(program.checked)))
    inputs = vertex_inputs([data.draw(program.inputs())], program.params)
    wanted = [*flat(inputs), *module.parameters()]
    total = scalar(module(**inputs), program.checked.main.result)
    assert total.requires_grad or not module.training
    for grad in torch.autograd.grad(total, wanted, allow_unused=True):
        assert grad is None or torch.isfinite(grad).all()
