"""Traced runs: the same answers, and what memory, attention, branches and loops weighed."""

from __future__ import annotations

import pytest
import torch

import diffprog as dp
from diffprog.pipeline.tracing import of_variables
from tests.unit.soft.soften import soft

WHILE = (
    "program w(x: int<4>, xs: int<4>[5]) -> int<4>:\n"
    "    while x < 3 max 6:\n"
    "        if xs[x] > 1:\n"
    "            x = x + 1\n"
    "        else:\n"
    "            xs[x] = 3\n"
    "    return xs[x]\n"
)
ACT = (
    "program a(x: real, h: real) -> real:\n"
    "    repeat max 6 by act(epsilon = 0.01):\n"
    "        x = x + 1\n"
    "    until chance(h)\n"
    "    return x\n"
)
SORT = (
    "program sort(xs: int<4>[3]) -> int<4>[3]:\n"
    "    for end in 2 .. 0 step -1:\n"
    "        for i in 0 .. end:\n"
    "            choose given xs[i], xs[i + 1]:\n"
    "                swap xs[i], xs[i + 1]\n"
    "                pass\n"
    "    return xs\n"
)


def test_a_trace_gives_the_same_answer_and_leaves_the_module_as_it_is() -> None:
    """Plain source has no line for traces, and is what runs before and after."""
    module = soft(WHILE)
    inputs = {"x": [0.4, 0.3, 0.2, 0.1], "xs": [0, 3, 1, 0, 1]}
    before = module(**inputs)
    answer, records = module.trace(**inputs)
    assert records
    assert torch.equal(answer, before)
    assert torch.equal(module(**inputs), before)
    assert "watch" not in module.source


def test_a_soft_while_is_watched() -> None:
    """Attention is the index, writes count by their case, halting weights sum to 1."""
    x = [0.4, 0.3, 0.2, 0.1]
    _, records = soft(WHILE).trace(x=x, xs=[0, 3, 1, 0, 1])
    first = [r for r in records if r.step == 0]
    (memory,) = [r for r in first if r.kind == "memory"]
    assert (memory.name, memory.values, memory.bounds) == ("xs", (0, 3, 1, 0, 1), (0, 3))
    (branch,) = [r for r in first if r.kind == "branch"]
    assert (branch.name, branch.labels) == ("xs[x] > 1", ("false", "true"))
    assert sum(branch.values) == pytest.approx(1)
    (read,) = [r for r in first if r.kind == "read"]
    given_go = [v / 0.9 for v in x[:3]]
    assert read.values == pytest.approx([*given_go, 0, 0])
    (write,) = [r for r in first if r.kind == "write"]
    assert sum(write.values) == pytest.approx(branch.values[0])
    halting = [r for r in records if r.kind == "halting"]
    assert [r.step for r in halting] == list(range(7))
    assert halting[0].values == pytest.approx((0.1,))
    assert len(halting[-1].values) == 2  # the remainder, at the bound
    assert sum(sum(r.values) for r in halting) == pytest.approx(1)


def test_act_shows_the_remainder_where_a_row_ends() -> None:
    """Weights are the halting units; the last step's is all remainder."""
    _, records = soft(ACT).trace(x=0.0, h=0.375)
    assert [r.values for r in records] == [(0.375, 0), (0.375, 0), (0, 0.25)]


def test_ponder_and_bounds() -> None:
    """What has not halted at the bound is the remainder."""
    _, records = soft(ACT.replace("act(epsilon = 0.01)", "ponder(prior = 0.2)")).trace(x=0.0, h=0.5)
    assert [r.values for r in records][-1] == (1 / 64, 1 / 64)


def test_nested_loops_share_their_moments() -> None:
    """One moment a round of the inner loop, one for what the loops leave."""
    program = dp.loads(SORT)
    module = program.soften()
    module.load_weights({"sort.choose#0": [[[float(a > b), float(a <= b)] for b in range(4)]
                                           for a in range(4)]})  # fmt: skip
    _, records = module.trace(xs=[3, 1, 0])
    memory = {r.step: r.values for r in records if r.kind == "memory"}
    assert memory == {0: (3, 1, 0), 1: (1, 3, 0), 2: (1, 0, 3), 3: (0, 1, 3)}
    branches = [r for r in records if r.kind == "branch"]
    assert [r.step for r in branches] == [0, 1, 2]
    assert branches[0].labels == ("swap xs[i], xs[i + 1]", "pass")
    assert [r.values for r in records if r.kind == "write" and r.step == 1] == [
        (0, 1, 0),
        (0, 0, 1),
    ]


def test_a_loop_over_an_array_reads_it() -> None:
    """One cell a moment, by the name of the array."""
    module = soft(
        "program p(bits: bool[3]) -> bool:\n"
        "    y = false\n"
        "    for b in bits:\n"
        "        y = y xor b\n"
        "    return y\n"
    )
    _, records = module.trace(bits=[1.0, 0.0, 0.5])
    assert [(r.name, r.step, r.values) for r in records] == [
        ("bits", 0, (1, 0, 0)),
        ("bits", 1, (0, 1, 0)),
        ("bits", 2, (0, 0, 1)),
    ]


def test_a_program_traces_with_its_choices() -> None:
    """`trace` binds the sizes of the inputs and gives a picture's steps."""
    trace = dp.loads(WHILE).trace(x=1, xs=[0, 3, 1, 0, 1])
    assert trace.answer == [1, 0, 0, 0]
    assert trace.text.splitlines()[0].split()[:4] == ["0", "memory", "2", "xs"]


NTM = """\
fn address(memory: real[4, 2], head: int<4>, key: real[2], near: bool, shift: int<3>) -> int<4>:
    found = pick(8.0 * cosine(memory, key))
    at = found if near else head
    return sharpen((at + shift - 1) % 4, 2.0)

program p(memory: real[4, 2], keys: real[2, 2], near: bool, shift: int<3>) -> real[2, 2]:
    head: int<4> = 0
    out: real[2, 2] = 0.0
    for t in 0 .. 2:
        head = address(memory, head, keys[t], near, shift)
        out[t] = memory[head]
        memory[head] += keys[t]
    return out
"""


def test_the_steps_of_an_address_are_watched() -> None:
    """Content, interpolation, shift and sharpening, each a distribution over the locations."""
    inputs = {"memory": [[1, 0], [0, 1], [-1, 0], [0, -1]], "keys": [[1, 0], [0, 1]]}
    _, records = soft(NTM).trace(**inputs, near=0.75, shift=[0.0, 0.25, 0.75])
    steps = [r for r in records if r.kind == "address" and r.step == 0]
    names = [f"{s}, reads of memory" for s in ("content", "interpolate", "shift", "sharpen")]
    assert [r.name for r in steps] == names
    content, interpolated, shifted, sharpened = (torch.tensor(r.values) for r in steps)
    head = torch.tensor([1.0, 0, 0, 0])
    assert torch.allclose(interpolated, 0.75 * content + 0.25 * head)
    moved = 0.25 * interpolated + 0.75 * interpolated.roll(1)
    assert torch.allclose(shifted, moved)
    assert torch.allclose(sharpened, moved**2 / (moved**2).sum())
    (read,) = [r for r in records if r.kind == "read" and r.name == "memory" and r.step == 0]
    assert read.values == pytest.approx(steps[-1].values)  # a whole row is one location


def test_tables_have_no_addressing() -> None:
    """A place that a table gives is no address: nothing finds it by content or sharpens it."""
    _, records = soft(WHILE).trace(x=[0.4, 0.3, 0.2, 0.1], xs=[0, 3, 1, 0, 1])
    assert "address" not in {r.kind for r in records}


def test_parts_of_fixed_bounds_are_no_places() -> None:
    """A slice is neither read nor written at a place; what was written into it is shown."""
    text = (
        "program p(x: real[2]) -> real[3]:\n"
        "    y: real[3] = 0.0\n    y[1..] = x[0..2]\n    return y\n"
    )
    _, records = dp.loads(text).soften().trace(x=[1.0, 2.0])
    assert [(r.kind, r.name, r.values) for r in records] == [("memory", "y", (0.0, 1.0, 2.0))]


def test_functions_that_were_tabulated_are_steps_too() -> None:
    """The library's functions are tables where an index reaches their result by two ways."""
    text = (
        "import std.memory\n\n"
        "program p(tape: real[4, 2], head: int<4>, told: real[8]) -> real[2]:\n"
        "    return tape[memory.steered(tape, head, told)]\n"
    )
    inputs = {"tape": [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]], "told": [0.5] * 8}
    _, records = dp.loads(text).soften().trace(head=[0.1, 0.2, 0.3, 0.4], **inputs)
    found = [r.name.split(",")[0] for r in records if r.kind == "address"]
    assert found == ["content", "interpolate", "shift", "sharpen"]
    assert all(len(r.values) == 4 for r in records if r.kind == "address")


READS = """enum Word: none, one, two, plus
size length = 4

program p(text: Word[length], a: real, b: real) -> real:
    controller reader = gru(hidden = 4, blank = 0) reads text
    x = a
    for i in 0 .. 2:
        choose by reader:
            x = x + (choose(a, b) by reader)
            pass
    return x
"""


def test_decisions_and_what_controllers_attend_to_are_watched() -> None:
    """Operation by step, with the words that were looked at; what is hardly met is left out."""
    module = dp.loads(READS).soften(seed=3)
    _, records = module.trace(text=["two", "plus", "one", "none"], a=1.0, b=2.0)
    decisions = [r for r in records if r.kind == "decision"]
    assert [(r.name, r.step) for r in decisions] == [
        ("choose", 0), ("x", 0), ("choose", 1), ("x", 1),
    ]  # fmt: skip
    assert decisions[0].labels == ("x = x + (choose(a, b) by reader)", "pass")
    assert sum(decisions[0].values) == pytest.approx(1)
    assert sum(decisions[1].values) == pytest.approx(decisions[0].values[0])
    assert "reader" not in {r.name for r in records}  # its state is numbers that say nothing
    looked = [r for r in records if r.kind == "attention"]
    assert [r.name for r in looked] == ["text"] * 4
    assert looked[0].labels == ("two", "plus", "one")  # nothing stands behind these
    assert sum(looked[0].values) == pytest.approx(1)
    assert sum(looked[1].values) == pytest.approx(decisions[0].values[0])
    text = torch.nn.functional.one_hot(torch.tensor([[2, 3, 1, 0]]), 4).float()
    memory = module.nets.layer("p:reader:read")(text)
    state = module.nets.layer("p:reader:start")(memory)
    context = torch.tensor(looked[0].values) @ memory[0, :3]
    torch.testing.assert_close(state[0, 4:12], context)
    with torch.no_grad():
        module.nets.layer("p:choose#0").bias += torch.tensor([-60.0, 60.0])
    _, records = module.trace(text=["two", "plus", "one", "none"], a=1.0, b=2.0)
    assert {r.name for r in records if r.kind == "decision"} == {"choose"}


def test_moments_in_which_nothing_happens_to_a_variable_are_left_out() -> None:
    """What is left is numbered anew, in its order."""
    _, records = soft(SORT).trace(xs=[2, 0, 1])
    reads = [r for r in records if r.kind == "read"]
    later = [r._replace(step=3 * r.step, name="writes to ys") for r in reads]
    found = of_variables([*records, *later], ["ys", "zs"])
    assert [r.step for r in found] == [r.step for r in reads]
    assert {r.name for r in found} == {"writes to ys"}
    assert of_variables(records, ["zs"]) == []
