"""Names, sizes and declarations."""

from __future__ import annotations

import pytest

from diffprog.errors import DiffprogError
from diffprog.lang import typed
from diffprog.types import Array, Int
from tests.unit.lang.checking import body, checked, errors, said, warned


def test_sizes_are_numbers() -> None:
    """By default, computed from earlier ones, or given."""
    text = "size n = 3\nsize m = 2 * n - 1\n\n" + body("return xs[m - 1]", "xs: int<10>[m]")
    assert checked(text).sizes == {"n": 3, "m": 5}
    assert checked(text, n=4).main.params == (("xs", Array((7,), Int(0, 10))),)


def test_a_size_without_a_value_still_lets_names_be_checked() -> None:
    """But nothing that may depend on it."""
    text = "size n\n\n" + body("y: int<10> = xs[7]\nreturn yy", "xs: int<10>[n]")
    assert errors(text) == ["DP208", "DP201"]


def test_a_wrong_default_of_a_size_is_told() -> None:
    """Although a size was made up for it to look for more errors."""
    assert errors("size n = real\n\n" + body("return x", "x: int<10>, _xs: real[n]")) == ["DP410"]


def test_a_function_under_a_refused_name_is_looked_into() -> None:
    """So is a program that takes the name of an operation."""
    text = "program max(b: bool) -> int<3>:\n    return choose(1, bb)\n"
    assert errors(text) == ["DP204", "DP201"]


def test_a_variable_called_like_an_operation_is_told_once() -> None:
    """Not at each of its uses; what else is wrong is told too."""
    text = body("count = 0\ncount = count + x\nreturn count + xx", "x: int<3>", "int<9>")
    assert errors(text) == ["DP204", "DP201"]


def test_an_unknown_size_is_refused() -> None:
    """With the one that was meant."""
    with pytest.raises(DiffprogError) as caught:
        checked("size cells = 3\n\n" + body("return cells", "", "int<9>"), cell=4)
    assert "did you mean `cells`?" in str(caught.value)


def test_constants_are_values() -> None:
    """Computed while checking."""
    text = "const turn: int<-1..2>[2, 2] = [[0, 1], [-1, 2 - 1]]\n\n" + body(
        "return turn[x % 2, 0] + 1"
    )
    main = checked(text).main.body[-1]
    assert isinstance(main, typed.Assign)
    assert "value=[[0, 1], [-1, 1]]" in repr(main)


def test_a_scalar_fills_a_constant_array() -> None:
    """As it does a declared variable."""
    text = "const zero: real[3] = 0\n\n" + body("return sum(zero)", "", "real")
    assert "value=[0.0, 0.0, 0.0]" in repr(checked(text).main.body)


def test_axes_bind_the_sizes_of_a_signature() -> None:
    """Each call anew; the size of that name at the top is another."""
    fn = "fn last(xs: int<9>[n]) -> int<9>:\n    return xs[n - 1]\n\n"
    text = "size n = 4\n\n" + fn + body("return last(xs[0..2])", "xs: int<9>[n]", "int<9>")
    assert errors(text) == []


def test_an_int_binds_a_size_that_has_no_other_value() -> None:
    """The largest that is passed."""
    fn = "fn larger(a: int<k>, c: int<k>) -> int<k>:\n    return a if a > c else c\n\n"
    assert errors(fn + body("return larger(x, 3)")) == []


def test_enumerations() -> None:
    """Members are values; a match on them must be complete."""
    enum = "enum Colour: red, green\n\n"
    lines = (
        "match c:\n    case Colour.red:\n        return 1\n    case Colour.green:\n        return 2"
    )
    assert errors(enum + body(lines, "c: Colour")) == []
    short = "match c:\n    case Colour.red:\n        return 1"
    assert "no case for Colour.green" in said(enum + body(short, "c: Colour"))


def test_a_name_is_suggested_from_its_likes() -> None:
    """At a similarity of 0.7."""
    assert "did you mean `total`?" in said(body("total = x\nreturn totl"))
    assert "did you mean" not in said(body("total = x\nreturn ttttt"))


def test_unused_names_are_warnings() -> None:
    """But for those that say so, and counters."""
    assert warned(body("y = x\nreturn 0", "x: int<3>, b: bool")) == ["DP903", "DP902"]
    assert (
        warned(body("_y = x\nfor i in 0 .. 3:\n    x = 1\nreturn x", "x: int<3>, _b: bool")) == []
    )


def test_a_circle_of_functions_is_told_once() -> None:
    """With the way round."""
    fns = "fn f(b: bool) -> bool:\n    return g(b)\n\nfn g(b: bool) -> bool:\n    return f(b)\n\n"
    assert errors(fns + body("return 1 if f(b) else 0")) == ["DP209"]


def test_an_uncalled_function_is_checked_too() -> None:
    """Where its types need no call."""
    fn = "fn f(b: bool) -> bool:\n    return nope\n\n"
    assert errors(fn + body("return x")) == ["DP201"]


def test_a_parameter_may_be_assigned() -> None:
    """It is a copy, of the declared type."""
    assert errors(body("x = 3\nreturn x")) == []
    assert errors(body("x = 13\nreturn x")) == ["DP403"]


def test_an_early_return_in_a_chain_of_cases() -> None:
    """Each case ends the function."""
    lines = "if x > 5:\n    return 1\nelif b:\n    return 2\nelse:\n    return 3"
    main = checked(body(lines)).main.body[0]
    assert isinstance(main, typed.If)
    assert main.merged == ((typed.RESULT, Int(0, 10)),)
