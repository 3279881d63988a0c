"""Loops: what they carry, how they count, how they halt."""

from __future__ import annotations

import time

import pytest

from diffprog.lang import typed
from diffprog.types import REAL, Int, Type
from tests.unit.lang.checking import assigned, body, checked, errors, said, warned


def loop(lines: str, params: str = "x: int<10>, k: int<4>") -> typed.For:
    """Return the first `for` of a program."""
    found = next(s for s in checked(body(lines, params)).main.body if isinstance(s, typed.For))
    assert isinstance(found, typed.For)
    return found


@pytest.mark.parametrize(
    ("over", "counter"),
    [
        ("0 .. 4", Int(0, 4)),
        ("4 .. 0 step -1", Int(1, 5)),
        ("0 .. 10 step 4", Int(0, 9)),
        ("9 .. 0 step -4", Int(1, 10)),
        ("k .. 8", Int(0, 8)),
        ("0 .. k", Int(0, 3)),
        ("k .. 0 step -1", Int(1, 4)),
        ("x - 2 .. k + 2", Int(-2, 5)),
    ],
)
def test_the_range_of_a_counter(over: str, counter: Int) -> None:
    """From the ranges of its bounds."""
    assert loop(f"y = x\nfor i in {over}:\n    y = clamp(i, 0, 9)\nreturn y").counter == counter


def test_a_counter_holds_every_number_counted() -> None:
    """For all bounds that there can be."""
    for k in range(4):
        for step in (1, 2, -1, -3):
            counter = loop(f"for i in k .. 3 - k step {step}:\n    x = i % 10\nreturn x").counter
            assert isinstance(counter, Int)
            assert all(counter.lo <= i < counter.hi for i in range(k, 3 - k, step))


def test_a_range_that_sizes_make_empty_is_not_checked() -> None:
    """Its body would be wrong, if it were met; no choice in it is missed."""
    lines = "for i in 1 .. n:\n    y = choose bool given xs[i] > xs[i - 1]\n    b = y\nreturn xs[0]"
    text = "size n = 1\n\n" + body(lines, "xs: int<10>[n], b: bool")
    assert [type(s) for s in checked(text).main.body] == [typed.Assign]
    assert list(checked(text, n=2).holes) == ["p.y#0"]


def test_a_range_that_is_always_empty_is_a_warning() -> None:
    """It was meant to count down."""
    assert "DP907" in warned(body("for i in 3 .. 0:\n    x = i\nreturn x"))


def test_a_carried_variable_has_the_hull_of_what_came_before() -> None:
    """And is brought into it before the loop."""
    lines = "y = 0\ny = 7\nfor i in 0 .. 3:\n    y = i + y // 2\nreturn y"
    main = checked(body(lines)).main
    assert assigned(main.body, "y") == [Int(0, 1), Int(7, 8), Int(0, 8)]
    carried: list[tuple[str, Type]] = [("y", Int(0, 8))]
    assert [list(s.carried) for s in main.body if isinstance(s, typed.For)] == [carried]


def test_a_carried_variable_keeps_its_type() -> None:
    """The hint gives a declaration with room."""
    text = said(body("y = 0\nfor i in 0 .. 3:\n    y = y + 1\nreturn y"))
    assert "`y: int<10> = …`" in text
    assert "before the loop in line 3" in text


def test_a_carried_int_that_gets_a_real() -> None:
    """The hint says how it should have begun."""
    text = said(body("y = 0\nfor i in 0 .. 3:\n    y = y + 0.5\nreturn y", result="real"))
    assert "`y = 0.0`" in text


def test_a_carried_real_takes_ints() -> None:
    """They are converted where they are assigned."""
    main = checked(body("y = 0.0\nfor i in 0 .. 3:\n    y = i\nreturn y", result="real")).main
    inner = main.body[1]
    assert isinstance(inner, typed.For)
    assert assigned(inner.body, "y") == [REAL]


def test_a_carried_variable_is_free_again_after() -> None:
    """Only the loop held it to its type."""
    assert errors(body("y = 0\nfor i in 0 .. 3:\n    y = 0\ny = x\nreturn y")) == []


def test_until_sees_the_names_of_the_body() -> None:
    """And nothing after the loop does."""
    lines = "repeat max 3:\n    stop = x > 3\n    x = (x + 1) % 10\nuntil stop\nreturn x"
    assert errors(body(lines)) == []
    assert errors(body(lines.replace("return x", "return 1 if stop else 0"))) == ["DP205"]


def test_the_bound_is_a_size() -> None:
    """Sizes are numbers in the typed tree."""
    lines = "while b max 2 * n:\n    b = false\nreturn n"
    text = "size n = 3\n\n" + body(lines, "b: bool")
    found = checked(text).main.body[0]
    assert isinstance(found, typed.While)
    assert found.max == 6


def test_act_and_ponder_keep_their_numbers() -> None:
    """As the loop's halting."""
    lines = "s = 1.0\nrepeat max 5 by act(epsilon = 0.1):\n    s = s / 2\nuntil s < 0.2\nreturn s"
    found = checked(body(lines, "", "real")).main.body[1]
    assert isinstance(found, typed.Repeat)
    assert found.halting == typed.Halting("act", 0.1)


def test_act_reads_ints_but_carries_none() -> None:
    """A weighted sum of ints is no int."""
    lines = "s = 1.0\nrepeat max 5 by act(epsilon = 0.1):\n    s = s * x\nuntil s < 0.2\nreturn s"
    assert errors(body(lines, result="real")) == []
    assert errors(body(lines.replace("s = s * x", "s = s * x\n    x = 1"), result="real")) == [
        "DP503"
    ]


def test_a_thousand_lines_are_checked_in_time() -> None:
    """The issue asks for a second, parsing included."""
    lines = ["y: int<10> = 0"]
    for i in range(125):
        lines += [
            f"a{i}: int<10> = y",
            f"for i{i} in 0 .. 9:",
            f"    if xs[i{i}] > xs[i{i} + 1] and (b or a{i} < 5):",
            f"        swap xs[i{i}], xs[i{i} + 1]",
            f"    elif a{i} < 9:",
            f"        a{i} = a{i} + 1",
            "    else:",
            f"        a{i} = choose(a{i}, xs[i{i}], 3) given b",
        ]
    text = body("\n".join([*lines, "return y"]), "xs: int<10>[10], b: bool")
    start = time.perf_counter()
    checked(text)
    assert time.perf_counter() - start < 3  # on a slow and busy machine
