"""Choices are put back into the text, and the text says the same as the program did with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diffprog.errors import Source, Span
from diffprog.lang import syntax
from diffprog.lang.fillings import Chain, Formula
from diffprog.lang.parse import parse
from diffprog.lang.tidy import negated
from diffprog.pipeline import loads

if TYPE_CHECKING:
    from diffprog.pipeline import Program

HERE = Span(Source("here", ""), 0, 0)


def body(program: Program) -> str:
    """Return the text of a program below its header."""
    return program.source.partition("program")[2].partition(":\n")[2]


def of(text: str, head: str = "x: int<3>, y: int<3>, b: bool) -> int<5>", top: str = "") -> Program:
    """Return a program with this body."""
    lines = "".join(f"    {line}\n" for line in text.split("\n"))
    return loads(f"{top}program f({head}:\n{lines}")


def test_free_choices_become_their_winner() -> None:
    """Values, expressions and statements alike; a `do` is opened, `pass` leaves nothing."""
    program = of(
        "t = choose int<2..4>\nt = choose(t, x)\nchoose:\n    do:\n        t = x\n        t = y\n"
        "    pass\nreturn t"
    )
    first = program.fill({"f.t#0": 1, "f.t#1": 0, "f.choose#0": 0})
    assert body(first) == "    t = 3\n    t = t\n    t = x\n    t = y\n    return t\n"
    second = program.fill({"f.t#0": 1, "f.t#1": 1, "f.choose#0": 1})
    assert body(second) == "    t = 3\n    t = x\n    return t\n"


def test_alternatives_of_a_choice_that_stays_are_as_many() -> None:
    """What becomes several statements in one, or none, is one alternative still."""
    program = of(
        "t = x\nchoose given b:\n    choose:\n        do:\n            k = y\n            t = k\n"
        "        pass\n    t = 1\nreturn t"
    )
    several, none = (program.fill({"f.choose#1": k}) for k in (0, 1))
    assert "        do:\n            k = y\n            t = k\n        t = 1\n" in several.source
    assert "        pass\n        t = 1\n" in none.source
    assert none.fill({"f.choose#0": [1, 0]}).run(x=2, y=0, b=False) == 1


def test_given_blocks_become_a_table_and_an_if() -> None:
    """Two alternatives: a table of bools; the one that does nothing is dropped."""
    program = of("t = x\nchoose given b:\n    t = y\n    pass\nreturn t")
    filled = program.fill({"f.choose#0": [1, 0]})
    assert "const choice_table: bool[2] = [false, true]" in filled.source
    assert "    if choice_table[int(b)]:\n        t = y\n    return t\n" in filled.source
    assert filled.run(x=1, y=2, b=True) == 2
    assert filled.run(x=1, y=2, b=False) == 1


def test_three_alternatives_become_a_match() -> None:
    """Alternatives that no entry takes are gone."""
    program = of("t = x\nchoose given x, b:\n    t = 0\n    t = 1\n    t = 2\n    t = y\nreturn t")
    choice = [[3, 0], [0, 2], [2, 3]]
    filled = program.fill({"f.choose#0": choice})
    assert "match choice_table[x, int(b)]:" in filled.source
    assert "t = 1\n" not in filled.source
    for x in range(3):
        for b in (False, True):
            want = (0, 1, 2, 1)[choice[x][b]]
            assert filled.run(x=x, y=1, b=b) == want


def test_values_given_others_become_a_table() -> None:
    """The domain may start below zero, and be an enumeration."""
    top = "enum Colour: red, green, blue\n\n"
    head = "z: int<-1..2>, c: Colour) -> Colour"
    program = of("return choose Colour given z, c", head, top)
    choice = [[0, 1, 2], [2, 1, 0], [1, 1, 2]]
    filled = program.fill({"f.return#0": choice})
    names = ("red", "green", "blue")
    for z in (-1, 0, 1):
        for k, c in enumerate(names):
            assert filled.run(z=z, c=c) == names[choice[z + 1][k]]
    assert not filled.holes


def test_values_given_a_member_become_conditionals() -> None:
    """What stands most often needs no test; tests too are written so."""
    top = "enum Colour: red, green, blue\n\n"
    program = of("return choose int<6> given c", "c: Colour) -> int<6>", top)
    filled = program.fill({"f.return#0": [1, 5, 1]})
    assert filled.source.endswith("    return 5 if c == Colour.green else 1\n")
    blocks = "t = 3\nchoose given c:\n    t = 0\n    pass\nreturn t"
    filled = of(blocks, "c: Colour) -> int<6>", top).fill({"f.choose#0": [1, 1, 0]})
    assert "    if c == Colour.blue:\n        t = 0\n" in filled.source
    assert [filled.run(c=name) for name in ("red", "green", "blue")] == [3, 3, 0]


def test_expressions_given_values() -> None:
    """Tables choose among expressions by conditionals."""
    program = of("return choose(x, y, 4) given x, b")
    for choice in ([[0, 1], [1, 0], [1, 1]], [[0, 1], [2, 0], [1, 2]], [[2, 2], [2, 2], [2, 2]]):
        filled = program.fill({"f.return#0": choice})
        for x in range(3):
            for b in (False, True):
                assert filled.run(x=x, y=1, b=b) == (x, 1, 4)[choice[x][b]]


def test_learned_values_become_literals() -> None:
    """Tables of bools, numbers, negative numbers and reals; a long block of reals stays."""
    program = of(
        "learn t: int<-2..1>[2]\nlearn w: real[2]\nlearn long: real[65]\nlearn on: bool\n"
        "return w[0] + t[1] * long[3] if on else w[1]",
        ") -> real",
    )
    long = [0.5] * 65
    filled = program.fill({"f.t#0": [0, 2], "f.w#0": [0.25, -1.5], "f.long#0": long, "f.on#0": 1})
    assert "[2] = [-2, 0]\n    w: real[2] = [0.25, -1.5]\n" in filled.source
    assert "    learn long: real[65]\n    on: bool = true\n" in filled.source
    assert filled.choices == {"f.long#0": long}
    assert filled.run() == 0.25


def test_a_literal_test_leaves_one_side() -> None:
    """Branches that cannot be met are dropped, also inside expressions."""
    program = of(
        "t = x\nif choose bool:\n    t = y\nelse:\n    t = 0\nreturn t + (x if choose bool else y)"
    )
    keys = list(program.holes)
    filled = program.fill(dict(zip(keys, (1, 0), strict=True)))
    assert body(filled) == "    t = x\n    t = y\n    return t + y\n"


def test_what_only_a_hole_used_is_dropped() -> None:
    """Variables, functions and constants go with the alternatives that used them."""
    top = "const k: int<3> = 2\n\nfn g(a: int<3>) -> int<3>:\n    return a\n\n"
    program = of("t = g(y)\nreturn choose(x, t, k)", top=top)
    filled = program.fill({"f.return#0": 0})
    assert "const" not in filled.source
    assert "fn" not in filled.source
    assert body(filled) == "    return x\n"


def test_comments_of_a_choice_go_with_it() -> None:
    """A comment beside a choice speaks of the choice; others, and those of a `learn`, stay."""
    program = of(
        "# first\nlearn k: int<3>  # kept\nt = x  # stays\n"
        "choose given b:  # a table\n    # inside\n    t = y  # of the winner\n    pass\n"
        "return t + k"
    )
    filled = program.fill({"f.k#0": 1, "f.choose#0": [0, 0]})
    assert "# first" in filled.source
    assert "# kept" in filled.source
    assert "# stays" in filled.source
    assert "t = y  # of the winner" in filled.source
    assert "a table" not in filled.source
    assert "inside" not in filled.source


def test_alternatives_keep_their_order_and_comments() -> None:
    """A test is turned round where that costs no `not`; else the comments go."""
    program = of(
        "t = x\nchoose given x:\n    do:  # first\n        t = y  # inside\n"
        "    t = 0  # second\nreturn t"
    )
    x, two = syntax.Name("x", span=HERE), syntax.Literal(2, span=HERE)
    test = syntax.Binary("==", x, two, span=HERE)
    turned = program.filled({"f.choose#0": Chain(((test, 1),), 0)}, {})
    assert "    if x != 2:\n        t = y  # inside\n    else:" in turned.source
    assert "# second" in turned.source
    assert "# first" not in turned.source
    both = syntax.Binary("and", test, test, span=HERE)
    swapped = program.filled({"f.choose#0": Chain(((both, 1),), 0)}, {})
    assert "#" not in swapped.source


def test_notes_stand_above_the_statement() -> None:
    """A remark about a hole is a comment above the statement that holds it."""
    program = of("t = x\nif b:\n    t = choose(x, y)\nreturn t")
    filled = program.filled({"f.t#0": Chain((), 1)}, {}, {"f.t#0": "undecided: 0.6"})
    assert body(filled) == (
        "    t = x\n    if b:\n        # undecided: 0.6\n        t = y\n    return t\n"
    )


def test_types_are_written_out_where_a_variable_needs_the_room() -> None:
    """A variable keeps the range that the alternatives which are gone had given it."""
    program = of("t = choose(0, 2)\nwhile t < 2 max 3:\n    t = t + 1\nreturn t", ") -> int<3>")
    filled = program.fill({"f.t#0": 0})
    assert "t: int<3> = 0\n" in filled.source
    assert filled.run() == 2


def test_formulas_and_chains() -> None:
    """An expression fills a value; tests fill a choice among statements."""
    program = of("t = choose int<5> given x, y\nchoose given b:\n    pass\n    t = x\nreturn t")
    x, y, b = (syntax.Name(n, span=HERE) for n in "xyb")
    added = syntax.Binary("+", x, y, span=HERE)
    filled = program.filled({"f.t#0": Formula(added), "f.choose#0": Chain(((b, 0),), 1)}, {})
    assert body(filled) == "    t = x + y\n    if not b:\n        t = x\n    return t\n"


def test_table_names_are_fresh() -> None:
    """A table never takes a name that the program has."""
    program = of("t_table = x\nt = choose int<5> given x\nreturn t if b else t_table")
    filled = program.fill({"f.t#0": [4, 0, 3]})
    assert "const t_table_2: int<5>[3] = [4, 0, 3]" in filled.source


@pytest.mark.parametrize(
    ("test", "opposite"),
    [
        ("x < y", "x >= y"),
        ("x == y", "x != y"),
        ("not b", "b"),
        ("true", "false"),
        ("b and x > y", "not (b and x > y)"),
    ],
)
def test_negation_is_folded(test: str, opposite: str) -> None:
    """A comparison says its own opposite."""

    def tree(text: str) -> syntax.Expr:
        source = f"program f(x: int<3>, y: int<3>, b: bool) -> bool:\n    return {text}\n"
        statement = parse(Source("f", source)).main.body[0]
        assert isinstance(statement, syntax.Return)
        return statement.value

    assert negated(tree(test)) == tree(opposite)
