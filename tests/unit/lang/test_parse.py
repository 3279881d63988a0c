"""What texts mean as syntax, and what is said about texts that mean nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from diffprog.errors import DiffprogError, Source, Span
from diffprog.lang import parse as parser
from diffprog.lang import syntax as s
from diffprog.lang.parse import parse

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "program p(x: int<9>, b: bool, xs: int<9>[4]) -> int<9>:\n"
NOWHERE = Span(Source("", ""), 0, 0)


def program(text: str) -> s.Program:
    """Parse a text."""
    return parse(Source("test.dp", text))


def body(*lines: str) -> s.Block:
    """Parse the lines of a body."""
    return program(HEADER + "".join(f"    {line}\n" for line in lines)).main.body


def statement(*lines: str) -> s.Statement:
    """Parse one statement."""
    (found,) = body(*lines)
    return found


def expression(text: str) -> s.Expr:
    """Parse an expression."""
    found = statement(f"return {text}")
    assert isinstance(found, s.Return)
    return found.value


def codes(text: str) -> list[str]:
    """List the codes of a text's errors."""
    with pytest.raises(DiffprogError) as caught:
        program(text)
    return [d.code for d in caught.value.diagnostics]


def name(text: str) -> s.Name:
    """Make a name."""
    return s.Name(text, span=NOWHERE)


def grouped(node: object) -> str:
    """Print an expression with all its parentheses."""
    match node:
        case s.Binary(op, left, right):
            return f"({grouped(left)} {op} {grouped(right)})"
        case s.Unary(op, operand):
            return f"({op} {grouped(operand)})"
        case s.Conditional(then, test, other):
            return f"({grouped(then)} if {grouped(test)} else {grouped(other)})"
        case s.Name(text):
            return text
        case s.Literal(value):
            return str(value)
        case s.Index(base, parts):
            return f"{grouped(base)}[{', '.join(map(grouped, parts))}]"
        case s.Slice(lo, hi):
            return f"{grouped(lo) if lo else ''}..{grouped(hi) if hi else ''}"
    return type(node).__name__


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a / b // c % d @ e", "((((a / b) // c) % d) @ e)"),
        ("-a * b", "((- a) * b)"),
        ("- -a", "(- (- a))"),
        ("-xs[0]", "(- xs[0])"),
        ("not a == b", "(not (a == b))"),
        ("not not a", "(not (not a))"),
        ("a or b xor c and d", "(a or (b xor (c and d)))"),
        ("a < b + 1", "(a < (b + 1))"),
        ("a if b else c if d else e", "(a if b else (c if d else e))"),
        ("a or b if c or d else e", "((a or b) if (c or d) else e)"),
        ("((a))", "a"),
        ("(a + b) * c", "((a + b) * c)"),
        ("xs[i, :, 1..3, n.., ..2][j]", "xs[i, .., 1..3, n.., ..2][j]"),
        ("a[b[c[0]]]", "a[b[c[0]]]"),
        ("max + step - of * size", "((max + step) - (of * size))"),
        ("007 + 1e3 + 2.5e-1", "((7 + 1000.0) + 0.25)"),
    ],
)
def test_expressions_group(text: str, meaning: str) -> None:
    """Operators bind as the reference says."""
    assert grouped(expression(text)) == meaning


def test_literals() -> None:
    """Numbers and truth values are plain Python values of the right type."""
    values = [expression(t) for t in ("true", "false", "3", "0.5", "1000000000000000")]
    found = [v.value for v in values if isinstance(v, s.Literal)]
    assert found == [True, False, 3, 0.5, 10**15]
    assert [type(v) for v in found] == [bool, bool, int, float, int]


def test_calls_and_clauses() -> None:
    """Reductions take `where` and `else`; `max` is a name where it is called."""
    assert expression("f()") == s.Call("f", (), span=NOWHERE)
    assert expression("max(a, b)") == s.Call("max", (name("a"), name("b")), span=NOWHERE)
    call = s.Call("min", (name("a"),), name("m"), name("v"), span=NOWHERE)
    assert expression("min(a where m else v)") == call
    assert expression("Colour.red") == s.Member("Colour", "red", span=NOWHERE)


def test_choices() -> None:
    """A choice carries what it depends on; commas after `given` are its own."""
    found = expression("choose(a, b) given x, y where m")
    free = s.Decider(span=NOWHERE)
    given = s.Decider((name("x"), name("y")), None, name("m"), span=NOWHERE)
    assert found == s.ChooseExpr((name("a"), name("b")), given, span=NOWHERE)
    assert expression("choose(a, b)[0]") == s.Index(
        s.ChooseExpr((name("a"), name("b")), free, span=NOWHERE),
        (s.Literal(0, span=NOWHERE),),
        span=NOWHERE,
    )
    by = expression("choose bool by mlp(hidden = 8, in = 2) of a, b")
    assert isinstance(by, s.ChooseValue)
    assert by.type == s.NamedType("bool", span=NOWHERE)
    assert by.decider.by == s.Network(
        "mlp",
        (("hidden", s.Literal(8, span=NOWHERE)), ("in", s.Literal(2, span=NOWHERE))),
        (name("a"), name("b")),
        span=NOWHERE,
    )


def test_types() -> None:
    """Sizes are expressions, and a type in parentheses is itself."""
    found = statement("y: (int<-n + 1..2 * n>[n, m + 1], (real)) = x")
    assert isinstance(found, s.Assign)
    assert isinstance(found.type, s.TupleType)
    array, real = found.type.items
    assert isinstance(array, s.ArrayType)
    assert isinstance(array.item, s.IntType)
    assert grouped(array.item.lo) == "((- n) + 1)"
    assert grouped(array.item.hi) == "(2 * n)"
    assert [grouped(e) for e in array.shape] == ["n", "(m + 1)"]
    assert real == s.NamedType("real", span=NOWHERE)


def test_simple_statements() -> None:
    """Each statement of one line gives its node."""
    assert statement("pass") == s.Pass(span=NOWHERE)
    pair = s.TupleLiteral((name("a"), name("b")), span=NOWHERE)
    assert statement("return a, b") == s.Return(pair, span=NOWHERE)
    assert statement("a, b = a, b") == s.Assign((name("a"), name("b")), None, pair, span=NOWHERE)
    cell = s.Index(name("xs"), (name("a"),), span=NOWHERE)
    assert statement("xs[a] //= b") == s.Update(cell, "//", name("b"), span=NOWHERE)
    assert statement("swap xs[a], b") == s.Swap(cell, name("b"), span=NOWHERE)
    real = s.NamedType("real", span=NOWHERE)
    assert statement("learn w: real") == s.Learn("w", real, span=NOWHERE)
    network = s.Network("lstm", (), (name("a"),), span=NOWHERE)
    assert statement("controller r = lstm() reads a") == s.Controller("r", network, span=NOWHERE)


def test_blocks() -> None:
    """Statements with blocks nest as they are indented."""
    found = statement("if a:", "    pass", "elif b:", "    pass", "else:", "    pass")
    nothing = (s.Pass(span=NOWHERE),)
    assert found == s.If(((name("a"), nothing), (name("b"), nothing)), nothing, span=NOWHERE)
    found = statement("match a:", "    case 0, 2:", "        pass", "    case _:", "        pass")
    assert isinstance(found, s.Match)
    assert [len(c.patterns) for c in found.cases] == [2, 0]
    found = statement("for i in a .. b step -1:", "    pass")
    assert isinstance(found, s.For)
    assert isinstance(found.over, s.Range)
    assert grouped(found.over.step) == "(- 1)"
    assert statement("for v in a:", "    pass") == s.For("v", name("a"), nothing, span=NOWHERE)
    halting = s.Halting("act", (("epsilon", s.Literal(0.01, span=NOWHERE)),), span=NOWHERE)
    found = statement("while a max b by act(epsilon = 0.01):", "    pass")
    assert found == s.While(name("a"), name("b"), halting, nothing, span=NOWHERE)
    found = statement("repeat max b:", "    pass", "until a")
    assert found == s.Repeat(name("b"), None, nothing, name("a"), span=NOWHERE)
    assert statement("do:", "    pass") == s.Do(nothing, span=NOWHERE)
    found = statement("choose by r where m:", "    pass")
    assert isinstance(found, s.ChooseBlock)
    assert found.decider.by == s.Network("r", span=NOWHERE)


def test_declarations() -> None:
    """Each declaration gives its node."""
    found = program(
        "size n\nsize m = n + 1\nenum Colour: red, green\nconst t: int<3>[2] = [0, 1]\n"
        "import std.memory\nnet cell = gru(in = 8)\nextern look(a: real,) -> real\n"
        "program p(\n    a: bool, # one\n    b: bool,\n) -> bool:\n  return a"
    )
    kinds = [type(d) for d in found.declarations]
    assert kinds == [s.Size, s.Size, s.EnumDecl, s.Const, s.Import, s.Net, s.Extern, s.Function]
    assert [p.name for p in found.main.params] == ["a", "b"]
    assert found.declarations[4] == s.Import(("std", "memory"), span=NOWHERE)


def test_comments_are_kept() -> None:
    """Comments know where they stood and whether alone."""
    found = program(f"# one\n{HEADER}    # two\n    return x  # three")
    assert [(c.text, c.alone) for c in found.comments] == [
        ("# one", True),
        ("# two", True),
        ("# three", False),
    ]


def test_spans() -> None:
    """A node's place is its text: without the parentheses around it, or the line's end."""
    found = program(HEADER + "    y = (a + b) * c  # note\n    if y:\n        return (x)\n")
    first, second = found.main.body
    assert isinstance(first, s.Assign)
    assert isinstance(first.value, s.Binary)
    assert first.span.text == "y = (a + b) * c"
    assert first.value.span.text == "(a + b) * c"
    assert first.value.left.span.text == "a + b"
    assert second.span.text == "if y:\n        return (x)"


@pytest.mark.parametrize("change", ["\r\n", "bom", "end", "tabs-inside", "blank"])
def test_layout_does_not_matter(change: str) -> None:
    """Line ends, a byte order mark, a missing last line end and blank lines change nothing."""
    text = HEADER + "    if b:\n        x = 1\n    return x\n"
    other = {
        "\r\n": text.replace("\n", "\r\n"),
        "bom": "\ufeff" + text,
        "end": text.rstrip(),
        "tabs-inside": text.replace(" = ", "\t=\t"),
        "blank": text.replace("\n", "  \n \n  # c\n\n"),
    }[change]
    assert program(other) == program(text)


def nested(depth: int) -> str:
    """Make a program of nested blocks."""
    heads = "".join("    " * (i + 1) + "if b:\n" for i in range(depth))
    return HEADER + heads + "    " * (depth + 1) + "x = 1\n    return x\n"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("DP140", HEADER + f"    return {'(' * 2000}x{')' * 2000}\n"),
        ("DP141", nested(500)),
        ("DP142", HEADER + f"    return {' + '.join(['1'] * 5000)}\n"),
        ("DP142", HEADER + f"    return {'not ' * 5000}b\n"),
        ("DP142", HEADER + f"    return x{'[0]' * 2000}\n"),
        ("DP142", HEADER + f"    return {'x if b else ' * 3000}x\n"),
        ("DP105", HEADER + f"    return {'x' * 1_000_000}\n"),
        ("DP103", HEADER + "    return x\0\n"),
        ("DP126", HEADER + f"    return {'9' * 5000}\n"),
    ],
    ids=["brackets", "blocks", "sum", "not", "index", "if", "line", "nul", "number"],
)
def test_extremes_get_one_diagnostic(code: str, text: str) -> None:
    """What is too deep, long or large is one error, found quickly and without recursion."""
    start = time.perf_counter()
    assert codes(text) == [code]
    assert time.perf_counter() - start < 2  # a quarter of it on an idle machine


def test_what_is_deep_enough() -> None:
    """Below the limits nothing is refused."""
    program(HEADER + f"    return {'(' * 99}x{')' * 99}\n")
    program(nested(58))
    program(HEADER + f"    return {' + '.join(['1'] * 150)}\n")


def test_at_most_fifty_errors() -> None:
    """A text that is wrong everywhere is answered in time, with the first fifty errors."""
    assert len(codes(HEADER + "    x = = 3\n" * 3000)) == 50
    assert len(codes(HEADER + "    return ((x\n" * 3000)) == 50


def test_errors_do_not_spread() -> None:
    """A wrong header leaves its block, its `else` and what follows sound."""
    text = HEADER + "    if x = 1:\n        y = 1\n    else:\n        y = 2\n    return y y\n"
    assert codes(text) == ["DP111", "DP100"]
    assert codes("program p(a) -> bool:\n    x = (1\n    return x\n") == ["DP127", "DP106"]


@pytest.mark.parametrize("text", ["", "\n\n", "# only\n", "size n\n", "\ufeff"])
def test_no_program(text: str) -> None:
    """A file without a program says so; a module needs none."""
    assert codes(text) == ["DP130"]
    assert parse(Source("m.dp", text), module=True) is not None


def test_module_has_no_program() -> None:
    """What is imported cannot be a program."""
    with pytest.raises(DiffprogError, match="DP131"):
        parse(Source("m.dp", HEADER + "    return x\n"), module=True)


def test_speed() -> None:
    """A program of 1,000 lines parses in well under a second, also while tests run beside it."""
    part = "    if x > 2 and not b:\n        x = xs[x % 4] + 1\n    else:\n        x = max(x, 1)\n"
    text = HEADER + part * 250 + "    return x\n"
    program(text)
    start = time.process_time()
    program(text)
    assert time.process_time() - start < 1.0


def test_threads_share_the_parser() -> None:
    """The parser keeps nothing of one text while it reads another."""
    text = HEADER + "    if b:\n        x = 1\n    return x\n"
    expected, found = program(text), []
    threads = [threading.Thread(target=lambda: found.append(program(text))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8


@pytest.mark.parametrize("state", ["absent", "damaged", "unwritable"])
def test_kept_tables(state: str, tmp_path: Path) -> None:
    """The parser works without its kept tables, with damaged ones, and where none can be kept."""
    home = tmp_path / "cache"
    run = "from diffprog.lang.parse import _grammar; _grammar()"
    environment = {**os.environ, "XDG_CACHE_HOME": str(home)}
    if state == "unwritable":
        home.write_text("a file, not a folder", encoding="utf-8")
    if state == "damaged":
        subprocess.run([sys.executable, "-c", run], env=environment, check=True)
        for file in (home / "diffprog").iterdir():
            file.write_bytes(file.read_bytes()[:-100])
    subprocess.run([sys.executable, "-c", run], env=environment, check=True)
    if state != "unwritable":
        (file,) = (home / "diffprog").iterdir()
        assert parser._revive(file.read_bytes()).parse(HEADER + "    return x\n")
