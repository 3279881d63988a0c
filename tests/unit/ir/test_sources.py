"""Where correlation is lost, and where it is not: the analysis on small programs."""

from __future__ import annotations

from time import process_time

import pytest

from diffprog import loads
from diffprog.ir.flow import BUDGET
from diffprog.ir.graph import Hole
from diffprog.ir.masks import Kept, kept, origins, places, restored, twice, unchanged
from diffprog.ir.sources import analyse, warnings
from diffprog.types import BOOL, Array, Int
from tests.unit.ir.build import Region


def found(text: str, **sizes: int) -> list[tuple[int, str]]:
    """Return the line and the message of each warning."""
    graph = loads(text, **sizes).lowered
    told = warnings(graph)
    assert (not told) == analyse(graph).clean
    return [(d.span.line, d.message) for d in told if d.span is not None]


CLEAN = {
    "a network, which takes the mean of what it is given": """\
net score = linear(in = 1)
program p(x: bool) -> int<2>:
    y = score([real(int(x))])
    return pick([y, 1.0]) if chance(sigmoid(y)) else 0
""",
    "a test of another name for the state": """
program p(x: int<4>) -> int<4>:
    repeat max 3:
        y = (x + 1) % 4
        x = y
    until y > 2
    return x
""",
    "a loop on one variable": """\
program p(x: int<4>) -> int<4>:
    while x < 3 max 4:
        x = x + 1
    return x
""",
    "a table that takes one or the other": """\
fn either(a: int<4>, b: int<4>, first: bool) -> int<4>:
    return a if first else b
program p(x: int<3>, y: bool, z: bool) -> int<4>:
    a: int<4> = x
    b: int<4> = x + 1
    return either(b, either(a, b, y), z)
""",
    "an expression that is tabulated": """\
program p(x: int<4>) -> int<7>:
    return x + x
""",
    "a case that uses its tested source": """\
program p(x: int<40>, y: int<400>) -> int<400>:
    return y if y > x else 0
""",
    "a fold: each round reads another cell": """\
size n = 9
program p(bits: bool[n]) -> bool:
    state = false
    for b in bits:
        state = state xor b
    return state
""",
    "a swap that leaves the other cells alone": """\
size n = 4
program p(xs: int<9>[n]) -> int<9>[n]:
    if xs[0] > xs[1]:
        swap xs[0], xs[1]
    if xs[2] > xs[3]:
        swap xs[2], xs[3]
    return xs
""",
    "a known branch": """\
program p(x: int<4>, xs: int<4>[4]) -> int<4>:
    for i in 0 .. 4:
        if i == 3:
            x = xs[i]
    return x
""",
    "an independent mixture": """\
program p(x: int<400>, y: int<400>, b: bool) -> int<400>:
    return x if b else y
""",
    "one read by an uncertain index": """\
program p(xs: int<400>[5], i: int<5>) -> int<400>:
    return xs[i]
""",
}


@pytest.mark.parametrize("name", CLEAN)
def test_clean(name: str) -> None:
    """Programs whose soft value is the expectation warn of nothing."""
    assert found(CLEAN[name]) == []


LOST = {
    "both by the test": (
        """\
program p(x: int<40>, y: int<400>) -> int<500>:
    if x > y:
        z = x + y
    else:
        z = y
    return z
""",
        [(3, "the correlation of `x` and `y` is lost here")],
    ),
    "by two paths": (
        """\
program p(x: int<4>, y: int<4>) -> int<7>:
    z = x
    if x > 1:
        z = y
    return x + z
""",
        [(5, "the correlation of `x` is lost here")],
    ),
    "an uncertain write, then a count": (
        """\
size n = 16
program p(m: bool[n], i: int<n>) -> int<n + 1>:
    m[i] = true
    return count(m)
""",
        [(4, "the correlation of `i` is lost here")],
    ),
    "an outer value in every round": (
        """\
program p(x: int<40>, y: int<40>) -> int<40>:
    for i in 0 .. 3:
        x = (x + y) % 40
    return x
""",
        [(3, "the correlation of `y` is lost here")],
    ),
    "a free choice in every round": (
        """\
program p(bits: bool[4]) -> bool:
    state = false
    for b in bits:
        state = choose(state and b, state or b)
    return state
""",
        [(4, "the correlation of the choice `p.state#0` is lost here")],
    ),
    "an index and what it reads": (
        """\
program p(xs: int<100>[100]) -> int<100>:
    i = xs[0]
    return xs[i]
""",
        [(3, "the correlation of `xs[0]` is lost here")],
    ),
    "a bound and what its rounds change": (  # each round leaves a value of the same sources
        """\
program p(a: int<3>, i: int<2>) -> int<3>:
    for j in 0 .. i + 1:
        a = (a + 1) % 3
    return (a + i) % 3
""",
        [(4, "the correlation of `i` is lost here")],
    ),
    "a longer loop that changes it": (  # run to a fixed point
        """\
program p(a: int<3>, i: int<20000>) -> int<3>:
    for j in 0 .. i + 1:
        a = (a + 1) % 3
    return (a + i) % 3
""",
        [(4, "the correlation of `i` is lost here")],
    ),
    "a variable beside the loop's": (
        """\
program p(x: int<400>, y: int<400>) -> int<400>:
    while x < 300 max 3:
        y = (y + x) % 400
        x = x + 1
    return y
""",
        [(2, "the correlation of `x` is lost here"), (3, "the correlation of `x` is lost here")],
    ),
}


@pytest.mark.parametrize("name", LOST)
def test_lost(name: str) -> None:
    """Each way to lose a correlation is told once, at its place, with the source."""
    text, wanted = LOST[name]
    first = [(line, message) for line, message in found(text)]
    assert first[: len(wanted)] == wanted


def test_the_warning_reads_well() -> None:
    """The whole text of a warning, with its label and its help."""
    (told,) = warnings(loads(LOST["by two paths"][0], "two.dp").lowered)
    assert told.render() == (
        "warning[DP901]: the correlation of `x` is lost here\n"
        " --> two.dp:5:12\n"
        "5 |     return x + z\n"
        "  |            ^^^^^ `x` reaches this by two paths\n"
        "  = help: give the inputs as plain values, or smaller ranges, so that this is tabulated "
        "(up to 4,096 combinations)"
    )


def test_reals_are_means() -> None:
    """A mixed real in a comparison keeps nothing clean from being so, but not exact."""
    cleanness = analyse(
        loads("""\
program p(x: real, b: bool) -> real:
    y = x
    if b:
        y = x * 2.0
    if y > 1.0:
        y = 0.0
    return y
""").lowered
    )
    assert cleanness.clean
    assert not cleanness.affine
    assert not cleanness.exact


def test_affine_reals_are_exact() -> None:
    """Sums and known multiples of mixed reals keep means, whatever they share."""
    cleanness = analyse(
        loads("""\
program p(x: real, b: bool) -> real:
    y = x if b else 0.0
    return y + 2.0 * y - x
""").lowered
    )
    assert cleanness.exact


def test_crisp_inputs_are_no_sources() -> None:
    """An input that is given plainly has nothing to lose."""
    graph = loads(LOST["by two paths"][0]).lowered
    assert analyse(graph, crisp={"x", "y"}).clean
    assert not analyse(graph, crisp={"y"}).clean


def test_act_is_never_exact() -> None:
    """A loop that halts by act has weights that no expectation gives."""
    cleanness = analyse(
        loads("""\
program p(x: real) -> real:
    repeat max 5 by act(epsilon = 0.01):
        x = x * 0.5
    until chance(x)
    return x
""").lowered
    )
    assert not cleanness.halts
    assert not cleanness.exact


def test_given_choices_decide_each_time() -> None:
    """A choice that is given values is another decision each time it is met; a free one is not."""
    r = Region(("a", BOOL), ("b", BOOL))
    one, two = r.hole("f#1", Int(0, 2), 0), r.hole("f#1", Int(0, 2), 1)
    assert analyse(r.done([r.op("add", one, two)])).clean
    free = r.put(Hole(key="g#1", type=Int(0, 2), span=r.here))
    assert not analyse(r.done([r.op("add", free, free)])).clean


def test_a_converted_scalar_lifts() -> None:
    """A scalar that went through a conversion is still one value beside an array."""
    r = Region(("x", Int(0, 3)), ("xs", Array((3,), Int(0, 9))))
    whole = r.op("add", 1, r.into("convert", 0, Int(0, 9)))
    assert analyse(r.done([whole])).clean
    assert not analyse(r.done([r.reduce("sum", whole)])).clean


def test_dead_nodes_lose_nothing() -> None:
    """What reaches no result is not told."""
    r = Region(("a", Int(0, 3)))
    r.op("add", 0, 0)
    assert analyse(r.done([0])).clean


def test_long_loops_reach_a_fixed_point() -> None:
    """Loops beyond the budget, nested or endless, are judged at once."""
    text = """\
size n = 300
program p(xs: int<9>[n], y: int<9>) -> int<9>:
    for i in 0 .. n:
        for j in 0 .. n:
            y = min(y, xs[j])
    return y
"""
    assert BUDGET < 300 * 300
    start = process_time()
    assert found(text)
    assert process_time() - start < 2


def test_a_thousand_lines_are_quick() -> None:
    """A straight program of 1,000 lines takes no time worth speaking of."""
    r = Region(("x", Int(0, 50)), ("y", BOOL))
    value = 0
    for _ in range(1000):
        (_, (value,)) = r.select(
            [value],
            [],
            lambda t: t.op("gt", 0, t.const(7)),
            lambda _: [0],
            lambda _: [0],
        )
    graph = r.done([value])
    start = process_time()
    assert analyse(graph).clean
    assert process_time() - start < 0.5


def test_places_of_cells() -> None:
    """Rows, slices and unknown indices name the right cells."""
    assert places((2, 3), (), []) == [(0,), (1,), (2,), (3,), (4,), (5,)]
    assert places((2, 3), (None, None), [1, 0]) == [(3,)]
    assert places((2, 2), (None, None), [None, None]) == [(0, 1, 2, 3)]


def test_masks() -> None:
    """Bits that stand twice; cells known again after they passed through."""
    assert twice([1, 2, 4, 6]) == 6
    cells = kept([1, 2], "test", tested=1, bit=8)
    assert isinstance(cells, list)
    assert cells == [9, 2]
    assert isinstance(cells[0], Kept)
    joined, same = unchanged([cells, [cells[0], 4]], "test")
    assert (joined, same) == ([0, 6], {0: 1})
    assert restored(joined, same) == [1, 6]
    again = kept([1, 2], "test")  # what came in later may be something else
    assert unchanged([cells, again], "test") == ([9, 2], {})
    since = kept([1, 2], "test", since=origins(cells, "test"))
    assert unchanged([cells, since], "test") == ([0, 0], {0: 1, 1: 2})
    assert unchanged([cells, since], "another") == ([9, 2], {})
