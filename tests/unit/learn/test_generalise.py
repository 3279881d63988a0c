"""Tables become the shortest expressions that say the same wherever an answer depends on them."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffprog.learn.decided import Judge, nested, same
from diffprog.learn.emit import emit
from diffprog.learn.examples import as_examples, generate
from diffprog.pipeline import loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from diffprog.learn.emit import Mode
    from diffprog.learn.examples import Examples
    from diffprog.pipeline import Program

SORT = """\
size n = 3

program sort(xs: int<10>[n]) -> int<10>[n]:
    for end in n - 1 .. 0 step -1:
        for i in 0 .. end:
            choose given xs[i], xs[i + 1]:
                swap xs[i], xs[i + 1]
                pass
    return xs
"""
ADD = """\
size n = 2

program add(xs: int<10>[n], ys: int<10>[n]) -> int<10>[n + 1]:
    out: int<10>[n + 1] = 0
    carry: int<2> = 0
    for i in n - 1 .. -1 step -1:
        a = xs[i]
        b = ys[i]
        out[i + 1] = choose int<10> given a, b, carry
        carry = choose int<2> given a, b, carry
    out[0] = carry
    return out
"""


def value(
    function: Callable[..., int], wanted: str, *types: str, top: str = "", mode: Mode = "auto"
) -> str:
    """Return the expression that is found for a function of these types, or ``table``."""
    names = "abc"[: len(types)]
    params = ", ".join(f"{n}: {t}" for n, t in zip(names, types, strict=True))
    given = ", ".join(names)
    text = f"{top}program f({params}) -> {wanted}:\n    return choose {wanted} given {given}\n"
    program = loads(text)
    hole = program.holes["f.return#0"]
    domain = list(product(*(t.values() for t in hole.given)))  # type: ignore[union-attr]
    entries = [hole.type.values().index(function(*point)) for point in domain]  # type: ignore[union-attr]
    sizes = [t.size for t in hole.given]  # type: ignore[union-attr]
    emitted = emit(program, {"f.return#0": nested(entries, sizes)}, mode=mode)
    expression = emitted.source.strip().rpartition("return ")[2]
    return "table" if "_table" in expression else expression


@pytest.mark.parametrize(
    ("function", "wanted", "types", "expression"),
    [
        (lambda a, b: a, "int<4>", ("int<4>", "int<4>"), "a"),
        (lambda a, b: 2, "int<4>", ("int<4>", "int<4>"), "2"),
        (lambda a, b: a + b, "int<7>", ("int<4>", "int<4>"), "a + b"),
        (lambda a, b: (a + b) % 4, "int<4>", ("int<4>", "int<4>"), "(a + b) % 4"),
        (lambda a, b: max(a, b), "int<4>", ("int<4>", "int<4>"), "max(a, b)"),
        (lambda a: a // 2, "int<4>", ("int<8>",), "a // 2"),
        (lambda a: a - 3, "int<-3..5>", ("int<8>",), "a - 3"),
        (lambda a, b: a > b, "bool", ("int<4>", "int<4>"), "a > b"),
        (lambda a, b: a < b, "bool", ("int<4>", "int<4>"), "a < b"),
        (lambda a, b: a >= b, "bool", ("int<4>", "int<4>"), "a >= b"),
        (lambda a, b: a != b, "bool", ("int<4>", "int<4>"), "a != b"),
        (lambda a: a == 5, "bool", ("int<9>",), "a == 5"),
        (lambda a: a > 6, "bool", ("int<9>",), "a > 6"),
        (lambda a, b: a and b, "bool", ("bool", "bool"), "a and b"),
        (lambda a, b: a != b, "bool", ("bool", "bool"), "a xor b"),
        (lambda a, b: a and not b, "bool", ("bool", "bool"), "a and not b"),
        (lambda a, b: not (a or b), "bool", ("bool", "bool"), "not (a or b)"),
        (lambda a, b: b if a else 0, "int<4>", ("bool", "int<4>"), "b if a else 0"),
    ],
)
def test_values(
    function: Callable[..., int], wanted: str, types: tuple[str, ...], expression: str
) -> None:
    """The first in canonical order of the shortest expressions."""
    assert value(function, wanted, *types) == expression


def test_long_expressions_need_evidence_or_a_wish() -> None:
    """Six symbols say no more than eight entries of one bit each."""

    def odd(a: int, b: bool) -> int:
        return (a + b) % 2

    assert value(odd, "int<2>", "int<4>", "bool") == "table"
    assert value(odd, "int<2>", "int<40>", "bool") == "(a + int(b)) % 2"
    assert value(odd, "int<2>", "int<4>", "bool", mode="general") == "(a + int(b)) % 2"


def test_structural_sizes_go_by_their_names() -> None:
    """A modulus that is a size of the program is printed as that size."""
    top = "size base = 7\n\n"
    assert value(lambda a, b: (a + b) % 7, "int<base>", "int<base>", "int<base>", top=top) == (
        "(a + b) % base"
    )


def test_enumerations_are_told_apart_by_tests() -> None:
    """A row of tests, where it is short."""
    top = "enum Colour: red, green, blue\n\n"
    turned = value(lambda c: (2, 1, 1)[c], "Colour", "Colour", top=top)
    assert turned == "Colour.blue if a == Colour.red else Colour.green"


def test_no_expression_means_the_table() -> None:
    """Noise is printed as it is."""
    noise = [3, 1, 0, 2, 2, 0, 1, 3, 1, 1, 3, 0, 0, 2, 3, 1]
    assert value(lambda a, b: noise[4 * a + b], "int<4>", "int<4>", "int<4>") == "table"


def undecided_sort() -> tuple[Program, dict[str, object]]:
    """Return the sort with a table that does as it likes with equal values."""
    table = [[0 if a > b or (a == b and a % 3) else 1 for b in range(10)] for a in range(10)]
    return loads(SORT, "sort.dp"), {"sort.choose#0": table}


def decided_entries(program: Program, choices: dict[str, object], examples: Examples) -> list[bool]:
    """Return which entries of the comparison are decided."""
    judge = Judge(program, examples)
    return judge.decided(judge.survey(choices), ["sort.choose#0"])["sort.choose#0"]


def test_undecided_entries_do_not_count() -> None:
    """Swapping equal values changes no answer, so the comparison is still found."""
    program, choices = undecided_sort()
    examples = generate(program, lambda xs: sorted(xs), 600)
    decided = decided_entries(program, choices, examples)
    assert [i for i, d in enumerate(decided) if not d] == [11 * k for k in range(10)]
    emitted = emit(program, choices, examples)
    assert "            if xs[i] > xs[i + 1]:\n                swap xs[i]" in emitted.source
    assert emitted.at(n=64).run(xs=[9, 0, 5, 5] * 16) == sorted([9, 0, 5, 5] * 16)
    assert Judge(emitted, examples).accuracy() == 1


def test_verbatim_keeps_the_table() -> None:
    """Every entry is as it was, decided or not."""
    program, choices = undecided_sort()
    emitted = emit(program, choices, mode="verbatim")
    assert "const swap_table: bool[10, 10] = [" in emitted.source
    assert "if swap_table[xs[i], xs[i + 1]]:" in emitted.source


def test_entries_never_met_are_undecided() -> None:
    """Examples of small digits say nothing of large ones."""
    program, choices = undecided_sort()
    examples = as_examples([({"xs": [2, 1, 0]}, [0, 1, 2])], program)
    decided = decided_entries(program, choices, examples)
    assert [i for i, d in enumerate(decided) if d] == [10, 20, 21]


def test_digits_are_added() -> None:
    """Both rules of addition are found, and hold at any length."""

    def add(xs: list[int], ys: list[int]) -> list[int]:
        total = sum(
            10**i * (x + y) for i, (x, y) in enumerate(zip(xs[::-1], ys[::-1], strict=True))
        )
        return [total // 10**i % 10 for i in range(len(xs), -1, -1)]

    program = loads(ADD)
    point = list(product(range(10), range(10), range(2)))
    choices = {
        "add.out#0": nested([sum(p) % 10 for p in point], (10, 10, 2)),
        "add.carry#0": nested([sum(p) // 10 for p in point], (10, 10, 2)),
    }
    emitted = emit(program, choices, generate(program, add, 300))
    assert "out[i + 1] = (a + b + carry) % 10\n" in emitted.source
    assert "carry = (a + b + carry) // 10\n" in emitted.source
    assert emitted.run(xs=[9] * 50, ys=[0] * 49 + [1]) == [1] + [0] * 50


def test_three_alternatives_become_tests() -> None:
    """A row of tests among statements."""
    program = loads(
        "program f(a: int<9>, b: int<9>) -> int<3>:\n    t = 0\n    choose given a, b:\n"
        "        t = 0\n        t = 1\n        t = 2\n    return t\n"
    )
    table = [[(a > b) + 2 * (a < b) for b in range(9)] for a in range(9)]
    emitted = emit(program, {"f.choose#0": table})
    assert "_table" not in emitted.source
    assert "elif" in emitted.source
    for a, b in product(range(9), repeat=2):
        assert emitted.run(a=a, b=b) == table[a][b]


def test_uniform_blocks_are_filled_with_their_value() -> None:
    """A learned block whose decided cells agree is printed as that one value."""
    program = loads("program f(a: int<2>) -> int<3>:\n    learn t: int<3>[4]\n    return t[a]\n")
    examples = generate(program, lambda a: 2, 10)
    emitted = emit(program, {"f.t#0": [2, 2, 0, 1]}, examples)
    assert "t: int<3>[4] = 2\n" in emitted.source


def test_open_choices_are_said() -> None:
    """A choice without a clear winner is printed with its weights in a comment."""
    program = loads("program f(a: bool, b: bool) -> bool:\n    return choose(a, b, a xor b)\n")
    weights = {"f.return#0": [0.2, 0.55, 0.25]}
    emitted = emit(program, {"f.return#0": 1}, weights=weights)
    assert "    # undecided: `b` 0.55, `a xor b` 0.25, `a` 0.20\n    return b\n" in emitted.source


def test_answers_compare_as_values() -> None:
    """Reals up to rounding; what is undefined is no value."""
    assert same([0.1 + 0.2, True], [0.3, True])
    assert not same(1.0, None)
    assert same(None, None)
    assert not same((1, 2), (1,))


@settings(max_examples=20)
@given(st.data(), st.sampled_from(("auto", "verbatim", "general")))
def test_emitted_programs_keep_every_decided_answer(data: st.DataObject, mode: Mode) -> None:
    """For any table, emission gives the same answers on all inputs that it was given."""
    program = loads(
        "program f(a: int<3>, b: int<2..4>, c: bool) -> int<4>:\n    t = a\n"
        "    choose given a, c:\n        t = 0\n        t = t + 1\n        pass\n"
        "    t = choose int<4> given t, b\n    return t\n"
    )
    choices = {
        key: nested(
            data.draw(st.lists(st.integers(0, most - 1), min_size=count, max_size=count)), axes
        )
        for key, most, count, axes in (("f.choose#0", 3, 6, (3, 2)), ("f.t#0", 4, 8, (4, 2)))
    }
    inputs = [{"a": a, "b": b, "c": c} for a, b, c in product(range(3), (2, 3), (False, True))]
    hardened = program.decide(choices)
    examples = as_examples([(point, hardened.run(**point)) for point in inputs], program)
    emitted = emit(program, choices, examples, mode=mode)
    assert not emitted.holes
    assert [emitted.run(**point) for point in inputs] == [e.output for e in examples]
