"""Narrowing: what a test says of the variables in it, and which cases can never be met."""

from __future__ import annotations

import pytest

from diffprog.lang import typed
from diffprog.types import Int
from tests.unit.lang.checking import body, checked, errors, warned


def narrowed(test: str, *, case: str = "then", params: str = "x: int<10>, y: int<10>") -> Int:
    """Return the range that reading `x` has in a case of a test."""
    lines = f"if {test}:\n    z = x\nelse:\n    z = x\nreturn z"
    branch = checked(body(lines, params)).main.body[0]
    assert isinstance(branch, typed.If)
    first = (branch.then if case == "then" else branch.orelse)[0]
    assert isinstance(first, typed.Assign)
    t = first.value.type
    assert isinstance(t, Int)
    assert isinstance(first.value, typed.Narrow | typed.Var)
    return t


@pytest.mark.parametrize(
    ("test", "then", "orelse"),
    [
        ("x < 3", Int(0, 3), Int(3, 10)),
        ("x <= 3", Int(0, 4), Int(4, 10)),
        ("x > 3", Int(4, 10), Int(0, 4)),
        ("x >= 3", Int(3, 10), Int(0, 3)),
        ("x == 3", Int(3, 4), Int(0, 10)),
        ("x == 0", Int(0, 1), Int(1, 10)),
        ("x != 9", Int(0, 9), Int(9, 10)),
        ("3 > x", Int(0, 3), Int(3, 10)),
        ("x < y", Int(0, 9), Int(0, 10)),
        ("x > y + 4", Int(5, 10), Int(0, 10)),
        ("x > 2 and x < 5", Int(3, 5), Int(0, 10)),
        ("x < 2 or x > 7", Int(0, 10), Int(2, 8)),
        ("not x < 3", Int(3, 10), Int(0, 3)),
        ("not (x < 3 or y > 2)", Int(3, 10), Int(0, 10)),
        ("x * 2 < 3", Int(0, 10), Int(0, 10)),
    ],
)
def test_what_a_test_says(test: str, then: Int, orelse: Int) -> None:
    """Of a plain variable, in both cases."""
    assert narrowed(test) == then
    assert narrowed(test, case="else") == orelse


def test_narrowing_agrees_with_every_value() -> None:
    """Each value of x is in the range of the case that it takes."""
    for test in ("x < 3", "x != 0", "x > 2 and not x > 5", "x == 2 or x > 8"):
        for value in range(10):
            case = "then" if eval(test, {"x": value}) else "else"
            found = narrowed(test, case=case)
            assert found.lo <= value < found.hi


def test_narrowing_ends_with_an_assignment() -> None:
    """After it the variable has its own range again."""
    lines = "if x < 3:\n    x = 9\n    xs[x] = 1\nreturn x"
    assert errors(body(lines, "x: int<10>, xs: int<2>[3]")) == ["DP406"]


def test_narrowing_ends_with_its_case() -> None:
    """Nothing is known after the branch."""
    lines = "if x < 3:\n    xs[x] = 1\nreturn xs[x]"
    assert errors(body(lines, "x: int<10>, xs: int<2>[3]", "int<2>")) == ["DP406"]


def test_a_loop_that_assigns_ends_narrowing() -> None:
    """Its second round no longer knows what held before the first."""
    lines = "if x < 3:\n    for i in 0 .. 2:\n        xs[x] = 1\n        x = 9\nreturn x"
    assert errors(body(lines, "x: int<10>, xs: int<2>[3]")) == ["DP406"]


def test_while_narrows_its_body() -> None:
    """`while x < 3: x = x + 1` stays inside."""
    assert errors(body("while x < 9 max 9:\n    x = x + 1\nreturn x")) == []


def test_a_conditional_narrows_its_sides() -> None:
    """As a branch does."""
    assert errors(body("return xs[x] if x < 3 else 0", "x: int<10>, xs: int<9>[3]")) == []


def test_and_does_not_protect_its_right_side() -> None:
    """Both sides are computed."""
    text = body("return x < 3 and xs[x]", "x: int<10>, xs: bool[3]", "bool")
    assert errors(text) == ["DP406"]


def test_match_narrows_to_its_values() -> None:
    """To their hull."""
    lines = "match x:\n    case 0, 2:\n        y = xs[x]\n    case _:\n        y = 0\nreturn y"
    assert errors(body(lines, "x: int<10>, xs: int<9>[3]")) == []


def test_a_clipped_variable_has_the_smaller_range() -> None:
    """The case that leaves it alone knows that it is small already."""
    main = checked(body("y = x\nif y > 3:\n    y = 3\nreturn y", result="int<4>")).main
    branch = main.body[1]
    assert isinstance(branch, typed.If)
    assert branch.merged == (("y", Int(0, 4)),)
    (kept,) = branch.orelse
    assert isinstance(kept, typed.Assign)
    assert isinstance(kept.value, typed.Narrow)


def test_a_case_that_is_never_met_is_a_warning() -> None:
    """And the branch is gone."""
    text = body("if x > 20:\n    x = xs\nreturn x")
    assert warned(text) == ["DP903", "DP906"]
    assert [type(s) for s in checked(text).main.body] == [typed.Assign]


def test_a_test_of_sizes_alone_is_no_warning() -> None:
    """It chooses at checking, on purpose."""
    lines = "y = xs[0]\nif n > 1:\n    y = xs[1]\nreturn y"
    text = "size n = 1\n\n" + body(lines, "xs: int<10>[n]")
    assert warned(text) == []
    assert warned(text, n=2) == []


def test_a_case_that_another_call_meets_is_no_warning() -> None:
    """One function, two ranges."""
    fn = "fn f(x: int<n>) -> int<2>:\n    if x > 5:\n        return 1\n"
    fn += "    else:\n        return 0\n\n"
    text = fn + body("return f(x) + f(3)")
    assert "DP906" not in warned(text)
