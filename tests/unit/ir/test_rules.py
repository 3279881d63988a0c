"""Each rule: the program before, the program after, and how often it applied."""

from __future__ import annotations

from collections import Counter
from time import process_time
from typing import TYPE_CHECKING

import pytest

from diffprog import loads
from diffprog.errors import InvariantError
from diffprog.ir.graph import Apply, Cut, Write
from diffprog.ir.rewrite import Rule, fixed_point, rewrite
from diffprog.ir.rules import RULES, simplify
from diffprog.ir.same import same
from diffprog.ir.text import text
from diffprog.types import BOOL, REAL, Array, Int
from tests.unit.ir.build import Region

if TYPE_CHECKING:
    from collections.abc import Callable

    from diffprog.ir.graph import Graph, NodeId

INT = Int(0, 4)
XS = ("xs", Array((3,), INT))


def simplified(graph: Graph) -> tuple[str, dict[str, int]]:
    """Return the body of a graph after all rules, and how often each applied."""
    told: Counter[str] = Counter()
    after = simplify(graph, lambda name, _: told.update([name]))
    return "\n".join(line.strip() for line in text(after).splitlines()[1:]), dict(told)


def _op(name: str, value: object, *, first: bool = False) -> Callable[[], Graph]:
    def build() -> Graph:
        r = Region(("x", BOOL if isinstance(value, bool) else INT))
        c = r.const(value)  # type: ignore[arg-type]
        return r.done([r.op(name, c, 0) if first else r.op(name, 0, c)])

    return build


def _chain(*ops: str, t: object = BOOL) -> Callable[[], Graph]:
    def build() -> Graph:
        r = Region(("x", t))  # type: ignore[arg-type]
        value: NodeId = 0
        for name in ops:
            value = r.op(name, value)
        return r.done([value])

    return build


def _folded() -> Graph:
    r = Region()
    return r.done([r.op("add", r.const(2), r.const(3))])


def _folded_table() -> Graph:
    r = Region()
    return r.done([r.table(BOOL, (0, 1, 0, 0), r.const(1, INT))])


def _conversions() -> Graph:
    r = Region(("x", INT))
    return r.done([r.into("convert", r.into("convert", 0, Int(0, 9)), REAL)])


def _own_type() -> Graph:
    r = Region(("x", INT))
    return r.done([r.into("narrow", r.into("convert", 0, Int(-1, 9)), INT)])


def _swapped() -> Graph:
    r = Region(("x", BOOL), ("y", BOOL))
    return r.done([r.op("xor", r.op("and", 1, 0), r.op("and", 0, 1))])


def _read_written() -> Graph:
    r = Region(XS, ("v", INT), ("i", Int(0, 2), True))
    return r.done([r.read(r.write(0, 1, 2), 2)])


def _read_beside() -> Graph:
    r = Region(XS, ("v", INT), ("i", Int(0, 2), True))
    return r.done([r.read(r.write(0, 1, 2), r.op("add", 2, r.const(1)))])


def _read_array() -> Graph:
    r = Region(("a", INT), ("b", INT))
    return r.done([r.read(r.array(0, 1), r.const(1))])


def _read_constant() -> Graph:
    r = Region()
    return r.done([r.read(r.const([3, 1, 2], Array((3,), INT)), r.const(2))])


def _read_copies() -> Graph:
    r = Region(("v", INT), ("i", Int(0, 3)))
    return r.done([r.read(r.into("convert", 0, Array((3,), INT)), 1)])


def _overwritten() -> Graph:
    r = Region(XS, ("v", INT), ("w", INT))
    one = r.const(1)
    return r.done([r.write(r.write(0, 1, one), 2, one)])


def _written_back() -> Graph:
    r = Region(XS)
    one = r.const(1)
    return r.done([r.write(0, r.read(0, one), one)])


def _folded_sum() -> Graph:
    r = Region()
    return r.done([r.reduce("sum", r.const([1, 2, 3], Array((3,), INT)))])


def _known_test() -> Graph:
    r = Region(("x", INT), ("y", INT))
    _, (out,) = r.select([], [0, 1], lambda t: t.const(True), lambda _: [0], lambda _: [1])
    return r.done([out])


def _equal_results() -> Graph:
    r = Region(("s", BOOL), ("x", INT), ("y", INT))
    _, out = r.select([0], [1, 2], lambda _: 0, lambda _: [1, 1, 0], lambda _: [1, 2, 0])
    return r.done(out)


def _equal_cases() -> Graph:
    r = Region(("s", Int(0, 3)), ("x", INT), ("y", INT))
    first, second = lambda c: [c.op("add", 1, 2)], lambda c: [c.op("add", 1, 1)]
    _, (out,) = r.select([0], [1, 2], lambda _: 0, first, second, first)
    return r.done([out])


def _merged_cells() -> Graph:
    r = Region(("s", BOOL), XS, ("v", INT), ("i", Int(0, 2), True))
    _, (out,) = r.select(
        [0],
        [1, 2, 3],
        lambda _: 0,
        lambda _: [1],
        lambda c: [c.write(1, 2, c.op("add", 3, c.const(1)))],
    )
    return r.done([out])


def _no_trip() -> Graph:
    r = Region(("x", INT))
    _, (out,) = r.loop_for((r.const(2), r.const(2)), INT, [0], [], lambda b: [b.const(1, INT)])
    return r.done([out])


def _one_trip() -> Graph:
    r = Region(("x", BOOL))
    _, (out,) = r.loop_for((r.const(2), r.const(3)), INT, [0], [], lambda b: [b.op("not", 1)])
    return r.done([out])


def _unchanged() -> Graph:
    r = Region(("x", BOOL), ("y", BOOL))
    _, out = r.loop_for((r.const(0), r.const(3)), INT, [0, 1], [], lambda b: [1, b.op("xor", 1, 2)])
    return r.done(out)


def _dead_result() -> Graph:
    r = Region(("s", BOOL), ("x", INT), ("y", INT))
    _, (out, _) = r.select(
        [0], [1, 2], lambda _: 0, lambda _: [1, 2], lambda c: [c.const(1, INT), 1]
    )
    return r.done([out])


def _repeated() -> Graph:
    r = Region(("s", BOOL), ("x", INT))
    _, (out,) = r.select(
        [0],
        [1, 1],
        lambda _: 0,
        lambda c: [c.op("add", 1, 2)],
        lambda c: [c.into("convert", 2, Int(0, 7))],
    )
    return r.done([out])


def _constant_inside() -> Graph:
    r = Region(("s", BOOL), ("x", INT))
    _, (out,) = r.select(
        [0],
        [1, r.const(3)],
        lambda _: 0,
        lambda c: [c.into("convert", c.op("add", 1, 2), Int(0, 8))],
        lambda c: [c.into("convert", c.op("add", 2, 2), Int(0, 8))],
    )
    return r.done([out])


CASES: dict[str, tuple[Callable[[], Graph], str, dict[str, int]]] = {
    "2 + 3": (_folded, "%0 = 5 : int<5..6>\n-> %0", {"fold": 1}),
    "table(1)": (_folded_table, "%0 = True : bool\n-> %0", {"fold table": 1}),
    "x + 0": (_op("add", 0), "-> %x", {"neutral": 1}),
    "x - 0": (_op("sub", 0), "-> %x", {"neutral": 1}),
    "1 * x": (_op("mul", 1, first=True), "-> %x", {"neutral": 1}),
    "x and true": (_op("and", True), "-> %x", {"neutral": 1}),
    "x or false": (_op("or", False), "-> %x", {"neutral": 1}),
    "x xor false": (_op("xor", False), "-> %x", {"neutral": 1}),
    "x and false": (_op("and", False), "%1 = False : bool\n-> %1", {"absorbing": 1}),
    "x * 0": (_op("mul", 0), "%1 = 0 : int<1>\n-> %1", {"absorbing": 1}),
    "x xor true": (_op("xor", True), "%1 = not %x : bool\n-> %1", {"opposite": 1}),
    "not not x": (_chain("not", "not"), "-> %x", {"opposite": 1}),
    "-(-x)": (_chain("neg", "neg", t=INT), "-> %x", {"opposite": 1}),
    "convert(convert(x))": (
        _conversions,
        "%1 = convert %x : real\n-> %1",
        {"conversion": 1},
    ),
    "narrow(convert(x))": (_own_type, "-> %x", {"conversion": 1}),
    "y and x, x and y": (
        _swapped,
        "%2 = and %x %y : bool\n%3 = xor %2 %2 : bool\n-> %3",
        {"order": 1},
    ),
    "read of the written cell": (_read_written, "-> %v", {"read written": 1}),
    "read beside the written cell": (
        _read_beside,
        "%3 = 1 : int<1..2>\n%4 = add %i %3 : int<1..3>\n%5 = read %xs[%4] : int<4>\n-> %5",
        {"read written": 1},
    ),
    "[a, b][1]": (_read_array, "-> %b", {"read array": 1}),
    "[3, 1, 2][2]": (_read_constant, "%0 = 2 : int<4>\n-> %0", {"read constant": 1}),
    "copies[i]": (_read_copies, "-> %v", {"read copies": 1}),
    "written twice": (
        _overwritten,
        "%3 = 1 : int<1..2>\n%4 = write %xs[%3] = %w : int<4>[3]\n-> %4",
        {"overwritten": 1},
    ),
    "M[i] = M[i]": (_written_back, "-> %xs", {"written back": 1}),
    "sum([1, 2, 3])": (_folded_sum, "%0 = 6 : int<10>\n-> %0", {"fold reduction": 1}),
    "select(true, x, y)": (_known_test, "-> %y", {"known test": 1}),
    "no trip": (_no_trip, "-> %x", {"no trip": 1}),
    "one trip": (_one_trip, "%1 = not %x : bool\n-> %1", {"one trip": 1}),
}


@pytest.mark.parametrize("name", CASES)
def test_rule(name: str) -> None:
    """The program after, and the count."""
    build, wanted, count = CASES[name]
    assert simplified(build()) == (wanted, count)


def test_equal_results() -> None:
    """select(s, a, a) = a, for a source too; what differs stays."""
    after, told = simplified(_equal_results())
    assert "select on [%s] with [%x, %y] cases 0 1 : (int<4>)" in after
    assert after.splitlines()[-1] == "-> %x, %4, %s"
    assert told == {"equal results": 1}


def test_sources_of_crooked_tests_stay() -> None:
    """A test that uses its source twice has weights that do not bring the source back."""
    r = Region(("x", BOOL))
    _, (out,) = r.select([0], [], lambda t: t.op("xor", 0, 0), lambda _: [0], lambda _: [0])
    assert simplified(r.done([out]))[1] == {}


def test_equal_cases() -> None:
    """Two cases of one region become one, and two values go there."""
    after, told = simplified(_equal_cases())
    assert "cases 0 1 0" in after
    assert "case 2" not in after
    assert told == {"equal cases": 1}


def test_cases_that_compute_with_a_source_stay() -> None:
    """w_1 f(x|1) + w_2 f(x|2) is not f(x) where f uses x twice."""
    r = Region(("s", BOOL))
    _, (out,) = r.select(
        [0], [], lambda _: 0, lambda c: [c.op("xor", 0, 0)], lambda c: [c.op("xor", 0, 0)]
    )
    assert simplified(r.done([out]))[1] == {}


def test_merge_cells() -> None:
    """Only the cell that a case assigns is mixed; the write follows the branch."""
    after, told = simplified(_merged_cells())
    assert "select on [%s] with [%v, %6] cases 0 1 : (int<4>)" in after
    assert after.splitlines()[-2].endswith("write %xs[%5] = %8 : int<4>[3]")
    assert told == {"merge cells": 1, "unused parameter": 2}


def test_merge_cells_needs_known_indices() -> None:
    """An uncertain index may mean every cell: the arrays are mixed."""
    r = Region(("s", BOOL), XS, ("v", INT), ("i", Int(0, 3)))
    _, (out,) = r.select([0], [1, 2, 3], lambda _: 0, lambda _: [1], lambda c: [c.write(1, 2, 3)])
    assert simplified(r.done([out]))[1] == {}


def test_merge_cells_refuses_what_may_be_one() -> None:
    """Two indices that may be one cell are left alone."""
    known = ("i", Int(0, 3), True), ("j", Int(0, 3), True)
    r = Region(("s", BOOL), XS, ("v", INT), *known)
    _, (out,) = r.select(
        [0],
        [1, 2, 3, 4],
        lambda _: 0,
        lambda c: [c.write(1, 2, 3)],
        lambda c: [c.write(1, 2, 4)],
    )
    assert simplified(r.done([out]))[1] == {}


def test_unchanged_becomes_invariant() -> None:
    """What each round leaves alone is not carried."""
    after, told = simplified(_unchanged())
    assert "carried [%y] with [%x]" in after
    assert after.splitlines()[-1] == "-> %x, %5"
    assert told == {"unchanged": 1, "order": 1}


def test_dead_results() -> None:
    """A result that nobody takes goes, and with it the parameter it needed."""
    after, told = simplified(_dead_result())
    assert "select on [%s] with [%x] cases 0 1 : (int<4>)" in after
    assert told == {"dead result": 1, "unused parameter": 1}


def test_repeated_parameters() -> None:
    """What is given twice comes in once."""
    after, told = simplified(_repeated())
    assert "with [%x]" in after
    assert told == {"repeated parameter": 1}


def test_constants_go_inside() -> None:
    """A parameter that is given a constant is that constant, and folds."""
    after, told = simplified(_constant_inside())
    assert "with [%x]" in after
    assert told == {"constant parameter": 1, "fold": 2}


def test_loops_drop_what_is_dead() -> None:
    """A carried value goes if no result, no test and no other carried value needs it."""
    r = Region(("x", Int(0, 4)), ("y", BOOL), ("z", BOOL))
    _, (out, _, _) = r.loop(
        [0, 1, 2],
        4,
        lambda t: t.op("ge", 1, t.const(3)),
        lambda g: [1, g.op("not", 3), g.op("xor", 3, 4)],
    )
    after, told = simplified(r.done([out]))
    assert "carried [%x] with []" in after
    assert told == {"dead result": 1}


KEPT: dict[str, Callable[[Region], NodeId]] = {
    "h - h": lambda r: r.op("sub", 0, 0),
    "x + x": lambda r: r.op("add", 0, 0),
    "x == x": lambda r: r.op("eq", 0, 0),
    "read at an uncertain index of what was written there": lambda r: r.read(r.write(1, 0, 2), 2),
    "a comparison of constant reals": lambda r: r.op("gt", r.const(2.0), r.const(1.0)),
    "1 / 0": lambda r: r.op("div", r.const(1.0), r.const(0.0)),
    "a real * 0": lambda r: r.op("mul", 3, r.const(0.0)),
}


@pytest.mark.parametrize("name", KEPT)
def test_not_a_rule(name: str) -> None:
    """What would change the soft meaning is left as it is written."""
    r = Region(("x", INT), XS, ("i", Int(0, 3)), ("r", REAL))
    assert simplified(r.done([KEPT[name](r)]))[1] == {}


def test_slices_are_not_cells() -> None:
    """A read of a slice of what was written stays; the same slice does not."""
    r = Region(XS, ("v", Array((2,), INT)))
    new = r.put(Write(axes=(Cut(0, 2),), inputs=(0, 1), type=XS[1], span=r.here))
    assert simplified(r.done([r.cut(new, 1, 3)]))[1] == {}
    assert simplified(r.done([r.cut(new, 0, 2)])) == ("-> %v", {"read written": 1})


def test_sort_merges_two_cells() -> None:
    """The body of a bubble sort mixes two cells, not the array."""
    graph = loads("""\
size n = 3
program sort(xs: int<10>[n]) -> int<10>[n]:
    for end in n - 1 .. 0 step -1:
        for i in 0 .. end:
            if xs[i] > xs[i + 1]:
                swap xs[i], xs[i + 1]
    return xs
""").lowered
    shown, told = simplified(graph)
    assert "select on [%2, %5] with [] cases 0 1 : (int<10>, int<10>)" in shown
    assert told["merge cells"] == 1


def test_rules_that_never_end_are_a_fault() -> None:
    """A rule that undoes itself is found, by name."""
    again = Rule("again", Apply, lambda scene, node: scene.add(node))
    with pytest.raises(InvariantError, match="again"):
        fixed_point(_chain("not")(), lambda g, told: rewrite(g, [again], told), None)


def test_rules_have_names_of_their_own() -> None:
    """A trace says which rule applied."""
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(rule.change.__doc__ for rule in RULES)


def test_same_regions() -> None:
    """Regions are the same but for names; a constant 1 is not true."""
    one, other = (Region((name, INT)) for name in "ab")
    assert same(one.done([one.op("add", 0, 0)]), other.done([other.op("add", 0, 0)]))
    assert not same(_op("add", 1)(), _op("and", True)())
    assert same(_unchanged(), _unchanged())


def test_a_thousand_lines_are_quick() -> None:
    """Simplifying a straight program of 1,000 lines takes well under a second."""
    r = Region(("x", BOOL), ("y", BOOL))
    value = 0
    for _ in range(500):
        value = r.op("xor", r.op("not", value), 1)
    graph = r.done([value])
    start = process_time()
    simplify(graph)
    assert process_time() - start < 1
