"""Programs are loaded, bound to sizes, run, and shown at every stage."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import diffprog
from diffprog.errors import DiffprogError, InvariantError
from diffprog.pipeline import load, loads, plain, run_pass

if TYPE_CHECKING:
    from pathlib import Path

    from diffprog.ir.graph import Graph
    from diffprog.pipeline import Program

TOTAL = """\
size n = 3

program total(xs: int<10>[n]) -> int<1000>:
    t: int<1000> = 0
    for x in xs:
        t = (t + x) % 1000
    return t
"""
PICKY = """\
size k
size n

program picky(xs: int<5>[n], m: real[n, k], p: (bool, int<3>[k])) -> real:
    learn w: real[k]
    return m[0, 0] + w[0]
"""
CHOICE = """\
size n = 2
size top = 4

program f(xs: int<top>[n]) -> bool:
    x = xs[0]
    y = xs[1]
    return choose bool given x, y
"""


def refused(program: Program, **inputs: object) -> str:
    """Return what is said about a run that is refused."""
    with pytest.raises(DiffprogError) as caught:
        program.run(**inputs)
    return str(caught.value)


def test_run_binds_sizes_by_the_shapes_of_inputs() -> None:
    """A default size gives way to what the inputs say."""
    program = loads(TOTAL)
    assert program.run(xs=[1, 2, 3]) == 6
    assert program.run(xs=[9] * 50) == 450
    assert program.at(n=2).sizes == {"n": 2}
    assert program.sizes == {"n": 3}


def test_sizes_without_default_are_bound_by_inputs() -> None:
    """A program can be checked before it is known how long its inputs are."""
    program = loads(PICKY)
    bound = program.bind({"xs": [1], "m": [[1.5, 2.5]], "p": [True, [0, 0]]})
    assert bound.sizes == {"n": 1, "k": program.sizes["k"]}, "k is structural: learning fixes it"


def test_structural_sizes_are_free_until_choices_are_made() -> None:
    """`at` may change what a hole counts, but not once something was chosen for it."""
    program = loads(CHOICE)
    assert program.at(top=7).holes["f.return#0"].given[0].size == 7  # type: ignore[union-attr]
    decided = program.decide({"f.return#0": [[True] * 4] * 4})
    with pytest.raises(DiffprogError, match="`top` is 4 in what was learned, not 5"):
        decided.at(top=5)
    assert decided.at(n=3).sizes["n"] == 3


def test_sizes_that_follow_from_others_go_on_to() -> None:
    """Of a filled program too; but not where the text alone would then say something else."""
    text = (
        "size n = 2\nsize steps = 2 * n + 1\n\n"
        "program p(xs: bool[n]) -> int<steps>:\n    t: int<steps> = 0\n"
        "    for x in xs:\n        if x:\n            t = choose((t + 1) % steps, t)\n"
        "    return t\n"
    )
    filled = loads(text).fill({"p.t#0": 0})
    assert "size steps = 2 * n + 1" in filled.source
    assert filled.run(xs=[True] * 6) == 6
    elsewhere = loads(text, n=3).fill({"p.t#0": 0})
    assert "size steps = 7" in elsewhere.source


def test_sizes_that_shape_no_hole_are_free() -> None:
    """A size in an `int<…>` that no hole depends on is bound by inputs, learned or not."""
    text = (
        "size n = 2\n\nprogram f(xs: bool[n]) -> int<n + 1>:\n    t: int<n + 1> = 0\n"
        "    for x in xs:\n        if choose(x, not x) and t < n:\n            t = t + 1\n"
        "    return t\n"
    )
    program = loads(text).decide({"f.if#0": 0})
    assert "n" in program.checked.structural
    assert program.run(xs=[True] * 7) == 7
    assert program.at(n=7).result.size == 8  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("sizes", "said"),
    [({"m": 3}, "has no size `m`"), ({"n": -1}, "cannot be -1"), ({"n": True}, "cannot be True")],
)
def test_wrong_sizes(sizes: dict[str, int], said: str) -> None:
    """A size that the program has not, or that is no number, is told."""
    with pytest.raises(DiffprogError, match=said):
        loads(TOTAL, **sizes)


def test_wrong_inputs_are_named() -> None:
    """Inputs are told by name, down to the cell."""
    program = loads(TOTAL)
    assert "`xs[1]`: 10 is outside 0..10" in refused(program, xs=[1, 10, 3])
    assert "`xs`: found 7, expected a list of 3" in refused(program, xs=7)
    assert "the input `xs` is missing" in refused(program)
    assert "has no input `ys`" in refused(program, xs=[1], ys=2)
    assert "`xs[0]`: found '1', expected an integer" in refused(program, xs=["1"])
    both = loads(
        "size n = 1\n\nprogram f(a: bool[n], b: bool[n]) -> bool:\n    return a[0] and b[0]\n"
    )
    assert "`n` would be 1 by `a`, 2 by `b`" in refused(both, a=[True], b=[True, True])


def test_arrays_are_taken_as_lists() -> None:
    """Whatever has `tolist` is an input."""
    import numpy as np

    assert loads(TOTAL).run(xs=np.array([1, 2])) == 3
    assert plain({"a": (np.int64(3), [np.zeros(2)])}) == {"a": (3, [[0.0, 0.0]])}


def test_a_hole_without_a_choice_is_told() -> None:
    """A program that is not learned yet cannot run where it meets a hole."""
    assert "nothing is chosen for the hole `f.return#0`" in refused(loads(CHOICE), xs=[0, 1])


def test_load_reads_files(tmp_path: Path) -> None:
    """The path is the name that errors carry; a file that cannot be read is told."""
    file = tmp_path / "total.dp"
    file.write_text(TOTAL, encoding="utf-8")
    assert load(file, n=4).sizes == {"n": 4}
    assert load(file).name == str(file)
    with pytest.raises(DiffprogError, match="cannot read"):
        load(tmp_path / "none.dp")
    file.write_bytes(b"\xff")
    with pytest.raises(DiffprogError, match="is not UTF-8"):
        load(file)


def test_all_errors_are_told_at_once() -> None:
    """Loading raises every error of the text."""
    with pytest.raises(DiffprogError) as caught:
        loads("program f(x: bool) -> bool:\n    y = z\n    return w\n")
    assert [d.code for d in caught.value.diagnostics] == ["DP201", "DP201"]


@pytest.mark.parametrize(
    ("stage", "shown"),
    [
        ("ast", "Function(keyword='program', name='total')"),
        ("typed", "carried=(('t', int<1000>))"),
        ("graph", "(%xs: int<10>[3])"),
        ("simplified", "(%xs: int<10>[3])"),
        ("torch", "def total"),
    ],
)
def test_every_stage_is_text(stage: str, shown: str) -> None:
    """Each stage can be printed, twice the same."""
    text = loads(TOTAL).stage(stage)
    assert shown in text
    assert text == loads(TOTAL).stage(stage)


def test_unknown_stage() -> None:
    """A stage that there is not is a mistake of the caller's."""
    with pytest.raises(ValueError, match="no stage is called 'asm'"):
        loads(TOTAL).stage("asm")


def test_warnings_include_lost_correlation() -> None:
    """DP901 comes with the others, before anything runs."""
    text = "program f(x: int<70>, y: int<70>) -> int<140>:\n    unused = 1\n    return x + y\n"
    codes = [w.code for w in loads(text).warnings]
    assert codes == ["DP902"]
    lost = "program f(x: int<90>, y: int<90>) -> int<-90..180>:\n    return x + y - x\n"
    assert "DP901" in [w.code for w in loads(lost).warnings]


def test_run_pass_verifies() -> None:
    """A pass that breaks the graph is named."""

    def broken(graph: Graph) -> Graph:
        return replace(graph, results=(99,))

    with pytest.raises(InvariantError) as caught:
        run_pass("breaker", broken, loads(TOTAL).lowered)
    assert "after the pass `breaker`" in "".join(caught.value.__notes__)


def test_soften_gives_a_module() -> None:
    """The module says what the program says; restarts are a leading axis."""
    program = loads(TOTAL)
    assert int(program.soften()([1, 2, 3]).argmax()) == 6
    with pytest.raises(DiffprogError, match="there is no backend `cuda`"):
        program.soften(backend="cuda")


def test_reals_that_are_not_printed_lie_beside(tmp_path: Path) -> None:
    """A saved program with a long learned block runs after it is loaded again."""
    text = "program f() -> real:\n    learn w: real[100]\n    return sum(w)\n"
    filled = loads(text).fill({"f.w#0": [0.25] * 100})
    filled.save(tmp_path / "f.dp")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f.dp", "f.safetensors"]
    assert load(tmp_path / "f.dp").run() == 25.0
    (tmp_path / "f.dp").write_text(text + "# another text\n")
    assert not load(tmp_path / "f.dp").choices
    (tmp_path / "f.safetensors").write_bytes(b"broken")
    with pytest.raises(DiffprogError, match="cannot read"):
        load(tmp_path / "f.dp")


def test_public_names() -> None:
    """What is listed can be had; what is not is an error."""
    assert {"load", "loads", "fit", "Program", "DiffprogError"} <= set(diffprog.__all__)
    assert diffprog.Examples is not None
    assert "Examples" in dir(diffprog)
    with pytest.raises(AttributeError, match="no attribute 'foo'"):
        _ = diffprog.foo


def test_loading_leaves_torch_and_networkx_unloaded() -> None:
    """Checking with warnings, running and filling need neither."""
    code = (
        "import sys, json, diffprog\n"
        f"p = diffprog.loads({CHOICE!r})\n"
        "p.warnings, p.fill({'f.return#0': [[1] * 4] * 4}).run(xs=[1, 2])\n"
        "print(json.dumps([m for m in ('torch', 'networkx', 'numpy', 'rich') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
