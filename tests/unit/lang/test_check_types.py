"""Types of variables: what they take, what they keep, what cases leave behind."""

from __future__ import annotations

from diffprog.lang import typed
from diffprog.types import BOOL, REAL, Array, Int
from tests.unit.lang.checking import assigned, body, checked, errors, said


def test_an_unannotated_variable_takes_what_is_assigned() -> None:
    """Each assignment outside loops gives it a new range."""
    main = checked(body("y = 3\ny = y + 1\nreturn y")).main
    assert assigned(main.body, "y") == [Int(3, 4), Int(4, 5)]


def test_an_annotated_variable_keeps_its_type() -> None:
    """A literal enters the declared range."""
    main = checked(body("y: int<8> = 3\ny = 4\nreturn y")).main
    assert assigned(main.body, "y") == [Int(0, 8), Int(0, 8)]


def test_an_annotated_variable_refuses_what_does_not_fit() -> None:
    """With the place where it was declared."""
    text = said(body("y: int<8> = 3\ny = x\nreturn y"))
    assert "`y` holds 0 to 7, but this may be 9" in text
    assert "`y` is declared as `int<8>`" in text


def test_a_scalar_fills_a_declared_array() -> None:
    """`xs: bool[3] = true` copies it into each cell."""
    main = checked(body("ys: bool[3] = true\nreturn count(ys)")).main
    first = main.body[0]
    assert isinstance(first, typed.Assign)
    assert isinstance(first.value, typed.Convert)
    assert first.value.type == Array((3,), BOOL)


def test_cases_join_in_the_hull() -> None:
    """An int and a real give a real; the case with the int converts it at its end."""
    main = checked(body("y = 0\nif b:\n    y = 0.5\nreturn y", result="real")).main
    branch = main.body[1]
    assert isinstance(branch, typed.If)
    assert branch.merged == (("y", REAL),)
    assert assigned(branch.orelse, "y") == [REAL]


def test_cases_that_disagree_are_shown_both() -> None:
    """For a variable from before the branch."""
    text = said(body("y = 1\nif b:\n    y = true\nreturn x"))
    assert "here it is `bool`" in text
    assert "here it is 1" in text


def test_a_name_with_two_types_is_gone_only_if_read() -> None:
    """Two cases may each use a name of their own."""
    cases = "if b:\n    y = 1\n    x = y\nelse:\n    y = true\n    x = int_(y)\nreturn x"
    fn = "fn int_(b: bool) -> int<2>:\n    return 1 if b else 0\n\n"
    assert errors(fn + body(cases)) == []
    assert errors(body("if b:\n    y = 1\nelse:\n    y = true\nreturn y")) == ["DP205"]


def test_a_name_of_all_cases_is_visible_after() -> None:
    """With the hull of its types."""
    main = checked(body("if b:\n    y = 1\nelse:\n    y = 5\nreturn y")).main
    branch = main.body[0]
    assert isinstance(branch, typed.If)
    assert branch.merged == (("y", Int(1, 6)),)


def test_a_name_of_some_cases_is_not_visible_after() -> None:
    """And the message says where it gets its value."""
    assert "only some cases give it one" in said(body("if b:\n    y = 1\nreturn y"))


def test_an_error_is_told_once() -> None:
    """What is made of an unknown value is not complained of."""
    assert errors(body("y = nope + 1\nz = y * 2\nreturn z % 10")) == ["DP201"]


def test_all_errors_are_told() -> None:
    """One in each statement, in the order of the text."""
    found = errors(body("y = nope\nz = x + b\nif x:\n    x = 4\nreturn 10"))
    assert found == ["DP201", "DP401", "DP409", "DP403"]


def test_a_tuple_is_taken_apart_by_a_temporary() -> None:
    """`a, b = b, a` reads both before it writes one."""
    main = checked(body("x, b = choose(x, 3), not b\nreturn x if b else 0")).main
    names = [s.place.name for s in main.body if isinstance(s, typed.Assign)]
    assert names == ["x,b", "x", "b", typed.RESULT]


def test_operations_lift() -> None:
    """A scalar with an array gives an array."""
    text = body("ys = xs > x\nreturn count(ys)", "xs: int<10>[4], x: int<10>", "int<5>")
    first = checked(text).main.body[0]
    assert isinstance(first, typed.Assign)
    assert isinstance(first.value, typed.Apply)
    assert first.value.type == Array((4,), BOOL)


def test_an_index_of_less_than_all_axes_gives_a_row() -> None:
    """The axes that are left get whole slices."""
    text = body("return m[1]", "m: real[2, 3]", "real[3]")
    last = checked(text).main.body[-1]
    assert isinstance(last, typed.Assign)
    assert isinstance(last.value, typed.Index)
    assert last.value.parts[1:] == (typed.Cut(0, 3),)


def test_brackets_in_a_row_are_one_index() -> None:
    """`m[1][2] = v` assigns one cell."""
    text = body("m[1][2] = 4\nreturn m[1, 2]", "m: int<9>[2, 3]", "int<9>")
    first = checked(text).main.body[0]
    assert isinstance(first, typed.Assign)
    assert len(first.place.parts) == 2


def test_an_update_of_cells_stays_an_update() -> None:
    """Each cell changes by its own weight; on a variable it is an assignment."""
    text = body("xs[0] += 0.5\ny = 1.0\ny += xs[0]\nreturn y", "xs: real[3]", "real")
    kinds = [type(s) for s in checked(text).main.body]
    assert kinds == [typed.Update, typed.Assign, typed.Assign, typed.Assign]


def test_an_update_that_overflows_is_written_out_in_the_hint() -> None:
    """The hint can be copied into the program."""
    text = said(body("xs[0] += 1\nreturn xs[0]", "xs: int<9>[3]", "int<9>"))
    assert "`(xs[0] + 1) % 9`" in text


def test_a_swap_needs_one_type() -> None:
    """Two variables that nothing holds to a type may change theirs."""
    assert errors(body("y = 1\nz = 5\nswap y, z\nreturn y")) == []
    assert errors(body("y = 1\nswap x, y\nreturn y")) == ["DP404"]


def test_an_else_of_a_reduction_widens_it() -> None:
    """`min(xs where m else 9)` may be 9."""
    text = body("return min(xs where xs > 2 else 9)", "xs: int<4>[3]", "int<10>")
    assert errors(text) == []
