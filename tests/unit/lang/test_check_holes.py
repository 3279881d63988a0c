"""Holes: their keys, their shapes, and the sizes that they fix."""

from __future__ import annotations

from diffprog.lang import typed
from diffprog.types import BOOL, REAL, Array, Int
from tests.unit.lang.checking import body, checked, errors, said


def test_a_key_is_function_variable_and_count() -> None:
    """Counted in the order of the text, for each variable."""
    lines = "y = choose bool\ny = choose(y, b)\nif choose bool:\n    x = 1\n"
    lines += "return choose(x, 0 if y else 1)"
    assert list(checked(body(lines)).holes) == ["p.y#0", "p.y#1", "p.if#0", "p.return#0"]


def test_a_hole_inside_a_hole_comes_after_it() -> None:
    """The outer one begins first."""
    found = checked(body("y = choose(choose(x, 1), 2)\nreturn y")).holes
    assert [h.labels for h in found.values()] != []
    assert found["p.y#0"].labels == ("choose(x, 1)", "2")


def test_a_block_has_its_statements_as_labels() -> None:
    """On one line each."""
    lines = (
        "choose given b:\n    x = 1\n    do:\n        x = 2\n        b = true\n    pass\nreturn x"
    )
    hole = checked(body(lines)).holes["p.choose#0"]
    assert hole.labels == ("x = 1", "do: x = 2 b = true", "pass")
    assert (hole.kind, hole.type, hole.given) == ("select", Int(0, 3), (BOOL,))


def test_learned_values_are_tables_or_reals() -> None:
    """By their type."""
    found = checked(body("learn t: int<3>[2]\nlearn w: real\nreturn 1 if w > t[0] else 0")).holes
    assert (found["p.t#0"].kind, found["p.t#0"].type) == ("table", Array((2,), Int(0, 3)))
    assert (found["p.w#0"].kind, found["p.w#0"].type) == ("real", REAL)


def test_calls_share_a_hole() -> None:
    """It belongs to its place in the source."""
    fn = "fn f(xs: int<4>[k]) -> bool:\n    return choose bool given xs[0]\n\n"
    text = fn + body("return f(a) and f(c)", "a: int<4>[2], c: int<4>[3]", "bool")
    assert list(checked(text).holes) == ["f.return#0"]


def test_a_hole_of_two_shapes_is_refused() -> None:
    """When calls give it different ranges."""
    fn = "fn f(xs: int<m>[k]) -> bool:\n    return choose bool given xs[0]\n\n"
    text = fn + body("return f(a) and f(c)", "a: int<4>[2], c: int<5>[3]", "bool")
    assert errors(text) == ["DP306"]


def test_a_function_is_one_instance_for_each_size() -> None:
    """Calls of equal types share it."""
    fn = "fn f(xs: int<4>[k]) -> int<4>:\n    return xs[len(xs) - 1]\n\n"
    lines = "y = f(a)\ny = f(a)\nz = f(c)\nreturn clamp(y + z, 0, 9)"
    main = checked(fn + body(lines, "a: int<4>[2], c: int<4>[3]")).main
    calls = [s.value for s in main.body if isinstance(s, typed.Assign)][:3]
    first, second, third = (c.function for c in calls if isinstance(c, typed.Call))
    assert first is second
    assert first is not third


def test_a_huge_domain_is_refused_at_once() -> None:
    """Before anything of its size is made."""
    lines = "y = choose bool given x * 100000000000000\nreturn 1 if y else 0"
    assert "the limit is 10,000,000" in said(body(lines))


def test_a_huge_value_is_refused_at_once() -> None:
    """A choice among a million million ints is never listed."""
    assert errors(body("y = choose int<1000000000000>\nreturn y % 10")) == ["DP309"]


def structural(text: str, **sizes: int) -> set[str]:
    """Return the structural sizes."""
    return set(checked(text, **sizes).structural)


def test_a_size_in_an_int_is_structural() -> None:
    """By the rule of the language."""
    text = "size n = 3\nsize m = 2\n\n" + body("y: int<n> = 0\nreturn y", "_xs: bool[m]")
    assert structural(text) == {"n"}


def test_a_size_in_a_learn_is_structural() -> None:
    """It is the shape of what is learned."""
    text = "size n = 3\n\n" + body("learn t: bool[n]\nreturn count(t)")
    assert structural(text) == {"n"}


def test_a_size_that_reaches_a_given_by_a_counter_is_structural() -> None:
    """Although it stands in no int<…>."""
    lines = "for i in 0 .. n:\n    b = choose bool given i\nreturn 1 if b else 0"
    assert structural("size n = 3\n\n" + body(lines)) == {"n"}


def test_a_size_that_reaches_no_hole_is_free() -> None:
    """One set of learned choices runs at every length."""
    lines = "for i in 0 .. n - 1:\n    choose given xs[i], xs[i + 1]:\n"
    lines += "        swap xs[i], xs[i + 1]\n        pass\nreturn xs[0]"
    assert structural("size n = 3\n\n" + body(lines, "xs: int<10>[n]")) == set()


def test_a_choice_in_a_function_that_only_other_sizes_call() -> None:
    """It is met at them."""
    fn = "fn f(b: bool) -> bool:\n    return choose(b, not b)\n\n"
    lines = "for i in 1 .. n:\n    b = f(b)\nreturn 1 if b else 0"
    assert errors("size n = 1\n\n" + fn + body(lines)) == []
