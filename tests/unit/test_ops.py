"""Every operation and reduction: values written by hand, and ranges held against enumeration.

Crisp and soft code share the table, so a wrong row is wrong in both and no law between them can
see it. Here each row meets answers that nobody computed with it.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from diffprog.ops import INFIX, OPS, REDUCTIONS, RuleError
from diffprog.types import BOOL, REAL, Array, Enum, Int, Real, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

T, F = True, False
COLOUR = Enum("Colour", ("red", "green", "blue"))

CASES: dict[str, list[tuple[tuple[Any, ...], Any]]] = {
    "add": [((2, 3), 5), ((-2, 3), 1), ((0.5, 0.25), 0.75), ((1, 0.5), 1.5)],
    "sub": [((2, 3), -1), ((0.5, 0.75), -0.25)],
    "mul": [((-2, 3), -6), ((0, 7), 0), ((0.5, 3), 1.5)],
    "div": [((1, 2), 0.5), ((-3, 2), -1.5), ((6, 3), 2.0), ((1.0, 0.25), 4.0)],
    "floordiv": [((7, 2), 3), ((-7, 2), -4), ((7, -2), -4), ((-7, -2), 3), ((0, 5), 0)],
    "mod": [((7, 3), 1), ((-7, 3), 2), ((7, -3), -2), ((-7, -3), -1), ((6, 3), 0)],
    "neg": [((3,), -3), ((-2,), 2), ((0,), 0), ((0.5,), -0.5)],
    "abs": [((-3,), 3), ((3,), 3), ((0,), 0), ((-0.5,), 0.5)],
    "min": [((2, 3), 2), ((3, 2), 2), ((-1, -2), -2), ((0.5, -0.5), -0.5)],
    "max": [((2, 3), 3), ((3, 2), 3), ((-1, -2), -1), ((0.5, -0.5), 0.5)],
    # where the bounds cross, the lower one wins
    "clamp": [
        ((5, 0, 3), 3),
        ((-5, 0, 3), 0),
        ((2, 0, 3), 2),
        ((2, 3, 0), 3),
        ((1.5, 0, 1), 1),
    ],
    "and": [((T, T), T), ((T, F), F), ((F, T), F), ((F, F), F)],
    "or": [((T, T), T), ((T, F), T), ((F, T), T), ((F, F), F)],
    "xor": [((T, T), F), ((T, F), T), ((F, T), T), ((F, F), F)],
    "not": [((T,), F), ((F,), T)],
    "eq": [((2, 2), T), ((2, 3), F), ((0.5, 0.5), T), ((1, 1.0), T), ((T, F), F)],
    "ne": [((2, 2), F), ((2, 3), T), ((0.5, 0.5), F), ((T, F), T)],
    "lt": [((2, 3), T), ((3, 3), F), ((3, 2), F), ((-1.5, -1.0), T)],
    "le": [((2, 3), T), ((3, 3), T), ((3, 2), F), ((0.5, 0.5), T)],
    "gt": [((2, 3), F), ((3, 3), F), ((3, 2), T), ((0.5, 0.5), F)],
    "ge": [((2, 3), F), ((3, 3), T), ((3, 2), T), ((0.5, 0.5), T)],
    "exp": [((0.0,), 1.0), ((1.0,), 2.718281828459045), ((-1.0,), 0.36787944117144233)],
    "log": [((1.0,), 0.0), ((2.718281828459045,), 1.0), ((0.5,), -0.6931471805599453)],
    "sqrt": [((0.0,), 0.0), ((2.25,), 1.5), ((9,), 3.0)],
    "sin": [((0.0,), 0.0), ((1.5707963267948966,), 1.0), ((0.5235987755982989,), 0.5)],
    "cos": [((0.0,), 1.0), ((3.141592653589793,), -1.0), ((1.0471975511965979,), 0.5)],
    "tanh": [((0.0,), 0.0), ((1.0,), 0.7615941559557649), ((-1.0,), -0.7615941559557649)],
    "sigmoid": [
        ((0.0,), 0.5),
        ((1.0,), 0.7310585786300049),
        ((-1.0,), 0.2689414213699951),
        ((800.0,), 1.0),
        ((-800.0,), 0.0),
    ],
    "relu": [((1.5,), 1.5), ((-1.5,), 0.0), ((0.0,), 0.0), ((2,), 2)],
    "softplus": [
        ((0.0,), 0.6931471805599453),
        ((1.0,), 1.3132616875182228),
        ((-1.0,), 0.31326168751822286),
        ((800.0,), 800.0),
        ((-800.0,), 0.0),
    ],
    "int": [((T,), 1), ((F,), 0)],
    "real": [((3,), 3.0), ((-0.5,), -0.5)],
    "chance": [((0.5,), T), ((0.49,), F), ((1,), T), ((0.0,), F)],
    "pick": [(([0.5, 2.0, 1.0],), 1), (([1.0, 1.0],), 0), (([-3, -1, -1],), 1), (([7.0],), 0)],
    "sharpen": [((2, 3.0), 2), ((0, 1), 0)],
    "only": [((1, Array((3,), BOOL)), [F, T, F]), ((0, Array((1,), BOOL)), [T])],
    "matmul": [
        (([1, 2], [3, 4]), 11.0),
        (([[1, 2], [3, 4]], [5, 6]), [17.0, 39.0]),
        (([5, 6], [[1, 2], [3, 4]]), [23.0, 34.0]),
        (([[1, 2], [3, 4]], [[0, 1], [1, 0]]), [[2.0, 1.0], [4.0, 3.0]]),
        (([[0.5, 1.0]], [[2.0], [3.0]]), [[4.0]]),
    ],
    "cosine": [
        (([[3.0, 4.0], [4.0, -3.0], [-6.0, -8.0]], [3.0, 4.0]), [1.0, 0.0, -1.0]),
        (([[0.0, 0.0], [1.0, 0.0]], [2.0, 0.0]), [0.0, 1.0]),
        (([[1.0, 1.0]], [0.0, 0.0]), [0.0]),
    ],
    "sums_before": [(([1.5, 2.0, -1.0],), [0.0, 1.5, 3.5]), (([3],), [0.0])],
    "sums_after": [(([1.5, 2.0, -1.0],), [1.0, -1.0, 0.0]), (([3],), [0.0])],
}


def flat(value: Any) -> list[Any]:
    """List the scalars of a value."""
    return [v for item in value for v in flat(item)] if isinstance(value, list) else [value]


def test_every_row_has_cases() -> None:
    """A new row needs values written by hand."""
    assert set(CASES) == set(OPS)
    assert set(REDUCED) == set(REDUCTIONS)


@pytest.mark.parametrize("name", CASES)
def test_values(name: str) -> None:
    """The crisp function gives what the hand wrote, and truth values stay truth values."""
    for args, wanted in CASES[name]:
        found = OPS[name].crisp(*args)
        assert flat(found) == pytest.approx(flat(wanted), rel=1e-15, abs=1e-15), args
        if isinstance(wanted, bool | int):
            assert isinstance(found, bool) == isinstance(wanted, bool), args


@pytest.mark.parametrize("name", [n for n, row in OPS.items() if row.commutative])
def test_commutative_rows_commute(name: str) -> None:
    """A row that says so gives the same for its arguments in either order."""
    for (a, b), wanted in CASES[name]:
        assert OPS[name].crisp(b, a) == wanted


def test_symbols_are_their_own() -> None:
    """No two rows of one arity share a symbol; `-` is both a difference and a sign."""
    assert len(INFIX) == sum(row.symbol is not None and row.arity == 2 for row in OPS.values())
    assert OPS["neg"].symbol == OPS["sub"].symbol


# --- ranges -------------------------------------------------------------------------------------

RANGES = [Int(lo, hi) for lo in range(-3, 4) for hi in range(lo + 1, 5)]
FEWER = [Int(lo, hi) for lo in range(-2, 3) for hi in range(lo + 1, 4)]
EXACT = ["add", "sub", "mul", "floordiv", "neg", "abs", "min", "max", "clamp"]


def domain(types: Sequence[Type]) -> list[tuple[Any, ...]]:
    """List all arguments of finite scalar types."""
    return list(product(*(t.values() for t in types if not isinstance(t, Real | Array))))


def ranged(name: str, types: Sequence[Int]) -> tuple[Int, set[int]] | None:
    """Return a row's range and the values that really come, None where the rule refuses."""
    try:
        found = OPS[name].rule(types)
    except RuleError:
        return None
    assert isinstance(found, Int)
    return found, {OPS[name].crisp(*args) for args in domain(types)}


@pytest.mark.parametrize("name", EXACT)
def test_ranges_are_exact(name: str) -> None:
    """The result's range is that of the values that come: its ends are attained."""
    arity = OPS[name].arity
    for types in product(RANGES if arity < 3 else FEWER, repeat=arity):
        found = ranged(name, types)
        if found is None:
            assert name == "floordiv"
            continue
        t, values = found
        assert (t.lo, t.hi) == (min(values), max(values) + 1), types


def test_mod_ranges_hold_all_values() -> None:
    """The range of `%` holds whatever comes, exactly so where the dividend goes all round."""
    for a, b in product(RANGES, repeat=2):
        found = ranged("mod", (a, b))
        assert (found is None) == (b.lo <= 0 < b.hi)
        if found is None:
            continue
        t, values = found
        assert t.lo <= min(values) <= max(values) < t.hi, (a, b)
        widest = max(abs(b.lo), abs(b.hi - 1))
        if a.size >= widest:
            assert (t.lo, t.hi) == (min(values), max(values) + 1), (a, b)


@pytest.mark.parametrize("name", ["floordiv", "mod"])
def test_division_by_a_range_with_zero_is_refused(name: str) -> None:
    """The message says which range, and how to mend it."""
    with pytest.raises(RuleError) as caught:
        OPS[name].rule([Int(0, 4), Int(-1, 2)])
    assert caught.value.code == "DP405"
    assert "int<-1..2>" in caught.value.message
    assert caught.value.hint


FINITE_RULES: list[tuple[str, tuple[Type, ...], Type]] = [
    *[(n, (BOOL, BOOL), BOOL) for n in ("and", "or", "xor", "eq", "ne")],
    ("not", (BOOL,), BOOL),
    *[(n, (Int(-1, 3), Int(0, 2)), BOOL) for n in ("eq", "ne", "lt", "le", "gt", "ge")],
    ("eq", (COLOUR, COLOUR), BOOL),
    ("ne", (COLOUR, COLOUR), BOOL),
    ("int", (BOOL,), Int(0, 2)),
    ("sharpen", (Int(2, 5), REAL), Int(2, 5)),
    ("sharpen", (COLOUR, REAL), COLOUR),
    ("only", (Int(0, 3),), Array((3,), BOOL)),
    ("pick", (Array((4,), REAL),), Int(0, 4)),
    ("pick", (Array((4,), Int(-1, 3)),), Int(0, 4)),
]


@pytest.mark.parametrize(("name", "types", "wanted"), FINITE_RULES)
def test_rules_with_a_finite_result(name: str, types: tuple[Type, ...], wanted: Type) -> None:
    """Truth values, members and places come out of the types that they should."""
    assert OPS[name].rule(types) == wanted


REAL_ROWS = [
    "div",
    "exp",
    "log",
    "sqrt",
    "sin",
    "cos",
    "tanh",
    "sigmoid",
    "relu",
    "softplus",
    "real",
]
MIXED_ROWS = ["add", "sub", "mul", "neg", "abs", "min", "max", "clamp"]


@pytest.mark.parametrize("name", REAL_ROWS + MIXED_ROWS)
def test_reals_give_reals(name: str) -> None:
    """Smooth rows give a real of anything; arithmetic does where one argument is real."""
    arity = OPS[name].arity
    assert OPS[name].rule([REAL] * arity) == REAL
    assert OPS[name].rule([*[Int(0, 3)] * (arity - 1), REAL]) == REAL
    if name in REAL_ROWS:
        assert OPS[name].rule([Int(1, 3)] * arity) == REAL


def test_rules_of_whole_arrays() -> None:
    """Matrix products and cosines have the shapes that algebra gives them."""
    matmul = OPS["matmul"].rule
    assert matmul([Array((3,), REAL), Array((3,), REAL)]) == REAL
    assert matmul([Array((2, 3), REAL), Array((3,), REAL)]) == Array((2,), REAL)
    assert matmul([Array((3,), REAL), Array((3, 4), REAL)]) == Array((4,), REAL)
    assert matmul([Array((2, 3), REAL), Array((3, 4), REAL)]) == Array((2, 4), REAL)
    assert OPS["cosine"].rule([Array((5, 3), REAL), Array((3,), REAL)]) == Array((5,), REAL)


REFUSED: list[tuple[str, tuple[Type, ...]]] = [
    ("add", (BOOL, Int(0, 2))),
    ("floordiv", (REAL, Int(1, 2))),
    ("mod", (Int(0, 2), REAL)),
    ("and", (BOOL, Int(0, 2))),
    ("not", (Int(0, 2),)),
    ("eq", (BOOL, Int(0, 2))),
    ("eq", (COLOUR, Enum("Fruit", ("fig",)))),
    ("lt", (COLOUR, COLOUR)),
    ("lt", (BOOL, BOOL)),
    ("exp", (BOOL,)),
    ("int", (Int(0, 2),)),
    ("chance", (BOOL,)),
    ("pick", (REAL,)),
    ("pick", (Array((2, 2), REAL),)),
    ("sharpen", (REAL, REAL)),
    ("only", (Int(1, 3),)),
    ("matmul", (Array((2, 3), REAL), Array((2,), REAL))),
    ("matmul", (REAL, Array((2,), REAL))),
    ("cosine", (Array((2, 3), REAL), Array((2,), REAL))),
    ("sums_before", (REAL,)),
    ("sums_after", (Array((2, 2), REAL),)),
]


@pytest.mark.parametrize(("name", "types"), REFUSED)
def test_wrong_types_are_refused(name: str, types: tuple[Type, ...]) -> None:
    """What has no meaning has no type, and the message names a found type."""
    with pytest.raises(RuleError) as caught:
        OPS[name].rule(types)
    assert caught.value.code.startswith("DP4")


@pytest.mark.parametrize("name", [n for n, row in OPS.items() if row.partial])
def test_partial_rows_raise_where_they_are_undefined(name: str) -> None:
    """Python refuses the arguments that the row's condition excludes."""
    outside = {"div": [(1.0, 0.0), (0, 0)], "log": [(0.0,), (-1.0,)], "sqrt": [(-0.125,)]}
    for args in outside[name]:
        assert not eval((OPS[name].partial or "").format(*args))
        with pytest.raises((ZeroDivisionError, ValueError)):
            OPS[name].crisp(*args)


def test_rows_are_finite_where_all_is_finite() -> None:
    """The soft rule is derived only where arguments and result are finite."""
    assert OPS["add"].is_finite_on([Int(0, 2), Int(0, 2)])
    assert OPS["lt"].is_finite_on([Int(0, 2), Int(0, 2)])
    assert not OPS["lt"].is_finite_on([Int(0, 2), REAL])
    assert not OPS["div"].is_finite_on([Int(1, 2), Int(1, 2)])


# --- reductions ---------------------------------------------------------------------------------

REDUCED: dict[str, list[tuple[list[Any], Any]]] = {
    "sum": [([3, -1, 2], 4), ([0.5, 0.25], 0.75), ([7], 7)],
    "count": [([T, F, T], 2), ([F, F], 0)],
    "any": [([F, T], T), ([F, F], F)],
    "all": [([T, T], T), ([T, F], F)],
    "min": [([3, -1, 2], -1), ([0.5, 0.25], 0.25)],
    "max": [([3, -1, 2], 3), ([-0.5, -0.25], -0.25)],
    "argmin": [([3, 1, 1], 1), ([2, 2], 0), ([0.5, -0.5], 1)],
    "argmax": [([1, 3, 3], 1), ([2, 2], 0), ([0.5, -0.5], 0)],
}
OF_NOTHING = {"sum": 0, "count": 0, "any": F, "all": T, "argmin": 0, "argmax": 0}


@pytest.mark.parametrize("name", REDUCED)
def test_reductions(name: str) -> None:
    """Values by hand; ties go to the lowest place; of nothing comes what the language says."""
    for values, wanted in REDUCED[name]:
        found = REDUCTIONS[name].crisp(list(enumerate(values)))
        assert found == wanted
        assert isinstance(found, bool) == isinstance(wanted, bool)
    assert REDUCTIONS[name].empty is OF_NOTHING.get(name)


def test_places_of_a_selection_are_those_of_the_array() -> None:
    """A mask takes cells away, but does not renumber the others."""
    assert REDUCTIONS["argmax"].crisp([(2, 5), (4, 7), (5, 7)]) == 4
    assert REDUCTIONS["argmin"].crisp([(1, 5), (3, 5)]) == 1


@pytest.mark.parametrize("name", REDUCED)
@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_ranges_of_reductions(name: str, n: int) -> None:
    """Over all arrays and masks the range holds every result, and both ends come."""
    logical = name in ("count", "any", "all")
    for item in [BOOL] if logical else FEWER:
        t = REDUCTIONS[name].rule(item, n)
        found = {int(v) for v in results(name, domain([item]), n)}
        assert found or (n == 0 and name in ("min", "max"))
        if found:
            wanted = set(range(2)) if t == BOOL and n else found
            assert found <= wanted
            if isinstance(t, Int) and not (name.startswith("arg") and item.size == 1):
                assert (t.lo, t.hi) == (min(found), max(found) + 1), (item, n)


def results(name: str, cells: list[tuple[Any, ...]], n: int) -> list[Any]:
    """List what a reduction gives for every array of n cells and every mask."""
    row, out = REDUCTIONS[name], []
    for values in product([c for (c,) in cells], repeat=n):
        for mask in product([T, F], repeat=n):
            kept = [p for p, wanted in zip(enumerate(values), mask, strict=True) if wanted]
            if kept or row.empty is not None:
                out.append(row.crisp(kept) if kept else row.empty)
    return out


@pytest.mark.parametrize(
    ("name", "item"), [("sum", BOOL), ("count", Int(0, 2)), ("all", REAL), ("max", COLOUR)]
)
def test_reductions_refuse(name: str, item: Type) -> None:
    """A reduction of cells that it has no meaning for is refused."""
    with pytest.raises(RuleError):
        REDUCTIONS[name].rule(item, 2)


def test_sigmoid_is_symmetric() -> None:
    """σ(x) + σ(-x) = 1, also where the naive formula overflows."""
    for x in (0.0, 0.3, 5.0, 700.0, 1e4):
        assert OPS["sigmoid"].crisp(x) + OPS["sigmoid"].crisp(-x) == pytest.approx(1, rel=1e-15)
        assert math.isfinite(OPS["sigmoid"].crisp(-x))
