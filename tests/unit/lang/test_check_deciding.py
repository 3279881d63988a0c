"""Choices by networks: what the checker makes of them."""

from __future__ import annotations

from diffprog.lang import typed
from diffprog.lang.walk import expressions, statements, within
from diffprog.types import REAL, Array
from tests.unit.lang.checking import body, checked, errors

READER = "controller reader = gru(hidden = 2) reads xs\n"


def names(function: typed.Function) -> list[str]:
    """Return what the statements of a function assign, in order."""
    return [s.place.name for s in statements(function.body) if isinstance(s, typed.Assign)]


def test_a_decision_stands_before_its_statement() -> None:
    """It is made, then the controller knows of it, then it is used."""
    lines = READER + "y = choose(x, 1) by reader\nreturn y"
    main = checked(body(lines, "x: int<4>, xs: int<3>[5]")).main
    assert names(main) == ["reader.memory", "reader", "p.y#0", "reader", "y", typed.RESULT]


def test_a_loop_carries_a_controller() -> None:
    """What decides in the body has another state in the next round."""
    lines = READER + "y: int<3> = 0\nfor i in 0 .. 3:\n    y = choose int<3> by reader\nreturn y"
    (loop,) = (
        s
        for s in statements(checked(body(lines, "xs: int<3>[5]")).main.body)
        if isinstance(s, typed.For)
    )
    assert dict(loop.carried)["reader"] == Array((10,), REAL)


def test_a_branch_merges_a_controller() -> None:
    """Also where one case alone decides."""
    lines = READER + "y = 0\nif b:\n    y = choose int<3> by reader\nreturn y"
    (branch,) = (
        s
        for s in statements(checked(body(lines, "b: bool, xs: int<3>[5]")).main.body)
        if isinstance(s, typed.If)
    )
    assert [name for name, _ in branch.merged] == ["reader", "y"]


def test_the_test_of_an_elif_decides_only_where_it_is_met() -> None:
    """Its decision stands inside the other case."""
    lines = READER + "y = 0\nif b:\n    y = 1\nelif choose bool by reader:\n    y = 2\nreturn y"
    main = checked(body(lines, "b: bool, xs: int<3>[5]")).main
    (outer,) = (s for s in main.body if isinstance(s, typed.If))
    found = [s.place.name for s in outer.orelse if isinstance(s, typed.Assign)]
    assert found[:2] == ["p.if#0", "reader"]


def test_policies_are_decisions_of_their_own() -> None:
    """They have no logits among the holes; a network gives them."""
    found = checked(body("y = choose(x, 1) by mlp(hidden = 3) of x, b\nreturn y"))
    assert not found.holes
    assert list(found.decisions) == ["p.y#0"]
    net = found.nets["p:y#0"]
    assert dict(net.options)["in"] == 10 + 1
    (choice,) = (
        e
        for s in statements(found.main.body)
        for e in within(expressions(s))
        if isinstance(e, typed.ChooseExpr)
    )
    assert isinstance(choice.decided, typed.ChooseValue)


def test_calls_share_a_policy() -> None:
    """Of one shape, or it is refused."""
    fn = "fn f(x: int<n>) -> bool:\n    return choose bool by linear of x\n\n"
    text = "size n = 4\n" + fn + body("return f(a) and f(c)", "a: int<4>, c: int<4>", "bool")
    assert list(checked(text).nets) == ["f:return#0"]
    fn = "fn f(xs: bool[k]) -> bool:\n    return choose bool by linear of xs\n\n"
    text = fn + body("return f(a) and f(c)", "a: bool[2], c: bool[3]", "bool")
    assert "DP306" in errors(text)
