"""The text of a graph: readable, complete, and the same each time."""

from __future__ import annotations

from diffprog.ir.graph import Graph, Param
from diffprog.ir.text import text
from diffprog.types import BOOL, Array, Int
from tests.unit.ir.build import Region, at

WANTED = """\
(%xs: int<4>[3], %x: int<4>)
  %2 = 1 : int<1..2>
  %3 = read %xs[%2] : int<4>
  %4 = select on [%x] with [%3] cases 0 1 : (int<4>)
    test (%p0: int<4>, %p1: int<4>)
      %2 = 2 : int<2..3>
      %3 = lt %p0 %2 : bool
      -> %3
    case 0 (%p0: int<4>, %p1: int<4>)
      -> %p1
    case 1 (%p0: int<4>, %p1: int<4>)
      -> %p0
  %5 = part 0 of %4 : int<4>
  %6 = write %xs[%2] = %5 : int<4>[3]
  -> %6"""


def _program() -> Graph:
    r = Region(("xs", Array((3,), Int(0, 4))), ("x", Int(0, 4)))
    one = r.const(1)
    _, (merged,) = r.select(
        [1],
        [r.read(0, one)],
        lambda t: t.op("lt", 0, t.const(2)),
        lambda _: [1],
        lambda _: [0],
    )
    return r.done([r.write(0, merged, one)])


def test_text_of_a_branch() -> None:
    """Regions are indented under their node, parameters go by name."""
    assert text(_program()) == WANTED


def test_lines_are_on_request() -> None:
    """With `lines`, each node says where it comes from."""
    assert "%3 = read %xs[%2] : int<4>  # line 2" in text(_program(), lines=True)


def test_long_tables_are_cut_but_told_apart() -> None:
    """A table of 4,096 entries takes one line, which differs where the table does."""
    r = Region(("a", Int(0, 4096)))
    zeros = (0,) * 4095
    first = text(r.done([r.table(BOOL, (*zeros, 0), 0)]))
    second = text(Region.done(r, [r.table(BOOL, (*zeros, 1), 0)]))
    assert "4096 numbers, checksum" in first
    assert max(map(len, first.splitlines())) < 120
    assert first.splitlines()[-2] != second.splitlines()[-2]


def test_equal_names_are_told_apart() -> None:
    """Two parameters of one name, as functions inlined twice have them, stay two."""
    r = Region(("x", BOOL), ("x", BOOL))
    assert text(r.done([1, 0])) == "(%x: bool, %x.2: bool)\n  -> %x.2, %x"


def test_broken_graphs_print() -> None:
    """The text is what one reads when an invariant is broken: it must not raise."""
    x = Param(name="x", id=0, type=BOOL, span=at(1))
    assert text(Graph((x,), (7,))).endswith("-> %?7")


def test_loops_say_their_bounds() -> None:
    """Rounds, halting and state of a loop stand in its line."""
    r = Region(("x", Int(0, 4)))
    zero, two = r.const(0), r.const(2)
    _, (a,) = r.loop_for((zero, two), Int(0, 2), [0], [], lambda _: [1])
    _, (b,) = r.loop([a], 4, lambda t: t.op("ge", 1, t.const(3)), lambda _: [1])
    shown = text(r.done([b]))
    assert "for %1 .. %2 step 1 carried [%x] with []" in shown
    assert "loop 4 rounds plain 1 sources carried [%4] with []" in shown
