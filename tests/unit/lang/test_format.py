"""Law 7: printing and parsing are inverse, printing is a fixed point, comments survive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffprog.errors import Source, Span
from diffprog.lang import syntax as s
from diffprog.lang.format import format_expr, format_program, format_type
from diffprog.lang.parse import parse

if TYPE_CHECKING:
    from collections.abc import Callable

AT = Span(Source("made.dp", ""), 0, 0)


def parsed(text: str) -> s.Program:
    """Parse a text."""
    return parse(Source("test.dp", text))


def one(type_: type, *parts: object) -> st.SearchStrategy:
    """Make a strategy for a node from those of its parts; what is no strategy stands for itself."""
    given_ = [p if isinstance(p, st.SearchStrategy) else st.just(p) for p in parts]
    return st.tuples(*given_).map(lambda made: type_(*made, span=AT))


def some(part: st.SearchStrategy, least: int = 1, most: int = 2) -> st.SearchStrategy:
    """Make a strategy for tuples."""
    return st.lists(part, min_size=least, max_size=most).map(tuple)


def maybe(part: st.SearchStrategy) -> st.SearchStrategy:
    """Make a strategy for what may be absent."""
    return st.none() | part


LONG = "a_rather_long_name_that_makes_lines_break"
NAMES = st.sampled_from(["a", "b", "xs", "max", "step", "of", "reads", "size", "net", LONG])
NAME = one(s.Name, NAMES)
NUMBERS = (
    st.booleans()
    | st.integers(0, 10**15)
    | st.floats(min_value=0, allow_nan=False, allow_infinity=False).map(abs)
)
LITERAL = one(s.Literal, NUMBERS)
OPERATORS = [
    "or",
    "xor",
    "and",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "@",
]


def networks(expr: st.SearchStrategy, inputs: st.SearchStrategy) -> st.SearchStrategy:
    """Make networks with options and the given inputs."""
    options = some(st.tuples(st.sampled_from(["hidden", "in", "max"]), expr), 0)
    return one(s.Network, NAMES, options, inputs)


def deciders(expr: st.SearchStrategy) -> st.SearchStrategy:
    """Make what choices depend on."""
    by = networks(expr, some(expr, 0, 2))
    return (
        one(s.Decider, (), None, maybe(expr))
        | one(s.Decider, some(expr), None, maybe(expr))
        | one(s.Decider, (), by, maybe(expr))
    )


def choosable(expr: st.SearchStrategy) -> st.SearchStrategy:
    """Make the types that can stand after `choose`."""
    scalar = one(s.NamedType, NAMES) | one(s.IntType, maybe(expr), expr)
    return scalar | one(s.ArrayType, scalar, some(expr))


def types(expr: st.SearchStrategy) -> st.SearchStrategy:
    """Make types."""
    simple = choosable(expr)
    return simple | one(s.TupleType, some(simple, 2))


def targets(expr: st.SearchStrategy) -> st.SearchStrategy:
    """Make what can be assigned."""
    part = expr | one(s.Slice, maybe(expr), maybe(expr))
    return NAME | one(s.Index, NAME, some(part))


def larger(expr: st.SearchStrategy) -> st.SearchStrategy:
    """Make expressions of smaller ones."""
    part = expr | one(s.Slice, maybe(expr), maybe(expr))
    return st.one_of(
        one(s.Member, NAMES, NAMES),
        one(s.Unary, st.sampled_from(["-", "not"]), expr),
        one(s.Binary, st.sampled_from(OPERATORS), expr, expr),
        one(s.Conditional, expr, expr, expr),
        one(s.Call, NAMES, some(expr, 0)),
        one(s.Call, NAMES, some(expr), maybe(expr), maybe(expr)),
        one(s.Index, expr, some(part)),
        one(s.ArrayLiteral, some(expr)),
        one(s.TupleLiteral, some(expr, 2)),
        one(s.ChooseValue, choosable(expr), deciders(expr)),
        one(s.ChooseExpr, some(expr), deciders(expr)),
    )


EXPR = st.recursive(NAME | LITERAL, larger, max_leaves=5)
SIMPLE = st.one_of(
    one(s.Assign, some(targets(EXPR)), None, EXPR),
    one(s.Assign, NAME.map(lambda n: (n,)), types(EXPR), EXPR),
    one(s.Update, targets(EXPR), st.sampled_from(["+", "-", "*", "/", "//", "%"]), EXPR),
    one(s.Learn, NAMES, types(EXPR)),
    one(s.Swap, targets(EXPR), targets(EXPR)),
    one(s.Pass),
    one(s.Return, EXPR),
    one(s.Controller, NAMES, networks(EXPR, some(EXPR))),
)


def compound(statement: st.SearchStrategy) -> st.SearchStrategy:
    """Make statements with blocks of smaller ones."""
    block = some(statement)
    over = EXPR | one(s.Range, EXPR, EXPR, maybe(EXPR))
    options = some(st.tuples(NAMES, EXPR), 0)
    halting = maybe(one(s.Halting, NAMES, options))
    return st.one_of(
        one(s.If, some(st.tuples(EXPR, block)), maybe(block)),
        one(s.Match, EXPR, some(one(s.Case, some(EXPR, 0), block))),
        one(s.For, NAMES, over, block),
        one(s.While, EXPR, EXPR, halting, block),
        one(s.Repeat, EXPR, halting, block, EXPR),
        one(s.Do, block),
        one(s.ChooseBlock, deciders(EXPR), block),
    )


STATEMENT = st.recursive(SIMPLE, compound, max_leaves=3)
PARAMS = some(one(s.Param, NAMES, types(EXPR)), 0)
DECLARATION = st.one_of(
    one(s.Size, NAMES, maybe(EXPR)),
    one(s.EnumDecl, NAMES, some(NAMES)),
    one(s.Const, NAMES, types(EXPR), EXPR),
    one(s.Import, some(NAMES)),
    one(s.Net, NAMES, networks(EXPR, st.just(()))),
    one(s.Extern, NAMES, PARAMS, types(EXPR)),
    one(s.Function, "fn", NAMES, PARAMS, types(EXPR), some(STATEMENT)),
)
MAIN = one(s.Function, "program", NAMES, PARAMS, types(EXPR), some(STATEMENT))
PROGRAM = st.tuples(some(DECLARATION, 0), MAIN).map(
    lambda made: s.Program((*made[0], made[1]), span=AT)
)


@given(PROGRAM)
def test_printing_and_parsing_are_inverse(program: s.Program) -> None:
    """parse(format(p)) = p for every syntax tree, and format of it gives the same text."""
    text = format_program(program)
    again = parsed(text)
    assert again == program
    assert format_program(again) == text


@given(EXPR)
def test_expressions_on_one_line(expr: s.Expr) -> None:
    """format_expr gives one line that means the expression."""
    text = format_expr(expr)
    assert "\n" not in text
    again = parsed(f"program p() -> bool:\n    return ({text})\n").main.body[0]
    assert isinstance(again, s.Return)
    assert again.value == expr


@given(PROGRAM, st.data())
def test_comments_survive(program: s.Program, data: st.DataObject) -> None:
    """Wherever comments stand, all are kept, and the program means the same."""
    lines: list[str] = []
    for number, line in enumerate(format_program(program).splitlines()):
        place = data.draw(st.sampled_from(["", "", "above", "behind", "blank"]))
        indent = " " * data.draw(st.integers(0, 9))
        lines += {"above": [f"{indent}# above {number}"], "blank": [""]}.get(place, [])
        lines.append(line + (f" # behind {number}" if place == "behind" else ""))
    commented = parsed("\n".join([*lines, "# the end"]))
    text = format_program(commented)
    again = parsed(text)
    assert again == program
    assert sorted(c.text for c in again.comments) == sorted(c.text for c in commented.comments)
    assert format_program(again) == text


@given(EXPR, st.data())
def test_comments_inside_brackets_survive(expr: s.Expr, data: st.DataObject) -> None:
    """Also in the middle of a statement that goes over several lines."""
    words = format_expr(expr).split(" ")
    ends = [data.draw(st.sampled_from([" ", " # note\n", "\n# alone\n"])) for _ in words]
    text = "".join(word + end for word, end in zip(words, ends, strict=True))
    commented = parsed(f"program p() -> bool:\n    return (\n{text})\n")
    again = parsed(format_program(commented))
    assert again == commented
    assert len(again.comments) == len(commented.comments)
    assert format_program(again) == format_program(commented)


def canonical(text: str) -> None:
    """Hold that a text is already as the formatter prints it."""
    assert format_program(parsed(text)) == text


def test_comments_stay_where_they_were() -> None:
    """Comments keep their block, also at its end and before an `else`."""
    canonical(
        """# about the file

size n = 3  # a size
# about the next
size m

# about p
program p(x: bool) -> bool:  # the header
    # first in the body
    y = x  # behind

    # between
    if x:
        y = x
        # last in the block
    # about else
    else:  # behind else
        # first in else
        y = x
        # last in else
    # after all of it
    repeat max 3:
        pass
        # last in repeat
    until x  # behind until
    return y
    # last in p

# the end
"""
    )


def test_messy_layout_becomes_canonical() -> None:
    """Indentation, spaces, parentheses and blank lines are made the same everywhere."""
    messy = (
        "size  n=3\n\n\nprogram p( x:int<(n)> )->int < n >:\n"
        "  if((x==0)) :\n   return ((x))\n\n\n\n  return x+(1*2)"
    )
    assert format_program(parsed(messy)) == (
        "size n = 3\n\nprogram p(x: int<n>) -> int<n>:\n"
        "    if x == 0:\n        return x\n\n    return x + 1 * 2\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "a + b * c",
        "(a + b) * c",
        "a - (b - c)",
        "(a < b) == c",
        "not (a and b)",
        "-(a + b)",
        "(-a)[0]",
        "a if b else c if d else e",
        "(a if b else c) if d else e",
        "f((choose(a, b) given c), d)",
        "f(choose(a, b) given c, d)",
        "1 + (choose bool by net of a where b)",
        "(choose bool)[0]",
        "xs[i + 1 .. n, :, 1..3, ..n, i + 1..]",
        "min(xs where a or b else 0)",
        "sum((choose(a, b) where c) where d)",
        "sum((choose(a, b)) where d)",
        "sum(c, 1 + choose(a, b) where d)",
        "1e-05 + 1e+16 + 0.1",
    ],
)
def test_fewest_parentheses(text: str) -> None:
    """An expression is printed with the parentheses that it needs, and no others."""
    made = parsed(f"program p() -> bool:\n    return {text}\n").main.body[0]
    assert isinstance(made, s.Return)
    assert format_expr(made.value) == text


def test_types_on_one_line() -> None:
    """format_type prints a type as written."""
    text = "(int<-1..n>[n, 2 * m], int<n .. 2 * n>, real)"
    made = parsed(f"program p(x: {text}) -> bool:\n    return true\n").main.params[0].type
    assert format_type(made) == text


LINES: dict[str, Callable[[], str]] = {
    "table": lambda: f"const t: int<9>[99] = [{', '.join(['7'] * 99)}]",
    "sum": lambda: f"    return {' + '.join([LONG] * 9)}",
    "call": lambda: f"    return f({', '.join(f'g({LONG}, {LONG})' for _ in range(9))})",
    "tuple": lambda: f"    return {', '.join([LONG] * 9)}",
    "test": lambda: f"    if {' and '.join([LONG] * 9)}:\n        pass",
    "nested": lambda: f"    x = f([[{LONG}, {LONG}], [{LONG}, g({LONG} + {LONG} + {LONG})]])",
}


@pytest.mark.parametrize("case", LINES)
def test_long_lines_break(case: str) -> None:
    """Lines are at most 100 wide where a bracket, given or added, lets them break."""
    text, header = LINES[case](), "program p() -> bool:\n    pass\n"
    program = parsed(f"{text}\n{header}" if case == "table" else f"{header}{text}\n")
    printed = format_program(program)
    assert max(map(len, printed.splitlines())) <= 100
    assert parsed(printed) == program


def test_made_nodes_have_no_comments() -> None:
    """A tree made by another stage, with places of other texts, is printed all the same."""
    program = parsed("# one\nprogram p(x: bool) -> bool:\n    y = x  # two\n    return y\n")
    other = parsed("program q() -> bool:\n    if a:\n        pass\n    else:\n        pass\n")
    body = (*other.main.body, *program.main.body)
    main = s.Function("program", "p", (), program.main.result, body, span=program.main.span)
    made = s.Program((main,), program.comments, span=program.span)
    text = format_program(made)
    assert parsed(text) == made
    assert text.count("#") == 2
